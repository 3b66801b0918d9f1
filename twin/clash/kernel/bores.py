"""A straight axis held against bores."""

from math import sqrt
from typing import final

from twin.clash.kernel.elements import (
    Bore,
    Corner,
    Least,
    Reach,
    Segment,
    Wall,
    clamp,
    find_crossing,
    run_along,
    run_off,
    within,
)
from twin.clash.kernel.pieces import GOLDEN, STEPS
from twin.clash.kernel.profile import slot_line, slot_point


@final
class Sheath:
    """A bore as an object of some reach meets it: how far it is widened, and in height by how much after shortening."""

    def __init__(self, bore: Bore, reach: Reach) -> None:
        self.bore = bore
        self.wide = reach.wide
        self.cosine = reach.shorten(bore.grade)
        self.high = reach.sink(bore.grade) * self.cosine


def meet_bore(axis: Segment, bore: Bore, reach: Reach, least: Least) -> None:
    """Hold one straight axis against a bored one; exact where the object is not widened, else never too far."""
    if reach.wide == 0.0 and reach.high == 0.0:
        for wall in bore.walls:
            line_line(axis, wall, least)
        return
    sheath = Sheath(bore, reach)
    for wall in bore.walls:
        along, pace = run_along(axis, wall)
        first, last = within(along, pace, 0.0, wall.length)
        if first > last:
            continue
        off, turn = run_off(axis, wall)
        # How far the axis is below the bored one beside it.
        below = (wall.low - axis.z + along * wall.rise, pace * wall.rise - axis.dz)
        cross = find_crossing(off, turn)
        if first < cross < last:
            meet_sheath(axis, (off, turn), below, (first, cross), sheath, least)
            first = cross
        meet_sheath(axis, (off, turn), below, (first, last), sheath, least)
    for bend in bore.corners:
        search_bend(axis, bend, sheath, least)


def meet_sheath(
    axis: Segment,
    beside: tuple[float, float],
    below: tuple[float, float],
    span: tuple[float, float],
    sheath: Sheath,
    least: Least,
) -> None:
    """A stretch of the axis on one side of a bored one."""
    off, turn = beside
    level, fall = below
    first, last = span
    x0 = abs(off + first * turn) - sheath.wide
    x1 = abs(off + last * turn) - sheath.wide
    y0 = (level + first * fall) * sheath.cosine
    y1 = (level + last * fall) * sheath.cosine
    squared, where = slot_line((x0, y0), (x1 - x0, y1 - y0), sheath.high)
    least.offer(squared, axis, first + where * (last - first))


def bend_squared(axis: Segment, bend: Corner, sheath: Sheath, t: float) -> float:
    px = axis.x - bend.x + t * axis.dx
    py = axis.y - bend.y + t * axis.dy
    x = sqrt(px * px + py * py) - sheath.wide
    return slot_point(x, (bend.low - axis.z - t * axis.dz) * sheath.cosine, sheath.high)


def search_bend(axis: Segment, bend: Corner, sheath: Sheath, least: Least) -> None:
    """Golden section about a bend or an end of a bore, as `search_corner`."""
    low = 0.0
    high = 1.0
    left = high - GOLDEN * (high - low)
    right = low + GOLDEN * (high - low)
    at_left = bend_squared(axis, bend, sheath, left)
    at_right = bend_squared(axis, bend, sheath, right)
    for _ in range(STEPS):
        if at_left <= at_right:
            high, right, at_right = right, left, at_left
            left = high - GOLDEN * (high - low)
            at_left = bend_squared(axis, bend, sheath, left)
        else:
            low, left, at_left = left, right, at_right
            right = low + GOLDEN * (high - low)
            at_right = bend_squared(axis, bend, sheath, right)
    for t in (0.0, (low + high) / 2, 1.0):
        least.offer(bend_squared(axis, bend, sheath, t), axis, t)


def line_line(axis: Segment, wall: Wall, least: Least) -> None:
    """The squared distance of two straight lines in space: at an end of either, or where both are crossed upright."""
    vx = wall.ux * wall.length
    vy = wall.uy * wall.length
    vz = wall.rise * wall.length
    wx = axis.x - wall.x
    wy = axis.y - wall.y
    wz = axis.z - wall.low
    uu = axis.dx * axis.dx + axis.dy * axis.dy + axis.dz * axis.dz
    vv = vx * vx + vy * vy + vz * vz
    uv = axis.dx * vx + axis.dy * vy + axis.dz * vz
    uw = axis.dx * wx + axis.dy * wy + axis.dz * wz
    vw = vx * wx + vy * wy + vz * wz
    for end in (0.0, 1.0):
        gap_between(axis, wall, (end, clamp((vw + end * uv) / vv)), least)
        gap_between(axis, wall, (clamp((end * uv - uw) / uu) if uu > 0.0 else 0.0, end), least)
    spread = uu * vv - uv * uv
    if spread > 0.0:
        gap_between(axis, wall, (clamp((uv * vw - vv * uw) / spread), clamp((uu * vw - uv * uw) / spread)), least)


def gap_between(axis: Segment, wall: Wall, at: tuple[float, float], least: Least) -> None:
    """Offer the squared distance between a point of the axis and a point of the wall's line."""
    t, s = at
    x = axis.x + t * axis.dx - wall.x - s * wall.length * wall.ux
    y = axis.y + t * axis.dy - wall.y - s * wall.length * wall.uy
    z = axis.z + t * axis.dz - wall.low - s * wall.length * wall.rise
    least.offer(x * x + y * y + z * z, axis, t)
