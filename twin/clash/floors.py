"""What a planned dig takes out of the ground: floors that follow the terrain, a grade or an elevation, and bores.

A floor that follows the terrain is cut into pieces until the ground over each is a plane but for a few centimetres;
these remain as the band between the deepest and the shallowest reading of its bottom.
"""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np
import shapely

from layers.errors import Invalid, Sentence
from twin.clash.dig import Bore, Depth, Elevation, Grade, Pit, Stations, Support
from twin.clash.kernel.cutting import Ground, cut_beds
from twin.clash.solids import ELEVATION_M, SIZE_M, Drive, Excavation, Floor, is_convex
from twin.clash.spelling import comma
from twin.clash.terrain import FARTHEST_M, STEP_M

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from twin.clash.dig import Bottom, Part, Sides, Trench
    from twin.clash.solids import Floats
    from twin.clash.terrain import Terrain

# A piece is cut again while the ground over it is off its plane by more than this, and it is longer than the least.
_RELIEF_M = 0.02
_SHORTEST_M = 1.5
_MOST_PIECES = 256
# Deeper below the ground nobody may ask to dig, so that no level lies further below ground that is not known.
_DEEPEST_M = 30.0
# Joints of a trench smaller than this are rounding.
_SLIVER_M2 = 1e-9
_ROUNDING_M = 1e-6
# The ground is known a metre apart: between points on both sides of an edge it is anything from one to the other.
_BESIDE_M = STEP_M + _ROUNDING_M


def lay_excavation(parts: Sequence[Part], terrain: Terrain) -> Excavation:
    """The excavation of parts over known ground. Raises: Invalid where a bottom is not below the ground."""
    floors = [floor for part in parts if not isinstance(part, Bore) for floor in _floors(part, terrain)]
    bores = [_drive(part, terrain) for part in parts if isinstance(part, Bore)]
    return Excavation(tuple(floors), tuple(bores))


def assume_ground(parts: Sequence[Part]) -> float:
    """An elevation that stands for ground which nobody knows: above all that is stated, 0 where nothing is."""
    stated = [z for part in parts for z in _elevations(part.axis if isinstance(part, Bore) else part.bottom)]
    return min(max(stated) + _DEEPEST_M, ELEVATION_M[1]) if stated else 0.0


def _elevations(bottom: Bottom) -> list[float]:
    if isinstance(bottom, Stations):
        return [z for _, z in bottom.points_m]
    start = bottom.start if isinstance(bottom, Grade) else bottom
    return [start.elevation_m] if isinstance(start, Elevation) else []


def _floors(part: Pit | Trench, terrain: Terrain) -> list[Floor]:
    outline = part.outline
    if part.sides.working_m:
        outline = outline.buffer(part.sides.working_m, join_style="mitre")
    over = terrain.within(outline)
    pieces = list(_pieces(part, outline, over))
    levels = [level for piece in pieces for level in piece.levels()]
    deepest = min(levels)
    if max(levels) > over.highest_m or deepest >= over.highest_m:
        raise _above_ground(deepest, over.highest_m)
    if part.sides.support is not Support.BATTERED:
        return pieces
    return _lean(pieces, part.sides, outline, terrain)


def _lean(pieces: list[Floor], sides: Sides, outline: shapely.Polygon, terrain: Terrain) -> list[Floor]:
    """The pieces with sides of the slope that the highest of them needs, up to where they come out of the ground."""
    slope = sides.slope_at(0.0)
    while True:
        leaning = [_climb(piece, replace(sides, slope=slope), terrain) for piece in pieces]
        needed = sides.slope_at(max(piece.side_m for piece in leaning))
        if needed <= slope:
            return [replace(piece, outline=outline) for piece in leaning] if slope else pieces
        slope = needed


def _climb(piece: Floor, sides: Sides, terrain: Terrain) -> Floor:
    """The piece with sides of one slope. Raises: Invalid where it is not below the ground, or never comes out of it."""
    reach_m = searched_m = 0.0
    while True:
        near = terrain.within(piece.polygon, searched_m)
        height_m = near.climb(piece.polygon, partial(_levels_beside, piece), sides)
        reach_m = sides.slope_at(height_m) * height_m
        if height_m <= 0:
            raise _above_ground(piece.bottom_m, near.highest_m)
        if height_m > SIZE_M[1] or reach_m > FARTHEST_M:
            raise _endless(sides.slope_at(height_m))
        if reach_m < searched_m or not reach_m:
            ground_m = terrain.within(piece.polygon, reach_m + STEP_M if reach_m else 0.0).highest_m
            return replace(piece, slope=sides.slope_at(height_m), height_m=height_m, ground_m=ground_m)
        searched_m = 2 * reach_m + STEP_M


