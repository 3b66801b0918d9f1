"""The clash check against a real city: candidates, ground, gaps, honesty."""

from __future__ import annotations

import json
from datetime import date
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
import rasterio
import shapely
from rasterio.transform import from_origin

from importers.folder import ImportOptions, import_path
from layers.crs import WGS84, CrsMismatch, parse_crs, transform_geometries
from layers.errors import Invalid, Unavailable, say
from layers.terrain import read_ground
from twin.clash.check import check, check_many, digest_many
from twin.clash.dig import Depth, Elevation, Grade, Pit, PlannedDig, Sides, Support, Trench
from twin.clash.digest import digest
from twin.clash.outcome import Outcome, Reason
from twin.clash.report import ClashReport
from twin.excavations.request import parse_digs, read_digs

if TYPE_CHECKING:
    from pathlib import Path

    from layers.database import Connection
    from twin.clash.dig import Part
    from twin.clash.report import Clash

EAST, NORTH = 562_000.0, 1_820_000.0
STORAGE = parse_crs("EPSG:9214")
TRENCH = shapely.box(EAST + 40, NORTH + 49, EAST + 60, NORTH + 51)


@pytest.fixture
def flat(connection: Connection, tmp_path: Path) -> Connection:
    """A city with level ground at 3 m, 100 m × 100 m, and nothing in it."""
    folder = tmp_path / "terrain"
    folder.mkdir()
    options = {"driver": "GTiff", "width": 100, "height": 100, "count": 1, "dtype": "float32", "nodata": -9999}
    with rasterio.open(
        folder / "dem.tif", "w", crs="EPSG:9214", transform=from_origin(EAST, NORTH + 100, 1, 1), **options
    ) as out:
        out.write(np.full((100, 100), 3, "float32"), 1)
    import_path(connection, tmp_path, folder, ImportOptions())
    a_ward(connection, 100)
    return connection


def a_ward(connection: Connection, width_m: float) -> None:
    """The city ends `width_m` east of its south-western corner."""
    connection.execute(
        "insert into boundaries (level, name, geom) values"
        " ('ward', 'x', st_multi(st_makeenvelope(%s, %s, %s, %s, 9214)))",
        (EAST, NORTH, EAST + width_m, NORTH + 100),
    )


def a_pipe(connection: Connection, z: float | None, **columns: Any) -> int:
    """A pipe of 0.2 m across the trench at elevation z (None: unknown), surveyed to PAS 128 A unless said otherwise."""
    x, y = EAST + 50, NORTH
    ends = f"{x} {y + 20}{{}}, {x} {y + 80}{{}}"
    values = {
        "discipline": "water", "vertical_reference": "axis", "ground_source": "none", "section_shape": "circular",
        "elevation_source": "none" if z is None else "measured", "outer_width_m": 0.2, "outer_height_m": 0.2,
        "quality_level": "A", "owner": "Công ty Cấp nước", "geom": f"SRID=9214;LINESTRING({ends.format('', '')})",
        "axis": None if z is None else f"SRID=9214;LINESTRING Z({ends.format(f' {z}', f' {z}')})",
    } | columns  # fmt: skip
    names = ", ".join(values)
    marks = ", ".join(["%s"] * len(values))
    statement = f"insert into utility_lines ({names}) values ({marks}) returning id"  # noqa: S608
    (number,) = connection.execute(statement, list(values.values())).fetchone() or (0,)
    return int(number)


def run(connection: Connection, folder: Path, polygon: shapely.Polygon = TRENCH, depth_m: float = 1.5) -> ClashReport:
    return check(connection, read_ground(connection, folder), PlannedDig("trench", polygon, depth_m, STORAGE))


def found(report: ClashReport) -> Clash:
    (clash,) = report.clashes
    return clash


def test_hit_has_owner_source_and_gaps(flat: Connection, tmp_path: Path) -> None:
    """A pipe at 2.0 m through a trench from 3.0 down to 1.5 m: hit, 0.5 m above the bottom, overlapping by it."""
    number = a_pipe(flat, 2.0)
    clash = found(run(flat, tmp_path))
    assert (clash.outcome, clash.reason, clash.feature_id) == (Outcome.DEFINITE, Reason.HIT, number)
    assert clash.owner == "Công ty Cấp nước"
    assert clash.gap_m == pytest.approx(-0.1), "the axis is inside, so the gap is the radius"
    assert clash.plan_gap_m == pytest.approx(-0.1)
    assert clash.vertical_gap_m is not None
    assert clash.vertical_gap_m < 0


