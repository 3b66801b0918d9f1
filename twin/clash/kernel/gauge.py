"""Everything that is measured between one object and an excavation, in one call."""

from typing import Final

from twin.clash.kernel.crossing import cross
from twin.clash.kernel.elements import Reach, Segment, Solid
from twin.clash.kernel.measure import measure

# Widened by so much in height nothing is passed above or below: what is left is the plan.
BOTTOMLESS_M: Final = 1e6
# Gaps are reported to the micrometre: half of one is contact.
CONTACT_M: Final = 5e-7


def lay(points: tuple[tuple[float, ...], ...], x: float, y: float) -> list[Segment]:
    """The straight pieces of an axis about an origin; without elevations all lies at 0."""
    axes: list[Segment] = []
    before = points[0]
    has_z = len(before) > 2
    for after in points[1:]:
        bx, by = before[0], before[1]
        z = before[2] if has_z else 0.0
        rise = after[2] - z if has_z else 0.0
        axes.append(Segment(bx - x, by - y, z, after[0] - bx, after[1] - by, rise))
        before = after
    return axes


def gauge_plan(axes: list[Segment], solid: Solid) -> tuple[float, float, float]:
    """The plan distance to all that is dug at the ground, 0 within it, and the point x, y of the axis."""
    distance, x, y, _ = measure(axes, solid, Reach(0.0, BOTTOMLESS_M))
    return max(distance, 0.0), x, y


def gauge_space(
    axes: list[Segment], solid: Solid, sections: list[tuple[float, float, float]], wide: float, high: float
) -> tuple[tuple[float, float], tuple[float, float, float]]:
    """The 3D gap where it is recorded and that within its accuracy, and the point of the axis nearest on record.

    A section is swept, wide, high; an object lies within each of them, so that the greatest gap counts.
    """
    gap = within = -BOTTOMLESS_M
    at = (0.0, 0.0, 0.0)
    for swept, beside, above in sections:
        distance, x, y, z = measure(axes, solid, Reach(beside, above))
        if distance - swept > gap:
            gap, at = distance - swept, (x, y, z)
        distance = measure(axes, solid, Reach(beside + wide, above + high))[0] - swept
        within = max(within, distance)
    return (gap, within), at


def gauge_raised(axes: list[Segment], solid: Solid, sections: list[tuple[float, float, float]]) -> float:
    """The 3D gap where it is recorded, with floors at their highest."""
    gap = -BOTTOMLESS_M
    for swept, beside, above in sections:
        gap = max(gap, measure(axes, solid, Reach(beside, above, 1.0))[0] - swept)
    return gap


def gauge_crossing(axes: list[Segment], solid: Solid, near: float) -> float:
    """How far the floor is above the axis where it is least within a plan distance, infinite where that is nowhere."""
    return cross(axes, solid, near + CONTACT_M, sides=False).rise
