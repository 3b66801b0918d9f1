"""Where a model stands: from x, y and elevation of the city to east, north and up about an origin, and the ground."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

import numpy as np

from layers.crs import WGS84, parse_crs, transform_points
from layers.relief import sample_ground
from ogc_api.meshes.frame import Frame, frame_at, to_geocentric

if TYPE_CHECKING:
    from layers.crs import Crs
    from layers.terrain import Ground
    from ogc_api.meshes.mesh import Floats, Integers


class Heights(StrEnum):
    """What z counts from: the ellipsoid, or the ground, for maps that are flat."""

    ABSOLUTE = "absolute"
    GROUND = "ground"


@dataclass(frozen=True, slots=True, eq=False)
class Surroundings:
    """What a city's models have in common: its systems, its ground, and what its heights count from.

    `geoid_m` is how high the city's zero of elevation lies above the ellipsoid, 0 where nobody said so.
    """

    storage: Crs
    ground: Ground | None
    heights: Heights = Heights.ABSOLUTE
    geoid_m: float = 0.0

    @property
    def is_flat(self) -> bool:
        return self.heights is Heights.GROUND

    def at(self, x: float, y: float, elevation_m: float = 0.0) -> Site:
        """The site whose origin is a place of the storage CRS."""
        (longitude, latitude), *_ = transform_points(np.array([[x, y]]), self.storage, parse_crs(WGS84)).tolist()
        height_m = elevation_m if self.is_flat else elevation_m + self.geoid_m
        return Site(self, frame_at(longitude, latitude, height_m), (longitude, latitude, height_m))


@dataclass(frozen=True, slots=True, eq=False)
class Site:
    """A model's frame in its surroundings; `origin` is longitude, latitude, height above the ellipsoid."""

    around: Surroundings
    frame: Frame
    origin: tuple[float, float, float]

    @property
    def is_flat(self) -> bool:
        return self.around.is_flat

    def place(self, points: Floats, heights_m: Floats) -> Floats:
        """Points (n, 2) of the storage CRS in the frame; heights as `Heights` says, elevations where absolute."""
        degrees = transform_points(np.ascontiguousarray(points[:, :2]), self.around.storage, parse_crs(WGS84))
        lifted = heights_m if self.is_flat else heights_m + self.around.geoid_m
        return self.frame.to_local(to_geocentric(np.column_stack([degrees, lifted])))

    def turn(self, normals: Floats, about: Floats) -> Floats:
        """Directions (n, 3) of the storage CRS near a point of it (2,), in the frame: its north is not the map's."""
        ends = self.place(about + np.array([[0.0, 0.0], [1.0, 0.0]]), np.zeros(2))
        east = ends[1, :2] - ends[0, :2]
        cosine, sine = east / np.hypot(*east)
        turned = np.array([[cosine, sine], [-sine, cosine]])
        return np.column_stack([normals[:, :2] @ turned, normals[:, 2]])

    def ground_at(self, points: Floats) -> Floats:
        """Elevation of the ground at points (n, 2) of the storage CRS; NaN where it is unknown."""
        return sample_ground(self.around.ground, points)


def lowest(values: Floats, owners: Integers, count: int) -> Floats:
    """The lowest of the values (n,) of each owner; NaN where none is known."""
    found = np.full(count, np.inf)
    known = ~np.isnan(values)
    np.minimum.at(found, owners[known], values[known])
    return np.where(np.isinf(found), np.nan, found)
