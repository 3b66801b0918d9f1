"""Connections, database roles and migrations."""

from __future__ import annotations

import asyncio
from contextlib import contextmanager
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self
from weakref import WeakKeyDictionary

import psycopg
from psycopg import sql
from psycopg.adapt import Loader
from psycopg_pool import AsyncConnectionPool, ConnectionPool, PoolTimeout

from layers.crs import parse_storage_crs
from layers.errors import Conflict, Unavailable
from layers.schemas import CUSTOM, SCHEMA

if TYPE_CHECKING:
    from collections.abc import Iterator

    from alembic.config import Config
    from psycopg.abc import Buffer

Connection = psycopg.Connection[tuple[Any, ...]]
AsyncConnection = psycopg.AsyncConnection[tuple[Any, ...]]

# The first migration fixes it for good.
_srids: WeakKeyDictionary[Connection, int] = WeakKeyDictionary()

_MIGRATIONS = Path(__file__).parent / "migrations"


class Audience(StrEnum):
    """Who reads. Each is a PostgreSQL role that was granted no more than it may see."""

    PUBLIC = "twin_public"
    OPERATOR = "twin_operator"


class Role(StrEnum):
    """Who writes: the web's desk keeps the procedure, workers do what was put off, editors mend single features.

    None owns anything.
    """

    DESK = "twin_desk"
    WORKER = "twin_worker"
    EDITOR = "twin_editor"


def connect(url: str) -> Connection:
    """Connection with the rights of the URL's own user; what belongs together says so with `transaction()`.

    Raises: Unavailable.
    """
    options = f"-c search_path={SCHEMA},public,{CUSTOM}"
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
            timeout=_PATIENCE_S,
            kwargs={"application_name": "twin-serve", "options": f"{_OPTIONS}{options}"},
            configure=self._take_role,
        )

    def _take_role(self, connection: Connection) -> None:
        connection.execute(_role(self._role))
        connection.commit()

    @contextmanager
    def connection(self) -> Iterator[Connection]:
        """A connection in a transaction. Raises: Unavailable where none is free or the statement takes too long."""
        with _explained(), self._pool.connection() as connection:
            yield connection

    def close(self) -> None:
        self._pool.close()

    def __deepcopy__(self, memo: dict[int, object]) -> Self:
        return self  # pygeoapi copies its configuration, connections stay where they are


class Reader(Pool):
    """Read-only connections that have the rights of one audience, for servers.

    `connection` is for threads; the others are for coroutines: `stream` for what takes long and `tiles` for what comes
    in dozens, so that neither a few downloads nor a map that is moved can keep everybody else waiting.
    """

    def __init__(self, url: str, audience: Audience, *, connections: int = 4) -> None:
        self.audience = audience
        self.live = AsyncPool(url, audience, connections)
        self.stream = AsyncPool(url, audience, connections)
        self.tiles = AsyncPool(url, audience, connections)
        super().__init__(url, audience, connections=connections, options=_READ_ONLY)

    async def aclose(self) -> None:
        """Close every connection, those of the running event loop, too."""
        await self.live.close()
        await self.stream.close()
        await self.tiles.close()
        self.close()


class Writer(Pool):
    """Connections that have the rights of one writing role, for servers and workers."""

    def __init__(self, url: str, role: Role, *, connections: int = 4) -> None:
        super().__init__(url, role, connections=connections)


class AsyncPool:
    """Read-only connections of one event loop with the rights of one audience, opened when the first is wanted.

    They commit each statement by itself, bind by $1, $2 …, prepare what they are not told to plan anew, and hand text
    over as the bytes that PostgreSQL sent.
    """

    def __init__(self, url: str, audience: Audience, connections: int) -> None:
        self._url, self._audience, self._connections = url, audience, connections
        self._pool: AsyncConnectionPool[AsyncConnection] | None = None
        self._opening = asyncio.Lock()

    def connection(self) -> Lease:
        """A connection for as long as a `with` lasts.

        Raises: Unavailable where none is free or a statement takes too long.
        """
        return Lease(self)

    async def opened(self) -> AsyncConnectionPool[AsyncConnection]:
        return self._pool or await self._open()

    async def _open(self) -> AsyncConnectionPool[AsyncConnection]:
        async with self._opening:
            if self._pool is None:
                pool = self._make()
                await pool.open()
                self._pool = pool
        return self._pool

    def _make(self) -> AsyncConnectionPool[AsyncConnection]:
        return AsyncConnectionPool(
            self._url,
            min_size=0,
            max_size=self._connections,
            open=False,
            timeout=_PATIENCE_S,
            kwargs={
                "application_name": "twin-serve",
                "options": f"{_OPTIONS}{_READ_ONLY} -c idle_in_transaction_session_timeout=60s -c jit=off",
                "autocommit": True,
                "prepare_threshold": 0,
                "cursor_factory": psycopg.AsyncRawCursor,
            },
            configure=self._prepare,
        )

    async def _prepare(self, connection: AsyncConnection) -> None:
        await connection.execute(_role(self._audience))
        connection.adapters.register_loader("text", _TextBytes)

    async def close(self) -> None:
        pool, self._pool = self._pool, None
        if pool is not None:
            await pool.close()


