"""How fast a million lines with z reach an indexed layer: our import beside ogr2ogr, on one server, in one run.

    python tests/benchmarks/bench_import.py [--lines N] [--rounds R]

Both reproject from EPSG:3405 to EPSG:9214 and use COPY. Ogr2ogr writes what is in the file; our import checks and
decides every record besides, and keeps it as delivered. Needs ogr2ogr (Debian package gdal-bin).
"""

from __future__ import annotations

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import psycopg
import pyogrio
import shapely

from layers.database import connect, migrate
from layers.embedded import create_database, throwaway

if TYPE_CHECKING:
    from collections.abc import Iterator

    from layers.database import Connection

SOURCE, TARGET = "EPSG:3405", "EPSG:9214"
_CENTRE = (776_439.0, 1_822_112.0)  # Huế in EPSG:3405
_OURS = """
import sys
from pathlib import Path
from importers.folder import ImportOptions, open_importer

with open_importer(ImportOptions()) as importer:
    from layers.database import connect

    with connect(sys.argv[1]) as connection:
        report = importer.import_path(connection, Path(sys.argv[3]), Path(sys.argv[2]))
print(report.loaded)
"""


@dataclass(frozen=True, slots=True)
class Round:
    """Seconds of one import, and the most memory that its processes had at once, in MiB (the server's not counted)."""

    seconds: float
    memory_mib: float


def write_lines(path: Path, count: int) -> None:
    """Water pipes with z, of two to four vertices, six attributes each, over 8 km x 8 km."""
    random = np.random.default_rng(1)
    vertices = random.integers(2, 5, count)
    of = np.repeat(np.arange(count), vertices)
    step = (np.arange(len(of)) - np.repeat(np.cumsum(vertices) - vertices, vertices)) * 8.0
    angle = np.repeat(random.uniform(0, 2 * np.pi, count), vertices)
    start = np.repeat(np.array(_CENTRE) + random.uniform(-4000, 4000, (count, 2)), vertices, axis=0)
    xy = start + np.column_stack([np.cos(angle), np.sin(angle)]) * step[:, None]
    z = np.repeat(random.uniform(1, 4, count), vertices) - 0.01 * step
    lines = shapely.linestrings(np.column_stack([xy, z]), indices=of)
    fields = {
        "ma_ong": np.array([f"CN-{i:07d}" for i in range(count)], dtype=object),
        "vat_lieu": random.choice(np.array(["HDPE", "PVC", "Gang dẻo", "Bê tông"], dtype=object), count),
        "duong_kinh_mm": random.choice([50, 63, 90, 110, 160, 200, 315], count),
        "don_vi_quan_ly": random.choice(np.array(["Cấp nước", "Điện lực", "Viễn thông"], dtype=object), count),
        "nam_lap_dat": random.integers(1990, 2024, count),
        "tinh_trang": random.choice(np.array(["Đang sử dụng", "Hỏng"], dtype=object), count),
    }
    pyogrio.raw.write(
        path, shapely.to_wkb(lines), list(fields.values()), list(fields), crs=SOURCE,
        geometry_type="LineString Z", layer="ong_cap_nuoc", driver="GPKG",
    )  # fmt: skip


def run(command: list[str]) -> Round:
    """Run a program to its end. Raises: CalledProcessError where it fails."""
    began = time.monotonic()
    pipe = subprocess.PIPE
    with subprocess.Popen(command, stdout=pipe, stderr=pipe, text=True) as process, _watching(process.pid) as most:
        out, err = process.communicate()
    if process.returncode:
        raise subprocess.CalledProcessError(process.returncode, command, out, err)
    return Round(time.monotonic() - began, most[0])


@contextmanager
def _watching(pid: int) -> Iterator[list[float]]:
    """The most memory (proportional set size, MiB) of a process and its descendants."""
    most, done = [0.0], threading.Event()

    def watch() -> None:
        while not done.wait(0.5):
            most[0] = max(most[0], sum(map(_memory_mib, _family(pid))))

    thread = threading.Thread(target=watch)
    thread.start()
    try:
        yield most
    finally:
        done.set()
        thread.join()


def _family(pid: int) -> list[int]:
    parents: dict[int, list[int]] = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                parent = int((entry / "stat").read_text().rpartition(")")[2].split()[1])
            except (OSError, IndexError):
                continue
            parents.setdefault(parent, []).append(int(entry.name))
    family, waiting = [], [pid]
    while waiting:
        family.append(waiting.pop())
        waiting += parents.get(family[-1], [])
    return family


def _memory_mib(pid: int) -> float:
    try:
        rollup = Path(f"/proc/{pid}/smaps_rollup").read_text()
    except OSError:
        return 0.0
    return sum(int(line.split()[1]) for line in rollup.splitlines() if line.startswith("Pss:")) / 1024


def ours(server: str, number: int, path: Path) -> Round:
    url = create_database(server, f"ours_{number}")
    migrate(url, TARGET)
    with tempfile.TemporaryDirectory() as data:
        measured = run([sys.executable, "-c", _OURS, url, str(path), data])
    with connect(url) as connection:
        row = connection.execute("select count(axis), count(*) from utility_lines").fetchone()
        assert row is not None
        assert row[0] == row[1] > 0, "every line has its axis"
        require_index(connection, "utility_lines")
    return measured


def require_index(connection: Connection, table: str) -> None:
    """Both sides end with a table that is found by place."""
    found = connection.execute(
        "select from pg_indexes where tablename = %s and indexdef like '%%USING gist (geom)%%'", (table,)
    ).fetchall()
    assert found, f"{table} has a spatial index"


def theirs(server: str, number: int, path: Path) -> Round:
    url = create_database(server, f"ogr2ogr_{number}")
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("create extension if not exists postgis")
    dsn = "PG:" + " ".join(f"{k}='{v}'" for k, v in psycopg.conninfo.conninfo_to_dict(url).items())
    measured = run(
        ["ogr2ogr", "-f", "PostgreSQL", dsn, str(path), "-t_srs", TARGET, "-nln", "lines", "-lco", "GEOMETRY_NAME=geom",
         "--config", "PG_USE_COPY", "YES"]
    )  # fmt: skip
    with connect(url) as connection:
        require_index(connection, "lines")
    return measured


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--lines", type=int, default=1_000_000)
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args()
    rounds: dict[str, list[Round]] = {"ours": [], "ogr2ogr": []}
    with tempfile.TemporaryDirectory() as folder, throwaway() as server:
        path = Path(folder) / "lines.gpkg"
        write_lines(path, options.lines)
        for number in range(options.rounds):
            for name, load in (("ogr2ogr", theirs), ("ours", ours)):
                rounds[name].append(load(server, number, path))
                last = rounds[name][-1]
                print(f"  round {number + 1} {name:8} {last.seconds:6.1f} s {last.memory_mib:6.0f} MiB", flush=True)
    print(f"\n{options.lines:,} lines with z, {SOURCE} to {TARGET}, {os.cpu_count()} cores; median of {options.rounds}")
    medians = {name: statistics.median(r.seconds for r in found) for name, found in rounds.items()}
    for name, found in rounds.items():
        rate, memory = options.lines / medians[name], max(r.memory_mib for r in found)
        print(f"{name:8} {medians[name]:6.1f} s {rate:10,.0f} lines/s {memory:6.0f} MiB")
    print(f"ogr2ogr / ours: {medians['ogr2ogr'] / medians['ours']:.2f} x")


if __name__ == "__main__":
    main()
