"""Entities of a drawing → geometries: polylines with arcs, circles, ellipses and splines as close chords."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np
import shapely

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from numpy.typing import NDArray

# Greatest distance between a curve and the chords that stand for it.
SAGITTA_M = 0.005

_MOST_CHORDS = 10_000  # enough for a full circle of 100 km radius within 5 mm
_SPLINE_FRAME = 16  # group code 70 of VERTEX: a control point, not on the line
_WIDEST_CURVE = 1e9  # in sagittas
_FIRST_SEGMENTS = 32  # between knots; only the middle of a segment is checked, which an S-bend passes

_Points = list[tuple[float, ...]]


def shape(entity: Any, sagitta: float) -> shapely.Geometry | None:
    """Point, LineString or None for what is no point and no line; world coordinates, z as drawn, drawing units.

    sagitta: greatest distance between curve and chord, drawing units.
    Example: a LWPOLYLINE from (0, 0) to (2, 0) with the bulge 1 is a half circle through (1, -1).
    """
    read = _READERS.get(entity.dxftype())
    if read is None:
        return None
    points = read(entity, sagitta)
    with np.errstate(invalid="ignore"):  # coordinates that are no numbers are told from the geometry later
        if entity.dxftype() == "POINT":
            return shapely.Point(points[0])
        return shapely.LineString(points) if len(points) > 1 else None


def _line(entity: Any, _: float) -> _Points:
    return [tuple(entity.dxf.start), tuple(entity.dxf.end)]


def _point(entity: Any, _: float) -> _Points:
    return [tuple(entity.dxf.location)]


def _light_polyline(entity: Any, sagitta: float) -> _Points:
    flat = _bend(entity.get_points("xyb"), sagitta, closed=entity.closed)
    return _to_world(entity, flat, entity.dxf.elevation)


def _polyline(entity: Any, sagitta: float) -> _Points:
    """2D and 3D polylines; meshes are left aside (no points)."""
    vertices = [v for v in entity.vertices if not v.dxf.flags & _SPLINE_FRAME]
    if entity.is_3d_polyline:
        points = [tuple(v.dxf.location) for v in vertices]
        return [*points, points[0]] if entity.is_closed and points else points
    if not entity.is_2d_polyline:
        return []
    flat = [(v.dxf.location.x, v.dxf.location.y, v.dxf.bulge) for v in vertices]
    height = entity.dxf.elevation.z or (vertices[0].dxf.location.z if vertices else 0.0)
    return _to_world(entity, _bend(flat, sagitta, closed=entity.is_closed), height)


def _multiline(entity: Any, _: float) -> _Points:
    """The middle between the outermost of its parallel lines, which are one thing drawn to its width."""
    points: _Points = []
    for vertex in entity.vertices:
        aside = [own[0] for own in vertex.line_params if own]
        middle = (min(aside) + max(aside)) / 2 if aside else 0.0
        points.append(tuple(vertex.location + vertex.miter_direction * middle))
    return [*points, points[0]] if entity.is_closed and points else points


def _arc(entity: Any, sagitta: float) -> _Points:
    start = math.radians(entity.dxf.start_angle)
    sweep = math.radians((entity.dxf.end_angle - entity.dxf.start_angle) % 360.0) or math.tau
    return _round(entity, start, sweep, sagitta)


def _circle(entity: Any, sagitta: float) -> _Points:
    ring = _round(entity, 0.0, math.tau, sagitta)
    return [*ring[:-1], ring[0]]


def _round(entity: Any, start: float, sweep: float, sagitta: float) -> _Points:
    center, radius = entity.dxf.center, entity.dxf.radius
    angles = start + sweep * np.linspace(0.0, 1.0, count_chords(radius, sweep, sagitta) + 1)
    flat = np.column_stack([center.x + radius * np.cos(angles), center.y + radius * np.sin(angles)])
    return _to_world(entity, flat.tolist(), center.z)


def _flattened(entity: Any, sagitta: float) -> _Points:
    """Ellipses and splines, by the library, which halves until the curve is near: no end for numbers that are none."""
    if entity.dxftype() == "ELLIPSE":
        known = [tuple(entity.dxf.center), tuple(entity.dxf.center + entity.dxf.major_axis)]
    else:
        known = [*entity.control_points, *entity.fit_points]
    if not known or not np.ptp(np.array(known, dtype=float), axis=0).max() < _WIDEST_CURVE * sagitta:
        return [(math.nan, math.nan, math.nan)] * 2
    return [tuple(point) for point in entity.flattening(sagitta, segments=_FIRST_SEGMENTS)]


def count_chords(radius: float, sweep: float, sagitta: float) -> int:
    """Chords by which an arc is drawn: at least one a quarter, and none farther from the arc than the sagitta."""
    if not (math.isfinite(radius) and math.isfinite(sweep)):
        return 1
    quarters = math.ceil(abs(sweep) / (math.pi / 2) - 1e-9)
    ratio = sagitta / radius if radius else 1.0
    step = 2 * math.acos(1 - ratio) if 0 < ratio < 1 else math.pi / 2
    return max(1, quarters, min(math.ceil(abs(sweep) / step), _MOST_CHORDS) if step else _MOST_CHORDS)


def _bend(vertices: Sequence[Sequence[float]], sagitta: float, *, closed: bool) -> _Points:
    """x, y along a polyline of (x, y, bulge); a bulge is the tangent of a quarter of the angle, > 0 to the left."""
    following = [*vertices[1:], *(vertices[:1] if closed else ())]
    points: _Points = [(v[0], v[1]) for v in vertices[:1]]
    for (x, y, bulge), (next_x, next_y, _) in zip(vertices, following, strict=False):
        if bulge and math.isfinite(bulge):
            points += _between((x, y), (next_x, next_y), bulge, sagitta)
        points.append((next_x, next_y))
    return points


def _between(start: tuple[float, float], end: tuple[float, float], bulge: float, sagitta: float) -> _Points:
    """Points on the arc between two vertices, without these."""
    chord = math.dist(start, end)
    sweep, radius = 4 * math.atan(bulge), chord * (1 + bulge**2) / (4 * abs(bulge))
    aside = (1 - bulge**2) / (4 * bulge)
    x = (start[0] + end[0]) / 2 - (end[1] - start[1]) * aside
    y = (start[1] + end[1]) / 2 + (end[0] - start[0]) * aside
    count = count_chords(radius, sweep, sagitta)
    angles = math.atan2(start[1] - y, start[0] - x) + sweep * np.arange(1, count) / count
    return [(x + radius * math.cos(a), y + radius * math.sin(a)) for a in angles.tolist()]


def _to_world(entity: Any, flat: Iterable[Sequence[float]], height: float) -> _Points:
    """From the entity's own plane, which a mirrored one has upside down."""
    points: _Points = [(x, y, height) for x, y in flat]
    ocs = entity.ocs()
    return [tuple(p) for p in ocs.points_to_wcs(points)] if ocs.transform else points


_READERS: dict[str, Callable[[Any, float], _Points]] = {
    "LINE": _line,
    "POINT": _point,
    "LWPOLYLINE": _light_polyline,
    "POLYLINE": _polyline,
    "MLINE": _multiline,
    "ARC": _arc,
    "CIRCLE": _circle,
    "ELLIPSE": _flattened,
    "SPLINE": _flattened,
}


def ring(line: shapely.LineString) -> shapely.Polygon | None:
    """The area within a closed line, or None for an open one."""
    coordinates: NDArray[np.float64] = shapely.get_coordinates(line, include_z=line.has_z)
    closed = len(coordinates) >= 4 and bool((coordinates[0, :2] == coordinates[-1, :2]).all())
    return shapely.Polygon(coordinates) if closed else None
