"""The whole review of a dig: what it would hit, what the rules ask, and what else it touches."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from twin.clash.check import check
from twin.clash.situation import Situation
from twin.clash.survey import survey

if TYPE_CHECKING:
    from datetime import date

    from layers.database import Connection
    from layers.terrain import Ground
    from twin.clash.dig import PlannedDig
    from twin.clash.report import ClashReport
    from twin.clash.rulebook import RuleBook


def review(
    connection: Connection, ground: Ground, dig: PlannedDig, book: RuleBook, today: date | None = None
) -> ClashReport:
    """The check with the survey of the dig's surroundings as it is today. Raises: as `check` does."""
    report = check(connection, ground, dig, book)
    opening = None if report.ground_m is None else report.excavation.opening
    situation = Situation.of(dig, _depth_m(report), book, opening)
    return replace(report, surroundings=survey(connection, situation, today))


def _depth_m(report: ClashReport) -> float | None:
    """The greatest depth below the highest ground, or as it was asked for where the ground is not known."""
    if report.ground_m is None or report.bottom_m is None:
        return report.depth_m
    return report.ground_m[1] - report.bottom_m[0]
