"""Straight pieces held against straight pieces in plan, pair by pair, as flat arrays. Metres, x east, y north."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from twin.clash.solids import Floats

Indices = NDArray[np.intp]
Flags = NDArray[np.bool_]
# A parameter along an axis as dividend and divisor; a divisor of 0 says that there is none.
type Turn = tuple[Floats, Floats]


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
