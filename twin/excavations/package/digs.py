"""What is dug, as it is drawn: the floors and bores that were measured, and what an upright plane cuts out of them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import shapely

from twin.clash.kernel.outlines import direct, list_turns, sharpen
from twin.excavations.package.cuts import Section, cut_line, cut_polygon

if TYPE_CHECKING:
    from twin.clash.report import ClashReport
    from twin.clash.solids import Drive, Excavation, Floats, Floor
    from twin.excavations.package.cuts import Plane

# Neighbouring pieces of one floor share an edge but for rounding.
_SEAM_M = 1e-4
# Above all ground and below all floors of a section.
_BEYOND_M = 100.0
# A leaning side is drawn through so many points, but for those on straight stretches.
_SIDE_POINTS = 129


def rim_of(report: ClashReport) -> shapely.Geometry:
    """Where the dig opens at the ground, and bores in plan; where no ground is known the floors alone."""
    return report.polygon if report.ground_m is None else report.excavation.footprint


def levels_of(floor: Floor, xy: Floats) -> Floats:
    """The deepest reading of a floor at points (n, 2)."""
    return np.asarray(floor.bottom_m + (xy - np.array(floor.origin)) @ np.array(floor.grade))


def cut_dig(plane: Plane, ground: Floats, excavation: Excavation) -> tuple[shapely.Geometry, shapely.Geometry]:
    """What is dug in any case and at the deepest reading of the floors, in u and z; `ground` is (n, 2) in u and z."""
    if len(ground) < 2:
        return shapely.Polygon(), shapely.Polygon()
    beneath = _beneath(ground, excavation)
    bores = [_cut_bore(bore, plane) for bore in excavation.bores]
    dug = []
    for deep in (False, True):
        shapes = [shape for floor in excavation.floors for shape in _cut_floor(floor, plane, deep=deep)]
        dug.append(_join([*(shapely.intersection(shape, beneath) for shape in shapes), *bores]))
    return dug[0], dug[1]


def _beneath(ground: Floats, excavation: Excavation) -> shapely.Polygon:
    """All that lies below the ground."""
    low = excavation.bottom_m[0] - _BEYOND_M
    return shapely.make_valid(shapely.Polygon([*ground.tolist(), (ground[-1, 0], low), (ground[0, 0], low)]))


def _cut_floor(floor: Floor, plane: Plane, *, deep: bool) -> list[shapely.Geometry]:
    """Everything over each stretch of a floor and between its sides, far up."""
    wide = cut_polygon(floor.opening, plane)
    spans = cut_polygon(floor.polygon, plane)
    shapes = [] if spans else [_fill_up(floor, _cut_side(floor, plane, span, deep=deep)) for span in wide]
    for start, end in spans:
        bed = _cut_side(floor, plane, (start, end), deep=deep)[[0, -1]]
        left, right = next((rim for rim in wide if rim[0] <= (start + end) / 2 <= rim[1]), (start, end))
        before = [_cut_side(floor, plane, (left, start), deep=deep)] if left < start else []
        after = [_cut_side(floor, plane, (end, right), deep=deep)] if right > end else []
        shapes.append(_fill_up(floor, np.vstack([*before, bed, *after])))
    return shapes


def _fill_up(floor: Floor, low: Floats) -> shapely.Geometry:
    """Everything over points (n, 2) in u and z."""
    top = floor.ground_m + _BEYOND_M
    return shapely.make_valid(shapely.Polygon([*low.tolist(), (low[-1, 0], top), (low[0, 0], top)]))


def _cut_side(floor: Floor, plane: Plane, span: tuple[float, float], *, deep: bool) -> Floats:
    """The lowest that is dug along a stretch of the plane, (n, 2) in u and z: a leaning side beside the floor."""
    u = np.linspace(*span, _SIDE_POINTS if floor.slope else 2)
    xy = plane.origin + u[:, None] * plane.ahead
    points = shapely.points(xy)
    toes = shapely.get_coordinates(shapely.get_point(shapely.shortest_line(floor.polygon, points), 0))
    up = np.minimum(_measure_out(floor, xy, toes) / floor.slope, floor.side_m) if floor.slope else 0.0
    bed = levels_of(floor, toes) + (0.0 if deep else floor.band_m) + up
    line = shapely.LineString(np.column_stack([u, bed]))
    return np.asarray(shapely.get_coordinates(shapely.simplify(line, _SEAM_M)))


def _measure_out(floor: Floor, xy: Floats, toes: Floats) -> Floats:
    """How far out of the floor points (n, 2) lie, along the sides that lean there: past a corner both go on until they
    meet, as they were measured.
    """
    out = np.hypot(*(xy - toes).T)
    rings = [shapely.get_coordinates(ring).tolist() for ring in shapely.get_rings(floor.outline or floor.polygon)]
    for start, corner, end in list_turns(rings):
        past = np.hypot(*(toes - corner).T) < _SEAM_M
        (ax, ay), (bx, by) = direct(*np.subtract(corner, start)), direct(*np.subtract(end, corner))
        if past.any() and ax * by - ay * bx > 0.0:
            x, y = (xy[past] - corner).T
            ridge = np.hypot(x, y) / sharpen(float(ax * bx + ay * by))
            out[past] = np.max([x * ay - y * ax, x * by - y * bx, ridge], axis=0)
    return np.asarray(out)


def _join(shapes: list[shapely.Geometry]) -> shapely.Geometry:
    """Pieces of one dig as one shape, without the seams between them."""
    filled = [shape.buffer(_SEAM_M, join_style="mitre") for shape in shapes if not shape.is_empty]
    return shapely.union_all(filled).buffer(-_SEAM_M, join_style="mitre") if filled else shapely.Polygon()


def _cut_bore(bore: Drive, plane: Plane) -> shapely.Geometry:
    return cut_line(np.array(bore.axis), Section("circular", 2 * bore.radius_m, 2 * bore.radius_m), plane)
