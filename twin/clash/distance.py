"""Excavations and utilities laid out for the kernel, about one origin, and what is measured between them."""

from __future__ import annotations

from itertools import pairwise
from types import FunctionType
from typing import TYPE_CHECKING, NamedTuple

import shapely

from twin.clash.kernel.crossing import cross
from twin.clash.kernel.elements import Bore, Corner, Reach, Segment, Solid, Wall
from twin.clash.kernel.gauge import BOTTOMLESS_M, CONTACT_M
from twin.clash.kernel.measure import measure
from twin.clash.kernel.outlines import build_piece, find_sharp

if TYPE_CHECKING:
    from collections.abc import Sequence

    from twin.clash.kernel.elements import Piece
    from twin.clash.solids import Drive, Excavation, Floor, Points, Section

# Whether the kernel runs as machine code; interpreted it gives the same figures, some twenty times more slowly.
IS_COMPILED = not isinstance(measure, FunctionType)


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
        plane = (floor.level_at(self.x, self.y), *floor.grade)
        sharp = find_sharp(_rings(floor.outline or floor.polygon)) if floor.slope else []
        return build_piece(
            _rings(floor.polygon), (self.x, self.y), plane, (floor.slope, floor.side_m), floor.band_m, sharp
        )

    def _bore(self, drive: Drive) -> Bore:
        points = [(x - self.x, y - self.y, z) for x, y, z in drive.axis]
        walls = [Wall(*a[:2], b[0] - a[0], b[1] - a[1], a[2], b[2] - a[2]) for a, b in pairwise(points)]
        return Bore(walls, [Corner(*point) for point in points], drive.radius_m)


def _rings(polygon: shapely.Polygon) -> list[list[list[float]]]:
    """The outer ring and the holes, each as x, y of its vertices with the first again at the end."""
    if not shapely.get_num_interior_rings(polygon):
        return [shapely.get_coordinates(polygon).tolist()]
    return [shapely.get_coordinates(ring).tolist() for ring in shapely.get_rings(polygon)]


def _z(point: Sequence[float]) -> float:
    return point[2] if len(point) > 2 else 0.0
