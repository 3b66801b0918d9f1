"""A file geodatabase is a folder: found, read, known again and asked for as one file."""

from __future__ import annotations

import shutil
import warnings
from typing import TYPE_CHECKING

import numpy as np
import pyogrio
import shapely

from importers.faults import Fault
from importers.folder import ImportOptions, import_path
from layers.crs import parse_crs
from layers.provenance import Outcome

if TYPE_CHECKING:
    from pathlib import Path

    from importers.report import ImportReport
    from layers.database import Connection

EAST, NORTH = 562_000.0, 1_820_000.0


def a_geodatabase(folder: Path, *, rows: int = 3, declared: bool = True) -> Path:
    """Water pipes in a geodatabase whose folder has a blank and diacritics in its name."""
    path = folder / "Công ty cấp nước" / "Tuyến ống 2024.gdb"
    path.parent.mkdir(parents=True, exist_ok=True)
    lines = [shapely.LineString([(EAST, NORTH + 10 * i), (EAST + 20, NORTH + 10 * i)]) for i in range(rows)]
    crs = {"crs": "EPSG:9214"} if declared else {}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # no system is to be given
        pyogrio.raw.write(
            path, shapely.to_wkb(lines), [np.full(rows, 110), np.array(["HDPE"] * rows, dtype=object)],
            ["DuongKinh", "VatLieu"], geometry_type="LineString", driver="OpenFileGDB", layer="TUYEN_ONG", **crs,
        )  # fmt: skip
    return path


def run(connection: Connection, path: Path, crs: str | None = None) -> ImportReport:
    given = parse_crs(crs) if crs else None
    return import_path(connection, path.parent / "data", path, ImportOptions(given))


def test_folder_is_one_file_of_the_delivery(connection: Connection, tmp_path: Path) -> None:
    """Its tables are not listed one by one; the second import has nothing to do, a lock changes nothing."""
    path = a_geodatabase(tmp_path / "in")
    report = run(connection, tmp_path / "in")
    assert [(f.path, f.format, f.outcome, f.loaded) for f in report.files] == [
        ("Công ty cấp nước/Tuyến ống 2024.gdb", "FileGDB", Outcome.LOADED, 3)
    ]
    assert report.documents == ()
    rows = connection.execute("select discipline, material, source_layer from utility_lines").fetchall()
    assert rows == [("water", "HDPE", "TUYEN_ONG")] * 3
    (path / "_gdb.PC-7.4711.sr.lock").touch()
    assert [f.outcome for f in run(connection, tmp_path / "in").files] == ["unchanged"]
    shutil.rmtree(path)
    a_geodatabase(tmp_path / "in", rows=5)
    (file,) = run(connection, tmp_path / "in").files
    assert (file.outcome, file.loaded) == (Outcome.LOADED, 5)
    assert connection.execute("select count(*) from utility_lines").fetchone() == (5,)


def test_folder_named_alone_obeys_the_system_that_is_given(connection: Connection, tmp_path: Path) -> None:
    """`twin import x.gdb --crs` says where a geodatabase without a system lies, and overrules a wrong one."""
    path = a_geodatabase(tmp_path / "in", declared=False)
    (refused,) = run(connection, tmp_path / "in").files
    assert [finding["fault"] for finding in refused.findings] == [Fault.CRS_MISSING]
    (file,) = run(connection, path, "EPSG:9214").files
    assert (file.path, file.outcome, file.loaded) == ("Tuyến ống 2024.gdb", Outcome.LOADED, 3)
    assert connection.execute("select st_x(st_startpoint(geom)) from utility_lines").fetchone() == (EAST,)
    files = connection.execute("select count(*) from source_files where replaced_by is null").fetchone()
    assert files == (1,), "the same place on disk is the same file"
