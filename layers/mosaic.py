"""All terrain of a city as one raster: the ground as everything else here reads it, for QGIS and tile servers."""

from __future__ import annotations

import os
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import rasterio
import rasterio.shutil
from affine import Affine
from rasterio._err import CPLE_BaseError
from rasterio.errors import RasterioError
from rasterio.windows import Window

from layers.crs import parse_crs
from layers.errors import Invalid, NotFound, Unavailable

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from numpy.typing import NDArray

    from layers.terrain import Ground, Raster

NODATA = -9999.0
_BLOCK = 512
# 4 bytes each: what a laptop still writes and QGIS still opens.
_MOST_PIXELS = 2_000_000_000
_SLACK = 1e-6  # of a pixel, for rounding


@dataclass(frozen=True, slots=True)
class Frame:
    """The pixels of a mosaic: north up, square, storage CRS."""

    west: float
    north: float
    width: int
    height: int
    pixel_m: float

    @property
    def transform(self) -> Affine:
        return Affine(self.pixel_m, 0.0, self.west, 0.0, -self.pixel_m, self.north)

    def windows(self) -> Iterator[Window]:
        """Block by block, from the north-west."""
        for top in range(0, self.height, _BLOCK):
            for left in range(0, self.width, _BLOCK):
                yield Window(left, top, min(_BLOCK, self.width - left), min(_BLOCK, self.height - top))

    def centres(self, window: Window) -> NDArray[np.float64]:
        """Middles (n, 2) of a window's pixels, row by row."""
        rows, columns = np.indices((window.height, window.width)).reshape(2, -1)
        x = self.west + (window.col_off + columns + 0.5) * self.pixel_m
        return np.column_stack([x, self.north - (window.row_off + rows + 0.5) * self.pixel_m])


def write_mosaic(
    ground: Ground,
    target: Path,
    resolution_m: float | None = None,
    *,
    on_progress: Callable[[int, int], None] = lambda *_: None,
) -> Frame:
    """One Cloud Optimized GeoTIFF of the whole ground, which appears whole or not at all; unknown stays unknown.

    Where rasters overlap the finest that knows a place counts; pixels of the finest raster keep their values where it
    is in the storage CRS. resolution_m: of the mosaic; that of the finest raster where none is given.
    on_progress: called with the blocks written and their number.
    Raises: NotFound without terrain, Invalid for too many pixels, Unavailable where it cannot be read or written.
    """
    frame = _frame(ground, resolution_m)
    plain, partial = (target.with_name(f".{target.stem}.{os.getpid()}.{part}.tif") for part in ("plain", "partial"))
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        _write_plain(ground, frame, plain, on_progress)
        rasterio.shutil.copy(plain, partial, driver="COG", compress="DEFLATE", predictor="YES", bigtiff="IF_SAFER")
        partial.replace(target)
    except (OSError, RasterioError, CPLE_BaseError) as error:
        raise Unavailable(f"{target} cannot be written: {error}; it takes some {_megabytes(frame)} MB") from error
    finally:
        for part in (plain, partial):
            with suppress(OSError):
                part.unlink()
    return frame


def _frame(ground: Ground, resolution_m: float | None) -> Frame:
    if not ground.rasters:
        raise NotFound("the city has no terrain: import GeoTIFF, ASCII grid or XYZ first")
    if resolution_m is not None and not resolution_m > 0:
        raise Invalid(f"a resolution of {resolution_m:g} m is none: give metres above 0")
    finest = min(ground.rasters, key=lambda raster: raster.resolution_m)
    pixel_m = resolution_m or finest.resolution_m
    west, south, east, north = np.array([raster.extent.bounds for raster in ground.rasters]).T
    x, y = _origin(ground, finest, pixel_m)
    left, right = np.floor((west.min() - x) / pixel_m + _SLACK), np.ceil((east.max() - x) / pixel_m - _SLACK)
    top, bottom = np.floor((y - north.max()) / pixel_m + _SLACK), np.ceil((y - south.min()) / pixel_m - _SLACK)
    width, height = int(right - left), int(bottom - top)
    if width * height > _MOST_PIXELS:
        coarser = pixel_m * np.sqrt(width * height / _MOST_PIXELS)
        raise Invalid(f"{width} x {height} pixels are too many: choose a resolution of {np.ceil(coarser):g} m or more")
    return Frame(x + float(left) * pixel_m, y - float(top) * pixel_m, width, height, pixel_m)


def _origin(ground: Ground, finest: Raster, pixel_m: float) -> tuple[float, float]:
    """A corner of pixels: of the finest raster where its pixels can be those of the mosaic, else of whole metres."""
    with rasterio.open(finest.path) as source:
        t = source.transform
        is_ours = parse_crs(source.crs.to_wkt()) == ground.storage and np.allclose(
            (t.a, t.b, t.d, t.e), (pixel_m, 0, 0, -pixel_m), rtol=0, atol=1e-9
        )
    return (t.c, t.f) if is_ours else (0.0, 0.0)


def _write_plain(ground: Ground, frame: Frame, path: Path, on_progress: Callable[[int, int], None]) -> None:
    form = {"driver": "GTiff", "dtype": "float32", "count": 1, "nodata": NODATA, "bigtiff": "IF_SAFER"}
    size = {"width": frame.width, "height": frame.height, "crs": ground.storage.wkt, "transform": frame.transform}
    tiling = {"tiled": True, "blockxsize": _BLOCK, "blockysize": _BLOCK, "compress": "DEFLATE", "sparse_ok": True}
    windows = list(frame.windows())
    with rasterio.open(path, "w", **form, **size, **tiling) as mosaic:
        for done, window in enumerate(windows, start=1):
            heights = ground.elevations(frame.centres(window)).reshape(window.height, window.width)
            if not np.isnan(heights).all():
                mosaic.write(np.where(np.isnan(heights), NODATA, heights).astype("float32"), 1, window=window)
            on_progress(done, len(windows))


def _megabytes(frame: Frame) -> int:
    return frame.width * frame.height * 4 >> 20
