"""What an import, an undo, another dig or another day changes for excavations that were checked before."""

from __future__ import annotations

from typing import TYPE_CHECKING

from layers.errors import Invalid, NotFound, Sentence, Unavailable
from layers.excavations import OPEN
from layers.excavations import ExcavationStatus as Status
from layers.procedure import (
    add_event,
    clear_doubt,
    confirm_check,
    find_check,
    find_doubt,
    find_excavation,
    find_stale,
    read_rest_versions,
    set_status,
)
from layers.requests import take_unreminded
from twin.excavations.checking import describe_failure, keep, run_check
from twin.excavations.difference import compare_reports
from twin.excavations.sitting import TWIN, Sitting
from twin.notices.writing import News, tell

if TYPE_CHECKING:
    from layers.database import Writer
    from layers.procedure import Check, Excavation
    from twin.excavations.practice import Practice

RECHECK_TASK = "recheck"


def recheck_stale(writer: Writer, practice: Practice, limit: int = 1000) -> dict[int, bool]:
    """Check again what may not hold any more, each excavation in a transaction of its own; which of them changed.

    Raises: Invalid for a faulty rules file, before any answer is made with it.
    """
    rules = practice.rules_edition
    done: dict[int, bool] = {}
    while len(done) < limit:
        with writer.connection() as connection:
            stale = find_stale(connection, rules=rules, today=practice.today())
            waiting = [number for number in stale if number not in done]
        if not waiting:
            break
        for number in waiting:
            with writer.connection() as connection:
                done[number] = recheck(Sitting(connection, TWIN, practice), number)
    return done


def recheck(sitting: Sitting, number: int) -> bool:
    """Whether the answer is another than the one that is kept; if so, the excavation is open again and all are told."""
    connection = sitting.connection
    try:
        excavation = find_excavation(connection, number, lock=True)
    except NotFound:
        return False
    if excavation.status not in OPEN or excavation.request is None:
        return False
    last = find_check(connection, number)
    doubt = find_doubt(connection, number)
    versions, day = read_rest_versions(connection, sitting.practice.rules_edition), sitting.practice.today()
    try:
        result = run_check(sitting, excavation).to_json()
    except (Invalid, Unavailable) as error:
        result = describe_failure(error)
    clear_doubt(connection, number, doubt)
    if compare_reports(last.report, result) is None:
        confirm_check(connection, number, last.id, versions, day)
        return False
    _reopen(sitting, excavation, keep(sitting, excavation, result, versions, day))
    return True


def _reopen(sitting: Sitting, excavation: Excavation, check: Check) -> None:
    connection, number = sitting.connection, excavation.id
    difference = check.difference or {}
    detail = _describe(check)
    is_reopened = excavation.status != Status.CHECKED and not difference.get("is_advice")
    kind = "reopened" if is_reopened else "rechecked"
    add_event(connection, number, sitting.actor, kind, check=check.number, difference=difference)
    if is_reopened:
        sitting.act(act="reopen", check=check.number)
        set_status(connection, number, Status.CHECKED)
    changed = find_excavation(connection, number)
    facts = {"check": check.number, "was": excavation.status}
    counts = {side: len(difference.get(side, ())) for side in ("came", "went")}
    whole = News(kind, changed, sitting.link(changed), {"detail": detail}, facts | counts)
    tell(connection, whole, informed := list(sitting.recipients(changed, applicant=True, desk=is_reopened)))
    if is_reopened:
        # What came is not theirs to know, but for their own objects, which they find in the check.
        asked = [each for each in sitting.recipients(changed, owners=True) if each not in informed]
        tell(connection, News(kind, changed, sitting.link(changed), {}, facts), asked)


def _describe(check: Check) -> Sentence:
    difference = check.difference or {}
    if failure := difference.get("failure"):
        return Sentence(f"It cannot be checked: {failure['en']}", f"Không kiểm tra được: {failure['vi']}")
    came, went = len(difference.get("came", ())), len(difference.get("went", ()))
    said = difference.get("matters_came", ())
    words = {lang: "".join(f"{matter['text'][lang]}. " for matter in said[:3]) for lang in ("en", "vi")}
    return Sentence(
        f"Objects that came: {came}; that went: {went}. {words['en']}",
        f"Đối tượng mới: {came}; không còn: {went}. {words['vi']}",
    )


def remind_overdue(writer: Writer, practice: Practice) -> int:
    """Say aloud, once, which requests are past their day; how many."""
    with writer.connection() as connection:
        sitting = Sitting(connection, TWIN, practice)
        requests = take_unreminded(connection, practice.today())
        for request in requests:
            excavation = find_excavation(connection, request.excavation_id)
            due_on = str(request.due_on)
            add_event(connection, excavation.id, sitting.actor, "overdue", owner=request.owner, due_on=due_on)
            facts = {"request": request.id, "owner": request.owner, "due_on": due_on}
            news = News(
                "reminder", excavation, sitting.link(excavation), {"due_on": due_on, "owner": request.owner}, facts
            )
            recipients = [
                organisation
                for organisation in sitting.recipients(excavation, owners=True, desk=True)
                if organisation.coordinates or organisation.id == request.organisation_id
            ]
            tell(connection, news, recipients)
    return len(requests)
