"""How probable a hit is, if what accuracies promise is taken for normal errors: pure numbers.

An object lies off its record as a whole, by three independent normal errors of mean 0: the same deviation in every
direction in plan, another in height. Its accuracy is their bound of a stated confidence (`accuracy.toml`).
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from itertools import pairwise
from statistics import NormalDist
from typing import TYPE_CHECKING

import numpy as np
import shapely

from twin.clash.accuracy import AccuracyTable, read_accuracies
from twin.clash.distance import Scene
from twin.clash.kernel.elements import Segment
from twin.clash.kernel.gauge import CONTACT_M
from twin.clash.solids import Section, Shaft

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from twin.clash.accuracy import Accuracy
    from twin.clash.solids import Excavation, Floats, Utility

    type Gap = Callable[[float], float]

_NORMAL = NormalDist()
# What lies further off than this many deviations adds less than a millionth.
_TAIL = 5.0
# The edge of a hit is found to this share of a deviation.
_EDGE = 1e-3
_CELLS = 8
# Nodes of Gauss's formulas: along the object, and across it within each stretch that is a hit in plan.
_ALONG, _ACROSS = 5, 8
# Along what is short its ends decide: equal shares of probability, each by its middle.
_SHARES = 40
# A deviation of less than this is none: half a micrometre is contact.
_EXACT_M = 1e-6


class Scope(StrEnum):
    """Of what the probability is: of a hit, or that it lies within reach in plan, where its depth is not known."""

    HIT = "hit"
    PLAN = "plan"


@dataclass(frozen=True, slots=True)
class Chance:
    """A probability from 0 to 1, at the deepest reading of the bottom."""

    value: float
    scope: Scope


def find_chances(
    excavation: Excavation, objects: Sequence[tuple[Utility, Accuracy]], *, accuracies: AccuracyTable | None = None
) -> list[Chance]:
    """The probability of each object, in the order given, to about half a percentage point.

    >>> from shapely import box
    >>> from twin.clash.accuracy import Accuracy, STATED
    >>> from twin.clash.solids import Excavation, Floor, Tube
    >>> trench = Excavation((Floor(box(0, 0, 10, 1), bottom_m=-1.0, ground_m=0.0),))
    >>> pipe = Tube(7, ((-9, 1.6, -0.5), (19, 1.6, -0.5)), outer_radius_m=0.1)
    >>> (found,) = find_chances(trench, [(pipe, Accuracy(0.5, 0.1, STATED))])
    >>> round(found.value, 3)  # 1 - Φ(0.5 / (0.5 / 1.96))
    0.025
    """
    table = accuracies or read_accuracies()
    scene, footprint = Scene(excavation), excavation.footprint
    bound = _NORMAL.inv_cdf((1 + table.confidence) / 2)
    return [_find(_Body(scene, footprint, utility, table), accuracy, bound) for utility, accuracy in objects]


class _Body:
    """One object as it may be moved: the pieces of its axis near the dig."""

    def __init__(self, scene: Scene, footprint: shapely.Geometry, utility: Utility, table: AccuracyTable) -> None:
        self.scene, self.utility = scene, utility
        self.sections = utility.sections or (Section(table.unknown_radius_m),)
        self.radius_m = min(section.plan_m for section in self.sections)
        self.is_known = utility.elevation_known and utility.outer_radius_m is not None
        self.has_bores = scene.has_bores
        self._footprint = footprint

    def near(self, within_m: float) -> list[Segment]:
        """The pieces within a plan distance of all that is dug."""
        pairs = list(pairwise(self.utility.points))
        if isinstance(self.utility, Shaft) or len(pairs) == 1:
            return self.scene.lay(self.utility.points)
        lines = shapely.linestrings([[a[:2], b[:2]] for a, b in pairs])
        kept = np.flatnonzero(shapely.dwithin(lines, self._footprint, within_m))
        return [segment for i in kept.tolist() for segment in self.scene.lay(pairs[i])]

    def across(self, segments: list[Segment]) -> Floats:
        """The unit vector across the longest piece near by; any of a shaft."""
        longest = max(segments, key=lambda segment: segment.dx**2 + segment.dy**2)
        length = (longest.dx**2 + longest.dy**2) ** 0.5
        return self._towards() if length == 0 else np.array([-longest.dy, longest.dx]) / length

    def _towards(self) -> Floats:
        """The direction of the nearest edge of the dig."""
        edge = shapely.shortest_line(shapely.Point(self.utility.points[0][:2]), shapely.boundary(self._footprint))
        start, end = shapely.get_coordinates(edge)
        length = float(np.hypot(*(end - start)))
        return np.array([1.0, 0.0]) if length == 0 else (end - start) / length

    def plan(self, segments: list[Segment]) -> float:
        return self.scene.plan(segments).distance_m - self.radius_m

    def space(self, segments: list[Segment]) -> float:
        return max(self.scene.space(segments, section).distance_m for section in self.sections)


def _find(body: _Body, accuracy: Accuracy, bound: float) -> Chance:
    spread_m = accuracy.horizontal_m / bound
    scope = Scope.HIT if body.is_known and accuracy.vertical_m is not None else Scope.PLAN
    segments = body.near(_TAIL * spread_m + body.radius_m)
    if not segments or body.plan(segments) > _TAIL * spread_m:
        return Chance(0.0, scope)
    deviations = (spread_m, None if scope is Scope.PLAN else (accuracy.vertical_m or 0.0) / bound)
    return Chance(round(min(max(_integrate(body, segments, *deviations), 0.0), 1.0), 4), scope)


def _integrate(body: _Body, segments: list[Segment], plan_m: float, height_m: float | None) -> float:
    """Gauss-Hermite along a long object, across it the exact stretches of hits, in height the exact normal integral."""
    across = body.across(segments)
    along = np.array([-across[1], across[0]])
    length_m = sum((segment.dx**2 + segment.dy**2) ** 0.5 for segment in segments)
    total = 0.0
    for node, weight in _nodes(is_short=length_m < 4 * _TAIL * plan_m):
        aside = along * node * plan_m
        total += weight * _across(body, segments, (aside, across), plan_m, height_m)
    return total


def _nodes(*, is_short: bool) -> list[tuple[float, float]]:
    """Errors along an object in deviations, and the weight of each."""
    if is_short:
        return [(_NORMAL.inv_cdf((i + 0.5) / _SHARES), 1 / _SHARES) for i in range(_SHARES)]
    nodes, weights = np.polynomial.hermite_e.hermegauss(_ALONG)
    return list(zip(nodes.tolist(), (weights / weights.sum()).tolist(), strict=True))


def _across(
    body: _Body, segments: list[Segment], ways: tuple[Floats, Floats], plan_m: float, height_m: float | None
) -> float:
    aside, across = ways

    def moved(by_m: float) -> list[Segment]:
        x, y = aside + across * by_m
        return [_move(segment, float(x), float(y), 0.0) for segment in segments]

    found = 0.0
    for low, high in _hits(lambda by_m: body.plan(moved(by_m)), plan_m):
        if height_m is None:
            found += high - low
        else:
            found += _mean(lambda by_m: _upright(body, moved(by_m), height_m), low, high, plan_m) * (high - low)
    return found


def _mean(value: Gap, low: float, high: float, deviation_m: float) -> float:
    """The mean of a value over a stretch of the error's probability, by Gauss-Legendre."""
    if deviation_m <= _EXACT_M:
        return value(0.0)
    nodes, weights = np.polynomial.legendre.leggauss(_ACROSS)
    shares = low + (high - low) * (nodes + 1) / 2
    errors = [_NORMAL.inv_cdf(min(max(share, 1e-12), 1 - 1e-12)) * deviation_m for share in shares.tolist()]
    return float(sum(w * value(error) for w, error in zip((weights / 2).tolist(), errors, strict=True)))


