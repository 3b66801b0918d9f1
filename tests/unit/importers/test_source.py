"""What lies in a folder: files, their companions, documents; nothing is passed over."""

from __future__ import annotations

import io
import os
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from importers.dataset import identify
from importers.delivery import open_delivery
from importers.faults import Rejected
from importers.sandbox import Workers
from importers.source import find_datasets
from twin.console import SafeConsole

if TYPE_CHECKING:
    import pytest


def touch(folder: Path, *names: str) -> None:
    for name in names:
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(name)


def found(path: Path) -> dict[str, list[str]]:
    return {d.name: [part.name for part in d.parts] for d in find_datasets(path)[0]}


def test_companions_belong_to_their_file(tmp_path: Path) -> None:
    """A Shapefile, a TAB and a mesh are one dataset each, whatever else shares the folder."""
    touch(tmp_path, "a/x.shp", "a/x.dbf", "a/x.shx", "a/x.shp.xml", "b/y.tab", "b/y.dat", "b/y.map", "b/y.id")
    touch(tmp_path, "c/z.obj", "c/z.placement.json", "c/z[1].csv", "c/z[1].prj", "d/w.gml", "d/w.xsd", "d/w.gfs")
    assert found(tmp_path) == {
        "a/x.shp": ["x.shp", "x.dbf", "x.shp.xml", "x.shx"],
        "b/y.tab": ["y.tab", "y.dat", "y.id", "y.map"],
        "c/z.obj": ["z.obj", "z.placement.json"],
        "c/z[1].csv": ["z[1].csv", "z[1].prj"],
        "d/w.gml": ["w.gml", "w.gfs", "w.xsd"],
    }


def test_orphans_are_reported(tmp_path: Path) -> None:
    """A .dbf without its .shp is a delivery that lacks something, not nothing; it keeps its own companions."""
    touch(tmp_path, "x.dbf", "x.prj", "x.cpg", "y.dat", "z.prj")
    assert found(tmp_path) == {"x.dbf": ["x.dbf", "x.cpg", "x.prj"], "y.dat": ["y.dat"], "z.prj": ["z.prj"]}


def test_geodatabase_is_one_dataset(tmp_path: Path) -> None:
    """A folder of Esri's is read as a whole, under its own name, whether it is found or named alone."""
    parts = ["a00000001.gdbtable", "a00000001.gdbtablx", "gdb"]
    touch(tmp_path, *(f"Thuận Hóa/cấp nước 2024.gdb/{name}" for name in (*parts, "x.sr.lock")), "Thuận Hóa/x.shp")
    assert found(tmp_path) == {"Thuận Hóa/cấp nước 2024.gdb": parts, "Thuận Hóa/x.shp": ["x.shp"]}
    assert found(tmp_path / "Thuận Hóa" / "cấp nước 2024.gdb") == {"cấp nước 2024.gdb": parts}


def test_hash_of_a_geodatabase(tmp_path: Path) -> None:
    """A lock of somebody who has it open changes nothing; another table does."""
    touch(tmp_path, "x.gdb/a00000001.gdbtable", "x.gdb/a00000001.gdbtablx")
    (before,) = find_datasets(tmp_path)[0]
    touch(tmp_path, "x.gdb/_gdb.PC.123.sr.lock")
    (locked,) = find_datasets(tmp_path)[0]
    touch(tmp_path, "x.gdb/a00000002.gdbtable")
    (more,) = find_datasets(tmp_path)[0]
    assert before.sha256() == locked.sha256() != more.sha256()


def test_folder_that_is_only_called_geodatabase(tmp_path: Path) -> None:
    """What lies in it is listed as in every other folder."""
    touch(tmp_path, "x.gdb/y.shp")
    assert found(tmp_path) == {"x.gdb/y.shp": ["y.shp"]}


def test_file_named_alone_has_its_companions(tmp_path: Path) -> None:
    """`twin import x.shp` reads x.dbf too."""
    touch(tmp_path, "x.shp", "x.dbf", "other.shp")
    assert found(tmp_path / "x.shp") == {"x.shp": ["x.shp", "x.dbf"]}


def test_documents_are_left_aside_and_named(tmp_path: Path) -> None:
    """A readme is no geodata; hidden files are nobody's delivery."""
    touch(tmp_path, "README.md", "x.csv", ".hidden/x.shp", "thu.pdf")
    datasets, documents = find_datasets(tmp_path)
    assert [d.name for d in datasets] == ["x.csv"]
    assert sorted(d.name for d in documents) == ["README.md", "thu.pdf"]


