"""The acts of the procedure after the check: each is kept with its caller's name and told to whom it concerns."""

from __future__ import annotations

from typing import TYPE_CHECKING

from layers.errors import Conflict, Invalid, Sentence
from layers.excavations import AnswerKind
from layers.excavations import ExcavationStatus as Status
from layers.procedure import (
    add_event,
    find_check,
    find_stale,
    set_status,
)
from layers.requests import find_request, insert_request, list_requests, record_answer
from layers.terrain import read_ground
from twin.excavations.asking import count_answers, find_obstacles, find_questions, is_complete
from twin.excavations.calendar import read_calendar, warn_of
from twin.excavations.life import name_status, require_move
from twin.excavations.sitting import TWIN, Sitting
from twin.excavations.validation import read_valid_digs
from twin.notices.writing import News, tell

if TYPE_CHECKING:
    from layers.organisations import Organisation
    from layers.procedure import Check, Excavation
    from layers.requests import Request

_LONGEST_REMARK = 4000


def submit(sitting: Sitting, number: int, version: int | None) -> Excavation:
    """Every owner in the area is asked, each once, with one day for the answer.

    Raises: Invalid where dates are missing or past; Conflict where the city has changed since the check, and where
    the newest check has no result.
    """
    connection = sitting.connection
    excavation = sitting.find(number, version, lock=True)
    require_move("submit", excavation, sitting.parties(excavation))
    _require_dates(sitting, excavation)
    _require_fresh(sitting, excavation)
    check = find_check(connection, number)
    _require_result(excavation, check)
    today = sitting.practice.today()
    calendar = read_calendar(connection)
    due_on = calendar.add(today, sitting.practice.answer_days)
    submission = excavation.submission + 1
    questions = find_questions(connection, excavation, check)
    doubts = (
        {"holidays_not_announced": [str(day) for day in found]} if (found := calendar.doubts(today, due_on)) else {}
    )
    asked = [question.owner for question in questions]
    sitting.act(check=check.number, submission=submission, asked=asked, due_on=str(due_on), **doubts)
    set_status(connection, number, Status.SUBMITTED, submission=submission)
    for question in questions:
        insert_request(connection, number, submission, question, due_on)
    submitted = sitting.find(number)
    for organisation in sitting.recipients(submitted, owners=True):
        _ask(sitting, submitted, organisation, str(due_on))
    return _settle(sitting, submitted)


def find_deadline_doubts(sitting: Sitting, excavation: Excavation) -> list[Sentence]:
    """What is not sure about the day until which owners answer."""
    requests = list_requests(sitting.connection, excavation.id, excavation.submission)
    days = {request.due_on for request in requests}
    calendar, today = read_calendar(sitting.connection), sitting.practice.today()
    return [said for day in sorted(days) for said in warn_of(calendar.doubts(today, day), day)]


def answer(sitting: Sitting, number: int, request_id: int, kind: str, remarks: str | None) -> Request:
    """An owner's answer, or the desk's in its name; it may be changed until the decision.

    Raises: Conflict for another owner's request and for one that is not open; Invalid.
    """
    connection = sitting.connection
    excavation = sitting.find(number, lock=True)
    request = find_request(connection, number, request_id)
    _require_answerable(sitting, excavation, request)
    remarks = _require_answer(kind, remarks)
    record_answer(connection, request_id, kind, remarks, sitting.actor.name)
    detail = {"request": request_id, "owner": request.owner, "answer": kind, "remarks": remarks}
    if request.answer:
        detail |= {"before": request.answer}
    own = sitting.caller.organisation_id
    on_behalf = own is None or request.organisation_id != own
    add_event(connection, number, sitting.actor, "answer on behalf" if on_behalf else "answer", **detail)
    _settle(sitting, sitting.find(number))
    return find_request(connection, number, request_id)


