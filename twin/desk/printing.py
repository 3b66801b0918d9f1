"""What the command line shows of excavations, in Vietnamese or English."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from layers.errors import say
from twin.excavations.life import name_status

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from layers.notices import Notice
    from layers.organisations import Organisation
    from layers.procedure import Event, Excavation
    from layers.requests import Request

_WIDTH_OF_FILES = 160
_HEADS = {
    "number": ("Số", "Number"),
    "name": ("Tên", "Name"),
    "status": ("Trạng thái", "Status"),
    "dates": ("Thời gian", "Dates"),
    "applicant": ("Bên xin đào", "Applicant"),
    "request": ("Yêu cầu", "Request"),
    "owner": ("Chủ sở hữu", "Owner"),
    "objects": ("Đối tượng", "Objects"),
    "conflicts": ("Vướng", "In the way"),
    "due": ("Hạn", "Due"),
    "answer": ("Trả lời", "Answer"),
    "remarks": ("Ghi chú", "Remarks"),
    "at": ("Lúc", "At"),
    "actor": ("Ai", "Who"),
    "act": ("Việc", "What"),
    "detail": ("Chi tiết", "Detail"),
    "kind": ("Loại", "Kind"),
    "address": ("Nơi nhận", "To"),
    "state": ("Tình trạng", "State"),
    "aliases": ("Tên khác", "Other names"),
    "webhook": ("Webhook", "Webhook"),
    "coordinates": ("Điều phối", "Decides"),
    "asked": ("Đã hỏi", "Asked"),
    "answered": ("Đã trả lời", "Answered"),
    "on_time": ("Đúng hạn", "On time"),
    "late": ("Trễ", "Late"),
    "overdue": ("Quá hạn", "Overdue"),
    "mean_days": ("Số ngày TB", "Mean days"),
}
_WORDS = {
    "overdue": ("QUÁ HẠN", "OVERDUE"),
    "waits": ("chờ", "waits"),
    "unregistered": ("chưa đăng ký", "not registered"),
    "unknown": ("(chưa rõ chủ)", "(owner unknown)"),
    "sent": ("đã gửi", "sent"),
    "given_up": ("đã bỏ", "given up"),
    "yes": ("có", "yes"),
}


class Sheet:
    """Tables in one language."""

    def __init__(self, language: str) -> None:
        self.language = language
        console = Console()
        self.console = console if console.is_terminal else Console(width=_WIDTH_OF_FILES)

    def word(self, name: str) -> str:
        vi, en = _WORDS[name]
        return vi if self.language == "vi" else en

    def table(self, heads: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
        table = Table()
        for head in heads:
            vi, en = _HEADS[head]
            table.add_column(vi if self.language == "vi" else en)
        for row in rows:
            table.add_row(*(escape("" if cell is None else str(cell)) for cell in row))
        self.console.print(table)

    def excavations(self, excavations: Iterable[Excavation]) -> None:
        rows = (
            (e.id, e.name, say(name_status(e.status), self.language), f"{e.starts_on} – {e.ends_on}", e.applicant)
            for e in excavations
        )
        self.table(("number", "name", "status", "dates", "applicant"), rows)

    def requests(self, requests: Iterable[Request], today: str) -> None:
        self.table(
            ("request", "owner", "objects", "conflicts", "due", "answer", "remarks"),
            (
                (r.id, self._owner(r), r.objects, r.conflicts, r.due_on, r.answer or self._wait(r, today), r.remarks)
                for r in requests
            ),
        )

    def _owner(self, request: Request) -> str:
        if not request.owner:
            return self.word("unknown")
        return request.owner if request.organisation_id else f"{request.owner} ({self.word('unregistered')})"

    def _wait(self, request: Request, today: str) -> str:
        return self.word("overdue" if request.due_on.isoformat() < today else "waits")

    def events(self, events: Iterable[Event]) -> None:
        self.table(
            ("at", "actor", "act", "status", "detail"),
            (
                (f"{e.at:%Y-%m-%d %H:%M}", e.actor, e.kind, e.to_status, _short(e.detail))
                for e in events
            ),
        )  # fmt: skip

    def notices(self, notices: Iterable[Notice]) -> None:
        rows = ((n.excavation_id, n.kind, n.address, f"{n.created_at:%Y-%m-%d %H:%M}", self._state(n)) for n in notices)
        self.table(("number", "kind", "address", "at", "state"), rows)

    def _state(self, notice: Notice) -> str:
        if notice.sent_at:
            return f"{self.word('sent')} {notice.sent_at:%Y-%m-%d %H:%M}"
        state = self.word("given_up" if notice.given_up_at else "waits")
        return f"{state} ({notice.attempts}) {notice.last_error or ''}"

    def organisations(self, organisations: Iterable[Organisation]) -> None:
        self.table(
            ("name", "aliases", "address", "webhook", "coordinates"),
            (
                (o.name, ", ".join(o.aliases), o.email, o.webhook_url, self.word("yes") if o.coordinates else "")
                for o in organisations
            ),
        )

    def statistics(self, statistics: dict[str, Any]) -> None:
        names = ("owner", "asked", "answered", "on_time", "late", "overdue", "mean_days")
        self.table(names, ([owner[name] for name in names] for owner in statistics["owners"]))
        rate = statistics["requests"]["on_time_rate"]
        shown = "–" if rate is None else f"{rate:.0%}"
        counts = ", ".join(
            f"{say(name_status(status), self.language)} {number}"
            for status, number in statistics["excavations"].items()
        )
        self.console.print(f"{_HEADS['on_time'][self.language == 'en']}: {shown}; {counts}")


def _short(detail: dict[str, Any] | None) -> str:
    return "; ".join(f"{name}: {value}" for name, value in (detail or {}).items() if name != "difference")[:200]
