"""Real PostGIS for the tests: one throw-away cluster a process, a fresh database where a test asks for one."""

from __future__ import annotations

from typing import TYPE_CHECKING
from uuid import uuid4

import psycopg
import pytest
from psycopg import sql

from layers.database import connect, migrate
from layers.embedded import create_database, throwaway

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from layers.database import Connection

STORAGE = "EPSG:9214"


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
