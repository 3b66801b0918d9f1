"""Tiles of objects as JSON: for maps that build their own scene of them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import orjson

from layers.crs import WGS84, parse_crs, transform_points
from layers.errors import NotFound
from layers.features import fetch_count, fetch_page, page_statement
from layers.query import Box, FeatureQuery, Filter, Shape
from ogc_api.map4d import FORMS
from ogc_api.tile_cache import Made

if TYPE_CHECKING:
    from layers.catalog import Layer
    from layers.crs import Crs
    from layers.database import AsyncConnection
    from layers.grid import Tile

FIRST_ZOOM = 15
MOST_OBJECTS = 4_000


async def fetch_objects(connection: AsyncConnection, layer: Layer, tile: Tile, storage: Crs) -> Made:
    """A JSON array of the objects that touch a tile of WebMercatorQuad. Raises: NotFound, Unavailable."""
    form = FORMS.get(layer.name)
    if form is None:
        raise NotFound(f"layer '{layer.name}' has no tiles of objects: {' and '.join(FORMS)} have")
    if tile.zoom < FIRST_ZOOM:
        raise NotFound(f"tiles of objects begin at zoom {FIRST_ZOOM}, not {tile.zoom}")
    query = FeatureQuery(layer, Shape(parse_crs(WGS84), digits=8), Filter(box=_box(tile)), limit=MOST_OBJECTS)
    page = await fetch_page(connection, query, page_statement(query, storage))
    left_out = 0
    if page.following is not None:
        left_out = max((await fetch_count(connection, query, storage) or 0) - page.returned, 1)
    features: list[dict[str, Any]] = orjson.loads(b"[%b]" % page.features)
    return Made(orjson.dumps([one for feature in features for one in form(feature)]), left_out)


def _box(tile: Tile) -> Box:
    west, south, east, north = tile.bounds
    corners = transform_points(np.array([[west, south], [east, north]]), tile.grid.crs, parse_crs(WGS84))
    (west, south), (east, north) = corners.tolist()
    return Box(west, south, east, north)
