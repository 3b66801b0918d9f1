"""The answer that people get: the review of a dig, how probable each hit is, how old each survey, and the ways out."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from twin.clash.age import age_of
from twin.clash.chance import find_chances
from twin.clash.review import review
from twin.clash.ways.search import find_ways_out

if TYPE_CHECKING:
    from datetime import date

    from layers.database import Connection
    from layers.terrain import Ground
    from twin.clash.dig import PlannedDig
    from twin.clash.report import ClashReport
    from twin.clash.rulebook import RuleBook


@dataclass(frozen=True, slots=True)
class Terms:
    """The rules, the day on which is asked, and whether ways out of a conflict are looked for."""

    book: RuleBook
    today: date
    ways_out: bool = False


def answer(connection: Connection, ground: Ground, dig: PlannedDig, terms: Terms) -> ClashReport:
    """The whole answer to a dig. Raises: as `check` does."""
    reviewed = review(connection, ground, dig, terms.book, terms.today)
    report = _know(reviewed, dig.starts_on or terms.today)
    if not terms.ways_out:
        return report
    return replace(report, ways_out=find_ways_out(connection, ground, dig, terms.book, report))


def _know(report: ClashReport, day: date) -> ClashReport:
    """The report with the probability of each object, and the age of its survey on a day."""
    chances = find_chances(report.excavation, [(clash.utility, clash.accuracy) for clash in report.clashes])
    return replace(
        report,
        clashes=tuple(
            replace(
                clash,
                chance=chance,
                age=age_of(clash.record.surveyed_on, clash.record.quality_level, clash.material, day),
            )
            for clash, chance in zip(report.clashes, chances, strict=True)
        ),
    )