def test_pipe_below_the_bottom_is_clear_by_its_gap(flat: Connection, tmp_path: Path) -> None:
    """Bottom at 1.5, crown at 1.1: 0.4 m apart, beyond the 25 mm of quality level A."""
    a_pipe(flat, 1.0)
    report = run(flat, tmp_path)
    clash = found(report)
    assert clash.outcome is Outcome.CLEAR
    assert (clash.gap_m, clash.vertical_gap_m) == pytest.approx((0.4, 0.4))
    assert report.is_clear


def test_within_its_accuracy_is_possible(flat: Connection, tmp_path: Path) -> None:
    """The same pipe known to half a metre only may be hit."""
    a_pipe(flat, 1.0, horizontal_accuracy_m=0.5, vertical_accuracy_m=0.5)
    assert found(run(flat, tmp_path)).outcome is Outcome.POSSIBLE


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"z": None}, Reason.ELEVATION_MISSING),
        ({"z": 1.0, "outer_width_m": None, "outer_height_m": None, "section_shape": "unknown"}, Reason.SECTION_MISSING),
        ({"z": 1.0, "quality_level": "D"}, Reason.DEPTH_UNTRUSTED),
        ({"z": 1.0, "quality_level": None}, Reason.DEPTH_UNTRUSTED),
        ({"z": 1.0, "schematic": True}, Reason.DEPTH_UNTRUSTED),
    ],
)
def test_what_is_not_known_is_never_clear(
    flat: Connection, tmp_path: Path, change: dict[str, Any], reason: Reason
) -> None:
    """Missing depth, missing section, records nobody surveyed: unknown, and the report is not clear."""
    a_pipe(flat, **change)
    report = run(flat, tmp_path)
    assert (found(report).outcome, found(report).reason) == (Outcome.UNKNOWN, reason)
    assert not report.is_clear


def test_no_terrain_means_no_clearance_by_depth(connection: Connection, tmp_path: Path) -> None:
    """Without ground the bottom has no elevation, and the deepest pipe is unknown."""
    a_pipe(connection, -20.0)
    report = run(connection, tmp_path)
    assert found(report).outcome is Outcome.UNKNOWN
    assert report.ground_m is None
    assert [remark.en[:10] for remark in report.remarks] == [
        "No terrain",
        "No boundar",
        "What will ",
        "The rules ",
        "The result",
    ]


def test_report_has_what_drawings_need(flat: Connection, tmp_path: Path) -> None:
    """The axis that was measured, its section and record, and the ground over the dig and around it."""
    a_pipe(flat, 2.0, operator="Xí nghiệp số 1", pressure_bar=6.0, surveyed_on="2024-03-01")
    report = run(flat, tmp_path)
    clash = found(report)
    assert clash.axis == pytest.approx(np.array([[EAST + 50, NORTH + 20, 2.0], [EAST + 50, NORTH + 80, 2.0]]))
    assert (clash.section_shape, clash.outer_radius_m) == ("circular", 0.1)
    assert (clash.record.operator, clash.record.pressure_bar) == ("Xí nghiệp số 1", 6.0)
    assert clash.record.surveyed_on == date(2024, 3, 1)
    assert (report.surface[:, 2] == 3.0).all()
    hull = shapely.MultiPoint(report.surface[:, :2]).convex_hull
    assert hull.contains(TRENCH.buffer(3))


def test_no_boundary_no_clear(flat: Connection, tmp_path: Path) -> None:
    """Where nobody says how far the records reach, "nothing found" proves nothing."""
    a_pipe(flat, -5.0)
    assert run(flat, tmp_path).is_clear
    flat.execute("truncate boundaries")
    assert not run(flat, tmp_path).is_clear


