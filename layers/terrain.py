"""The ground: rasters kept as Cloud Optimized GeoTIFF on disk, one row each."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING

import numpy as np
import rasterio
import shapely
from rasterio.windows import Window
from sqlalchemy import CheckConstraint, Date, Double, Index, Text
from sqlalchemy.orm import Mapped, mapped_column

from layers.base import Base, Feature, geometry, labelled
from layers.crs import Crs, parse_crs, transform_points
from layers.database import Connection, storage_srid
from layers.errors import Unavailable

if TYPE_CHECKING:
    from pathlib import Path

    from affine import Affine
    from numpy.typing import NDArray


class Terrain(Feature, Base):
    __tablename__ = "terrain"

    name: Mapped[str] = labelled(Text, vi="Tên", en="Name")
    path: Mapped[str] = mapped_column(Text, unique=True, comment="relative to the data folder")
    vertical_datum: Mapped[str | None] = labelled(Text, vi="Hệ độ cao", en="Vertical datum")
    resolution_m: Mapped[float] = labelled(Double, vi="Độ phân giải", en="Resolution", unit="m")
    surveyed_on: Mapped[date | None] = labelled(Date, vi="Ngày đo", en="Survey date")
    geom: Mapped[object] = mapped_column(geometry("MULTIPOLYGON"), nullable=False)

    __table_args__ = (
        CheckConstraint("resolution_m > 0", name="resolution_m"),
        Index(None, "geom", postgresql_using="gist"),
    )


@dataclass(frozen=True, slots=True)
class Raster:
    """A terrain raster as the catalogue knows it; `extent` in storage CRS."""

    path: Path
    extent: shapely.Geometry
    resolution_m: float
    surveyed_on: date | None


@dataclass(frozen=True, slots=True)
class Ground:
    """Ground elevations of the city, in metres above the vertical datum; the finest raster that knows a point wins."""

    storage: Crs
    rasters: tuple[Raster, ...]

    def elevations(self, points: NDArray[np.float64]) -> NDArray[np.float64]:
        """Elevation at each point (n, 2), x y in storage CRS; NaN where no raster knows.

        Bilinear between pixel centres; a point beside a pixel without a value is not known.
        """
        heights = np.full(len(points), np.nan)
        for raster in sorted(self.rasters, key=lambda r: r.resolution_m):
            wanted = np.flatnonzero(np.isnan(heights))
            near = wanted[shapely.intersects_xy(raster.extent, points[wanted, :2])]
            if len(near):
                heights[near] = _sample(raster.path, points[near, :2], self.storage)
        return heights


def read_ground(connection: Connection, data: Path) -> Ground:
    """The ground as the terrain rows and their rasters below `data`/terrain tell it."""
    rows = connection.execute("select path, st_asbinary(geom), resolution_m, surveyed_on from terrain order by id")
    rasters = tuple(Raster(data / path, shapely.from_wkb(wkb), step, day) for path, wkb, step, day in rows)
    for raster in rasters:
        shapely.prepare(raster.extent)
    return Ground(parse_crs(f"EPSG:{storage_srid(connection)}"), rasters)


def _sample(path: Path, points: NDArray[np.float64], storage: Crs) -> NDArray[np.float64]:
    try:
        with rasterio.open(path) as source:
            moved = transform_points(points, storage, parse_crs(source.crs.to_wkt()))
            columns, rows = _pixels(~source.transform, moved)
            window = _window(columns, rows, source.width, source.height)
            pixels = source.read(1, window=window, masked=True).astype(float).filled(np.nan)
    except rasterio.errors.RasterioIOError as error:
        raise Unavailable(f"terrain raster {path} cannot be read: restore it or import the terrain again") from error
    return _bilinear(pixels, columns - window.col_off, rows - window.row_off)


def _pixels(inverse: Affine, points: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Columns and rows of points, counted from the centre of the first pixel."""
    x, y = points[:, 0], points[:, 1]
    return inverse.a * x + inverse.b * y + inverse.c - 0.5, inverse.d * x + inverse.e * y + inverse.f - 0.5


def _window(columns: NDArray[np.float64], rows: NDArray[np.float64], width: int, height: int) -> Window:
    left, top = max(int(np.floor(columns.min())), 0), max(int(np.floor(rows.min())), 0)
    right, bottom = min(int(np.floor(columns.max())) + 2, width), min(int(np.floor(rows.max())) + 2, height)
    return Window(left, top, max(right - left, 1), max(bottom - top, 1))


def _bilinear(
    pixels: NDArray[np.float64], columns: NDArray[np.float64], rows: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Values between pixel centres; within half a pixel of the edge the nearest row or column stands."""
    height, width = pixels.shape
    columns, rows = np.clip(columns, 0, width - 1), np.clip(rows, 0, height - 1)
    left, top = np.floor(columns).astype(int), np.floor(rows).astype(int)
    right, bottom = np.minimum(left + 1, width - 1), np.minimum(top + 1, height - 1)
    x, y = columns - left, rows - top
    corners = (
        (top, left, (1 - x) * (1 - y)),
        (top, right, x * (1 - y)),
        (bottom, left, (1 - x) * y),
        (bottom, right, x * y),
    )
    terms = [np.where(weight == 0, 0.0, pixels[row, column] * weight) for row, column, weight in corners]
    return np.asarray(sum(terms), dtype=float)
