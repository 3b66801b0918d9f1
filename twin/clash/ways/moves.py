"""Planned digs changed a little: moved, narrowed, raised, turned over a street's middle, cut into stretches. Pure."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import shapely
from shapely.ops import substring

from twin.clash.dig import Bore, Depth, Elevation, Grade, Pit, PlannedDig, Sides, Stations, Support, Trench
from twin.clash.laying import middle_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from twin.clash.dig import Bottom, Part
    from twin.clash.solids import Floats
    from twin.clash.works import PlannedUtility

    type Plan = Callable[[Floats], Floats]

_SHORTEST_M = 0.05


def rebuild(dig: PlannedDig, parts: tuple[Part, ...], laid: tuple[PlannedUtility, ...] | None = None) -> PlannedDig:
    """The dig with other parts, and perhaps other things that it lays."""
    works = dig.works if laid is None else replace(dig.works, laid=laid)
    made = PlannedDig.of(dig.name, parts, dig.crs, starts_on=dig.starts_on, ends_on=dig.ends_on)
    return replace(made, works=works)


def as_trench(dig: PlannedDig) -> Trench | None:
    """The dig as one trench: it is one, or a rectangular pit at least as long as wide; None of any other."""
    if len(dig.parts) != 1:
        return None
    part = dig.parts[0]
    if isinstance(part, Trench):
        return replace(part, line=shapely.remove_repeated_points(part.line))
    line = middle_of(part) if isinstance(part, Pit) else None
    if line is None or isinstance(part, Bore):
        return None
    return Trench(line, float(part.outline.area / line.length), part.bottom, part.sides)


def heading(dig: PlannedDig) -> Floats:
    """The unit vector along a dig: of its line from end to end, or of the longer side of the rectangle around it."""
    trench = as_trench(dig)
    if trench is not None:
        ends = shapely.get_coordinates(trench.line)[[0, -1]]
        if np.hypot(*(ends[1] - ends[0])) > _SHORTEST_M:
            return _unit(ends[1] - ends[0])
    a, b, c = shapely.get_coordinates(shapely.oriented_envelope(dig.polygon))[:3]
    return _unit(b - a if np.hypot(*(b - a)) >= np.hypot(*(c - b)) else c - b)


def move(dig: PlannedDig, plan: Plan) -> PlannedDig:
    """The dig with every point of its parts, and of what it lays, moved in plan by a function of (n, 2) to (n, 2)."""
    parts = tuple(_move_part(part, plan) for part in dig.parts)
    laid = tuple(
        own if own.path is None else replace(own, path=shapely.transform(own.path, plan)) for own in dig.works.laid
    )
    return rebuild(dig, parts, laid)


def _move_part(part: Part, plan: Plan) -> Part:
    if isinstance(part, Pit):
        return replace(part, outline=shapely.transform(part.outline, plan))
    return replace(part, line=shapely.transform(part.line, plan))


def shift(dig: PlannedDig, step: Floats) -> PlannedDig:
    """The dig moved by a vector in metres."""
    return move(dig, lambda points: points + step)


def mirror(dig: PlannedDig, road: shapely.Geometry) -> PlannedDig:
    """The dig on the other side of a street's middle line, each point as far from it as before; pits are only moved."""
    if any(isinstance(part, Pit) for part in dig.parts):
        (middle,) = shapely.get_coordinates(dig.polygon.centroid)
        return shift(dig, 2 * (_nearest(road, np.array([middle]))[0] - middle))
    return move(dig, lambda points: 2 * _nearest(road, points) - points)


def _nearest(road: shapely.Geometry, points: Floats) -> Floats:
    lines = shapely.shortest_line(road, shapely.points(points))
    return np.asarray(shapely.get_coordinates(shapely.get_point(lines, 0)))


def narrow(trench: Trench, width_m: float) -> Trench:
    return replace(trench, width_m=width_m)


def shore(dig: PlannedDig, working_m: float) -> PlannedDig | None:
    """The dig with upright shored sides instead of leaning ones; None where none leans."""
    if not any(not isinstance(part, Bore) and part.sides.support is Support.BATTERED for part in dig.parts):
        return None
    shored = Sides(Support.SHORED, working_m)
    return rebuild(dig, tuple(part if isinstance(part, Bore) else replace(part, sides=shored) for part in dig.parts))


def lift(dig: PlannedDig, by_m: float) -> PlannedDig | None:
    """The dig and what it lays higher by so much, lower where that is less than 0; None where nothing is left of it."""
    parts = [_lift_part(part, by_m) for part in dig.parts]
    laid = tuple(own if own.depth_m is None else replace(own, depth_m=own.depth_m - by_m) for own in dig.works.laid)
    if any(part is None for part in parts) or any((own.depth_m or 0.0) < 0 for own in laid):
        return None
    return rebuild(dig, tuple(part for part in parts if part is not None), laid)


def _lift_part(part: Part, by_m: float) -> Part | None:
    level = lift_level(part.axis if isinstance(part, Bore) else part.bottom, by_m)
    if level is None:
        return None
    if isinstance(part, Bore):
        return replace(part, axis=level)
    return replace(part, bottom=level)  # type: ignore[arg-type]


def lift_level(level: Bottom, by_m: float) -> Bottom | None:
    """A level higher by so much; None where it would come out of the ground."""
    if isinstance(level, Depth):
        return Depth(round(level.below_ground_m - by_m, 6)) if level.below_ground_m - by_m > _SHORTEST_M else None
    if isinstance(level, Elevation):
        return Elevation(round(level.elevation_m + by_m, 6))
    if isinstance(level, Stations):
        return Stations(tuple((at, round(z + by_m, 6)) for at, z in level.points_m))
    start = lift_level(level.start, by_m)
    return Grade(start, level.fall) if isinstance(start, Depth | Elevation) else None


def cut(trench: Trench, begin_m: float, end_m: float, ground: Plan) -> Trench:
    """The stretch of a trench between two stations; `ground` are elevations at points (n, 2)."""
    line = substring(trench.line, begin_m, end_m)
    return replace(trench, line=line, bottom=_cut_level(trench, begin_m, end_m, ground))


def _cut_level(trench: Trench, begin_m: float, end_m: float, ground: Plan) -> Bottom:
    bottom = trench.bottom
    if isinstance(bottom, Stations):
        at, z = (list(column) for column in zip(*bottom.points_m, strict=True))
        inner = [(s, level) for s, level in bottom.points_m if begin_m < s < end_m]
        ends = [(s, float(np.interp(s, at, z))) for s in (begin_m, end_m)]
        return Stations(tuple((s - begin_m, level) for s, level in (ends[0], *inner, ends[1])))
    if not isinstance(bottom, Grade):
        return bottom
    if isinstance(bottom.start, Depth):
        first = float(ground(shapely.get_coordinates(trench.line)[:1])[0]) - bottom.start.below_ground_m
    else:
        first = bottom.start.elevation_m
    return Grade(Elevation(first - bottom.fall * begin_m), bottom.fall)


def extend(line: shapely.LineString, before_m: float, after_m: float) -> shapely.LineString:
    """The line, straight on by so much at its start and its end."""
    xy = shapely.get_coordinates(line)
    first, last = _unit(xy[0] - xy[1]), _unit(xy[-1] - xy[-2])
    start = [xy[0] + first * before_m] if before_m > 0 else []
    end = [xy[-1] + last * after_m] if after_m > 0 else []
    return shapely.LineString([*start, *xy, *end])


def _unit(vector: Floats) -> Floats:
    return np.asarray(vector / np.hypot(*vector))
