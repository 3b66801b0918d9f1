"""New versions of files, and the way back."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pyogrio
import pytest
import shapely

from importers.folder import ImportOptions, import_path
from importers.quarantine import export_quarantine
from layers.catalog import LAYERS
from layers.crs import parse_crs
from layers.errors import Conflict, NotFound
from layers.history import undo_run
from layers.quarantine import list_quarantine, read_quarantine

if TYPE_CHECKING:
    from pathlib import Path

    from importers.report import ImportReport
    from layers.database import Connection

EAST, NORTH = 562_000.0, 1_820_000.0


def write(path: Path, pipes: dict[str, tuple[float, str]]) -> None:
    """Pipes by their owner's number: distance north in metres, material."""
    path.parent.mkdir(exist_ok=True)
    path.unlink(missing_ok=True)
    lines = [shapely.LineString([(EAST, NORTH + y), (EAST + 20.123456789, NORTH + y)]) for y, _ in pipes.values()]
    columns = [np.array(list(pipes), object), np.array([m for _, m in pipes.values()], object)]
    pyogrio.raw.write(
        path,
        shapely.to_wkb(lines),
        columns,
        ["MaOng", "VatLieu"],
        geometry_type="LineString",
        crs="EPSG:9214",
        driver="GPKG",
    )


def run(connection: Connection, folder: Path) -> ImportReport:
    return import_path(connection, folder.parent, folder, ImportOptions())


def city(connection: Connection) -> dict[str, list[Any]]:
    """Everything that is in the layers, to the last bit."""
    return {
        layer.name: connection.execute(f"select t::text from {layer.name} t order by id").fetchall()  # noqa: S608
        for layer in LAYERS
    }


@pytest.fixture
def folder(connection: Connection, tmp_path: Path) -> Path:
    """A city with one file of three pipes."""
    folder = tmp_path / "cap-nuoc"
    write(folder / "ong.gpkg", {"a": (0, "HDPE"), "b": (10, "HDPE"), "c": (20, "HDPE")})
    run(connection, folder)
    return folder


def test_new_version_says_what_it_changed(connection: Connection, folder: Path) -> None:
    """One pipe came, one went, one is of another material, and one is as it was though it moved in the file."""
    write(folder / "ong.gpkg", {"d": (30, "HDPE"), "b": (10, "gang"), "a": (0, "HDPE")})
    (file,) = run(connection, folder).files
    assert file.change == {"added": 1, "changed": 1, "removed": 1}
    owners = connection.execute("select owner_ref from utility_lines order by 1").fetchall()
    assert owners == [("a",), ("b",), ("d",)]


def test_a_renamed_file_is_named_as_absent(connection: Connection, folder: Path) -> None:
    """A file under a new name does not replace the old one: what no longer lies in the folder is said, not guessed."""
    (folder / "ong.gpkg").unlink()
    write(folder / "ong-2026.gpkg", {"a": (1, "HDPE")})
    report = run(connection, folder)
    assert [(file.path, file.run_id) for file in report.absent] == [("ong.gpkg", (report.run_id or 0) - 1)]
    assert report.to_json()["no_longer_delivered"][0]["path"] == "ong.gpkg"
    assert import_path(connection, folder.parent, folder / "ong-2026.gpkg", ImportOptions()).absent == ()


def test_undo_brings_the_city_back_to_the_last_bit(connection: Connection, folder: Path) -> None:
    """After undoing a run every feature is what it was, numbers and coordinates included."""
    before = city(connection)
    write(folder / "ong.gpkg", {"x": (5, "gang")})
    write(folder / "ong-moi.gpkg", {"y": (6, "gang")})
    report = run(connection, folder)
    assert city(connection) != before
    assert report.run_id is not None
    assert undo_run(connection, report.run_id) == 3
    assert city(connection) == before


def test_undone_files_can_be_imported_again(connection: Connection, folder: Path) -> None:
    """Undoing forgets that the files were seen."""
    write(folder / "ong.gpkg", {"x": (5, "gang")})
    report = run(connection, folder)
    assert report.run_id is not None
    undo_run(connection, report.run_id)
    assert run(connection, folder).outcomes["loaded"] == 1
    assert connection.execute("select owner_ref from utility_lines").fetchall() == [("x",)]


def test_runs_are_undone_from_the_last(connection: Connection, folder: Path) -> None:
    """A run whose files were replaced since cannot be taken out from under the later one."""
    first = connection.execute("select min(id) from import_runs").fetchone() or (0,)
    write(folder / "ong.gpkg", {"x": (5, "gang")})
    second = run(connection, folder).run_id
    assert second is not None
    with pytest.raises(Conflict, match=f"undo run {second} first"):
        undo_run(connection, first[0])
    undo_run(connection, second)
    undo_run(connection, first[0])
    assert connection.execute("select count(*) from utility_lines").fetchone() == (0,)
    with pytest.raises(Conflict, match="undone already"):
        undo_run(connection, second)


def test_unknown_run(connection: Connection) -> None:
    """A wrong number is said to be one."""
    with pytest.raises(NotFound):
        undo_run(connection, 4711)


def test_undoing_nothing_changes_no_version(connection: Connection, folder: Path) -> None:
    """Layers that a run did not touch keep their version, and with it every cache."""
    state = "select layer, version from layer_states where layer <> 'utility_lines' order by 1"
    before = connection.execute(state).fetchall()
    write(folder / "ong.gpkg", {"x": (5, "gang")})
    report = run(connection, folder)
    assert report.run_id is not None
    undo_run(connection, report.run_id)
    assert connection.execute(state).fetchall() == before


def test_quarantine_is_listed_exported_and_tried_again(connection: Connection, tmp_path: Path) -> None:
    """A file without a CRS waits with its records; told the CRS it comes in and leaves the quarantine."""
    folder = tmp_path / "thoat-nuoc"
    write(folder / "cong.gpkg", {"a": (0, "HDPE"), "b": (10, "HDPE")})
    (meta, _, wkb, values) = pyogrio.raw.read(folder / "cong.gpkg")
    (folder / "cong.gpkg").unlink()
    pyogrio.raw.write(
        folder / "cong.shp", wkb, values, list(meta["fields"]), geometry_type="LineString", crs="EPSG:9214"
    )
    (folder / "cong.prj").unlink()
    (folder / "rong.geojson").write_bytes(b"")
    run(connection, folder)
    listed = list_quarantine(connection)
    assert [(f.path, f.fault, f.records) for f in listed] == [
        ("cong.shp", "crs-missing", 2),
        ("rong.geojson", "empty-file", 0),
    ]
    export_quarantine(read_quarantine(connection), tmp_path / "cach-ly.gpkg")
    layers = {str(name) for name, _ in pyogrio.list_layers(tmp_path / "cach-ly.gpkg")}
    (lines,) = [name for name in layers if name.startswith("linestring")]
    fields, _, shapes, columns = pyogrio.raw.read(tmp_path / "cach-ly.gpkg", layer=lines)
    exported = dict(zip(fields["fields"], columns, strict=True))
    assert exported["row"].tolist() == [1, 2]
    assert list(shapes) == list(wkb)
    assert '"MaOng": "b"' in exported["attributes"][1]
    with pytest.raises(Conflict):
        export_quarantine([], tmp_path / "cach-ly.gpkg")
    import_path(connection, tmp_path, folder / "cong.shp", ImportOptions(crs=parse_crs("EPSG:9214"), again=True))
    assert [f.path for f in list_quarantine(connection)] == ["rong.geojson"]
    assert connection.execute("select count(*) from utility_lines").fetchone() == (2,)
