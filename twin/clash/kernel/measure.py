"""The distance of an object from all that is dug."""

from math import sqrt

from twin.clash.kernel.bores import meet_bore
from twin.clash.kernel.elements import Least, Reach, Segment, Solid
from twin.clash.kernel.pieces import Facing, meet_piece


def measure(axes: list[Segment], solid: Solid, reach: Reach) -> tuple[float, float, float, float]:
    """The distance of a widened axis from the solid, and the point of the axis where it is least.

    0 within a piece; less than 0 within a bore, whose radius is taken off.
    """
    least = Least()
    for piece in solid.pieces:
        facing = Facing(piece, reach)
        for axis in axes:
            meet_piece(axis, facing, least)
    nearest = (sqrt(least.squared), least.x, least.y, least.z)
    for bore in solid.bores:
        least = Least()
        for axis in axes:
            meet_bore(axis, bore, reach, least)
        gap = sqrt(least.squared) - bore.radius
        if gap < nearest[0]:
            nearest = (gap, least.x, least.y, least.z)
    return nearest
