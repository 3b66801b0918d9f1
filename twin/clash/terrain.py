"""The ground over a planned dig: read a metre apart, over its floors and as far as its sides reach."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from functools import cached_property
from math import isfinite, nan
from typing import TYPE_CHECKING, Protocol

import numpy as np
import shapely

from twin.clash.dig import Bore, Elevation, Grade, Stations, Support, Trench
from twin.clash.kernel.rows import trace_rows

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from twin.clash.dig import Part, Pit, Sides
    from twin.clash.kernel.rows import Row
    from twin.clash.solids import Floats

    type Heights = Callable[[Floats], Floats]


class Surface(Protocol):
    """Whatever knows the ground at points (n, 2) of x, y in storage CRS, NaN where it does not."""

    def elevations(self, points: Floats, /) -> Floats: ...


STEP_M = 1.0
# A point of an edge is seldom on it to the last bit.
_ROUNDING_M = 1e-6
# What lies within one such square is read together.
_CELL_M = 1000.0
# Drawings show the ground this far beside the dig.
_DRAWN_M = 4.0
# Beside a battered dig the ground is read this much further than its sides reach, for it may rise there.
_FURTHER = 1.5
# Sides that are still below rising ground this far from their floor are no sides of a dig.
FARTHEST_M = 300.0


@dataclass(frozen=True, slots=True, eq=False)
class Terrain:
    """Ground points, (n, 3) x, y, z in storage CRS; z is NaN where no terrain is known.

    `area` is what they were read over, where nothing else was. No point at all is no ground that is known.
    """

    xyz: Floats
    area: shapely.Geometry | None = None
    lowest_m: float = field(init=False)
    highest_m: float = field(init=False)

    def __post_init__(self) -> None:
        z = self.xyz[:, 2]
        object.__setattr__(self, "lowest_m", float(z.min()) if len(z) else nan)
        object.__setattr__(self, "highest_m", float(z.max()) if len(z) else nan)

    @property
    def is_known(self) -> bool:
        return isfinite(self.lowest_m) and isfinite(self.highest_m)

    def levelled(self, z: float) -> Terrain:
        """The same points, all of one elevation."""
        return Terrain(np.column_stack([self.xyz[:, :2], np.full(len(self.xyz), z)]), self.area)

    def within(self, area: shapely.Geometry, margin_m: float = 0.0) -> Terrain:
        """The points in an area, on its edge and within a margin of it; the nearest one where there is none."""
        if area is self.area:
            return self
        shapely.prepare(area)
        inside = shapely.intersects_xy(area, self.xyz[:, 0], self.xyz[:, 1])
        if inside.all():
            return self
        inside[~inside] = shapely.dwithin(area, shapely.points(self.xyz[~inside, :2]), margin_m + _ROUNDING_M)
        if not inside.any():
            inside[np.argmin(shapely.distance(area, shapely.points(self.xyz[:, :2])))] = True
        return Terrain(self.xyz[inside])

    def climb(self, floor: shapely.Geometry, levels: Callable[[Floats], Floats], sides: Sides) -> float:
        """How high above a floor its leaning sides come out of this ground: they go on while it rises beside them.

        `levels` are those of the floor at its points nearest to points (n, 2).
        """
        away = shapely.distance(floor, shapely.points(self.xyz[:, :2]))
        order = np.argsort(away)
        away = away[order]
        tops = np.maximum.accumulate((self.xyz[:, 2] - levels(self.xyz[:, :2]))[order]).tolist()
        height_m, found = -np.inf, tops[0]
        while found > height_m:
            height_m = found
            slope = sides.slope_at(height_m)
            # Past the last point that a side reaches the ground may already be as high as at the next.
            reach_m = slope * max(height_m, 0.0) + STEP_M if slope else 0.0
            found = tops[max(int(np.searchsorted(away, reach_m, "right")) - 1, 0)]
        return float(height_m)

    def nearest(self, xy: Floats) -> Floats:
        """The ground at the point nearest to each of some points (m, 2)."""
        tree = shapely.STRtree(shapely.points(self.xyz[:, :2]))
        return np.asarray(self.xyz[tree.nearest(shapely.points(xy)), 2])


@dataclass(frozen=True)
class Soundings:
    """The ground that was read over a dig, and that around it, which is read when a drawing asks for it."""

    terrain: Terrain
    heights: Heights
    polygon: shapely.Geometry

    @cached_property
    def surface(self) -> Floats:
        """(n, 3): over the dig and a metre apart around it; what is not known is missing."""
        rim = self.polygon.buffer(_DRAWN_M, quad_segs=2).boundary
        around = shapely.get_coordinates(shapely.segmentize(rim, STEP_M))
        points = np.vstack([self.terrain.xyz, np.column_stack([around, self.heights(around)])])
        return np.asarray(points[np.isfinite(points[:, 2])])


def read_terrain(parts: Sequence[Part], heights: Heights) -> Terrain:
    """The ground over all parts of a dig, and beside it where its sides lean."""
    return read_terrains([parts], heights)[0]


def read_terrains(digs: Sequence[Sequence[Part]], heights: Heights) -> list[Terrain]:
    """The same for many digs; those near each other are read together."""
    areas = [_join([part.outline for part in parts]) for parts in digs]
    return [_read_beside(parts, terrain, heights) for parts, terrain in zip(digs, _read(areas, heights), strict=True)]


def _join(outlines: list[shapely.Polygon]) -> shapely.Geometry:
    return outlines[0] if len(outlines) == 1 else shapely.union_all(outlines)


def _read_beside(parts: Sequence[Part], terrain: Terrain, heights: Heights) -> Terrain:
    for part in parts:
        if not isinstance(part, Bore):
            terrain = _read_out(part, terrain, heights)
    return terrain


def _read_out(part: Pit | Trench, terrain: Terrain, heights: Heights) -> Terrain:
    """The ground as far out as the working space and the sides of a part reach, which is further where it rises."""
    read_m = 0.0
    while terrain.is_known and read_m < (reach_m := min(_reach_m(part, terrain), FARTHEST_M)):
        read_m = reach_m * _FURTHER
        (beside,) = _read([part.outline.buffer(read_m)], heights)
        terrain = Terrain(np.vstack([terrain.xyz, beside.xyz]))
    return terrain


def _reach_m(part: Pit | Trench, terrain: Terrain) -> float:
    """How far the working space and the sides of a part reach outside its floor, if all of it were at its deepest."""
    sides = part.sides
    if sides.support is not Support.BATTERED:
        return sides.working_m
    floor = part.outline.buffer(sides.working_m)
    lowest_m = _lowest(part, terrain.within(floor).lowest_m)
    height_m = terrain.climb(floor, lambda xy: np.full(len(xy), lowest_m), sides)
    return sides.working_m + sides.slope_at(height_m) * max(height_m, 0.0)


def _lowest(part: Pit | Trench, ground_m: float) -> float:
    """The lowest elevation of a floor over ground as low as that."""
    bottom = part.bottom
    if isinstance(bottom, Stations):
        return min(z for _, z in bottom.points_m)
    start = bottom.start if isinstance(bottom, Grade) else bottom
    level_m = start.elevation_m if isinstance(start, Elevation) else ground_m - start.below_ground_m
    fall_m = bottom.fall * part.line.length if isinstance(bottom, Grade) and isinstance(part, Trench) else 0.0
    return level_m - max(fall_m, 0.0)


def _read(areas: Sequence[shapely.Geometry], heights: Heights) -> list[Terrain]:
    """The ground along every edge and over the inside of each area."""
    rows = [trace_rows(_rings(area), STEP_M) for area in areas]
    cells: dict[tuple[float, float], list[int]] = defaultdict(list)
    for index, ((x, y, *_), *_) in enumerate(rows):
        cells[x // _CELL_M, y // _CELL_M].append(index)
    found: dict[int, Terrain] = {}
    for members in cells.values():
        xyz = _spread([row for index in members for row in rows[index]])
        xyz[:, 2] = heights(xyz[:, :2])
        end = 0
        for index in members:
            start, end = end, end + int(sum(row[-1] for row in rows[index]))
            found[index] = Terrain(xyz[start:end], areas[index])
    return [found[index] for index in range(len(areas))]


def _rings(area: shapely.Geometry) -> list[list[list[float]]]:
    polygons = area.geoms if isinstance(area, shapely.MultiPolygon) else [area]
    return [
        shapely.get_coordinates(ring).tolist()
        for polygon in polygons
        for ring in (polygon.exterior, *polygon.interiors)
    ]


def _spread(rows: list[Row]) -> Floats:
    """The points (n, 3) of rows, at no elevation."""
    table = np.array(rows).T
    counts = table[6].astype(int)
    x, y, dx, dy, part, length = np.repeat(table[:6], counts, axis=1)
    along = (np.arange(len(x)) - np.repeat(counts.cumsum() - counts, counts)) * part / length
    xyz = np.empty((3, len(x)))
    xyz[0], xyz[1] = x + along * dx, y + along * dy
    return xyz.T
