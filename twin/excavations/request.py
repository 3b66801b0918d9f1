"""Planned digs as people send them: GeoJSON polygons and lines with depths and sides, every fault named."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import shapely

from layers.errors import Invalid, Sentence, say
from twin.clash.dig import PlannedDig
from twin.clash.spelling import comma
from twin.excavations.fields import Fields
from twin.excavations.lays import read_works
from twin.excavations.schema import ALONG, SHAPING
from twin.excavations.shapes import read_parts

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from layers.crs import Crs

# KLIC accepts requests up to 500 m by 500 m.
LARGEST_M = 500.0
SMALLEST_M2 = 0.01
# What a depth given for all digs replaces.
_LEVELS = ("depth_m", "bottom_m", "bottom_at")


def read_digs(path: Path, depth_m: float | None, storage: Crs) -> list[PlannedDig]:
    """The digs of a GeoJSON file. Raises: Invalid, naming file, feature and every fault."""
    return parse_digs(read_geojson(path), depth_m, storage)


def read_geojson(path: Path) -> Any:
    """Raises: Invalid for what is no JSON."""
    try:
        return json.loads(path.read_text("utf-8"))
    except (OSError, ValueError, RecursionError) as error:  # also what is no JSON, no UTF-8, or 5,000 digits long
        raise Invalid(
            Sentence(
                f"{path}: no GeoJSON ({error}): give a file with a polygon",
                f"{path}: không phải GeoJSON ({error}): hãy đưa tệp có đa giác",
            )
        ) from error


def parse_digs(document: Any, depth_m: float | None, storage: Crs) -> list[PlannedDig]:
    """The digs of a GeoJSON geometry, feature or collection (RFC 7946: longitude, latitude, WGS 84).

    Elevations are above the city's vertical datum. What the properties mean: `twin.excavations.schema`;
    `depth_m` given here overrides their depth. Raises: Invalid with the faults of all features.
    """
    digs: list[PlannedDig] = []
    faults: list[str] = []
    for name, dig in parse_each(document, depth_m, storage):
        if isinstance(dig, Invalid):
            faults += [_about(name, fault) for fault in dig.faults]
        else:
            digs.append(dig)
    if faults:
        raise Invalid(*faults)
    return digs


def parse_each(document: Any, depth_m: float | None, storage: Crs) -> Iterator[tuple[str, PlannedDig | Invalid]]:
    """The name of each feature and its dig, or what is wrong with it. Raises: Invalid for what is no GeoJSON at all."""
    features = _features(document)
    if not features:
        raise Invalid(
            Sentence(
                "the document has no feature: give a GeoJSON polygon",
                "tệp không có đối tượng nào: hãy đưa một đa giác GeoJSON",
            )
        )
    for number, feature in enumerate(features, start=1):
        fields = _fields(feature, depth_m)
        name = fields.text("name") or f"excavation {number}"
        try:
            yield name, _dig(name, feature.get("geometry"), fields, storage)
        except Invalid as error:
            yield name, error


def _fields(feature: dict[str, Any], depth_m: float | None) -> Fields:
    given = feature.get("properties")
    properties: dict[str, Any] = given if isinstance(given, dict) else {}
    if depth_m is not None:
        properties = _without_levels(properties) | {"depth_m": depth_m}
        parts = properties.get("parts")
        if isinstance(parts, list):
            properties["parts"] = [_without_levels(own) if isinstance(own, dict) else own for own in parts]
    return Fields(properties)


def _without_levels(properties: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in properties.items() if key not in _LEVELS}


def _dig(name: str, geometry: Any, fields: Fields, storage: Crs) -> PlannedDig:
    """Raises: Invalid with every fault."""
    is_area = isinstance(geometry, dict) and geometry.get("type") in ("Polygon", "MultiPolygon")
    fields.refuse_lookalikes(SHAPING - ALONG if is_area else SHAPING)
    parts = read_parts(geometry, fields, storage)
    starts_on, ends_on = fields.day("starts_on"), fields.day("ends_on")
    if starts_on and ends_on and ends_on < starts_on:
        fields.faults.append(
            Sentence(
                f"ends_on {ends_on} is before starts_on {starts_on}: swap them",
                f"ends_on {ends_on} trước starts_on {starts_on}: hãy đổi lại",
            )
        )
    works = read_works(fields, parts, storage)
    faults = list(dict.fromkeys(fields.faults))
    if not faults:
        dig = replace(PlannedDig.of(name, parts, storage, starts_on=starts_on, ends_on=ends_on), works=works)
        faults = _size_faults(dig.polygon)
    if faults:
        raise Invalid(*faults)
    return dig


def _features(document: Any) -> list[dict[str, Any]]:
    if not isinstance(document, dict):
        kind = type(document).__name__
        raise Invalid(
            Sentence(
                f"the excavation is a {kind}, no GeoJSON: give a geometry, a feature or a feature collection",
                f"công trình đào là {kind}, không phải GeoJSON: hãy đưa geometry, feature hoặc feature collection",
            )
        )
    if document.get("type") == "FeatureCollection":
        features = document.get("features")
        if not isinstance(features, list) or not all(isinstance(f, dict) for f in features):
            raise Invalid(
                Sentence("'features' must be a list of GeoJSON features", "'features' phải là danh sách feature")
            )
        return features
    if document.get("type") == "Feature":
        return [document]
    return [{"type": "Feature", "geometry": document, "properties": {}}]


def _size_faults(polygon: shapely.Geometry) -> list[str]:
    minx, miny, maxx, maxy = polygon.bounds
    if max(maxx - minx, maxy - miny) > LARGEST_M:
        size = f"{maxx - minx:.0f} × {maxy - miny:.0f} m"
        most = f"{LARGEST_M:g} × {LARGEST_M:g} m"
        return [
            Sentence(f"the dig is {size}, at most {most}: split it", f"hố đào rộng {size}, tối đa {most}: hãy chia nhỏ")
        ]
    smallest = shapely.area(shapely.get_parts(polygon)).min()
    if smallest >= SMALLEST_M2:
        return []
    return [
        Sentence(
            f"the dig covers {smallest:.4f} m²: draw its real outline",
            f"hố đào chỉ rộng {comma(smallest, '.4f')} m²: hãy vẽ đúng đường bao",
        )
    ]


def _about(name: str, fault: str) -> Sentence:
    return Sentence(fault, say(fault, "vi")).about(name)
