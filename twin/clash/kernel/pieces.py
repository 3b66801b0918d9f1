"""A straight axis held against the floors, walls and corners of an excavation."""

from math import sqrt
from typing import Final, final

from twin.clash.kernel.elements import (
    Corner,
    Least,
    Piece,
    Reach,
    Segment,
    Wall,
    clip,
    find_crossing,
    run_along,
    run_off,
    within,
)
from twin.clash.kernel.profile import profile_foot, profile_line, profile_point, ridge_point

# Golden section: each step leaves 0.618 of the range; 48 leave 1e-10 of the axis, whose square is beyond all numbers.
GOLDEN: Final = 0.6180339887498949
STEPS: Final = 48
# Where the reach of a wall ends and that of a corner begins both count, lest rounding open a seam between them.
SEAM_M: Final = 1e-9
SAME_M2: Final = 1e-18


@final
class Facing:
    """A piece as an object of some reach meets it."""

    def __init__(self, piece: Piece, reach: Reach) -> None:
        cosine = reach.shorten(piece.grade)
        self.piece = piece
        self.wide = reach.wide
        self.sunk = reach.sink(piece.grade) - reach.raised * piece.band
        self.steep = piece.slope > 0.0
        # Beside a leaning side both distances matter at once, so that the whole is shortened.
        self.cosine = 1.0 if self.steep else cosine
        self.scale = cosine * cosine if self.steep else 1.0


def holds(piece: Piece, x: float, y: float) -> bool:
    """Whether a point lies within the floor in plan: an odd number of walls is passed on the way east."""
    inside = False
    for wall in piece.walls:
        south = wall.y
        north = south + wall.uy * wall.length
        if (south > y) != (north > y) and x < wall.x + (y - south) / wall.uy * wall.ux:
            inside = not inside
    return inside


def meet_piece(axis: Segment, facing: Facing, least: Least) -> None:
    """Hold one straight axis against one piece; `least` keeps the less of what it has and what is found."""
    piece = facing.piece
    beside = max(max(piece.west - axis.east, axis.west - piece.east), 0.0)
    ahead = max(max(piece.south - axis.north, axis.south - piece.north), 0.0)
    away = max(piece.lean * sqrt(beside * beside + ahead * ahead) - facing.wide - piece.spread, 0.0)
    # A leaning side may be nearer than its floor is deep.
    below = 0.0 if facing.steep else max((piece.lowest - facing.sunk - axis.top) * facing.cosine, 0.0)
    if (away * away + below * below) * facing.scale >= least.squared:
        return
    meet_floor(axis, 0.0, facing, least)
    meet_floor(axis, 1.0, facing, least)
    for wall in piece.walls:
        meet_wall(axis, wall, facing, least)
    for corner in piece.corners:
        meet_corner(axis, corner, facing, least)


def meet_floor(axis: Segment, t: float, facing: Facing, least: Least) -> None:
    """Over a floor the height is linear along the axis: it is least at an end, or at a wall that is met on its own."""
    piece = facing.piece
    x = axis.x + t * axis.dx
    y = axis.y + t * axis.dy
    if x < piece.west or x > piece.east or y < piece.south or y > piece.north or not holds(piece, x, y):
        return
    below = (piece.low + x * piece.gx + y * piece.gy - facing.sunk - axis.z - t * axis.dz) * facing.cosine
    least.offer(below * below * facing.scale if below > 0.0 else 0.0, axis, t)


def meet_wall(axis: Segment, wall: Wall, facing: Facing, least: Least) -> None:
    """Where the nearest point in plan is on the wall's length, both distances are linear up to where they cross."""
    along, pace = run_along(axis, wall)
    first, last = within(along, pace, 0.0, wall.length)
    if first > last:
        return
    off, turn = run_off(axis, wall)
    # From its inner side a wall is never what is nearest: there the floor is.
    first, last = clip(-off - SEAM_M, -turn, first, last)
    if first > last:
        return
    # How far the axis is below the floor beside it.
    level = wall.low - facing.sunk - axis.z + along * wall.rise
    fall = pace * wall.rise - axis.dz
    cross = find_crossing(off, turn)
    if first < cross < last:
        meet_stretch(axis, (off, turn), (level, fall), (first, cross), facing, least)
        first = cross
    meet_stretch(axis, (off, turn), (level, fall), (first, last), facing, least)


def meet_stretch(
    axis: Segment,
    beside: tuple[float, float],
    below: tuple[float, float],
    span: tuple[float, float],
    facing: Facing,
    least: Least,
) -> None:
    """A stretch of the axis on one side of a wall against the profile of the excavation there."""
    off, turn = beside
    level, fall = below
    first, last = span
    piece = facing.piece
    x0 = piece.lean * abs(off + first * turn) - facing.wide
    x1 = piece.lean * abs(off + last * turn) - facing.wide
    y0 = (level + first * fall) * facing.cosine
    y1 = (level + last * fall) * facing.cosine
    squared, where = profile_line((x0, y0), (x1 - x0, y1 - y0), piece.slope, piece.height)
    least.offer(squared * facing.scale, axis, first + where * (last - first))


