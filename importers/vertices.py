"""The vertices of many lines at once: what holds of a line is folded from what holds of each of them."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
import shapely

from layers.linestrings import LineStrings

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from layers.linestrings import Shapes
    from layers.terrain import Ground

    type Chosen = NDArray[np.bool_]
    type Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Lines:
    """The m vertices of n lines, each line with at least one.

    xyz: (m, 3), z NaN without. surface: (m,) terrain, NaN unknown. of: (m,) the line of each. first: (n,) its first.
    """

    xyz: Floats
    surface: Floats
    of: NDArray[np.int64]
    first: NDArray[np.int64]

    @classmethod
    def on(cls, ground: Ground, lines: Shapes) -> Lines:
        if isinstance(lines, LineStrings):
            unknown = np.full((len(lines.vertices), 3 - lines.vertices.shape[1]), np.nan)
            xyz, of, first = np.hstack([lines.vertices, unknown]), lines.of, lines.first
        else:
            xyz, of = shapely.get_coordinates(lines, include_z=True, return_index=True)
            counts = np.bincount(of, minlength=len(lines))
            first = np.cumsum(counts) - counts
        return cls(xyz, ground.elevations(xyz[:, :2]), of, first)

    def every(self, vertices: Chosen) -> Chosen:
        """For each line, whether all its vertices are."""
        return self._fold(np.logical_and, vertices)

    def some(self, vertices: Chosen) -> Chosen:
        return self._fold(np.logical_or, vertices)

    def _fold(self, ufunc: np.ufunc, vertices: Chosen) -> Chosen:
        return np.asarray(ufunc.reduceat(vertices, self.first) if len(self.first) else np.zeros(0, dtype=bool))

    def mean(self, values: Floats) -> Floats:
        """For each line, the mean over its vertices, NaN where one is unknown."""
        return np.asarray(np.add.reduceat(values, self.first) / self.counts if len(self.first) else np.zeros(0))

    def first_where(self, vertices: Chosen, values: Floats) -> Floats:
        """For each line, the value at the first of its vertices that is, NaN where none is."""
        found = np.full(len(self.first), np.nan)
        places = np.flatnonzero(vertices)[::-1]
        found[self.of[places]] = values[places]
        return found

    @property
    def last(self) -> NDArray[np.int64]:
        """(n,) the last vertex of each line."""
        return self.first + self.counts - 1

    def steeper_than_1(self, z: Floats, tolerance_m: float) -> Chosen:
        """Lines of which a segment rises or falls by more than its length in plan and the tolerance."""
        dx, dy, rise = np.diff(np.column_stack([self.xyz[:, :2], z]), axis=0, prepend=np.nan).T
        too_steep = np.abs(rise) > np.hypot(dx, dy) + tolerance_m
        too_steep[self.first] = False
        return self.some(too_steep)

    @property
    def counts(self) -> NDArray[np.int64]:
        """(n,) vertices of each line."""
        return np.diff(self.first, append=len(self.of))

    @cached_property
    def mean_surface(self) -> Floats:
        """Mean terrain under each line, NaN where it is unknown somewhere."""
        return self.mean(self.surface)

    @cached_property
    def share_along(self) -> Floats:
        """(m,) share of the line's length in plan that lies before each vertex."""
        steps = np.hypot(*np.diff(self.xyz[:, :2], axis=0, prepend=self.xyz[:1, :2]).T)
        steps[self.first] = 0.0
        total = np.add.reduceat(steps, self.first) if len(self.first) else np.zeros(0)
        sums = np.cumsum(steps)
        return np.asarray((sums - sums[self.first][self.of]) / total[self.of])
