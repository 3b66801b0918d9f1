"""Pictures in pages: what is drawn lies on the tiles where the tiles have it."""

from __future__ import annotations

import re
from typing import Any

import numpy as np
import pytest
from numpy.testing import assert_allclose
from pyproj import Transformer

from ogc_api.sight import look_at, look_at_features

BASE = "https://twin.example.vn/city/ogc"
EDGE_M = 20_037_508.342789244
LINE = [[107.5801, 16.4601], [107.5811, 16.4604], [107.5822, 16.4599, 3.5]]


def feature(kind: str, coordinates: Any, number: int = 1) -> dict[str, Any]:
    return {"id": number, "geometry": {"type": kind, "coordinates": coordinates}}


def pixels_of(sight: Any, places: list[list[float]]) -> Any:
    """Where PROJ has places (longitude, latitude) on the picture, counted from its first tile."""
    first = sight.tiles[0]
    zoom, row, column = map(int, re.findall(r"WebMercatorQuad/(\d+)/(\d+)/(\d+)", first.href)[0])
    metres = Transformer.from_crs(4326, 3857, always_xy=True).transform(*np.array([p[:2] for p in places]).T)
    world = 256 * 2**zoom / (2 * EDGE_M)
    x, y = (metres[0] + EDGE_M) * world - 256 * column, (EDGE_M - metres[1]) * world - 256 * row
    return np.column_stack([x + first.x, y + first.y])


def read_path(d: str) -> Any:
    return np.array([[float(n) for n in pair.split()] for pair in re.split("[MLz]", d) if pair])


def test_shapes_lie_where_proj_has_them() -> None:
    """To a tenth of a pixel, at every level, with or without z."""
    for stretch in (0.001, 1.0, 300.0):
        line = [[107.5801 + stretch * (x - 107.5801), 16.46 + stretch * (y - 16.46), *z] for x, y, *z in LINE]
        sight = look_at_features(BASE, [feature("LineString", line)])
        assert sight is not None
        (shape,) = sight.shapes
        drawn = read_path(shape.d)
        assert_allclose(drawn[[0, -1]], pixels_of(sight, [line[0], line[-1]]), rtol=0, atol=0.21)
        assert (drawn >= 0).all()
        assert (drawn <= [sight.width, sight.height]).all()


@pytest.mark.parametrize("bounds", [(107.5, 16.4, 107.6, 16.5), (107.58, 16.46, 107.58, 16.46), (-180, -90, 180, 90)])
def test_tiles_cover_the_picture(bounds: tuple[float, float, float, float]) -> None:
    """No part of the world that is in the picture lacks its tile, and none is asked for that is no tile."""
    sight = look_at(BASE, bounds)
    covered = {(tile.x, tile.y) for tile in sight.tiles}
    assert len(covered) == len(sight.tiles) <= 40
    west, north = min(covered)
    east, south = max(covered)
    zooms = {tile.href.split("/")[6] for tile in sight.tiles}
    assert len(zooms) == 1
    last = 2 ** int(zooms.pop()) - 1
    for tile in sight.tiles:
        row, column = map(int, re.findall(r"/(\d+)/(\d+)[?]", tile.href)[0])
        assert 0 <= row <= last
        assert 0 <= column <= last
        assert tile.href.startswith("/city/ogc/map/tiles/WebMercatorQuad/")
    if bounds[0] > -180:
        assert west <= 0
        assert north <= 0
        assert east + 256 >= sight.width
        assert south + 256 >= sight.height


def test_kinds_of_geometry() -> None:
    """Points are dots, areas are closed rings with their holes, parts are all there; nowhere is nothing."""
    ring = [[107.58, 16.46], [107.581, 16.46], [107.581, 16.461], [107.58, 16.46]]
    hole = [[107.5805, 16.4601], [107.5807, 16.4601], [107.5807, 16.4602], [107.5805, 16.4601]]
    features = [
        feature("Point", LINE[0], 1),
        feature("MultiPoint", LINE, 2),
        feature("MultiLineString", [LINE, LINE[:2]], 3),
        feature("Polygon", [ring, hole], 4),
        feature("MultiPolygon", [[ring], [hole]], 5),
        {"id": 6, "geometry": None},
        {"id": 7, "geometry": {"type": "GeometryCollection", "geometries": []}},
    ]
    sight = look_at_features(BASE, features)
    assert sight is not None
    found = {
        shape.id: (len(shape.dots), shape.d.count("M"), shape.d.count("z"), shape.is_area) for shape in sight.shapes
    }
    assert found == {
        "1": (1, 0, 0, False), "2": (3, 0, 0, False), "3": (0, 2, 0, False), "4": (0, 2, 2, True), "5": (0, 2, 2, True)
    }  # fmt: skip
    assert look_at_features(BASE, [{"id": 6, "geometry": None}]) is None
    assert look_at_features(BASE, [feature("Point", LINE[0], n) for n in range(2001)]) is None
