"""The pilot ward against its truth: nothing wrong is loaded, no planted defect passes in silence."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import dataclass
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
import shapely
from psycopg.rows import dict_row

from importers.faults import Fault
from importers.folder import ImportOptions, import_path
from layers.terrain import read_ground
from twin.clash.check import check
from twin.clash.outcome import Outcome
from twin.excavations.request import read_digs

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from conftest import PilotWard

    from importers.report import FileReport, ImportReport
    from layers.database import Connection

MILLIMETRE = 0.001
MOST_DRAWN = 400
Key = tuple[str, str, int]

# What each planted kind must be reported as.
FAULTS = {
    "invalid-geometry": {Fault.GEOMETRY_INVALID, Fault.REPAIRED},
    "crs-missing": {Fault.CRS_MISSING},
    "crs-mislabelled": {Fault.CRS_MISLABELLED},
    "crs-neighbour-zone": {Fault.CRS_WRONG},
    "crs-hn72": {Fault.CRS_UNUSABLE},
    "crs-deprecated": {Fault.CRS_UNUSABLE},
    "zone-prefixed": {Fault.CRS_WRONG},
    "axes-swapped": {Fault.AXES_SWAPPED},
    "null-geometry": {Fault.GEOMETRY_MISSING},
    "nan-coordinate": {Fault.NOT_FINITE},
    "outside-city": {Fault.OUTSIDE_CITY},
    "zero-length": {Fault.ZERO_LENGTH},
    "diameter-missing": {Fault.SECTION_UNKNOWN},
    "text-broken": {Fault.TEXT_BROKEN},
    "truncated-file": {Fault.TRUNCATED},
    "dbf-missing": {Fault.SIDECAR_MISSING},
    "empty-file": {Fault.EMPTY_FILE},
    "not-what-it-says": {Fault.UNKNOWN_FORMAT},
    "not-read": {Fault.UNKNOWN_FORMAT},
    "locked": {Fault.UNREADABLE},
    "bomb": {Fault.UNREADABLE},
    "climbing": {Fault.UNREADABLE},
    "entity-bomb": {Fault.UNREADABLE},
    "outside-entity": {Fault.UNREADABLE},
    "nested": {Fault.UNREADABLE},
    "endless-block": {Fault.UNREADABLE},
    "boastful": {Fault.TRUNCATED},
    "depth-missing": {Fault.ELEVATION_UNKNOWN},
    "depth-absurd": {Fault.ELEVATION_UNKNOWN},
    "z-sentinel": {Fault.ELEVATION_UNKNOWN},
    "zero-z": {Fault.ELEVATION_UNKNOWN},
    "unit-mixed": {Fault.ELEVATION_UNKNOWN, Fault.SECTION_UNKNOWN},
    "ducts-in-text": {Fault.SECTION_UNKNOWN},
    "size-in-text": {Fault.SECTION_UNKNOWN},
    "duplicate-row": {Fault.REPEATED},
    "node-unknown": {Fault.GEOMETRY_MISSING},
}
OUTCOMES = {
    "file quarantined": {"quarantined"},
    "row quarantined": {"partly"},
    "duplicate": {"duplicate"},
    "repaired": {"loaded", "partly"},
    "loaded": {"loaded", "partly"},
    "loaded with a notice": {"loaded", "partly"},
    "loaded, elevation unknown": {"loaded", "partly"},
    "loaded, section unknown": {"loaded", "partly"},
}


@dataclass(frozen=True)
class Pilot:
    """The sample, imported once for all tests of this file."""

    folder: Path
    truth: dict[str, Any]
    connection: Connection
    report: ImportReport

    @property
    def files(self) -> dict[str, FileReport]:
        return {file.path: file for file in self.report.files}

    def features(self, table: str) -> Iterator[tuple[Key, dict[str, Any]]]:
        axis = "st_asbinary(axis)" if table == "utility_lines" else "null::bytea"
        faces = "st_numpatches(solid)" if table == "buildings" else "null::integer"
        with self.connection.cursor(row_factory=dict_row) as cursor:
            cursor.execute(
                f"select f.*, st_asbinary(f.geom) as plan, {axis} as axis_wkb, {faces} as solid_faces, s.path"  # noqa: S608
                f" from {table} f"
                " join source_files s on s.id = f.source_file_id"
            )
            for row in cursor:
                yield key(row["path"], row["source_layer"], row["source_row"]), row


def key(file: str, layer: str, row: int) -> Key:
    """Identity of a record; rows of a drawing are counted through all its layers."""
    return file, "" if file.endswith(".dxf") else layer, row


@pytest.fixture(scope="module")
def pilot(pilot_ward: PilotWard, pilot_connection: Connection) -> Pilot:
    truth = without_extras(json.loads((pilot_ward.folder / "sample" / "truth.json").read_text("utf-8")))
    return Pilot(pilot_ward.folder, truth, pilot_connection, pilot_ward.report)


def without_extras(truth: dict[str, Any]) -> dict[str, Any]:
    """The truth where some readers are not installed: their files are refused, with the name of the extra."""
    absent = {file for file, module in truth["needs"].items() if find_spec(module) is None}
    whole = {"layer": None, "row": None, "kind": "not-read", "expected": "file quarantined"}
    return truth | {
        "features": [feature for feature in truth["features"] if feature["file"] not in absent],
        "defects": [*truth["defects"], *({"file": file} | whole for file in sorted(absent))],
    }


def test_every_dataset_is_in_the_report(pilot: Pilot) -> None:
    """176 files went in, 176 are accounted for."""
    assert len(pilot.report.files) == pilot.truth["datasets"] == 176
    assert pilot.report.documents == ()


@pytest.mark.parametrize(
    "table", ["utility_lines", "utility_nodes", "parcels", "buildings", "trees", "roads", "boundaries"]
)
def test_every_feature_is_where_and_what_it_truly_is(pilot: Pilot, table: str) -> None:
    """All features of the truth are loaded, none besides; each within a millimetre, each attribute as it is."""
    truth = {key(f["file"], f["layer"], f["row"]): f for f in pilot.truth["features"] if f["table"] == table}
    found = dict(pilot.features(table))
    assert found.keys() == truth.keys()
    wrong = Counter(fault for k, row in found.items() for fault in differences(truth[k], row))
    assert not wrong


def differences(truth: dict[str, Any], row: dict[str, Any]) -> list[str]:
    allowed_m = truth.get("within_m", MILLIMETRE)
    faults = [] if offset(truth["position"], shapely.from_wkb(row["plan"])) < allowed_m else ["position"]
    axis = None if row["axis_wkb"] is None else shapely.from_wkb(row["axis_wkb"])
    if (axis is None) != (truth["axis_z"] is None):
        faults.append("elevation known")
    elif axis is not None:
        z = shapely.get_coordinates(axis, include_z=True)[:, 2]
        known = truth["axis_z"][0] if "within_m" in truth else truth["axis_z"]
        faults += [] if np.abs(z - known).max() < MILLIMETRE else ["elevation"]
    values = truth.keys() - {"file", "layer", "row", "table", "position", "axis_z", "within_m"}
    return faults + [name for name in values if not same(truth[name], row[name])]


def offset(position: list[Any], geometry: shapely.Geometry) -> float:
    """Greatest distance between the true and the loaded position, metres."""
    if geometry.geom_type == "MultiPolygon":
        return float(shapely.hausdorff_distance(geometry, shapely.Polygon(position[0], position[1:])))
    found = shapely.get_coordinates(geometry)
    if len(position) > MOST_DRAWN:  # a curve, of which the importer makes pieces
        return float(shapely.hausdorff_distance(geometry, shapely.LineString(position)))
    return float(np.abs(found - np.array(position)).max()) if len(found) == len(position) else float("inf")


def same(expected: Any, found: Any) -> bool:
    if isinstance(expected, int | float) and found is not None:
        return abs(expected - found) < 1e-6
    return str(expected) == str(found)


def test_every_planted_defect_is_reported(pilot: Pilot) -> None:
    """Each defect ends as the truth says it should, with a fault that names it."""
    silent = []
    for defect in pilot.truth["defects"]:
        file = pilot.files[defect["file"]]
        faults = faults_of(file, defect["row"])
        named = faults & FAULTS[defect["kind"]] if defect["kind"] in FAULTS else said(file, defect)
        if not named or file.outcome not in OUTCOMES[defect["expected"]]:
            silent.append((defect, file.outcome, faults))
    assert silent == []


def faults_of(file: FileReport, row: int | None) -> set[str]:
    return {f["fault"] for f in file.findings if row is None or not f["rows"] or row in f["rows"]}


# Defects that are decided, not refused: the words of the decision that is on record.
DECISIONS = {
    ("shx-missing", "loaded"): ".shx",
    ("depth-negative", "loaded"): "negative",
    ("unit-ambiguous", "loaded"): "plausible only in cm",
    ("unit-ambiguous", "loaded, elevation unknown"): "plausible in none",
    ("number-overflow", "loaded, elevation unknown"): "are stars (*****)",
}
# Of these nothing may come at all, as the comparison with the truth says.
HARMLESS = ("header-absurd", "nodata-absurd", "design-beside", "feet")


def said(file: FileReport, defect: dict[str, Any]) -> bool:
    """Whether the decision on a defect is on record."""
    words = DECISIONS.get((defect["kind"], defect["expected"]))
    if words is not None:
        return words in json.dumps(file.decisions, ensure_ascii=False)
    return defect["kind"] in HARMLESS or (file.outcome == "duplicate" and defect["original"] in file.message)


def test_nothing_else_is_refused(pilot: Pilot) -> None:
    """Exactly the planted rows and files are in the quarantine: no sound record is lost."""
    planted = {
        (d["file"], d["row"])
        for d in pilot.truth["defects"]
        if d["expected"] in ("row quarantined", "file quarantined")
    }
    rows = pilot.connection.execute(
        "select s.path, q.row from quarantined_rows q join source_files s on s.id = q.source_file_id"
    ).fetchall()
    whole = {file for file, row in planted if row is None}
    assert {(file, row) for file, row in rows if row is None or file not in whole} == planted
    assert len([row for file, row in rows if row is None or file not in whole]) == len(planted)


def test_refused_files_keep_their_records(pilot: Pilot) -> None:
    """A layer that is refused as a whole is in the quarantine record by record, with geometry and attributes."""
    refused = [file for file in pilot.report.files if file.outcome == "quarantined" and file.read]
    assert refused
    for file in refused:
        rows = pilot.connection.execute(
            "select count(*), count(q.geom) from quarantined_rows q join source_files s on s.id = q.source_file_id"
            " where s.path = %s and q.row is not null",
            (file.path,),
        ).fetchone()
        assert rows == (file.read, file.read), file.path


def test_quarantined_rows_keep_what_was_delivered(pilot: Pilot) -> None:
    """Reason, remedy and raw attributes of a refused record are there for whoever mends it."""
    rows = pilot.connection.execute(
        "select message <> '' and remedy <> '', attributes <> '{}'::jsonb from quarantined_rows where row is not null"
    ).fetchall()
    assert rows
    assert set(rows) == {(True, True)}


def test_second_import_changes_nothing(pilot: Pilot) -> None:
    """Importing the folder again leaves every layer's version as it is."""
    state = "select layer, version, features from layer_states order by 1"
    before = pilot.connection.execute(state).fetchall()
    report = import_path(pilot.connection, pilot.folder, pilot.folder / "sample" / "ward", ImportOptions())
    assert pilot.connection.execute(state).fetchall() == before
    assert report.outcomes["unchanged"] == pilot.report.outcomes["loaded"] + pilot.report.outcomes["partly"]


def test_trenches_have_their_known_conflicts(pilot: Pilot) -> None:
    """Every planned trench meets exactly what it truly meets, and what passes beside it is clear by its true gap."""
    ground = read_ground(pilot.connection, pilot.folder)
    for path in sorted((pilot.folder / "sample" / "trenches").glob("*.geojson")):
        (dig,) = read_digs(path, None, ground.storage)
        (truth,) = [t for t in pilot.truth["trenches"] if t["name"] == dig.name]
        report = check(pilot.connection, ground, dig)
        found = {(c.source_file, c.source_row): c for c in report.clashes}
        conflicts = {k: c.outcome for k, c in found.items() if c.outcome is not Outcome.CLEAR}
        assert conflicts == {(c["file"], c["row"]): c["outcome"] for c in truth["conflicts"]}, dig.name
        for known in truth["clear"]:
            clash = found.get((known["file"], known["row"]))
            if clash is not None and clash.gap_m is not None:
                off_m = clash.gap_m - known["gap_m"]
                assert off_m >= -0.06, "the bottom follows the ground within 5 cm"
                assert off_m <= 0.06 or clash.section_shape != "circular", "the circle around a box is larger than it"
        assert report.is_clear == (not truth["conflicts"])
