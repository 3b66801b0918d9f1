"""The parts of a dig as they are drawn: floors, rims, and what an upright plane cuts out of them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import shapely

from twin.clash.dig import Bore, Depth, Elevation, Grade, Pit, Stations
from twin.excavations.package.cuts import Section, cut_line, cut_polygon

if TYPE_CHECKING:
    from twin.clash.dig import Bottom, Part
    from twin.clash.report import ClashReport
    from twin.clash.solids import Floats
    from twin.excavations.package.cuts import Plane


def rim_of(part: Part, report: ClashReport) -> shapely.Geometry:
    """Where the part opens at the ground: its floor widened by working space and battered sides."""
    if isinstance(part, Bore) or report.ground_m is None:
        return part.outline
    ends = shapely.get_coordinates(part.outline)
    height = max(report.ground_m[1] - float(floor_levels(part, ends, report)[0].min()), 0.0)
    return _widen(part, height)


def floor_levels(part: Part, xy: Floats, report: ClashReport) -> tuple[Floats, Floats]:
    """Lowest and highest reading of the floor, or of a bore's axis, at points (n, 2)."""
    bottom: Bottom = part.axis if isinstance(part, Bore) else part.bottom
    drop = np.zeros(len(xy))
    if not isinstance(part, Pit):
        stations = shapely.line_locate_point(part.line, shapely.points(xy))
        if isinstance(bottom, Grade):
            drop = bottom.fall * stations
        elif not isinstance(bottom, Depth | Elevation):
            levels = np.interp(stations, *np.array(bottom.points_m).T)
            return levels, levels
    start = bottom.start if isinstance(bottom, Grade) else bottom
    if isinstance(start, Stations):
        raise TypeError("levels along a line belong to a trench or a bore")
    ground = report.ground_m or (0.0, 0.0)
    low, high = ((g - start.below_ground_m for g in ground) if isinstance(start, Depth)
                 else (start.elevation_m,) * 2)  # fmt: skip
    return low - drop, high - drop


def cut_dig(part: Part, plane: Plane, ground: Floats, report: ClashReport) -> tuple[shapely.Geometry, shapely.Geometry]:
    """What is dug in any case and at the deepest reading of the floor, in u and z; `ground` is (n, 2) in u and z."""
    if isinstance(part, Bore):
        low, high = (_cut_bore(part, plane, report, deep=deep) for deep in (True, False))
        return high, low
    spans = cut_polygon(part.outline, plane)
    shapes = [[_cut_span(part, span, plane, ground, report, deep=deep) for span in spans] for deep in (False, True)]
    return shapely.union_all(shapes[0]), shapely.union_all(shapes[1])


def _cut_span(  # noqa: PLR0913 - one place of one part, at one reading
    part: Part, span: tuple[float, float], plane: Plane, ground: Floats, report: ClashReport, *, deep: bool
) -> shapely.Geometry:
    """Between the floor over one stretch and the ground above it; battered sides lean outwards."""
    u = np.array(span)
    floor = floor_levels(part, plane.origin + u[:, None] * plane.ahead, report)[0 if deep else 1]
    surface = np.interp(u, ground[:, 0], ground[:, 1])
    height = float(max((surface - floor).max(), 0.0))
    rims = [rim for rim in cut_polygon(_widen(part, height), plane) if rim[0] < u.mean() < rim[1]]
    left, right = rims[0] if rims else span
    between = ground[(ground[:, 0] > left) & (ground[:, 0] < right)]
    top = [(end, float(np.interp(end, ground[:, 0], ground[:, 1]))) for end in (left, right)]
    low, high = cut_polygon(_widen(part, 0.0), plane)[0][0], cut_polygon(_widen(part, 0.0), plane)[-1][1]
    bed = [(min(max(span[1], high), right), float(floor[1])), (max(min(span[0], low), left), float(floor[0]))]
    return shapely.make_valid(shapely.Polygon([top[0], *between.tolist(), top[1], *bed]))


def _cut_bore(bore: Bore, plane: Plane, report: ClashReport, *, deep: bool) -> shapely.Geometry:
    line = shapely.get_coordinates(shapely.segmentize(bore.line, 1.0))
    axis = np.column_stack([line, floor_levels(bore, line, report)[0 if deep else 1]])
    return cut_line(axis, Section("circular", 2 * bore.radius_m, 2 * bore.radius_m), plane)


def _widen(part: Part, height_m: float) -> shapely.Geometry:
    """The outline of a part so high above its floor."""
    if isinstance(part, Bore):
        return part.outline
    side = part.sides.working_m + part.sides.slope_at(height_m) * height_m
    return part.outline.buffer(side, join_style="mitre") if side else part.outline
