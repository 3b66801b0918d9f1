"""File geodatabases, as folders and zipped."""

from __future__ import annotations

import shutil
import zipfile
from typing import TYPE_CHECKING

import numpy as np
import pyogrio
import pytest
import shapely

from importers.faults import Fault, Rejected
from importers.formats import recognise
from importers.formats.filegdb import is_zipped_filegdb, read_filegdb, read_zipped_filegdb
from importers.source import Dataset, SourceLayer, find_datasets

if TYPE_CHECKING:
    from pathlib import Path

CATALOG = "a00000001.gdbtable"


def a_geodatabase(folder: Path, count: int = 3) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / "Cấp nước 2020.gdb"
    points = shapely.to_wkb(shapely.points(np.arange(count), 1.0, np.arange(count) + 0.5))
    pyogrio.raw.write(
        path, points, [np.array([f"v{i}" for i in range(count)])], ["Tên"], geometry_type="Point Z",
        driver="OpenFileGDB", crs="EPSG:9214", layer="van",
    )  # fmt: skip
    return path


def read(path: Path) -> dict[str, SourceLayer]:
    parts = tuple(sorted(path.iterdir())) if path.is_dir() else (path,)
    reader = read_filegdb if path.is_dir() else read_zipped_filegdb
    return {layer.name: layer for layer in reader(Dataset(path, path.parent, parts))}


def refusal(path: Path) -> Fault:
    with pytest.raises(Rejected) as refused:
        read(path)
    assert refused.value.finding.remedy
    return refused.value.finding.fault


def zipped(gdb: Path, prefix: str = "") -> Path:
    path = gdb.with_suffix(".zip")
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for part in sorted(gdb.iterdir()):
            archive.write(part, f"{prefix}{gdb.name}/{part.name}")
    return path


def test_folder(tmp_path: Path) -> None:
    """A folder with a space in its name is one dataset, and stays as it was delivered."""
    path = a_geodatabase(tmp_path)
    before = {part.name: part.read_bytes() for part in path.iterdir()}
    layer = read(path)["van"]
    assert (layer.crs, layer.crs_origin, layer.encoding) == ("EPSG:9214", "geodatabase", "Unicode")
    assert layer.columns == {"Tên": ["v0", "v1", "v2"]}
    assert shapely.to_wkt(layer.geometries[2], rounding_precision=1) == "POINT Z (2 1 2.5)"
    assert {part.name: part.read_bytes() for part in path.iterdir()} == before


@pytest.mark.parametrize("prefix", ["", "giao nộp/"])
def test_zipped(tmp_path: Path, prefix: str) -> None:
    """The same in an archive, also below a folder of it; the archive is known by its first entries."""
    gdb = a_geodatabase(tmp_path)
    path = zipped(gdb, prefix)
    assert is_zipped_filegdb(path.read_bytes()[:4096], ".zip")
    assert read(path)["van"].columns == read(gdb)["van"].columns


def test_two_in_one_archive(tmp_path: Path) -> None:
    """Each geodatabase of an archive brings its layers."""
    gdb = a_geodatabase(tmp_path)
    other = tmp_path / "b.gdb"
    shutil.copytree(gdb, other)
    with zipfile.ZipFile(tmp_path / "ab.zip", "w") as archive:
        for folder in (gdb, other):
            for part in folder.iterdir():
                archive.write(part, f"{folder.name}/{part.name}")
    layers = list(read_zipped_filegdb(Dataset(tmp_path / "ab.zip", tmp_path, (tmp_path / "ab.zip",))))
    assert [layer.name for layer in layers] == ["van", "van"]


def test_entries_that_lead_elsewhere(tmp_path: Path) -> None:
    """Only tables are unpacked, by their bare names; a path that climbs out of the folder goes nowhere."""
    path = zipped(a_geodatabase(tmp_path))
    with zipfile.ZipFile(path, "a") as archive:
        archive.writestr("../../../evil.gdb/../../evil.txt", "x")
        archive.writestr("x.gdb/readme.txt", "x")
    assert list(read(path)) == ["van"]
    assert not list(tmp_path.rglob("evil*"))


