"""Checks of filed excavations: kept as they were found, compared with the one before."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from layers.errors import Conflict, NotFound, Sentence, TwinError, say
from layers.procedure import clear_doubt, find_check, find_doubt, insert_check, read_rest_versions
from layers.terrain import read_ground
from twin.clash.answer import Terms, answer
from twin.excavations.difference import compare_reports
from twin.excavations.request import parse_digs

if TYPE_CHECKING:
    from datetime import date

    from layers.procedure import Check, Excavation
    from twin.clash.report import ClashReport
    from twin.excavations.sitting import Sitting


def run_check(sitting: Sitting, excavation: Excavation, *, ways_out: bool = False) -> ClashReport:
    """The dig as it was filed, against the city as it is. Raises: Invalid, Unavailable."""
    ground = read_ground(sitting.connection, sitting.practice.data)
    (dig,) = parse_digs(excavation.request, None, ground.storage)
    dig = replace(dig, works=replace(dig.works, excavation_id=excavation.id))
    terms = Terms(sitting.practice.book, sitting.practice.today(), ways_out)
    return answer(sitting.connection, ground, dig, terms)


def make_check(sitting: Sitting, excavation: Excavation) -> Check:
    """A result that holds from now on. Raises: Invalid, Unavailable."""
    # Read before the check: what changes in between makes the result stale, never silently fresh.
    doubt = find_doubt(sitting.connection, excavation.id)
    versions, day = read_rest_versions(sitting.connection, sitting.practice.rules_edition), sitting.practice.today()
    result = run_check(sitting, excavation, ways_out=True).to_json()
    clear_doubt(sitting.connection, excavation.id, doubt)
    return keep(sitting, excavation, result, versions, day)


def keep(
    sitting: Sitting, excavation: Excavation, result: dict[str, Any], versions: dict[str, int], day: date
) -> Check:
    before = last_result(sitting, excavation)
    difference = None if before is None else compare_reports(before, result)
    name = sitting.actor.name
    insert_check(sitting.connection, excavation, name, result, versions=versions, difference=difference, day=day)
    return find_check(sitting.connection, excavation.id)


def last_result(sitting: Sitting, excavation: Excavation) -> dict[str, Any] | None:
    """The newest report, where it is about the terms that are filed now."""
    try:
        last = find_check(sitting.connection, excavation.id)
    except NotFound:
        return None
    return last.report if last.request == excavation.request else None


def is_of_today(sitting: Sitting, check: Check) -> bool:
    """Whether no layer that a check rests on has changed since, nor the rules: what it says of other places holds."""
    return check.versions == read_rest_versions(sitting.connection, sitting.practice.rules_edition)


def outdated(excavation: Excavation, check: Check) -> Conflict:
    return Conflict(
        Sentence(
            f"the city has changed since check {check.number} of excavation {excavation.id}: check it again",
            f"dữ liệu thành phố đã thay đổi sau lần kiểm tra {check.number} của công trình đào {excavation.id}:"
            " hãy kiểm tra lại",
        )
    )


def describe_failure(error: TwinError) -> dict[str, Any]:
    """A result that says why there is none; nothing in it can be taken for clear."""
    message = error.message
    return {
        "is_clear": False,
        "clashes": [],
        "counts": {},
        "failure": {"en": say(message, "en"), "vi": say(message, "vi")},
    }
