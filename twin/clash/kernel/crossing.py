"""Where axes pass over and under an excavation, and how high."""

from math import inf, sqrt
from typing import final

from twin.clash.kernel.elements import Bore, Corner, Piece, Segment, Solid, Wall, run_along, run_off, within
from twin.clash.kernel.pieces import holds


@final
class Crossing:
    """Where axes pass over or under floors: the least height of a floor above the axis, and the lowest point there.

    Both are infinite where none is near. A bore counts with the space between, less its radius.
    """

    def __init__(self) -> None:
        self.rise = inf
        self.lowest = inf

    def offer(self, rise: float, z: float) -> None:
        self.rise = min(self.rise, rise)
        self.lowest = min(self.lowest, z)


def cross(axes: list[Segment], solid: Solid, near: float, *, sides: bool) -> Crossing:
    """What is within a distance of the floors in plan; with `sides` also what is that near to their leaning sides."""
    crossing = Crossing()
    for piece in solid.pieces:
        reach = near + piece.spread if sides else near
        for axis in axes:
            cross_piece(axis, piece, reach, crossing)
    for bore in solid.bores:
        for axis in axes:
            cross_bore(axis, bore, near + bore.radius, crossing)
    return crossing


def cross_piece(axis: Segment, piece: Piece, near: float, crossing: Crossing) -> None:
    """All heights are linear between the points offered, so that these hold the least of each."""
    if axis.west > piece.east + near or axis.east < piece.west - near:
        return
    if axis.south > piece.north + near or axis.north < piece.south - near:
        return
    for t in (0.0, 1.0):
        x, y, z = axis.x + t * axis.dx, axis.y + t * axis.dy, axis.z + t * axis.dz
        if holds(piece, x, y):
            crossing.offer(piece.low + x * piece.gx + y * piece.gy - z, z)
    for wall in piece.walls:
        for t in beside_wall(axis, wall, near):
            z = axis.z + t * axis.dz
            along, pace = run_along(axis, wall)
            crossing.offer(wall.low + (along + t * pace) * wall.rise - z, z)
    for corner in piece.corners:
        for t in about_corner(axis, corner, near):
            z = axis.z + t * axis.dz
            crossing.offer(corner.low - z, z)


def cross_bore(axis: Segment, bore: Bore, near: float, crossing: Crossing) -> None:
    for wall in bore.walls:
        along, pace = run_along(axis, wall)
        level = wall.low + along * wall.rise - axis.z
        fall = pace * wall.rise - axis.dz
        ends = beside_wall(axis, wall, near)
        for t in ends:
            crossing.offer(abs(level + t * fall) - bore.radius, axis.z + t * axis.dz)
        if len(ends) == 2 and (level + ends[0] * fall) * (level + ends[1] * fall) < 0.0:
            crossing.offer(-bore.radius, axis.z - level / fall * axis.dz)
    for bend in bore.corners:
        for t in about_corner(axis, bend, near):
            z = axis.z + t * axis.dz
            crossing.offer(abs(bend.low - z) - bore.radius, z)


def beside_wall(axis: Segment, wall: Wall, near: float) -> list[float]:
    """The two ends of the range in which the axis lies beside the wall, no further off than `near`, or none."""
    along, pace = run_along(axis, wall)
    first, last = within(along, pace, 0.0, wall.length)
    if first > last:
        return []
    off, turn = run_off(axis, wall)
    start, end = within(off, turn, -near, near)
    first, last = max(first, start), min(last, end)
    return [first, last] if first <= last else []


def about_corner(axis: Segment, corner: Corner, near: float) -> list[float]:
    """The two ends of the range in which the axis is no further from the corner than `near`, or none."""
    rx = axis.x - corner.x
    ry = axis.y - corner.y
    square = axis.dx * axis.dx + axis.dy * axis.dy
    if square == 0.0:
        return [0.0, 1.0] if rx * rx + ry * ry <= near * near else []
    middle = -(rx * axis.dx + ry * axis.dy) / square
    off = rx * axis.dy - ry * axis.dx
    chord = near * near * square - off * off
    if chord < 0.0:
        return []
    half = sqrt(chord) / square
    first, last = max(middle - half, 0.0), min(middle + half, 1.0)
    return [first, last] if first <= last else []
