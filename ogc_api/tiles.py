"""Tiles of layers and of the whole city: sent as PostgreSQL encoded them, or drawn as maps of those."""

from __future__ import annotations

import asyncio
import hashlib
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING

from starlette.responses import Response

import styles
from layers.errors import NotFound
from layers.grid import PIXELS, WEB_MERCATOR, find_grid
from layers.tiles import fetch_marks, fetch_middles, fetch_tile
from layers.tiling import tiling
from ogc_api.compression import choose_coding, pack
from ogc_api.config import CITY, MVT, PNG
from ogc_api.drawing import draw_all
from ogc_api.labels import list_large
from ogc_api.negotiation import choose_format, choose_language
from ogc_api.object_tiles import fetch_objects
from ogc_api.painting import EDITION, in_sight, paint
from ogc_api.params import check_names
from ogc_api.reading import holds
from ogc_api.tile_cache import Cellar, Made, Memory
from ogc_api.tilesets import choose_layers
from ogc_api.vector_tile import read_tile

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    from starlette.requests import Request

    from layers.catalog import Layer
    from layers.grid import Tile
    from layers.tiles import Mark
    from ogc_api.edition import Edition, Editions
    from ogc_api.labels import Middles, Window

_ALIASES = {"pbf": "mvt", "mvt": "mvt", "png": "png", "json": "json"}
_MEDIA_TYPES = {"mvt": MVT, "png": PNG, "json": "application/json"}
_PAINTERS = 2
_PARAMETERS = frozenset({"f", "lang"})


@dataclass(frozen=True, slots=True)
class Asked:
    """What a request wants: layers in their order, a tile, its format, and how it may be packed."""

    edition: Edition
    layers: tuple[Layer, ...]
    tile: Tile
    format: str
    coding: str | None

    @property
    def name(self) -> str:
        tile = self.tile
        return f"{tile.grid.name}-{tile.zoom}-{tile.row}-{tile.column}"

    @property
    def style_zoom(self) -> float:
        """The zoom at which styles are worked out: theirs are counted in tiles of 512 pixels."""
        return self.tile.grid.web_zoom(self.tile.zoom) - 1


