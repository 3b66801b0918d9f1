"""The ground between the points where it was read."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
import shapely

if TYPE_CHECKING:
    from twin.clash.solids import Floats


@dataclass(frozen=True, eq=False)
class Relief:
    """`points` (n, 3), x, y, z as they were read; linear between them."""

    points: Floats

    def read(self, places: Floats) -> Floats:
        """Elevations (m) at places (m, 2); NaN beyond what was read."""
        heights = np.full(len(places), np.nan)
        if len(self.points) < 3 or not len(places):
            return heights
        tree, corners, levels = self._triangles
        local = places - self._origin
        found, hit = tree.query(shapely.points(local), predicate="intersects")
        ones = np.ones((len(found), 3, 1))
        wanted = np.column_stack([local[found], ones[:, 0]])[..., None]
        weights = np.linalg.solve(np.concatenate([corners[hit], ones], axis=2).transpose(0, 2, 1), wanted)
        heights[found] = (weights[..., 0] * levels[hit]).sum(axis=1)
        return heights

    @property
    def _origin(self) -> Floats:
        """Full projected coordinates would cost the triangulation its digits."""
        return np.floor(self.points[0, :2])

    @cached_property
    def _triangles(self) -> tuple[shapely.STRtree, Floats, Floats]:
        """Triangles with their corners (t, 3, 2) and the levels of those (t, 3)."""
        known = {(x, y): z for x, y, z in (self.points - [*self._origin, 0.0]).tolist()}
        triangles = shapely.get_parts(shapely.delaunay_triangles(shapely.MultiPoint(list(known))))
        corners = shapely.get_coordinates(triangles).reshape(-1, 4, 2)[:, :3]
        levels = np.array([known[x, y] for x, y in corners.reshape(-1, 2).tolist()]).reshape(-1, 3)
        return shapely.STRtree(triangles), corners, levels
