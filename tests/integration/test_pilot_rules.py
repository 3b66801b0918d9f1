"""The planted trenches of the pilot ward: rules and surroundings against the truth, by a brute force of its own."""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
import shapely

from layers.terrain import read_ground
from twin.clash.dig import Depth, PlannedDig, Trench
from twin.clash.review import review
from twin.clash.rulefile import read_rules
from twin.clash.rules import Verdict
from twin.clash.surroundings import Kind
from twin.clash.works import PlannedUtility, Works
from twin.excavations.request import read_digs

if TYPE_CHECKING:
    from collections.abc import Iterator

    from conftest import PilotWard

    from layers.database import Connection
    from layers.terrain import Ground

BOOK = read_rules()
# The sample's truth lies off by less than a millimetre; verdicts within a centimetre of a limit are not compared.
NEAR_M = 0.01


@dataclass(frozen=True)
class Ward:
    """The sample, imported once for this file, and its trenches."""

    truth: dict[str, list[dict[str, Any]]]
    connection: Connection
    ground: Ground
    digs: list[PlannedDig]

    def ids(self, table: str) -> dict[int, tuple[str, int]]:
        rows = self.connection.execute(
            f"select f.id, s.path, f.source_row from {table} f join source_files s on s.id = f.source_file_id"  # noqa: S608
        )
        return {number: (path, row) for number, path, row in rows}


@pytest.fixture(scope="module")
def ward(pilot_ward: PilotWard, pilot_connection: Connection) -> Ward:
    folder = pilot_ward.folder
    truth: dict[str, list[dict[str, Any]]] = {}
    for feature in json.loads((folder / "sample" / "truth.json").read_text("utf-8"))["features"]:
        truth.setdefault(feature["table"], []).append(feature)
    ground = read_ground(pilot_connection, folder)
    paths = sorted((folder / "sample" / "trenches").glob("*.geojson"))
    digs = [dig for path in paths for dig in read_digs(path, None, ground.storage)]
    return Ward(truth, pilot_connection, ground, digs)


def shape(feature: dict[str, Any]) -> shapely.Geometry:
    position = feature["position"]
    if feature["table"] in ("parcels", "buildings", "boundaries"):
        return shapely.Polygon(position[0], position[1:])
    return shapely.Point(position[0]) if len(position) == 1 else shapely.LineString(position)


def key(feature: dict[str, Any]) -> tuple[str, int]:
    return feature["file"], feature["row"]


def near(features: list[dict[str, Any]], dig: PlannedDig, reach_m: dict[tuple[str, int], float]) -> set[Any]:
    return {key(f) for f in features if shapely.distance(shape(f), dig.polygon) < reach_m[key(f)]}


def test_trees_parcels_roads_and_wards_are_those_of_the_truth(ward: Ward) -> None:
    """Every planted trench finds exactly the trees, parcels, buildings, roads and the ward that truly are there."""
    seen = 0
    for dig in ward.digs:
        report = review(ward.connection, ward.ground, dig, BOOK)
        assert report.surroundings is not None
        assert report.ground_m is not None
        depth_m = report.ground_m[1] - report.bottom_m[0] if report.bottom_m else 0.0
        reach = {
            "trees": {key(f): min(12 * f.get("stem_diameter_m", 99), 15) for f in ward.truth["trees"]},
            "buildings": {key(f): depth_m for f in ward.truth["buildings"]},
            "roads": {key(f): f["width_m"] / 2 for f in ward.truth["roads"]},
            "boundaries": {key(f): 1e-6 for f in ward.truth["boundaries"]},
        }
        for kind, table in (
            (Kind.TREE, "trees"), (Kind.BUILDING, "buildings"), (Kind.ROAD, "roads"), (Kind.WARD, "boundaries"),
        ):  # fmt: skip
            ids = ward.ids(table)
            found = {ids[m.feature_id] for m in report.surroundings.of(kind) if m.feature_id is not None}
            assert found == near(ward.truth[table], dig, reach[table]), (dig.name, table)
            seen += len(found)
        ids = ward.ids("parcels")
        entered = {ids[m.feature_id] for m in report.surroundings.of(Kind.PARCEL) if m.feature_id is not None}
        areas = {key(f): shapely.intersection(shape(f), dig.polygon).area for f in ward.truth["parcels"]}
        assert entered == {place for place, area in areas.items() if area >= 0.05}, dig.name
        assert report.surroundings.not_loaded == ("restricted_zones", "citizen_reports")
    assert seen > 10


