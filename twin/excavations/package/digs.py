"""What is dug, as it is drawn: the floors and bores that were measured, and what an upright plane cuts out of them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import shapely

from twin.excavations.package.cuts import Section, cut_line, cut_polygon

if TYPE_CHECKING:
    from twin.clash.report import ClashReport
    from twin.clash.solids import Drive, Excavation, Floats, Floor
    from twin.excavations.package.cuts import Plane

# Neighbouring pieces of one floor share an edge but for rounding.
_SEAM_M = 1e-4
# Above all ground and below all floors of a section.
_BEYOND_M = 100.0
# A leaning side that is cut beside its floor is drawn through so many points.
_SIDE_POINTS = 33


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
    shapes = [] if spans else [_cut_side(floor, plane, span, deep=deep) for span in wide]
    for span in spans:
        u = np.array(span)
        bed = levels_of(floor, plane.origin + u[:, None] * plane.ahead) + (0.0 if deep else floor.band_m)
        left, right = next((rim for rim in wide if rim[0] <= u.mean() <= rim[1]), span)
        side, top = floor.side_m if floor.slope else 0.0, floor.ground_m + _BEYOND_M
        shapes.append(
            shapely.make_valid(
                shapely.Polygon(
                    [
                        (u[0], bed[0]), (u[1], bed[1]), (right, bed[1] + side), (right, top), (left, top),
                        (left, bed[0] + side),
                    ]
                )
            )
        )  # fmt: skip
    return shapes


def _cut_side(floor: Floor, plane: Plane, span: tuple[float, float], *, deep: bool) -> shapely.Geometry:
    """Everything over a leaning side where the plane passes beside the floor."""
    u = np.linspace(*span, _SIDE_POINTS)
    points = shapely.points(plane.origin + u[:, None] * plane.ahead)
    toes = shapely.get_coordinates(shapely.get_point(shapely.shortest_line(floor.polygon, points), 0))
    up = np.minimum(shapely.distance(floor.polygon, points) / floor.slope, floor.side_m)
    bed = levels_of(floor, toes) + (0.0 if deep else floor.band_m) + up
    top = floor.ground_m + _BEYOND_M
    return shapely.make_valid(shapely.Polygon([*zip(u.tolist(), bed.tolist(), strict=True), (u[-1], top), (u[0], top)]))


def _join(shapes: list[shapely.Geometry]) -> shapely.Geometry:
    """Pieces of one dig as one shape, without the seams between them."""
    filled = [shape.buffer(_SEAM_M, join_style="mitre") for shape in shapes if not shape.is_empty]
    return shapely.union_all(filled).buffer(-_SEAM_M, join_style="mitre") if filled else shapely.Polygon()


def _cut_bore(bore: Drive, plane: Plane) -> shapely.Geometry:
    return cut_line(np.array(bore.axis), Section("circular", 2 * bore.radius_m, 2 * bore.radius_m), plane)
