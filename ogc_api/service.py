"""The ASGI application of the OGC APIs for one audience."""

from __future__ import annotations

import asyncio
import json
from contextlib import nullcontext
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.middleware.cors import CORSMiddleware
from starlette.responses import Response
from starlette.routing import Route

from layers.database import Audience
from layers.errors import NotFound
from ogc_api import editing, execution, handlers, tile_handlers
from ogc_api.compression import Compression
from ogc_api.config import MOST_JOBS, TITLE, ProcessPlugin, Service
from ogc_api.drawing import MEDIA_TYPES
from ogc_api.edition import Editions
from ogc_api.handlers import Call
from ogc_api.negotiation import LANGUAGES, choose_format, choose_language, choose_problem_type
from ogc_api.pages import CONTENT_SECURITY_POLICY, Place, render
from ogc_api.params import COMMON, check_names
from ogc_api.problems import describe
from ogc_api.reading import Items
from ogc_api.scene.tiles import Scenes
from ogc_api.tiles import Tiles
from ogc_api.turns import Turns

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Sequence
    from pathlib import Path

    from starlette.requests import Request
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

    from layers.database import Reader, Writer
    from layers.label import Label
    from ogc_api.handlers import Answer
    from ogc_api.transcript import Transcripts

__all__ = ["ProcessPlugin", "create_ogc"]

MAX_BODY_BYTES = 10_000_000

_DOCUMENT = ("json", "html")
_LINKED = ("json", "html", "jsonld")
_TILESET = ("json", "html", "tilejson")
# Runs of processes that are waited for: each takes a core for seconds.
_AT_ONCE = 2
_SCENE, _BLOCK = "/collections/{collection}/3dtiles", "{size}/{level}/{column}/{row}"


@dataclass(frozen=True, slots=True)
class Resource:
    """A path, who answers for it in a thread, in which formats, and the query parameters it knows.

    takes_turns: what is asked of it takes so long that callers have it one after another.
    """

    path: str
    answer: Callable[[Call], Answer]
    template: str = ""
    formats: tuple[str, ...] = _DOCUMENT
    parameters: frozenset[str] = COMMON
    methods: tuple[str, ...] = ("GET",)
    takes_turns: bool = False


RESOURCES = (
    Resource("/", handlers.show_landing_page, "landing_page.html", _LINKED),
    Resource("/openapi", handlers.show_openapi, "openapi.html"),
    Resource("/conformance", handlers.show_conformance, "conformance.html"),
    Resource("/collections", handlers.list_collections, "collections.html", _LINKED),
    Resource("/collections/{collection}", handlers.show_collection, "collection.html", _LINKED),
    Resource("/collections/{collection}/schema", handlers.show_schema, "schema.html"),
    Resource("/collections/{collection}/queryables", handlers.show_queryables, "schema.html"),
    Resource("/collections/{collection}/sortables", handlers.show_sortables, "schema.html"),
    Resource("/collections/{collection}/items", editing.show_methods, formats=("json",), methods=("OPTIONS",)),
    Resource("/collections/{collection}/items/{item}", editing.show_methods, formats=("json",), methods=("OPTIONS",)),
    Resource("/collections/{collection}/items", editing.create, formats=("json",), methods=("POST",)),
    Resource("/collections/{collection}/items/{item}", editing.replace, formats=("json",), methods=("PUT",)),
    Resource("/collections/{collection}/items/{item}", editing.update, formats=("json",), methods=("PATCH",)),
    Resource("/collections/{collection}/items/{item}", editing.delete, formats=("json",), methods=("DELETE",)),
    Resource("/collections/{collection}/metadata", handlers.show_record, "metadata.html"),
    Resource("/metadata", handlers.show_records, "records.html"),
    Resource("/styles", handlers.show_styles, "styles.html"),
    Resource("/styles/{style}", handlers.show_style, formats=tuple(MEDIA_TYPES)),
    Resource("/styles/{style}/metadata", handlers.show_style_metadata, "style_metadata.html"),
    Resource("/tileMatrixSets", tile_handlers.show_schemes, "tile_matrix_sets.html"),
    Resource("/tileMatrixSets/{grid}", tile_handlers.show_scheme, "tile_matrix_set.html"),
    Resource("/tiles", tile_handlers.show_tilesets, "tilesets.html"),
    Resource("/tiles/{collection}.json", tile_handlers.show_alias, formats=("json",)),
    Resource("/tiles/{grid}", tile_handlers.show_tileset, "tileset.html", _TILESET),
    Resource("/collections/{collection}/tiles", tile_handlers.show_tilesets, "tilesets.html"),
    Resource("/collections/{collection}/tiles/{grid}", tile_handlers.show_tileset, "tileset.html", _TILESET),
    Resource("/map/tiles", tile_handlers.show_map_tilesets, "tilesets.html"),
    Resource("/map/tiles/{grid}", tile_handlers.show_map_tileset, "tileset.html"),
    Resource("/collections/{collection}/map/tiles", tile_handlers.show_map_tilesets, "tilesets.html"),
    Resource("/collections/{collection}/map/tiles/{grid}", tile_handlers.show_map_tileset, "tileset.html"),
    Resource("/qgis/city.qgz", handlers.show_project, formats=("json",), parameters=frozenset({"lang", "authcfg"})),
    Resource("/processes", handlers.list_processes, "processes.html", parameters=COMMON | {"limit"}),
    Resource("/processes/{process}", handlers.show_process, "process.html"),
    Resource(
        "/processes/{process}/execution",
        execution.execute_process,
        formats=("json",),
        methods=("POST",),
        takes_turns=True,
    ),
    Resource("/jobs", execution.list_jobs, "jobs.html", parameters=COMMON | execution.JOB_PARAMETERS),
    Resource("/jobs/{job}", execution.show_job, "job.html"),
    Resource("/jobs/{job}", execution.dismiss_job_of, formats=("json",), methods=("DELETE",)),
    Resource("/jobs/{job}/results", execution.show_results, formats=("json",)),
)


