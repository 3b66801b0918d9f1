"""Connections, database roles and migrations."""

from __future__ import annotations

from contextlib import contextmanager
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

import psycopg
import sqlalchemy
from alembic import command
from alembic.config import Config
from psycopg import sql
from psycopg_pool import ConnectionPool, PoolTimeout

from layers.base import SCHEMA
from layers.crs import parse_storage_crs
from layers.errors import Conflict, Unavailable

if TYPE_CHECKING:
    from collections.abc import Iterator

Connection = psycopg.Connection[tuple[Any, ...]]

_MIGRATIONS = Path(__file__).parent / "migrations"


class Audience(StrEnum):
    """Who reads. Each is a PostgreSQL role that was granted no more than it may see."""

    PUBLIC = "twin_public"
    OPERATOR = "twin_operator"


class Role(StrEnum):
    """Who writes: the web's desk keeps the procedure, workers do what was put off. Neither owns anything."""

    DESK = "twin_desk"
    WORKER = "twin_worker"


def connect(url: str) -> Connection:
    """Connection with the rights of the URL's own user; what belongs together says so with `transaction()`.

    Raises: Unavailable.
    """
    options = f"-c search_path={SCHEMA},public"
    try:
        return psycopg.connect(url, autocommit=True, options=options, application_name="twin")
    except psycopg.OperationalError as error:
        raise Unavailable(f"the database does not answer ({str(error).strip()}): see 'twin db status'") from error


class Pool:
    """Connections that have the rights of one role, each in a transaction."""

    def __init__(self, url: str, role: str, *, connections: int = 4, options: str = "") -> None:
        self._role = role
        self._pool = ConnectionPool(
            url,
            min_size=0,
            max_size=connections,
            open=True,
            timeout=10,
            kwargs={
                "application_name": "twin-serve",
                "options": f"-c search_path={SCHEMA},public -c statement_timeout=30s{options}",
            },
            configure=self._take_role,
        )

    def _take_role(self, connection: Connection) -> None:
        connection.execute(sql.SQL("set role {}").format(sql.Identifier(self._role)))
        connection.commit()

    @contextmanager
    def connection(self) -> Iterator[Connection]:
        """A connection in a transaction. Raises: Unavailable where none is free or the statement takes too long."""
        try:
            with self._pool.connection() as connection:
                yield connection
        except PoolTimeout as error:
            raise Unavailable("no connection to the database could be had in 10 s: try again in a moment") from error
        except psycopg.errors.QueryCanceled as error:
            raise Unavailable("the query took longer than 30 s: ask for a smaller area or fewer features") from error
        except psycopg.OperationalError as error:
            raise Unavailable("the database does not answer: try again in a moment") from error

    def close(self) -> None:
        self._pool.close()

    def __deepcopy__(self, memo: dict[int, object]) -> Self:
        return self  # pygeoapi copies its configuration, connections stay where they are


class Reader(Pool):
    """Read-only connections that have the rights of one audience, for servers."""

    def __init__(self, url: str, audience: Audience, *, connections: int = 4) -> None:
        self.audience = audience
        super().__init__(url, audience, connections=connections, options=" -c default_transaction_read_only=on")


class Writer(Pool):
    """Connections that have the rights of one writing role, for servers and workers."""

    def __init__(self, url: str, role: Role, *, connections: int = 4) -> None:
        super().__init__(url, role, connections=connections)


def migrate(url: str, storage_crs: str) -> None:
    """Bring the schema to the newest version; the storage CRS is fixed by the first migration.

    Raises: Invalid for a CRS that is not projected in metres, Conflict for another than the database has.
    """
    crs = parse_storage_crs(storage_crs)
    engine = sqlalchemy.create_engine(_sqlalchemy_url(url), poolclass=sqlalchemy.NullPool)
    try:
        with engine.begin() as connection:
            config = Config()
            config.set_main_option("script_location", str(_MIGRATIONS))
            config.attributes.update(connection=connection, srid=crs.srid)
            command.upgrade(config, "head")
    except sqlalchemy.exc.OperationalError as error:
        raise Unavailable(f"the database does not answer: {error.orig}") from error
    except sqlalchemy.exc.ProgrammingError as error:
        raise Unavailable(f"the database cannot be migrated with these rights or extensions: {error.orig}") from error
    finally:
        engine.dispose()
    with connect(url) as connection:
        present = storage_srid(connection)
    if present != crs.srid:
        raise Conflict(
            f"the database stores EPSG:{present}, TWIN_CRS says {storage_crs}: set TWIN_CRS=EPSG:{present}"
            " or use another database"
        )


def storage_srid(connection: Connection) -> int:
    """EPSG number of the CRS that all geometry columns have. Raises: Unavailable before the first migration."""
    row = connection.execute(
        "select srid from geometry_columns where f_table_schema = %s and f_table_name = 'boundaries'", (SCHEMA,)
    ).fetchone()
    if row is None:
        raise Unavailable("the database has no schema yet: run 'twin db migrate'")
    return int(row[0])


def _sqlalchemy_url(url: str) -> str:
    return url.replace("postgresql://", "postgresql+psycopg://", 1).replace("postgres://", "postgresql+psycopg://", 1)
