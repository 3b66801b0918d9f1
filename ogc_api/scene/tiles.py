"""Answers for 3D Tiles, and for single objects as models."""

from __future__ import annotations

import asyncio
import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from starlette.responses import Response

from layers.blocks import LARGEST, LAST_LEVEL, SMALLEST, Block, fetch_block, fetch_body
from layers.bodies import body_of, has_bodies
from layers.errors import Invalid, NotFound
from layers.features import missing, parse_id
from ogc_api.compression import choose_coding, pack
from ogc_api.items import MODEL
from ogc_api.negotiation import choose_language
from ogc_api.params import check_names
from ogc_api.reading import holds
from ogc_api.scene.landscape import Landscape, State
from ogc_api.scene.models import write_model, write_object
from ogc_api.scene.site import Heights
from ogc_api.scene.tileset import describe_heights, query, write_city, write_layer, write_part
from ogc_api.tile_cache import Cellar, Made, Memory

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from starlette.requests import Request

    from layers.catalog import Layer
    from ogc_api.edition import Edition, Editions
    from ogc_api.scene.tree import Node

TILESET = "application/json"
PARAMETERS = frozenset({"heights", "lang"})
# A square of this level holds any place of a projected system.
_WHOLE_EARTH = 26
# Addresses stay far from what a database can count.
_MOST_DIGITS = 9


@dataclass(frozen=True, slots=True)
class Asked:
    """What a request wants: a file `name` of a layer, or of the city for None, in a state."""

    edition: Edition
    layer: Layer | None
    state: State
    name: str
    media_type: str

    @property
    def subject(self) -> str:
        return f"3d-of-{self.layer.name if self.layer else 'city'}"


