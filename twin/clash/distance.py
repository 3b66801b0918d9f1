"""Distances from the axes of buried objects to a vertical-walled prism, without meshes.

With d_xy the plan distance to the polygon (0 inside it) and d_z the height above or below the prism, the
squared distance at a point of the axis is d_xy² + d_z². Against one wall d_xy is convex along a straight axis,
and so is the sum: its least value lies at an end, where the nearest feature changes, or where the slope
crosses 0 between two such points. All axes are held against all walls at once; walls that can't be nearest
are dropped before the slope is followed.

Lengths in metres, x east, y north, z up. Arrays are per object (n), per axis segment (s) or per wall (w).
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import shapely

from twin.clash.segments import Axes, Indices, Pairs, clip_ratio, lay_axes, list_turns, pair_walls, ratio
from twin.clash.solids import Floats, Utility

# Gaps are reported to the micrometre: half of one is contact.
CONTACT_M = 5e-7
_NEAR_WALL_M = 1e-6
_MAX_STEPS = 60


@dataclass(frozen=True, slots=True)
class Scene:
    """All objects held against one polygon in plan."""

    axes: Axes
    pairs: Pairs
    plan_m: Floats
    """(s, w) plan distance from segment to wall."""
    nearest: Floats
    """(s, w) parameter where it is attained."""
    inside: tuple[Indices, Floats, Floats]
    """Stretches within the polygon: segment, first and last parameter."""


@dataclass(frozen=True, slots=True)
class Prism:
    """The excavation as each object meets it: z range, and how far its walls are moved outwards.

    Arrays have shape (n, c): c cases, such as readings of the bottom, for each object.
    """

    low_m: Floats
    high_m: Floats
    offset_m: Floats


@dataclass(frozen=True, slots=True)
class Stretches:
    """Stretches of axes near the polygon: their object and the z range of the axis there."""

    owner: Indices
    low_m: Floats
    high_m: Floats


def set_scene(polygon: shapely.Polygon, utilities: Sequence[Utility]) -> Scene:
    """Hold objects against a polygon of the same projected CRS."""
    origin = np.array(polygon.bounds[:2])
    local = shapely.transform(polygon, lambda xy: xy - origin)
    axes = lay_axes(utilities, origin)
    pairs = pair_walls(axes, local)
    return Scene(axes, pairs, *pairs.approach(), _find_inside(axes, pairs, local))


def measure_plan(scene: Scene) -> Floats:
    """The plan distance (n) from each axis to the polygon, 0 where it touches or enters it."""
    least: Floats = np.minimum.reduceat(scene.plan_m.min(axis=1), scene.axes.first)
    least[scene.axes.owner[scene.inside[0]]] = 0.0
    return least


def measure_solid(scene: Scene, prism: Prism) -> Floats:
    """The 3D distance (n, c) from each axis to its prisms, 0 where it touches or enters it.

    Horizontal and vertical distance count beyond the offset and the z range. Never above the true distance
    by more than rounding; below it by at most 1e-7 m or, far away, a part in 10⁹.
    """
    axes, owner = scene.axes, scene.axes.owner
    low, high, offset = prism.low_m[owner], prism.high_m[owner], prism.offset_m[owner]

    plan2 = np.maximum(scene.plan_m[:, :, None] - offset[:, None], 0.0) ** 2
    z = (axes.start[:, None, 2] + scene.nearest * axes.step[:, None, 2])[:, :, None]
    reached = plan2 + _rise(z, z, low[:, None], high[:, None]) ** 2
    least = np.minimum.reduceat(reached.min(axis=1), axes.first, axis=0)

    inner = scene.inside[0]
    bottom, top = axes.span_heights(*scene.inside)
    inside2 = _rise(bottom[:, None], top[:, None], low[inner], high[inner]) ** 2
    np.minimum.at(least, owner[inner], inside2)

    bottom, top = axes.span_heights(np.arange(len(owner)), 0.0, 1.0)
    bound = plan2 + _rise(bottom[:, None], top[:, None], low, high)[:, None] ** 2
    segment, wall, case = np.nonzero(bound < least[owner, None])
    course = _Course(
        scene.pairs.take(segment, wall),
        *(values[segment, None] for values in (axes.start[:, 2], axes.step[:, 2])),
        *(values[segment, case, None] for values in (low, high, offset)),
    )
    np.minimum.at(least, (owner[segment], case), course.descend())
    return np.sqrt(least)


def measure_vertical(scene: Scene, reach_m: Floats, low_m: float, high_m: float) -> Floats:
    """The signed vertical distance (n) from axis to prism where the axis is within `reach_m` in plan.

    For a tube it is taken point by point and less than 0 where the axis is within the z range; for a shaft
    between its whole height and the z range. Infinite where the object never comes that near.
    """
    near = find_stretches(scene, reach_m)
    upright = scene.axes.upright[near.owner]
    deepest = np.clip((low_m + high_m) / 2, near.low_m, near.high_m)
    top, bottom = np.where(upright, near.high_m, deepest), np.where(upright, near.low_m, deepest)
    least = np.full(len(scene.axes.upright), np.inf)
    np.minimum.at(least, near.owner, np.maximum(low_m - top, bottom - high_m))
    return least


def find_stretches(scene: Scene, reach_m: Floats) -> Stretches:
    """Where each axis is within its reach (n) of the polygon in plan, contact included."""
    owner = scene.axes.owner
    segment, wall = np.nonzero(scene.plan_m <= reach_m[owner][:, None] + CONTACT_M)
    pairs, nearest = scene.pairs.take(segment, wall), scene.nearest[segment, wall][:, None]
    reach = reach_m[owner[segment]][:, None]
    ends = [np.zeros_like(nearest), np.ones_like(nearest)]
    t = np.concatenate([nearest, *ends, list_turns(pairs.cross_rim(reach))], axis=1)
    wx, wy = pairs.separate(t)
    within = wx**2 + wy**2 <= (reach + CONTACT_M) ** 2
    within[:, 0] = True  # the nearest point, whatever rounding says
    t0, t1 = np.where(within, t, np.inf).min(axis=1), np.where(within, t, -np.inf).max(axis=1)
    inner, inner0, inner1 = scene.inside
    segments = np.concatenate([inner, segment])
    spans = scene.axes.span_heights(segments, np.concatenate([inner0, t0]), np.concatenate([inner1, t1]))
    return Stretches(owner[segments], *spans)


@dataclass(frozen=True, slots=True)
class _Course:
    """Single pairs with the heights of their axis and their prism, all (k, 1)."""

    pairs: Pairs
    z: Floats
    dz: Floats
    low_m: Floats
    high_m: Floats
    offset_m: Floats

    def descend(self) -> Floats:
        """The least squared distance (k) of each pair."""
        t = self._turns()
        squared, slope = self._measure(t)
        rows, last = np.arange(len(t)), t.shape[1] - 1
        falling = (slope < 0).sum(axis=1)
        before, after = np.maximum(falling - 1, 0), np.minimum(falling, last)
        bracket = (t[rows, before], slope[rows, before], t[rows, after], slope[rows, after])
        return np.minimum(squared.min(axis=1), self._follow(*bracket))

    def _turns(self) -> Floats:
        """The parameters (k, 14) between which the squared distance is smooth."""
        ends = [np.zeros_like(self.z), np.ones_like(self.z)]
        heights = [(self.low_m - self.z, self.dz), (self.high_m - self.z, self.dz)]
        plan = [*self.pairs.change_feature(), *self.pairs.pass_ends(), *self.pairs.cross_rim(self.offset_m)]
        return np.sort(np.concatenate([*ends, list_turns([*heights, *plan])], axis=1), axis=1)

    def _measure(self, t: Floats) -> tuple[Floats, Floats]:
        """The squared distance and half its slope at parameters."""
        wx, wy = self.pairs.separate(t)
        plan = np.sqrt(wx**2 + wy**2)
        beyond = np.maximum(plan - self.offset_m, 0.0)
        z = self.z + t * self.dz
        rise = np.maximum(z - self.high_m, 0.0) - np.maximum(self.low_m - z, 0.0)
        outward = ratio(beyond, plan) * (wx * self.pairs.dx + wy * self.pairs.dy)
        return beyond**2 + rise**2, outward + rise * self.dz

    def _follow(self, low: Floats, low_slope: Floats, high: Floats, high_slope: Floats) -> Floats:
        """The least squared distance (k) between two parameters where the slope changes its sign.

        False position: one step where the slope is linear, which is everywhere but around a corner of a
        prism with moved walls. What convexity still allows below the last step is subtracted, so that a
        hit is never missed.
        """
        for _ in range(_MAX_STEPS):
            t = low + (high - low) * ratio(-low_slope, high_slope - low_slope)
            squared, slope = (values[:, 0] for values in self._measure(t[:, None]))
            rising = slope >= 0
            slack = 2 * np.abs(slope) * np.where(rising, t - low, high - t)
            if (slack <= 1e-14 + 1e-9 * squared).all():
                break
            # Halving the slope of the end that stays keeps it from staying for ever.
            low_slope, high_slope = np.where(rising, (low_slope / 2, slope), (slope, high_slope / 2))
            low, high = np.where(rising, (low, t), (t, high))
        floor: Floats = np.maximum(squared - slack, 0.0)
        return floor


@np.errstate(over="ignore")
def _find_inside(axes: Axes, pairs: Pairs, polygon: shapely.Polygon) -> tuple[Indices, Floats, Floats]:
    """The stretches of segments inside the polygon, between crossings of walls.

    A crossing too many is harmless, so one counts from a micrometre off the wall. Whether a stretch along a
    wall is taken as inside makes no difference: its distance is 0 either way.
    """
    crossing = clip_ratio(*pairs.cross_line(0.0))
    wx, wy = pairs.separate(crossing)
    events = np.where(wx**2 + wy**2 <= _NEAR_WALL_M**2, crossing, 0.0)
    ends = np.broadcast_to([0.0, 1.0], (len(events), 2))
    t = np.sort(np.concatenate([ends, events], axis=1), axis=1)
    segment, piece = np.nonzero(t[:, 1:] > t[:, :-1])
    t0, t1 = t[segment, piece], t[segment, piece + 1]
    middle = axes.start[segment, :2] + ((t0 + t1) / 2)[:, None] * axes.step[segment, :2]
    shapely.prepare(polygon)
    within = shapely.intersects_xy(polygon, middle)
    return segment[within], t0[within], t1[within]


def _rise(bottom: Floats, top: Floats, low: Floats, high: Floats) -> Floats:
    """How far the range from bottom to top is above or below the range from low to high."""
    return np.maximum(np.maximum(low - top, bottom - high), 0.0)
