"""The ground under many points, and between which elevations that of an area lies."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import numpy as np

from layers.crs import transform_points
from layers.raster_tiles import open_grid

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from layers.crs import Crs
    from layers.raster_tiles import Grid
    from layers.terrain import Ground

_BLOCK = 64
_STRIP = 1024
_SQUARE_M = 256.0


def sample_ground(ground: Ground | None, points: NDArray[np.float64]) -> NDArray[np.float64]:
    """Elevation of the ground at points (n, 2 or more) of the storage CRS; NaN where it is unknown.

    Read square by square, so that a few points far apart do not make one large window.
    """
    found = np.full(len(points), np.nan)
    if ground is None or not ground.rasters or not len(points):
        return found
    squares, index = np.unique(np.floor(points[:, :2] / _SQUARE_M), axis=0, return_inverse=True)
    order = np.argsort(index.reshape(-1), kind="stable")
    ends = np.cumsum(np.bincount(index.reshape(-1), minlength=len(squares)))
    for chosen in np.split(order, ends[:-1]):
        found[chosen] = ground.elevations(points[chosen, :2])
    return found


@dataclass(frozen=True, slots=True, eq=False)
class _Blocks:
    """The lowest and highest value of each block of pixels, NaN where it has none, and whether it is all known."""

    low: NDArray[np.float64]
    high: NDArray[np.float64]
    is_whole: NDArray[np.bool_]


def range_elevations(ground: Ground, bounds: NDArray[np.float64]) -> NDArray[np.float64]:
    """Bounds (n, 2) of the ground's elevation in boxes (n, 4) of the storage CRS; NaN where nothing is known.

    A box that reaches beyond what is known has NaN in its third column, and 1 otherwise: (n, 3).
    """
    found = np.full((len(bounds), 3), np.nan)
    for raster in ground.rasters:
        grid = open_grid(raster.path)
        blocks = _read_blocks(grid)
        windows = _windows(grid, bounds, ground.storage)
        for index in np.flatnonzero(_touch(grid, windows)).tolist():
            low, high, is_whole = _range(blocks, windows[index], grid)
            found[index, 0] = np.fmin(found[index, 0], low)
            found[index, 1] = np.fmax(found[index, 1], high)
            if is_whole:
                found[index, 2] = 1.0
    return found


def _windows(grid: Grid, bounds: NDArray[np.float64], storage: Crs) -> NDArray[np.float64]:
    """Columns and rows (n, 4: left, top, right, bottom) of pixels that bilinear values in boxes may rest on."""
    corners = bounds[:, [[0, 1], [2, 1], [2, 3], [0, 3]]].reshape(-1, 2)
    x, y = transform_points(corners, storage, grid.crs, strict=False).T
    m = grid.to_pixels
    columns, rows = ((m.a * x + m.b * y + m.c).reshape(-1, 4), (m.d * x + m.e * y + m.f).reshape(-1, 4))
    # Straight edges of one system are slightly bent in another: a pixel more on every side, and the interpolation's.
    return np.column_stack([columns.min(1) - 2, rows.min(1) - 2, columns.max(1) + 2, rows.max(1) + 2])


def _touch(grid: Grid, windows: NDArray[np.float64]) -> NDArray[np.bool_]:
    left, top, right, bottom = windows.T
    return np.asarray((right > 0) & (bottom > 0) & (left < grid.width) & (top < grid.height))


def _range(blocks: _Blocks, window: NDArray[np.float64], grid: Grid) -> tuple[Any, Any, bool]:
    left, top, right, bottom = window.tolist()
    columns = slice(int(max(left, 0)) // _BLOCK, int(min(right, grid.width - 1)) // _BLOCK + 1)
    rows = slice(int(max(top, 0)) // _BLOCK, int(min(bottom, grid.height - 1)) // _BLOCK + 1)
    low, high = blocks.low[rows, columns], blocks.high[rows, columns]
    inside = left >= 0 and top >= 0 and right < grid.width and bottom < grid.height
    if np.isnan(low).all():
        return np.nan, np.nan, False
    return np.nanmin(low), np.nanmax(high), bool(inside and blocks.is_whole[rows, columns].all())


@lru_cache(maxsize=256)
def _read_blocks(grid: Grid) -> _Blocks:
    """Read in strips: a raster of a city does not fit into memory."""
    strips = [_measure(grid, top) for top in range(0, grid.height, _STRIP)]
    low, high, known = (np.concatenate(parts) for parts in zip(*strips, strict=True))
    return _Blocks(low, high, known)


def _measure(grid: Grid, top: int) -> tuple[NDArray[Any], NDArray[Any], NDArray[Any]]:
    height = min(_STRIP, grid.height - top)
    pixels = np.asarray(grid.read(0, top, grid.width, height), dtype=np.float64)
    rows, columns = np.arange(0, height, _BLOCK), np.arange(0, grid.width, _BLOCK)
    low = _reduce(np.minimum, np.where(np.isnan(pixels), np.inf, pixels), rows, columns)
    high = _reduce(np.maximum, np.where(np.isnan(pixels), -np.inf, pixels), rows, columns)
    known = _reduce(np.logical_and, ~np.isnan(pixels), rows, columns)
    return np.where(np.isinf(low), np.nan, low), np.where(np.isinf(high), np.nan, high), known


def _reduce(how: np.ufunc, values: NDArray[Any], rows: NDArray[Any], columns: NDArray[Any]) -> NDArray[Any]:
    return np.asarray(how.reduceat(how.reduceat(values, rows, axis=0), columns, axis=1))
