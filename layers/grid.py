"""Tile matrix sets (OGC 17-083r4): how a map is cut into square tiles, each level into four times as many."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from layers.crs import WGS84, Crs, area_of_use, parse_crs, transform_points
from layers.errors import NotFound
from layers.label import Label

WEB_MERCATOR = "WebMercatorQuad"
WORLD = "WorldCRS84Quad"
CRS84 = "http://www.opengis.net/def/crs/OGC/1.3/CRS84"
PIXELS = 256
# Units of a vector tile's side (MVT 2.1, 4.3.1), and how far beyond it geometries are kept for lines to be whole.
UNITS = 4096
MARGIN_UNITS = 128
LAST_ZOOM = 22

_MERCATOR_M = 6_378_137 * math.pi


@dataclass(frozen=True, slots=True)
class Grid:
    """Squares in a CRS, x before y: `columns` of `side` at level 0, whose upper left corner is (west, north).

    `side` is in units of the CRS, one of which is `unit_m` on the ground; `crs_uri` is how the standard names it.
    """

    name: str
    title: Label
    crs: Crs
    west: float
    north: float
    side: float
    last_zoom: int
    crs_uri: str
    columns: int = 1
    unit_m: float = 1.0

    def cell(self, zoom: int) -> float:
        """Side of a pixel in units of the CRS."""
        return math.ldexp(self.side / PIXELS, -zoom)

    def width(self, zoom: int) -> int:
        """Number of columns."""
        return self.columns << zoom

    def web_zoom(self, zoom: int) -> int:
        """The level of WebMercatorQuad that is as fine, or nearly."""
        return round(math.log2(2 * _MERCATOR_M / PIXELS / (self.cell(zoom) * self.unit_m)))

    def tile(self, zoom: int, row: int, column: int) -> Tile:
        """Raises: NotFound for what lies outside."""
        if not 0 <= zoom <= self.last_zoom:
            raise NotFound(f"{self.name} is served at zoom 0 to {self.last_zoom}, not {zoom}")
        if not (0 <= row < 2**zoom and 0 <= column < self.width(zoom)):
            ends = f"rows 0 to {2**zoom - 1} and columns 0 to {self.width(zoom) - 1}"
            raise NotFound(f"{self.name} has {ends} at zoom {zoom}: not ({row}, {column})")
        return Tile(self, zoom, row, column)

    def limits(self, zoom: int, bounds: tuple[float, float, float, float]) -> tuple[int, int, int, int]:
        """First and last row, first and last column of the tiles that touch bounds in the grid's CRS."""
        west, south, east, north = bounds
        side = math.ldexp(self.side, -zoom)
        top, bottom = (_clamp((self.north - y) / side, 2**zoom) for y in (north, south))
        first, last = (_clamp((x - self.west) / side, self.width(zoom)) for x in (west, east))
        return top, bottom, first, last


def _clamp(place: float, count: int) -> int:
    return min(max(math.floor(place), 0), count - 1)


@dataclass(frozen=True, slots=True)
class Tile:
    """A square of a grid; rows count from the north, columns from the west."""

    grid: Grid
    zoom: int
    row: int
    column: int

    @property
    def side(self) -> float:
        """In units of the grid's CRS, as is `unit`, the unit of a vector tile's coordinates."""
        return math.ldexp(self.grid.side, -self.zoom)

    @property
    def unit(self) -> float:
        return self.side / UNITS

    @property
    def bounds(self) -> tuple[float, float, float, float]:
        """(minx, miny, maxx, maxy) in the grid's CRS."""
        west, north = self.grid.west + self.column * self.side, self.grid.north - self.row * self.side
        return west, north - self.side, west + self.side, north

    @property
    def reach(self) -> tuple[float, float, float, float]:
        """The bounds with the margin, as far as the grid goes."""
        west, south, east, north = self.bounds
        margin, grid = MARGIN_UNITS * self.unit, self.grid
        return (
            max(west - margin, grid.west),
            max(south - margin, grid.north - grid.side),
            min(east + margin, grid.west + grid.side * grid.columns),
            min(north + margin, grid.north),
        )


@lru_cache(maxsize=1)
def web_mercator() -> Grid:
    """WebMercatorQuad (17-083r4, annex D)."""
    title = Label("Web Mercator, dùng chung cho bản đồ web", "Google Maps Compatible for the World")
    side = 2 * _MERCATOR_M
    crs = parse_crs("EPSG:3857")
    return Grid(WEB_MERCATOR, title, crs, -_MERCATOR_M, _MERCATOR_M, side, LAST_ZOOM, crs.uri)


@lru_cache(maxsize=1)
def world() -> Grid:
    """WorldCRS84Quad (17-083r4, annex D), for clients that count in degrees."""
    title, unit_m = Label("Kinh vĩ độ toàn cầu", "CRS84 for the World"), math.radians(6_378_137)
    crs = parse_crs(WGS84)
    return Grid(WORLD, title, crs, -180.0, 90.0, 180.0, LAST_ZOOM - 1, CRS84, columns=2, unit_m=unit_m)


@lru_cache(maxsize=8)
def city_grid(storage: Crs) -> Grid:
    """A grid in the storage CRS, whose pixels are powers of two metres, from its whole area down to 3 cm."""
    west, south, east, north = area_of_use(storage)
    frame = np.meshgrid(np.linspace(west, east, 9), np.linspace(south, north, 9))
    corners = np.column_stack([axis.ravel() for axis in frame])
    points = transform_points(corners, parse_crs(WGS84), storage)
    # A hundred kilometres, so that a revised area of use moves nothing.
    west, south = np.floor(points.min(axis=0) / 1e5) * 1e5
    east, north = np.ceil(points.max(axis=0) / 1e5) * 1e5
    level = math.ceil(math.log2(max(east - west, north - south) / PIXELS))
    title = Label(f"Lưới của {storage.name}", f"Quadtree of {storage.name}")
    side = PIXELS * 2.0**level
    return Grid(f"EPSG{storage.srid}Quad", title, storage, float(west), float(north), side, level + 5, storage.uri)


def grids(storage: Crs) -> tuple[Grid, ...]:
    """The grids in which tiles are served, the one that everybody reads first."""
    return web_mercator(), city_grid(storage), world()


def find_grid(name: str, storage: Crs) -> Grid:
    """Raises: NotFound."""
    for grid in grids(storage):
        if grid.name == name:
            return grid
    raise NotFound(f"there is no tile matrix set '{name}': there are {', '.join(g.name for g in grids(storage))}")
