"""New versions of files, and the way back."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pyogrio
import pytest
import shapely

from importers.folder import ImportOptions, import_path
from importers.quarantine import export_quarantine
from layers.catalog import LAYERS, find_layer
from layers.change import Change
from layers.crs import parse_crs
from layers.errors import Conflict, NotFound
from layers.history import columns_of, replace_files
from layers.quarantine import list_quarantine, read_quarantine
from layers.undoing import list_runs, undo_file, undo_run

if TYPE_CHECKING:
    from pathlib import Path

    from importers.report import ImportReport
    from layers.database import Connection

EAST, NORTH = 562_000.0, 1_820_000.0


def write(path: Path, pipes: dict[str, tuple[float, str]], times: int = 1) -> None:
    """Pipes by their owner's number: distance north in metres, material; `times` one behind the other."""
    path.parent.mkdir(exist_ok=True)
    path.unlink(missing_ok=True)
    lines = [
        shapely.LineString([(EAST + 30 * n, NORTH + y), (EAST + 30 * n + 20.123456789, NORTH + y)])
        for y, _ in pipes.values()
        for n in range(times)
    ]
    columns = [np.repeat(np.array(values, object), times) for values in (list(pipes), [m for _, m in pipes.values()])]
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


def outcomes(report: ImportReport) -> dict[str, str]:
    return {file.path: file.outcome for file in report.files}


def owners(connection: Connection) -> str:
    return "".join(ref for (ref,) in connection.execute("select owner_ref from utility_lines order by 1").fetchall())


def test_content_under_another_name_is_not_lost(connection: Connection, folder: Path) -> None:
    """A file that was renamed while another came under its name: neither counts as the copy of what is replaced."""
    (folder / "ong.gpkg").rename(folder / "ong-cu.gpkg")
    write(folder / "ong.gpkg", {"d": (30, "HDPE"), "e": (40, "HDPE")})
    report = run(connection, folder)
    assert outcomes(report) == {"ong-cu.gpkg": "loaded", "ong.gpkg": "loaded"}
    assert [file.change for file in report.files] == [{"added": 0, "changed": 0, "removed": 0}, None]
    assert owners(connection) == "abcde"
    for place, name in (("ong", "x"), ("ong-cu", "ong"), ("x", "ong-cu")):
        (folder / f"{place}.gpkg").rename(folder / f"{name}.gpkg")
    exchanged = run(connection, folder)
    assert owners(connection) == "abcde"
    assert set(outcomes(run(connection, folder)).values()) == {"unchanged"}
    assert exchanged.run_id is not None
    assert report.run_id is not None
    undo_run(connection, exchanged.run_id)
    assert owners(connection) == "abcde"
    undo_run(connection, report.run_id)
    assert owners(connection) == "abc"


def test_moved_folder_is_followed(connection: Connection, folder: Path, tmp_path: Path) -> None:
    """Where everything lies at another place a new version replaces the old one, which it would stand beside."""
    folder = folder.rename(tmp_path / "2026")
    assert outcomes(run(connection, folder)) == {"ong.gpkg": "loaded"}
    write(folder / "ong.gpkg", {"a": (0, "gang"), "b": (10, "HDPE")})
    (file,) = run(connection, folder).files
    assert file.change == {"added": 0, "changed": 1, "removed": 1}
    assert owners(connection) == "ab"


def test_copies_keep_what_the_file_they_copy_loses(connection: Connection, folder: Path, tmp_path: Path) -> None:
    """What another department delivered too stays in the city when the first one delivers anew, or is undone."""
    other = tmp_path / "luu-tru"
    other.mkdir()
    (other / "ban-sao.gpkg").write_bytes((folder / "ong.gpkg").read_bytes())
    first = connection.execute("select max(id) from import_runs").fetchone() or (0,)
    copied = run(connection, other)
    assert outcomes(copied) == {"ban-sao.gpkg": "duplicate"}
    before = city(connection)
    write(folder / "ong.gpkg", {"d": (30, "HDPE")})
    anew = run(connection, folder)
    assert owners(connection) == "abcd"
    assert outcomes(run(connection, other)) == {"ban-sao.gpkg": "unchanged"}
    assert copied.run_id is not None
    assert anew.run_id is not None
    with pytest.raises(Conflict, match=f"undo run {anew.run_id} first"):
        undo_run(connection, copied.run_id)
    undo_run(connection, anew.run_id)
    assert city(connection) == before
    undo_run(connection, first[0])
    assert owners(connection) == "abc"
    assert connection.execute("select distinct path from utility_lines l join source_files f on f.id = source_file_id"
                              ).fetchall() == [("ban-sao.gpkg",)]  # fmt: skip
    undo_run(connection, copied.run_id)
    assert owners(connection) == ""