def _above_ground(bottom_m: float, ground_m: float) -> Invalid:
    return Invalid(
        Sentence(
            f"the bottom at {bottom_m:.2f} m is not below the ground at {ground_m:.2f} m: check its level",
            f"đáy ở cao độ {comma(bottom_m, '.2f')} m không thấp hơn mặt đất {comma(ground_m, '.2f')} m:"
            " kiểm tra cao độ",
        )
    )


def _endless(slope: float) -> Invalid:
    return Invalid(
        Sentence(
            f"sides of slope {slope:g} do not come out of the rising ground within {FARTHEST_M:g} m in plan and"
            f" {SIZE_M[1]:g} m in height: shore them, or give a steeper slope",
            f"mái dốc {comma(slope)} không lên tới mặt đất trong phạm vi {comma(FARTHEST_M)} m trên mặt bằng và"
            f" {comma(SIZE_M[1])} m chiều cao: hãy chống vách hoặc ghi mái dốc đứng hơn",
        )
    )


def _levels_beside(piece: Floor, xy: Floats) -> Floats:
    """The level of the floor at its point nearest to each of some points (n, 2)."""
    lines = shapely.shortest_line(piece.polygon, shapely.points(xy))
    x, y = shapely.get_coordinates(shapely.get_point(lines, 0)).T
    return np.asarray(piece.bottom_m + (x - piece.origin[0]) * piece.grade[0] + (y - piece.origin[1]) * piece.grade[1])


def _pieces(part: Pit | Trench, outline: shapely.Polygon, over: Terrain) -> Iterator[Floor]:
    """Floors with upright sides."""
    bottom = part.bottom
    if isinstance(bottom, Elevation):
        yield Floor(outline, bottom.elevation_m, _above(over.highest_m, bottom.elevation_m))
    elif isinstance(bottom, Depth):
        yield from _follow(outline, bottom.below_ground_m, over)
    elif not isinstance(part, Pit):
        yield from _along(part, outline, over)


def _above(ground_m: float, bottom_m: float) -> float:
    """The ground, or just over a bottom that is not below it, which is refused with all that is known of it."""
    return max(ground_m, bottom_m + 1e-3)


def _follow(outline: shapely.Polygon, depth_m: float, over: Terrain) -> Iterator[Floor]:
    """A floor at one depth below the ground, in as many pieces as the ground asks for."""
    if over.highest_m - over.lowest_m <= _RELIEF_M:
        yield Floor(outline, over.lowest_m - depth_m, over.highest_m, over.highest_m - over.lowest_m)
        return
    least_m = max(_SHORTEST_M, (outline.area / _MOST_PIECES) ** 0.5, outline.length / 2 / _MOST_PIECES)
    ground = Ground(*over.xyz.T.tolist())
    for piece, near in _convex(outline, ground):
        ring = _corners(piece)
        for bed in cut_beds(ring, near, _BESIDE_M, _RELIEF_M, least_m):
            polygon = piece if bed.ring is ring else shapely.polygons(bed.ring)
            plane = (bed.gx, bed.gy), (bed.x, bed.y)
            yield Floor(polygon, bed.low - depth_m, bed.highest, bed.band, *plane, outline=outline)


def _convex(outline: shapely.Polygon, ground: Ground) -> Iterator[tuple[shapely.Polygon, Ground]]:
    """Convex pieces of an outline, and the ground near each."""
    if is_convex(outline):
        yield outline, ground
        return
    for piece in shapely.get_parts(shapely.constrained_delaunay_triangles(outline)):
        yield piece, ground.beside(_corners(piece), _BESIDE_M)


def _corners(convex: shapely.Polygon) -> list[tuple[float, float]]:
    """The corners of a polygon, each once, anticlockwise."""
    ring = convex.exterior
    xy = shapely.get_coordinates(ring)[:-1] if ring.is_ccw else shapely.get_coordinates(ring)[:0:-1]
    return [(x, y) for x, y in xy.tolist()]


