"""The ground around a dig, loaded once: what changes of the dig would meet there, without asking the database again.

A trial reads the ground between points a metre apart that were read before, so it is good for finding, never for
telling: what is told was checked in full.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import shapely
from shapely.errors import ShapelyError

from layers.candidates import find_near
from layers.errors import TwinError
from layers.roads import has_traffic
from twin.clash.accuracy import read_accuracies
from twin.clash.check import NEARBY_M
from twin.clash.clearance import Candidate, Street, find_duties, judge_laid
from twin.clash.floors import assume_ground, lay_excavation
from twin.clash.outcome import Outcome, assess
from twin.clash.records import read_utility
from twin.clash.rulebook import Action
from twin.clash.rules import Verdict
from twin.clash.terrain import read_terrain

if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any

    from layers.database import Connection
    from layers.terrain import Ground
    from twin.clash.dig import PlannedDig
    from twin.clash.report import ClashReport
    from twin.clash.rulebook import RuleBook
    from twin.clash.solids import Floats, Utility

_STEP_M = 1.0
_RIM_M = 3.0
# Accuracy that grows with depth ends here.
_DEEPEST_M = 20.0
_SETTLED = (Verdict.KEPT, Verdict.JOINED)

type Key = tuple[str, int]


class Score(NamedTuple):
    """What a dig leaves, the worst first; all 0 is clear."""

    definite: int
    broken: int
    open: int
    unproven: int

    @property
    def is_clear(self) -> bool:
        return not any(self)


@dataclass(frozen=True, slots=True)
class Trial:
    """How a changed dig stands: its score, and which objects are not clear."""

    score: Score
    open: frozenset[Key]


@dataclass(frozen=True, slots=True)
class Relief:
    """Ground read a metre apart over a rectangle, straight between its points; the interface of a `Ground`."""

    storage: Any
    west: float
    south: float
    heights: Floats

    @classmethod
    def over(cls, area: shapely.Geometry, ground: Ground) -> Relief:
        west, south, east, north = shapely.bounds(area)
        x, y = np.arange(west, east + _STEP_M, _STEP_M), np.arange(south, north + _STEP_M, _STEP_M)
        grid = np.column_stack([each.ravel() for each in np.meshgrid(x, y)])
        return cls(ground.storage, float(west), float(south), ground.elevations(grid).reshape(len(y), len(x)))

    def elevations(self, points: Floats) -> Floats:
        column, row = (points[:, 0] - self.west) / _STEP_M, (points[:, 1] - self.south) / _STEP_M
        rows, columns = self.heights.shape
        left = np.clip(np.floor(column).astype(int), 0, columns - 2)
        low = np.clip(np.floor(row).astype(int), 0, rows - 2)
        x, y = np.clip(column - left, 0.0, 1.0), np.clip(row - low, 0.0, 1.0)
        lower = self.heights[low, left] * (1 - x) + self.heights[low, left + 1] * x
        upper = self.heights[low + 1, left] * (1 - x) + self.heights[low + 1, left + 1] * x
        return np.asarray(lower * (1 - y) + upper * y)


class Site:
    """Records and ground of an area; `trials` counts what was tried."""

    def __init__(self, connection: Connection, ground: Ground, area: shapely.Geometry, book: RuleBook) -> None:
        self.book = book
        self.relief = Relief.over(area.buffer(_RIM_M), ground)
        self.traffic = has_traffic(connection, area, book.roads.unknown_width_m)
        self.trials = 0
        self._margin_m = max(NEARBY_M, book.zone_reach_m, book.reach_m) + read_accuracies().search_margin_m(_DEEPEST_M)
        self.rows = find_near(connection, area, self._margin_m)
        self._known: dict[bool, tuple[list[Utility], shapely.STRtree]] = {}

    def try_dig(self, dig: PlannedDig) -> Trial | None:
        """How a dig stands; None where it can't be dug as it is."""
        self.trials += 1
        try:
            candidates = self._meet(dig)
        except (TwinError, ValueError, ShapelyError):
            return None
        outcomes = {(c.row.layer, c.row.id): c.assessment.outcome for c in candidates}
        layings = judge_laid(dig, self.book, Street(candidates, self.relief, self.traffic)) if dig.works.laid else ()
        verdicts = [d.finding.verdict for laying in layings for d in laying.distances]
        verdicts += [c.verdict for laying in layings for c in laying.covers if c.verdict is not Verdict.NO_RULE]
        return Trial(score_of(outcomes.values(), verdicts), open_of(outcomes))

    def needs_hand(self, dig: PlannedDig) -> list[tuple[shapely.Geometry, float, bool]]:
        """What no machine may come near: where it is, how far that reaches in plan, and whether it is not clear."""
        found = []
        for c in self._meet(dig):
            zones = [
                d.zone.limit_m for d in find_duties(self.book, c.row, c.assessment) if d.zone.action is Action.HAND_DIG
            ]
            is_open = c.assessment.outcome is not Outcome.CLEAR
            if is_open or zones:
                found.append((self._shape(c), section_reach_m(c) + max(zones, default=0.0), is_open))
        return found

    def in_the_way(self, dig: PlannedDig) -> list[tuple[shapely.Geometry, float]]:
        """What a dig hits or may hit, and what its laid things come too near to: where, and how far that reaches."""
        candidates = self._meet(dig)
        limits: dict[Key, float] = {}
        for laying in judge_laid(dig, self.book, Street(candidates, self.relief, self.traffic)):
            for distance in laying.distances:
                if distance.finding.verdict not in _SETTLED:
                    key = (distance.layer, distance.feature_id)
                    limits[key] = max(limits.get(key, 0.0), distance.finding.limit_m or 0.0)
        return [
            (self._shape(c), section_reach_m(c) + limits.get((c.row.layer, c.row.id), 0.0))
            for c in candidates
            if c.assessment.outcome is not Outcome.CLEAR or (c.row.layer, c.row.id) in limits
        ]

    @staticmethod
    def _shape(candidate: Candidate) -> shapely.Geometry:
        return shapely.from_wkb(candidate.row.geom)

    def _meet(self, dig: PlannedDig) -> list[Candidate]:
        """Raises: Invalid, ValueError where the dig is not below the ground."""
        terrain = read_terrain(dig.parts, self.relief.elevations)
        known = terrain.is_known
        excavation = lay_excavation(dig.parts, terrain if known else terrain.levelled(assume_ground(dig.parts)))
        utilities, tree = self._read(heights=known)
        near = sorted(tree.query(excavation.footprint, predicate="dwithin", distance=self._margin_m).tolist())
        chosen = [replace(utilities[i], id=n) for n, i in enumerate(near)]
        assessed = assess(excavation, chosen)
        return [
            Candidate(self.rows[i], utility, found) for i, utility, found in zip(near, chosen, assessed, strict=True)
        ]

    def _read(self, *, heights: bool) -> tuple[list[Utility], shapely.STRtree]:
        """The records as geometry, and an index of how far each may reach."""
        if heights not in self._known:
            utilities = [read_utility(i, row, heights=heights) for i, row in enumerate(self.rows)]
            shapes = [shapely.buffer(shapely.from_wkb(row.geom), row.reach_m) for row in self.rows]
            self._known[heights] = (utilities, shapely.STRtree(shapes))
        return self._known[heights]


