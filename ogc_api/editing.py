"""Features created, replaced, updated and deleted (OGC API Features, Part 4) by those whose key says that they may."""

from __future__ import annotations

import json
import re
from datetime import date
from itertools import islice
from typing import TYPE_CHECKING, Any

import numpy as np
import shapely
from jsonschema import Draft202012Validator, FormatChecker
from starlette.exceptions import HTTPException

from layers.area import usable
from layers.crs import WGS84, parse_crs, transform_geometries
from layers.editing import (
    DEFAULT,
    EDITED,
    Edit,
    change_feature,
    create_feature,
    delete_feature,
    find_revision,
    lock_feature,
)
from layers.errors import Invalid, NotFound
from layers.features import parse_id
from ogc_api.config import VERSION
from ogc_api.handlers import Answer
from ogc_api.references import find_reference
from ogc_api.schemas import FEATURE_TYPES, PATCH_TYPES, validation_schema

if TYPE_CHECKING:
    from psycopg import Connection

    from layers.catalog import Layer
    from layers.crs import Crs
    from layers.database import Writer
    from ogc_api.handlers import Call
    from ogc_api.references import Reference

_MOST_FAULTS = 100
_MOST_POINTS = 200_000
_FORMATS = FormatChecker(())
_READING = ("GET", "HEAD", "OPTIONS")
_REVISION = re.compile(r'"(\d+)-[^"]*"')


@_FORMATS.checks("date", raises=ValueError)
def _is_date(value: object) -> bool:
    return not isinstance(value, str) or bool(date.fromisoformat(value))


def show_methods(call: Call) -> Answer:
    """What this caller may do with features of the layer, or with one of them."""
    return Answer(b"", "", {"Allow": ", ".join(_methods(call))})


def create(call: Call) -> Answer:
    """201 with the address of the new feature."""
    editor, edit = _open(call, "create", FEATURE_TYPES)
    document = _parse(call.body)
    geometry, values = _read_feature(call, document)
    with editor.connection() as connection:
        feature_id = create_feature(connection, edit, geometry, values)
    url = f"{call.edition.base_url}/collections/{edit.layer.name}/items/{feature_id}"
    return Answer(b"", "", {"Location": url}, 201)


def replace(call: Call) -> Answer:
    """204; the identifier in the address counts, one in the body does not (OGC 20-002r1, put-rid)."""
    editor, edit = _open(call, "replace", FEATURE_TYPES)
    geometry, values = _read_feature(call, _parse(call.body))
    # Nothing of the former feature shines through where the new one says nothing.
    whole = {p.name: DEFAULT for p in edit.layer.properties if not p.is_derived} | values
    with editor.connection() as connection:
        feature_id, _ = _lock(call, connection)
        change_feature(connection, edit, feature_id, geometry, whole)
        return _changed(call, connection, feature_id)


def update(call: Call) -> Answer:
    """204; the body is merged into the feature (RFC 7396), and the whole must be a proper feature."""
    editor, edit = _open(call, "update", PATCH_TYPES)
    patch = _parse(call.body)
    changes = patch.get("properties", {})
    if not isinstance(changes, dict):
        raise Invalid("properties: give an object")
    derived = {p.name for p in edit.layer.properties if p.is_derived}
    with editor.connection() as connection:
        feature_id, present = _lock(call, connection)
        merged = {name: value for name, value in (present | changes).items() if name not in derived - changes.keys()}
        faults = _property_faults(edit.layer, merged)
        if faults:
            raise Invalid(*faults)
        geometry = _read_geometry(call, edit.layer, patch["geometry"]) if "geometry" in patch else None
        values = merged if geometry is not None else {name: merged[name] for name in changes}
        if geometry is not None and edit.layer.name == "utility_nodes" and "cover_m" not in changes:
            values.pop("cover_m", None)
        change_feature(connection, edit, feature_id, geometry, values)
        return _changed(call, connection, feature_id)


