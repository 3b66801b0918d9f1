"""The ground of the ward: a raster of elevations above Hòn Dấu 1992, and the elevation at a point of it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from layers.errors import Invalid
from twin.sample.city.streets import BEARING

if TYPE_CHECKING:
    import shapely
    from numpy.typing import NDArray

    from twin.sample.city.streets import Points

NODATA = -9999.0
_PIXEL_M = 2.0
_MARGIN_M = 20.0
_QUAY_M = 2.3
_WATER_M = 0.45
# Beyond this far from the bank the survey saw only water.
_WATER_SEEN_M = 35.0


@dataclass(frozen=True, slots=True, eq=False)
class Terrain:
    """Elevations in metres at pixel centres, first row in the north; west and north are the raster's outer edges."""

    heights_m: NDArray[np.float32]
    west: float
    north: float
    pixel_m: float = _PIXEL_M

    def ground(self, points: Points) -> NDArray[np.float64]:
        """Elevations at points (n, 2), bilinear between pixel centres.

        Raises: Invalid where one of the four pixels around a point is missing or has no value.
        """
        column = (points[:, 0] - self.west) / self.pixel_m - 0.5
        row = (self.north - points[:, 1]) / self.pixel_m - 0.5
        left, top = np.floor(column).astype(int), np.floor(row).astype(int)
        rows, columns = self.heights_m.shape
        if left.min(initial=0) < 0 or top.min(initial=0) < 0 or left.max() >= columns - 1 or top.max() >= rows - 1:
            raise Invalid("a point lies outside the terrain: widen the raster")
        corners = np.stack([self.heights_m[top + i, left + j] for i in (0, 1) for j in (0, 1)]).astype(np.float64)
        if (corners == NODATA).any():
            raise Invalid("a point lies where the terrain has no value: move it off the water")
        x, y = column - left, row - top
        weights = np.stack([(1 - y) * (1 - x), (1 - y) * x, y * (1 - x), y * x])
        return np.asarray((corners * weights).sum(axis=0))


def plan_terrain(bank: shapely.LineString, bounds: tuple[float, float, float, float]) -> Terrain:
    """Ground that rises gently from the quay and has no value on open water, a little larger than the bounds."""
    west, north = (float(np.floor(bounds[0] - _MARGIN_M)), float(np.ceil(bounds[3] + _MARGIN_M)))
    columns = int((bounds[2] + _MARGIN_M - west) / _PIXEL_M) + 1
    rows = int((north - bounds[1] + _MARGIN_M) / _PIXEL_M) + 1
    x = west + (np.arange(columns, dtype=np.float64)[None, :] + 0.5) * _PIXEL_M
    y = north - (np.arange(rows, dtype=np.float64)[:, None] + 0.5) * _PIXEL_M
    shore = np.array(bank.coords)
    inland = (np.interp(x, shore[:, 0], shore[:, 1]) - y) * np.cos(BEARING)
    heights = np.where(inland > 0, _land(x, y, inland), _slope(inland))
    heights[inland < -_WATER_SEEN_M] = NODATA
    return Terrain(np.round(heights, 3).astype(np.float32), west, north)


def _land(x: NDArray[np.float64], y: NDArray[np.float64], inland: NDArray[np.float64]) -> NDArray[np.float64]:
    rise = _QUAY_M + 0.0012 * inland + 1.9e-6 * inland**2
    waves = 0.10 * np.sin(x / 83.0 + 0.4) * np.cos(y / 97.0) + 0.05 * np.sin((x + y) / 41.0)
    return np.asarray(rise + waves * np.clip(inland / 60.0, 0.0, 1.0))


def _slope(inland: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.asarray(np.maximum(_QUAY_M + 0.28 * inland, _WATER_M))
