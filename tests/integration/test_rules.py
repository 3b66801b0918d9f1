"""What will be laid, held to the rules in a real city; duties near objects; a city's own rules."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
import rasterio
import shapely
from rasterio.transform import from_origin

from importers.folder import ImportOptions, import_path
from layers.crs import WGS84, parse_crs, transform_geometries
from layers.errors import Invalid
from layers.terrain import read_ground
from twin.clash.check import check
from twin.clash.outcome import Outcome
from twin.clash.rulefile import read_rules
from twin.clash.rules import Verdict
from twin.excavations.request import parse_digs

if TYPE_CHECKING:
    from pathlib import Path

    from layers.database import Connection
    from twin.clash.report import ClashReport
    from twin.clash.rules import Finding

EAST, NORTH = 562_000.0, 1_820_000.0
STORAGE = parse_crs("EPSG:9214")
ELSEWHERE = {"type": "LineString", "coordinates": [[107.6, 16.5], [107.61, 16.5]]}
WATER = {"discipline": "water", "diameter_m": 0.11, "material": "HDPE"}


@pytest.fixture
def flat(connection: Connection, tmp_path: Path) -> Connection:
    """A city with level ground at 3 m, 100 m × 100 m, one ward and a pipe far from everything."""
    folder = tmp_path / "terrain"
    folder.mkdir()
    options = {"driver": "GTiff", "width": 100, "height": 100, "count": 1, "dtype": "float32", "nodata": -9999}
    with rasterio.open(
        folder / "dem.tif", "w", crs="EPSG:9214", transform=from_origin(EAST, NORTH + 100, 1, 1), **options
    ) as out:
        out.write(np.full((100, 100), 3, "float32"), 1)
    import_path(connection, tmp_path, folder, ImportOptions())
    connection.execute(
        "insert into boundaries (level, name, code, geom) values"
        " ('ward', 'Thuận Hóa', '19789', st_multi(st_makeenvelope(%s, %s, %s, %s, 9214)))",
        (EAST, NORTH, EAST + 100, NORTH + 100),
    )
    a_line(connection, (1, 1), (2, 1), z=2.0)
    return connection


def a_line(connection: Connection, *points: tuple[float, float], z: float | None = 2.0, **columns: Any) -> int:
    """A line of 0.1 m through points in metres from the south-western corner, surveyed to PAS 128 A."""
    xy = [(EAST + x, NORTH + y) for x, y in points]
    values = {
        "discipline": "wastewater", "vertical_reference": "axis", "ground_source": "none",
        "section_shape": "circular", "elevation_source": "none" if z is None else "measured", "outer_width_m": 0.1,
        "outer_height_m": 0.1, "horizontal_accuracy_m": 0.0, "vertical_accuracy_m": 0.0, "owner": "HEPCO",
        "geom": f"SRID=9214;{shapely.LineString(xy).wkt}",
        "axis": None if z is None else f"SRID=9214;{shapely.LineString([(*p, z) for p in xy]).wkt}",
    } | columns  # fmt: skip
    names, marks = ", ".join(values), ", ".join(["%s"] * len(values))
    statement = f"insert into utility_lines ({names}) values ({marks}) returning id"  # noqa: S608
    (number,) = connection.execute(statement, list(values.values())).fetchone() or (0,)
    return int(number)


def lonlat(geometry: shapely.Geometry) -> dict[str, Any]:
    moved = transform_geometries(np.array([geometry], dtype=object), STORAGE, parse_crs(WGS84))[0]
    return json.loads(shapely.to_geojson(moved))  # type: ignore[no-any-return]


def a_trench(**properties: Any) -> dict[str, Any]:
    """A trench 20 m long and 1 m wide, 1.5 m deep: from 40 to 60 m east, its middle 50 m north."""
    line = shapely.LineString([(EAST + 40, NORTH + 50), (EAST + 60, NORTH + 50)])
    given = {"name": "A", "depth_m": 1.5, "width_m": 1.0} | properties
    return {"type": "Feature", "geometry": lonlat(line), "properties": given}


def run(connection: Connection, folder: Path, lays: list[dict[str, Any]], city: Path | None = None) -> ClashReport:
    (dig,) = parse_digs(a_trench(lays=lays), None, STORAGE)
    return check(connection, read_ground(connection, folder), dig, read_rules(city))


def distances(report: ClashReport) -> list[Finding]:
    (laying,) = report.layings
    return [distance.finding for distance in laying.distances]


def test_a_sewer_beside_a_water_pipe_breaks_the_note(flat: Connection, tmp_path: Path) -> None:
    """A drinking water pipe 1.2 m beside a sewer keeps the 1.0 m of the table and breaks the 1.5 m of its note."""
    number = a_line(flat, (30, 51.305), (70, 51.305), z=2.0)
    report = run(flat, tmp_path, [WATER | {"depth_m": 1.0}])
    (laying,) = report.layings
    (distance,) = laying.distances
    found = distance.finding
    assert (distance.feature_id, distance.owner, found.verdict) == (number, "HEPCO", Verdict.BROKEN)
    assert (found.limit_m, found.arrangement) == (1.5, "alongside")
    assert found.gap.nominal_m == pytest.approx(1.2, abs=1e-3)
    assert found.cited is not None
    assert found.cited.id == "qcvn01-2.30-drinking-wastewater"
    assert not report.is_clear
    (clash,) = report.clashes
    assert clash.outcome is Outcome.CLEAR, "digging hits nothing; laying breaks a rule"


def test_a_crossing_is_held_to_the_vertical_limit(flat: Connection, tmp_path: Path) -> None:
    """A sewer that passes 0.8 m below the water pipe breaks 1.0 m; nobody asks for a horizontal distance there."""
    a_line(flat, (50, 30), (50, 70), z=1.945 - 0.905)
    found = distances(run(flat, tmp_path, [WATER | {"depth_m": 1.0}]))
    assert [(f.aspect, f.verdict, f.limit_m) for f in found] == [("vertical", Verdict.BROKEN, 1.0)]
    assert found[0].gap.nominal_m == pytest.approx(0.8, abs=1e-3)


def test_unknown_depth_is_unknown_and_gas_has_no_rule(flat: Connection, tmp_path: Path) -> None:
    """What the records do not say and what the table does not know keep a dig from being clear, each in its words."""
    a_line(flat, (45, 30), (45, 70), z=None)
    a_line(flat, (30, 52), (70, 52), z=-5.0, discipline="gas")
    report = run(flat, tmp_path, [WATER | {"depth_m": 1.0}])
    assert {f.verdict for f in distances(report)} == {Verdict.UNKNOWN, Verdict.NO_RULE}
    assert not report.is_clear


def test_far_and_kept_is_clear(flat: Connection, tmp_path: Path) -> None:
    """A power cable 0.6 m beside a water pipe keeps 0.5 m: the dig is clear, and its cover is kept."""
    a_line(flat, (30, 50.705), (70, 50.705), z=-9.0, discipline="power")
    report = run(flat, tmp_path, [WATER | {"depth_m": 1.0}])
    assert {f.verdict for f in distances(report)} == {Verdict.KEPT}
    assert [(cover.verdict, cover.limit_m) for cover in report.layings[0].covers] == [(Verdict.KEPT, 0.7)]
    assert report.is_clear


def test_a_house_connection_is_joined(flat: Connection, tmp_path: Path) -> None:
    """A pipe laid up to the main of its own network is joined to it, not too near."""
    a_line(flat, (60, 30), (60, 70), z=1.945, discipline="water")
    assert {f.verdict for f in distances(run(flat, tmp_path, [WATER | {"depth_m": 1.0}]))} == {Verdict.JOINED}


def test_a_shallow_main_under_a_road_breaks_its_cover(flat: Connection, tmp_path: Path) -> None:
    """A sewer 0.4 m deep may lie in a footway and not in a carriageway; without roads nobody knows."""
    sewer = {"discipline": "wastewater", "diameter_m": 0.3, "depth_m": 0.4}

    def cover() -> tuple[Verdict, float | None]:
        found = run(flat, tmp_path, [sewer]).layings[0].covers[-1]
        return found.verdict, found.limit_m

    assert cover() == (Verdict.UNKNOWN, 0.5)
    road = f"SRID=9214;MULTILINESTRING(({EAST} {NORTH + 60}, {EAST + 100} {NORTH + 60}))"
    flat.execute("insert into roads (name, width_m, geom) values ('Lê Lợi', 8, %s)", (road,))
    assert cover() == (Verdict.KEPT, 0.3)
    flat.execute("update roads set width_m = 22")
    assert cover() == (Verdict.BROKEN, 0.5)
    flat.execute("update roads set width_m = null")
    assert cover() == (Verdict.UNKNOWN, 0.5)


def test_nearness_has_duties(flat: Connection, tmp_path: Path) -> None:
    """A cable 0.3 m beside the dig: dig by hand, find it first, tell its operator; each duty names its source."""
    a_line(flat, (30, 50.85), (70, 50.85), z=2.0, discipline="power", quality_level="D")
    (clash,) = run(flat, tmp_path, []).clashes
    assert {duty.zone.cited.id for duty in clash.duties} == {
        "hsg47-hand-dig",
        "crow-trial-trench",
        "power-corridor-notice",
    }
    told = clash.to_json()["duties"]
    assert all(duty["rule"]["verified"] is False and duty["text"]["vi"] for duty in told)


def test_a_citys_rule_binds_over_the_table(flat: Connection, tmp_path: Path) -> None:
    """The city's stricter figure is the one that is cited; the report names both files."""
    a_line(flat, (30, 50.705), (70, 50.705), z=-9.0, discipline="power")
    path = tmp_path / "hue.toml"
    path.write_text(
        'version = "7"\ndate = 2026-05-01\nstatus = "in_force"\n[sources.hue]\nauthority = "city"\n'
        'title.en = "Decision 99"\ntitle.vi = "Quyết định 99"\nevidence = "official"\n'
        '[[clearances]]\nid = "hue-power"\nsource = "hue"\nclause = "Điều 4"\npair = ["water", "power"]\n'
        'aspect = "plan"\nlimit_m = 0.8\n',
        encoding="utf-8",
    )
    report = run(flat, tmp_path, [WATER | {"depth_m": 1.0}], path)
    (found,) = distances(report)
    assert (found.verdict, found.limit_m) == (Verdict.BROKEN, 0.8)
    assert [edition.name for edition in report.rules] == ["rules.toml", "hue.toml"]
    told = report.to_json()["laid"][0]["distances"][0]["rule"]
    assert (told["id"], told["clause"]["vi"], told["verified"]) == ("hue-power", "Điều 4", True)


