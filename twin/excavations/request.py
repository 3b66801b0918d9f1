"""Planned digs as people send them: GeoJSON polygons with a depth, every fault named."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import numpy as np
import shapely
from shapely.errors import ShapelyError

from layers.crs import WGS84, Crs, area_of_use, parse_crs, transform_geometries
from layers.errors import Invalid
from twin.clash.check import PlannedDig

if TYPE_CHECKING:
    from pathlib import Path

# KLIC accepts requests up to 500 m by 500 m.
LARGEST_M = 500.0
SMALLEST_M2 = 0.01
DEPTH_M = (0.05, 30.0)


def read_digs(path: Path, depth_m: float | None, storage: Crs) -> list[PlannedDig]:
    """The digs of a GeoJSON file. Raises: Invalid, naming file, feature and every fault."""
    try:
        document = json.loads(path.read_text("utf-8"))
    except (OSError, ValueError, RecursionError) as error:  # also what is no JSON, no UTF-8, or 5,000 digits long
        raise Invalid(f"{path}: no GeoJSON ({error}): give a file with a polygon") from error
    return parse_digs(document, depth_m, storage)


def parse_digs(document: Any, depth_m: float | None, storage: Crs) -> list[PlannedDig]:
    """The digs of a GeoJSON geometry, feature or collection (RFC 7946: longitude, latitude, WGS 84).

    A feature's `depth_m` and `name` properties count; `depth_m` given here overrides them.
    Raises: Invalid with the faults of all features.
    """
    features = _features(document)
    if not features:
        raise Invalid("the document has no feature: give a GeoJSON polygon")
    digs: list[PlannedDig] = []
    faults: list[str] = []
    for number, feature in enumerate(features, start=1):
        given = feature.get("properties")
        properties: dict[str, Any] = given if isinstance(given, dict) else {}
        name = str(properties.get("name") or f"excavation {number}")[:200]
        depth = depth_m if depth_m is not None else properties.get("depth_m")
        try:
            polygon = _polygon(feature.get("geometry"), storage)
        except Invalid as error:
            faults += [f"{name}: {fault}" for fault in error.faults]
            continue
        found = [*_depth_faults(depth), *_outline_faults(polygon)]
        faults += [f"{name}: {fault}" for fault in found]
        if depth is not None and not found:
            digs.append(PlannedDig(name, polygon, float(depth), storage))
    if faults:
        raise Invalid(*faults)
    return digs


def _features(document: Any) -> list[dict[str, Any]]:
    if not isinstance(document, dict):
        raise Invalid(f"a {type(document).__name__} is no GeoJSON: give a geometry, a feature or a feature collection")
    if document.get("type") == "FeatureCollection":
        features = document.get("features")
        if not isinstance(features, list) or not all(isinstance(f, dict) for f in features):
            raise Invalid("'features' must be a list of GeoJSON features")
        return features
    if document.get("type") == "Feature":
        return [document]
    return [{"type": "Feature", "geometry": document, "properties": {}}]


def _polygon(geometry: Any, storage: Crs) -> shapely.Polygon:
    if not isinstance(geometry, dict) or geometry.get("type") not in ("Polygon", "MultiPolygon"):
        kind = geometry.get("type") if isinstance(geometry, dict) else geometry
        raise Invalid(f"geometry '{kind}' is no polygon: draw the outline of the dig")
    try:
        outline = shapely.force_2d(shapely.geometry.shape(geometry))
    except (ShapelyError, TypeError, ValueError, LookupError, AttributeError, OverflowError) as error:
        raise Invalid(f"the coordinates are malformed ({error}): give rings of [longitude, latitude]") from error
    if outline.geom_type == "MultiPolygon":
        if len(outline.geoms) != 1:
            raise Invalid(f"the dig has {len(outline.geoms)} parts: send each as a feature of its own")
        outline = outline.geoms[0]
    if outline.is_empty:
        raise Invalid("the polygon is empty: draw the outline of the dig")
    coordinates = shapely.get_coordinates(outline)
    if not np.isfinite(coordinates).all() or (abs(coordinates) > (180.0, 90.0)).any():
        raise Invalid("coordinates must be longitude -180 to 180 and latitude -90 to 90, in degrees (WGS 84)")
    west, south, east, north = area_of_use(storage)
    if not shapely.box(west - 1, south - 1, east + 1, north + 1).contains(outline):
        raise Invalid(f"the dig lies outside the area of {storage.name}: check the order longitude, latitude")
    moved: shapely.Polygon = transform_geometries(np.array([outline], dtype=object), parse_crs(WGS84), storage)[0]
    return moved


def _depth_faults(depth: Any) -> list[str]:
    if depth is None:
        return ["no depth: give depth_m, metres below ground"]
    if isinstance(depth, bool) or not isinstance(depth, int | float) or depth != depth:  # noqa: PLR0124 - NaN
        return [f"depth_m '{str(depth)[:20]}' is no number: give metres below ground"]
    low, high = DEPTH_M
    return [] if low <= depth <= high else [f"depth_m {str(depth)[:20]} is not within {low:g} to {high:g} m"]


def _outline_faults(polygon: shapely.Polygon) -> list[str]:
    if not polygon.is_valid:
        return [f"the outline crosses or touches itself ({shapely.is_valid_reason(polygon)}): redraw it"]
    minx, miny, maxx, maxy = polygon.bounds
    if max(maxx - minx, maxy - miny) > LARGEST_M:
        size = f"{maxx - minx:.0f} × {maxy - miny:.0f} m"
        return [f"the dig is {size}, at most {LARGEST_M:g} × {LARGEST_M:g} m: split it"]
    return [] if polygon.area >= SMALLEST_M2 else [f"the dig covers {polygon.area:.4f} m²: draw its real outline"]
