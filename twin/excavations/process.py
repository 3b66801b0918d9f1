"""The clash check as an OGC API process."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from pygeoapi.process.base import BaseProcessor

from layers.errors import Invalid, Sentence
from layers.terrain import read_ground
from ogc_api.service import ProcessPlugin
from twin.clash.answer import Terms, answer
from twin.excavations.package.package import Package
from twin.excavations.schema import DEPTH_M, EXCAVATION
from twin.excavations.validation import read_valid_digs

if TYPE_CHECKING:
    from layers.database import Reader
    from twin.clash.report import ClashReport
    from twin.excavations.practice import Practice

METADATA: dict[str, Any] = {
    "version": "1.0.0",
    "id": "clash-check",
    "title": {"en": "Clash check", "vi": "Kiểm tra va chạm công trình ngầm"},
    "description": {
        "en": "What a planned pit, trench or bore would hit, whose it is, how sure that is, which clearance rules"
        " it breaks and what else it touches",
        "vi": "Hố, hào hoặc lỗ khoan dự kiến sẽ chạm công trình ngầm nào, của ai, mức độ chắc chắn, vi phạm quy định"
        " khoảng cách nào và ảnh hưởng những gì khác",
    },
    "jobControlOptions": ["sync-execute", "async-execute"],
    "keywords": ["excavation", "utilities", "clash"],
    "links": [],
    "inputs": {
        "excavation": {
            "title": "GeoJSON geometry, feature or feature collection (RFC 7946)",
            "description": "Polygons are pits, lines are trenches (width_m) or bores (diameter_m); at most 500 m by"
            " 500 m each, inside the city",
            "schema": EXCAVATION,
            "x-checkedBy": "process",
            "minOccurs": 1,
            "maxOccurs": 1,
        },
        "depth_m": {
            "title": "Depth below ground in metres, for all excavations",
            "description": "Overrides the depth_m property of the features",
            "schema": DEPTH_M.to_schema(),
            "x-checkedBy": "process",
            "minOccurs": 0,
            "maxOccurs": 1,
        },
        "ways_out": {
            "title": "Look for the smallest changes that clear what is in conflict",
            "description": "Shift, other depth, narrower trench, stretches dug by hand, other side of the street, bore;"
            " each held against the full check. Takes some seconds for each excavation in conflict",
            "schema": {"type": "boolean", "default": False},
            "minOccurs": 0,
            "maxOccurs": 1,
        },
        "language": {
            "title": "Language of a page or PDF",
            "description": "Reports as JSON are in both",
            "schema": {"type": "string", "enum": ["vi", "en"], "default": "vi"},
            "minOccurs": 0,
            "maxOccurs": 1,
        },
    },
    "outputs": {
        "reports": {
            "title": "A report for each excavation",
            "description": "Counts by outcome; each object in reach with its gaps, owner, source and duties; distances"
            " of what is laid; surroundings; ways out of a conflict where asked for. In another format by"
            ' {"reports": {"format": {"mediaType": "application/pdf"}}}; a page or PDF is of one excavation',
            "schema": {
                "oneOf": [
                    {"type": "object", "contentMediaType": "application/json"},
                    {"type": "object", "contentMediaType": "application/geo+json"},
                    {"type": "string", "contentMediaType": "text/html"},
                    {"type": "string", "contentMediaType": "application/pdf", "contentEncoding": "binary"},
                ]
            },
        }
    },
    "example": {
        "inputs": {
            "depth_m": 1.8,
            "excavation": {
                "type": "Polygon",
                "coordinates": [
                    [[107.58, 16.46], [107.5801, 16.46], [107.5801, 16.4601], [107.58, 16.4601], [107.58, 16.46]]
                ],
            },
        }
    },
}


@dataclass(frozen=True, slots=True)
class ClashContext:
    """What a check reads: the records as an operator sees them, and how the city goes about excavations."""

    reader: Reader
    practice: Practice


def city_processes(reader: Reader, practice: Practice) -> tuple[ProcessPlugin, ...]:
    """What operators can have computed, at once or by a worker. Raises: Invalid for the city's rules file."""
    practice.book  # noqa: B018 - a faulty file is told at the start, not to the first caller
    context = ClashContext(reader, practice)
    return (
        ProcessPlugin("clash-check", "twin.excavations.process.ClashCheck", context),
        ProcessPlugin("clash-check-many", "twin.excavations.batch_process.ClashCheckMany", context),
    )


class ClashCheck(BaseProcessor):  # type: ignore[misc]
    """Runs the same check as the command line."""

    def __init__(self, definition: dict[str, Any]) -> None:
        super().__init__(definition, METADATA)
        self.supports_outputs = True
        self.context: ClashContext = definition["context"]

    def execute(self, data: dict[str, Any], outputs: Any = None) -> tuple[str, Any]:
        """Reports in the order of the excavations, in the format that was asked for.

        Raises: Invalid with every fault of every excavation, and for a format that there is not.
        """
        media_type = _wanted(outputs)
        reports = self._check(data)
        if media_type == _JSON:
            return _JSON, {"reports": [report.to_json() for report in reports]}
        packages = [Package(report, data.get("language", "vi")) for report in reports]
        if media_type == _GEOJSON:
            return _GEOJSON, _collect([json.loads(package.write("geojson")) for package in packages])
        if len(packages) != 1:
            raise Invalid(
                Sentence(
                    f"{media_type} shows one excavation, {len(packages)} were given: ask for each, or for JSON",
                    f"{media_type} chỉ thể hiện một công trình đào, đã gửi {len(packages)}: gửi từng cái, hoặc JSON",
                )
            )
        return media_type, packages[0].write(_FORMATS[media_type])

    def _check(self, inputs: dict[str, Any]) -> list[ClashReport]:
        with self.context.reader.connection() as connection:
            ground = read_ground(connection, self.context.practice.data)
            today, depth_m = self.context.practice.today(), inputs.get("depth_m")
            digs = read_valid_digs(connection, ground, inputs["excavation"], today, depth_m=depth_m)
            terms = Terms(self.context.practice.book, today, inputs.get("ways_out", False))
            return [answer(connection, ground, dig, terms) for dig in digs]


_JSON, _GEOJSON = "application/json", "application/geo+json"
_FORMATS = {_JSON: "json", _GEOJSON: "geojson", "text/html": "html", "application/pdf": "pdf"}


def _wanted(outputs: Any) -> str:
    """The media type of the one output. Raises: Invalid."""
    asked = (outputs or {}).get("reports") or {}
    wanted = (asked.get("format") or {}).get("mediaType", _JSON) if isinstance(asked, dict) else _JSON
    if wanted not in _FORMATS:
        known = ", ".join(_FORMATS)
        raise Invalid(
            Sentence(
                f"outputs.reports.format.mediaType '{str(wanted)[:60]}': give one of {known}",
                f"outputs.reports.format.mediaType '{str(wanted)[:60]}': chọn một trong {known}",
            )
        )
    return str(wanted)


def _collect(documents: list[dict[str, Any]]) -> bytes:
    """Feature collections as one; of several digs each feature says which it belongs to, counted from 1."""
    features = [
        feature if len(documents) == 1 else feature | {"id": f"{number}.{feature['id']}"}
        for number, document in enumerate(documents, start=1)
        for feature in document["features"]
    ]
    return json.dumps(documents[0] | {"features": features}, ensure_ascii=False, separators=(",", ":")).encode()