@pytest.mark.parametrize("z", [3.5, 6.0, 20.0])
def test_recorded_above_the_ground_is_not_passed_by(flat: Connection, tmp_path: Path, z: float) -> None:
    """A buried pipe that its record puts above the ground contradicts itself: it is never clear."""
    a_pipe(flat, z)
    assert found(run(flat, tmp_path)).outcome is not Outcome.CLEAR


def test_unstated_reference_counts_for_its_worst(flat: Connection, tmp_path: Path) -> None:
    """A bare depth of a large sewer may have meant its invert: then it lies higher by its own height."""
    values = {"outer_width_m": 1.2, "outer_height_m": 1.2, "vertical_accuracy_m": 0.05, "horizontal_accuracy_m": 0.05}
    a_pipe(flat, 0.4, **values)
    assert found(run(flat, tmp_path, depth_m=1.6)).outcome is Outcome.CLEAR
    flat.execute("update utility_lines set vertical_reference = 'unstated'")
    assert found(run(flat, tmp_path, depth_m=1.6)).outcome is Outcome.POSSIBLE


def test_files_that_are_not_loaded_are_said(flat: Connection, tmp_path: Path) -> None:
    """A telecom file in quarantine may hold the cable that this answer does not know."""
    a_pipe(flat, 1.0)
    (tmp_path / "rong.geojson").write_bytes(b"")
    import_path(flat, tmp_path, tmp_path / "rong.geojson", ImportOptions())
    assert any(remark.vi.startswith("1 tệp") for remark in run(flat, tmp_path).remarks)


def test_wide_pipe_far_off_is_a_candidate(flat: Connection, tmp_path: Path) -> None:
    """A culvert whose axis lies 6 m outside the trench and is 13 m wide reaches into it."""
    a_pipe(flat, 2.5, outer_width_m=13.0, outer_height_m=1.0, section_shape="rectangular",
           geom=f"SRID=9214;LINESTRING({EAST + 10} {NORTH + 57}, {EAST + 90} {NORTH + 57})",
           axis=f"SRID=9214;LINESTRING Z({EAST + 10} {NORTH + 57} 2.5, {EAST + 90} {NORTH + 57} 2.5)")  # fmt: skip
    assert found(run(flat, tmp_path)).outcome is Outcome.DEFINITE


def test_schematic_line_across_the_street_is_not_clear(flat: Connection, tmp_path: Path) -> None:
    """A diagram drawn 4 m beside the trench says nothing of where the cable lies."""
    a_pipe(flat, 1.0, schematic=True, horizontal_accuracy_m=0.1,
           geom=f"SRID=9214;LINESTRING({EAST + 10} {NORTH + 55}, {EAST + 90} {NORTH + 55})",
           axis=f"SRID=9214;LINESTRING Z({EAST + 10} {NORTH + 55} 1, {EAST + 90} {NORTH + 55} 1)")  # fmt: skip
    assert found(run(flat, tmp_path)).outcome is Outcome.UNKNOWN


def test_manhole_without_a_cover_reaches_the_ground(flat: Connection, tmp_path: Path) -> None:
    """A shaft whose cover nobody measured comes up to the ground, so it is hit."""
    a_pipe(flat, -5.0, geom=f"SRID=9214;LINESTRING({EAST} {NORTH}, {EAST} {NORTH + 1})",
           axis=f"SRID=9214;LINESTRING Z({EAST} {NORTH} -5, {EAST} {NORTH + 1} -5)")  # fmt: skip
    flat.execute(
        "insert into utility_nodes (discipline, kind, vertical_reference, ground_source, ground_m, elevation_source,"
        " section_shape, outer_width_m, outer_length_m, bottom_m, quality_level, geom) values"
        " ('wastewater', 'manhole', 'none', 'terrain', 3, 'measured', 'circular', 1, 1, 0.5, 'A',"
        " st_setsrid(st_point(%s, %s), 9214))",
        (EAST + 50, NORTH + 50),
    )
    clash = found(run(flat, tmp_path))
    assert (clash.layer, clash.outcome, clash.kind) == ("utility_nodes", Outcome.DEFINITE, "manhole")


def test_empty_city_is_no_clear_ground(flat: Connection, tmp_path: Path) -> None:
    """Where no utilities were ever loaded, "nothing found" would be a lie."""
    with pytest.raises(Unavailable, match="no utility lines are loaded"):
        run(flat, tmp_path)