def test_nothing_comes_back_twice(connection: Connection, folder: Path, tmp_path: Path) -> None:
    """What a run replaced is not put back beside the same that a later run loaded from elsewhere."""
    kept = (folder / "ong.gpkg").read_bytes()
    write(folder / "ong.gpkg", {"d": (30, "HDPE")})
    second = run(connection, folder).run_id
    (tmp_path / "luu-tru").mkdir()
    (tmp_path / "luu-tru" / "cu.gpkg").write_bytes(kept)
    third = run(connection, tmp_path / "luu-tru").run_id
    assert second is not None
    assert third is not None
    with pytest.raises(Conflict, match=f"undo run {third} first"):
        undo_run(connection, second)
    undo_run(connection, third)
    undo_run(connection, second)
    assert owners(connection) == "abc"


def test_one_file_of_a_run_is_undone(connection: Connection, folder: Path) -> None:
    """A file goes back to where it was, out of the city where it was new; the rest of its run stays and can follow."""
    before = city(connection)
    write(folder / "ong.gpkg", {"d": (30, "HDPE")})
    write(folder / "ong-moi.gpkg", {"e": (40, "HDPE")})
    run_id = run(connection, folder).run_id
    assert run_id is not None
    with pytest.raises(NotFound, match="brought no file 'ong'"):
        undo_file(connection, run_id, "ong")
    assert undo_file(connection, run_id, "ong.gpkg") == 3
    assert owners(connection) == "abce"
    assert undo_file(connection, run_id, "ong-moi.gpkg") == 0
    assert city(connection) == before
    assert [(r.id == run_id, r.undone_at is None, r.features) for r in list_runs(connection, 2)] == [
        (True, False, 0),
        (False, True, 3),
    ]
    with pytest.raises(Conflict, match="undone already"):
        undo_run(connection, run_id)


def test_change_is_counted_feature_by_feature(connection: Connection, folder: Path) -> None:
    """Segments that share their owner's number, as those of one street do, are each counted."""
    write(folder / "ong.gpkg", {"s": (0, "HDPE")}, times=4)
    (file,) = run(connection, folder).files
    assert file.change == {"added": 4, "changed": 0, "removed": 3}
    write(folder / "ong.gpkg", {"s": (0, "gang")}, times=3)
    (file,) = run(connection, folder).files
    assert file.change == {"added": 0, "changed": 3, "removed": 1}


@pytest.mark.usefixtures("folder")
def test_large_files_are_compared_in_time(connection: Connection) -> None:
    """Rows that are in no statistics yet are not compared each with each: 900 million pairs would take minutes."""
    own = {"id", "owner_ref", "source_file_id"}
    names = ", ".join(name for name in columns_of(connection, find_layer("utility_lines")) if name not in own)
    (old,) = connection.execute("select max(id) from source_files").fetchone() or (0,)
    (new,) = connection.execute(
        "insert into source_files (run_id, path, location, sha256, key, bytes, outcome, decisions)"
        " select run_id, path, 'x', 'x', 'x', 0, outcome, '[]' from source_files where id = %s returning id", (old,)
    ).fetchone() or (0,)  # fmt: skip
    connection.execute("alter table utility_lines set (autovacuum_enabled = false)")
    connection.execute("create temp table one as select * from utility_lines limit 1")
    connection.execute("delete from utility_lines")
    for file in (old, new):
        connection.execute(
            f"insert into utility_lines ({names}, source_file_id, owner_ref)"  # noqa: S608
            f" select {names}, %s, n::text from one, generate_series(1, 30000) n", (file,)
        )  # fmt: skip
    connection.execute("set statement_timeout = '30s'")
    (run_id,) = connection.execute("select max(id) from import_runs").fetchone() or (0,)
    assert replace_files(connection, run_id, [old], new) == Change(0, 0, 0)


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
