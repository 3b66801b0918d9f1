"""Terrain rasters: checked, and kept as a Cloud Optimized GeoTIFF in the data folder."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

import numpy as np
import rasterio
import rasterio.shutil
import shapely
from rasterio.errors import RasterioError
from rasterio.windows import Window

from importers.faults import Fault, Rejected
from layers.crs import parse_crs, transform_geometries
from layers.errors import Invalid
from layers.loading import Batch

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from importers.position import City
    from importers.source import Dataset
    from layers.crs import Crs

# The lowest land is 430 m below the sea; what is lower is a mark for "no value".
_LOWEST_M = -500.0
_HIGHEST_M = 9000.0


def read_terrain(dataset: Dataset, city: City, given: Crs | None, *, data: Path, sha256: str) -> Batch:
    """The `terrain` row of a raster, which is copied to `data`/terrain.

    Raises: Rejected for a raster without values, CRS or plausible heights.
    """
    try:
        with rasterio.open(dataset.path) as source:
            crs = _crs(source, dataset, given)
            _check_heights(source, dataset)
            extent = shapely.box(*source.bounds)
            step = float(max(abs(source.transform.a), abs(source.transform.e)))
        path = _keep(dataset.path, data, sha256)
    except RasterioError as error:
        raise Rejected(Fault.UNREADABLE, f"{dataset.name}: {error}", "ask for the raster again") from error
    edges = np.array([shapely.segmentize(extent, extent.length / 256)], dtype=object)
    area = transform_geometries(edges, crs, city.storage, strict=False)[0]
    if not np.isfinite(area.bounds).all() or not city.region.intersects(area):
        raise Rejected(Fault.OUTSIDE_CITY, f"{dataset.name} lies outside the city", "check its reference system")
    columns: dict[str, Sequence[Any]] = {
        "name": [dataset.path.stem],
        "path": [path],
        "resolution_m": [step if crs.is_metric and crs.is_projected else step * 111_320.0],
        "geom": [shapely.MultiPolygon([area])],
    }
    return Batch("terrain", columns)


def _crs(source: rasterio.DatasetReader, dataset: Dataset, given: Crs | None) -> Crs:
    if source.crs is None and given is None:
        remedy = "import this file alone with --crs CODE"
        raise Rejected(Fault.CRS_MISSING, f"{dataset.name} declares no coordinate reference system", remedy)
    try:
        return parse_crs(source.crs.to_wkt()) if source.crs is not None else given  # type: ignore[return-value]
    except Invalid as error:
        raise Rejected(Fault.CRS_UNUSABLE, f"{dataset.name}: {error}", "write its CRS into the file") from error


def _check_heights(source: rasterio.DatasetReader, dataset: Dataset) -> None:
    low, high, known = np.inf, -np.inf, 0
    for top in range(0, source.height, 1024):
        rows = source.read(1, window=Window(0, top, source.width, min(1024, source.height - top)), masked=True)
        values = rows.compressed()
        values = values[np.isfinite(values)]
        if len(values):
            low, high, known = min(low, float(values.min())), max(high, float(values.max())), known + len(values)
    if not known:
        raise Rejected(Fault.VALUE_REFUSED, f"{dataset.name}: no pixel has a value", "ask for the raster again")
    if low < _LOWEST_M or high > _HIGHEST_M:
        raise Rejected(
            Fault.VALUE_REFUSED,
            f"{dataset.name}: heights from {low:g} to {high:g} m",
            "declare the value that stands for 'no data', and check that the unit is metres",
        )


def _keep(source: Path, data: Path, sha256: str) -> str:
    """Path of the raster's copy, relative to the data folder; a copy that is whole appears at once or not at all."""
    target = data / "terrain" / f"{sha256}.tif"
    if not target.exists():
        target.parent.mkdir(parents=True, exist_ok=True)
        partial = target.with_suffix(f".{os.getpid()}.partial.tif")
        try:
            rasterio.shutil.copy(source, partial, driver="COG", compress="DEFLATE", predictor="YES")
            partial.replace(target)
        finally:
            partial.unlink(missing_ok=True)
    return target.relative_to(data).as_posix()