class Tiles:
    """Answers for tiles."""

    def __init__(self, editions: Editions) -> None:
        self._editions = editions
        service = editions.service
        folder = service.tile_folder
        self._reader = service.reader
        self._memory = Memory()
        self._cellar = None if folder is None else Cellar(folder / service.reader.audience)
        self._making: dict[tuple[str, str, str], asyncio.Future[Made]] = {}
        self._painters = ThreadPoolExecutor(_PAINTERS, "paint")

    async def show_collection(self, request: Request) -> Response:
        """A tile of one layer. Raises: Invalid, NotFound, Unavailable."""
        edition = await self._editions.fresh()
        check_names(request.query_params, _PARAMETERS)
        layer = edition.find_layer(request.path_params["collection"])
        return await self._answer(request, edition, [layer], _tile(request, edition))

    async def show_collection_map(self, request: Request) -> Response:
        """A map tile of one layer. Raises: Invalid, NotFound, Unavailable."""
        edition = await self._editions.fresh()
        check_names(request.query_params, _PARAMETERS)
        layer = edition.find_layer(request.path_params["collection"])
        return await self._answer(request, edition, [layer], _tile(request, edition), "png")

    async def show_dataset_map(self, request: Request) -> Response:
        """A map tile of several layers. Raises: Invalid, NotFound, Unavailable."""
        edition = await self._editions.fresh()
        check_names(request.query_params, _PARAMETERS | {"collections"})
        layers = choose_layers(edition, request.query_params.get("collections"))
        return await self._answer(request, edition, layers, _tile(request, edition), "png")

    async def show_dataset(self, request: Request) -> Response:
        """A tile of several layers. Raises: Invalid, NotFound, Unavailable."""
        edition = await self._editions.fresh()
        check_names(request.query_params, _PARAMETERS | {"collections"})
        layers = choose_layers(edition, request.query_params.get("collections"))
        return await self._answer(request, edition, layers, _tile(request, edition))

    async def show_alias(self, request: Request) -> Response:
        """A tile under the address that maps without OGC API know. Raises: Invalid, NotFound, Unavailable."""
        edition = await self._editions.fresh()
        check_names(request.query_params, frozenset())
        parts = request.path_params
        if parts["ending"] not in _ALIASES:
            raise NotFound(f"tiles end in {', '.join(_ALIASES)}, not '{parts['ending'][:20]}'")
        tile = find_grid(WEB_MERCATOR, edition.storage).tile(*(_number(parts[name]) for name in ("zoom", "y", "x")))
        name = parts["layer"]
        layers = choose_layers(edition, None) if name == CITY else [edition.find_layer(name)]
        return await self._answer(request, edition, layers, tile, _ALIASES[parts["ending"]])

    async def _answer(
        self, request: Request, edition: Edition, layers: Sequence[Layer], tile: Tile, form: str = "mvt"
    ) -> Response:
        params, headers = request.query_params, request.headers
        choose_format(params.get("f"), headers.get("accept", ""), (form,))
        choose_language(params.get("lang"), "")
        shown = _at_zoom(layers, tile)
        coding = choose_coding(headers.get("accept-encoding", "")) if form == "mvt" else None
        if form == "json" and len(layers) > 1:
            raise NotFound("the city has no tiles of objects: ask for those of one layer")
        asked = Asked(edition, tuple(shown), tile, form, coding)
        async with self._reader.live.connection() as connection:
            marks = await fetch_marks(connection, asked.layers)
        tag = _tag(marks, form)
        if holds(headers.get("if-none-match", ""), tag):
            return Response(status_code=304, headers={"ETag": tag})
        made = await self._made(asked, marks, tag)
        if not made.content:
            return Response(status_code=204, headers={"ETag": tag})
        return _respond(made, tag, asked)

    async def _made(self, asked: Asked, marks: Sequence[Mark], tag: str) -> Made:
        match asked.format:
            case "png":
                return await self._painted(asked, marks, tag)
            case "json":
                async with self._reader.tiles.connection() as connection:
                    return await fetch_objects(connection, asked.layers[0], asked.tile, asked.edition.storage)
            case _:
                return await self._packed(asked, marks)

    async def _packed(self, asked: Asked, marks: Sequence[Mark]) -> Made:
        """The tile of all layers, in the coding that is asked for."""
        key = (asked.layers, asked.name, asked.coding)
        mark = " ".join(mark.text for mark in marks)
        made = self._memory.find(key, mark)
        if made is None:
            pieces = [await self._piece(asked, layer, mark) for layer, mark in zip(asked.layers, marks, strict=True)]
            made = Made(b"".join(piece.content for piece in pieces), sum(piece.left_out for piece in pieces))
            if asked.coding and made.content:
                made = Made(await asyncio.to_thread(pack, asked.coding, made.content), made.left_out)
            self._memory.keep(key, mark, made)
        return made

    async def _painted(self, asked: Asked, marks: Sequence[Mark], tag: str) -> Made:
        """A map of all layers in the city's style; one of nothing is clear, which other maps can lie under."""
        names = [layer.name for layer in asked.layers]
        subject, mark = f"map-of-{'-'.join(names)[:150]}", tag[3:-1]
        cellar = self._cellar
        if cellar is not None:
            kept = await asyncio.to_thread(cellar.find, subject, mark, f"{asked.name}.png")
            if kept is not None:
                return kept
        drawn = [(layer.name, drawing) for layer, own in draw_all(asked.layers) for drawing in own]
        tile = await self._packed(replace(asked, format="mvt", coding=None), marks)
        lettered = [(name, own) for name, own in in_sight(drawn, asked.style_zoom) if own["type"] == "symbol"]
        around = await self._around(asked, marks, {name for name, _ in lettered})
        run = partial(asyncio.get_running_loop().run_in_executor, self._painters)
        over = {name for name, own in lettered if own["layout"].get("symbol-placement") != "line"}
        window, large = await run(_window, tile, around, over)
        middles = await self._middles(asked, large)
        content = await run(paint, window, drawn, asked.style_zoom, middles)
        made = Made(content, tile.left_out)
        if cellar is not None:
            await asyncio.to_thread(cellar.keep, subject, mark, f"{asked.name}.png", made)
        return made

    async def _around(self, asked: Asked, marks: Sequence[Mark], names: Collection[str]) -> dict[tuple[int, int], Made]:
        """The neighbours of a tile, with the layers that are lettered, by their offset to the right and downwards."""
        lettered = [(layer, mark) for layer, mark in zip(asked.layers, marks, strict=True) if layer.name in names]
        if not lettered:
            return {}
        layers, own = tuple(layer for layer, _ in lettered), [mark for _, mark in lettered]
        found = {}
        for offset in _NEIGHBOURS:
            tile = _beside(asked.tile, offset)
            if tile is not None:
                wanted = replace(asked, layers=layers, tile=tile, format="mvt", coding=None)
                found[offset] = await self._packed(wanted, own)
        return found

    async def _middles(self, asked: Asked, large: Mapping[str, list[int]]) -> Middles:
        """Where large areas are lettered, in pixels of the tile."""
        tile, found = asked.tile, {}
        levels = min(_BLOCK_LEVELS, tile.zoom)
        block = tile.grid.tile(tile.zoom - levels, tile.row >> levels, tile.column >> levels)
        west, _, _, north = tile.bounds
        for layer in asked.layers:
            if numbers := large.get(layer.name):
                async with self._reader.tiles.connection() as connection:
                    places = await fetch_middles(connection, layer, block, numbers)
                pixel = tile.side / PIXELS
                found[layer.name] = {n: ((x - west) / pixel, (north - y) / pixel) for n, (x, y) in places.items()}
        return found

    async def _piece(self, asked: Asked, layer: Layer, mark: Mark) -> Made:
        """One layer of the tile; who asks for what is being made waits for it."""
        key = (layer.name, mark.text, asked.name)
        waiting = self._making.get(key)
        if waiting is None:
            waiting = self._making[key] = asyncio.ensure_future(self._find(asked, layer, mark))
            waiting.add_done_callback(lambda done: self._forget(key, done))
        # The tile is made to its end even if the first who asked has gone.
        return await asyncio.shield(waiting)

    def _forget(self, key: tuple[str, str, str], done: asyncio.Future[Made]) -> None:
        self._making.pop(key, None)
        if not done.cancelled():
            done.exception()  # Seen here, for nobody may be waiting any more.

    async def _find(self, asked: Asked, layer: Layer, mark: Mark) -> Made:
        cellar = self._cellar
        if cellar is not None:
            kept = await asyncio.to_thread(cellar.find, layer.name, mark.text, f"{asked.name}.mvt")
            if kept is not None:
                return kept
        async with self._reader.tiles.connection() as connection:
            tile = await fetch_tile(connection, layer, asked.tile, asked.edition.storage)
        made = Made(tile.content, tile.left_out)
        if cellar is not None:
            await asyncio.to_thread(cellar.keep, layer.name, tile.mark.text, f"{asked.name}.mvt", made)
        return made


