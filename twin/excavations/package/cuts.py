"""What upright planes cut out of pipes and shafts: shapes in u (metres along the plane) and z (elevation)."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np
import shapely

if TYPE_CHECKING:
    from twin.clash.solids import Floats

_ANGLES = np.linspace(-np.pi / 2, np.pi / 2, 33)
# Steeper than this a pipe is cut as an upright cylinder.
_STEEP = 0.98


@dataclass(frozen=True, slots=True, eq=False)
class Plane:
    """An upright plane through `origin` (x, y) along the unit vector `ahead`, from u = `start_m` to `end_m`."""

    origin: Floats
    ahead: Floats
    start_m: float
    end_m: float

    @property
    def trace(self) -> shapely.LineString:
        """The plane as a line in plan."""
        return shapely.LineString([self.origin + u * self.ahead for u in (self.start_m, self.end_m)])

    def measure(self, xy: Floats) -> Floats:
        """U of points (n, 2)."""
        return np.asarray((xy - self.origin) @ self.ahead)


@dataclass(frozen=True, slots=True)
class Section:
    """The outside of a pipe across its axis: "circular", "egg", or else a rectangle."""

    shape: str
    width_m: float
    height_m: float

    def heights(self, across_m: Floats) -> tuple[Floats, Floats]:
        """Lowest and highest point above the axis, at distances across it of at most half the width."""
        half, whole = self.height_m / 2, np.ones_like(across_m)
        if self.shape not in ("circular", "egg"):
            return -half * whole, half * whole
        share = np.sqrt(np.maximum(1.0 - (2 * across_m / self.width_m) ** 2, 0.0))
        if self.shape == "circular":
            return -half * share, half * share
        # An egg: a half circle on a half ellipse.
        belt = half - self.width_m / 2
        return belt - (self.height_m - self.width_m / 2) * share, belt + self.width_m / 2 * share


def cut_polygon(polygon: shapely.Geometry, plane: Plane) -> list[tuple[float, float]]:
    """The stretches of u within a polygon in plan, from left to right."""
    parts = shapely.get_parts(shapely.intersection(plane.trace, polygon))
    spans = [plane.measure(shapely.get_coordinates(part)) for part in parts if part.geom_type == "LineString"]
    return sorted((float(u.min()), float(u.max())) for u in spans if len(u))


def cut_line(axis: Floats, section: Section, plane: Plane) -> shapely.Geometry:
    """The shape of a pipe about an axis (n, 3) in the plane, empty where it passes beside."""
    legs = pairwise(axis)
    pieces = [piece for start, end in legs if (piece := _cut_leg(start, end, section, plane)) is not None]
    return shapely.union_all(pieces)


def cut_shaft(axis: Floats, radius_m: float, plane: Plane) -> shapely.Geometry:
    """The rectangle that an upright cylinder about an axis (2, 3) leaves in the plane."""
    relative = axis[0, :2] - plane.origin
    middle = float(relative @ plane.ahead)
    beside = float(relative[0] * plane.ahead[1] - relative[1] * plane.ahead[0])
    if abs(beside) >= radius_m or not plane.start_m - radius_m < middle < plane.end_m + radius_m:
        return shapely.Polygon()
    half = float(np.sqrt(radius_m**2 - beside**2))
    return shapely.box(middle - half, float(axis[:, 2].min()), middle + half, float(axis[:, 2].max()))


def _cut_leg(start: Floats, end: Floats, section: Section, plane: Plane) -> shapely.Polygon | None:
    run = float(np.hypot(*(end - start)[:2]))
    rise = float(end[2] - start[2])
    if abs(rise) >= _STEEP * np.hypot(run, rise):
        shaft = cut_shaft(np.stack([start, [*start[:2], end[2]]]), section.width_m / 2, plane)
        return None if shaft.is_empty else shaft
    ahead = (end - start)[:2] / run
    relative = plane.origin - start[:2]
    # Along the plane both the run along the axis and the distance across it grow evenly with u.
    spans = [
        _solve(float(relative @ ahead), float(plane.ahead @ ahead), (0.0, run)),
        _solve(_cross(ahead, relative), _cross(ahead, plane.ahead), (-section.width_m / 2, section.width_m / 2)),
        (plane.start_m, plane.end_m),
    ]
    low, high = max(span[0] for span in spans), min(span[1] for span in spans)
    if low >= high:
        return None
    u = (low + high) / 2 + (high - low) / 2 * np.sin(_ANGLES)
    along = relative @ ahead + u * (plane.ahead @ ahead)
    across = _cross(ahead, relative) + u * _cross(ahead, plane.ahead)
    bottom, top = section.heights(np.clip(across, -section.width_m / 2, section.width_m / 2))
    z, steepness = start[2] + along / run * rise, float(np.hypot(run, rise)) / run
    return shapely.Polygon(np.vstack([np.column_stack([u, z + bottom * steepness]),
                                      np.column_stack([u, z + top * steepness])[::-1]]))  # fmt: skip


def _solve(value: float, slope: float, limits: tuple[float, float]) -> tuple[float, float]:
    """The u for which value + u × slope keeps within the limits."""
    if abs(slope) < 1e-12:
        return (-np.inf, np.inf) if limits[0] <= value <= limits[1] else (np.inf, -np.inf)
    ends = sorted((limit - value) / slope for limit in limits)
    return ends[0], ends[1]


def _cross(a: Floats, b: Floats) -> float:
    return float(a[0] * b[1] - a[1] * b[0])
