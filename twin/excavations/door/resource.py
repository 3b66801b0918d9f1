"""The HTTP resource /api/excavations. What is not public is not there for a caller without a key."""

from __future__ import annotations

import asyncio
from contextlib import nullcontext
from typing import TYPE_CHECKING, Any

from starlette.exceptions import HTTPException
from starlette.routing import Route

from layers.database import Audience
from layers.errors import Conflict, Invalid, NotFound, Sentence
from layers.excavations import ExcavationStatus
from layers.procedure import ExcavationQuery, find_check, list_checks, list_events, list_excavations
from layers.requests import list_requests, read_statistics
from layers.terrain import read_ground
from layers.works import write_works
from ogc_api.turns import Turns
from twin.excavations.checking import is_of_today, outdated
from twin.excavations.disclosure import reduce_document, view_of, withhold
from twin.excavations.door.call import MAX_BODY_BYTES, Call, answer, answer_problem, language_of, refuse, tag
from twin.excavations.door.documents import BASE, write_check, write_event, write_excavation, write_request
from twin.excavations.door.openapi import build_openapi
from twin.excavations.door.package import send_file, show_package
from twin.excavations.door.returns import show_reports, take_as_built, take_report, take_verdict
from twin.excavations.filing import check_excavation, file_excavation, remove, revise
from twin.excavations.procedure import answer as answer_request
from twin.excavations.procedure import find_deadline_doubts, move, submit
from twin.excavations.redelivery import decide, list_waiting
from twin.excavations.request import parse_digs
from twin.excavations.sitting import Sitting
from twin.excavations.validation import find_warnings

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import date

    from starlette.requests import Request
    from starlette.responses import Response

    from layers.database import Reader, Writer
    from layers.procedure import Check, Excavation
    from twin.excavations.disclosure import View
    from twin.excavations.practice import Practice

    type Handler = Callable[[Sitting, Call], Response]

GEOJSON = "application/geo+json"
_PAGE, _MOST = 50, 500
# Checks with their search for ways out: each takes a core for seconds.
_AT_ONCE = 2


def excavation_routes(writer: Writer, public: Reader, practice: Practice) -> list[Route]:
    """Routes for the desk's connections; `public` reads what passers-by may know."""
    turns = Turns(_AT_ONCE)

    def route(path: str, method: str, handler: Handler) -> Route:
        async def respond(request: Request) -> Response:
            try:
                call = _call(request, await _read_body(request))
                async with turns.of(call.caller.name or "?") if handler in _CHECKING else nullcontext():
                    return await asyncio.to_thread(_respond, handler, call)
            except Exception as error:  # noqa: BLE001 - whatever it is, the caller is told no more than it may know
                return answer_problem(request, error)

        return Route(path, respond, methods=[method])

    def _respond(handler: Handler, call: Call) -> Response:
        with writer.connection() as connection:
            return handler(Sitting(connection, call.caller, practice), call)

    async def package_file(request: Request) -> Response:
        try:
            call = _call(request, b"")
            return await send_file(writer, call, lambda connection: Sitting(connection, call.caller, practice))
        except Exception as error:  # noqa: BLE001 - as above
            return answer_problem(request, error)

    async def works(request: Request) -> Response:
        try:
            return await asyncio.to_thread(_show_works, public, practice.today())
        except Exception as error:  # noqa: BLE001 - as above
            return answer_problem(request, error)

    async def openapi(request: Request) -> Response:
        return answer(build_openapi(practice.served_at, language_of(request)))

    return [
        Route("/api/works", works, methods=["GET"]),
        Route("/api/openapi.json", openapi, methods=["GET"]),
        *(route(path, method, handler) for path, method, handler in _ROUTES),
        Route(f"{_ONE}/package/{{kind}}", package_file, methods=["GET"]),
    ]


def _call(request: Request, body: bytes) -> Call:
    caller = request.scope["twin.caller"]
    if caller.name is None:
        refuse(401, "Unauthorized", _NEEDS_KEY)
    return Call(caller, request.path_params, request.query_params, request.headers, language_of(request), body)


_NEEDS_KEY = Sentence(
    "excavations are for organisations and the city's desk: send a key as 'Authorization: Bearer KEY'",
    "hồ sơ đào chỉ dành cho các đơn vị và cơ quan điều phối: gửi khóa bằng 'Authorization: Bearer KHÓA'",
)


async def _read_body(request: Request) -> bytes:
    body = b""
    async for chunk in request.stream():
        body += chunk
        if len(body) > MAX_BODY_BYTES:
            raise HTTPException(413, f"the body is larger than {MAX_BODY_BYTES} bytes")
    return body


def _show_works(public: Reader, today: date) -> Response:
    with public.connection() as connection:
        return answer(write_works(connection, today), 200, {"Cache-Control": "no-cache"}, GEOJSON)


