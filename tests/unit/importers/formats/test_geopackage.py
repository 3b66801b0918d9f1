"""GeoPackages: every kind of layer that a program may put into one, and files that are half written or hostile."""

from __future__ import annotations

import math
import sqlite3
import warnings
from contextlib import closing
from typing import TYPE_CHECKING, Any

import numpy as np
import pyogrio
import pytest
import shapely

from importers.faults import Fault, Rejected
from importers.formats.geopackage import is_geopackage, read_geopackage
from importers.source import Dataset, SourceLayer

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path


def read(path: Path) -> dict[str, SourceLayer]:
    parts = sorted(p for p in path.parent.glob(f"{path.stem}.*") if p != path)
    return {layer.name: layer for layer in read_geopackage(Dataset(path, path.parent, (path, *parts)))}


def refusal(path: Path) -> tuple[Fault, str]:
    with pytest.raises(Rejected) as refused:
        read(path)
    assert refused.value.finding.remedy
    return refused.value.finding.fault, refused.value.finding.message


def add_layer(path: Path, name: str, wkt: Sequence[str], **columns: Any) -> Path:
    """A layer of any kinds of geometry in EPSG:9214."""
    shapes = shapely.to_wkb(np.array([shapely.from_wkt(text) for text in wkt]))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # numpy's own, on dates
        pyogrio.raw.write(
            path, shapes, [np.array(v) for v in columns.values()], list(columns), geometry_type="Unknown",
            driver="GPKG", crs="EPSG:9214", layer=name, append=path.exists(), SPATIAL_INDEX="NO",
        )  # fmt: skip
    return path


def change(path: Path, *statements: str, values: tuple[Any, ...] = ()) -> None:
    with closing(sqlite3.connect(path)) as database, database:
        for statement in statements:
            database.execute(statement, values)


def curve(kind: int, points: Sequence[tuple[float, float]]) -> bytes:
    """A circular string as a GeoPackage blob (little endian, no envelope, SRS 9214)."""
    body = np.array(points, dtype="<f8").tobytes()
    head = b"GP\0\x01" + (9214).to_bytes(4, "little") + b"\x01" + kind.to_bytes(4, "little")
    return head + len(points).to_bytes(4, "little") + body


def test_layers_tables_and_empty_ones(tmp_path: Path) -> None:
    """Feature layers arrive, tables without geometry are named in a note, empty layers are nothing."""
    path = add_layer(tmp_path / "a.gpkg", "Đường ống", ["LINESTRING (0 0, 1 1)"], TEN=["Lê Lợi"])
    add_layer(path, "van", ["POINT (1 2)", "POINT (3 4)"], so=[1, 2])
    add_layer(path, "rỗng", [])
    change(
        path,
        "CREATE TABLE bang (fid INTEGER PRIMARY KEY, x TEXT)",
        "INSERT INTO gpkg_contents (table_name, data_type) VALUES ('bang', 'attributes')",
    )
    # signs by which GDAL's callers tell archives and queries, and a suffix by which GDAL tells another format
    layers = read(path.rename(tmp_path / "a!b ?c.sqlite"))
    assert list(layers) == ["Đường ống", "van"]
    assert layers["Đường ống"].columns == {"TEN": ["Lê Lợi"]}
    assert layers["van"].rows.tolist() == [1, 2]
    assert layers["van"].notes == ("tables without geometry left aside: bang",)
    assert (layers["van"].crs, layers["van"].crs_origin, layers["van"].encoding) == (
        "EPSG:9214",
        "GeoPackage",
        "Unicode",
    )


def test_values_of_every_type(tmp_path: Path) -> None:
    """Integers beyond 2^53 beside NULL, booleans, dates and blobs arrive as they are; a blob by its size."""
    path = add_layer(tmp_path / "a.gpkg", "t", ["POINT (0 0)"] * 2, x=[1.5, np.nan])
    for column in ("big INTEGER", "small MEDIUMINT", "yes BOOLEAN", "day DATE", "time DATETIME", "photo BLOB"):
        change(path, f"ALTER TABLE t ADD COLUMN {column}")
    values = (9007199254740993, 7, True, "2020-05-06", "2020-05-06T07:08:09.000Z", b"\0\xff\1")
    change(path, "UPDATE t SET big=?, small=?, yes=?, day=?, time=?, photo=? WHERE fid=1", values=values)
    columns = read(path)["t"].columns
    assert columns == {
        "x": [1.5, None], "big": [9007199254740993, None], "small": [7, None], "yes": [True, None],
        "day": ["2020-05-06", None], "time": ["2020-05-06T07:08:09Z", None], "photo": ["3 bytes", None],
    }  # fmt: skip
    assert [type(columns[name][0]) for name in ("big", "small", "yes")] == [int, int, bool]


