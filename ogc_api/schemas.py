"""What features are made of, as JSON Schema (OGC API Common, Part 3, OGC 23-058r2)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ogc_api.negotiation import choose_text

if TYPE_CHECKING:
    from layers.catalog import Layer, Property

MEDIA_TYPE = "application/schema+json"
# What a feature, and a change to one, may be sent as.
FEATURE_TYPES = ("application/geo+json", "application/json")
PATCH_TYPES = ("application/merge-patch+json", *FEATURE_TYPES)
RELATIONS = {name: f"http://www.opengis.net/def/rel/ogc/1.0/{name}" for name in ("schema", "queryables", "sortables")}

_DIALECT = "https://json-schema.org/draft/2020-12/schema"
_ROLES = ("primary-interval-start", "primary-interval-end")

type Json = dict[str, Any]


def build_schema(layer: Layer, url: str, language: str) -> Json:
    """The logical schema of a layer: what is returned, and, but for what is read-only, what is received."""
    properties: Json = {
        "id": {"type": "integer", "readOnly": True, "x-ogc-role": "id", "x-ogc-propertySeq": 1},
        "geometry": _geometry(layer),
    }
    properties |= {p.name: describe_property(p, language, layer) for p in layer.properties}
    for place, described in enumerate(properties.values(), start=1):
        described["x-ogc-propertySeq"] = place
    required = [p.name for p in layer.properties if p.is_required]
    document = _document(layer, f"{url}/schema", language, properties)
    return document | {"required": ["geometry", *required], "additionalProperties": False}


def build_queryables(layer: Layer, url: str, language: str) -> Json:
    """What may be asked for: the properties as parameters and in filters, the geometry in filters."""
    properties = {p.name: describe_property(p, language, layer) for p in layer.queryables}
    document = _document(layer, f"{url}/queryables", language, properties | {"geometry": _geometry(layer)})
    return document | {"additionalProperties": False}


def build_sortables(layer: Layer, url: str, language: str) -> Json:
    """What features may be sorted by."""
    properties = {p.name: describe_property(p, language, layer) for p in layer.queryables}
    return _document(layer, f"{url}/sortables", language, properties) | {"additionalProperties": False}


def describe_property(described: Property, language: str, layer: Layer | None = None) -> Json:
    """JSON Schema of a property; `x-ogc-unit` is UCUM (OGC 23-058r2, 7)."""
    label = described.label
    schema: Json = {"title": choose_text(label, language), "type": described.type}
    if described.format:
        schema["format"] = described.format
    if described.values:
        schema["enum"] = list(described.values)
    if described.range is not None:
        schema |= {"minimum": described.range.low, "maximum": described.range.high}
    if label.unit:
        schema |= {"x-ogc-unit": label.unit, "x-ogc-unitLang": "UCUM"}
    if described.is_derived:
        schema["readOnly"] = True
    if layer is not None and layer.interval is not None and described.name in layer.interval:
        is_day = layer.interval[0] == layer.interval[1]
        schema["x-ogc-role"] = "primary-instant" if is_day else _ROLES[layer.interval.index(described.name)]
    return schema


def validation_schema(layer: Layer) -> Json:
    """JSON Schema that the properties of a written feature must meet; what is not known may be left out or null."""
    written = [p for p in layer.properties if not p.is_derived]
    properties = {p.name: _validated(p) for p in written}
    required = [p.name for p in written if p.is_required]
    return {"type": "object", "properties": properties, "required": required, "additionalProperties": False}


def _validated(described: Property) -> Json:
    schema: Json = {"type": described.type if described.is_required else [described.type, "null"]}
    if described.format:
        schema["format"] = described.format
    if described.values:
        schema["enum"] = [*described.values, *([] if described.is_required else [None])]
    if described.range is not None:
        schema |= {"minimum": described.range.low, "maximum": described.range.high}
    return schema


def _geometry(layer: Layer) -> Json:
    # Excavations alone are of more than one kind.
    kind = "polygon-or-multipolygon" if layer.geometry_type == "GEOMETRY" else layer.geometry_type.lower()
    return {"format": f"geometry-{kind}", "x-ogc-role": "primary-geometry"}


def _document(layer: Layer, url: str, language: str, properties: Json) -> Json:
    return {
        "$schema": _DIALECT,
        "$id": url,
        "type": "object",
        "title": choose_text(layer.title, language),
        "description": choose_text(layer.description, language),
        "properties": properties,
    }
