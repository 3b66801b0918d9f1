"""A city in a real PostGIS, served by a real server on loopback, once to the public and once to operators."""

from __future__ import annotations

import socket
import threading
import time
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, LiteralString
from urllib.parse import urlsplit

import httpx2 as httpx
import pytest
import uvicorn
from starlette.applications import Starlette
from starlette.routing import Mount

from layers.database import Audience, Reader, Role, Writer, connect
from layers.embedded import create_database
from ogc_api.service import ProcessPlugin, create_ogc

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Iterator
    from contextlib import AbstractContextManager

    from starlette.types import Receive, Scope, Send

    from ogc_api.transcript import Transcripts

TABLES = "boundaries, parcels, buildings, roads, trees, terrain, excavations, utility_lines, utility_nodes"


@dataclass(frozen=True)
class Town:
    """Builders of rows; positions are longitude, latitude in degrees, elevations metres."""

    url: str

    def login(self, audience: Audience | Role) -> str:
        """The database for the login of a role, which owns nothing."""
        parts = urlsplit(self.url)
        host = parts.netloc.rpartition("@")[2]
        return parts._replace(netloc=f"{audience}@{host}").geturl()

    def execute(self, statement: LiteralString, *values: object) -> list[tuple[Any, ...]]:
        with connect(self.url) as connection:
            cursor = connection.execute(statement, values)
            return cursor.fetchall() if cursor.description else []

    def a_tree(self, lon: float = 107.58, lat: float = 16.46, **columns: object) -> int:
        return self._insert("trees", f"point({lon} {lat})", columns)

    def trees(self, count: int) -> None:
        self.execute(
            "insert into trees (code, height_m, geom) select 'T' || i, 1 + i / 1000.0,"
            " st_transform(st_setsrid(st_makepoint(107.5 + i * 0.00001, 16.46), 4326), 9214)"
            " from generate_series(1, %s) i",
            count,
        )

    def a_pipe(self, lon: float = 107.58, lat: float = 16.46, axis_m: float | None = None, **columns: object) -> int:
        """A water main 0.001° long to the east; without `axis_m` nobody knows how deep it lies."""
        source = "none" if axis_m is None else "measured"
        given: dict[str, object] = {"discipline": "water", "vertical_reference": "axis", "ground_source": "none"}
        given |= {"elevation_source": source, "section_shape": "circular"} | columns
        return self._insert(
            "utility_lines",
            f"linestring({lon} {lat}, {lon + 0.001} {lat})",
            given,
            axis="null::geometry" if axis_m is None else f"st_force3dz(g.geom, {axis_m})",
        )

    def a_ward(self, name: str, west: float = 107.5, south: float = 16.4) -> int:
        """A square of 0.1°."""
        east, north = west + 0.1, south + 0.1
        ring = f"{west} {south}, {east} {south}, {east} {north}, {west} {north}, {west} {south}"
        return self._insert("boundaries", f"multipolygon((({ring})))", {"name": name, "level": "ward"})

    def _insert(self, table: str, wkt: str, columns: dict[str, object], axis: str | None = None) -> int:
        names = ["geom", *(["axis"] if axis else []), *columns]
        shapes = ["g.geom", *([axis] if axis else [])]
        selected = ", ".join([*shapes, *("%s" for _ in columns)])
        statement = (
            f"insert into {table} ({', '.join(names)}) select {selected}"  # noqa: S608 - the tests' own names
            " from (select st_transform(st_geomfromtext(%s, 4326), 9214) geom) g returning id"
        )
        return int(self.execute(statement, *columns.values(), wkt)[0][0])


@pytest.fixture
def town(database_url: str) -> Town:
    """An empty town in the shared database."""
    empty = Town(database_url)
    empty.execute(f"truncate {TABLES} restart identity")
    return empty


@pytest.fixture(scope="session")
def town_type() -> type[Town]:
    """What builds rows, for towns in other databases."""
    return Town


@pytest.fixture(scope="session")
def own_town(cluster: str, template: str) -> Callable[[str], Town]:
    """What makes a town in a database of that name, for tests that leave nothing to others."""
    return lambda name: Town(create_database(cluster, name, template))


