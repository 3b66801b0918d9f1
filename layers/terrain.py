"""The ground: rasters kept as Cloud Optimized GeoTIFF on disk, one row each."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np
import shapely

from layers.crs import Crs, parse_crs, transform_points
from layers.database import Connection, storage_srid
from layers.raster_tiles import open_grid

if TYPE_CHECKING:
    from datetime import date
    from pathlib import Path

    from affine import Affine
    from numpy.typing import NDArray

    from layers.raster_tiles import Grid


# Shares of neighbours that add up to a pixel, but for rounding.
_WHOLE = 1.0 - 1e-9


@dataclass(frozen=True, slots=True)
class Raster:
    """A terrain raster as the catalogue knows it; `extent` in storage CRS."""

    path: Path
    extent: shapely.Geometry
    resolution_m: float
    surveyed_on: date | None

    @property
    def bounds(self) -> tuple[float, float, float, float]:
        """Of all points that may lie on the raster or within a pixel of its edge."""
        west, south, east, north = self.extent.bounds
        return west - self.resolution_m, south - self.resolution_m, east + self.resolution_m, north + self.resolution_m


@dataclass(frozen=True, slots=True)
class Ground:
    """Ground elevations of the city, in metres above the vertical datum; the finest raster that knows a point wins."""

    storage: Crs
    rasters: tuple[Raster, ...]

    _bounds: tuple[tuple[float, float, float, float], ...] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "rasters", tuple(sorted(self.rasters, key=lambda raster: raster.resolution_m)))
        object.__setattr__(self, "_bounds", tuple(raster.bounds for raster in self.rasters))
        shapely.prepare([raster.extent for raster in self.rasters])

    def elevations(self, points: NDArray[np.float64]) -> NDArray[np.float64]:
        """Elevation at each point (n, 2), x y in storage CRS; NaN where no raster knows.

        Bilinear between pixel centres, across the seams of neighbouring rasters too; a point beside a pixel without a
        value is not known.
        """
        if not len(points):
            return np.empty(0)
        xy = np.ascontiguousarray(points[:, :2].T)
        (west, south), (east, north) = xy.min(axis=1).tolist(), xy.max(axis=1).tolist()
        near = [
            raster
            for raster, (left, low, right, high) in zip(self.rasters, self._bounds, strict=True)
            if not (east <= left or west >= right or north <= low or south >= high)
        ]
        if near and shapely.covers(near[0].extent, shapely.box(west, south, east, north)):
            values, share = _sample(near[0].path, xy, self.storage)
            if share is None and np.isfinite(values).all():
                return values
        return self._blend(xy, near)

    def _blend(self, xy: NDArray[np.float64], rasters: list[Raster]) -> NDArray[np.float64]:
        """Elevations at points (2, n) that are not all on one raster."""
        heights, shares = np.zeros(xy.shape[1]), np.zeros(xy.shape[1])
        known = np.zeros(xy.shape[1], dtype=bool)
        for raster in rasters:
            west, south, east, north = raster.bounds
            here = (xy[0] > west) & (xy[0] < east) & (xy[1] > south) & (xy[1] < north)
            near = np.flatnonzero((shares < _WHOLE) & here)
            if not len(near):
                continue
            values, share = _sample(raster.path, xy[:, near], self.storage)
            inside = shapely.intersects_xy(raster.extent, *xy[:, near])
            share = np.where(np.isnan(values), 0.0, np.minimum(1.0 if share is None else share, 1.0 - shares[near]))
            heights[near] += share * np.nan_to_num(values)
            shares[near] += share
            known[near] |= (share > 0) & inside
        return np.asarray(np.divide(heights, shares, out=np.full(len(shares), np.nan), where=known))


def read_ground(connection: Connection, data: Path) -> Ground:
    """The ground as the terrain rows and their rasters below `data`/terrain tell it."""
    rows = connection.execute("select path, st_asbinary(geom), resolution_m, surveyed_on from terrain order by id")
    rasters = tuple(Raster(data / path, shapely.from_wkb(wkb), step, day) for path, wkb, step, day in rows)
    return Ground(parse_crs(f"EPSG:{storage_srid(connection)}"), rasters)


def _sample(
    path: Path, xy: NDArray[np.float64], storage: Crs
) -> tuple[NDArray[np.float64], NDArray[np.float64] | None]:
    """Values at points (2, n), and how much of a pixel around each lies on the raster, None where all of all does.

    The rest of a pixel is for other rasters.
    """
    grid = open_grid(path)
    places = _pixels(grid.to_pixels, transform_points(xy.T, storage, grid.crs).T)
    (left, top), (right, bottom) = places.min(axis=1).tolist(), places.max(axis=1).tolist()
    if left >= 0 and top >= 0 and right <= grid.width - 1 and bottom <= grid.height - 1:
        return _bilinear(grid, places, (left, top, right, bottom)), None
    centres = np.minimum(np.maximum(places, 0.0), [[grid.width - 1.0], [grid.height - 1.0]])
    share = np.maximum(1.0 - np.abs(places - centres), 0.0).prod(axis=0)
    values, on = np.full(len(share), np.nan), share > 0
    if on.any():
        centres = centres[:, on]
        values[on] = _bilinear(grid, centres, (*centres.min(axis=1).tolist(), *centres.max(axis=1).tolist()))
    return values, share


def _pixels(inverse: Affine, xy: NDArray[np.float64]) -> NDArray[np.float64]:
    """Columns and rows (2, n) of points, counted from the centre of the first pixel."""
    turn, shift = _matrix(inverse)
    return np.asarray(turn @ xy + shift)


@lru_cache(maxsize=256)
def _matrix(inverse: Affine) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    a, b, c, d, e, f, *_ = inverse
    return np.array([[a, b], [d, e]]), np.array([[c - 0.5], [f - 0.5]])


def _bilinear(
    grid: Grid, places: NDArray[np.float64], bounds: tuple[float, float, float, float]
) -> NDArray[np.float64]:
    """Values between pixel centres at places (2, n): columns, rows within the raster, and within bounds of them."""
    # On the last column or row the one before it is the first of two, and has no share.
    most = max(grid.width - 2, 0), max(grid.height - 2, 0)
    left, top = min(int(bounds[0]), most[0]), min(int(bounds[1]), most[1])
    width, height = min(int(bounds[2]) + 2, grid.width) - left, min(int(bounds[3]) + 2, grid.height) - top
    pixels = grid.read(left, top, width, height).ravel()
    first = places.astype(int)
    if left + width == grid.width or top + height == grid.height:
        first = np.minimum(first, [[most[0]], [most[1]]])
    beyond = places - first
    x, y = beyond
    u, v = 1.0 - beyond
    index = (first[1] - top) * width + (first[0] - left)
    east, south = min(width - 1, 1), width * min(height - 1, 1)
    corners = ((0, v * u), (east, v * x), (south, y * u), (south + east, y * x))
    terms = [pixels[ahead:].take(index) * weight for ahead, weight in corners]
    values = terms[0] + terms[1] + terms[2] + terms[3]
    if not np.isfinite(values).all():
        # What has no weight has no value either.
        known = [np.where(weight == 0, 0.0, term) for term, (_, weight) in zip(terms, corners, strict=True)]
        values = known[0] + known[1] + known[2] + known[3]
    return np.asarray(values)
