"""How two buried objects lie to each other: parallel or crossing, and their gaps in plan, in height and in space.

Objects come pair by pair, and all straight pieces of all pairs are held against each other at once. Coordinates are
x, y (east, north) and z in metres of one projected CRS; gaps run from outside to outside. Arrays are per pair of
objects (n) or per pair of pieces (k).
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from math import hypot, inf
from typing import NamedTuple

import numpy as np

from twin.clash.accuracy import Accuracy
from twin.clash.kernel.joints import ends_at, pair_pieces
from twin.clash.rulebook import Parallels
from twin.clash.rules import Gap, Meeting
from twin.clash.segments import Flags, Indices, Pairs, clip_ratio, list_turns
from twin.clash.solids import Floats, Shaft, Utility

_PIECES_AT_ONCE = 100_000
_CONTACT_M = 5e-7
_POINT_M = 1e-9
_STEPS = 64
_DECIMALS = 6


@dataclass(frozen=True, slots=True)
class Placed:
    """An object with how far it may lie off its record, and the radius that stands for an unknown section."""

    utility: Utility
    accuracy: Accuracy
    assumed_radius_m: float

    @property
    def radius_m(self) -> float:
        return self.utility.outer_radius_m or self.assumed_radius_m


type Couple = tuple[Placed, Placed]


def meet(couples: Sequence[Couple], parallels: Parallels) -> list[Meeting]:
    """One meeting for every couple, in the order given; swapping the two of a couple changes nothing.

    >>> from twin.clash.accuracy import STATED
    >>> from twin.clash.solids import Tube
    >>> known = Accuracy(0.05, 0.025, STATED)
    >>> parallels = Parallels(angle_deg=30.0, length_m=2.0, within_m=5.0, joined_within_m=0.05)
    >>> sewer = Placed(Tube(1, np.array([[0, 0, -3.0], [20, 0, -3.0]]), 0.2), known, 1.0)
    >>> water = Placed(Tube(2, np.array([[10, -9, -1.0], [10, 9, -1.0]]), 0.1), known, 1.0)
    >>> meeting = meet([(sewer, water)], parallels)[0]
    >>> meeting.crossing, meeting.alongside, meeting.angle_deg
    (Gap(nominal_m=1.7, worst_m=1.65), None, 90.0)
    """
    return [meeting for batch in _batches(couples) for meeting in _meet(batch, parallels)]


def _batches(couples: Sequence[Couple]) -> Iterator[list[Couple]]:
    batch: list[Couple] = []
    pieces = 0
    for couple in couples:
        size = (len(couple[0].utility.points) - 1) * (len(couple[1].utility.points) - 1)
        if batch and pieces + size > _PIECES_AT_ONCE:
            yield batch
            batch, pieces = [], 0
        batch.append(couple)
        pieces += size
    if batch:
        yield batch


def _meet(couples: list[Couple], parallels: Parallels) -> Iterator[Meeting]:
    pieces = _lay(couples)
    radii = np.array([a.radius_m + b.radius_m for a, b in couples])
    wide = radii + np.array([a.accuracy.horizontal_m + b.accuracy.horizontal_m for a, b in couples])
    plan = pieces.pairs.approach()[0][:, 0]
    crossing = pieces.take(plan <= wide[pieces.owner] + _CONTACT_M)
    columns = (
        pieces.least(plan),
        pieces.measure_space(),
        *(np.minimum(crossing.measure_heights(r), crossing.swap().measure_heights(r)) for r in (radii, wide)),
        *pieces.run_alongside(plan, radii, parallels),
        pieces.find_angles(plan),
    )
    for couple, row in zip(couples, np.stack(columns, axis=1).tolist(), strict=True):
        yield _conclude(couple, _Axes(*row), parallels)


@dataclass(frozen=True, slots=True)
class _Pieces:
    """Straight pieces of one object against those of another; an upright object always comes first.

    `pairs` holds them in plan as (k, 1), `start` and `step` the heights (k) of the first and of the second. Pieces
    are `upright` where they have no length in plan; `girth` (k) is the radius of the upright objects of a couple.
    """

    count: int
    owner: Indices
    pairs: Pairs
    start: tuple[Floats, Floats]
    step: tuple[Floats, Floats]
    upright: tuple[Flags, Flags]
    from_shaft: Flags
    girth: Floats

    def swap(self) -> "_Pieces":
        """The second against the first."""
        p = self.pairs
        back = Pairs(-p.rx, -p.ry, p.ex, p.ey, np.where(self.upright[0][:, None], _POINT_M, p.dx), p.dy)
        return replace(self, pairs=back, start=self.start[::-1], step=self.step[::-1], upright=self.upright[::-1])

    def take(self, rows: Flags) -> "_Pieces":
        """The pairs of pieces of some rows; couples may be left without any."""
        p = self.pairs
        return _Pieces(
            count=self.count,
            owner=self.owner[rows],
            pairs=Pairs(p.rx[rows], p.ry[rows], p.dx[rows], p.dy[rows], p.ex[rows], p.ey[rows]),
            start=(self.start[0][rows], self.start[1][rows]),
            step=(self.step[0][rows], self.step[1][rows]),
            upright=(self.upright[0][rows], self.upright[1][rows]),
            from_shaft=self.from_shaft[rows],
            girth=self.girth[rows],
        )

    def least(self, values: Floats) -> Floats:
        """The least value (n) of each couple, infinite of one that has no pieces."""
        found = np.full(self.count, np.inf)
        np.minimum.at(found, self.owner, values)
        return found

    def measure_heights(self, reach_m: Floats) -> Floats:
        """The least vertical distance (n) of axes where they are within a reach (n) in plan, infinite elsewhere.

        Taken from points of the first to the nearest of the second; an upright axis counts with its whole height,
        and overlap of heights is less than 0.
        """
        reach = reach_m[self.owner][:, None]
        ends = [np.zeros_like(reach), np.ones_like(reach)]
        turns = list_turns([*self.pairs.pass_ends(), self.pairs.cross_line(0.0), *self.pairs.change_feature()])
        t = np.concatenate([*ends, turns, list_turns(self.pairs.cross_rim(reach))], axis=1)
        wx, wy = self.pairs.separate(t)
        within = wx**2 + wy**2 <= (reach + _CONTACT_M) ** 2
        low, high = self._rise(t)
        apart = np.where(within, np.maximum(low, high), np.inf).min(axis=1)
        # Between points on either side of each other lies one where they are level.
        above, below = (within & (low > 0)).any(axis=1), (within & (high > 0)).any(axis=1)
        return self.least(np.where(above & below & ~(self.upright[0] | self.upright[1]), 0.0, apart))

    def _rise(self, t: Floats) -> tuple[Floats, Floats]:
        """How far the first is above the second at parameters, and the second above the first."""
        (za, zb), (da, db) = self.start, self.step
        along = self._project(t)
        a, b = za[:, None] + t * da[:, None], zb[:, None] + along * db[:, None]
        ends = [(z[:, None], (z + d)[:, None]) for z, d in ((za, da), (zb, db))]
        a_low, a_high = (np.where(self.upright[0][:, None], bound, a) for bound in _sorted(*ends[0]))
        b_low, b_high = (np.where(self.upright[1][:, None], bound, b) for bound in _sorted(*ends[1]))
        return a_low - b_high, b_low - a_high

    def _project(self, t: Floats) -> Floats:
        """The parameter of the second that is nearest in plan to the first at `t`."""
        p = self.pairs
        along = (p.rx + t * p.dx) * p.ex + (p.ry + t * p.dy) * p.ey
        return clip_ratio(along, p.ex**2 + p.ey**2)

    def measure_space(self) -> Floats:
        """The least 3D distance (n) between axes; from the outside of an upright object that has one."""
        tubes, shafts = self.take(~self.from_shaft), self.take(self.from_shaft)
        return np.minimum(tubes.between_tubes(), shafts.from_upright())

    def between_tubes(self) -> Floats:
        """The least distance (n) of axes."""
        p = self.pairs
        w = np.stack([p.rx[:, 0], p.ry[:, 0], self.start[0] - self.start[1]], axis=1)
        u = np.stack([p.dx[:, 0], p.dy[:, 0], self.step[0]], axis=1)
        v = np.stack([p.ex[:, 0], p.ey[:, 0], self.step[1]], axis=1)
        uu, vv, uv = _dot(u, u), _dot(v, v), _dot(u, v)
        uw, vw = _dot(u, w), _dot(v, w)
        zero, one = np.zeros_like(uu), np.ones_like(uu)
        least = np.full_like(uu, np.inf)
        for s in (zero, one, clip_ratio(uv * vw - vv * uw, uu * vv - uv**2)):
            t = clip_ratio(vw + s * uv, vv)
            least = np.minimum(least, _length(w + s[:, None] * u - t[:, None] * v))
        for t in (zero, one):
            s = clip_ratio(t * uv - uw, uu)
            least = np.minimum(least, _length(w + s[:, None] * u - t[:, None] * v))
        return self.least(least)

    def from_upright(self) -> Floats:
        """The least distance (n) from upright cylinders: along the second axis it is convex, so found by thirds."""
        if not len(self.owner):
            return np.full(self.count, np.inf)
        low, high = np.zeros(len(self.owner)), np.ones(len(self.owner))
        for _ in range(_STEPS):
            left, right = (2 * low + high) / 3, (low + 2 * high) / 3
            nearer = self._to_upright(left) < self._to_upright(right)
            low, high = np.where(nearer, low, left), np.where(nearer, right, high)
        at_ends = np.minimum(self._to_upright(np.zeros_like(low)), self._to_upright(np.ones_like(low)))
        return self.least(np.minimum(at_ends, self._to_upright((low + high) / 2)))

    def _to_upright(self, t: Floats) -> Floats:
        p, (za, zb), (da, db) = self.pairs, self.start, self.step
        plan = np.hypot(p.rx[:, 0] - t * p.ex[:, 0], p.ry[:, 0] - t * p.ey[:, 0])
        a_low, a_high = _sorted(za, za + da)
        b_low, b_high = (np.where(self.upright[1], bound, zb + t * db) for bound in _sorted(zb, zb + db))
        rise = np.maximum(np.maximum(a_low - b_high, b_low - a_high), 0.0)
        return np.asarray(np.hypot(np.maximum(plan - self.girth, 0.0), rise))

    def run_alongside(self, plan_m: Floats, radii_m: Floats, parallels: Parallels) -> tuple[Floats, Floats]:
        """The length (n) and the least plan distance (n) of what runs alongside; 0 and infinite where nothing does."""
        reach = radii_m[self.owner] + parallels.within_m
        length = (_overlap(self.pairs, reach) + _overlap(self.swap().pairs, reach)) / 2
        length = np.where(self._angles() <= parallels.angle_deg, length, 0.0)
        total = np.bincount(self.owner, length, self.count)
        return total, self.least(np.where(length > 0, plan_m, np.inf))

    def find_angles(self, plan_m: Floats) -> Floats:
        """The angle in plan (n), of 0 to 90 degrees, where the two come nearest."""
        nearest = plan_m <= self.least(plan_m)[self.owner] + _CONTACT_M
        return -self.least(-np.where(nearest, self._angles(), 0.0))

    def _angles(self) -> Floats:
        """Between pieces, 90 for an upright one: it runs along nothing."""
        p = self.pairs
        dot, cross = p.dx * p.ex + p.dy * p.ey, p.dx * p.ey - p.dy * p.ex
        angle = np.degrees(np.arctan2(np.abs(cross), np.abs(dot)))[:, 0]
        return np.where(self.upright[0] | self.upright[1], 90.0, angle)


class _Axes(NamedTuple):
    """Distances of the axes of one couple, infinite where there is none; in space from the outside of shafts."""

    plan: float
    space: float
    vertical: float
    vertical_worst: float
    parallel: float
    alongside: float
    angle: float


def _lay(couples: Sequence[Couple]) -> _Pieces:
    ordered = [_upright_first(couple) for couple in couples]
    numbers: list[float] = []
    sizes = [pair_pieces(a.utility.points, b.utility.points, numbers) for a, b in ordered]
    owner = np.repeat(np.arange(len(sizes)), sizes)
    p, u, q, v = np.array(numbers).reshape(-1, 4, 3).transpose(1, 2, 0)
    upright = (~u[:2].any(axis=0), ~v[:2].any(axis=0))
    # Any direction serves a point, none would divide by 0.
    v[0] = np.where(upright[1], _POINT_M, v[0])
    shafts = np.array([[isinstance(placed.utility, Shaft) for placed in couple] for couple in ordered])
    radii = np.array([[placed.radius_m for placed in couple] for couple in ordered])
    plan = (*(p - q)[:2], *u[:2], *v[:2])
    return _Pieces(
        count=len(couples),
        owner=owner,
        pairs=Pairs(*(values[:, None] for values in plan)),
        start=(p[2], q[2]),
        step=(u[2], v[2]),
        upright=upright,
        from_shaft=shafts[owner, 0],
        girth=(radii * shafts).sum(axis=1)[owner],
    )


def _upright_first(couple: Couple) -> Couple:
    a, b = couple
    return (b, a) if isinstance(b.utility, Shaft) and not isinstance(a.utility, Shaft) else couple


def _overlap(p: Pairs, reach_m: Floats) -> Floats:
    """The length in plan (k) of the first that lies square to the second, within a reach (k) of it.

    Where either is cut in two by a vertex, the lengths of the parts add up to that of the whole.
    """
    length = np.sqrt(p.ex**2 + p.ey**2)
    along = _stretch((p.rx * p.ex + p.ry * p.ey, p.dx * p.ex + p.dy * p.ey), (np.zeros_like(length), length**2))
    reach = reach_m[:, None] * length
    across = _stretch((p.ey * p.rx - p.ex * p.ry, p.ey * p.dx - p.ex * p.dy), (-reach, reach))
    share = np.minimum(along[1], across[1]) - np.maximum(along[0], across[0])
    return np.asarray((np.maximum(share, 0.0) * np.hypot(p.dx, p.dy))[:, 0])


def _stretch(line: tuple[Floats, Floats], between: tuple[Floats, Floats]) -> tuple[Floats, Floats]:
    """The parameters from 0 to 1 (first, last) where start + t * step lies between two bounds; equal where nowhere."""
    start, step = line
    first, last = _sorted(*(clip_ratio(bound - start, step) for bound in between))
    level = (step == 0) & (start >= between[0]) & (start <= between[1])
    return np.where(level, 0.0, first), np.where(level, 1.0, last)


def _conclude(couple: Couple, axes: _Axes, parallels: Parallels) -> Meeting:
    a, b = couple
    radii, off_m = a.radius_m + b.radius_m, a.accuracy.horizontal_m + b.accuracy.horizontal_m
    known = a.utility.outer_radius_m is not None and b.utility.outer_radius_m is not None
    plan, alongside = axes.plan - radii, axes.alongside - radii
    parallel = axes.parallel >= parallels.length_m - _CONTACT_M
    crossing = plan <= _CONTACT_M
    return Meeting(
        plan=_gap(plan, off_m, known=known),
        space=_space(couple, axes.space, plan - off_m),
        alongside=_gap(alongside, off_m, known=known) if parallel else None,
        beside=_gap(plan, off_m, known=known) if not crossing and (not parallel or plan < alongside) else None,
        crossing=_crossing(couple, axes) if crossing else None,
        parallel_m=round(axes.parallel, _DECIMALS) if parallel else 0.0,
        angle_deg=round(axes.angle, 1) if crossing else None,
        is_joined=plan <= parallels.joined_within_m and _are_joined(couple, parallels.joined_within_m),
    )


def _gap(gap_m: float, off_m: float, *, known: bool) -> Gap:
    # Adding 0 turns the -0.0 of a rounded contact into 0.0.
    return Gap(round(gap_m, _DECIMALS) + 0.0 if known else None, round(gap_m - off_m, _DECIMALS) + 0.0)


def _heights_known(couple: Couple) -> bool:
    return all(placed.utility.elevation_known for placed in couple)


def _vertical_m(couple: Couple) -> float | None:
    """How far the heights of both together may be off; None where one is not to be trusted."""
    a, b = (placed.accuracy.vertical_m for placed in couple)
    return None if a is None or b is None or not _heights_known(couple) else a + b


def _sections(couple: Couple) -> float:
    """Heights of both sections above or below their axes together."""
    return sum(placed.radius_m for placed in couple if not isinstance(placed.utility, Shaft))


def _crossing(couple: Couple, axes: _Axes) -> Gap:
    off_m, sections = _vertical_m(couple), _sections(couple)
    known = _heights_known(couple) and all(placed.utility.outer_radius_m is not None for placed in couple)
    return Gap(
        round(axes.vertical - sections, _DECIMALS) + 0.0 if known else None,
        -inf if off_m is None else round(axes.vertical_worst - sections - off_m, _DECIMALS) + 0.0,
    )


def _space(couple: Couple, axes_m: float, plan_worst_m: float) -> Gap:
    """The 3D gap; it shrinks at most by as much as both may be off together, and is never less than the plan gap."""
    off_m, gap = _vertical_m(couple), axes_m - _sections(couple)
    known = _heights_known(couple) and all(placed.utility.outer_radius_m is not None for placed in couple)
    horizontal_m = sum(placed.accuracy.horizontal_m for placed in couple)
    worst = plan_worst_m if off_m is None else max(gap - hypot(horizontal_m, off_m), plan_worst_m)
    return Gap(round(gap, _DECIMALS) + 0.0 if known else None, round(worst, _DECIMALS) + 0.0)


def _are_joined(couple: Couple, within_m: float) -> bool:
    """Whether an end of one lies in the body of the other, or that near to it; of unknown heights plan decides."""
    a, b = couple
    return _ends_at(a, b, within_m) or _ends_at(b, a, within_m)


def _ends_at(a: Placed, b: Placed, within_m: float) -> bool:
    is_shaft = isinstance(a.utility, Shaft), isinstance(b.utility, Shaft)
    near_m = b.radius_m + (a.radius_m if is_shaft[0] else 0.0) + within_m
    has_level = _heights_known((a, b)) and not any(is_shaft)
    level_m = a.radius_m + b.radius_m + within_m if has_level else -1.0
    return ends_at(a.utility.points, b.utility.points, near_m, level_m)


def _dot(a: Floats, b: Floats) -> Floats:
    return np.asarray((a * b).sum(axis=1))


def _length(a: Floats) -> Floats:
    return np.asarray(np.sqrt((a**2).sum(axis=1)))


def _sorted(a: Floats, b: Floats) -> tuple[Floats, Floats]:
    return np.minimum(a, b), np.maximum(a, b)
