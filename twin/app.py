"""The service: one ASGI application with every door."""

from __future__ import annotations

from contextlib import asynccontextmanager, nullcontext
from dataclasses import dataclass
from typing import TYPE_CHECKING

from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.middleware import Middleware
from starlette.responses import HTMLResponse, JSONResponse, Response
from starlette.routing import Mount, Route

from layers.catalog import find_layer, read_states
from layers.crs import parse_crs, to_degrees
from layers.database import Audience, Reader, Role, Writer, storage_srid
from layers.errors import Unavailable
from ogc_api.config import MOST_JOBS
from ogc_api.scribe import Scribe
from ogc_api.service import create_ogc
from ogc_api.sight import look_at
from twin.access import Gate
from twin.audit.door import audit_routes
from twin.excavations.door.resource import excavation_routes
from twin.excavations.process import city_processes
from twin.pages import front_page
from twin.work.queue import working

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Mapping
    from pathlib import Path

    from procrastinate import App
    from starlette.requests import Request
    from starlette.types import ASGIApp, Receive, Scope, Send

    from ogc_api.service import ProcessPlugin
    from ogc_api.sight import Sight
    from ogc_api.transcript import Transcripts
    from twin.excavations.practice import Practice


@dataclass(frozen=True, slots=True)
class Doors:
    """What the service stands on: the database as each role reaches it, the city's practice, its public address.

    `open_desk` lets every caller on this machine in as an operator; only for a server that listens on loopback.
    `worker` does background work inside the service; without it another process has to. `geoid_m` is how high the
    city's zero of elevation lies above the ellipsoid. `tile_folder` is where workers keep tiles that were made,
    `transcripts` the text of features.
    `processes` are offered beside the city's own; of each key `jobs_a_key` wait or run.
    """

    databases: Mapping[str, str]
    practice: Practice
    served_at: str
    open_desk: bool = False
    worker: App | None = None
    geoid_m: float | None = None
    tile_folder: Path | None = None
    transcripts: Transcripts | None = None
    processes: tuple[ProcessPlugin, ...] = ()
    jobs_a_key: int = MOST_JOBS


def create_app(doors: Doors) -> Starlette:
    readers = {audience: Reader(doors.databases[audience], audience) for audience in Audience}
    desk, editor = (Writer(doors.databases[role], role) for role in (Role.DESK, Role.EDITOR))
    processes = (*city_processes(readers[Audience.OPERATOR], doors.practice), *doors.processes)
    address = f"{doors.served_at}/ogc"
    faces: dict[Audience, ASGIApp] = {
        Audience.PUBLIC: create_ogc(
            readers[Audience.PUBLIC],
            public_url=address,
            geoid_m=doors.geoid_m,
            tile_folder=doors.tile_folder,
            data_folder=doors.practice.data,
            transcripts=doors.transcripts,
        ),
        Audience.OPERATOR: create_ogc(
            readers[Audience.OPERATOR],
            public_url=address,
            processes=processes,
            jobs=desk,
            most_jobs=doors.jobs_a_key,
            geoid_m=doors.geoid_m,
            editor=editor,
            tile_folder=doors.tile_folder,
            data_folder=doors.practice.data,
            transcripts=doors.transcripts,
        ),
    }

    async def ogc(scope: Scope, receive: Receive, send: Send) -> None:
        await faces[scope["twin.caller"].audience](scope, receive, send)

    async def tiles(scope: Scope, receive: Receive, send: Send) -> None:
        # What maps that know no OGC API are given: the same, under a shorter address.
        await ogc({**scope, "root_path": "/ogc", "path": f"/ogc{scope['path']}"}, receive, send)

    async def health(_: Request) -> Response:
        return await run_in_threadpool(_health, readers[Audience.PUBLIC])

    async def front(request: Request) -> Response:
        sight = await run_in_threadpool(_look_at_city, readers[Audience.PUBLIC], address)
        accepted = request.headers.get("accept-language", "")
        return HTMLResponse(front_page(sight, request.query_params.get("lang"), accepted))

    @asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncIterator[None]:
        copying = (
            Scribe(readers[Audience.OPERATOR], doors.transcripts).at_work() if doors.transcripts else nullcontext()
        )
        with copying:
            async with working(doors.worker):
                yield
        for writer in (desk, editor):
            writer.close()
        for reader in readers.values():
            await reader.aclose()

    return Starlette(
        routes=[
            Route("/", front),
            Route("/health", health),
            *audit_routes(desk),
            *excavation_routes(desk, readers[Audience.PUBLIC], doors.practice),
            Mount("/ogc", ogc),
            Mount("/tiles", tiles),
        ],
        middleware=[Middleware(Gate, keys=readers[Audience.PUBLIC], open_desk=doors.open_desk)],
        lifespan=lifespan,
    )


def _look_at_city(reader: Reader, address: str) -> Sight | None:
    try:
        with reader.connection() as connection:
            layer = find_layer("boundaries")
            extent = read_states(connection, [layer])[layer.name].bounds
            storage = parse_crs(f"EPSG:{storage_srid(connection)}")
    except Unavailable:
        return None
    bounds = to_degrees(extent, storage) if extent else None
    return look_at(address, bounds) if bounds else None


def _health(reader: Reader) -> Response:
    try:
        with reader.connection() as connection:
            connection.execute("select 1")
    except Unavailable:
        return JSONResponse({"status": "unavailable", "database": "does not answer"}, 503)
    return JSONResponse({"status": "ok"})