def test_arcs_stay_within_a_hundred_thousandth_of_their_radius(tmp_path: Path) -> None:
    """A half circle of 1 km: no chord is farther than 10 mm from it."""
    path = add_layer(tmp_path / "a.gpkg", "t", ["POINT (0 0)"])
    change(path, "UPDATE t SET geom = ?", values=(curve(8, [(0, 0), (1000, 1000), (2000, 0)]),))
    (line,) = read(path)["t"].geometries
    middles = (shapely.get_coordinates(line)[1:] + shapely.get_coordinates(line)[:-1]) / 2
    sagitta = 1000 - np.hypot(middles[:, 0] - 1000, middles[:, 1])
    assert 0 < sagitta.max() < 0.0100
    assert line.length == pytest.approx(1000 * math.pi, rel=1e-5)


def test_layer_of_several_kinds_that_has_z(tmp_path: Path) -> None:
    """What pyogrio refuses by its type is read; every geometry keeps its own dimension."""
    wkt = ["POINT Z (1 2 3)", "LINESTRING Z (1 2 3, 4 5 6)", "POLYGON ((0 0, 1 0, 1 1, 0 0))"]
    path = add_layer(tmp_path / "a.gpkg", "t", wkt)
    change(path, "UPDATE gpkg_geometry_columns SET z = 1")
    assert [shapely.to_wkt(g, rounding_precision=0) for g in read(path)["t"].geometries] == wkt


def test_measured_points_keep_z_and_lose_m(tmp_path: Path) -> None:
    """M is said in a note, and is no height."""
    path = add_layer(tmp_path / "a.gpkg", "t", ["POINT (0 0)"])
    blob = b"GP\0\x01" + (9214).to_bytes(4, "little") + b"\x01" + (3001).to_bytes(4, "little")
    change(path, "UPDATE t SET geom = ?", values=(blob + np.array([1.0, 2, 3, 99]).tobytes(),))
    change(path, "UPDATE gpkg_geometry_columns SET geometry_type_name = 'POINT', z = 1, m = 1")
    layer = read(path)["t"]
    assert shapely.to_wkt(layer.geometries[0], rounding_precision=0) == "POINT Z (1 2 3)"
    assert any("Measured" in note for note in layer.notes)


def test_view_is_not_run(tmp_path: Path) -> None:
    """A view is a program: one that never ends would hold the import up for ever."""
    path = add_layer(tmp_path / "a.gpkg", "ống", ["LINESTRING (0 0, 1 1)"])
    change(
        path,
        "CREATE VIEW vô_tận AS WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i FROM n)"
        ' SELECT i AS fid, geom FROM n, "ống"',
        "INSERT INTO gpkg_contents (table_name, data_type, srs_id) VALUES ('vô_tận', 'features', 9214)",
        "INSERT INTO gpkg_geometry_columns VALUES ('vô_tận', 'geom', 'LINESTRING', 9214, 0, 0)",
    )
    layers = read(path)
    assert list(layers) == ["ống"]
    assert layers["ống"].notes == ("view vô_tận left aside: deliver it as a table",)


def test_trigger_that_never_ends(tmp_path: Path) -> None:
    """The one statement that is run on the copy stops by itself."""
    path = add_layer(tmp_path / "a.gpkg", "t", ["POINT (0 0)"])
    change(
        path,
        "CREATE TRIGGER hold AFTER UPDATE ON gpkg_geometry_columns BEGIN SELECT count(*) FROM"
        " (WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i FROM n) SELECT i FROM n); END",
    )
    assert refusal(path)[0] == Fault.UNREADABLE


def test_write_ahead_log_is_part_of_the_file(tmp_path: Path) -> None:
    """Records that a program has not yet moved into the main file are read, and the delivery stays as it is."""
    path = add_layer(tmp_path / "a.gpkg", "t", ["POINT (0 0)"])
    with closing(sqlite3.connect(path, isolation_level=None)) as database:
        database.execute("PRAGMA journal_mode = WAL")
        database.execute("PRAGMA wal_autocheckpoint = 0")
        database.execute("INSERT INTO t (geom) SELECT geom FROM t")
        delivered = tmp_path / "delivered"
        delivered.mkdir()
        for part in tmp_path.glob("a.gpkg*"):
            (delivered / part.name).write_bytes(part.read_bytes())
    before = {part.name: part.read_bytes() for part in delivered.iterdir()}
    assert len(read(delivered / "a.gpkg")["t"]) == 2
    (delivered / "a.gpkg-wal").unlink()
    before.pop("a.gpkg-wal")
    assert len(read(delivered / "a.gpkg")["t"]) == 1
    assert {part.name: part.read_bytes() for part in delivered.iterdir()} == before