def trenches_beside_mains(ward: Ward, count: int) -> list[PlannedDig]:
    """Trenches for a water pipe 0.2 m to 1.2 m beside lines of the pilot, where the ward allows one."""
    rng = np.random.default_rng(4)
    lines = [shape(f) for f in ward.truth["utility_lines"]]
    area = shape(ward.truth["boundaries"][0]).buffer(-5)
    pipe = PlannedUtility(discipline="water", size_m=(0.11, 0.11), depth_m=0.8)
    digs: list[PlannedDig] = []
    while len(digs) < count:
        line = lines[rng.integers(len(lines))].offset_curve(rng.uniform(0.2, 1.2))
        if line.geom_type == "LineString" and 10 < line.length < 200 and line.is_simple and area.contains(line):
            dig = PlannedDig.of(f"trench {len(digs)}", (Trench(line, 0.6, Depth(1.2)),), ward.ground.storage)
            digs.append(replace(dig, works=Works(laid=(pipe,))))
    return digs


def test_no_neighbour_of_what_is_laid_passes_in_silence(ward: Ward) -> None:
    """Of what truly lies nearer in plan to a new water pipe than 0.4 m, nothing is left without a finding or `kept`.

    0.4 m is less than the table asks of water in any pair; crossings are held to heights instead.
    """
    ids, features = ward.ids("utility_lines"), ward.truth["utility_lines"]
    shapes = np.array([shape(f) for f in features])
    halves = np.array([np.hypot(f.get("outer_width_m") or 0, f.get("outer_height_m") or 0) / 2 for f in features])
    silent, judged = [], 0
    for dig in trenches_beside_mains(ward, 40):
        (laying,) = review(ward.connection, ward.ground, dig, BOOK).layings
        path = shapely.LineString(laying.axes[0][:, :2])
        verdicts: dict[tuple[str, int], set[Verdict]] = {}
        for distance in laying.distances:
            if distance.layer == "utility_lines":
                verdicts.setdefault(ids[distance.feature_id], set()).add(distance.finding.verdict)
        gaps = shapely.distance(shapes, path) - halves - 0.055
        beside = (gaps < 0.4 - NEAR_M) & (gaps > 0)
        for i in np.flatnonzero(beside):
            if features[i].get("status") != "removed":
                judged += 1
                if not verdicts.get(key(features[i]), set()) - {Verdict.KEPT}:
                    silent.append((dig.name, key(features[i]), float(gaps[i])))
    assert silent == []
    assert judged > 20


def test_lighting_has_no_rule_and_says_so(ward: Ward) -> None:
    """Where the pilot's lighting cables pass what is laid, the answer is "no rule", not silence."""
    pipe = PlannedUtility(discipline="water", size_m=(0.11, 0.11), depth_m=0.8)
    reports = [review(ward.connection, ward.ground, replace(dig, works=Works(laid=(pipe,))), BOOK) for dig in ward.digs]
    lighting = [d for r in reports for d in r.layings[0].distances if d.discipline == "lighting"]
    assert lighting
    assert {d.finding.verdict for d in lighting} == {Verdict.NO_RULE}


def test_every_report_is_json_in_both_languages(ward: Ward) -> None:
    """What is printed and sent has an English and a Vietnamese text everywhere, and no text is empty."""
    for dig in ward.digs:
        told = json.loads(json.dumps(review(ward.connection, ward.ground, dig, BOOK).to_json()))
        texts = list(_texts(told))
        assert len(texts) > 5
        assert all(text["en"] and text["vi"] for text in texts)


def _texts(document: Any) -> Iterator[dict[str, str]]:
    if isinstance(document, dict):
        if {"en", "vi"} <= document.keys():
            yield document
        for value in document.values():
            yield from _texts(value)
    elif isinstance(document, list):
        for value in document:
            yield from _texts(value)
