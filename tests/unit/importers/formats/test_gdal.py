"""What every format that GDAL reads relies on: private copies, one driver, nothing lost without a word."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pyogrio
import pytest
import shapely

from importers.faults import Fault, Rejected
from importers.formats.gdal import Source, private_copy, read_layers, refuse_redirection, stem
from importers.source import Dataset


def a_geojson(folder: Path) -> Path:
    path = folder / "x.geojson"
    pyogrio.raw.write(
        path, shapely.to_wkb(np.array([shapely.Point(1, 2)])), [np.array([1])], ["n"], geometry_type="Point",
        driver="GeoJSON", crs="EPSG:4326",
    )  # fmt: skip
    return path


def test_copy_has_a_neutral_name_and_only_the_named_parts(tmp_path: Path) -> None:
    """A name with signs that GDAL reads as an archive or a query, and parts that nobody asked for, stay outside."""
    path = tmp_path / "a!b?c=d &'.SHP"
    path.write_bytes(b"shp")
    for suffix in (".DBF", ".qix"):
        path.with_suffix(suffix).write_bytes(suffix.encode())
    parts = (path, path.with_suffix(".DBF"), path.with_suffix(".qix"))
    with private_copy(Dataset(path, tmp_path, parts), ".shp", ".dbf", ".shx") as copy:
        assert {p.name: p.read_bytes() for p in copy.parent.iterdir()} == {
            "delivered.shp": b"shp",
            "delivered.dbf": b".DBF",
        }
        assert copy.name == "delivered.shp"
    assert not copy.parent.exists()


def test_copy_of_a_read_only_delivery_can_be_written_to(tmp_path: Path) -> None:
    """Departments deliver on read-only media."""
    path = tmp_path / "a.gpkg"
    path.write_bytes(b"x")
    path.chmod(0o444)
    with private_copy(Dataset(path, tmp_path, (path,)), ".gpkg") as copy:
        assert copy.stat().st_mode & 0o200


def test_name_that_is_no_utf8(tmp_path: Path) -> None:
    """A file name in a legacy encoding is spelled out: it goes into a database."""
    path = Path(os.fsdecode(os.fsencode(tmp_path) + b"/\xf3ng.shp"))
    assert stem(Dataset(path, tmp_path, (path,))) == "\\xf3ng"


def test_only_one_driver_may_read(tmp_path: Path) -> None:
    """What GDAL takes for another format is refused."""
    with pytest.raises(Rejected, match="GDAL reads it as GeoJSON, not KML") as refused:
        list(read_layers(Source(a_geojson(tmp_path), "KML", "x.kml")))
    assert refused.value.finding.fault == Fault.UNREADABLE


@pytest.mark.parametrize(
    "text",
    [
        b"\xef\xbb\xbf<!-- --><OGRVRTDataSource>",
        b'{"type": "gdal_streamed_alg", "command_line": "gdal vector pipeline read http://127.0.0.1:9/x"}',
        b"<OGRWFSDataSource>",
    ],
)
def test_redirections(text: bytes) -> None:
    """Virtual layers, pipelines and services are named before GDAL opens them."""
    with pytest.raises(Rejected, match="not followed"):
        refuse_redirection(text, "x")
    refuse_redirection(b"<osm/>", "x")


def test_messages_do_not_name_the_private_folder(tmp_path: Path) -> None:
    """A person knows the file by its own name, and nothing of our temporary ones."""
    path = tmp_path / "delivered.shp"
    path.write_bytes(b"nonsense")
    with pytest.raises(Rejected) as refused:
        list(read_layers(Source(path, "ESRI Shapefile", "ống.shp")))
    assert refused.value.finding.message.startswith("ống.shp cannot be read: ")
    assert "/" not in refused.value.finding.message