def meet_corner(axis: Segment, corner: Corner, facing: Facing, least: Least) -> None:
    """About a corner the plan distance is a hyperbola; where it only adds its square there is a closed form."""
    first, last = between_walls(axis, corner)
    if first > last:
        return
    rx = axis.x - corner.x
    ry = axis.y - corner.y
    square = axis.dx * axis.dx + axis.dy * axis.dy
    dot = rx * axis.dx + ry * axis.dy
    nearest = -dot / square if square > 0.0 else (0.0 if axis.dz < 0.0 else 1.0)
    nearest = min(max(nearest, first), last)
    px = rx + nearest * axis.dx
    py = ry + nearest * axis.dy
    away = facing.piece.lean * sqrt(px * px + py * py) - facing.wide - corner.slope * facing.piece.height
    if away > 0.0 and away * away * facing.scale >= least.squared:
        return
    if facing.wide > 0.0 or corner.slope > 0.0:
        search_corner(axis, corner, facing, (first, last), least)
        return
    level = corner.low - facing.sunk - axis.z
    if level - nearest * axis.dz > 0.0:
        drop = level * facing.cosine
        sink = -axis.dz * facing.cosine
        total = square + sink * sink
        nearest = -(dot + drop * sink) / total if total > 0.0 else 0.0
        nearest = min(max(nearest, first), last)
        if level - nearest * axis.dz < 0.0:
            nearest = min(max(level / axis.dz, first), last)
    least.offer(corner_squared(axis, corner, facing, nearest), axis, nearest)


def between_walls(axis: Segment, corner: Corner) -> tuple[float, float]:
    """Where the axis lies past both walls of a corner: only there the corner is what is nearest."""
    rx = axis.x - corner.x
    ry = axis.y - corner.y
    bx, by = corner.before
    ax, ay = corner.after
    first, last = clip(-(rx * bx + ry * by) - SEAM_M, -(axis.dx * bx + axis.dy * by), 0.0, 1.0)
    return clip(rx * ax + ry * ay - SEAM_M, axis.dx * ax + axis.dy * ay, first, last)


def corner_squared(axis: Segment, corner: Corner, facing: Facing, t: float) -> float:
    """The squared distance of a point of the axis from the cone, the upright edge or the mitre above a corner."""
    px = facing.piece.lean * (axis.x - corner.x + t * axis.dx)
    py = facing.piece.lean * (axis.y - corner.y + t * axis.dy)
    y = (corner.low - facing.sunk - axis.z - t * axis.dz) * facing.cosine
    if corner.mitred:
        squared = mitre_squared((px, py), y, corner, facing.piece) if corner.whole else 0.0
        if facing.wide > 0.0 or not corner.whole:
            # Widening brings a mitre nearer by no more than its width.
            narrow = max(sqrt(squared) - facing.wide, 0.0)
            squared = max(narrow * narrow, bounds_squared((px, py), y, corner, facing))
        return squared * facing.scale
    x = sqrt(px * px + py * py) - facing.wide
    return profile_point(x, y, corner.slope, facing.piece.height) * facing.scale


def mitre_squared(plan: tuple[float, float], y: float, corner: Corner, piece: Piece) -> float:
    """The squared distance of a point past both walls of a corner from what their leaning sides have in common.

    Where the foot on one side lies within the other that is the nearest point, else one of the ridge where they meet.
    """
    px, py = plan
    bx, by = corner.before
    ax, ay = corner.after
    before = px * by - py * bx
    after = px * ay - py * ax
    turn = ax * bx + ay * by
    x, low = profile_foot(before, y, piece.slope, piece.height)
    if profile_point(after - (before - x) * turn, low, piece.slope, piece.height) <= SAME_M2:
        return (before - x) * (before - x) + (y - low) * (y - low)
    x, low = profile_foot(after, y, piece.slope, piece.height)
    if profile_point(before - (after - x) * turn, low, piece.slope, piece.height) <= SAME_M2:
        return (after - x) * (after - x) + (y - low) * (y - low)
    mx, my = by + ay, -bx - ax
    length2 = mx * mx + my * my
    out = (px * mx + py * my) / sqrt(length2)
    off = px * my - py * mx
    return off * off / length2 + ridge_point(out, y, corner.slope, piece.height)


def bounds_squared(plan: tuple[float, float], y: float, corner: Corner, facing: Facing) -> float:
    """A mitre, widened or cut off, lies within both its sides and within its cone: no nearer than any of them."""
    px, py = plan
    slope, height = facing.piece.slope, facing.piece.height
    bx, by = corner.before
    ax, ay = corner.after
    cone = profile_point(sqrt(px * px + py * py) - facing.wide, y, corner.slope, height)
    before = profile_point(px * by - py * bx - facing.wide, y, slope, height)
    after = profile_point(px * ay - py * ax - facing.wide, y, slope, height)
    return max(cone, max(before, after))


def search_corner(axis: Segment, corner: Corner, facing: Facing, span: tuple[float, float], least: Least) -> None:
    """Golden section: the squared distance from a convex solid is convex along a straight line."""
    low, high = span
    left = high - GOLDEN * (high - low)
    right = low + GOLDEN * (high - low)
    at_left = corner_squared(axis, corner, facing, left)
    at_right = corner_squared(axis, corner, facing, right)
    for _ in range(STEPS):
        if at_left <= at_right:
            high, right, at_right = right, left, at_left
            left = high - GOLDEN * (high - low)
            at_left = corner_squared(axis, corner, facing, left)
        else:
            low, left, at_left = left, right, at_right
            right = low + GOLDEN * (high - low)
            at_right = corner_squared(axis, corner, facing, right)
    first, last = span
    for t in (first, (low + high) / 2, last):
        least.offer(corner_squared(axis, corner, facing, t), axis, t)