def delete(call: Call) -> Answer:
    editor, edit = _open(call, "delete", ())
    with editor.connection() as connection:
        feature_id, _ = _lock(call, connection)
        delete_feature(connection, edit, feature_id)
    return Answer(b"", "", status=204)


def _open(call: Call, operation: str, media_types: tuple[str, ...]) -> tuple[Writer, Edit]:
    """Raises: NotFound, and HTTPException for who may not, for layers that nobody may, and for other media types."""
    layer, editor = call.layer, call.edition.service.editor
    if editor is None or layer.name not in EDITED:
        allow = {"Allow": ", ".join(_READING)}
        raise HTTPException(405, f"features of '{layer.name}' are not edited one by one", headers=allow)
    if not call.edits:
        raise HTTPException(403, "this key may read, but not edit: ask for one granted with --edits")
    given = call.headers.get("content-type", "").partition(";")[0].strip().lower()
    if media_types and given not in media_types:
        raise HTTPException(415, f"Content-Type {given or 'is missing'}: send {' or '.join(media_types)}")
    return editor, Edit(layer, call.holder, operation)


def _methods(call: Call) -> tuple[str, ...]:
    """Raises: NotFound."""
    if call.layer.name not in EDITED or call.edition.service.editor is None or not call.edits:
        return _READING
    return (*_READING, *(("PUT", "PATCH", "DELETE") if "item" in call.parts else ("POST",)))


def _lock(call: Call, connection: Connection) -> tuple[int, dict[str, Any]]:
    """Identifier and present values of the feature, which nobody else changes until the transaction ends.

    Raises: NotFound, or, where the client names a state that it knows, HTTPException (OGC 20-002r1, put-rid-exception).
    """
    revision = _revision(call)
    try:
        feature_id = int(parse_id(call.layer, call.parts["item"]))
        return feature_id, lock_feature(connection, call.layer, feature_id, revision)
    except NotFound as error:
        if "if-match" in call.headers:
            raise HTTPException(412, f"If-Match: {error}") from error
        raise


def _changed(call: Call, connection: Connection, feature_id: int) -> Answer:
    """204 with the tag that the feature has from now on as GeoJSON."""
    tag = f'"{find_revision(connection, call.layer, feature_id)}-{VERSION}-json-{call.language}"'
    return Answer(b"", "", {"ETag": tag}, 204)


def _revision(call: Call) -> str | None:
    """The revision that the client has read, None where it does not say. Raises: HTTPException for any other tag."""
    tags = call.headers.get("if-match")
    if tags is None or tags.strip() == "*":
        return None
    # A weak tag never matches (RFC 9110, 13.1.1).
    found = _REVISION.fullmatch(tags.strip())
    if found is None:
        raise HTTPException(412, "If-Match: it is no tag of this feature; send the ETag that the feature came with")
    return found[1]


def _parse(body: bytes) -> dict[str, Any]:
    try:
        document = json.loads(body, parse_constant=_refuse_constant)
    except (ValueError, RecursionError) as error:
        raise Invalid("the body is no JSON: give a GeoJSON feature") from error
    if not isinstance(document, dict):
        raise Invalid("the body is no JSON object: give a GeoJSON feature")
    return document


def _refuse_constant(name: str) -> None:
    raise ValueError(name)


def _read_feature(call: Call, document: dict[str, Any]) -> tuple[shapely.Geometry, dict[str, Any]]:
    """Geometry in storage CRS and values of a feature. Raises: Invalid, naming every fault."""
    layer = call.layer
    values = document.get("properties")
    values = {} if values is None else values
    faults = [] if document.get("type") == "Feature" else ["type: give a 'Feature'"]
    if isinstance(values, dict):
        # A client that sends back what it got is not wrong to send what only the city decides.
        values = {n: v for n, v in values.items() if n not in {p.name for p in layer.properties if p.is_derived}}
        faults += _property_faults(layer, values)
    else:
        faults.append("properties: give an object")
    try:
        geometry = _read_geometry(call, layer, document.get("geometry"))
    except Invalid as error:
        faults += error.faults
    if faults:
        raise Invalid(*faults)
    return geometry, values