def test_copy_in_the_middle_of_a_change(tmp_path: Path) -> None:
    """A rollback journal says that the pages beside it are not to be trusted; an emptied one says nothing."""
    path = add_layer(tmp_path / "a.gpkg", "t", ["POINT (0 0)"])
    journal = tmp_path / "a.gpkg-journal"
    journal.write_bytes(bytes(512))
    assert len(read(path)["t"]) == 1
    journal.write_bytes(b"\xd9\xd5\x05\xf9\x20\xa1\x63\xd7" + bytes(504))
    fault, message = refusal(path)
    assert (fault, "in the middle of a change" in message) == (Fault.UNREADABLE, True)


@pytest.mark.parametrize("share", [0.02, 0.3, 0.7, 0.99])
def test_cut_short(tmp_path: Path, share: float) -> None:
    """The header counts the pages."""
    path = add_layer(tmp_path / "a.gpkg", "t", [f"POINT ({i} 0)" for i in range(500)])
    path.write_bytes(path.read_bytes()[: int(path.stat().st_size * share)])
    assert refusal(path)[0] == Fault.TRUNCATED


def test_sqlite_without_features(tmp_path: Path) -> None:
    """A database that is no GeoPackage is named as such, not as an empty one."""
    path = tmp_path / "a.gpkg"
    change(path, "CREATE TABLE t (x)")
    assert is_geopackage(path.read_bytes(), ".sqlite")
    assert refusal(path) == (Fault.UNREADABLE, "a.gpkg is no sound GeoPackage: no such table: gpkg_contents")


def test_name_that_is_no_utf8(tmp_path: Path) -> None:
    """A damaged name in the catalogue ends in a reason."""
    path = add_layer(tmp_path / "a.gpkg", "bảng", ["POINT (0 0)"])
    path.write_bytes(path.read_bytes().replace("bảng".encode(), b"b\xff\xff\xffng"))
    assert refusal(path)[0] == Fault.UNREADABLE


def test_only_tables(tmp_path: Path) -> None:
    """A delivery of attributes alone is refused by name."""
    path = add_layer(tmp_path / "a.gpkg", "t", ["POINT (0 0)"])
    change(
        path,
        "UPDATE gpkg_contents SET data_type = 'attributes', srs_id = NULL",
        "DELETE FROM gpkg_geometry_columns",
    )
    assert refusal(path) == (Fault.GEOMETRY_MISSING, "a.gpkg holds only tables without geometry: t")


@pytest.mark.parametrize("srs", [-1, 0])
def test_undefined_system_is_none(tmp_path: Path, srs: int) -> None:
    """The two undefined systems of the standard declare nothing."""
    path = add_layer(tmp_path / "a.gpkg", "t", ["POINT (0 0)"])
    change(path, "UPDATE gpkg_geometry_columns SET srs_id = ?", "UPDATE gpkg_contents SET srs_id = ?", values=(srs,))
    assert (read(path)["t"].crs, read(path)["t"].crs_origin) == (None, "")


@pytest.mark.shared_data
def test_prague_buildings_streets_and_plots(shared: Path) -> None:
    """The four layers of Bubenec."""
    layers = read(shared / "roads/bubenec.gpkg")
    assert {name: len(layer) for name, layer in layers.items()} == {
        "tessellation": 144, "buildings": 144, "streets": 35, "plots": 407,
    }  # fmt: skip
    assert layers["plots"].record(0)["ID_2"] == "2402108101"
    assert layers["plots"].record(0)["KATUZE_KOD"] == 730106
    assert shapely.to_wkt(layers["streets"].geometries[0], rounding_precision=1) == (
        "LINESTRING (1603585.6 6464428.8, 1603413.2 6464228.7)"
    )
    assert {layer.crs for layer in layers.values()} == {"EPSG:3857"}


def test_records_that_nobody_counted_are_read(tmp_path: Path) -> None:
    """A program that does not keep GDAL's count of records adds some: none of them is lost in silence."""
    path = add_layer(tmp_path / "x.gpkg", "ong", ["LINESTRING (0 0, 1 1)"] * 3, ma=["a", "b", "c"])
    change(path, "UPDATE gpkg_ogr_contents SET feature_count = 1")
    assert list(read(path)["ong"].columns["ma"]) == ["a", "b", "c"]
