"""A part of the city as a picture in a page: the map's own tiles, and what the page is about drawn over them.

It is SVG that loads tiles of WebMercatorQuad, so that it needs neither a script nor another host.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple
from urllib.parse import urlsplit

from layers.grid import PIXELS, WEB_MERCATOR

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    type Point = tuple[float, float]
    type Json = dict[str, Any]

# Height of a picture beside its width.
_SHAPE = 0.45
_WIDTH_PX = 960
# What is seen beyond the bounds, beside them.
_RIM = 0.08
_LAST_ZOOM = 19
# Where WebMercatorQuad ends.
_LAST_LATITUDE = 85.051
# No detail finer than this is drawn, and no more shapes than a browser shows at once.
_FINEST_PX = 0.5
_MOST_SHAPES = 2000


class Picture(NamedTuple):
    """A tile at its place."""

    x: float
    y: float
    href: str


class Shape(NamedTuple):
    """A feature over the tiles: `d` as SVG writes a path, `dots` the places of points."""

    id: str
    d: str
    dots: list[Point]
    is_area: bool


@dataclass(frozen=True, slots=True)
class Sight:
    """A window of a level of WebMercatorQuad; all in pixels of that level, x east and y south of its corner."""

    width: float
    height: float
    tiles: list[Picture]
    shapes: list[Shape]

    @property
    def scale(self) -> float:
        """Pixels of the level that one of the page shows, where the page is wide."""
        return self.width / _WIDTH_PX


class _Window(NamedTuple):
    """Of a level whose world is a square of `side` pixels: the upper left corner."""

    side: int
    left: float
    top: float

    def pixel(self, place: Sequence[float]) -> Point:
        x, y = _place(place[0], place[1])
        return round(x * self.side - self.left, 1), round(y * self.side - self.top, 1)


def look_at(base: str, bounds: Sequence[float], features: Iterable[Json] = ()) -> Sight:
    """What lies within bounds (west, south, east, north in degrees) under the service at `base`."""
    west, south, east, north = bounds
    (left, top), (right, bottom) = _place(west, north), _place(east, south)
    # The side that is the shorter one beside the picture's shape is what the rest is fitted to.
    share = max(right - left, (bottom - top) / _SHAPE) * (1 + 2 * _RIM)
    zoom = round(math.log2(_WIDTH_PX / PIXELS / share)) if share > 0 else _LAST_ZOOM
    zoom = min(max(zoom, 0), _LAST_ZOOM)
    side = PIXELS << zoom
    width = max(share * side, _WIDTH_PX / 2)
    height = width * _SHAPE
    window = _Window(side, (left + right) / 2 * side - width / 2, (top + bottom) / 2 * side - height / 2)
    shapes = [shape for feature in features if (shape := _draw(feature, window)) is not None]
    return Sight(round(width, 1), round(height, 1), list(_cover(base, zoom, window, (width, height))), shapes)


def look_at_features(base: str, features: Sequence[Json]) -> Sight | None:
    """Features (GeoJSON in degrees) on the map; None where none has a place, or they are too many to draw."""
    places = [place for feature in features for place in _list_places(feature.get("geometry"))]
    if not places or len(features) > _MOST_SHAPES:
        return None
    longitudes, latitudes = [place[0] for place in places], [place[1] for place in places]
    return look_at(base, (min(longitudes), min(latitudes), max(longitudes), max(latitudes)), features)


def _place(longitude: float, latitude: float) -> tuple[float, float]:
    """Where a place is on the world's square, from 0 to 1 east and south."""
    latitude = min(max(latitude, -_LAST_LATITUDE), _LAST_LATITUDE)
    return longitude / 360 + 0.5, 0.5 - math.asinh(math.tan(math.radians(latitude))) / math.tau


def _cover(base: str, zoom: int, window: _Window, size: Point) -> Iterator[Picture]:
    # Without its host: a page may be asked for under another one, and shows nothing of any but its own.
    path = f"{urlsplit(base).path}/map/tiles/{WEB_MERCATOR}/{zoom}"
    last = (1 << zoom) - 1
    columns, rows = (
        range(max(math.floor(start / PIXELS), 0), min(math.floor((start + length) / PIXELS), last) + 1)
        for start, length in zip((window.left, window.top), size, strict=True)
    )
    for row in rows:
        for column in columns:
            x, y = column * PIXELS - window.left, row * PIXELS - window.top
            yield Picture(round(x, 1), round(y, 1), f"{path}/{row}/{column}?f=png")


def _draw(feature: Json, window: _Window) -> Shape | None:
    geometry = feature.get("geometry")
    if not geometry or "coordinates" not in geometry:  # a collection of geometries has none
        return None
    kind, coordinates = geometry["type"], geometry["coordinates"]
    parts = coordinates if kind.startswith("Multi") else [coordinates]
    path, dots = "", []
    match kind.removeprefix("Multi"):
        case "Point":
            dots = [window.pixel(place) for place in parts]
        case "LineString":
            path = "".join(_trace(line, window, "") for line in parts)
        case "Polygon":
            path = "".join(_trace(ring, window, "z") for polygon in parts for ring in polygon)
    return Shape(str(feature["id"]), path, dots, is_area=path.endswith("z"))


def _trace(line: Sequence[Sequence[float]], window: _Window, end: str) -> str:
    points = [window.pixel(place) for place in line]
    kept = points[:1]
    for point in points[1:-1]:
        if math.dist(point, kept[-1]) >= _FINEST_PX:
            kept.append(point)
    return f"M{'L'.join(f'{x} {y}' for x, y in (*kept, points[-1]))}{end}"


def _list_places(geometry: Json | None) -> Iterator[Sequence[float]]:
    if geometry:
        yield from _flatten(geometry.get("coordinates", ()))


def _flatten(coordinates: Any) -> Iterator[Sequence[float]]:
    if coordinates and isinstance(coordinates[0], (int, float)):
        yield coordinates
    else:
        for each in coordinates:
            yield from _flatten(each)
