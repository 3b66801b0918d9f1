"""Who is asked about an excavation, and what their answers amount to."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from layers.errors import Sentence
from layers.excavations import AnswerKind, RequestReason
from layers.organisations import find_interested, find_organisation, match_owners
from layers.owner_areas import find_silences
from layers.owners import count_owners_near, list_secret_owners
from layers.requests import Question
from layers.utilities import Disclosure

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
    secret = list_secret_owners(connection, excavation.outline, ASKED_WITHIN_M) | _secret(check) - set(near)
    questions: dict[str, Question] = {}
    for owner in owners:
        name, number = _named(known.get(owner), owner)
        reason = RequestReason.RECORDS if owner else RequestReason.OWNER_UNKNOWN
        counts = near.get(owner, 0), conflicts.get(owner, 0)
        _merge(questions, Question(name, number, reason, *counts, is_secret=owner in secret))
    silent = [
        find_organisation(connection, s.owner) for s in find_silences(connection, excavation.outline, ASKED_WITHIN_M)
    ]
    for organisation in (*find_interested(connection, excavation.outline), *silent):
        name, number = _named(organisation, organisation.name)
        if name not in questions:
            questions[name] = Question(name, number, RequestReason.AREA, 0, 0)
    return list(questions.values())


def _named(organisation: Organisation | None, owner: str) -> tuple[str, int | None]:
    return (owner, None) if organisation is None else (organisation.name, organisation.id)


def _merge(questions: dict[str, Question], question: Question) -> None:
    """Names of one organisation are one question."""
    before = questions.get(question.owner)
    if before is not None:
        question = replace(
            before,
            objects=before.objects + question.objects,
            conflicts=before.conflicts + question.conflicts,
            is_secret=before.is_secret and question.is_secret,
        )
    questions[question.owner] = question


def _conflicts(check: Check) -> dict[str, int]:
    """Objects of each owner that are not clear."""
    found: dict[str, int] = {}
    for clash in check.report.get("clashes", ()):
        owner = clash["owner"] or ""
        found[owner] = found.get(owner, 0) + (clash["outcome"] != "clear")
    return found


def _secret(check: Check) -> set[str]:
    """Owners whose every object in the check is secret."""
    found: dict[str, bool] = {}
    for clash in check.report.get("clashes", ()):
        owner = clash["owner"] or ""
        found[owner] = found.get(owner, True) and clash.get("disclosure") == Disclosure.SECRET
    return {owner for owner, is_secret in found.items() if owner and is_secret}


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
