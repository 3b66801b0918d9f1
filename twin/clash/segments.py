"""Straight axes held against straight walls in plan, all with all, as flat arrays.

Lengths in metres, x east, y north. Arrays are per object (n), per axis segment (s) or per wall (w).
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import shapely
from numpy.typing import NDArray

from twin.clash.solids import Floats, Shaft, Utility

Indices = NDArray[np.intp]
Flags = NDArray[np.bool_]
# A parameter along an axis as dividend and divisor; a divisor of 0 says that there is none.
type Turn = tuple[Floats, Floats]


@dataclass(frozen=True, slots=True)
class Axes:
    """The axis segments of all objects; where the elevation is unknown z is 0 and means nothing."""

    start: Floats
    """(s, 3) x, y, z."""
    step: Floats
    """(s, 3) from start to end."""
    owner: Indices
    """(s) position of the object in its list."""
    first: Indices
    """(n) position of the first segment of each object."""
    upright: Flags
    """(n) a cylinder as high as its axis, not a tube around it."""

    def span_heights(self, segment: Indices, t0: Floats | float, t1: Floats | float) -> tuple[Floats, Floats]:
        """The least and the greatest z of stretches from parameter `t0` to `t1` of segments."""
        z0 = self.start[segment, 2] + t0 * self.step[segment, 2]
        z1 = self.start[segment, 2] + t1 * self.step[segment, 2]
        return np.minimum(z0, z1), np.maximum(z0, z1)


@dataclass(frozen=True, slots=True)
class Pairs:
    """Axis segments against walls in plan; `rx, ry` leads from the wall's start to the segment's.

    `d` is the step of the axis, `e` that of the wall. The arrays are broadcast against each other and
    against parameters `t`, which run from 0 to 1 along the axis.
    """

    rx: Floats
    ry: Floats
    dx: Floats
    dy: Floats
    ex: Floats
    ey: Floats

    def take(self, segment: Indices, wall: Indices) -> "Pairs":
        """Single pairs out of a full grid, each a row of its own."""
        rx, ry = self.rx[segment, wall], self.ry[segment, wall]
        dx, dy = self.dx[segment, 0], self.dy[segment, 0]
        ex, ey = self.ex[0, wall], self.ey[0, wall]
        return Pairs(*(values[:, None] for values in (rx, ry, dx, dy, ex, ey)))

    def separate(self, t: Floats) -> tuple[Floats, Floats]:
        """The vector from the nearest point of the wall to the axis at `t`."""
        px, py = self.rx + t * self.dx, self.ry + t * self.dy
        along = (px * self.ex + py * self.ey) / (self.ex**2 + self.ey**2)
        along = np.minimum(np.maximum(along, 0.0), 1.0)
        return px - along * self.ex, py - along * self.ey

    @np.errstate(over="ignore")
    def approach(self) -> tuple[Floats, Floats]:
        """The least distance of each pair and a parameter where it is attained."""
        shape = np.broadcast_shapes(self.rx.shape, self.dx.shape, self.ex.shape)
        least, nearest = np.full(shape, np.inf), np.zeros(shape)
        turns = [clip_ratio(*turn) for turn in (*self.pass_ends(), self.cross_line(0.0))]
        for t in (np.zeros(shape), np.ones(shape), *turns):
            wx, wy = self.separate(t)
            squared = wx**2 + wy**2
            nearest = np.where(squared < least, t, nearest)
            least = np.minimum(squared, least)
        return np.sqrt(least), nearest

    def cross_line(self, offset_m: Floats | float) -> Turn:
        """Where the axis crosses the line parallel to the wall at a signed distance."""
        side = self.ey * self.rx - self.ex * self.ry
        turn = self.ex * self.dy - self.ey * self.dx
        return side + offset_m * np.sqrt(self.ex**2 + self.ey**2), turn

    def pass_ends(self) -> list[Turn]:
        """Where the axis passes nearest to either end of the wall."""
        length2 = self.dx**2 + self.dy**2
        return [(-(rx * self.dx + ry * self.dy), length2) for rx, ry in self._from_ends()]

    def change_feature(self) -> list[Turn]:
        """Where the nearest feature of the wall changes between its length and either end."""
        turn = self.dx * self.ex + self.dy * self.ey
        return [(-(rx * self.ex + ry * self.ey), turn) for rx, ry in self._from_ends()]

    def cross_rim(self, radius_m: Floats) -> list[Turn]:
        """Points of the axis among which it enters and leaves what lies within a radius of the wall."""
        length2 = self.dx**2 + self.dy**2
        found = [self.cross_line(radius_m), self.cross_line(-radius_m)]
        for rx, ry in self._from_ends():
            middle, across = -(rx * self.dx + ry * self.dy), rx * self.dy - ry * self.dx
            half = np.sqrt(np.maximum(radius_m**2 * length2 - across**2, 0.0))
            found += [(middle - half, length2), (middle + half, length2)]
        return found

    def _from_ends(self) -> tuple[tuple[Floats, Floats], tuple[Floats, Floats]]:
        return (self.rx, self.ry), (self.rx - self.ex, self.ry - self.ey)


def lay_axes(utilities: Sequence[Utility], origin: Floats) -> Axes:
    """The axes of all objects end to end, in plan relative to `origin`."""
    lines = [utility.axis for utility in utilities]
    lengths = [len(line) for line in lines]
    points = np.zeros((sum(lengths), 3))
    stop = 0
    for line, length in zip(lines, lengths, strict=True):
        points[stop : stop + length, : line.shape[1]] = line
        stop += length
    # Squares of full projected coordinates would cost seven digits.
    points[:, :2] -= origin
    owner = np.repeat(np.arange(len(lines)), lengths)
    joined = owner[:-1] == owner[1:]
    owner = owner[:-1][joined]
    return Axes(
        start=points[:-1][joined],
        step=np.diff(points, axis=0)[joined],
        owner=owner,
        first=np.searchsorted(owner, np.arange(len(lines))),
        upright=np.array([isinstance(utility, Shaft) for utility in utilities]),
    )


def pair_walls(axes: Axes, polygon: shapely.Polygon) -> Pairs:
    """Every segment against every wall of the polygon, outer and inner, as a grid (s, w)."""
    rings = [shapely.get_coordinates(ring) for ring in (polygon.exterior, *polygon.interiors)]
    start = np.concatenate([ring[:-1] for ring in rings])
    step = np.concatenate([np.diff(ring, axis=0) for ring in rings])
    real = step.any(axis=1)
    start, step = start[real], step[real]
    rx, ry = (axes.start[:, None, axis] - start[None, :, axis] for axis in (0, 1))
    return Pairs(rx, ry, axes.step[:, None, 0], axes.step[:, None, 1], step[None, :, 0], step[None, :, 1])


def ratio(dividend: Floats, divisor: Floats) -> Floats:
    """The quotient, 0 where the divisor is 0."""
    shape = np.broadcast_shapes(dividend.shape, divisor.shape)
    return np.divide(dividend, divisor, out=np.zeros(shape), where=divisor != 0)


def clip_ratio(dividend: Floats, divisor: Floats) -> Floats:
    """The quotient within 0 to 1; a parameter past either end of an axis stands for that end."""
    return np.minimum(np.maximum(ratio(dividend, divisor), 0.0), 1.0)


@np.errstate(over="ignore")
def list_turns(turns: Sequence[Turn]) -> Floats:
    """The parameters (k, number of turns) of single pairs."""
    dividends, divisors = zip(*turns, strict=True)
    shape = np.broadcast_shapes(*(dividend.shape for dividend in dividends))
    spread = [np.broadcast_to(divisor, shape) for divisor in divisors]
    return clip_ratio(np.concatenate(dividends, axis=1), np.concatenate(spread, axis=1))
