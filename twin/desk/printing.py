"""What the command line shows of excavations, in Vietnamese or English."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from layers.errors import say
from twin.clash.spelling import spell
from twin.excavations.life import name_status

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from datetime import datetime

    from layers.notices import Notice
    from layers.organisations import Organisation
    from layers.procedure import Event, Excavation
    from layers.quota import Asking
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
    "keys": ("Khóa", "Keys"),
    "digs": ("Số công trình đào", "Digs"),
    "checks": ("Số lần kiểm tra", "Checks"),
    "asked_ha": ("Đã hỏi (ha)", "Asked about (ha)"),
    "most_ha": ("Ngày nhiều nhất (ha)", "Most in a day (ha)"),
    "most_on": ("Vào ngày", "On"),
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
# What Vietnamese calls the codes of events, notices, answers and acts; English reads them as they are.
_CODES_VI = {
    "filed": "lập hồ sơ", "imported": "nạp từ tệp", "revised": "sửa", "removed": "xóa", "status": "đổi trạng thái",
    "answer": "trả lời", "answer on behalf": "trả lời thay", "as built": "nộp hoàn công",
    "checked again": "kiểm tra lại",
    "deviation": "báo cáo hiện trường", "deviation confirmed": "xác nhận báo cáo hiện trường",
    "deviation contested": "phản đối báo cáo hiện trường", "overdue": "quá hạn trả lời",
    "overridden": "cấp phép ngoại lệ",
    "rechecked": "kết quả thay đổi", "reopened": "mở lại", "request": "xin ý kiến", "reminder": "nhắc trả lời",
    "answered": "đủ ý kiến", "permitted": "cấp phép", "refused": "từ chối", "withdrawn": "rút", "started": "khởi công",
    "closed": "hoàn thành", "deviation_settled": "xử lý báo cáo hiện trường", "redelivered": "hồ sơ có hai bản",
    "as_built": "hoàn công", "nothing_here": "không có công trình", "as_recorded": "đúng hồ sơ",
    "conditions": "có điều kiện", "refuses": "không đồng ý",
}  # fmt: skip


class Sheet:
    """Tables in one language, with the clock of one time zone."""

    def __init__(self, language: str, zone: str) -> None:
        self.language, self.zone = language, ZoneInfo(zone)
        console = Console()
        self.console = console if console.is_terminal else Console(width=_WIDTH_OF_FILES)

    def word(self, name: str) -> str:
        vi, en = _WORDS[name]
        return vi if self.language == "vi" else en

    def code(self, code: str) -> str:
        return _CODES_VI.get(code, code) if self.language == "vi" else code

    def time(self, at: datetime) -> str:
        return f"{at.astimezone(self.zone):%Y-%m-%d %H:%M}"

    def table(self, heads: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
        table = Table()
        for head in heads:
            vi, en = _HEADS[head]
            table.add_column(vi if self.language == "vi" else en)
        for row in rows:
            table.add_row(*(escape(self._cell(cell)) for cell in row))
        self.console.print(table)

    def _cell(self, cell: object) -> str:
        if isinstance(cell, float):
            return spell(cell, self.language)
        return "" if cell is None else str(cell)

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
                (r.id, self._owner(r), r.objects, r.conflicts, r.due_on, self._answer(r, today), r.remarks)
                for r in requests
            ),
        )

    def _owner(self, request: Request) -> str:
        if not request.owner:
            return self.word("unknown")
        return request.owner if request.organisation_id else f"{request.owner} ({self.word('unregistered')})"

    def _answer(self, request: Request, today: str) -> str:
        if request.answer:
            return self.code(request.answer)
        return self.word("overdue" if request.due_on.isoformat() < today else "waits")

    def events(self, events: Iterable[Event]) -> None:
        self.table(
            ("at", "actor", "act", "status", "detail"),
            (
                (self.time(e.at), e.actor, self.code(e.kind), self._status(e.to_status), self._short(e.detail))
                for e in events
            ),
        )  # fmt: skip

    def _status(self, status: str | None) -> str:
        return "" if status is None else say(name_status(status), self.language)

    def _short(self, detail: dict[str, Any] | None) -> str:
        told = {name: value for name, value in (detail or {}).items() if name != "difference" and value is not None}
        return "; ".join(f"{name}: {self._told(value)}" for name, value in told.items())[:200]

    def _told(self, value: Any) -> str:
        return ", ".join(map(self._told, value)) if isinstance(value, list) else self.code(str(value))

    def notices(self, notices: Iterable[Notice]) -> None:
        rows = (
            (n.excavation_id, self.code(n.kind), n.address, self.time(n.created_at), self._state(n)) for n in notices
        )
        self.table(("number", "kind", "address", "at", "state"), rows)

    def _state(self, notice: Notice) -> str:
        if notice.sent_at:
            return f"{self.word('sent')} {self.time(notice.sent_at)}"
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

    def asking(self, asking: Iterable[Asking], most_ha: float) -> None:
        self.table(
            ("applicant", "keys", "digs", "checks", "asked_ha", "most_ha", "most_on"),
            (
                (a.organisation, ", ".join(a.keys), a.excavations, a.checks, round(a.asked_m2 / 1e4, 2),
                 round(a.most_m2 / 1e4, 2), a.most_on)
                for a in asking
            ),
        )  # fmt: skip
        self.console.print(f"TWIN_CHECKED_HA_A_DAY: {spell(most_ha, self.language)} ha")

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