def _upright(body: _Body, segments: list[Segment], deviation_m: float) -> float:
    """The probability that an error in height makes a hit: the higher, the more so, but for bores."""

    def gap(by_m: float) -> float:
        return body.space([_move(segment, 0.0, 0.0, by_m) for segment in segments])

    if body.has_bores or deviation_m <= _EXACT_M:
        return sum(high - low for low, high in _hits(gap, deviation_m))
    low, high = -_TAIL * deviation_m, _TAIL * deviation_m
    if gap(high) > CONTACT_M:
        return 0.0
    if gap(low) <= CONTACT_M:
        return 1.0
    while high - low > _EDGE * deviation_m:
        middle = (low + high) / 2
        low, high = (low, middle) if gap(middle) <= 0 else (middle, high)
    return 1.0 - _NORMAL.cdf(high / deviation_m)


def _hits(gap: Gap, deviation_m: float) -> Iterator[tuple[float, float]]:
    """Stretches of the error in which the gap is none, each as the probability below its start and its end.

    A gap changes by no more than the object is moved: where the gaps at both ends of a stretch are together wider than
    the stretch, there is no hit within. One that is hit at both ends counts as hit throughout.
    """
    if deviation_m <= _EXACT_M:
        if gap(0.0) <= CONTACT_M:
            yield 0.0, 1.0
        return
    ends = (np.linspace(-_TAIL, _TAIL, _CELLS + 1) * deviation_m).tolist()
    gaps = [gap(end) for end in ends]
    stretches = [
        found
        for a, b in zip(zip(ends, gaps, strict=True), zip(ends[1:], gaps[1:], strict=True), strict=False)
        for found in _split(gap, a, b, _EDGE * deviation_m)
    ]
    for low, high in _join(stretches):
        yield _NORMAL.cdf(low / deviation_m), _NORMAL.cdf(high / deviation_m)


def _split(gap: Gap, a: tuple[float, float], b: tuple[float, float], least_m: float) -> Iterator[tuple[float, float]]:
    (low, low_gap), (high, high_gap) = a, b
    if low_gap <= 0 and high_gap <= 0:
        yield low, high
        return
    if low_gap > 0 and high_gap > 0 and low_gap + high_gap >= high - low:
        return
    if high - low <= least_m:
        if low_gap <= 0 or high_gap <= 0:
            yield low, high
        return
    middle = ((low + high) / 2, gap((low + high) / 2))
    yield from _split(gap, a, middle, least_m)
    yield from _split(gap, middle, b, least_m)


def _join(stretches: Sequence[tuple[float, float]]) -> list[tuple[float, float]]:
    joined: list[tuple[float, float]] = []
    for low, high in stretches:
        if joined and low <= joined[-1][1]:
            joined[-1] = (joined[-1][0], high)
        else:
            joined.append((low, high))
    return joined


def _move(segment: Segment, x: float, y: float, z: float) -> Segment:
    return Segment(segment.x + x, segment.y + y, segment.z + z, segment.dx, segment.dy, segment.dz)
