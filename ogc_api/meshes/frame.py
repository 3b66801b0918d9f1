"""Frames that stand on the ellipsoid of WGS 84: x east, y north, z up at an origin, in true metres."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from ogc_api.meshes.mesh import Floats

# Semi-major axis in metres and first eccentricity squared of WGS 84 (EPSG:7030).
_MAJOR_M = 6_378_137.0
_FLATTENING = 1 / 298.257223563
_ECCENTRICITY_2 = _FLATTENING * (2 - _FLATTENING)


def to_geocentric(positions: Floats) -> Floats:
    """Longitude and latitude in degrees and ellipsoidal height in metres (n, 3) as EPSG:4978 (EPSG method 9602)."""
    longitude, latitude = np.radians(positions[:, 0]), np.radians(positions[:, 1])
    sine, height = np.sin(latitude), positions[:, 2]
    normal = _MAJOR_M / np.sqrt(1 - _ECCENTRICITY_2 * sine**2)
    across = (normal + height) * np.cos(latitude)
    upward = (normal * (1 - _ECCENTRICITY_2) + height) * sine
    return np.column_stack([across * np.cos(longitude), across * np.sin(longitude), upward])


@dataclass(frozen=True, slots=True, eq=False)
class Frame:
    """`axes` (3, 3) are east, north and up at `origin` (3,), both in EPSG:4978."""

    origin: Floats
    axes: Floats

    def to_local(self, geocentric: Floats) -> Floats:
        return np.asarray((geocentric - self.origin) @ self.axes.T)

    @property
    def matrix(self) -> list[float]:
        """What takes the frame to EPSG:4978, column after column, as 3D Tiles and glTF write it."""
        columns = [[*axis, 0.0] for axis in self.axes.tolist()]
        return [*columns[0], *columns[1], *columns[2], *self.origin.tolist(), 1.0]


def frame_at(longitude: float, latitude: float, height_m: float = 0.0) -> Frame:
    """The frame at a place; degrees, height above the ellipsoid."""
    (origin,) = to_geocentric(np.array([[longitude, latitude, height_m]]))
    (sine_x, sine_y), (cosine_x, cosine_y) = (f(np.radians([longitude, latitude])) for f in (np.sin, np.cos))
    east = [-sine_x, cosine_x, 0.0]
    north = [-sine_y * cosine_x, -sine_y * sine_x, cosine_y]
    up = [cosine_y * cosine_x, cosine_y * sine_x, sine_y]
    return Frame(origin, np.array([east, north, up]))
