"""Who is asked about an excavation, and what their answers amount to."""

from __future__ import annotations

from typing import TYPE_CHECKING

from layers.errors import Sentence
from layers.excavations import AnswerKind, RequestReason
from layers.organisations import find_interested, find_organisation, match_owners
from layers.owner_areas import find_silences
from layers.owners import count_owners_near
from layers.requests import Question

if TYPE_CHECKING:
    from collections.abc import Sequence

    from layers.database import Connection
    from layers.organisations import Organisation
    from layers.procedure import Check, Excavation
    from layers.requests import Request

# Owners of anything recorded this near are asked, whatever the check says of it.
ASKED_WITHIN_M = 10.0


def find_questions(connection: Connection, excavation: Excavation, check: Check) -> list[Question]:
    """One question for each owner in the area: of its records, by its wish, for want of its records; nobody counts.

    Owners that are not registered are asked nonetheless: the desk has to find them and answer for them.
    """
    near = count_owners_near(connection, excavation.outline, ASKED_WITHIN_M)
    conflicts = _conflicts(check)
    owners = sorted({*near, *conflicts})
    known = match_owners(connection, owners)
    questions: dict[str, Question] = {}
    for owner in owners:
        organisation = known.get(owner)
        reason = RequestReason.RECORDS if owner else RequestReason.OWNER_UNKNOWN
        _add(questions, owner, organisation, reason, (near.get(owner, 0), conflicts.get(owner, 0)))
    silent = [
        find_organisation(connection, s.owner) for s in find_silences(connection, excavation.outline, ASKED_WITHIN_M)
    ]
    for organisation in (*find_interested(connection, excavation.outline), *silent):
        _add(questions, organisation.name, organisation, RequestReason.AREA, (0, 0))
    return list(questions.values())


def _add(
    questions: dict[str, Question],
    owner: str,
    organisation: Organisation | None,
    reason: RequestReason,
    counts: tuple[int, int],
) -> None:
    """Names of one organisation are one question."""
    name = organisation.name if organisation else owner
    before = questions.get(name)
    objects, conflicts = counts
    questions[name] = Question(
        owner=name,
        organisation_id=organisation.id if organisation else None,
        reason=before.reason if before else reason,
        objects=objects + (before.objects if before else 0),
        conflicts=conflicts + (before.conflicts if before else 0),
    )


def _conflicts(check: Check) -> dict[str, int]:
    """Objects of each owner that are not clear."""
    found: dict[str, int] = {}
    for clash in check.report.get("clashes", ()):
        owner = clash["owner"] or ""
        found[owner] = found.get(owner, 0) + (clash["outcome"] != "clear")
    return found


def is_complete(requests: Sequence[Request]) -> bool:
    return all(request.answer is not None for request in requests)


def find_obstacles(requests: Sequence[Request]) -> list[Sentence]:
    """Answers that stand against a permit."""
    refusing = [
        Sentence(f"{request.owner} refuses: {request.remarks}", f"{request.owner} từ chối: {request.remarks}")
        for request in requests
        if request.answer == AnswerKind.REFUSES
    ]
    return refusing + [
        Sentence(
            f"{request.owner} says that nothing is there, its records have {request.conflicts} objects in the way",
            f"{request.owner} trả lời không có công trình, nhưng hồ sơ có {request.conflicts} đối tượng vướng",
        )
        for request in requests
        if request.contradicts
    ]


def count_answers(requests: Sequence[Request]) -> Sentence:
    conditions = sum(request.answer == AnswerKind.CONDITIONS for request in requests)
    against = len(find_obstacles(requests))
    return Sentence(
        f"{len(requests)} answers, {conditions} with conditions, {against} against.",
        f"{len(requests)} ý kiến, {conditions} có điều kiện, {against} phản đối.",
    )
