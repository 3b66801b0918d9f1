"""The dig and the objects around it as one GeoJSON feature collection (RFC 7946: longitude, latitude)."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import numpy as np
import shapely

from layers.crs import WGS84, parse_crs, transform_geometries
from twin.clash.citing import laying_json
from twin.clash.surroundings import Kind
from twin.excavations.package.bodies import is_node
from twin.excavations.package.digs import rim_of
from twin.excavations.package.rule_tables import letter_matters

if TYPE_CHECKING:
    from twin.clash.report import ClashReport
    from twin.excavations.package.sections import Survey

_DECIMALS = 9


def write_geojson(survey: Survey) -> bytes:
    """Objects as lines along their axis, nodes as points at their top; z is the elevation above the vertical datum.

    An object without z has no known elevation. RFC 7946 means ellipsoidal heights by z: `vertical_datum` says
    that these are not.
    """
    features = [_excavation(survey.report)]
    features += [_object(survey, number) for number in range(1, len(survey.report.clashes) + 1)]
    features += _ways(survey.report)
    features += _laid(survey.report)
    features += _reports(survey.report)
    document = {"type": "FeatureCollection", "vertical_datum": "EPSG:5727", "features": features}
    return json.dumps(document, ensure_ascii=False, separators=(",", ":")).encode()


def _excavation(report: ClashReport) -> dict[str, Any]:
    rim = shapely.union_all([report.polygon, rim_of(report)])
    properties = {"role": "excavation"} | {k: v for k, v in report.to_json()["excavation"].items() if k != "geometry"}
    counts = {"is_clear": report.is_clear, "counts": report.counts}
    return _feature("excavation", rim, report, properties | counts)


def _object(survey: Survey, number: int) -> dict[str, Any]:
    clash, facts = survey.clash(number), survey.facts[number - 1]
    if is_node(clash):
        geometry = shapely.Point(clash.axis[clash.axis[:, -1].argmax()])
    else:
        geometry = shapely.LineString(clash.axis)
    properties = {"role": "object", "number": number, "crown_m": facts.crown_m, "cover_m": facts.cover_m}
    return _feature(f"{clash.layer}.{clash.feature_id}", geometry, survey.report, properties | clash.to_json())


def _ways(report: ClashReport) -> list[dict[str, Any]]:
    """What would be dug instead, of a change with stretches to be dug by hand what is left for the machine."""
    found = report.ways_out.ways if report.ways_out else ()
    features = []
    for number, way in enumerate(found, start=1):
        told = {k: v for k, v in way.to_json().items() if k not in ("geometry", "hand_dug")}
        shapes = {"way_out": way.dig.polygon, "hand_dug": way.hand_dug}
        features += [
            _feature(f"{role}.{number}", shape, report, {"role": role, "number": number} | told)
            for role, shape in shapes.items()
            if shape is not None
        ]
    return features


def _laid(report: ClashReport) -> list[dict[str, Any]]:
    """What will be laid, along its axis."""
    return [
        _feature(
            f"laid.{number}" + (f".{part}" if len(laying.axes) > 1 else ""),
            shapely.LineString(axis),
            report,
            {"role": "laid", "number": f"L{number}"}
            | {k: v for k, v in laying_json(laying).items() if k not in ("distances", "covers")},
        )
        for number, laying in enumerate(report.layings, start=1)
        for part, axis in enumerate(laying.axes, start=1)
    ]


def _reports(report: ClashReport) -> list[dict[str, Any]]:
    """Open reports of citizens, with the letters that they have in the plan."""
    letters = letter_matters(report)
    found = enumerate(report.surroundings.matters if report.surroundings else ())
    return [
        _feature(
            f"{matter.layer}.{matter.feature_id}",
            matter.shape,
            report,
            {"role": "report", "letter": letters[index]} | matter.to_json(),
        )
        for index, matter in found
        if matter.kind is Kind.REPORT and matter.shape is not None
    ]


def _feature(name: str, geometry: shapely.Geometry, report: ClashReport, properties: dict[str, Any]) -> dict[str, Any]:
    moved = transform_geometries(np.array([geometry], dtype=object), report.crs, parse_crs(WGS84))[0]
    oriented = shapely.orient_polygons(moved, exterior_cw=False)
    rounded = shapely.transform(oriented, lambda points: np.round(points, _DECIMALS), include_z=geometry.has_z)
    mapped = json.loads(shapely.to_geojson(rounded))
    return {"type": "Feature", "id": name, "geometry": mapped, "properties": properties}