class Scenes:
    """3D tiles of one audience, made of what it may see, and kept for it alone."""

    def __init__(self, editions: Editions) -> None:
        self._editions = editions
        service = editions.service
        self._landscape = Landscape(service)
        self._reader = service.reader
        self._memory = Memory()
        self._cellar = None if service.tile_folder is None else Cellar(service.tile_folder / service.reader.audience)
        self._making: dict[tuple[str, str, str], asyncio.Future[Made]] = {}

    async def show_city(self, request: Request) -> Response:
        """The tileset of all layers. Raises: Invalid, NotFound, Unavailable."""
        edition, heights = await self._understand(request)
        layers = [layer for layer in edition.layers if has_bodies(layer)]
        state = await self._landscape.state(layers, heights)
        asked = Asked(edition, None, state, f"{heights}.json", TILESET)

        async def make() -> bytes:
            around = await self._landscape.surroundings(state, edition.storage)
            documents = []
            for layer in layers:
                forest = await self._landscape.trees(
                    layer, await self._landscape.state([layer], heights), edition.storage
                )
                url = f"../collections/{layer.name}/3dtiles/tileset.json{query(heights)}"
                documents.append((url, write_layer(forest, around, layer.name)))
            return _dump(write_city(documents, around))

        return await self._answer(request, asked, make)

    async def show_layer(self, request: Request) -> Response:
        """The tileset of a layer. Raises: Invalid, NotFound, Unavailable."""
        edition, layer, state = await self._of_layer(request)
        asked = Asked(edition, layer, state, f"{state.heights}.json", TILESET)

        async def make() -> bytes:
            forest = await self._landscape.trees(layer, state, edition.storage)
            around = await self._landscape.surroundings(state, edition.storage)
            return await self._landscape.work(lambda: _dump(write_layer(forest, around, layer.name)))

        return await self._answer(request, asked, make)

    async def show_part(self, request: Request) -> Response:
        """A part of the tileset of a layer. Raises: Invalid, NotFound, Unavailable."""
        edition, layer, state = await self._of_layer(request)
        block = _block(request)
        name = f"{state.heights}-{block.size}-{block.level}-{block.column}-{block.row}.json"
        asked = Asked(edition, layer, state, name, TILESET)

        async def make() -> bytes:
            forest = await self._landscape.trees(layer, state, edition.storage)
            node = _find(forest.trees, block)
            around = await self._landscape.surroundings(state, edition.storage)
            return await self._landscape.work(lambda: _dump(write_part(node, around, layer.name)))

        return await self._answer(request, asked, make)

    async def show_tile(self, request: Request) -> Response:
        """The bodies of a page of a block. Raises: Invalid, NotFound, Unavailable."""
        edition, layer, state = await self._of_layer(request)
        block, page = _block(request), _number(request, "page")
        if block.level > LAST_LEVEL:
            raise NotFound(f"bodies are read by squares of level {LAST_LEVEL} at most, not {block.level}")
        name = f"{state.heights}-{block.size}-{block.level}-{block.column}-{block.row}-{page}.glb"
        asked = Asked(edition, layer, state, name, MODEL)

        async def make() -> bytes:
            async with self._reader.tiles.connection() as connection:
                rows = await fetch_block(connection, layer, block, page, edition.storage)
            if not rows:
                raise NotFound(f"layer '{layer.name}' has nothing there now: read tileset.json again")
            around = await self._landscape.surroundings(state, edition.storage)
            west, south, east, north = block.bounds
            extras = {"feature_ids": f"{layer.name}/items", **describe_heights(around)}

            def write() -> bytes:
                site = around.at((west + east) / 2, (south + north) / 2)
                return write_model(layer, rows, site, extras)

            return await self._landscape.work(write)

        return await self._answer(request, asked, make)

    async def show_object(self, request: Request) -> Response:
        """One body as a model of its own. Raises: Invalid, NotFound, Unavailable."""
        edition = await self._editions.fresh()
        check_names(request.query_params, PARAMETERS | {"f"})
        choose_language(request.query_params.get("lang"), "")
        heights = _heights(request)
        layer = edition.find_layer(request.path_params["collection"])
        body_of(layer)
        feature_id = parse_id(layer, request.path_params["item"])
        state = await self._landscape.state([layer], heights)
        async with self._reader.live.connection() as connection:
            found = await fetch_body(connection, layer, feature_id)
        if found is None:
            raise missing(layer, feature_id)
        row, revision = found
        tag = State((state.ground,), heights, state.recipe).tag(f"{layer.name}/{feature_id} {revision}")
        if holds(request.headers.get("if-none-match", ""), tag):
            return Response(status_code=304, headers={"ETag": tag})
        around = await self._landscape.surroundings(state, edition.storage)
        content = await self._landscape.work(lambda: write_object(layer, row, around))
        name = f'inline; filename="{layer.name}-{row.id}.glb"'
        return Response(content, media_type=MODEL, headers={"ETag": tag, "Content-Disposition": name})

    async def _understand(self, request: Request) -> tuple[Edition, Heights]:
        check_names(request.query_params, PARAMETERS)
        choose_language(request.query_params.get("lang"), "")
        return await self._editions.fresh(), _heights(request)

    async def _of_layer(self, request: Request) -> tuple[Edition, Layer, State]:
        edition, heights = await self._understand(request)
        layer = edition.find_layer(request.path_params["collection"])
        body_of(layer)
        return edition, layer, await self._landscape.state([layer], heights)

    async def _answer(self, request: Request, asked: Asked, make: Callable[[], Awaitable[bytes]]) -> Response:
        headers = request.headers
        tag = asked.state.tag(f"{asked.subject} {asked.name}")
        if holds(headers.get("if-none-match", ""), tag):
            return Response(status_code=304, headers={"ETag": tag})
        coding = choose_coding(headers.get("accept-encoding", ""))
        made = await self._packed(asked, coding, make)
        packed = {} if coding is None else {"Content-Encoding": coding}
        return Response(made.content, media_type=asked.media_type, headers={"ETag": tag, **packed})

    async def _packed(self, asked: Asked, coding: str | None, make: Callable[[], Awaitable[bytes]]) -> Made:
        key, mark = (asked.subject, asked.name, coding), asked.state.text
        made = self._memory.find(key, mark)
        if made is None:
            made = await self._made(asked, make)
            if coding is not None:
                content = made.content
                made = Made(await asyncio.to_thread(pack, coding, content))
            self._memory.keep(key, mark, made)
        return made

    async def _made(self, asked: Asked, make: Callable[[], Awaitable[bytes]]) -> Made:
        """The file; who asks for what is being made waits for it, and it is made to its end."""
        key = (asked.subject, asked.state.text, asked.name)
        waiting = self._making.get(key)
        if waiting is None:
            waiting = self._making[key] = asyncio.ensure_future(self._find(asked, make))
            waiting.add_done_callback(lambda done: self._forget(key, done))
        return await asyncio.shield(waiting)

    def _forget(self, key: tuple[str, str, str], done: asyncio.Future[Made]) -> None:
        self._making.pop(key, None)
        if not done.cancelled():
            done.exception()  # Seen here, for nobody may be waiting any more.

    async def _find(self, asked: Asked, make: Callable[[], Awaitable[bytes]]) -> Made:
        cellar, mark = self._cellar, asked.state.text
        if cellar is not None:
            kept = await asyncio.to_thread(cellar.find, asked.subject, mark, asked.name)
            if kept is not None:
                return kept
        made = Made(await make())
        if cellar is not None:
            await asyncio.to_thread(cellar.keep, asked.subject, mark, asked.name, made)
        return made


def _heights(request: Request) -> Heights:
    asked = request.query_params.get("heights", Heights.ABSOLUTE)
    if asked not in tuple(Heights):
        raise Invalid(f"heights={asked[:40]}: there are {' and '.join(Heights)}")
    return Heights(asked)


def _block(request: Request) -> Block:
    block = Block(*(_number(request, name) for name in ("size", "level", "column", "row")))
    if not (SMALLEST <= block.size <= LARGEST and 0 <= block.level <= _WHOLE_EARTH):
        raise NotFound(f"there is no block {block.size}/{block.level}: follow the addresses of tileset.json")
    return block


def _number(request: Request, name: str) -> int:
    text = request.path_params[name]
    digits = text.removeprefix("-")
    if not (digits.isascii() and digits.isdigit() and len(digits) <= _MOST_DIGITS):
        raise NotFound(f"there is no tile '{text[:20]}': follow the addresses of tileset.json")
    return int(text)


def _find(trees: tuple[Node, ...], block: Block) -> Node:
    for tree in trees:
        if tree.block.size == block.size:
            for node in tree.below():
                if node.block == block and node.children:
                    return node
    raise NotFound("there is no such part of the tileset now: read tileset.json again")


def _dump(document: Any) -> bytes:
    return json.dumps(document, separators=(",", ":")).encode()
