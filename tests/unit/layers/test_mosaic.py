"""The mosaic of all terrain: the same ground as everywhere, no seam, nothing known that is not."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest
import rasterio
import shapely
from affine import Affine

from layers.crs import parse_crs, transform_geometries
from layers.errors import Invalid, NotFound, Unavailable
from layers.mosaic import write_mosaic
from layers.terrain import Ground, Raster

if TYPE_CHECKING:
    from pathlib import Path

HUE = parse_crs("EPSG:9214")
WEST, NORTH = 561_001.0, 1_820_081.0


def a_raster(path: Path, heights: np.ndarray, at: tuple[float, float], step: float, crs: str = "EPSG:9214") -> Raster:
    transform = Affine(step, 0, at[0], 0, -step, at[1])
    form = {"height": heights.shape[0], "width": heights.shape[1], "count": 1, "dtype": "float32", "nodata": -9999}
    with rasterio.open(path, "w", driver="GTiff", crs=crs, transform=transform, **form) as target:
        target.write(heights, 1)
    west, north = at
    box = shapely.box(west, north - step * heights.shape[0], west + step * heights.shape[1], north)
    (extent,) = transform_geometries(np.array([shapely.segmentize(box, 5)]), parse_crs(crs), HUE)
    return Raster(path, extent, step, None)


def read(path: Path) -> tuple[np.ndarray, rasterio.Affine, dict[str, object]]:
    with rasterio.open(path) as source:
        assert source.nodata == -9999
        assert parse_crs(source.crs.to_wkt()) == HUE
        return source.read(1), source.transform, source.tags(ns="IMAGE_STRUCTURE")


def test_tiles_become_the_raster_that_they_were_cut_from(tmp_path: Path) -> None:
    """Every pixel of four tiles keeps its value, at the seams too, and one without a value has none in the mosaic."""
    heights = np.random.default_rng(1).normal(size=(40, 700)).cumsum(axis=1).astype("float32")
    heights[5:9, 300:420] = -9999
    tiles = tuple(
        a_raster(tmp_path / f"{i}-{j}.tif", heights[i : i + 20, j : j + 350], (WEST + 2 * j, NORTH - 2 * i), 2.0)
        for i in (0, 20)
        for j in (0, 350)
    )
    heard: list[tuple[int, int]] = []
    frame = write_mosaic(Ground(HUE, tiles), tmp_path / "out" / "m.tif", on_progress=lambda *step: heard.append(step))
    joined, transform, structure = read(tmp_path / "out" / "m.tif")
    assert (transform.c, transform.f, frame.pixel_m) == (WEST, NORTH, 2.0)
    assert np.array_equal(joined, heights)
    assert structure["LAYOUT"] == "COG"
    assert heard == [(1, 2), (2, 2)]
    assert [path.name for path in (tmp_path / "out").iterdir()] == ["m.tif"]


def test_the_finest_counts_and_another_system_is_moved(tmp_path: Path) -> None:
    """Where a fine raster knows the ground it counts, else a coarse one in UTM; where none does, nothing is made up."""
    coarse = np.full((60, 60), 7.0, "float32")
    (corner,) = transform_geometries(np.array([shapely.Point(WEST - 60, NORTH + 60)]), HUE, parse_crs("EPSG:3405"))
    fine = np.full((20, 20), 3.0, "float32")
    fine[4, 4] = -9999
    rasters = (
        a_raster(tmp_path / "coarse.tif", coarse, (corner.x, corner.y), 5.0, "EPSG:3405"),
        a_raster(tmp_path / "fine.tif", fine, (WEST, NORTH), 1.0),
        a_raster(tmp_path / "island.tif", fine[:2, :2], (WEST + 400, NORTH), 1.0),
    )
    ground = Ground(HUE, rasters)
    frame = write_mosaic(ground, tmp_path / "m.tif")
    joined, transform, _ = read(tmp_path / "m.tif")
    column, row = (round(value) for value in ~transform @ (WEST, NORTH))
    assert frame.pixel_m == 1.0
    here = joined[row : row + 20, column : column + 20]
    assert here[4, 4] == 7.0, "the coarse one knows what the fine one does not"
    here[4, 4] = 3.0
    assert (here == 3.0).all()
    assert (joined[row + 40, column + 40], joined[row, column + 350]) == (7.0, -9999)
    assert joined[row, column + 400] == 3.0
    assert set(np.unique(np.round(joined)).tolist()) <= {-9999.0, 3.0, 4.0, 5.0, 6.0, 7.0}
    halved = write_mosaic(ground, tmp_path / "half.tif", 2.0)
    assert abs(halved.width * 2 - frame.width) <= 2


def test_what_cannot_be_made_is_said(tmp_path: Path) -> None:
    """No terrain, too many pixels, a folder that is a file: each with its remedy, and nothing is left behind."""
    with pytest.raises(NotFound, match="import GeoTIFF"):
        write_mosaic(Ground(HUE, ()), tmp_path / "m.tif")
    ground = Ground(HUE, (a_raster(tmp_path / "a.tif", np.ones((9, 9), "float32"), (WEST, NORTH), 9.0),))
    with pytest.raises(Invalid, match="choose a resolution of"):
        write_mosaic(ground, tmp_path / "m.tif", 1e-4)
    with pytest.raises(Invalid, match="metres above 0"):
        write_mosaic(ground, tmp_path / "m.tif", -1.0)
    with pytest.raises(Unavailable, match="cannot be written"):
        write_mosaic(ground, tmp_path / "a.tif" / "m.tif")
    assert [path.name for path in tmp_path.iterdir()] == ["a.tif"]
