"""Files into PostGIS: real formats, real database."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING, Any

import numpy as np
import pyogrio
import pytest
import rasterio
import shapely
from rasterio.transform import from_origin

from importers.faults import Fault
from importers.folder import ImportOptions, Progress, import_path
from layers.columns import Column
from layers.crs import parse_crs
from layers.database import connect, migrate
from layers.embedded import create_database
from layers.errors import Conflict, Invalid, Unavailable
from layers.loading import FileRecord, Verdict, importing, loading, open_run, take_file_ids
from layers.provenance import Outcome
from layers.quarantine import list_quarantine
from layers.rows import encode_rows

if TYPE_CHECKING:
    from pathlib import Path

    from importers.report import FileReport, ImportReport
    from layers.database import Connection

EAST, NORTH = 562_000.0, 1_820_000.0


def run(connection: Connection, path: Path, **options: Any) -> ImportReport:
    return import_path(connection, path.parent / "data", path, ImportOptions(**options))


def only(report: ImportReport) -> FileReport:
    (file,) = report.files
    return file


def load(connection: Connection, table: str, columns: dict[str, Any]) -> None:
    """Rows into the city as one file brings them."""
    record = FileRecord("x.gpkg", "/x/x.gpkg", "0" * 64, "k", 1)
    (file_id,) = take_file_ids(connection, 1)
    with loading(connection, open_run(connection, "/x", {}), record, file_id) as file:
        file.add(encode_rows(table, columns, 9214))
        file.finish(Verdict("GeoPackage", None, Outcome.LOADED, []))


def count(connection: Connection, table: str) -> int:
    (number,) = connection.execute(f"select count(*) from {table}").fetchone() or (0,)  # noqa: S608
    return int(number)


def a_pipe_file(path: Path, rows: int = 3, *, dy: float = 0.0, declared: bool = True, **columns: list[Any]) -> Path:
    """Water pipes 20 m long, 10 m apart, written by GDAL in the format of the suffix."""
    path.parent.mkdir(parents=True, exist_ok=True)
    lines = np.array(
        [shapely.LineString([(EAST, NORTH + 10 * i + dy), (EAST + 20, NORTH + 10 * i + dy)]) for i in range(rows)]
    )
    names = {"VatLieu": ["HDPE"] * rows, "DuongKinh": [110] * rows, "DoSau_m": [1.0] * rows} | columns
    driver = {".shp": "ESRI Shapefile", ".gpkg": "GPKG", ".geojson": "GeoJSON"}[path.suffix]
    pyogrio.raw.write(
        path,
        shapely.to_wkb(lines),
        [np.array(v) for v in names.values()],
        list(names),
        geometry_type="LineString",
        crs="EPSG:9214",
        driver=driver,
    )
    if not declared:
        path.with_suffix(".prj").unlink()
    return path


@pytest.mark.parametrize("suffix", [".shp", ".gpkg"])
def test_file_becomes_features_with_provenance(connection: Connection, tmp_path: Path, suffix: str) -> None:
    """Every feature knows its file, layer and row, and the record is kept as it was delivered."""
    a_pipe_file(tmp_path / "in" / f"ong-cap-nuoc{suffix}")
    file = only(run(connection, tmp_path / "in", owner="Công ty Cấp nước"))
    assert (file.outcome, file.read, file.loaded, file.refused) == (Outcome.LOADED, 3, 3, 0)
    rows = connection.execute(
        "select l.discipline, l.owner, l.material, l.outer_width_m, l.source_layer, l.source_row, s.path, r.attributes"
        " from utility_lines l join source_files s on s.id = l.source_file_id"
        " join source_rows r on (r.source_file_id, r.layer, r.row) = (s.id, l.source_layer, l.source_row) order by l.id"
    ).fetchall()
    assert [row[:7] for row in rows] == [
        ("water", "Công ty Cấp nước", "HDPE", 0.11, "ong-cap-nuoc", i, f"ong-cap-nuoc{suffix}") for i in (1, 2, 3)
    ]
    assert rows[0][7] == {"VatLieu": "HDPE", "DuongKinh": 110, "DoSau_m": 1.0}


def test_same_file_again_is_a_no_op(connection: Connection, tmp_path: Path) -> None:
    """A second import changes neither features nor versions, and says so."""
    a_pipe_file(tmp_path / "in" / "ong-cap-nuoc.gpkg")
    run(connection, tmp_path / "in")
    before = connection.execute("select layer, version from layer_states order by 1").fetchall()
    file = only(run(connection, tmp_path / "in"))
    assert file.outcome == "unchanged"
    assert connection.execute("select layer, version from layer_states order by 1").fetchall() == before


def test_new_version_of_a_file_replaces_its_features(connection: Connection, tmp_path: Path) -> None:
    """The same path with other content does not load twice."""
    path = a_pipe_file(tmp_path / "in" / "ong-cap-nuoc.gpkg", rows=3)
    run(connection, tmp_path / "in")
    path.unlink()
    a_pipe_file(path, rows=2, dy=1.0)
    run(connection, tmp_path / "in")
    assert count(connection, "utility_lines") == 2
    assert connection.execute("select replaced_by is null from source_files order by id").fetchall() == [
        (False,),
        (True,),
    ]


def test_copy_under_another_name_is_a_duplicate(connection: Connection, tmp_path: Path) -> None:
    """Two departments hand over the same file: its pipes are in the ground once."""
    path = a_pipe_file(tmp_path / "in" / "ong-cap-nuoc.gpkg")
    shutil.copy(path, path.with_name("ong-nuoc-ban-sao.gpkg"))
    report = run(connection, tmp_path / "in")
    assert [f.outcome for f in report.files] == [Outcome.LOADED, Outcome.DUPLICATE]
    assert count(connection, "utility_lines") == 3


def test_one_bad_file_never_stops_the_rest(connection: Connection, tmp_path: Path) -> None:
    """Empty, cut, mislabelled and foreign files end in the quarantine; what lies between them is loaded."""
    folder = tmp_path / "cap-nuoc"
    good = a_pipe_file(folder / "a.gpkg")
    (folder / "b.shp").write_bytes(b"")
    (folder / "c.gpkg").write_bytes(good.read_bytes()[: good.stat().st_size // 2])
    (folder / "d.shp").write_text("đây không phải là shapefile")
    (folder / "e.dxf").write_bytes(b"AC1032" + bytes(200))
    a_pipe_file(folder / "f.shp", dy=5)
    (folder / "f.dbf").unlink()
    a_pipe_file(folder / "g.shp", dy=7)
    a_pipe_file(folder / "h.shp", dy=3, declared=False)
    report = run(connection, folder)
    assert {f.path: f.outcome for f in report.files} == {
        "a.gpkg": "loaded", "b.shp": "quarantined", "c.gpkg": "quarantined", "d.shp": "quarantined",
        "e.dxf": "quarantined", "f.shp": "quarantined", "g.shp": "loaded", "h.shp": "quarantined",
    }  # fmt: skip
    found = connection.execute(
        "select s.path, q.fault, q.remedy from quarantined_rows q join source_files s on s.id = q.source_file_id"
        " where q.row is null order by 1"
    ).fetchall()
    assert [(path, fault) for path, fault, _ in found] == [
        ("b.shp", Fault.EMPTY_FILE), ("c.gpkg", Fault.TRUNCATED), ("d.shp", Fault.UNKNOWN_FORMAT),
        ("e.dxf", Fault.UNKNOWN_FORMAT), ("f.shp", Fault.SIDECAR_MISSING), ("h.shp", Fault.CRS_MISSING),
    ]  # fmt: skip
    assert all(remedy for _, _, remedy in found)


def test_bad_rows_are_set_aside_and_the_rest_is_loaded(connection: Connection, tmp_path: Path) -> None:
    """A refused record keeps its geometry, attributes, reason and remedy."""
    path = tmp_path / "in" / "tuyen-cap-nuoc.geojson"
    path.parent.mkdir()
    path.write_text(
        '{"type":"FeatureCollection","features":['
        '{"type":"Feature","properties":{"matuyen":"a"},"geometry":{"type":"LineString","coordinates":[[107.58,16.46],[107.581,16.46]]}},'
        '{"type":"Feature","properties":{"matuyen":"b"},"geometry":null},'
        '{"type":"Feature","properties":{"matuyen":"c"},"geometry":{"type":"LineString","coordinates":[[107.58,16.46],[107.58,16.46]]}},'
        '{"type":"Feature","properties":{"matuyen":"d"},"geometry":{"type":"Point","coordinates":[107.58,16.46]}}]}'
    )
    file = only(run(connection, path.parent, layer="utility_lines"))
    assert (file.outcome, file.loaded, file.refused) == (Outcome.PARTLY, 1, 3)
    found = connection.execute(
        "select row, fault, remedy <> '', attributes, st_astext(geom) from quarantined_rows order by row"
    ).fetchall()
    assert found == [
        (2, Fault.GEOMETRY_MISSING, True, {"matuyen": "b"}, None),
        (3, Fault.ZERO_LENGTH, True, {"matuyen": "c"}, "LINESTRING(107.58 16.46,107.58 16.46)"),
        (4, Fault.GEOMETRY_KIND, True, {"matuyen": "d"}, "POINT(107.58 16.46)"),
    ]


def test_dry_run_writes_nothing(connection: Connection, tmp_path: Path) -> None:
    """A dry run decides everything and leaves the database as it was."""
    a_pipe_file(tmp_path / "in" / "ong-cap-nuoc.gpkg")
    file = only(run(connection, tmp_path / "in", dry_run=True))
    assert (file.outcome, file.loaded) == (Outcome.LOADED, 3)
    assert [count(connection, t) for t in ("utility_lines", "import_runs", "source_files", "source_rows")] == [0] * 4


def test_dry_run_keeps_no_raster(connection: Connection, tmp_path: Path) -> None:
    """Nothing written means no copy of the terrain either."""
    (tmp_path / "in").mkdir()
    lines = [f"{EAST + x} {NORTH + y} 3.5" for y in range(10) for x in range(10)]
    (tmp_path / "in" / "dem.xyz").write_text("\n".join(lines))
    file = only(run(connection, tmp_path / "in", dry_run=True, crs=parse_crs("EPSG:9214")))
    assert (file.outcome, file.tables) == (Outcome.LOADED, ["terrain"])
    assert not (tmp_path / "data").exists()


def test_terrain_in_another_unit_is_named(connection: Connection, tmp_path: Path) -> None:
    """Heights in whole centimetres would lift every depth by hundreds of metres: what the ground was tells."""
    said = []
    for name, scale in (("a", 1), ("b", 100), ("c", 1)):
        (tmp_path / name).mkdir()
        heights = [f"{EAST + x} {NORTH + y} {(3.5 + 0.01 * x) * scale:.2f}" for y in range(10) for x in range(10)]
        (tmp_path / name / f"dem-{name}.xyz").write_text("\n".join(heights))
        file = only(run(connection, tmp_path / name, crs=parse_crs("EPSG:9214")))
        said.append([(finding["fault"], finding["message"]) for finding in file.findings])
        connection.execute("delete from terrain where name = 'dem-b'")
    message = "the ground differs by +351.0 m in the median from the terrain that was known there"
    assert said == [[], [(Fault.GROUND_DIFFERS, message)], []]


def test_tiles_of_one_delivery_that_contradict_each_other_are_named(connection: Connection, tmp_path: Path) -> None:
    """Two tiles that overlap, one in feet: each names the other; a third beside them, and one that agrees, nobody."""
    folder = tmp_path / "in"
    folder.mkdir()
    for name, west, factor in (("a", 0, 1.0), ("b", 10, 1 / 0.3048), ("c", 40, 1.0), ("d", 45, 1.0)):
        points = [
            (EAST + west + x, NORTH + y, factor * (3.5 + 0.01 * (west + x))) for y in range(20) for x in range(20)
        ]
        (folder / f"{name}.xyz").write_text("\n".join(f"{x} {y} {z:.2f}" for x, y, z in points))
    report = run(connection, folder, crs=parse_crs("EPSG:9214"))
    said = {file.path: [finding["message"] for finding in file.findings] for file in report.files}
    assert said == {
        "a.xyz": ["the ground differs by -8.3 m in the median from b.xyz, which came with it"],
        "b.xyz": ["the ground differs by +8.3 m in the median from a.xyz, which came with it"],
        "c.xyz": [],
        "d.xyz": [],
    }
    assert {file.outcome for file in run(connection, folder, crs=parse_crs("EPSG:9214")).files} == {"unchanged"}


def test_picture_is_no_terrain(connection: Connection, tmp_path: Path) -> None:
    """An orthophoto among the deliveries never becomes the ground that depths are measured from."""
    (tmp_path / "in").mkdir()
    options = {"driver": "GTiff", "width": 20, "height": 20, "count": 3, "dtype": "uint8", "crs": "EPSG:9214"}
    with rasterio.open(
        tmp_path / "in" / "anh.tif", "w", transform=from_origin(EAST, NORTH + 2, 0.1, 0.1), photometric="RGB", **options
    ) as out:
        out.write(np.full((3, 20, 20), 87, "uint8"))
    assert only(run(connection, tmp_path / "in")).outcome == Outcome.QUARANTINED
    assert count(connection, "terrain") == 0


def test_crs_given_for_a_file_that_declares_none(connection: Connection, tmp_path: Path) -> None:
    """--crs is the remedy that the quarantine names, and it works."""
    path = a_pipe_file(tmp_path / "in" / "ong-cap-nuoc.shp", declared=False)
    assert only(run(connection, path)).outcome == Outcome.QUARANTINED
    assert only(run(connection, path, crs=parse_crs("EPSG:9214"))).outcome == Outcome.LOADED
    assert list_quarantine(connection) == []


def test_impossible_number_is_dropped_and_said(connection: Connection, tmp_path: Path) -> None:
    """A voltage of a billion is not loaded; the cable is, and its record keeps what was delivered."""
    a_pipe_file(tmp_path / "in" / "cap-dien.gpkg", rows=1, DienAp=[1e9])
    file = only(run(connection, tmp_path / "in"))
    assert file.loaded == 1
    assert Fault.VALUE_REFUSED in {f["fault"] for f in file.findings}
    assert connection.execute("select voltage_v, discipline from utility_lines").fetchone() == (None, "power")


def test_database_that_refuses_a_row_leaves_nothing_half_written(connection: Connection) -> None:
    """One transaction a file: a row that breaks a rule takes the whole file back."""
    line = shapely.set_srid(np.array([shapely.LineString([(EAST, NORTH), (EAST + 1, NORTH)])] * 2), 9214)
    columns = {"geom": line, "discipline": Column.of(["water", "lava"])} | {
        name: Column.constant(value, 2)
        for name, value in {
            "vertical_reference": "none", "ground_source": "none", "elevation_source": "none",
            "section_shape": "unknown", "status": "unknown",
        }.items()
    }  # fmt: skip
    columns |= {"schematic": Column.constant(value=False, count=2), "disclosure": Column.constant("restricted", 2)}
    with pytest.raises(Invalid, match="ck_utility_lines_discipline"):
        load(connection, "utility_lines", columns)
    assert [count(connection, t) for t in ("utility_lines", "source_files")] == [0, 0]


def test_interrupted_import_leaves_whole_files_only(city: str, tmp_path: Path) -> None:
    """A backend that dies between two files leaves the first whole and the second absent."""
    folder = tmp_path / "in"
    a_pipe_file(folder / "a-ong-cap-nuoc.gpkg")
    a_pipe_file(folder / "b-ong-cap-nuoc.gpkg", dy=3)

    def kill_after_first(progress: Progress) -> None:
        if progress.files == 1:
            with connect(city) as other:
                other.execute("select pg_terminate_backend(%s)", (opened.info.backend_pid,))

    with pytest.raises(Unavailable, match="then import again"), connect(city) as opened:
        import_path(opened, tmp_path, folder, ImportOptions(), on_progress=kill_after_first)
    with connect(city) as opened:
        assert count(opened, "utility_lines") == 3
        again = import_path(opened, tmp_path, folder, ImportOptions())
        assert [f.outcome for f in again.files] == ["unchanged", "loaded"]
        assert count(opened, "utility_lines") == 6


@pytest.mark.shared_data
def test_rotterdam_sewers_get_their_axes_from_inverts(cluster: str, shared: Path, tmp_path: Path) -> None:
    """246 real sewers with z = -9999: a true axis from both inverts, or loaded as unknown with the reason."""
    url = create_database(cluster, f"rotterdam_{tmp_path.name.replace('-', '_')}")
    migrate(url, "EPSG:28992")
    with connect(url) as opened:
        report = import_path(opened, tmp_path, shared / "underground" / "rotterdam", ImportOptions())
        assert {f.path: (f.outcome, f.loaded) for f in report.files} == {
            "manholes.shp": ("loaded", 231), "sewer.gml": ("loaded", 477), "sewer_lines.shp": ("loaded", 246),
        }  # fmt: skip
        for name, table, file in (("sewers", "lines", "sewer_lines.shp"), ("manholes", "nodes", "manholes.shp")):
            opened.execute(
                f"create temporary view {name} as select * from utility_{table} where source_file_id ="  # noqa: S608
                f" (select id from source_files where path = '{file}')"
            )
        lowest, highest, known = opened.execute(
            "select min(st_zmin(axis)), max(st_zmax(axis)), count(axis) from sewers"
        ).fetchone() or (0, 0, 0)
        assert known == 212
        assert -5 < lowest < highest < 5, "metres above NAP, no sentinel among them"
        (unexplained,) = opened.execute(
            "select count(*) from sewers where axis is null and vertical_reason not like 'inverts %not known%'"
            " and vertical_reason not like '%contradict each other%' and vertical_reason not like 'z stands for%'"
        ).fetchone() or (1,)
        assert unexplained == 0
        sewer = opened.execute(
            "select st_z(st_startpoint(axis)), st_z(st_endpoint(axis)), inner_height_m, outer_height_m,"
            " st_x(st_startpoint(axis))"
            " from sewers where source_row = 1"
        ).fetchone()
        assert sewer == pytest.approx((2.47 + 0.2, 2.34 + 0.2, 0.4, 0.48, 83163.44818181818), abs=1e-6)
        eggs = opened.execute(
            "select distinct section_shape, inner_width_m < inner_height_m from sewers"
            " where inner_width_m <> inner_height_m"
        ).fetchall()
        assert eggs == [("egg", True)]
        assert opened.execute("select count(*) from sewers where section_shape = 'egg'").fetchone() == (56,)
        nodes = opened.execute("select count(cover_m), count(bottom_m), count(outer_width_m) from manholes")
        assert nodes.fetchone() == (231, 0, 13)


@pytest.mark.shared_data
def test_hue_wards(connection: Connection, shared: Path, tmp_path: Path) -> None:
    """The 40 wards of Huế and the city, with their codes and diacritics, in their true place."""
    import_path(connection, tmp_path, shared / "vietnam", ImportOptions())
    row = connection.execute(
        "select code, level from boundaries"
        " where st_contains(geom, st_setsrid(st_point(562897.886, 1820978.931), 9214)) order by level"
    ).fetchall()
    assert row == [("46", "city"), ("19789", "ward")]
    assert connection.execute("select name from boundaries where code = '19777'").fetchone() == ("Phường Vỹ Dạ",)
    assert count(connection, "boundaries") == 41


def test_damaged_redelivery_does_not_take_the_sound_one_out(connection: Connection, tmp_path: Path) -> None:
    """Pipes that were accepted stay in the ground when the next delivery of the file is cut short."""
    path = a_pipe_file(tmp_path / "in" / "ong-cap-nuoc.geojson")
    run(connection, path.parent)
    path.write_text(path.read_text()[:-40])
    assert only(run(connection, path.parent)).outcome == Outcome.QUARANTINED
    assert count(connection, "utility_lines") == 3
    assert count(connection, "source_files") == 2


def test_given_crs_and_terrain_are_part_of_what_a_file_is(connection: Connection, tmp_path: Path) -> None:
    """A wrong --crs can be corrected by a right one: only the same file under the same circumstances is a no-op."""
    path = a_pipe_file(tmp_path / "in" / "ong-cap-nuoc.shp", declared=False)
    run(connection, path, crs=parse_crs("EPSG:9215"))
    first = connection.execute("select st_astext(geom) from utility_lines order by id limit 1").fetchone()
    assert only(run(connection, path, crs=parse_crs("EPSG:9214"))).outcome == Outcome.LOADED
    second = connection.execute("select st_astext(geom) from utility_lines order by id limit 1").fetchone()
    assert count(connection, "utility_lines") == 3
    assert first != second == (f"LINESTRING({EAST:.0f} {NORTH:.0f},{EAST + 20:.0f} {NORTH:.0f})",)


def test_file_alone_and_in_its_folder_is_one_file(connection: Connection, tmp_path: Path) -> None:
    """The place on disk is the identity of a file, not the way it was named."""
    path = a_pipe_file(tmp_path / "in" / "sau" / "ong-cap-nuoc.gpkg")
    run(connection, tmp_path / "in")
    path.unlink()
    a_pipe_file(path, dy=2)
    run(connection, path)
    assert count(connection, "utility_lines") == 3


def test_overwritten_by_a_copy_of_another_file(connection: Connection, tmp_path: Path) -> None:
    """Its own old pipes go, and those of the other are not loaded twice."""
    a = a_pipe_file(tmp_path / "in" / "a-ong-cap-nuoc.gpkg")
    b = a_pipe_file(tmp_path / "in" / "b-ong-cap-nuoc.gpkg", rows=5, dy=3)
    run(connection, tmp_path / "in")
    shutil.copy(a, b)
    report = run(connection, tmp_path / "in")
    assert [f.outcome for f in report.files] == ["unchanged", Outcome.DUPLICATE]
    assert count(connection, "utility_lines") == 3


def test_two_imports_at_once_do_not_load_twice(city: str, tmp_path: Path) -> None:
    """The second is refused politely while the first runs."""
    a_pipe_file(tmp_path / "in" / "ong-cap-nuoc.gpkg")
    refused = pytest.raises(Conflict, match="another import")
    with connect(city) as first, connect(city) as second, importing(first), refused:
        run(second, tmp_path / "in")


def test_points_and_lines_of_one_layer_go_to_their_tables(connection: Connection, tmp_path: Path) -> None:
    """A file of pipes and manholes together loses neither."""
    folder = tmp_path / "thoat-nuoc-thai"
    folder.mkdir()
    (folder / "mang-luoi.geojson").write_text(
        '{"type":"FeatureCollection","features":['
        '{"type":"Feature","properties":{"maso":"h1"},"geometry":{"type":"Point","coordinates":[107.58,16.46]}},'
        '{"type":"Feature","properties":{"maso":"c1"},"geometry":'
        '{"type":"LineString","coordinates":[[107.58,16.46],[107.581,16.46]]}}]}'
    )
    file = only(run(connection, folder))
    assert (file.outcome, file.loaded) == (Outcome.LOADED, 2)
    rows = "select source_row, owner_ref from utility_{}"
    assert connection.execute(rows.format("nodes")).fetchall() == [(1, "h1")]
    assert connection.execute(rows.format("lines")).fetchall() == [(2, "c1")]


def test_a_riser_is_a_node(connection: Connection, tmp_path: Path) -> None:
    """A pipe that stands upright is in the city from its bottom to its top; a line without any extent is refused."""
    path = tmp_path / "cap-nuoc" / "tuyen.gpkg"
    path.parent.mkdir()
    riser = [(EAST, NORTH, 1.5), (EAST, NORTH, -2.5), (EAST, NORTH, -3.0)]
    lines = [riser, [(EAST, NORTH, 1.5), (EAST + 9, NORTH, 1.4)], [(EAST, NORTH, 1.0)] * 2]
    columns = {"MaOng": ["R1", "T1", "D1"], "VatLieu": ["HDPE"] * 3, "DuongKinh_mm": ["110"] * 3}
    pyogrio.raw.write(path, shapely.to_wkb([shapely.LineString(line) for line in lines]),
                      [np.array(v, dtype=object) for v in columns.values()], list(columns),
                      geometry_type="LineString Z", crs="EPSG:9214", driver="GPKG")  # fmt: skip
    file = only(run(connection, path.parent))
    assert (file.outcome, file.loaded, file.refused) == (Outcome.PARTLY, 2, 1)
    nodes = "select owner_ref, discipline, material, outer_width_m, cover_m, bottom_m, source_row from utility_nodes"
    assert connection.execute(nodes).fetchall() == [("R1", "water", "HDPE", 0.11, 1.5, -3.0, 1)]
    assert connection.execute("select owner_ref from utility_lines").fetchall() == [("T1",)]
    assert {f["fault"]: f["rows"] for f in file.findings} == {Fault.REPAIRED: [1], Fault.ZERO_LENGTH: [3]}


def test_a_vertex_astray_is_not_loaded(connection: Connection, tmp_path: Path) -> None:
    """A line with one vertex at 0, 0 begins in the city and is refused all the same."""
    path = a_pipe_file(tmp_path / "in" / "ong-cap-nuoc.gpkg", rows=1)
    line = shapely.LineString([(EAST, NORTH), (0, 0)])
    pyogrio.raw.write(path, shapely.to_wkb([line]), [np.array([110])], ["DuongKinh"], geometry_type="LineString",
                      crs="EPSG:9214", driver="GPKG")  # fmt: skip
    connection.execute(
        "insert into boundaries (level, name, geom) values"
        " ('ward', 'x', st_multi(st_makeenvelope(%s, %s, %s, %s, 9214)))",
        (EAST - 100, NORTH - 100, EAST + 100, NORTH + 100),
    )
    assert {f["fault"] for f in only(run(connection, path.parent)).findings} == {Fault.OUTSIDE_CITY}
    assert count(connection, "utility_lines") == 0


def test_unreadable_files_do_not_stop_the_rest(connection: Connection, tmp_path: Path) -> None:
    """A dead link and a table of nonsense are two files in quarantine, named, and the others are loaded."""
    a_pipe_file(tmp_path / "in" / "a-ong-cap-nuoc.gpkg")
    (tmp_path / "in" / "b.csv").write_text("X,Y\n" + "9" * 400 + ",1\n")
    (tmp_path / "in" / "c-khong-doc-duoc.shp").symlink_to(tmp_path / "khong-co")
    report = run(connection, tmp_path / "in")
    assert {f.path: f.outcome for f in report.files}["a-ong-cap-nuoc.gpkg"] == "loaded"
    assert [f.outcome for f in report.files] == ["loaded", "quarantined", "quarantined"]


@pytest.mark.parametrize(
    "label",
    [
        "TOWGS84[0,0,0,0,0,0,0],",
        "",
    ],
)
def test_mislabelled_with_and_without_towgs84(connection: Connection, tmp_path: Path, label: str) -> None:
    """Older software writes a zero shift into the same wrong label: it stays wrong."""
    path = a_pipe_file(tmp_path / "in" / "ong-cap-nuoc.shp")
    path.with_suffix(".prj").write_text(
        f'PROJCS["WGS 84 / TM-3",GEOGCS["WGS 84",DATUM["WGS_1984",SPHEROID["WGS 84",6378137,298.257223563],{label}'
        'AUTHORITY["EPSG","6326"]],PRIMEM["Greenwich",0],UNIT["degree",0.0174532925199433]],'
        'PROJECTION["Transverse_Mercator"],PARAMETER["latitude_of_origin",0],PARAMETER["central_meridian",107],'
        'PARAMETER["scale_factor",0.9999],PARAMETER["false_easting",500000.0001],PARAMETER["false_northing",0],'
        'UNIT["metre",1]]'
    )
    assert [f["fault"] for f in only(run(connection, path.parent)).findings] == [Fault.CRS_MISLABELLED]


def test_heights_above_the_ellipsoid_or_in_feet_are_not_used(connection: Connection, tmp_path: Path) -> None:
    """z of a 3D geographic system is 20 m off the city's datum, z beside x and y in feet is no metre: the plan is used,
    the height is not.
    """
    folder = tmp_path / "in"
    folder.mkdir()
    feet = (
        parse_crs("EPSG:9214").wkt1.replace('"metre",1', '"foot",0.3048').replace('easting",500000', 'easting",1640420')
    )
    feet = feet.replace(',AUTHORITY["EPSG","9001"]', "").replace(',AUTHORITY["EPSG","9214"]', "")
    for name, crs, scale, (x, y, step) in (
        ("do", "EPSG:4979", 1.0, (107.58, 16.46, 1e-4)),
        ("foot", feet, 0.3048, (EAST, NORTH, 20.0)),
    ):
        line = shapely.LineString([(x / scale, y / scale, 1.0), ((x + step) / scale, y / scale, 1.0)])
        pyogrio.raw.write(
            folder / f"ong-cap-nuoc-{name}.gpkg", shapely.to_wkb([line], output_dimension=3), [np.array([110])],
            ["DuongKinh"], geometry_type="LineString Z", crs=crs, driver="GPKG",
        )  # fmt: skip
    said = {file.path: (file.loaded, file.decisions[0]["crs"]) for file in run(connection, folder).files}
    assert [loaded for loaded, _ in said.values()] == [1, 1]
    assert "z refers to ellipsoid and is not used" in said["ong-cap-nuoc-do.gpkg"][1]
    assert "z is in no metres" in said["ong-cap-nuoc-foot.gpkg"][1]
    assert connection.execute("select axis from utility_lines").fetchall() == [(None,), (None,)]


def test_solid_of_a_building_reaches_the_database(connection: Connection) -> None:
    """The faces of a shell are stored as a closed surface of PostGIS, to the last bit."""
    corners = [(0, 0), (4, 0), (4, 3), (0, 3)]
    low, high = ([(EAST + x, NORTH + y, z) for x, y in corners] for z in (2.0, 9.5))
    walls = [[low[i], low[(i + 1) % 4], high[(i + 1) % 4], high[i]] for i in range(4)]
    shell = shapely.MultiPolygon([shapely.Polygon(ring) for ring in (low[::-1], high, *walls)])
    footprint = shapely.MultiPolygon([shapely.Polygon(low)])
    columns = {"geom": shapely.set_srid(np.array([shapely.force_2d(footprint)]), 9214),
               "solid": shapely.set_srid(np.array([shell]), 9214)}  # fmt: skip
    load(connection, "buildings", columns)
    row = connection.execute("select geometrytype(solid), st_isclosed(solid), st_zmax(solid) from buildings").fetchone()
    assert row == ("POLYHEDRALSURFACE", True, 9.5)