def test_beyond_the_boundary_nothing_is_recorded(flat: Connection, tmp_path: Path) -> None:
    """A dig that leaves the city would find nothing there, which says nothing."""
    a_pipe(flat, 2.0)
    flat.execute("truncate boundaries")
    a_ward(flat, 45)
    with pytest.raises(Invalid, match="beyond the city's boundary"):
        run(flat, tmp_path)


@pytest.mark.parametrize("sides", [Sides(Support.BATTERED, slope=1.5), Sides(Support.SHORED, working_m=3.0)])
def test_sides_beyond_the_boundary_are_no_clear_ground(flat: Connection, tmp_path: Path, sides: Sides) -> None:
    """A floor inside the city whose side or working space leaves it digs where nothing is recorded."""
    a_pipe(flat, 2.0)
    flat.execute("truncate boundaries")
    a_ward(flat, 60)
    floor = shapely.box(EAST + 56, NORTH + 40, EAST + 59, NORTH + 44)
    ground = read_ground(flat, tmp_path)
    assert check(flat, ground, PlannedDig.of("dig", (Pit(floor, Depth(2.5)),), STORAGE)).is_clear
    with pytest.raises(Invalid, match="beyond the city's boundary"):
        check(flat, ground, PlannedDig.of("dig", (Pit(floor, Depth(2.5), sides),), STORAGE))


def test_mixed_reference_systems_are_refused(flat: Connection, tmp_path: Path) -> None:
    """A dig in another zone is never measured against the city."""
    with pytest.raises(CrsMismatch):
        check(flat, read_ground(flat, tmp_path), PlannedDig("x", TRENCH, 1.5, parse_crs("EPSG:5898")))


def test_the_whole_dig_is_checked(flat: Connection, tmp_path: Path) -> None:
    """A pipe beside the floor is hit by the battered side, one under the second pit by that pit."""
    a_pipe(flat, 2.0)
    beside = shapely.box(EAST + 51, NORTH + 49, EAST + 60, NORTH + 51)
    far = shapely.box(EAST + 10, NORTH + 10, EAST + 12, NORTH + 12)

    def outcome(*parts: Part) -> Outcome:
        ground = read_ground(flat, tmp_path)
        (clash,) = check(flat, ground, PlannedDig.of("dig", parts, STORAGE)).clashes
        return clash.outcome

    assert outcome(Pit(beside, Depth(1.5))) is Outcome.CLEAR
    assert outcome(Pit(beside, Depth(1.5), Sides(Support.BATTERED, slope=2.0))) is Outcome.DEFINITE
    assert outcome(Pit(far, Depth(1.5)), Pit(TRENCH, Depth(1.5))) is Outcome.DEFINITE
    line = shapely.LineString([(EAST + 40, NORTH + 50), (EAST + 60, NORTH + 50)])
    assert outcome(Trench(line, 1.0, Elevation(2.2))) is Outcome.CLEAR
    assert outcome(Trench(line, 1.0, Grade(Elevation(2.2), 0.02))) is not Outcome.CLEAR


def lonlat(polygon: shapely.Polygon) -> dict[str, Any]:
    moved = transform_geometries(np.array([polygon], dtype=object), STORAGE, parse_crs(WGS84))[0]
    return json.loads(shapely.to_geojson(moved))  # type: ignore[no-any-return]


def test_request_comes_back_to_the_millimetre() -> None:
    """A GeoJSON polygon in longitude and latitude is the polygon that was drawn."""
    (dig,) = parse_digs(lonlat(TRENCH), 1.5, STORAGE)
    assert dig.polygon.hausdorff_distance(TRENCH) < 1e-3
    assert (dig.depth_m, dig.name) == (1.5, "excavation 1")