@contextmanager
def serving(
    reader: Reader,
    processes: tuple[ProcessPlugin, ...] = (),
    jobs: Writer | None = None,
    *,
    editor: Writer | None = None,
    geoid_m: float | None = None,
    tile_folder: Path | None = None,
    data_folder: Path | None = None,
    transcripts: Transcripts | None = None,
) -> Iterator[httpx.Client]:
    """A client of the service, mounted under /ogc of a server on a free port.

    The header X-Holder says who calls, and X-Edits that the caller may edit.
    """
    # asyncio sends without delay only where the socket says that it is TCP.
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listener.bind(("127.0.0.1", 0))
    url = f"http://127.0.0.1:{listener.getsockname()[1]}/ogc"

    @asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncIterator[None]:
        yield
        await reader.aclose()

    ogc = create_ogc(
        reader,
        public_url=url,
        processes=processes,
        jobs=jobs,
        editor=editor,
        geoid_m=geoid_m,
        tile_folder=tile_folder,
        data_folder=data_folder,
        transcripts=transcripts,
    )
    inner = Starlette(routes=[Mount("/ogc", ogc)], lifespan=lifespan)

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        headers = dict(scope.get("headers", []))
        scope["twin.holder"] = headers.get(b"x-holder", b"").decode()
        scope["twin.edits"] = b"x-edits" in headers
        await inner(scope, receive, send)

    server = uvicorn.Server(uvicorn.Config(app, ws="none", log_config=None, access_log=False))
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]})
    thread.start()
    try:
        while not server.started:
            time.sleep(0.01)
        with httpx.Client(base_url=url, timeout=60) as client:
            yield client
    finally:
        server.should_exit = True
        thread.join()
        listener.close()


@pytest.fixture(scope="session")
def serve() -> Callable[..., AbstractContextManager[httpx.Client]]:
    """What starts a further server."""
    return serving


@pytest.fixture(scope="session")
def public(database_url: str) -> Iterator[httpx.Client]:
    reader = Reader(Town(database_url).login(Audience.PUBLIC), Audience.PUBLIC)
    with serving(reader) as client:
        yield client


@pytest.fixture(scope="session")
def context() -> dict[str, object]:
    """What the processes are given: an object that the tests hold, too."""
    return {}


@pytest.fixture(scope="session")
def plugins(context: dict[str, object]) -> Iterator[tuple[ProcessPlugin, ...]]:
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(str(Path(__file__).parent))
        yield (
            ProcessPlugin("echo", "echo_process.EchoProcessor", context),
            ProcessPlugin("shout", "echo_process.ShoutProcessor", context),
        )


@pytest.fixture(scope="session")
def operator(database_url: str, plugins: tuple[ProcessPlugin, ...]) -> Iterator[httpx.Client]:
    reader = Reader(Town(database_url).login(Audience.OPERATOR), Audience.OPERATOR)
    with serving(reader, plugins) as client:
        yield client


@pytest.fixture(scope="session")
def desk(database_url: str) -> Iterator[Writer]:
    """Where runs that are done later are kept."""
    writer = Writer(Town(database_url).login(Role.DESK), Role.DESK)
    yield writer
    writer.close()


@pytest.fixture(scope="session")
def later(database_url: str, plugins: tuple[ProcessPlugin, ...], desk: Writer) -> Iterator[httpx.Client]:
    """A service for operators whose processes run later, too."""
    reader = Reader(Town(database_url).login(Audience.OPERATOR), Audience.OPERATOR)
    with serving(reader, plugins, desk) as client:
        yield client


@pytest.fixture(scope="session")
def editor(database_url: str) -> Iterator[httpx.Client]:
    """A service for operators through which features are edited, too."""
    reader = Reader(Town(database_url).login(Audience.OPERATOR), Audience.OPERATOR)
    writer = Writer(Town(database_url).login(Role.EDITOR), Role.EDITOR)
    with serving(reader, editor=writer) as client:
        yield client
    writer.close()


@pytest.fixture(scope="session")
def lifted(database_url: str) -> Iterator[httpx.Client]:
    """A service for operators that knows how high the geoid lies: 18.5 m below the ellipsoid."""
    reader = Reader(Town(database_url).login(Audience.OPERATOR), Audience.OPERATOR)
    with serving(reader, geoid_m=-18.5) as client:
        yield client
