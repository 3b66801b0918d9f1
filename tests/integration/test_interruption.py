"""An import that the machine stops in the middle: a full disk, a database that crashes and starts again."""

from __future__ import annotations

import os
import subprocess
import tempfile
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import numpy as np
import psycopg
import pyogrio
import pytest
import rasterio
import shapely
from psycopg import sql
from rasterio.transform import from_origin

from importers.folder import ImportOptions, import_path
from layers.database import connect, migrate
from layers.embedded import create_database, throwaway
from layers.errors import Unavailable
from layers.postgres import choose_account, choose_installation, find_pg_configs, run

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from importers.folder import Progress
    from importers.report import ImportReport
    from layers.database import Connection

EAST, NORTH = 562_000.0, 1_820_000.0
MANY = 20_000
STATE = (
    "select (select count(*) from utility_lines), (select sum(st_length(geom)) from utility_lines),"
    " (select array_agg(version order by layer) from layer_states), (select count(*) from source_files),"
    " (select count(*) from quarantined_rows)"
)


@pytest.fixture(scope="module")
def own_cluster() -> Iterator[str]:
    """A cluster that may be crashed, for nobody else is connected to it; with a template database."""
    with throwaway() as url:
        migrate(create_database(url, "template_city"), "EPSG:9214")
        yield url


def pipes(path: Path, rows: int) -> Path:
    """Water pipes 20 m long, 1 m apart."""
    path.parent.mkdir(parents=True, exist_ok=True)
    starts = np.column_stack([np.full(rows, EAST), NORTH + np.arange(rows) % 10_000])
    lines = shapely.linestrings(np.stack([starts, starts + np.array([20.0, 0.0])], axis=1))
    refs = np.array([f"CN-{i}" for i in range(rows)], dtype=object)
    pyogrio.raw.write(
        path, shapely.to_wkb(lines), [refs], ["ma_ong"], crs="EPSG:9214", geometry_type="LineString", driver="GPKG"
    )
    return path


def take(connection: Connection, path: Path, on_progress: Callable[[Progress], None] = lambda _: None) -> ImportReport:
    return import_path(connection, path.parent.parent / "data", path, ImportOptions(), on_progress=on_progress)


def state(url: str) -> tuple[Any, ...]:
    with connect(url) as connection:
        return connection.execute(STATE).fetchone() or ()


def restart(cluster: str) -> None:
    """The server crashes and starts again, as after a power cut."""
    with psycopg.connect(cluster, user="postgres", dbname="postgres") as connection:
        (files,) = connection.execute("show data_directory").fetchone() or ("",)
    programs = choose_installation(find_pg_configs()).programs
    command = (str(programs / "pg_ctl"), "restart", "--mode=immediate", f"--log={files}/restart.log")
    done = run(choose_account(Path(files)), *command, pgdata=Path(files))
    assert done.returncode == 0, done.stderr


def test_restart_of_the_database_leaves_the_old_state(own_cluster: str, tmp_path: Path) -> None:
    """The server crashes while a new version of a file is being written: the old one stands, the next import works."""
    url = create_database(own_cluster, "restarted", "template_city")
    path = pipes(tmp_path / "in" / "ong-cap-nuoc.gpkg", rows=3)
    with connect(url) as connection:
        take(connection, path)
    before = state(url)
    path.unlink()
    pipes(path, rows=MANY)
    with connect(url) as connection:

        def crash(progress: Progress) -> None:
            if progress.rows:
                assert progress.files == 0, "the file is not done yet"
                restart(own_cluster)

        with pytest.raises(Unavailable, match=r"database stopped the import: .*start it again, then import again"):
            take(connection, path, crash)
    assert state(url) == before
    with connect(url) as connection:
        (file,) = take(connection, path).files
        assert (file.outcome, file.change) == ("loaded", {"added": MANY - 3, "changed": 0, "removed": 0})
    assert state(url)[:2] == (MANY, pytest.approx(20.0 * MANY))


