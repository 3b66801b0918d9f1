"""What belongs together: pipes that share a node, branches and their main, ducts of one bank.

Such pairs keep no distance where they are joined; how near they run to each other beyond the joint is judged.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import StrEnum
from math import hypot
from typing import TYPE_CHECKING

import numpy as np

from twin.clash.kernel.joints import measure_end
from twin.clash.solids import Tube

if TYPE_CHECKING:
    from layers.candidates import Recorded
    from twin.clash.meeting import Couple, Placed
    from twin.clash.rules import Subject

# Ends that are drawn nearer than this to a line of their own network were meant to meet it.
NEAR_MISS_M = 0.5


class Remark(StrEnum):
    """What a reader should think of first when two objects of one network lie too near."""

    SAME_ENDS = "same_ends"
    NEAR_MISS = "near_miss"
    OWN_NODE = "own_node"


@dataclass(frozen=True, slots=True)
class Party:
    """One of a pair: its row, and what the rules and the geometry see of it."""

    row: Recorded
    subject: Subject
    placed: Placed

    @property
    def is_line(self) -> bool:
        return isinstance(self.placed.utility, Tube)

    @property
    def ends(self) -> tuple[tuple[float, ...], tuple[float, ...]]:
        """The first and the last point of the axis."""
        points = self.placed.utility.points
        return points[0], points[-1]


def in_one_network(a: Party, b: Party) -> bool:
    same = a.subject.discipline == b.subject.discipline
    return same or not set(a.subject.columns).isdisjoint(b.subject.columns)


def in_one_bank(a: Party, b: Party) -> bool:
    """Whether one is a duct of the other, or both are ducts of one bank."""
    parents = a.row.parent_id, b.row.parent_id
    if not (a.is_line and b.is_line):
        return False
    return parents[0] == b.row.id or parents[1] == a.row.id or (parents[0] is not None and parents[0] == parents[1])


def have_same_ends(a: Party, b: Party, within_m: float) -> bool:
    """Whether two lines begin and end at the same places: one object recorded twice, or drawn as if it were."""
    if not (a.is_line and b.is_line):
        return False
    return any(
        all(hypot(p[0] - q[0], p[1] - q[1]) <= within_m for p, q in zip(a.ends, ends, strict=True))
        for ends in (b.ends, b.ends[::-1])
    )


def remark_on(a: Party, b: Party, within_m: float) -> Remark | None:
    """For two of one network; None where nothing explains why they lie so near."""
    if not (a.is_line and b.is_line):
        return Remark.OWN_NODE
    if have_same_ends(a, b, within_m):
        return Remark.SAME_ENDS
    gaps = [measure_end(end, other.placed.utility.points) for one, other in ((a, b), (b, a)) for end in one.ends]
    return Remark.NEAR_MISS if min(gaps) <= NEAR_MISS_M else None


def beyond_joints(a: Party, b: Party, cut_m: float, within_m: float) -> Couple | None:
    """Both without what lies within `cut_m` along them of an end that is joined to the other; None of nothing left.

    An end is joined that lies within `within_m` of the other's body, in plan.
    """
    cut = [_cut(one, other, cut_m, within_m) for one, other in ((a, b), (b, a))]
    return None if cut[0] is None or cut[1] is None else (cut[0], cut[1])


def _cut(one: Party, other: Party, cut_m: float, within_m: float) -> Placed | None:
    utility = one.placed.utility
    if not isinstance(utility, Tube):
        return None
    body_m = within_m + other.placed.radius_m
    joined = [measure_end(end, other.placed.utility.points) <= body_m for end in one.ends]
    axis = utility.axis
    along = np.concatenate([[0.0], np.cumsum(np.hypot(*np.diff(axis[:, :2], axis=0).T))])
    first, last = cut_m if joined[0] else 0.0, along[-1] - (cut_m if joined[1] else 0.0)
    if last - first <= cut_m:
        return None
    stations = np.unique([first, *along[(along > first) & (along < last)], last])
    points = np.column_stack([np.interp(stations, along, values) for values in axis.T])
    return replace(one.placed, utility=replace(utility, points=tuple(map(tuple, points.tolist()))))
