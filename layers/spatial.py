"""Places in CQL2 expressions (OGC 21-065r2, 7.6): the literal is brought into the storage CRS, never the column."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import numpy as np
import shapely
from psycopg import sql

from layers.area import area, usable
from layers.crs import WGS84, parse_crs, transform_geometries
from layers.errors import Invalid
from layers.query import Box
from layers.term import Term

if TYPE_CHECKING:
    from layers.term import Scope

RELATIONS: dict[str, str] = {
    "s_intersects": "st_intersects({}, {})",
    "s_disjoint": "not st_intersects({}, {})",
    "s_equals": "st_equals({}, {})",
    "s_touches": "st_touches({}, {})",
    "s_within": "st_within({}, {})",
    "s_overlaps": "st_overlaps({}, {})",
    "s_crosses": "st_crosses({}, {})",
    "s_contains": "st_contains({}, {})",
}
_MOST_POINTS = 10_000


def relate(operation: str, first: Term, second: Term) -> Term:
    """Raises: Invalid where one of the two is no geometry."""
    for term in (first, second):
        if term.kind != "geometry":
            raise Invalid(f"filter: {operation.upper()} compares geometries, not a {term.kind}")
        if term.geometry_type == "GeometryCollection" and operation not in ("s_intersects", "s_disjoint"):
            raise Invalid(
                f"filter: {operation.upper()} is not defined for a mixed GEOMETRYCOLLECTION (OGC 06-103r4, 6.1.15)"
            )
    return Term(sql.SQL("(" + RELATIONS[operation] + ")").format(first.text, second.text), "boolean")


def read_bbox(numbers: Any, scope: Scope) -> Term:
    """Raises: Invalid for anything but 4 or 6 numbers that make a box."""
    if not isinstance(numbers, list) or len(numbers) not in (4, 6) or not all(map(_is_number, numbers)):
        raise Invalid("filter: a BBOX has 4 numbers, or 6 with heights")
    half = len(numbers) // 2
    (x0, y0), (x1, y1) = (_xy(corner[:2], scope) for corner in (numbers[:half], numbers[half:]))
    if max(map(abs, (x0, y0, x1, y1))) > 1e9:
        raise Invalid("filter: no place on earth has such coordinates")
    box = Box(x0, y0, x1, y1, crs=scope.condition.crs)
    return _bind(area(box, scope.storage), scope)


def read_geometry(document: dict[str, Any], scope: Scope) -> Term:
    """Raises: Invalid for what is no geometry, or lies nowhere in the storage CRS."""
    try:
        shape = shapely.from_geojson(json.dumps(document))
    except (shapely.errors.GEOSException, ValueError, TypeError) as error:
        raise Invalid(f"filter: the geometry ({str(document.get('type'))[:40]}) cannot be read") from error
    if shape is None or shape.is_empty or shapely.get_num_coordinates(shape) > _MOST_POINTS:
        raise Invalid(f"filter: a geometry has 1 to {_MOST_POINTS} points")
    if not shape.is_valid:
        raise Invalid(f"filter: the geometry is not valid: {shapely.is_valid_reason(shape)}")
    shape = shapely.force_2d(shape)
    if (
        shape.geom_type == "GeometryCollection"
        and len({part.geom_type.removeprefix("Multi") for part in shape.geoms}) == 1
    ):
        shape = shapely.union_all(list(shape.geoms))
    return _bind(_stored(shape, scope), scope)


def _stored(shape: shapely.Geometry, scope: Scope) -> shapely.Geometry:
    """In storage CRS, x before y; an area is cut to where that is usable."""
    condition, storage, wgs84 = scope.condition, scope.storage, parse_crs(WGS84)
    if condition.is_yx:
        shape = shapely.transform(shape, lambda points: points[:, ::-1])
    if condition.crs == storage:
        return shape
    on_earth = transform_geometries(np.array([shape], dtype=object), condition.crs, wgs84)[0]
    if shapely.get_dimensions(on_earth) == 2:
        on_earth = shapely.intersection(on_earth, usable(storage))
    return transform_geometries(np.array([on_earth], dtype=object), wgs84, storage)[0]


def _bind(shape: shapely.Geometry, scope: Scope) -> Term:
    bound = scope.values.bind(shapely.to_wkb(shape), "geometry")
    return Term(
        sql.SQL("st_setsrid({}, {})").format(bound, sql.Literal(scope.storage.srid)),
        "geometry",
        geometry_type=shape.geom_type,
    )


def _xy(position: list[float], scope: Scope) -> tuple[float, float]:
    x, y = position
    return (y, x) if scope.condition.is_yx else (x, y)


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)