def test_nothing_laid_is_said(flat: Connection, tmp_path: Path) -> None:
    """A dig that does not say what it lays is not taken for one that keeps every distance."""
    assert any(remark.en.startswith("What will be laid is not stated") for remark in run(flat, tmp_path, []).remarks)
    stated = run(flat, tmp_path, [WATER])
    assert not any(remark.en.startswith("What will be laid") for remark in stated.remarks)


@pytest.mark.parametrize(
    ("lays", "message"),
    [
        (3, "lays must be a list"),
        ([{}], "lays 1: no discipline"),
        ([{"discipline": "soup", "diameter_m": 0.1}], "lays 1: discipline 'soup' is not known"),
        ([{"discipline": "water"}], "lays 1: no size"),
        ([{"discipline": "water", "diameter_m": 110}], "lays 1: diameter_m 110 is not within"),
        ([{"discipline": "water", "diameter_m": 0.1, "width_m": 0.1}], "lays 1: no size"),
        ([WATER, WATER | {"depth_m": "deep"}], "lays 2: depth_m 'deep' is no number"),
        (
            [WATER | {"path": {"type": "LineString", "coordinates": [[107.6, 16.5], [107.61, 16.5]]}}],
            "leaves the floor",
        ),
        ([WATER | {"path": {"type": "Point", "coordinates": [107.6, 16.5]}}], "path: "),
        ([WATER | {"path": 3}], "path: "),
        ([WATER] * 21, "at most 20"),
    ],
)
def test_bad_lays_name_the_fault(lays: Any, message: str) -> None:
    """Each fault of what is laid has its own words, with its place in the list."""
    with pytest.raises(Invalid, match=message):
        parse_digs(a_trench(lays=lays), None, STORAGE)


