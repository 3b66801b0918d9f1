"""Rows of the utility layers as the geometry sees them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import shapely

from twin.clash.kernel.body import read_line, read_node
from twin.clash.solids import Quality, Shaft, Tube

if TYPE_CHECKING:
    from layers.candidates import Drawn, Recorded
    from twin.clash.accuracy import Stated
    from twin.clash.kernel.body import Body
    from twin.clash.solids import Floats, Utility

_SCHEMATIC: Stated = ("schematic", None, None)


def read_body(row: Recorded | Drawn, *, heights: bool) -> Body:
    """The object of a row; without `heights` no elevation counts as known.

    Raises: ValueError naming every fault; a number that is not finite is one.
    """
    body = _read(row, heights=heights)
    if not body.is_sound():
        to_utility(row.id, row, body, heights=heights)
        raise ValueError(f"{row.layer} {row.id}: a figure is out of range: repair it, or give None where unknown")
    return body


def read_utility(index: int, row: Recorded | Drawn, *, heights: bool) -> Utility:
    """The same as a value; `index` ties its assessment back to the row."""
    return to_utility(index, row, _read(row, heights=heights), heights=heights)


def to_utility(index: int, row: Recorded | Drawn, body: Body, *, heights: bool) -> Utility:
    """The body of a row as a value. Raises: as `read_body`."""
    radius_m, points = None if body.radius < 0 else body.radius, body.points
    if not body.upright:
        quality = Quality(*state(row), body.lifted, body.bent)
        return Tube(index, points, radius_m, quality, None if body.wide < 0 else (body.wide, body.high))
    inner_m = None if body.inner < 0 else body.inner
    (x, y), (bottom_m, top_m) = points[0][:2], _ends(row, heights=heights)
    return Shaft(index, x, y, bottom_m, top_m, radius_m, Quality(*state(row)), inner_m)


def has_section(row: Recorded) -> bool:
    return row.outer_width_m is not None and row.side_m is not None


def redraw(row: Recorded, axis: Floats) -> Recorded:
    """The row of a line with another axis, (n, 3), or (n, 2) where it has no elevation."""
    line = shapely.LineString(axis)
    plan = shapely.to_wkb(line, output_dimension=2, byte_order=1)
    has_z = axis.shape[1] > 2
    return row._replace(geom=plan, axis=shapely.to_wkb(line, byte_order=1, flavor="iso") if has_z else None)


def state(row: Recorded | Drawn) -> Stated:
    """What is stated of the quality of a row; a schematic record states nothing else."""
    if row.schematic:
        return _SCHEMATIC
    return row.quality_level, row.horizontal_accuracy_m, row.vertical_accuracy_m


def _read(row: Recorded | Drawn, *, heights: bool) -> Body:
    if row.layer == "utility_nodes":
        return read_node(row.geom, row.section_shape, row.outer_width_m, row.side_m, *_ends(row, heights=heights))
    wkb = row.axis if heights and row.axis is not None else row.geom
    is_assumed = row.vertical_reference == "unstated"
    return read_line(wkb, row.section_shape, row.outer_width_m, row.side_m, is_crown_assumed=is_assumed)


def _ends(row: Recorded | Drawn, *, heights: bool) -> tuple[float | None, float | None]:
    """The bottom of a node, and the highest that is recorded of cover and ground: a shaft comes up to the ground.

    Without either nobody knows how far up it comes: it is no plate at its bottom.
    """
    if not heights:
        return None, None
    if row.cover_m is None and row.ground_m is None:
        return row.bottom_m, None
    return row.bottom_m, max(z for z in (row.cover_m, row.ground_m, row.bottom_m) if z is not None)
