"""The terrain in four sheets, each as another survey delivered it: ASCII grid, COG, GeoTIFF and XYZ."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import rasterio
import rasterio.shutil
from rasterio.transform import from_origin

from layers.crs import DEFAULT, parse_crs
from twin.sample.city.terrain import NODATA, Terrain

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

# What two of the sheets have where there is no value, as programs write it that know only numbers.
ABSURD = 1e38
SHEETS = ("dem-2m-tay-bac.asc", "dem-2m-dong-bac.tif", "dem-2m-tay-nam.tif", "dem-2m-dong-nam.xyz")


def write_terrain(folder: Path, terrain: Terrain) -> None:
    """Sheets that abut without a gap or an overlap: north-west, north-east, south-west, south-east."""
    folder.mkdir(parents=True)
    writers: tuple[Callable[[Path, Terrain], None], ...] = (_write_asc, _write_cog, _write_geotiff, _write_xyz)
    for name, sheet, write in zip(SHEETS, _quarter(terrain), writers, strict=True):
        write(folder / name, sheet)


def _quarter(terrain: Terrain) -> tuple[Terrain, ...]:
    rows, columns = (count // 2 for count in terrain.heights_m.shape)
    return tuple(
        Terrain(heights, terrain.west + left * terrain.pixel_m, terrain.north - top * terrain.pixel_m, terrain.pixel_m)
        for top, left, heights in (
            (0, 0, terrain.heights_m[:rows, :columns]),
            (0, columns, terrain.heights_m[:rows, columns:]),
            (rows, 0, terrain.heights_m[rows:, :columns]),
            (rows, columns, terrain.heights_m[rows:, columns:]),
        )
    )


def _write_geotiff(path: Path, sheet: Terrain) -> None:
    form = {"driver": "GTiff", "dtype": "float32", "crs": DEFAULT, "nodata": NODATA, "count": 1}
    size = {"height": sheet.heights_m.shape[0], "width": sheet.heights_m.shape[1]}
    transform = from_origin(sheet.west, sheet.north, sheet.pixel_m, sheet.pixel_m)
    packed = {"compress": "deflate", "predictor": 3, "tiled": True}
    with rasterio.open(path, "w", transform=transform, **form, **size, **packed) as raster:
        raster.write(sheet.heights_m, 1)


def _write_cog(path: Path, sheet: Terrain) -> None:
    """With overviews, whose heights are means and mean nothing."""
    plain = path.with_suffix(".plain.tif")
    _write_geotiff(plain, sheet)
    rasterio.shutil.copy(plain, path, driver="COG", compress="DEFLATE", predictor="YES", blocksize=128)
    plain.unlink()


def _write_asc(path: Path, sheet: Terrain) -> None:
    rows, columns = sheet.heights_m.shape
    south = sheet.north - rows * sheet.pixel_m
    head = (
        f"ncols         {columns}\nnrows         {rows}\nxllcorner     {sheet.west:.3f}\nyllcorner     {south:.3f}\n"
        f"cellsize      {sheet.pixel_m:.3f}\nNODATA_value  {ABSURD:g}\n"
    )
    body = "\n".join(" ".join(map(_tell, row)) for row in sheet.heights_m.tolist())
    path.write_text(head + body + "\n", encoding="ascii")
    _declare(path)


def _write_xyz(path: Path, sheet: Terrain) -> None:
    """East, north and height of the middle of every cell."""
    rows, columns = np.indices(sheet.heights_m.shape).reshape(2, -1)
    x = sheet.west + (columns + 0.5) * sheet.pixel_m
    y = sheet.north - (rows + 0.5) * sheet.pixel_m
    cells = zip(x.tolist(), y.tolist(), sheet.heights_m[rows, columns].tolist(), strict=True)
    path.write_text("".join(f"{east:.2f} {north:.2f} {_tell(z)}\n" for east, north, z in cells), encoding="ascii")
    _declare(path)


def _tell(height: float) -> str:
    return f"{ABSURD:g}" if height == NODATA else f"{height:.3f}"


def _declare(path: Path) -> None:
    path.with_suffix(".prj").write_text(parse_crs(DEFAULT).wkt1, encoding="ascii")