def _property_faults(layer: Layer, values: dict[str, Any]) -> list[str]:
    errors = Draft202012Validator(validation_schema(layer), format_checker=_FORMATS).iter_errors(values)
    faults = [
        f"{'.'.join(['properties', *map(str, error.absolute_path)])}: {error.message[:300]}"
        for error in islice(errors, _MOST_FAULTS)
    ]
    return faults + [f"properties.{name}: it holds a letter that no text may hold" for name in _unprintable(values)]


def _unprintable(values: dict[str, Any]) -> list[str]:
    return [
        name
        for name, value in values.items()
        if isinstance(value, str) and ("\0" in value or any("\ud800" <= letter <= "\udfff" for letter in value))
    ]


def _read_geometry(call: Call, layer: Layer, document: Any) -> shapely.Geometry:
    """A geometry of the layer's type in storage CRS, x before y. Raises: Invalid."""
    if not isinstance(document, dict):
        raise Invalid("geometry: a feature of the city has a place, give a GeoJSON geometry")
    try:
        shape = shapely.from_geojson(json.dumps(document))
    except (shapely.errors.GEOSException, ValueError, TypeError) as error:
        raise Invalid("geometry: it is no GeoJSON geometry") from error
    if shape is None or shape.is_empty or shapely.get_num_coordinates(shape) > _MOST_POINTS:
        raise Invalid(f"geometry: it has 1 to {_MOST_POINTS} positions")
    wanted = layer.geometry_type
    if shape.geom_type.upper() not in (wanted, wanted.removeprefix("MULTI")):
        raise Invalid(f"geometry: '{layer.name}' keeps {wanted}, not {shape.geom_type.upper()}")
    if not np.isfinite(shapely.get_coordinates(shape, include_z=bool(shape.has_z))).all():
        raise Invalid("geometry: every position has finite numbers")
    if not shape.is_valid:
        raise Invalid(f"geometry: it is not valid: {shapely.is_valid_reason(shape)}")
    stored = _stored(shape, _content_reference(call), call.edition.storage)
    return _as_multi(stored) if wanted.startswith("MULTI") else stored


def _content_reference(call: Call) -> Reference:
    uri = call.headers.get("content-crs")
    return find_reference("Content-Crs", None if uri is None else uri.strip().strip("<>"), call.edition.offered)


def _stored(shape: shapely.Geometry, reference: Reference, storage: Crs) -> shapely.Geometry:
    """Raises: Invalid for what lies outside the area of the storage CRS: most likely its axes are swapped."""
    has_z, wgs84 = bool(shape.has_z), parse_crs(WGS84)
    if reference.is_yx:
        shape = shapely.transform(shape, lambda p: np.column_stack([p[:, 1], p[:, 0], p[:, 2:]]), include_z=has_z)
    if reference.lift_m and has_z:
        shape = shapely.transform(shape, lambda p: p - [0, 0, reference.lift_m], include_z=True)
    placed = np.array([shape], dtype=object)
    on_earth = transform_geometries(placed, reference.crs, wgs84)[0]
    if not shapely.covers(usable(storage), on_earth):
        raise Invalid(f"geometry: it lies outside the area of {storage.name}: are its axes swapped?")
    stored: shapely.Geometry = transform_geometries(placed, reference.crs, storage)[0]
    return stored


def _as_multi(shape: shapely.Geometry) -> shapely.Geometry:
    makers = {"Point": shapely.multipoints, "LineString": shapely.multilinestrings, "Polygon": shapely.multipolygons}
    made: shapely.Geometry = makers[shape.geom_type]([shape]) if shape.geom_type in makers else shape
    return made
