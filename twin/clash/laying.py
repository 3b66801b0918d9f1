"""Where what will be laid will lie: along its own path or the middle of the dig, at its depth or on the bottom."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import shapely

from twin.clash.accuracy import Accuracy, Wording
from twin.clash.dig import Bore, Depth, Elevation, Grade, Trench
from twin.clash.meeting import Placed
from twin.clash.solids import Tube

if TYPE_CHECKING:
    from twin.clash.dig import Bottom, Part
    from twin.clash.solids import Floats
    from twin.clash.terrain import Surface
    from twin.clash.works import PlannedUtility

_STEP_M = 2.0
# A pit that fills less of its smallest rectangle has no middle line that all would agree on.
_RECTANGULAR = 0.95
AS_PLANNED = Accuracy(0.0, 0.0, Wording(en="as planned", vi="theo thiết kế"))


def middle_of(part: Part) -> shapely.LineString | None:
    """The line along which something lies in a part that has no line of its own; None where nobody could say."""
    if isinstance(part, Trench | Bore):
        return part.line
    rectangle = part.outline.minimum_rotated_rectangle
    if not isinstance(rectangle, shapely.Polygon) or part.outline.area < _RECTANGULAR * rectangle.area:
        return None
    corners = shapely.get_coordinates(rectangle)
    a, b, c, d = corners[:4]
    long = ((a + d) / 2, (b + c) / 2) if np.hypot(*(b - a)) >= np.hypot(*(c - b)) else ((a + b) / 2, (c + d) / 2)
    return shapely.LineString(long)


def place(utility: PlannedUtility, parts: tuple[Part, ...], ground: Surface, bedding_m: float) -> list[Placed]:
    """The utility as it will lie: along its path, or along the middle of every part; x, y without z where unknown."""
    if utility.path is not None:
        return [_placed(utility, utility.path, _heights(utility, None, utility.path, ground, bedding_m))]
    lines = [(part, middle_of(part)) for part in parts]
    return [
        _placed(utility, line, _heights(utility, part, line, ground, bedding_m))
        for part, line in lines
        if line is not None
    ]


def _placed(utility: PlannedUtility, line: shapely.LineString, z: Floats) -> Placed:
    xy = _points(line)
    axis = np.column_stack([xy, z]) if np.isfinite(z).all() else xy
    return Placed(Tube(0, tuple(map(tuple, axis.tolist())), utility.radius_m), AS_PLANNED, utility.radius_m)


def _points(line: shapely.LineString) -> Floats:
    return np.asarray(shapely.get_coordinates(shapely.segmentize(shapely.force_2d(line), _STEP_M)))


def _heights(
    utility: PlannedUtility, part: Part | None, line: shapely.LineString, ground: Surface, bedding_m: float
) -> Floats:
    """Elevations of the axis at the points of a line, NaN where the ground is not known."""
    xy, half = _points(line), utility.size_m[1] / 2
    if utility.crown_m is not None:
        return np.asarray(ground.elevations(xy) - utility.crown_m - half)
    if part is None:
        raise ValueError("a path of its own without a depth: give depth_m of what is laid")
    if isinstance(part, Bore):
        return _level(part.axis, line, ground)
    return _level(part.bottom, line, ground) + bedding_m + half


def _level(bottom: Bottom, line: shapely.LineString, ground: Surface) -> Floats:
    xy = _points(line)
    along = np.concatenate([[0.0], np.cumsum(np.hypot(*np.diff(xy, axis=0).T))])
    if isinstance(bottom, Grade):
        return np.asarray(_level(bottom.start, line, ground)[0] - bottom.fall * along)
    if isinstance(bottom, Depth):
        return np.asarray(ground.elevations(xy) - bottom.below_ground_m)
    if isinstance(bottom, Elevation):
        return np.full(len(xy), bottom.elevation_m)
    stations, heights = zip(*bottom.points_m, strict=True)
    return np.asarray(np.interp(along, stations, heights))