def create_ogc(  # noqa: PLR0913 - what sets one service apart from another
    reader: Reader,
    *,
    public_url: str,
    processes: Sequence[ProcessPlugin] = (),
    title: Label = TITLE,
    jobs: Writer | None = None,
    geoid_m: float | None = None,
    editor: Writer | None = None,
    tile_folder: Path | None = None,
    data_folder: Path | None = None,
    transcripts: Transcripts | None = None,
    most_jobs: int = MOST_JOBS,
) -> Starlette:
    """OGC API Features, Tiles, Styles and Processes for the audience of `reader`, mounted where `public_url` points.

    The database is first asked when the first request comes. Processes run later, too, where `jobs` says where such
    runs are kept; the request's scope says under `twin.holder` whose they are. Single features are edited through
    `editor`, by callers for whom the scope says so under `twin.edits`. Tiles that were made are kept in `tile_folder`.
    The terrain rasters of `data_folder` are the ground on which models stand. Pages are put together of `transcripts`
    where these have all of it. A caller may have `most_jobs` runs that are not done yet; what it has done at once is
    done one after another, so that it keeps nobody else waiting.
    """
    service = Service(
        reader,
        public_url.rstrip("/"),
        tuple(processes),
        title,
        jobs,
        geoid_m,
        editor,
        tile_folder,
        data_folder,
        transcripts,
        most_jobs,
    )
    editions = Editions(service)
    refuse = partial(_refuse, service)
    turns = Turns(_AT_ONCE)
    return Starlette(
        routes=[
            *_item_routes(editions, refuse),
            *(_route(resource, editions, refuse, turns) for resource in RESOURCES),
        ],
        middleware=_middleware(reader.audience),
        exception_handlers={HTTPException: refuse},
    )


def _middleware(audience: Audience) -> list[Middleware]:
    """Public data may be read by any web page; what is not public neither that, nor kept by a cache."""
    if audience is Audience.PUBLIC:
        cors = Middleware(
            CORSMiddleware,
            allow_origins=["*"],
            allow_methods=["GET", "HEAD"],
            expose_headers=["Content-Crs", "ETag", "Twin-Left-Out"],
        )
        return [Middleware(ProtectiveHeaders, cache_control="no-cache"), cors, Middleware(Compression)]
    return [Middleware(ProtectiveHeaders, cache_control="private, no-store"), Middleware(Compression)]


_PROTECTIVE = (
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"same-origin"),
    (b"content-security-policy", CONTENT_SECURITY_POLICY.encode()),
    (b"vary", b"Accept, Accept-Language, Accept-Encoding"),
)


@dataclass(frozen=True, slots=True)
class ProtectiveHeaders:
    """Headers that every response carries."""

    app: ASGIApp
    cache_control: str

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        protective = (*_PROTECTIVE, (b"cache-control", self.cache_control.encode()))

        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                message["headers"] = [*message["headers"], *protective]
            await send(message)

        await self.app(scope, receive, send_with_headers)


