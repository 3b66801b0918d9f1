"""What lies in a folder: files, their companions, documents; nothing is passed over."""

from __future__ import annotations

from typing import TYPE_CHECKING

from importers.source import find_datasets

if TYPE_CHECKING:
    from pathlib import Path


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
