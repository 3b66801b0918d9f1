"""The ground over a planned dig: read a metre apart, over its floors and as far as its sides reach."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Protocol

import numpy as np
import shapely

from twin.clash.dig import Bore, Elevation, Grade, Stations, stated_depth

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from twin.clash.dig import Bottom, Part
    from twin.clash.solids import Floats

    type Heights = Callable[[Floats], Floats]


class Surface(Protocol):
    """Whatever knows the ground at points (n, 2) of x, y in storage CRS, NaN where it does not."""

    def elevations(self, points: Floats, /) -> Floats: ...


_STEP_M = 1.0
# What lies within one such square is read together.
_CELL_M = 1000.0
# Drawings show the ground this far beside the dig.
_DRAWN_M = 4.0
# Beside a battered dig the ground is read this much further than its sides reach, for it may rise there.
_FURTHER = 1.5


@dataclass(frozen=True, slots=True, eq=False)
class Terrain:
    """Ground points, (n, 3) x, y, z in storage CRS; z is NaN where no terrain is known."""

    xyz: Floats
    is_known: bool = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "is_known", bool(np.isfinite(self.xyz[:, 2]).all()))

    @property
    def lowest_m(self) -> float:
        return float(self.xyz[:, 2].min())

    @property
    def highest_m(self) -> float:
        return float(self.xyz[:, 2].max())

    def levelled(self, z: float) -> Terrain:
        """The same points, all of one elevation."""
        return Terrain(np.column_stack([self.xyz[:, :2], np.full(len(self.xyz), z)]))

    def within(self, area: shapely.Geometry, margin_m: float = 0.0) -> Terrain:
        """The points in an area and within a margin of it; the nearest one where there is none."""
        shapely.prepare(area)
        inside = shapely.intersects_xy(area, self.xyz[:, 0], self.xyz[:, 1])
        if inside.all():
            return self
        if margin_m:
            inside[~inside] = shapely.dwithin(area, shapely.points(self.xyz[~inside, :2]), margin_m)
        if not inside.any():
            inside[np.argmin(shapely.distance(area, shapely.points(self.xyz[:, :2])))] = True
        return Terrain(self.xyz[inside])

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
        around = shapely.get_coordinates(shapely.segmentize(rim, _STEP_M))
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
    if not terrain.is_known:
        return terrain
    spreads = [(part.outline, spread) for part in parts if (spread := _spread_m(part, terrain))]
    if not spreads:
        return terrain
    beside = shapely.union_all([outline.buffer(spread * _FURTHER) for outline, spread in spreads])
    (found,) = _read([beside], heights)
    return Terrain(np.vstack([terrain.xyz, found.xyz]))


def _spread_m(part: Part, terrain: Terrain) -> float:
    """How far the working space and the sides of a part reach outside its floor, at its deepest."""
    if isinstance(part, Bore):
        return 0.0
    height_m = terrain.highest_m - _lowest(part.bottom, terrain.lowest_m)
    return part.sides.working_m + part.sides.slope_at(height_m) * max(height_m, 0.0)


def _lowest(bottom: Bottom, ground_m: float) -> float:
    """The lowest elevation of a bottom but for what a grade takes it down, over ground as low as that."""
    depth = stated_depth(bottom)
    if depth is not None:
        return ground_m - depth
    if isinstance(bottom, Stations):
        return min(z for _, z in bottom.points_m)
    start = bottom.start if isinstance(bottom, Grade) else bottom
    return start.elevation_m if isinstance(start, Elevation) else ground_m


def _read(areas: Sequence[shapely.Geometry], heights: Heights) -> list[Terrain]:
    """The ground along every edge and over the inside of each area."""
    points = [_spread_points(area) for area in areas]
    cells: dict[tuple[float, float], list[int]] = defaultdict(list)
    for index, xy in enumerate(points):
        cells[xy[0, 0] // _CELL_M, xy[0, 1] // _CELL_M].append(index)
    found = [_NOWHERE] * len(points)
    for members in cells.values():
        z = heights(np.concatenate([points[index] for index in members]))
        start = 0
        for index in members:
            end = start + len(points[index])
            found[index] = Terrain(np.concatenate([points[index], z[start:end, None]], axis=1))
            start = end
    return found


def _spread_points(area: shapely.Geometry) -> Floats:
    edges = shapely.get_coordinates(shapely.segmentize(area, _STEP_M))
    minx, miny, maxx, maxy = area.bounds
    columns, rows = np.arange(minx, maxx, _STEP_M), np.arange(miny, maxy, _STEP_M)
    grid = np.empty((len(rows), len(columns), 2))
    grid[:, :, 0], grid[:, :, 1] = columns, rows[:, None]
    xy = grid.reshape(-1, 2)
    shapely.prepare(area)
    inside = shapely.contains_xy(area, xy)
    return np.concatenate([edges, xy[inside]])


_NOWHERE = Terrain(np.empty((0, 3)))