def score_of(outcomes: Sequence[Outcome] | Any, verdicts: Sequence[Verdict]) -> Score:
    found = list(outcomes)
    definite = sum(outcome is Outcome.DEFINITE for outcome in found)
    clear = sum(outcome is Outcome.CLEAR for outcome in found)
    broken = sum(verdict is Verdict.BROKEN for verdict in verdicts)
    settled = sum(verdict in _SETTLED for verdict in verdicts)
    return Score(definite, broken, len(found) - definite - clear, len(verdicts) - broken - settled)


def open_of(outcomes: dict[Key, Outcome]) -> frozenset[Key]:
    return frozenset(key for key, outcome in outcomes.items() if outcome is not Outcome.CLEAR)


def standing_of(report: ClashReport) -> Trial:
    """How a checked dig stands."""
    outcomes = {(clash.layer, clash.feature_id): clash.outcome for clash in report.clashes}
    verdicts = [d.finding.verdict for laying in report.layings for d in laying.distances]
    verdicts += [c.verdict for laying in report.layings for c in laying.covers if c.verdict is not Verdict.NO_RULE]
    return Trial(score_of(outcomes.values(), verdicts), open_of(outcomes))


def section_reach_m(candidate: Candidate) -> float:
    """How far from its recorded axis an object may reach in plan."""
    radius = candidate.utility.outer_radius_m or read_accuracies().unknown_radius_m
    return radius + candidate.assessment.accuracy.horizontal_m
