"""Excavations and utilities laid out for the kernel, about one origin, and what is measured between them."""

from __future__ import annotations

from itertools import pairwise
from math import hypot, sqrt
from types import FunctionType
from typing import TYPE_CHECKING, NamedTuple

import shapely

from twin.clash.kernel.crossing import cross
from twin.clash.kernel.elements import Bore, Corner, Piece, Reach, Segment, Solid, Wall
from twin.clash.kernel.gauge import BOTTOMLESS_M, CONTACT_M
from twin.clash.kernel.measure import measure

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from twin.clash.solids import Drive, Excavation, Floor, Points, Section

# Whether the kernel runs as machine code; interpreted it gives the same figures, some twenty times more slowly.
IS_COMPILED = not isinstance(measure, FunctionType)
# Where two leaning sides meet at a sharp corner they are taken to reach at most this many times further than either.
_SHARPEST = 2.0
# The sine of a bend inwards that is taken for rounding: it counts as a corner that points outwards.
_STRAIGHT = 1e-9
# A corner of a piece this near to one of the outline is that corner.
_SAME_M = 1e-5
_SAME_SHARPNESS = 1e-4


class Gap(NamedTuple):
    """A distance in metres and the point (x, y, z) of the axis where it is least."""

    distance_m: float
    at: tuple[float, float, float]


class Scene:
    """One excavation, ready to be held against axes.

    >>> from shapely import box
    >>> from twin.clash.solids import Excavation, Floor, Section
    >>> scene = Scene(Excavation((Floor(box(0, 0, 10, 1), bottom_m=-1.0, ground_m=0.0),)))
    >>> round(scene.space(scene.lay([(5, -5, -1.4), (5, 5, -1.4)]), Section(0.1)).distance_m, 9)
    0.3
    """

    def __init__(self, excavation: Excavation) -> None:
        self.x, self.y = excavation.origin
        pieces = [self._piece(floor) for floor in excavation.floors]
        self.solid = Solid(pieces, [self._bore(drive) for drive in excavation.bores])
        self.has_bores = bool(excavation.bores)
        self.has_band = any(floor.band_m > 0 for floor in excavation.floors)

    def lay(self, axis: Points | Sequence[Sequence[float]]) -> list[Segment]:
        """The straight pieces of an axis; without elevations all lies at 0, which means nothing."""
        return [
            Segment(*(a[0] - self.x, a[1] - self.y, _z(a)), *(b[0] - a[0], b[1] - a[1], _z(b) - _z(a)))
            for a, b in pairwise(axis)
        ]

    def plan(self, axis: list[Segment]) -> Gap:
        """The plan distance to all that is dug at the ground, 0 where the axis touches or enters it."""
        gap = self._measure(axis, Reach(0.0, BOTTOMLESS_M))
        return Gap(max(gap.distance_m, 0.0), gap.at)

    def space(
        self,
        axis: list[Segment],
        section: Section,
        accuracy_m: tuple[float, float] = (0.0, 0.0),
        *,
        raised: bool = False,
    ) -> Gap:
        """The distance in space of a section about an axis, widened by its accuracy in plan and in height.

        Never above the true distance by more than rounding. `raised` takes floors at their highest.
        """
        reach = Reach(section.wide_m + accuracy_m[0], section.high_m + accuracy_m[1], 1.0 if raised else 0.0)
        gap = self._measure(axis, reach)
        return Gap(gap.distance_m - section.swept_m, gap.at)

    def crossing(self, axis: list[Segment], near_m: float) -> float:
        """How far the floor is above the axis, less than 0 where below it, where it is least within a plan distance.

        Infinite where the axis never comes that near to a floor.
        """
        return cross(axis, self.solid, near_m + CONTACT_M, sides=False).rise

    def lowest(self, axis: list[Segment], near_m: float) -> float:
        """The lowest elevation of the axis within a plan distance of all that is dug, infinite where it is not near."""
        return cross(axis, self.solid, near_m + CONTACT_M, sides=True).lowest

    def _measure(self, axis: list[Segment], reach: Reach) -> Gap:
        distance, x, y, z = measure(axis, self.solid, reach)
        return Gap(distance, (x + self.x, y + self.y, z))

    def _piece(self, floor: Floor) -> Piece:
        gx, gy = floor.grade
        low = floor.level_at(self.x, self.y)
        sharpness = _sharpness(floor.outline or floor.polygon) if floor.slope else []
        walls, corners = [], []
        for ring in shapely.get_rings(shapely.orient_polygons(floor.polygon)):
            for before, point, after in _triples(shapely.get_coordinates(ring).tolist()):
                x, y = point[0] - self.x, point[1] - self.y
                dx, dy = after[0] - point[0], after[1] - point[1]
                level = low + x * gx + y * gy
                walls.append(Wall(x, y, dx, dy, level, dx * gx + dy * gy))
                incoming, outgoing = _direction(before, point), _direction(point, after)
                if incoming[0] * outgoing[1] - incoming[1] * outgoing[0] > -_STRAIGHT:
                    corner = Corner(x, y, level)
                    corner.join(incoming, outgoing)
                    own = _sharpen(incoming[0] * outgoing[0] + incoming[1] * outgoing[1])
                    corners.append(_lean(corner, floor.slope, _find_corner(sharpness, *point), own))
        return Piece(walls, corners, (low, gx, gy), (floor.slope, floor.side_m), floor.band_m)

    def _bore(self, drive: Drive) -> Bore:
        points = [(x - self.x, y - self.y, z) for x, y, z in drive.axis]
        walls = [Wall(*a[:2], b[0] - a[0], b[1] - a[1], a[2], b[2] - a[2]) for a, b in pairwise(points)]
        return Bore(walls, [Corner(*point) for point in points], drive.radius_m)


