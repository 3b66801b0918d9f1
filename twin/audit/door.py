"""The network audit at the web door: what the newest whole audit found by owner, street and rule, in numbers.

Operators and the city's desk read all of it, an organisation its own line, nobody else that there is one. Single pairs
are in the report of `twin audit`: they say where objects lie, secret ones too.
"""

from __future__ import annotations

from dataclasses import dataclass
from html import escape
from typing import TYPE_CHECKING, Any

from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.responses import HTMLResponse, JSONResponse, Response
from starlette.routing import Route

from layers.audit import read_versions
from layers.audit_summary import find_whole, group_by_owner, group_by_rule, group_by_street, sum_tallies
from layers.database import Audience
from layers.errors import Sentence, say
from layers.organisations import find_organisation
from ogc_api.negotiation import choose_language

if TYPE_CHECKING:
    from starlette.requests import Request

    from layers.access import Caller
    from layers.audit import Run
    from layers.audit_summary import Group
    from layers.database import Connection, Writer

_PRIVATE = {"Cache-Control": "private, no-store", "X-Content-Type-Options": "nosniff", "Vary": "Authorization"}
_POLICY = {"Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'"}
_VERDICTS = ("definite", "possible", "unknown")
_NOTHING = Sentence("there is nothing here", "không có gì ở đây")
_NONE_YET = Sentence("no audit was made yet: run 'twin audit'", "chưa rà soát lần nào: chạy 'twin audit'")
_WORDS = {
    "title": Sentence("Clearance audit of the network", "Rà soát khoảng cách mạng lưới"),
    "owners": Sentence("By owner", "Theo chủ sở hữu"),
    "streets": Sentence("By street", "Theo đường phố"),
    "rules": Sentence("By rule", "Theo quy định"),
    "definite": Sentence("definite", "chắc chắn"),
    "possible": Sentence("possible", "có thể"),
    "unknown": Sentence("unknown", "chưa biết"),
    "shortfall": Sentence("greatest shortfall (m)", "thiếu nhiều nhất (m)"),
    "outdated": Sentence(
        "The network has changed since: run 'twin audit' again.", "Mạng lưới đã thay đổi: cần rà soát lại."
    ),
    "of": Sentence("Audit {} of {}", "Lần rà soát {}, ngày {}"),
}


@dataclass(frozen=True, slots=True)
class Summary:
    """What one reader may know of an audit; `streets` and `rules` are empty for an owner's own view."""

    run: Run
    is_current: bool
    counts: dict[str, int]
    owners: list[Group]
    streets: list[Group]
    rules: list[Group]

    def to_json(self) -> dict[str, Any]:
        return {
            "audit": self.run.id,
            "ended_at": self.run.ended_at.isoformat() if self.run.ended_at else None,
            "is_current": self.is_current,
            "objects": self.run.total if self.counts else None,
            "couples": self.counts,
            "by_owner": [_line(group, "owner") for group in self.owners],
            "by_street": [_line(group, "street", "ward") for group in self.streets],
            "by_rule": [_line(group, "rule", "aspect", "arrangement") for group in self.rules],
        }


def audit_routes(writer: Writer) -> list[Route]:
    """Routes for the desk's connections."""

    def read(caller: Caller) -> Summary | None:
        with writer.connection() as connection:
            return summarise(connection, caller)

    async def find(request: Request) -> Summary:
        caller: Caller = request.scope["twin.caller"]
        if caller.audience is not Audience.OPERATOR and caller.organisation is None:
            raise HTTPException(404, _NOTHING)
        found = await run_in_threadpool(read, caller)
        if found is None:
            raise HTTPException(404, _NONE_YET)
        return found

    async def document(request: Request) -> Response:
        return JSONResponse((await find(request)).to_json(), headers=_PRIVATE)

    async def page(request: Request) -> Response:
        language = choose_language(request.query_params.get("lang"), request.headers.get("accept-language", ""))
        return HTMLResponse(write_page(await find(request), language), headers=_PRIVATE | _POLICY)

    return [Route("/api/audit", document, methods=["GET"]), Route("/audit", page, methods=["GET"])]


def summarise(connection: Connection, caller: Caller) -> Summary | None:
    """The newest whole audit as far as the caller may know of it; None where there is none."""
    run = find_whole(connection)
    if run is None:
        return None
    is_current, owners = run.versions == read_versions(connection), group_by_owner(connection, run)
    if caller.audience is Audience.OPERATOR or caller.coordinates:
        counts, _ = sum_tallies(connection, run)
        streets, rules = group_by_street(connection, run), group_by_rule(connection, run)
        return Summary(run, is_current, dict(counts), owners, streets, rules)
    own = find_organisation(connection, caller.organisation or "")
    names = {own.name, *own.aliases}
    return Summary(run, is_current, {}, [group for group in owners if group.keys[0] in names], [], [])


def write_page(summary: Summary, language: str) -> str:
    """HTML that loads nothing and runs nothing."""
    ended = summary.run.ended_at
    title = escape(say(_WORDS["title"], language))
    head = say(_WORDS["of"], language).format(summary.run.id, f"{ended:%Y-%m-%d %H:%M}" if ended else "?")
    old = "" if summary.is_current else f"<p><b>{escape(say(_WORDS['outdated'], language))}</b></p>"
    tables = "".join(
        _table(name, groups, language)
        for name, groups in (("owners", summary.owners), ("streets", summary.streets), ("rules", summary.rules))
        if groups
    )
    return (
        f'<!doctype html><html lang="{language}"><head><meta charset="utf-8"><title>{title}</title>'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        "<style>body{font:1rem/1.5 system-ui,sans-serif;max-width:60rem;margin:2rem auto;padding:0 1rem}"
        "table{border-collapse:collapse;width:100%}"
        "td,th{padding:.25rem .5rem;border-bottom:1px solid #bbb;text-align:left}"
        f"td.n,th.n{{text-align:right}}</style></head><body><h1>{title}</h1><p>{escape(head)}</p>{old}{tables}</body></html>"
    )


def _table(name: str, groups: list[Group], language: str) -> str:
    heads = "".join(f'<th class="n">{escape(say(_WORDS[word], language))}</th>' for word in (*_VERDICTS, "shortfall"))
    rows = "".join(
        f"<tr><td>{escape(' · '.join(key for key in group.keys if key) or '–')}</td>"
        + "".join(f'<td class="n">{getattr(group, verdict):,}</td>' for verdict in _VERDICTS)
        + f'<td class="n">{"–" if group.shortfall_m is None else f"{group.shortfall_m:.2f}"}</td></tr>'
        for group in groups
    )
    title = escape(say(_WORDS[name], language))
    return f"<h2>{title}</h2><table><thead><tr><th></th>{heads}</tr></thead><tbody>{rows}</tbody></table>"


def _line(group: Group, *names: str) -> dict[str, Any]:
    return dict(zip(names, group.keys, strict=True)) | {
        "definite": group.definite, "possible": group.possible, "unknown": group.unknown,
        "shortfall_m": group.shortfall_m,
    }  # fmt: skip
