"""The ground: rasters kept as Cloud Optimized GeoTIFF on disk, one row each."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, Any

import numpy as np
import shapely
from sqlalchemy import CheckConstraint, Date, Double, Index, Text
from sqlalchemy.orm import Mapped, mapped_column

from layers.base import Base, Feature, by_file, geometry, labelled
from layers.crs import Crs, parse_crs, transform_points
from layers.database import Connection, storage_srid
from layers.raster_tiles import open_grid

if TYPE_CHECKING:
    from pathlib import Path

    from affine import Affine
    from numpy.typing import NDArray


# Shares of neighbours that add up to a pixel, but for rounding.
_WHOLE = 1.0 - 1e-9


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
        by_file(),
    )


@dataclass(frozen=True, slots=True)
class Raster:
    """A terrain raster as the catalogue knows it; `extent` in storage CRS."""

    path: Path
    extent: shapely.Geometry
    resolution_m: float
    surveyed_on: date | None

    def reaches(self, points: NDArray[np.float64]) -> NDArray[np.bool_]:
        """Which points (n, 2) may lie on the raster or within a pixel of its edge."""
        west, south, east, north = self.extent.bounds
        x, y, rim = points[:, 0], points[:, 1], self.resolution_m
        return np.asarray((x > west - rim) & (x < east + rim) & (y > south - rim) & (y < north + rim))


@dataclass(frozen=True, slots=True)
class Ground:
    """Ground elevations of the city, in metres above the vertical datum; the finest raster that knows a point wins."""

    storage: Crs
    rasters: tuple[Raster, ...]

    def __post_init__(self) -> None:
        object.__setattr__(self, "rasters", tuple(sorted(self.rasters, key=lambda raster: raster.resolution_m)))
        shapely.prepare([raster.extent for raster in self.rasters])

    def elevations(self, points: NDArray[np.float64]) -> NDArray[np.float64]:
        """Elevation at each point (n, 2), x y in storage CRS; NaN where no raster knows.

        Bilinear between pixel centres, across the seams of neighbouring rasters too; a point beside a pixel without a
        value is not known.
        """
        heights, shares = np.zeros(len(points)), np.zeros(len(points))
        known = np.zeros(len(points), dtype=bool)
        for raster in self.rasters:
            near = np.flatnonzero((shares < _WHOLE) & raster.reaches(points))
            if not len(near):
                continue
            places = points[near, :2]
            values, share = _sample(raster.path, places, self.storage)
            inside = shapely.intersects_xy(raster.extent, places)
            is_first = len(near) == len(points) and not shares.any()
            if is_first and share.min() >= _WHOLE and inside.all() and np.isfinite(values).all():
                return values
            share = np.where(np.isnan(values), 0.0, np.minimum(share, 1.0 - shares[near]))
            heights[near] += share * np.nan_to_num(values)
            shares[near] += share
            known[near] |= (share > 0) & inside
        return np.asarray(np.divide(heights, shares, out=np.full(len(points), np.nan), where=known))


def read_ground(connection: Connection, data: Path) -> Ground:
    """The ground as the terrain rows and their rasters below `data`/terrain tell it."""
    rows = connection.execute("select path, st_asbinary(geom), resolution_m, surveyed_on from terrain order by id")
    rasters = tuple(Raster(data / path, shapely.from_wkb(wkb), step, day) for path, wkb, step, day in rows)
    return Ground(parse_crs(f"EPSG:{storage_srid(connection)}"), rasters)


def _sample(path: Path, points: NDArray[np.float64], storage: Crs) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Values at points, and how much of a pixel around each lies on the raster: the rest is for its neighbours."""
    values = np.full(len(points), np.nan)
    grid = open_grid(path)
    columns, rows = _pixels(grid.to_pixels, transform_points(points, storage, grid.crs))
    share = _overlap(columns, grid.width) * _overlap(rows, grid.height)
    on = np.flatnonzero(share > 0)
    if len(on):
        left, top, width, height = _window(columns[on], rows[on], grid.width, grid.height)
        pixels = grid.read(left, top, width, height)
        values[on] = _bilinear(pixels, columns[on] - left, rows[on] - top)
    return values, share


def _overlap(places: NDArray[np.float64], count: int) -> NDArray[np.float64]:
    """Length within the raster of a pixel about each place, counted from the centre of the first of `count` pixels."""
    return _between(np.minimum(places + 0.5, count - 0.5) - np.maximum(places - 0.5, -0.5), 0.0, 1.0)


def _between(values: NDArray[np.float64], low: float, high: float) -> NDArray[np.float64]:
    """As `numpy.clip`, in a third of its time for so few."""
    return np.asarray(np.minimum(np.maximum(values, low), high))


def _pixels(inverse: Affine, points: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Columns and rows of points, counted from the centre of the first pixel."""
    x, y = points[:, 0], points[:, 1]
    return inverse.a * x + inverse.b * y + inverse.c - 0.5, inverse.d * x + inverse.e * y + inverse.f - 0.5


def _window(columns: NDArray[np.float64], rows: NDArray[np.float64], width: int, height: int) -> tuple[int, ...]:
    left, top = max(int(np.floor(columns.min())), 0), max(int(np.floor(rows.min())), 0)
    right, bottom = min(int(np.floor(columns.max())) + 2, width), min(int(np.floor(rows.max())) + 2, height)
    return left, top, max(right - left, 1), max(bottom - top, 1)


def _bilinear(
    pixels: NDArray[np.floating[Any]], columns: NDArray[np.float64], rows: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Values between pixel centres; within half a pixel of the edge the nearest row or column stands."""
    height, width = pixels.shape
    columns, rows = _between(columns, 0.0, width - 1.0), _between(rows, 0.0, height - 1.0)
    left, top = columns.astype(int), rows.astype(int)
    right, bottom = np.minimum(left + 1, width - 1), np.minimum(top + 1, height - 1)
    x, y = columns - left, rows - top
    corners = (
        (top, left, (1 - x) * (1 - y)),
        (top, right, x * (1 - y)),
        (bottom, left, (1 - x) * y),
        (bottom, right, x * y),
    )
    terms = [pixels[row, column] * weight for row, column, weight in corners]
    values = terms[0] + terms[1] + terms[2] + terms[3]
    if not np.isfinite(values).all():
        # What has no weight has no value either.
        known = [np.where(weight == 0, 0.0, term) for term, (_, _, weight) in zip(terms, corners, strict=True)]
        values = known[0] + known[1] + known[2] + known[3]
    return np.asarray(values, dtype=float)