@pytest.mark.parametrize("suffix", [".gdbtable", ".gdbtablx"])
@pytest.mark.parametrize("share", [0.0, 0.5, 0.95])
def test_table_that_is_cut_short(tmp_path: Path, suffix: str, share: float) -> None:
    """GDAL finds no rows in a table whose index is cut short, and says nothing."""
    path = a_geodatabase(tmp_path, 2000)
    table = max(path.glob(f"*{suffix}"), key=lambda part: part.stat().st_size)
    table.write_bytes(table.read_bytes()[: int(table.stat().st_size * share)])
    assert refusal(path) == Fault.TRUNCATED


def test_folder_without_its_catalogue(tmp_path: Path) -> None:
    """A part of a geodatabase is asked for again as a whole."""
    path = a_geodatabase(tmp_path)
    (path / CATALOG).unlink()
    assert refusal(path) == Fault.SIDECAR_MISSING


def test_broken_archive(tmp_path: Path) -> None:
    """An archive that is cut short ends in a reason."""
    path = zipped(a_geodatabase(tmp_path))
    path.write_bytes(path.read_bytes()[:3000])
    assert refusal(path) == Fault.UNREADABLE


def test_folder_is_found_in_a_delivery(tmp_path: Path) -> None:
    """A geodatabase among other folders is one dataset of its format, and is read under its own name."""
    a_geodatabase(tmp_path / "Công ty" / "cấp nước")
    (dataset,) = find_datasets(tmp_path)[0]
    assert dataset.name == "Công ty/cấp nước/Cấp nước 2020.gdb"
    form = recognise(dataset)
    assert form.name == "FileGDB"
    assert form.read is not None
    assert [(layer.name, len(layer)) for layer in form.read(dataset)] == [("van", 3)]


def test_other_archives_are_not_claimed(tmp_path: Path) -> None:
    """A ZIP with a Shapefile is no geodatabase."""
    with zipfile.ZipFile(tmp_path / "x.zip", "w") as archive:
        archive.writestr("ống.shp", "x")
    assert not is_zipped_filegdb((tmp_path / "x.zip").read_bytes(), ".zip")


@pytest.mark.shared_data
def test_every_kind_of_feature_class(shared: Path) -> None:
    """29 feature classes with records; tables without geometry are named, an empty class is nothing."""
    layers = read(shared / "parcels/testopenfilegdb.gdb.zip")
    assert {name: len(layer) for name, layer in layers.items() if len(layer) != 5} == {
        "hole": 12, "several_polygons": 9, "pointm": 1, "pointzm": 1, "multipointm": 1, "multipointzm": 1,
        "linestringm": 1, "linestringzm": 1, "multilinestringm": 1, "multilinestringzm": 1, "polygonm": 1,
        "polygonzm": 1, "multipolygonm": 1, "multipolygonzm": 1, "empty_polygonm": 1,
    }  # fmt: skip
    assert "tables without geometry left aside: none, big_layer, no_field" in layers["point"].notes
    assert not layers.keys() & {"testnotnullable", "none", "big_layer"}
    assert layers["point"].record(0) == {
        "id": 1, "str": "foo_é", "smallint": -13, "int": 123, "float": 1.5, "real": 4.56,
        "adate": "2013-12-26T12:34:56", "guid": "{12345678-9ABC-DEF0-1234-567890ABCDEF}", "xml": "<foo></foo>",
        "binary": "3 bytes", "nullint": None, "binary2": "3 bytes",
    }  # fmt: skip
    assert shapely.to_wkt(layers["pointzm"].geometries[0], rounding_precision=3) == "POINT Z (1 2 3)"
    assert layers["null_polygon"].geometries.tolist() == [None] * 5
    assert layers["multipatch"].geometries[0].area > 0
    assert (layers["point"].crs, layers["hole"].crs) == ("EPSG:4326", None)
