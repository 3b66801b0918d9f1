"""Lines and rings as runs of points in one array, and which of their points say nothing."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from ogc_api.meshes.mesh import Flags, Floats, Integers

# A point this near to the straight between its neighbours may go: half a millimetre in all passes.
_STRAIGHT_M = 6e-5
_PASSES = 8
_SAME_M = 5e-4


@dataclass(frozen=True, slots=True, eq=False)
class Paths:
    """`points` (n, 2 or 3), path i from `starts[i]` to `starts[i + 1]`; what is `closed` leads back to its first point.

    The first point of a closed path is not repeated.
    """

    points: Floats
    starts: Integers
    closed: Flags

    @property
    def lengths(self) -> Integers:
        return np.diff(self.starts)

    @property
    def path(self) -> Integers:
        """The path of each point."""
        return np.repeat(np.arange(len(self.lengths)), self.lengths)

    def neighbours(self) -> tuple[Integers, Integers]:
        """The point before and the point after each; at the ends of an open path the point itself."""
        index = np.arange(len(self.points))
        before, after = index - 1, index + 1
        first, last = self.starts[:-1], self.starts[1:] - 1
        before[first] = np.where(self.closed, last, first)
        after[last] = np.where(self.closed, first, last)
        return before, after

    def keep(self, kept: Flags) -> Paths:
        """Without the points that are not kept."""
        counts = np.concatenate([[0], np.cumsum(kept)])
        return Paths(self.points[kept], counts[self.starts], self.closed)

    def choose(self, paths: Flags) -> Paths:
        """The paths that are marked."""
        kept = np.repeat(paths, self.lengths)
        return Paths(self.points[kept], np.concatenate([[0], np.cumsum(self.lengths[paths])]), self.closed[paths])


def open_paths(points: Floats, starts: Integers) -> Paths:
    """Lines; one that comes back to its first point is closed if it has two more."""
    open_ = np.zeros(len(starts) - 1, dtype=bool)
    paths = straighten(Paths(points, starts, open_))
    first, last = paths.starts[:-1], paths.starts[1:] - 1
    returns = _distance(paths.points[first], paths.points[last]) < _SAME_M
    closed = returns & (paths.lengths > 3)
    kept = np.ones(len(paths.points), dtype=bool)
    kept[last[closed]] = False
    return straighten(Paths(paths.points, paths.starts, closed).keep(kept))


def straighten(paths: Paths) -> Paths:
    """Without points that repeat another or lie on the straight between their neighbours.

    Neighbours never go in one pass, so that a finely drawn curve stays one.
    """
    for _ in range(_PASSES):
        needless = _needless(paths)
        if not needless.any():
            break
        paths = paths.keep(~needless)
    return paths


def _needless(paths: Paths) -> Flags:
    before, after = paths.neighbours()
    index = np.arange(len(paths.points))
    points = paths.points
    off = _from_straight(points, points[before], points[after])
    needless = (off < _STRAIGHT_M) & (before != index) & (after != index)
    # A ring keeps a triangle.
    needless &= ~paths.closed[paths.path] | (paths.lengths[paths.path] > 3)
    # Every other one of a run: those that stand on an even place behind the last that stays.
    stays = np.where(needless, -1, index)
    since = index - np.maximum.accumulate(stays)
    needless &= since % 2 == 1
    # Around the seam of a closed path a first and a last point are neighbours, too.
    first, last = paths.starts[:-1][paths.closed], paths.starts[1:][paths.closed] - 1
    needless[first] &= ~needless[last]
    return np.asarray(needless)


def _from_straight(points: Floats, start: Floats, end: Floats) -> Floats:
    """Distance of each point from the segment between two others."""
    along = end - start
    square = (along * along).sum(axis=1)
    share = np.divide(((points - start) * along).sum(axis=1), square, out=np.zeros(len(points)), where=square > 0)
    return _distance(points, start + np.clip(share, 0.0, 1.0)[:, None] * along)


def _distance(a: Floats, b: Floats) -> Floats:
    return np.asarray(np.sqrt(((a - b) ** 2).sum(axis=1)))
