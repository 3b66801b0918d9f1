"""Windows of rasters on disk, kept in memory as square tiles: a check reads the same few streets again and again."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import numpy as np
import rasterio
from rasterio.windows import Window

from layers.crs import Crs, parse_crs
from layers.errors import Unavailable

if TYPE_CHECKING:
    from pathlib import Path

    from affine import Affine
    from numpy.typing import NDArray

_TILE = 256
# 64 MiB, twice that of doubles. A window of more tiles than `_MOST` is read past them.
_KEPT = 256
_MOST = 16
# What a single holds without loss; elevations are mostly kept so.
_SINGLE = ("float32", "int16", "uint16", "uint8", "int8")


@dataclass(frozen=True, slots=True, eq=False)
class Grid:
    """A raster of one band as it was when `mark` was taken; `to_pixels` takes x, y of its CRS to column, row."""

    path: Path
    mark: tuple[int, ...]
    width: int
    height: int
    to_pixels: Affine
    crs: Crs

    def read(self, left: int, top: int, width: int, height: int) -> NDArray[np.floating[Any]]:
        """The values of a window within the raster, NaN where there is none. Raises: Unavailable."""
        columns = range(left // _TILE, (left + width - 1) // _TILE + 1)
        rows = range(top // _TILE, (top + height - 1) // _TILE + 1)
        if len(columns) * len(rows) > _MOST:
            return _read(self.path, Window(left, top, width, height))
        tiles = [[_read_tile(self, column, row) for column in columns] for row in rows]
        whole = tiles[0][0] if len(columns) == len(rows) == 1 else np.block(tiles)
        left, top = left - columns[0] * _TILE, top - rows[0] * _TILE
        return whole[top : top + height, left : left + width]


def open_grid(path: Path) -> Grid:
    """The raster of a file as it is now. Raises: Unavailable."""
    try:
        state = path.stat()
    except OSError as error:
        raise _unreadable(path) from error
    return _open_grid(path, (state.st_mtime_ns, state.st_size, state.st_ino))


@lru_cache(maxsize=256)
def _open_grid(path: Path, mark: tuple[int, ...]) -> Grid:
    try:
        with rasterio.open(path) as source:
            crs = parse_crs(source.crs.to_wkt())
            return Grid(path, mark, source.width, source.height, ~source.transform, crs)
    except rasterio.errors.RasterioIOError as error:
        raise _unreadable(path) from error


@lru_cache(maxsize=_KEPT)
def _read_tile(grid: Grid, column: int, row: int) -> NDArray[np.floating[Any]]:
    left, top = column * _TILE, row * _TILE
    return _read(grid.path, Window(left, top, min(_TILE, grid.width - left), min(_TILE, grid.height - top)))


def _read(path: Path, window: Window) -> NDArray[np.floating[Any]]:
    try:
        with rasterio.open(path) as source:
            kind = np.float32 if source.dtypes[0] in _SINGLE else np.float64
            return np.asarray(source.read(1, window=window, masked=True).astype(kind).filled(np.nan))
    except rasterio.errors.RasterioIOError as error:
        raise _unreadable(path) from error


def _unreadable(path: Path) -> Unavailable:
    return Unavailable(f"terrain raster {path} cannot be read: restore it or import the terrain again")