def move(sitting: Sitting, number: int, version: int | None, name: str, reason: str | None) -> Excavation:
    """An act that only changes the status. Raises: NotFound, Conflict."""
    excavation = sitting.find(number, version, lock=True)
    act = require_move(name, excavation, sitting.parties(excavation), reason)
    if name in ("check", "revise", "submit", "answer"):
        raise Conflict(Sentence(f"'{name}' is a door of its own", f"'{act.vi}' có địa chỉ riêng"))
    _require_grounds(sitting, excavation, name)
    reason = (reason or "").strip()[:_LONGEST_REMARK]
    sitting.act(act=name, **({"reason": reason} if reason else {}))
    if name == "override":
        obstacles = [str(o) for o in find_obstacles(list_requests(sitting.connection, number, excavation.submission))]
        add_event(sitting.connection, number, sitting.actor, "overridden", reason=reason, obstacles=obstacles)
    if name == "reopen":
        add_event(sitting.connection, number, sitting.actor, "reopened", reason=reason)
    set_status(sitting.connection, number, act.target)
    moved = sitting.find(number)
    kind = _NEWS[name]
    news = News(kind, moved, sitting.link(moved), {"reason": reason}, {"reason": reason})
    sitting.tell(news, owners=True, applicant=True, desk=name in ("withdraw", "start", "close"))
    return moved


_NEWS = {
    "permit": "permitted",
    "override": "permitted",
    "refuse": "refused",
    "withdraw": "withdrawn",
    "start": "started",
    "close": "closed",
    "reopen": "reopened",
}


def _require_dates(sitting: Sitting, excavation: Excavation) -> None:
    missing = [name for name in ("starts_on", "ends_on") if getattr(excavation, name) is None]
    if missing:
        raise Invalid(
            *(
                Sentence(
                    f"{name} is missing: owners must know when somebody digs, give YYYY-MM-DD",
                    f"thiếu {name}: chủ sở hữu cần biết thời gian đào, ghi NĂM-THÁNG-NGÀY",
                )
                for name in missing
            )
        )
    ground = read_ground(sitting.connection, sitting.practice.data)
    read_valid_digs(sitting.connection, ground, excavation.request, sitting.practice.today())


def _require_fresh(sitting: Sitting, excavation: Excavation) -> None:
    rules, today = sitting.practice.rules_edition, sitting.practice.today()
    if excavation.id in find_stale(sitting.connection, only=excavation.id, rules=rules, today=today):
        raise Conflict(
            Sentence(
                f"the city's records or the day have changed since excavation {excavation.id} was checked: check it"
                " again; of what was submitted a worker does so within minutes",
                f"dữ liệu thành phố đã thay đổi hoặc đã sang ngày khác sau lần kiểm tra công trình đào {excavation.id}:"
                " hãy kiểm tra lại; hồ sơ đã nộp sẽ được tự động kiểm tra lại sau ít phút",
            )
        )


def _require_result(excavation: Excavation, check: Check) -> None:
    """Raises: Conflict where the dig could not be checked: nobody knows what is there, nor whom to ask."""
    if failure := check.report.get("failure"):
        raise Conflict(
            Sentence(
                f"check {check.number} of excavation {excavation.id} has no result ({failure['en']}): check it again",
                f"lần kiểm tra {check.number} của công trình đào {excavation.id} không có kết quả ({failure['vi']}):"
                " hãy kiểm tra lại",
            )
        )