def _item_routes(editions: Editions, refuse: Callable[[Request, Exception], Response]) -> list[Route]:
    """First, for they are what is asked most."""
    tiles, scenes = Tiles(editions), Scenes(editions)
    items = Items(editions, scenes.show_object)

    def guard(answer: Callable[[Request], Awaitable[Response]]) -> Callable[[Request], Awaitable[Response]]:
        async def respond(request: Request) -> Response:
            try:
                return await answer(request)
            except Exception as error:  # noqa: BLE001 - as below
                return refuse(request, error)

        return respond

    return [
        Route("/collections/{collection}/items", guard(items.list)),
        Route("/collections/{collection}/items/{item}", guard(items.show)),
        Route("/tiles/{layer}/{zoom}/{x}/{y}.{ending}", guard(tiles.show_alias)),
        Route("/tiles/{grid}/{zoom}/{row}/{column}", guard(tiles.show_dataset)),
        Route("/collections/{collection}/tiles/{grid}/{zoom}/{row}/{column}", guard(tiles.show_collection)),
        Route("/map/tiles/{grid}/{zoom}/{row}/{column}", guard(tiles.show_dataset_map)),
        Route("/collections/{collection}/map/tiles/{grid}/{zoom}/{row}/{column}", guard(tiles.show_collection_map)),
        Route("/3dtiles/tileset.json", guard(scenes.show_city)),
        Route(f"{_SCENE}/tileset.json", guard(scenes.show_layer)),
        Route(f"{_SCENE}/{_BLOCK}/tileset.json", guard(scenes.show_part)),
        Route(f"{_SCENE}/{_BLOCK}/{{page}}.glb", guard(scenes.show_tile)),
    ]


def _route(
    resource: Resource, editions: Editions, refuse: Callable[[Request, Exception], Response], turns: Turns
) -> Route:
    async def respond(request: Request) -> Response:
        try:
            body = await _read_body(request)
            async with turns.of(_holder(editions, request)) if resource.takes_turns else nullcontext():
                return await asyncio.to_thread(_respond, resource, editions, request, body)
        except Exception as error:  # noqa: BLE001 - whatever it is, the client is told no more than it may know
            return refuse(request, error)

    return Route(resource.path, respond, methods=list(resource.methods))


async def _read_body(request: Request) -> bytes:
    """Raises: HTTPException for a body that is too large."""
    body = b""
    async for chunk in request.stream():
        body += chunk
        if len(body) > MAX_BODY_BYTES:
            raise HTTPException(413, f"the body is larger than {MAX_BODY_BYTES} bytes")
    return body


def _respond(resource: Resource, editions: Editions, request: Request, body: bytes) -> Response:
    params, headers = request.query_params, request.headers
    f = choose_format(params.get("f"), headers.get("accept", ""), resource.formats)
    language = choose_language(params.get("lang"), headers.get("accept-language", ""))
    check_names(params, resource.parameters)
    path = _path(request)
    holder = _holder(editions, request)
    prefer = headers.get("prefer", "")
    edits = bool(request.scope.get("twin.edits"))
    call = Call(
        editions.current(), path, request.path_params, params, f, language, body, holder, prefer, headers, edits
    )
    answer = resource.answer(call)
    if f != "html":
        return Response(answer.body, answer.status, media_type=answer.media_type or None, headers=answer.headers)
    place = Place(call.edition.service.public_url, path, tuple(params.items()), language)
    page = render(resource.template, answer.document, place)
    return Response(page, media_type="text/html", headers={**answer.headers, "Content-Language": language})


def _holder(editions: Editions, request: Request) -> str:
    return request.scope.get("twin.holder") or editions.audience


def _path(request: Request) -> str:
    path: str = request.scope["path"]
    return path.removeprefix(request.scope.get("root_path", "")) or "/"


def _name_path(service: Service, request: Request, error: Exception) -> Exception:
    """What the router says in one word, as a sentence."""
    if isinstance(error, HTTPException) and error.status_code == 404:
        return NotFound(f"there is nothing at {_path(request)}: begin at {service.public_url}/")
    if isinstance(error, HTTPException) and error.status_code == 405 and error.headers:
        return HTTPException(405, f"{request.method} is not possible here: use {error.headers['Allow']}")
    return error


def _refuse(service: Service, request: Request, error: Exception) -> Response:
    """The problem as JSON, or as a page where the client wants one; a bad `f` or `lang` cannot stand in the way."""
    problem = describe(_name_path(service, request, error))
    params, headers = request.query_params, request.headers
    f, lang = params.get("f"), params.get("lang")
    f = choose_format(f if f in _DOCUMENT else None, headers.get("accept", ""), _DOCUMENT)
    language = choose_language(lang if lang in LANGUAGES else None, headers.get("accept-language", ""))
    kept = dict(getattr(error, "headers", None) or {})
    if f == "json":
        body = json.dumps(problem.document(language), ensure_ascii=False)
        media_type = choose_problem_type(headers.get("accept", ""))
    else:
        place = Place(service.public_url, _path(request), tuple(params.items()), language)
        body, media_type = render("problem.html", problem.document(language), place), "text/html"
    return Response(body.encode(errors="replace"), problem.status, kept, media_type)