# An area that fills the screen is lettered once in each block of four by four tiles.
_BLOCK_LEVELS = 2
_NEIGHBOURS = [(x, y) for x in (-1, 0, 1) for y in (-1, 0, 1) if (x, y) != (0, 0)]


def _beside(tile: Tile, offset: tuple[int, int]) -> Tile | None:
    try:
        return tile.grid.tile(tile.zoom, tile.row + offset[1], tile.column + offset[0])
    except NotFound:
        return None


def _window(
    tile: Made, around: Mapping[tuple[int, int], Made], names: Collection[str]
) -> tuple[Window, dict[str, list[int]]]:
    """The tile with its neighbours, and which areas of these layers are large."""
    window = {offset: read_tile(made.content) for offset, made in {(0, 0): tile, **around}.items()}
    return window, list_large(window, names)


def _tile(request: Request, edition: Edition) -> Tile:
    parts = request.path_params
    grid = find_grid(parts["grid"], edition.storage)
    return grid.tile(*(_number(parts[name]) for name in ("zoom", "row", "column")))


def _number(text: str) -> int:
    if not (text.isascii() and text.isdigit() and len(text) < 10):
        raise NotFound(f"there is no tile '{text[:20]}': zoom, row and column are whole numbers from 0")
    return int(text)


def _at_zoom(layers: Sequence[Layer], tile: Tile) -> list[Layer]:
    """Those that have tiles at the zoom. Raises: NotFound where none has."""
    web_zoom = tile.grid.web_zoom(tile.zoom)
    shown = [layer for layer in layers if tiling(layer).first_zoom <= web_zoom]
    if not shown:
        first = min(tiling(layer).first_zoom for layer in layers)
        raise NotFound(
            f"{layers[0].name}: there are no tiles at zoom {tile.zoom}, they begin at zoom {first} of the web"
        )
    return shown


def _tag(marks: Sequence[Mark], form: str) -> str:
    """Weak, for features of one state may come in another order when they are encoded anew."""
    parts = f"{form} {f'{EDITION} {styles.fingerprint()}' if form == 'png' else ''} " + " ".join(
        f"{mark.layer} {mark.text}" for mark in marks
    )
    return f'W/"{hashlib.sha256(parts.encode()).hexdigest()[:24]}"'


def _respond(made: Made, tag: str, asked: Asked) -> Response:
    headers = {"ETag": tag}
    if asked.coding is not None:
        headers["Content-Encoding"] = asked.coding
    if made.left_out:
        headers["Twin-Left-Out"] = str(made.left_out)
    return Response(made.content, media_type=_MEDIA_TYPES[asked.format], headers=headers)
