"""What is measured of an object where it comes nearest to the dig."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import shapely

from twin.excavations.package.bodies import axis_in_plan, is_node, section_of

if TYPE_CHECKING:
    from twin.clash.report import Clash, ClashReport
    from twin.clash.solids import Floats
    from twin.excavations.package.relief import Relief

_STEP_M = 0.25
_TOUCH_M = 0.02


@dataclass(frozen=True, slots=True)
class Facts:
    """Elevations of crown and invert and the cover above the crown, in metres, at the place `xy` nearest to the dig.

    None where the elevation, or the ground there, is not known. Of a node crown and invert are cover and bottom.
    """

    xy: tuple[float, float]
    crown_m: float | None
    invert_m: float | None
    cover_m: float | None


def read_facts(report: ClashReport, relief: Relief, clash: Clash) -> Facts:
    """Within the dig, or else nearest to it: at the least cover over that stretch."""
    points = _nearest(report, clash)
    xy = (float(points[0, 0]), float(points[0, 1]))
    if points.shape[1] == 2:
        return Facts(xy, None, None, None)
    if is_node(clash):
        bottom, top = float(clash.axis[:, 2].min()), float(clash.axis[:, 2].max())
        ground = relief.read(points[:1, :2])[0]
        return Facts(xy, top, bottom, _known(ground - top))
    half = section_of(clash).height_m / 2
    cover = relief.read(points[:, :2]) - points[:, 2] - half
    least = 0 if np.isnan(cover).all() else int(np.nanargmin(cover))
    x, y, z = points[least].tolist()
    return Facts((x, y), z + half, z - half, _known(float(cover[least])))


def _nearest(report: ClashReport, clash: Clash) -> Floats:
    """Points (n, 2 or 3) of the axis where it is nearest to the dig in plan."""
    if is_node(clash):
        return clash.axis[:1]
    axis = shapely.LineString(clash.axis)
    within = float(shapely.distance(axis_in_plan(clash), report.excavation.footprint)) + _TOUCH_M
    near = shapely.intersection(axis, report.excavation.footprint.buffer(within))
    return np.asarray(shapely.get_coordinates(shapely.segmentize(near, _STEP_M), include_z=axis.has_z))


def _known(value: float) -> float | None:
    return None if np.isnan(value) else float(value)
