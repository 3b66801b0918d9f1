"""Tile matrix sets (OGC 17-083r4): how a map is cut into square tiles, each level into four times as many."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from layers.base import Label
from layers.crs import WGS84, Crs, area_of_use, parse_crs, transform_points
from layers.errors import NotFound

WEB_MERCATOR = "WebMercatorQuad"
PIXELS = 256
# Units of a vector tile's side (MVT 2.1, 4.3.1), and how far beyond it geometries are kept for lines to be whole.
UNITS = 4096
MARGIN_UNITS = 128
LAST_ZOOM = 22

_MERCATOR_M = 6_378_137 * math.pi


@dataclass(frozen=True, slots=True)
class Grid:
    """Squares in a CRS, x before y: one of `side_m` at level 0, whose upper left corner is (west, north)."""

    name: str
    title: Label
    crs: Crs
    west: float
    north: float
    side_m: float
    last_zoom: int

    def cell_m(self, zoom: int) -> float:
        """Side of a pixel in units of the CRS."""
        return math.ldexp(self.side_m / PIXELS, -zoom)

    def web_zoom(self, zoom: int) -> int:
        """The level of WebMercatorQuad that is as fine, or nearly."""
        return round(math.log2(2 * _MERCATOR_M / PIXELS / self.cell_m(zoom)))

    def tile(self, zoom: int, row: int, column: int) -> Tile:
        """Raises: NotFound for what lies outside."""
        if not 0 <= zoom <= self.last_zoom:
            raise NotFound(f"{self.name} is served at zoom 0 to {self.last_zoom}, not {zoom}")
        if not (0 <= row < 2**zoom and 0 <= column < 2**zoom):
            raise NotFound(f"{self.name} has rows and columns 0 to {2**zoom - 1} at zoom {zoom}: not ({row}, {column})")
        return Tile(self, zoom, row, column)

    def limits(self, zoom: int, bounds: tuple[float, float, float, float]) -> tuple[int, int, int, int]:
        """First and last row, first and last column of the tiles that touch bounds in the grid's CRS."""
        west, south, east, north = bounds
        side, last = self.side_m / 2**zoom, 2**zoom - 1
        places = (self.north - north) / side, (self.north - south) / side, (west - self.west) / side
        first_row, last_row, first, final = (
            min(max(math.floor(p), 0), last) for p in (*places, (east - self.west) / side)
        )
        return first_row, last_row, first, final


@dataclass(frozen=True, slots=True)
class Tile:
    """A square of a grid; rows count from the north, columns from the west."""

    grid: Grid
    zoom: int
    row: int
    column: int

    @property
    def side_m(self) -> float:
        return math.ldexp(self.grid.side_m, -self.zoom)

    @property
    def unit_m(self) -> float:
        return self.side_m / UNITS

    @property
    def bounds(self) -> tuple[float, float, float, float]:
        """(minx, miny, maxx, maxy) in the grid's CRS."""
        west, north = self.grid.west + self.column * self.side_m, self.grid.north - self.row * self.side_m
        return west, north - self.side_m, west + self.side_m, north

    @property
    def reach(self) -> tuple[float, float, float, float]:
        """The bounds with the margin, as far as the grid goes."""
        west, south, east, north = self.bounds
        margin, grid = MARGIN_UNITS * self.unit_m, self.grid
        return (
            max(west - margin, grid.west),
            max(south - margin, grid.north - grid.side_m),
            min(east + margin, grid.west + grid.side_m),
            min(north + margin, grid.north),
        )


@lru_cache(maxsize=1)
def web_mercator() -> Grid:
    """WebMercatorQuad (17-083r4, annex D)."""
    title = Label("Web Mercator, dùng chung cho bản đồ web", "Google Maps Compatible for the World")
    side = 2 * _MERCATOR_M
    return Grid(WEB_MERCATOR, title, parse_crs("EPSG:3857"), -_MERCATOR_M, _MERCATOR_M, side, LAST_ZOOM)


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
    return Grid(f"EPSG{storage.srid}Quad", title, storage, float(west), float(north), PIXELS * 2.0**level, level + 5)


def grids(storage: Crs) -> tuple[Grid, ...]:
    """The grids in which tiles are served, the one that everybody reads first."""
    return web_mercator(), city_grid(storage)


def find_grid(name: str, storage: Crs) -> Grid:
    """Raises: NotFound."""
    for grid in grids(storage):
        if grid.name == name:
            return grid
    raise NotFound(f"there is no tile matrix set '{name}': there are {', '.join(g.name for g in grids(storage))}")
