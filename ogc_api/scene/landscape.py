"""What the models of one audience rest on: the ground, and the tree of each layer, kept for as long as they hold."""

from __future__ import annotations

import asyncio
import hashlib
from collections import OrderedDict
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

import styles
from layers.blocks import fetch_census
from layers.bodies import body_of
from layers.catalog import find_layer
from layers.relief import range_elevations
from layers.terrain import read_ground
from layers.tiles import fetch_marks
from ogc_api.scene.models import EDITION
from ogc_api.scene.site import Heights, Surroundings
from ogc_api.scene.tree import Forest, grow, measure_regions, span_heights

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from numpy.typing import NDArray

    from layers.blocks import Census
    from layers.catalog import Layer
    from layers.crs import Crs
    from layers.terrain import Ground
    from layers.tiles import Mark
    from ogc_api.config import Service

_WORKERS = 2
_MOST_TREES = 32
_TERRAIN = "terrain"


@dataclass(frozen=True, slots=True)
class State:
    """What layers and the ground under them were at a moment, how heights are counted, and how models are made."""

    marks: tuple[Mark, ...]
    heights: Heights
    recipe: str

    @property
    def text(self) -> str:
        """Names a folder; no other state has the same."""
        parts = f"{self.recipe} " + " ".join(f"{mark.layer} {mark.text}" for mark in self.marks)
        return hashlib.sha256(parts.encode()).hexdigest()[:24]

    def tag(self, more: str) -> str:
        """Entity tag of what is made of it."""
        whole = f"{self.text} {self.heights} {more}"
        return f'W/"{hashlib.sha256(whole.encode()).hexdigest()[:24]}"'

    @property
    def ground(self) -> Mark:
        return self.marks[-1]


class Landscape:
    """Trees and ground of one audience, worked out in threads."""

    def __init__(self, service: Service) -> None:
        self._service = service
        self._reader = service.reader
        self._workers = ThreadPoolExecutor(_WORKERS, "scene")
        self._ground: tuple[str, asyncio.Future[Ground]] | None = None
        self._trees: OrderedDict[tuple[str, str, Heights], asyncio.Future[Forest]] = OrderedDict()

    async def state(self, layers: Sequence[Layer], heights: Heights) -> State:
        """Raises: NotFound where the audience may not know of one."""
        wanted = [*layers, find_layer(_TERRAIN, self._reader.audience)]
        async with self._reader.live.connection() as connection:
            marks = await fetch_marks(connection, wanted)
        names = [p.name for layer in layers for p in layer.properties]
        recipe = hashlib.sha256(repr((EDITION, styles.fingerprint(), self._service.geoid_m, names)).encode())
        return State(tuple(marks), heights, recipe.hexdigest()[:8])

    async def work[T](self, function: Callable[[], T]) -> T:
        return await asyncio.get_running_loop().run_in_executor(self._workers, function)

    async def surroundings(self, state: State, storage: Crs) -> Surroundings:
        ground = await self._read_ground(state.ground)
        return Surroundings(storage, ground, state.heights, self._service.geoid_m or 0.0)

    async def _read_ground(self, mark: Mark) -> Ground | None:
        folder = self._service.data_folder
        if folder is None:
            return None
        known = self._ground
        if known is None or known[0] != mark.text or _has_failed(known[1]):

            def read() -> Ground:
                with self._reader.connection() as connection:
                    return read_ground(connection, folder)

            known = self._ground = (mark.text, asyncio.ensure_future(self.work(read)))
        return await asyncio.shield(known[1])

    async def trees(self, layer: Layer, state: State, storage: Crs) -> Forest:
        """The trees of a layer; who asks for what is being worked out waits for it. Raises: NotFound, Unavailable."""
        key = (layer.name, state.text, state.heights)
        found = self._trees.get(key)
        if found is None or _has_failed(found):
            found = self._trees[key] = asyncio.ensure_future(self._grow(layer, state, storage))
        self._trees.move_to_end(key)
        while len(self._trees) > _MOST_TREES:
            self._trees.popitem(last=False)
        return await asyncio.shield(found)

    async def _grow(self, layer: Layer, state: State, storage: Crs) -> Forest:
        async with self._reader.tiles.connection() as connection:
            census = await fetch_census(connection, layer)
        if not len(census):
            return Forest(left_out=census.left_out)
        surroundings = await self.surroundings(state, storage)
        return await self.work(lambda: _grow(layer, census, surroundings))


def _grow(layer: Layer, census: Census, surroundings: Surroundings) -> Forest:
    heights = span_heights(
        census,
        _relief(census, surroundings.ground),
        is_flat=surroundings.is_flat,
        follows_ground=body_of(layer).follows_ground,
        lift_m=surroundings.geoid_m,
    )
    return grow(census, measure_regions(census, heights, surroundings.storage))


def _relief(census: Census, ground: Ground | None) -> NDArray[np.float64]:
    return np.full((len(census), 3), np.nan) if ground is None else range_elevations(ground, census.bounds)


def _has_failed[T](future: asyncio.Future[T]) -> bool:
    return future.done() and (future.cancelled() or future.exception() is not None)