@contextmanager
def small_disk(megabytes: int) -> Iterator[tuple[Path, Callable[[int], None]]]:
    """The folder of a disk of its own, and what makes it larger; skips where nobody may mount."""
    folder = Path(tempfile.mkdtemp(prefix="twin-small-"))
    mount = ("mount", "-t", "tmpfs", "-o")
    made = subprocess.run([*mount, f"size={megabytes}m", "tmpfs", folder], check=False, capture_output=True, text=True)
    if made.returncode:
        folder.rmdir()
        pytest.skip(f"a small disk cannot be mounted: {made.stderr.strip()}")

    def enlarge(megabytes: int) -> None:
        subprocess.run([*mount, f"remount,size={megabytes}m", "tmpfs", folder], check=True)

    try:
        yield folder, enlarge
    finally:
        subprocess.run(["umount", "--lazy", folder], check=True)
        folder.rmdir()


def move_database(cluster: str, url: str, folder: Path) -> None:
    """The database lies on another disk."""
    with psycopg.connect(cluster, user="postgres", dbname="postgres", autocommit=True) as connection:
        (files,) = connection.execute("show data_directory").fetchone() or ("",)
        account = choose_account(Path(files))
        os.chown(folder, account.uid, account.gid)
        connection.execute(sql.SQL("create tablespace small location {}").format(sql.Literal(str(folder))))
        name = sql.Identifier(urlsplit(url).path.strip("/"))
        connection.execute(sql.SQL("alter database {} set tablespace small").format(name))


def test_full_disk_of_the_database_leaves_the_old_state(own_cluster: str, tmp_path: Path) -> None:
    """The disk of the database fills in mid-file: the old version stands, and once there is space the new one loads."""
    url = create_database(own_cluster, "filled", "template_city")
    path = pipes(tmp_path / "in" / "ong-cap-nuoc.gpkg", rows=3)
    with small_disk(24) as (folder, enlarge):
        move_database(own_cluster, url, folder)
        with connect(url) as connection:
            take(connection, path)
            before = state(url)
            path.unlink()
            pipes(path, rows=MANY)
            with pytest.raises(Unavailable, match=r"No space left on device.*free space on the disk of the database"):
                take(connection, path)
            assert state(url) == before
            enlarge(400)
            (file,) = take(connection, path).files
            assert file.change == {"added": MANY - 3, "changed": 0, "removed": 0}


def test_full_disk_of_the_importer_blames_no_file(city: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where the copies that are read, or the terrain that is kept, find no space, the import stops and says where."""
    path = pipes(tmp_path / "in" / "ong-cap-nuoc.gpkg", rows=3)
    raster = tmp_path / "noise" / "dem.tif"
    raster.parent.mkdir()
    form = {"driver": "GTiff", "dtype": "float32", "crs": "EPSG:9214", "count": 1, "height": 1200, "width": 1200}
    with rasterio.open(raster, "w", transform=from_origin(EAST, NORTH + 1200, 1, 1), **form) as noise:
        noise.write(np.random.default_rng(1).uniform(3, 4, (1200, 1200)).astype("float32"), 1)
    with connect(city) as connection, small_disk(3) as (folder, enlarge):
        take(connection, path)
        before = state(city)
        path.unlink()
        pipes(path, rows=25_000)
        monkeypatch.setattr(tempfile, "tempdir", str(folder))
        with pytest.raises(Unavailable, match=rf"the disk that holds {folder}.* is full: free space"):
            take(connection, path)
        monkeypatch.undo()
        assert state(city) == before
        with pytest.raises(Unavailable, match=rf"the disk that holds {folder}.* is full: free space"):
            import_path(connection, folder, raster, ImportOptions())
        assert state(city) == before
        assert [part.name for part in (folder / "terrain").iterdir()] == []
        enlarge(60)
        assert import_path(connection, folder, raster, ImportOptions()).outcomes["loaded"] == 1