def _require_grounds(sitting: Sitting, excavation: Excavation, name: str) -> None:
    """Raises: Conflict where a permit has no ground to stand on, or work is not for today."""
    if name in ("permit", "override", "start"):
        _require_fresh(sitting, excavation)
    if name == "permit":
        requests = list_requests(sitting.connection, excavation.id, excavation.submission)
        if obstacles := find_obstacles(requests):
            raise Conflict(
                Sentence(
                    f"{'; '.join(obstacles)}: settle it, or override with a reason",
                    f"{'; '.join(o.vi for o in obstacles)}: hãy giải quyết, hoặc cấp phép ngoại lệ kèm lý do",
                )
            )
    today, first, last = sitting.practice.today(), excavation.starts_on, excavation.ends_on
    if name in ("permit", "override") and last and last < today:
        raise Conflict(
            Sentence(
                f"excavation {excavation.id} was to end on {last}, today is {today}: withdraw it and file other days",
                f"công trình đào {excavation.id} dự kiến xong ngày {last}, hôm nay là {today}: hãy rút hồ sơ và ghi"
                " lại ngày",
            )
        )
    if name == "start" and first and last and not first <= today <= last:
        raise Conflict(
            Sentence(
                f"excavation {excavation.id} is permitted from {first} to {last}, today is {today}",
                f"công trình đào {excavation.id} được phép từ {first} đến {last}, hôm nay là {today}",
            )
        )


def _ask(sitting: Sitting, excavation: Excavation, organisation: Organisation, due_on: str) -> None:
    requests = list_requests(sitting.connection, excavation.id, excavation.submission)
    own = next(r for r in requests if r.organisation_id == organisation.id)
    facts = {"request": own.id, "due_on": due_on, "objects": own.objects, "conflicts": own.conflicts}
    news = News("request", excavation, sitting.link(excavation), {"due_on": due_on}, facts)
    tell(sitting.connection, news, [organisation])


def _require_answerable(sitting: Sitting, excavation: Excavation, request: Request) -> None:
    caller = sitting.caller
    if not caller.coordinates and request.organisation_id != caller.organisation_id:
        raise Conflict(
            Sentence(
                f"request {request.id} was put to another organisation: only that one answers it, or the desk",
                f"yêu cầu {request.id} gửi cho đơn vị khác: chỉ đơn vị đó hoặc cơ quan điều phối được trả lời",
            )
        )
    is_current = request.submission == excavation.submission
    if not is_current or excavation.status not in (Status.SUBMITTED, Status.ANSWERED):
        status = name_status(excavation.status)
        raise Conflict(
            Sentence(
                f"request {request.id} is of submission {request.submission}; excavation {excavation.id} is {status}"
                f" in submission {excavation.submission}: it takes no answer now",
                f"yêu cầu {request.id} thuộc lần nộp {request.submission}; công trình đào {excavation.id} {status.vi},"
                f" lần nộp {excavation.submission}: hiện không nhận trả lời",
            )
        )


def _require_answer(kind: str, remarks: str | None) -> str | None:
    """The remarks. Raises: Invalid."""
    remarks = (remarks or "").strip()[:_LONGEST_REMARK] or None
    kinds = [str(each) for each in AnswerKind]
    if kind not in kinds:
        raise Invalid(
            Sentence(
                f"answer '{str(kind)[:40]}' is not known: give one of {', '.join(kinds)}",
                f"trả lời '{str(kind)[:40]}' không hợp lệ: chọn một trong {', '.join(kinds)}",
            )
        )
    if kind in (AnswerKind.CONDITIONS, AnswerKind.REFUSES) and remarks is None:
        raise Invalid(
            Sentence(f"'{kind}' needs remarks: say what is asked for", f"'{kind}' cần 'remarks': ghi rõ yêu cầu")
        )
    return remarks


def _settle(sitting: Sitting, excavation: Excavation) -> Excavation:
    """With the last answer the excavation is answered, and who waits for it is told."""
    requests = list_requests(sitting.connection, excavation.id, excavation.submission)
    if excavation.status != Status.SUBMITTED or not is_complete(requests):
        return excavation
    by_twin = Sitting(sitting.connection, TWIN, sitting.practice)
    by_twin.act(answers=len(requests))
    set_status(sitting.connection, excavation.id, Status.ANSWERED)
    settled = sitting.find(excavation.id)
    news = News("answered", settled, sitting.link(settled), {"detail": count_answers(requests)})
    sitting.tell(news, applicant=True, desk=True)
    return settled
