"""What the shell of a solid says of the thing inside: the height of a pipe's axis and its outer size, a body's box.

All lengths are metres in a local plane: x east, y north, z up.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np
import shapely

if TYPE_CHECKING:
    from numpy.typing import NDArray

# GRS 80.
_AXIS_M = 6_378_137.0
_ECCENTRICITY_2 = 0.006_694_380_022_90
# A vertex lies on a bend when it is as near to both segments, give or take.
_NEAR_RATIO, _NEAR_M = 1.05, 0.01


@dataclass(frozen=True, slots=True)
class Profile:
    """Axis elevation at each vertex of a course, and the outer width and height of what follows it."""

    z: NDArray[np.float64]
    width_m: float
    height_m: float


@dataclass(frozen=True, slots=True)
class Box:
    """The smallest upright box around a body, x y of its middle first."""

    centre: tuple[float, float]
    width_m: float
    length_m: float
    bottom: float
    top: float


def plan_scale(latitude: float) -> tuple[float, float]:
    """Metres in a degree of longitude and of latitude at a latitude in degrees, on the ellipsoid GRS 80."""
    phi = np.radians(latitude)
    w = np.sqrt(1 - _ECCENTRICITY_2 * np.sin(phi) ** 2)
    degree = np.pi / 180
    return float(_AXIS_M / w * np.cos(phi) * degree), float(_AXIS_M * (1 - _ECCENTRICITY_2) / w**3 * degree)


def profile_along(course: NDArray[np.float64], shell: NDArray[np.float64]) -> Profile | None:
    """Profile of the shell (m, 3) of a pipe along its course in plan (n, 2), segment by segment straight.

    The axis runs half way between the highest and the lowest of a segment's vertices, seen along its slope. None
    where a segment has no vertices, or no two of them apart from each other.

    >>> box = np.array([[x, y, z] for x in (0, 10) for y in (-1, 1) for z in (4, 6)], dtype=float)
    >>> profile_along(np.array([[0.0, 0.0], [10.0, 0.0]]), box).z.tolist()
    [5.0, 5.0]
    """
    segments = shapely.linestrings(np.stack([course[:-1], course[1:]], axis=1))
    distances = shapely.distance(segments[:, None], shapely.points(shell[:, :2])[None, :])
    nearest = distances.min(axis=0) * _NEAR_RATIO + _NEAR_M
    z, sizes = np.full((len(segments), 2), np.nan), np.zeros((len(segments), 2))
    for i, (start, end) in enumerate(pairwise(course)):
        own = shell[distances[i] <= nearest]
        fitted = _fit(start, end, own)
        if fitted is None:
            return None
        z[i], sizes[i] = fitted
    inner = (z[:-1, 1] + z[1:, 0]) / 2
    width, height = sizes.max(axis=0)
    return Profile(np.concatenate([z[:1, 0], inner, z[-1:, 1]]), float(width), float(height))


def _fit(
    start: NDArray[np.float64], end: NDArray[np.float64], own: NDArray[np.float64]
) -> tuple[tuple[float, float], tuple[float, float]] | None:
    """(z at the start, z at the end), (width, height) of one straight segment."""
    length = float(np.hypot(*(end - start)))
    if len(own) < 4 or length == 0:
        return None
    along = (end - start) / length
    offset = own[:, :2] - start
    stations, sides = offset @ along, offset @ np.array([-along[1], along[0]])
    spread = stations - stations.mean()
    if np.ptp(stations) < _NEAR_M:
        return None
    slope = float(spread @ own[:, 2] / (spread @ spread))
    level = own[:, 2] - slope * stations
    middle = float(level.max() + level.min()) / 2
    return (middle, middle + slope * length), (float(np.ptp(sides)), float(np.ptp(level)))


def centre_line(ring: NDArray[np.float64]) -> NDArray[np.float64] | None:
    """Middle line (2, 2) of a four-cornered outline, from one of its short sides to the other; None for others."""
    corners = ring[:-1, :2] if len(ring) and np.array_equal(ring[0, :2], ring[-1, :2]) else ring[:, :2]
    if len(corners) != 4:
        return None
    sides = np.hypot(*(np.roll(corners, -1, axis=0) - corners).T)
    first = 0 if sides[0] + sides[2] <= sides[1] + sides[3] else 1
    turned = np.roll(corners, -first, axis=0)
    return np.array([turned[:2].mean(axis=0), turned[2:].mean(axis=0)])


def box_around(shell: NDArray[np.float64]) -> Box:
    """The smallest box around the vertices (m, 3) of a body that stands upright."""
    frame = shapely.oriented_envelope(shapely.multipoints(shell[:, :2]))
    corners = shapely.get_coordinates(frame)
    sides = np.sort(np.hypot(*np.diff(corners[:3], axis=0).T)) if len(corners) >= 3 else np.zeros(2)
    centre = shapely.centroid(frame)
    return Box(
        (centre.x, centre.y), float(sides[0]), float(sides[-1]), float(shell[:, 2].min()), float(shell[:, 2].max())
    )
