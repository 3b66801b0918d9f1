"""What the rules ask of a dig: the digger's duties near each object, and distances of what will be laid."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from twin.clash.accuracy import read_accuracies
from twin.clash.laying import place
from twin.clash.meeting import Placed, meet
from twin.clash.records import has_section
from twin.clash.rules import Finding, Gap, Subject, Verdict, judge_cover, judge_pair, judge_zones
from twin.clash.subjects import columns_of, is_drinking, level_of, subject_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from layers.candidates import Recorded
    from twin.clash.dig import PlannedDig
    from twin.clash.outcome import Assessment
    from twin.clash.rulebook import RuleBook
    from twin.clash.rules import Duty
    from twin.clash.solids import Utility
    from twin.clash.terrain import Surface
    from twin.clash.works import PlannedUtility

# Taken out of the ground: nothing is left to keep a distance from.
_GONE = "removed"


@dataclass(frozen=True, slots=True)
class Candidate:
    """A recorded object near a dig: its row, its geometry, and how the dig meets it."""

    row: Recorded
    utility: Utility
    assessment: Assessment


@dataclass(frozen=True, slots=True)
class Distance:
    """One distance between what will be laid and one recorded object, held against the rule that binds it."""

    layer: str
    feature_id: int
    discipline: str
    kind: str | None
    owner: str | None
    finding: Finding


@dataclass(frozen=True, slots=True)
class Laying:
    """What will be laid, where it will lie (`axes`, each (n, 3) or (n, 2) in the report's CRS), and what rules say."""

    utility: PlannedUtility
    axes: tuple[Any, ...]
    distances: tuple[Distance, ...]
    covers: tuple[Finding, ...]

    @property
    def is_proven(self) -> bool:
        """True only where every distance and every cover with a rule is kept, and no distance lacks a rule."""
        open_covers = (cover for cover in self.covers if cover.verdict not in (Verdict.KEPT, Verdict.NO_RULE))
        fine = all(d.finding.verdict in (Verdict.KEPT, Verdict.JOINED) for d in self.distances)
        return fine and not any(open_covers)


def find_duties(book: RuleBook, record: Recorded, found: Assessment) -> tuple[Duty, ...]:
    """What the dig's nearness to an object asks of the digger."""
    plan_m = found.plan_gap_m
    near_m = plan_m - found.accuracy.horizontal_m
    if near_m >= book.zone_reach_m and found.worst_gap_m >= book.zone_reach_m:
        return ()
    plan = Gap(plan_m if has_section(record) else None, near_m)
    columns, level = columns_of(record.discipline, record.subtype, book), level_of(record, read_accuracies())
    return judge_zones(book.find_zones(columns, level), plan, Gap(found.gap_m, found.worst_gap_m))


@dataclass(frozen=True, slots=True)
class Street:
    """Where something is laid: among which recorded objects, in which ground, and whether vehicles drive over it."""

    candidates: Sequence[Candidate]
    ground: Surface
    traffic: bool | None


def judge_laid(dig: PlannedDig, book: RuleBook, street: Street) -> tuple[Laying, ...]:
    """Each utility that the dig lays against every recorded object and against the covers."""
    return tuple(_judge_one(utility, dig, book, street) for utility in dig.works.laid)


def subject_of_planned(utility: PlannedUtility, book: RuleBook, *, traffic: bool | None = None) -> Subject:
    """What will be laid as the rules see it."""
    return Subject(
        discipline=utility.discipline,
        columns=columns_of(utility.discipline, utility.subtype, book),
        diameter_m=utility.diameter_m,
        voltage_v=utility.voltage_v,
        pressure_bar=utility.pressure_bar,
        drinking=is_drinking(utility.discipline, (utility.subtype,), book),
        traffic=traffic,
    )


def _judge_one(utility: PlannedUtility, dig: PlannedDig, book: RuleBook, street: Street) -> Laying:
    placed = place(utility, dig.parts, street.ground, book.bedding.height_m)
    subject = subject_of_planned(utility, book, traffic=street.traffic)
    near = [other for other in street.candidates if _is_near(other, book.reach_m)]
    pairs = [(own, other) for own in placed for other in near]
    meetings = meet([(own, _place_recorded(other)) for own, other in pairs], book.parallels)
    distances = [
        _distance(other, finding)
        for (_, other), meeting in zip(pairs, meetings, strict=True)
        if meeting.plan.worst_m < book.reach_m
        for finding in judge_pair(book, subject, subject_of(other.row, book, read_accuracies()), meeting)
    ]
    order = list(Verdict)
    distances.sort(key=lambda d: (order.index(d.finding.verdict), d.finding.gap.worst_m))
    covers = judge_cover(book, subject, _cover(utility, placed, street.ground))
    return Laying(utility, tuple(own.utility.axis for own in placed), tuple(distances), covers)


def _is_near(candidate: Candidate, reach_m: float) -> bool:
    """What lies that far from the dig lies that far from what is laid within it."""
    found = candidate.assessment
    return candidate.row.status != _GONE and found.plan_gap_m - found.accuracy.horizontal_m < reach_m


def _place_recorded(candidate: Candidate) -> Placed:
    return Placed(candidate.utility, candidate.assessment.accuracy, read_accuracies().unknown_radius_m)


def _distance(other: Candidate, finding: Finding) -> Distance:
    row = other.row
    return Distance(row.layer, row.id, row.discipline, row.kind or row.subtype, row.owner, finding)


def _cover(utility: PlannedUtility, placed: Sequence[Placed], ground: Surface) -> Gap:
    """The least depth of the crown below ground, as stated or as it follows from the bottom."""
    if utility.crown_m is not None:
        return Gap(utility.crown_m, utility.crown_m)
    covers = [
        ground.elevations(own.utility.axis[:, :2]) - own.utility.axis[:, 2] - utility.size_m[1] / 2
        for own in placed
        if own.utility.elevation_known
    ]
    if len(covers) < len(placed) or not covers:
        return Gap(None, -np.inf)
    least = float(np.concatenate(covers).min())
    return Gap(least, least) if np.isfinite(least) else Gap(None, -np.inf)