def _along(part: Trench, outline: shapely.Polygon, over: Terrain) -> Iterator[Floor]:
    """The floor of a trench whose bottom is given along its line: straight pieces, and level joints at its bends."""
    stations = _stations(part.bottom, part.line, over)
    half_m = part.width_m / 2 + part.sides.working_m
    straights = []
    for start, end in pairwise(_breaks(part.line, stations)):
        straight = shapely.buffer(shapely.LineString([start[0], end[0]]), half_m, cap_style="flat")
        straights.append(straight)
        (x0, y0), (x1, y1) = start[0], end[0]
        length2 = (x1 - x0) ** 2 + (y1 - y0) ** 2
        rise = (end[1] - start[1]) / length2
        ground_m = _above(over.within(straight).highest_m, max(start[1], end[1]))
        yield Floor(straight, start[1], ground_m, grade=((x1 - x0) * rise, (y1 - y0) * rise), origin=(x0, y0))
    # Without slivers of rounding along the sides, which would tie joints together.
    known = shapely.buffer(shapely.union_all(straights), _ROUNDING_M, join_style="mitre")
    for joint in shapely.get_parts(shapely.difference(outline, known)):
        if joint.geom_type == "Polygon" and joint.area > _SLIVER_M2:
            level = _level_at(stations, float(part.line.project(joint.centroid)))
            yield Floor(joint, level, _above(over.highest_m, level))


def _drive(part: Bore, terrain: Terrain) -> Drive:
    """The axis of a bore. Raises: Invalid where it comes out of the ground."""
    line = part.line
    if isinstance(part.axis, Depth):
        xy = shapely.get_coordinates(shapely.segmentize(line, STEP_M))
        ground = terrain.nearest(xy) - part.axis.below_ground_m
        axis = [(x, y, z) for (x, y), z in zip(xy.tolist(), ground.tolist(), strict=True)]
    else:
        axis = [(x, y, z) for (x, y), z in _breaks(line, _stations(part.axis, line, terrain))]
    highest = terrain.within(part.outline).highest_m
    if max(z for _, _, z in axis) >= highest:
        raise Invalid(
            Sentence(
                f"the bore's axis is not below the ground at {highest:.2f} m: check its level",
                f"trục lỗ khoan không thấp hơn mặt đất {comma(highest, '.2f')} m: kiểm tra cao độ",
            )
        )
    return Drive(tuple(axis), part.radius_m)


type _Levels = list[tuple[float, float]]


def _stations(bottom: Bottom, line: shapely.LineString, over: Terrain) -> _Levels:
    """(station, elevation) pairs from the start to the end of a line."""
    length_m = float(line.length)
    if isinstance(bottom, Stations):
        inner = [(at, z) for at, z in bottom.points_m if 0 < at < length_m]
        ends = [(at, _level_at(list(bottom.points_m), at)) for at in (0.0, length_m)]
        return [ends[0], *inner, ends[1]]
    start, fall = (bottom.start, bottom.fall) if isinstance(bottom, Grade) else (bottom, 0.0)
    if isinstance(start, Depth):
        level = float(over.nearest(shapely.get_coordinates(line)[:1])[0]) - start.below_ground_m
    else:
        level = start.elevation_m
    return [(0.0, level), (length_m, level - fall * length_m)]


def _level_at(stations: _Levels, at_m: float) -> float:
    """Straight between stations, level beyond the first and the last."""
    at, level = np.array(stations).T
    return float(np.interp(at_m, at, level))


def _breaks(line: shapely.LineString, stations: _Levels) -> list[tuple[tuple[float, float], float]]:
    """The points, with their elevation, between which a line and its levels are both straight."""
    xy = shapely.get_coordinates(line)
    along = np.concatenate([[0.0], np.cumsum(np.hypot(*np.diff(xy, axis=0).T))]).tolist()
    places = sorted({*along, *(at for at, _ in stations)})
    kept = [places[0]] + [b for a, b in pairwise(places) if b - a > 1e-6]
    points = [(float(np.interp(at, along, xy[:, 0])), float(np.interp(at, along, xy[:, 1]))) for at in kept]
    return [(point, _level_at(stations, at)) for point, at in zip(points, kept, strict=True)]