def test_hash_is_of_the_content_of_all_parts(tmp_path: Path) -> None:
    """A copy under another name has the same hash; another .prj makes another dataset."""
    touch(tmp_path, "a/x.shp", "a/x.prj")
    (tmp_path / "b").mkdir()
    (tmp_path / "b" / "y.shp").write_text("a/x.shp")
    (tmp_path / "b" / "y.prj").write_text("a/x.prj")
    first, second = find_datasets(tmp_path)[0]
    assert first.sha256() == second.sha256()
    (tmp_path / "b" / "y.prj").write_text("another")
    assert first.sha256() != second.sha256()


def test_companions_in_another_case_are_found(tmp_path: Path) -> None:
    """ONG.DBF goes with ong.shp where no other file claims it; of two that might, it belongs to neither."""
    touch(tmp_path / "one", "Ong.Shp", "ONG.DBF", "ong.prj")
    assert found(tmp_path / "one") == {"Ong.Shp": ["Ong.Shp", "ONG.DBF", "ong.prj"]}
    assert found(tmp_path / "one" / "Ong.Shp") == {"Ong.Shp": ["Ong.Shp", "ONG.DBF", "ong.prj"]}
    touch(tmp_path / "two", "Ong.shp", "ong.shp", "ong.dbf", "ONG.PRJ")
    assert found(tmp_path / "two") == {
        "ONG.PRJ": ["ONG.PRJ"],
        "Ong.shp": ["Ong.shp"],
        "ong.shp": ["ong.shp", "ong.dbf"],
    }


def test_folder_of_many_files_is_looked_through_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What belongs to a file is found among what was found: a look into the folder for each file took hours."""
    for name in ("ong.shp", "ong.dbf", "ong.prj", "cay.geojson"):
        (tmp_path / name).touch()
    monkeypatch.setattr(Path, "glob", None)
    assert found(tmp_path) == {"cay.geojson": ["cay.geojson"], "ong.shp": ["ong.shp", "ong.dbf", "ong.prj"]}


def test_what_is_no_file_is_reported(tmp_path: Path) -> None:
    """Pipes, sockets and folders nobody can enter are refused aloud, whatever their names, and are not waited for."""
    os.mkfifo(tmp_path / "ong")
    (tmp_path / "link.geojson").symlink_to("ong")
    (tmp_path / "readme").touch()
    descriptor = os.open(tmp_path, os.O_RDONLY)
    for _ in range(30):
        os.mkdir("x" * 200, dir_fd=descriptor)
        below = os.open("x" * 200, os.O_RDONLY, dir_fd=descriptor)
        os.close(descriptor)
        descriptor = below
    os.close(descriptor)
    datasets, documents = find_datasets(tmp_path)
    assert [d.name.replace("x" * 200, "x").partition("/")[0] for d in datasets] == ["link.geojson", "ong", "x"]
    assert documents == [tmp_path / "readme"]
    assert [d.size for d in datasets] == [0, 0, 0]
    with Workers(1) as workers:
        assert len(open_delivery(tmp_path, workers).datasets) == 3
        assert [type(outcome) for _, outcome in workers.map(identify, ((d,) for d in datasets))] == [Rejected] * 3


def test_names_are_spelled_out_where_no_screen_shows_them(tmp_path: Path) -> None:
    """A name neither breaks a line of a report nor steers the terminal that shows it, nor reads backwards."""
    (tmp_path / "a\n\x1b[31m\u202eb.geojson").touch()
    ((dataset,), _) = find_datasets(tmp_path)
    assert dataset.name == r"a\n\x1b[31m\u202eb.geojson"
    assert replace(dataset, title="c\x07").name == r"c\x07"


def test_screen_shows_no_control_characters() -> None:
    """What is inside of strangers' files, names of layers and values, steers no terminal; colours of our own stay."""
    screen = io.StringIO()
    SafeConsole(file=screen, force_terminal=True, width=40).print(
        "[bold]a\x1b]0;x\x07\x9b1mb[/bold]\n", "c", highlight=False
    )
    assert screen.getvalue() == "\x1b[1ma]0;x1mb\x1b[0m\n c\n"