def _list(sitting: Sitting, call: Call) -> Response:
    statuses = tuple(filter(None, call.query.get("status", "").split(",")))
    if unknown := [status for status in statuses if status not in list(ExcavationStatus)]:
        known = ", ".join(ExcavationStatus)
        raise Invalid(
            Sentence(f"status={unknown[0][:40]}: use {known}", f"status={unknown[0][:40]}: dùng một trong {known}")
        )
    limit = max(call.integer("limit", _PAGE, _MOST), 1)
    viewer = None if _sees_every(sitting) else sitting.caller.organisation_id or 0
    found = list_excavations(
        sitting.connection, ExcavationQuery(limit, call.integer("after", 0, 2**62), statuses, viewer)
    )
    shown = found[:limit]
    links = []
    if len(found) > limit:
        query = "&".join(
            [f"limit={limit}", f"after={shown[-1].id}", *([f"status={','.join(statuses)}"] * bool(statuses))]
        )
        links.append({"rel": "next", "type": GEOJSON, "href": f"{sitting.practice.served_at}{BASE}?{query}"})
    features = [write_excavation(sitting, each, call.language) for each in shown]
    return answer({"type": "FeatureCollection", "features": features, "links": links}, media_type=GEOJSON)


def _sees_every(sitting: Sitting) -> bool:
    caller = sitting.caller
    return caller.coordinates or (caller.organisation_id is None and caller.audience is Audience.OPERATOR)


def _show_one(sitting: Sitting, excavation: Excavation, call: Call, status: int = 200) -> Response:
    document = write_excavation(sitting, excavation, call.language)
    headers = tag(excavation.id, excavation.version)
    if status == 201:
        headers |= {"Location": sitting.link(excavation)}
        ground = read_ground(sitting.connection, sitting.practice.data)
        (dig,) = parse_digs(excavation.request, None, ground.storage)
        document["warnings"] = [{"en": str(said), "vi": said.vi} for said in find_warnings(dig, ground)]
    return answer(document, status, headers, GEOJSON)


def _file(sitting: Sitting, call: Call) -> Response:
    return _show_one(sitting, file_excavation(sitting, call.document()), call, 201)


def _show(sitting: Sitting, call: Call) -> Response:
    return _show_one(sitting, sitting.find(call.number), call)


def _revise(sitting: Sitting, call: Call) -> Response:
    return _show_one(sitting, revise(sitting, call.number, call.version(), call.document()), call)


def _remove(sitting: Sitting, call: Call) -> Response:
    remove(sitting, call.number, call.version())
    return answer({"removed": call.number})


def _check(sitting: Sitting, call: Call) -> Response:
    check = check_excavation(sitting, call.number, call.version())
    excavation = sitting.find(call.number)
    place = f"{sitting.link(excavation)}/checks/{check.number}"
    view = view_of(sitting, excavation)
    return answer(write_check(check, view), 201, tag(call.number, excavation.version) | {"Location": place})


def _act(sitting: Sitting, call: Call) -> Response:
    document = call.document()
    name, reason = document.get("act"), document.get("reason")
    if not isinstance(name, str) or not isinstance(reason, str | None):
        raise Invalid(
            Sentence(
                'give {"act": "submit", "reason": "…"}: the acts that are possible stand in the excavation\'s \'acts\'',
                'ghi {"act": "submit", "reason": "…"}: các thao tác có thể làm nằm trong \'acts\' của hồ sơ',
            )
        )
    if name == "submit":
        return _show_submitted(sitting, submit(sitting, call.number, call.version()), call)
    if name in ("check", "revise"):
        raise Conflict(
            Sentence(
                f"'{name}' has an address of its own: POST …/check, PUT the excavation",
                f"'{name}' có địa chỉ riêng: POST …/check, PUT hồ sơ",
            )
        )
    return _show_one(sitting, move(sitting, call.number, call.version(), name, reason), call)


def _show_submitted(sitting: Sitting, excavation: Excavation, call: Call) -> Response:
    document = write_excavation(sitting, excavation, call.language)
    document["warnings"] = [{"en": str(said), "vi": said.vi} for said in find_deadline_doubts(sitting, excavation)]
    return answer(document, 200, tag(excavation.id, excavation.version), GEOJSON)


def _show_checks(sitting: Sitting, call: Call) -> Response:
    excavation = sitting.find(call.number)
    view = view_of(sitting, excavation)
    checks = list_checks(sitting.connection, call.number)
    shown = [write_check(check, view) for check in checks if _is_shown(check, excavation, view)]
    return answer({"checks": shown})


def _is_shown(check: Check, excavation: Excavation, view: View) -> bool:
    """Owners see the checks of what they were asked about, none of what was planned before or in between."""
    return view.owners is None or check.request == excavation.request


