"""What the properties of a planned dig mean and between which limits they lie, for people and for validators."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from layers.utilities import Discipline
from twin.clash.dig import Support
from twin.clash.works import Reference


@dataclass(frozen=True, slots=True)
class Limits:
    """A number's least and greatest value and its meaning."""

    low: float
    high: float
    meaning: str

    def to_schema(self) -> dict[str, Any]:
        return {"type": "number", "minimum": self.low, "maximum": self.high, "description": self.meaning}


DEPTH_M = Limits(0.05, 30.0, "metres below ground")
ELEVATION_M = Limits(-500.0, 9000.0, "metres above the vertical datum")
WIDTH_M = Limits(0.05, 100.0, "width of the floor in metres, makes a line a trench")
DIAMETER_M = Limits(0.02, 10.0, "diameter in metres, makes a line a bore")
OVERCUT_M = Limits(0.0, 1.0, "metres by which the bore is wider all round")
GRADE = Limits(-1.0, 1.0, "metres down per metre along the line")
WORKING_M = Limits(0.0, 10.0, "metres that shoring and working space take outside the floor")
SLOPE = Limits(0.0, 10.0, "metres outwards for each metre up")
AXIS_DEPTH_M = Limits(0.05, 30.0, "depth of the bore's axis in metres below ground")
AXIS_M = Limits(-500.0, 9000.0, "elevation of the bore's axis")
LAID_DEPTH_M = Limits(0.0, 30.0, "depth of what is laid in metres below ground")
LAID_SIZE_M = Limits(0.003, 20.0, "outer size in metres")
NODE_SIZE_M = Limits(0.01, 50.0, "outer size of a manhole or another node in metres")
NODE_DEPTH_M = Limits(0.05, 30.0, "metres from the cover down to the bottom")
VOLTAGE_V = Limits(1.0, 1_200_000.0, "volts")
PRESSURE_BAR = Limits(0.0, 200.0, "bar")

# Reasons for which a street may be cut within its moratorium, and the ordinary one.
PURPOSES = ("planned", "emergency", "outage", "mandated", "connection", "locating")

_STATIONS = {
    "type": "array",
    "minItems": 2,
    "items": {"type": "array", "items": {"type": "number"}, "minItems": 2, "maxItems": 2},
}

LAID: dict[str, Any] = {
    "type": "object",
    "required": ["discipline"],
    "additionalProperties": False,
    "properties": {
        "discipline": {"type": "string", "enum": [discipline.value for discipline in Discipline]},
        "subtype": {"type": "string", "description": "such as 'hào kỹ thuật' or 'nước thô'"},
        "material": {"type": "string"},
        "diameter_m": LAID_SIZE_M.to_schema(),
        "width_m": LAID_SIZE_M.to_schema(),
        "height_m": LAID_SIZE_M.to_schema(),
        "voltage_v": VOLTAGE_V.to_schema(),
        "pressure_bar": PRESSURE_BAR.to_schema(),
        "depth_m": LAID_DEPTH_M.to_schema(),
        "reference": {"type": "string", "enum": [reference.value for reference in Reference], "default": "crown"},
        "path": {"type": "object", "description": "GeoJSON LineString; without it the middle of each part of the dig"},
    },
}

PROPERTIES: dict[str, Any] = {
    "name": {"type": "string", "maxLength": 200},
    "depth_m": DEPTH_M.to_schema(),
    "bottom_m": ELEVATION_M.to_schema(),
    "bottom_at": _STATIONS | {"description": "of a trench: [station along the line, elevation of the bottom] pairs"},
    "grade": GRADE.to_schema(),
    "width_m": WIDTH_M.to_schema(),
    "sides": {"type": "string", "enum": [support.value for support in Support]},
    "working_m": WORKING_M.to_schema(),
    "slope": SLOPE.to_schema(),
    "soil": {"type": "string", "description": "class of soil, decides the slope of battered sides"},
    "diameter_m": DIAMETER_M.to_schema(),
    "overcut_m": OVERCUT_M.to_schema(),
    "axis_depth_m": AXIS_DEPTH_M.to_schema(),
    "axis_m": AXIS_M.to_schema(),
    "axis_at": _STATIONS | {"description": "of a bore: [station along the line, elevation of the axis] pairs"},
    "starts_on": {"type": "string", "format": "date"},
    "ends_on": {"type": "string", "format": "date"},
    "hours": {"type": "string", "pattern": "^[0-2][0-9]:[0-5][0-9]-[0-2][0-9]:[0-5][0-9]$"},
    "purpose": {"type": "string", "enum": list(PURPOSES)},
    "excavation_id": {"type": "integer", "minimum": 1, "description": "under which the dig itself is filed"},
    "lays": {"type": "array", "items": LAID, "description": "what is laid in it; held to the clearance rules"},
}

# What of it says how much is dug, and of that what only a line has.
ALONG = frozenset({"bottom_at", "grade", "width_m", "diameter_m", "overcut_m", "axis_depth_m", "axis_m", "axis_at"})
SHAPING = ALONG | {"depth_m", "bottom_m", "sides", "working_m", "slope", "soil", "parts"}

PROPERTIES["parts"] = {
    "type": "array",
    "items": {
        "type": "object",
        "properties": {name: PROPERTIES[name] for name in sorted(SHAPING - {"parts"})},
        "additionalProperties": False,
    },
    "description": "of a collection: level, width and sides of each of its geometries, in their order, over the above",
}

# As OpenAPI 3.0 says it, in which descriptions of processes are written (OGC 18-062r2, schema.yaml).
_PROPERTIES = {"type": "object", "nullable": True, "properties": PROPERTIES}

# GeoJSON, RFC 7946: the deeper rules are checked, and worded, by the reader.
EXCAVATION: dict[str, Any] = {
    "type": "object",
    "required": ["type"],
    "properties": {
        "type": {
            "enum": [
                "Polygon",
                "MultiPolygon",
                "LineString",
                "MultiLineString",
                "GeometryCollection",
                "Feature",
                "FeatureCollection",
            ]
        },
        "properties": _PROPERTIES,
        "features": {
            "type": "array",
            "items": {
                "type": "object",
                "properties": {"properties": _PROPERTIES},
            },
        },
    },
}