@pytest.mark.parametrize(
    ("polygon", "depth", "message"),
    [
        (TRENCH, None, "no depth"),
        (TRENCH, float("nan"), "no number"),
        (TRENCH, "deep", "no number"),
        (TRENCH, 0.0, "not within"),
        (TRENCH, 300, "not within"),
        (shapely.box(EAST, NORTH, EAST + 600, NORTH + 10), 1.5, "split it"),
        (shapely.box(EAST, NORTH, EAST + 0.01, NORTH + 0.01), 1.5, "real outline"),
        (shapely.Polygon([(EAST, NORTH), (EAST + 9, NORTH + 9), (EAST + 9, NORTH), (EAST, NORTH + 9)]), 1.5, "crosses"),
    ],
)
def test_bad_digs_name_the_fault(polygon: shapely.Polygon, depth: object, message: str) -> None:
    """Each fault has its own words."""
    feature = {"type": "Feature", "geometry": lonlat(polygon), "properties": {"name": "A", "depth_m": depth}}
    with pytest.raises(Invalid, match=f"A: .*{message}"):
        parse_digs(feature, None, STORAGE)


@pytest.mark.parametrize(
    "document",
    [[], 7, "x", None, {}, {"type": "FeatureCollection", "features": 3}, {"type": "FeatureCollection", "features": []},
     {"type": "Point", "coordinates": [107, 16]}, {"type": "Polygon", "coordinates": []}, {"type": "Polygon"},
     {"type": "Polygon", "coordinates": [[[107, 16], [107, "x"], [107, 17], [107, 16]]]},
     {"type": "Polygon", "coordinates": [[[16.4, 107.5], [16.5, 107.5], [16.5, 107.6], [16.4, 107.5]]]}],
)  # fmt: skip
def test_malformed_documents_are_refused(document: object) -> None:
    """Whatever arrives, the answer is a message, not a traceback."""
    with pytest.raises(Invalid):
        parse_digs(document, 1.5, STORAGE)


def test_faults_of_all_features_come_at_once(tmp_path: Path) -> None:
    """A person mends a file once, not once a fault."""
    features = [
        {"type": "Feature", "geometry": lonlat(TRENCH), "properties": {"name": name, "depth_m": depth}}
        for name, depth in (("A", None), ("B", 1.0), ("C", 99))
    ]
    path = tmp_path / "digs.geojson"
    path.write_text(json.dumps({"type": "FeatureCollection", "features": features}))
    with pytest.raises(Invalid) as caught:
        read_digs(path, None, STORAGE)
    assert len(caught.value.faults) == 2


def test_many_digs_are_answered_as_each_alone(flat: Connection, tmp_path: Path) -> None:
    """Protects the batch: shared queries give every dig its own answer, and a refusal stops no other dig."""
    for north in range(0, 100, 7):
        a_pipe(flat, 1.0 + north / 50)
    ground = read_ground(flat, tmp_path)
    digs = [
        PlannedDig(f"dig {n}", shapely.box(EAST + 38 + n, NORTH + 20 + n, EAST + 42 + n, NORTH + 70), 1.2, STORAGE)
        for n in range(12)
    ]
    digs.insert(5, PlannedDig("outside", shapely.box(EAST + 90, NORTH, EAST + 110, NORTH + 10), 1.2, STORAGE))
    above = PlannedDig.of(
        "above", (Pit(shapely.box(EAST + 40, NORTH + 40, EAST + 42, NORTH + 42), Elevation(9)),), STORAGE
    )
    (refused,) = check_many(flat, ground, [above])
    assert isinstance(refused, Invalid)
    assert str(refused.message).startswith("above: the bottom at 9.00 m is not below the ground")
    assert say(refused.message, "vi").startswith("above: đáy ở cao độ 9,00 m không thấp hơn mặt đất")
    answers = list(check_many(flat, ground, digs))
    assert isinstance(answers[5], Invalid)
    for dig, answer in zip(digs[:5] + digs[6:], answers[:5] + answers[6:], strict=True):
        assert isinstance(answer, ClashReport)
        assert answer.to_json() == check(flat, ground, dig).to_json()
        assert answer.surface.shape[1] == 3
    brief = list(digest_many(flat, ground, digs))
    assert [digest(a) if isinstance(a, ClashReport) else str(a) for a in answers] == [
        str(a) if isinstance(a, Invalid) else a for a in brief
    ]
    assert 0 < sum(isinstance(answer, ClashReport) and bool(answer.clashes) for answer in answers) < len(digs) - 1