class Lease:
    """A connection that is lent; written out, for a generator at every request costs more than what it wraps."""

    __slots__ = ("_connection", "_from", "_pool")

    def __init__(self, pool: AsyncPool) -> None:
        self._from = pool

    async def __aenter__(self) -> AsyncConnection:
        self._pool = await self._from.opened()
        try:
            self._connection = await self._pool.getconn()
        except (psycopg.Error, PoolTimeout) as error:
            raise _explain(error) from error
        return self._connection

    async def __aexit__(self, _kind: object, error: BaseException | None, _trace: object) -> None:
        await self._pool.putconn(self._connection)
        if isinstance(error, psycopg.OperationalError):
            raise _explain(error) from error


class _TextBytes(Loader):
    def load(self, data: Buffer) -> bytes:
        return bytes(data)


_PATIENCE_S = 10
_OPTIONS = f"-c search_path={SCHEMA},public,{CUSTOM} -c statement_timeout=30s"
# One process an answer: many are asked for at once, and a helper takes longer to start than most answers.
_READ_ONLY = " -c default_transaction_read_only=on -c max_parallel_workers_per_gather=0"


def _role(role: str) -> sql.Composed:
    return sql.SQL("set role {}").format(sql.Identifier(role))


@contextmanager
def _explained() -> Iterator[None]:
    """What a server's connections may fail with, in our words. Raises: Unavailable."""
    try:
        yield
    except (PoolTimeout, psycopg.OperationalError) as error:
        raise _explain(error) from error


def _explain(error: Exception) -> Exception:
    match error:
        case PoolTimeout():
            return Unavailable("no connection to the database could be had in 10 s: try again in a moment")
        case psycopg.errors.QueryCanceled():
            return Unavailable("the query took longer than 30 s: ask for a smaller area or fewer features")
        case psycopg.OperationalError():
            return Unavailable("the database does not answer: try again in a moment")
        case _:
            return error


def migrate(url: str, storage_crs: str) -> None:
    """Bring the schema to the newest version; the storage CRS is fixed by the first migration.

    Raises: Invalid for a CRS that is not projected in metres, Conflict for another than the database has.
    """
    # Nobody else needs these, which take their time to load.
    import sqlalchemy  # noqa: PLC0415
    from alembic import command  # noqa: PLC0415

    crs = parse_storage_crs(storage_crs)
    engine = sqlalchemy.create_engine(_sqlalchemy_url(url), poolclass=sqlalchemy.NullPool)
    try:
        with engine.begin() as connection:
            config = _configure()
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


def list_revisions() -> set[str]:
    """Every version of the schema that this version of the twin knows."""
    from alembic.script import ScriptDirectory  # noqa: PLC0415 - as above

    return {script.revision for script in ScriptDirectory.from_config(_configure()).walk_revisions()}


def _configure() -> Config:
    from alembic.config import Config  # noqa: PLC0415 - as above

    config = Config()
    config.set_main_option("script_location", str(_MIGRATIONS))
    return config


def storage_srid(connection: Connection) -> int:
    """EPSG number of the CRS that all geometry columns have. Raises: Unavailable before the first migration."""
    if (known := _srids.get(connection)) is not None:
        return known
    row = connection.execute(
        "select srid from geometry_columns where f_table_schema = %s and f_table_name = 'boundaries'", (SCHEMA,)
    ).fetchone()
    if row is None:
        raise Unavailable("the database has no schema yet: run 'twin db migrate'")
    _srids[connection] = int(row[0])
    return int(row[0])


def _sqlalchemy_url(url: str) -> str:
    return url.replace("postgresql://", "postgresql+psycopg://", 1).replace("postgres://", "postgresql+psycopg://", 1)