def _show_check(sitting: Sitting, call: Call) -> Response:
    excavation = sitting.find(call.number)
    view = view_of(sitting, excavation)
    which = None if call.parts["check"] == "latest" else call.part("check")
    check = find_check(sitting.connection, call.number, which)
    if not _is_shown(check, excavation, view):
        raise NotFound(
            Sentence(
                f"excavation {excavation.id} has no check {which}: check it first",
                f"công trình đào {excavation.id} chưa có lần kiểm tra {which}: hãy kiểm tra trước",
            )
        )
    return answer(write_check(check, view))


def _show_way(sitting: Sitting, call: Call) -> Response:
    """One way out of the newest check as a request: to be checked, or filed, as it is.

    Raises: NotFound; Conflict where the city has changed since, and the way may lead nowhere.
    """
    excavation, number = sitting.find(call.number), call.part("way")
    check = find_check(sitting.connection, call.number)
    report = reduce_document(check.report, view_of(sitting, excavation))
    ways = [way for way in (report.get("ways_out") or {}).get("ways", ()) if way.get("request")]
    if not 1 <= number <= len(ways):
        raise NotFound(
            Sentence(
                f"the newest check of excavation {excavation.id} has no way out {number}: it has {len(ways)}",
                f"lần kiểm tra mới nhất của công trình đào {excavation.id} không có phương án {number}:"
                f" chỉ có {len(ways)}",
            )
        )
    if not is_of_today(sitting, check):
        raise outdated(excavation, check)
    name = f"excavation-{excavation.id}-way-{number}.geojson"
    headers = {"Content-Disposition": f'attachment; filename="{name}"'}
    return answer(ways[number - 1]["request"], 200, headers, GEOJSON)


def _show_requests(sitting: Sitting, call: Call) -> Response:
    excavation = sitting.find(call.number)
    today = sitting.practice.today().isoformat()
    whole = sitting.sees_all(excavation)
    requests = [
        write_request(request, today)
        for request in list_requests(sitting.connection, call.number)
        if whole or request.organisation_id == sitting.caller.organisation_id
    ]
    return answer({"requests": withhold(sitting, excavation, requests)})


def _answer_request(sitting: Sitting, call: Call) -> Response:
    sitting.find(call.number)
    document = call.document()
    kind, remarks = document.get("answer"), document.get("remarks")
    if not isinstance(remarks, str | None):
        raise Invalid(Sentence("remarks must be text", "remarks phải là văn bản"))
    request = answer_request(sitting, call.number, call.part("request"), str(kind), remarks)
    return answer(write_request(request, sitting.practice.today().isoformat()))


def _show_events(sitting: Sitting, call: Call) -> Response:
    excavation = sitting.find(call.number)
    whole = sitting.sees_all(excavation)
    events = [
        write_event(event, whole=whole or event.organisation == sitting.caller.organisation)
        for event in list_events(sitting.connection, call.number)
    ]
    return answer({"events": withhold(sitting, excavation, events)})


def _show_statistics(sitting: Sitting, _: Call) -> Response:
    if not sitting.caller.coordinates:
        raise Conflict(
            Sentence("statistics are for the city's desk", "thống kê chỉ dành cho cơ quan điều phối của thành phố")
        )
    statistics: dict[str, Any] = read_statistics(sitting.connection, sitting.practice.today(), sitting.practice.zone)
    return answer(statistics)


def _show_redelivered(sitting: Sitting, _: Call) -> Response:
    return answer({"redelivered": list_waiting(sitting)})


def _decide_redelivered(sitting: Sitting, call: Call) -> Response:
    return answer({"run": decide(sitting, call.part("run"), call.document().get("keep"))})


_CHECKING = (_check, take_report, take_verdict, take_as_built)
_ONE = f"{BASE}/{{excavation}}"
_ROUTES: tuple[tuple[str, str, Handler], ...] = (
    (f"{BASE}/statistics", "GET", _show_statistics),
    (f"{BASE}/redelivered", "GET", _show_redelivered),
    (f"{BASE}/redelivered/{{run}}", "POST", _decide_redelivered),
    (BASE, "GET", _list),
    (BASE, "POST", _file),
    (_ONE, "GET", _show),
    (_ONE, "PUT", _revise),
    (_ONE, "DELETE", _remove),
    (f"{_ONE}/check", "POST", _check),
    (f"{_ONE}/acts", "POST", _act),
    (f"{_ONE}/checks", "GET", _show_checks),
    (f"{_ONE}/checks/{{check}}", "GET", _show_check),
    (f"{_ONE}/ways-out/{{way}}", "GET", _show_way),
    (f"{_ONE}/requests", "GET", _show_requests),
    (f"{_ONE}/requests/{{request}}/answer", "PUT", _answer_request),
    (f"{_ONE}/events", "GET", _show_events),
    (f"{_ONE}/package", "GET", show_package),
    (f"{_ONE}/deviations", "GET", show_reports),
    (f"{_ONE}/deviations", "POST", take_report),
    (f"{_ONE}/deviations/{{deviation}}/verdict", "PUT", take_verdict),
    (f"{_ONE}/as-built", "POST", take_as_built),
)