def _lean(corner: Corner, slope: float, sharpness: float | None, own: float) -> Corner:
    """A piece that has only a part of the outline's angle at a corner has no whole mitre there: it would be sharper."""
    if sharpness is None:
        corner.lean(slope)
    else:
        corner.mitre(slope * sharpness, whole=sharpness < _SHARPEST and abs(own - sharpness) < _SAME_SHARPNESS)
    return corner


def _sharpen(cosine: float) -> float:
    """How many times further two sides reach where they meet than either, by the cosine of the turn between them."""
    half = sqrt(max((1 + cosine) / 2, 0.0))
    return min(1 / half, _SHARPEST) if half else _SHARPEST


def _direction(start: Sequence[float], end: Sequence[float]) -> tuple[float, float]:
    dx, dy = end[0] - start[0], end[1] - start[1]
    length = hypot(dx, dy)
    return dx / length, dy / length


def _z(point: Sequence[float]) -> float:
    return point[2] if len(point) > 2 else 0.0


def _sharpness(outline: shapely.Polygon) -> list[tuple[float, float, float]]:
    """Corners at which two leaning sides part: x, y and how many times further than either they reach together."""
    found = []
    for ring in shapely.get_rings(shapely.orient_polygons(outline)):
        for (px, py), (x, y), (nx, ny) in _triples(shapely.get_coordinates(ring).tolist()):
            ax, ay, bx, by = x - px, y - py, nx - x, ny - y
            if ax * by - ay * bx > 0:
                found.append((x, y, _sharpen((ax * bx + ay * by) / (hypot(ax, ay) * hypot(bx, by)))))
    return found


def _find_corner(corners: list[tuple[float, float, float]], x: float, y: float) -> float | None:
    return next((sharp for cx, cy, sharp in corners if abs(cx - x) < _SAME_M and abs(cy - y) < _SAME_M), None)


def _triples(ring: list[list[float]]) -> Iterator[tuple[list[float], list[float], list[float]]]:
    """Each vertex between its neighbours, those at no distance left out."""
    points = [point for point, after in pairwise(ring) if point != after]
    yield from zip(points[-1:] + points[:-1], points, points[1:] + points[:1], strict=True)
