"""Real public files: every command and every number of docs/real-data.md."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING
from uuid import uuid4

import pytest

from importers.folder import ImportOptions, import_path
from layers.crs import parse_crs
from layers.database import connect, migrate
from layers.embedded import create_database

if TYPE_CHECKING:
    from collections.abc import Iterator

    from importers.report import ImportReport
    from layers.database import Connection

PAGE = Path(__file__).resolve().parents[2] / "docs" / "real-data.md"
_COMMAND = re.compile(r"    TWIN_CRS=(\S+) twin import \.\./shared/data/(\S+)(?: --crs (\S+))?")
_ROW = re.compile(r"\| `([^`]+)` \| (\d+) \| (\d+) \| (\d+) \|")


@dataclass(frozen=True, slots=True)
class Command:
    """A command of the page, and below it (records read, features loaded, records refused) of each file."""

    storage: str
    path: str
    crs: str | None
    files: dict[str, tuple[int, int, int]]


def commands() -> list[Command]:
    found: list[Command] = []
    for line in PAGE.read_text("utf-8").splitlines():
        if command := _COMMAND.fullmatch(line):
            found.append(Command(command[1], command[2], command[3], {}))
        elif row := _ROW.match(line):
            found[-1].files[row[1]] = (int(row[2]), int(row[3]), int(row[4]))
    return found


COMMANDS = commands()
IDS = [f"{command.path}{' ' + command.crs if command.crs else ''}" for command in COMMANDS]


@pytest.fixture
def opened(cluster: str, request: pytest.FixtureRequest) -> Iterator[Connection]:
    """An empty city in the storage CRS that the test names."""
    url = create_database(cluster, f"real_{uuid4().hex[:12]}")
    migrate(url, request.param)
    with connect(url) as connection:
        yield connection


def run(connection: Connection, shared: Path, folder: Path, command: Command) -> ImportReport:
    given = parse_crs(command.crs) if command.crs else None
    return import_path(connection, folder / "data", shared / command.path, ImportOptions(given))


@pytest.mark.shared_data
@pytest.mark.parametrize(("opened", "command"), [(c.storage, c) for c in COMMANDS], ids=IDS, indirect=["opened"])
def test_every_number_of_the_page(opened: Connection, command: Command, shared: Path, tmp_path: Path) -> None:
    """What the page says of a file is what an import makes of it; what has no table there is refused whole."""
    report = run(opened, shared, tmp_path, command)
    counted = {file.path: (file.read, file.loaded, file.refused) for file in report.files}
    if command.files:
        assert counted == command.files
    else:
        assert {file.outcome for file in report.files} == {"quarantined"}
    for file in report.files:
        assert file.loaded or (file.message and file.findings), f"{file.path} is refused without a reason"


@pytest.mark.shared_data
def test_every_file_is_on_the_page(shared: Path) -> None:
    """No public file is left out, but licences and descriptions."""
    told = [shared / command.path for command in COMMANDS]
    documents = (".md", ".txt", "")
    files = [path for path in shared.rglob("*") if path.is_file() and path.suffix not in documents]
    assert [str(f) for f in files if not any(f == t or t in f.parents or f.stem == t.stem for t in told)] == []


def one(path: str, storage: str, crs: str | None = None) -> tuple[str, Command]:
    return storage, Command(storage, path, crs, {})


@pytest.mark.shared_data
@pytest.mark.parametrize(("opened", "command"), [one("underground/nanaimo_water", "EPSG:26910")], indirect=["opened"])
def test_water_mains_of_nanaimo(opened: Connection, command: Command, shared: Path, tmp_path: Path) -> None:
    """Codes of materials are understood, unknown ones are nothing, the place is that of the file to the bit."""
    run(opened, shared, tmp_path, command)
    materials = dict(opened.execute("select material, count(*)::int from utility_lines group by 1").fetchall())
    assert materials == {
        "PVC": 1304, "fibre cement": 544, "steel": 185, "copper": 162, "UN": 52, "HDPE": 22, "ductile iron": 20,
        None: 1042,
    }  # fmt: skip
    assert opened.execute("select count(*), count(owner), count(axis) from utility_lines").fetchone() == (3331, 2297, 0)
    first = opened.execute(
        "select subtype, extract(year from valid_from)::int, inner_width_m, st_length(geom) from utility_lines"
        " where source_row = 1"
    ).fetchone()
    assert first == ("Primary Supply", 1982, 0.75, pytest.approx(466.748, abs=0.01)), "the file states its length"


@pytest.mark.shared_data
@pytest.mark.parametrize(("opened", "command"), [one("underground/vermont", "EPSG:6589")], indirect=["opened"])
def test_sewers_of_montpelier(opened: Connection, command: Command, shared: Path, tmp_path: Path) -> None:
    """Discipline, status and kind come from the records; codes without a list are no owners."""
    run(opened, shared, tmp_path, command)
    lines = opened.execute("select discipline, count(*)::int from utility_lines group by 1").fetchall()
    assert dict(lines) == {"storm": 3737, "wastewater": 1079, "combined": 59, "water": 1}
    nodes = opened.execute("select kind, discipline, count(*)::int from utility_nodes group by 1, 2").fetchall()
    assert sorted(nodes) == [
        ("inlet", "combined", 49), ("inlet", "wastewater", 1), ("manhole", "combined", 28),
        ("manhole", "wastewater", 969), ("other", "combined", 6), ("other", "wastewater", 6),
    ]  # fmt: skip
    assert opened.execute("select count(owner), count(axis) from utility_lines").fetchone() == (0, 0)


@pytest.mark.shared_data
@pytest.mark.parametrize(("opened", "command"), [one("trees", "EPSG:31256")], indirect=["opened"])
def test_trees_of_graz(opened: Connection, command: Command, shared: Path, tmp_path: Path) -> None:
    """German and Latin names with their umlauts; two trees are as far apart as on the globe."""
    run(opened, shared, tmp_path, command)
    row = opened.execute("select species, species_latin, planted_year from trees where code = '12772'").fetchone()
    assert row is not None
    assert row[:2] == ("Gemeine Roßkastanie", "Aesculus hippocastanum")
    assert opened.execute("select count(*), count(planted_year) from trees").fetchone() == (231, 39)
    farthest = opened.execute(
        "select max(abs(st_distance(a.geom, b.geom) - st_distancespheroid(st_transform(a.geom, 4326),"
        " st_transform(b.geom, 4326)))) from trees a, trees b where a.id < b.id and a.id % 7 = 0 and b.id % 7 = 0"
    ).fetchone()
    assert farthest is not None
    assert farthest[0] < 1.0