@pytest.mark.parametrize(
    ("properties", "message"), [({"hours": "9 to 5"}, "HH:MM"), ({"purpose": "fun"}, "purpose 'fun' is not known")]
)
def test_bad_works_name_the_fault(properties: dict[str, Any], message: str) -> None:
    """Hours and purpose are held to their form."""
    with pytest.raises(Invalid, match=message):
        parse_digs(a_trench(**properties), None, STORAGE)


def test_an_outline_without_a_middle_asks_for_the_path(flat: Connection, tmp_path: Path) -> None:
    """In a dig of odd shape the path is asked for, and with it the pipe lies where it was drawn."""
    corner = shapely.union_all(
        [
            shapely.box(EAST + 40, NORTH + 49, EAST + 60, NORTH + 51),
            shapely.box(EAST + 40, NORTH + 40, EAST + 42, NORTH + 51),
        ]
    )
    path = lonlat(shapely.LineString([(EAST + 41, NORTH + 41), (EAST + 41, NORTH + 50), (EAST + 59, NORTH + 50)]))
    feature = {"type": "Feature", "geometry": lonlat(corner), "properties": {"depth_m": 1.5, "lays": [WATER]}}
    with pytest.raises(Invalid, match="give its path"):
        parse_digs(feature, None, STORAGE)
    feature["properties"] = {"depth_m": 1.5, "lays": [WATER | {"path": path, "depth_m": 1.0}]}
    (dig,) = parse_digs(feature, None, STORAGE)
    (laying,) = check(flat, read_ground(flat, tmp_path), dig).layings
    assert laying.axes[0][:, 2] == pytest.approx(1.945, abs=1e-6)
    assert shapely.LineString(laying.axes[0][:, :2]).length == pytest.approx(27, abs=1e-3)
