"""The ground between rasters: no step where one tile ends and the next begins."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest
import rasterio
import shapely
from affine import Affine

from layers.crs import parse_crs
from layers.terrain import Ground, Raster

if TYPE_CHECKING:
    from pathlib import Path

HUE = parse_crs("EPSG:9214")
CORNER = Affine(2, 0, 561_000, 0, -2, 1_820_080)


def a_tile(folder: Path, heights: np.ndarray, row: int, column: int) -> Raster:
    """A raster of 2 m pixels whose first pixel is at this row and column of the whole."""
    transform = CORNER @ Affine.translation(column, row)
    path = folder / f"{row}-{column}-{len(heights)}.tif"
    form = {"height": heights.shape[0], "width": heights.shape[1], "count": 1, "dtype": "float32", "nodata": -9999}
    with rasterio.open(path, "w", driver="GTiff", crs="EPSG:9214", transform=transform, **form) as target:
        target.write(heights, 1)
    west, north = transform.c, transform.f
    extent = shapely.box(west, north - 2 * heights.shape[0], west + 2 * heights.shape[1], north)
    return Raster(path, extent, 2.0, None)


def test_tiles_are_one_ground(tmp_path: Path) -> None:
    """Four tiles give the heights of the raster that they were cut from, at their seams and at their common corner."""
    random = np.random.default_rng(1)
    heights = random.normal(size=(40, 40)).cumsum(axis=0).cumsum(axis=1).astype("float32")
    whole = Ground(HUE, (a_tile(tmp_path, heights, 0, 0),))
    tiles = tuple(a_tile(tmp_path, heights[i : i + 20, j : j + 20], i, j) for i in (0, 20) for j in (0, 20))
    points = np.column_stack([random.uniform(561_000, 561_080, 5000), random.uniform(1_820_000, 1_820_080, 5000)])
    points[:3] = [(561_040, 1_820_040), (561_040.5, 1_820_039.5), (561_040, 1_820_010)]
    assert Ground(HUE, tiles).elevations(points) == pytest.approx(whole.elevations(points), abs=1e-9)


def test_nothing_is_known_beyond_the_last_tile(tmp_path: Path) -> None:
    """Half a pixel outside there is no ground, though a neighbour would reach there; unknown pixels stay unknown."""
    heights = np.full((4, 4), 5, "float32")
    heights[1, 1] = -9999
    ground = Ground(HUE, (a_tile(tmp_path, heights, 0, 0),))
    points = np.array([[560_999.5, 1_820_076], [561_000.1, 1_820_073], [561_003, 1_820_077], [561_007, 1_820_073]])
    assert ground.elevations(points) == pytest.approx([np.nan, 5, np.nan, 5], nan_ok=True)
