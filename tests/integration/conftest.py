"""Real PostGIS for the tests: one throw-away cluster a process, a fresh database where a test asks for one."""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING
from uuid import uuid4

import psycopg
import pytest
from psycopg import sql

from importers.folder import ImportOptions, import_path
from layers.database import connect, migrate
from layers.embedded import create_database, throwaway
from twin.sample import write_sample

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from importers.report import ImportReport
    from layers.database import Connection

STORAGE = "EPSG:9214"


TWIN = str(Path(sys.executable).with_name("twin"))


@dataclass(frozen=True)
class PilotWard:
    """The sample ward of seed 1 under `folder/sample`, terrain under `folder`, and the database with its import."""

    folder: Path
    database: str
    report: ImportReport


@dataclass(frozen=True)
class Demo:
    """A place where `twin demo` has run, with its own private cluster."""

    folder: Path
    answer: subprocess.CompletedProcess[str]

    def environment(self, **settings: str) -> dict[str, str]:
        kept = {name: value for name, value in os.environ.items() if not name.startswith("TWIN_")}
        return kept | {"TWIN_DATA": str(self.folder / "data"), "COLUMNS": "200"} | settings

    def twin(self, *words: object, **settings: str) -> subprocess.CompletedProcess[str]:
        command = [TWIN, *map(str, words)]
        return subprocess.run(
            command, env=self.environment(**settings), capture_output=True, text=True, check=False, timeout=300
        )


@pytest.fixture(scope="session")
def cluster() -> Iterator[str]:
    """URL of a cluster of its own with an unmigrated database."""
    with throwaway() as url:
        yield url


@pytest.fixture(scope="session")
def template(cluster: str) -> str:
    """Name of a migrated, empty database in the default storage CRS, to copy from."""
    migrate(create_database(cluster, "template_9214"), STORAGE)
    return "template_9214"


@pytest.fixture(scope="session")
def pilot_ward(cluster: str, template: str, tmp_path_factory: pytest.TempPathFactory) -> PilotWard:
    """Imported once for all files that run together; who changes it works on a copy of the database."""
    folder = tmp_path_factory.mktemp("pilot")
    write_sample(folder / "sample", seed=1)
    with connect(create_database(cluster, "pilot", template)) as opened:
        report = import_path(opened, folder, folder / "sample" / "ward", ImportOptions())
    return PilotWard(folder, "pilot", report)


@pytest.fixture(scope="module")
def pilot_connection(cluster: str, pilot_ward: PilotWard, request: pytest.FixtureRequest) -> Iterator[Connection]:
    """A copy of the pilot ward's database for a file of tests."""
    with connect(create_database(cluster, f"pilot_{request.module.__name__[-20:]}", pilot_ward.database)) as opened:
        yield opened


@pytest.fixture(scope="session")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Demo]:
    """The demo, run once for all files that run together."""
    place = Demo(tmp_path_factory.mktemp("demo"), subprocess.CompletedProcess([], 0))
    yield Demo(place.folder, place.twin("demo", "--no-serve"))
    assert place.twin("db", "stop").returncode == 0


@pytest.fixture(scope="module")
def running_demo(demo: Demo) -> Demo:
    """The demo's place with its cluster running, so that commands need not start it each time."""
    demo.twin("db", "start")
    return demo


@pytest.fixture
def new_database(cluster: str, template: str) -> Iterator[Callable[[], str]]:
    """Makes migrated, empty databases; they are gone after the test."""
    names: list[str] = []

    def create() -> str:
        names.append(f"city_{uuid4().hex[:12]}")
        return create_database(cluster, names[-1], template)

    yield create
    with psycopg.connect(cluster, dbname="postgres", autocommit=True) as connection:
        for name in names:
            # "with (force)" is refused while an autovacuum worker, which has no role, is in the database.
            connection.execute(
                "select pg_terminate_backend(pid) from pg_stat_activity where datname = %s and usename is not null",
                [name],
            )
            connection.execute(sql.SQL("drop database {}").format(sql.Identifier(name)))


@pytest.fixture
def city(new_database: Callable[[], str]) -> str:
    """URL of a migrated, empty city in EPSG:9214."""
    return new_database()


@pytest.fixture(scope="session")
def database_url(cluster: str, template: str) -> str:
    """URL of a migrated city in EPSG:9214 that the tests of a process share."""
    return create_database(cluster, "shared_city", template)


@pytest.fixture
def connection(city: str) -> Iterator[Connection]:
    with connect(city) as opened:
        yield opened
