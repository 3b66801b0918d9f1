"""Ends of axes beside other axes, and axes held against each other piece by piece."""

from math import inf, sqrt

from twin.clash.kernel.elements import clamp


def measure_end(point: tuple[float, ...], axis: tuple[tuple[float, ...], ...]) -> float:
    """The least plan distance of a point from an axis."""
    px, py = point[0], point[1]
    least = inf
    before = axis[0]
    for after in axis[1:]:
        x, y = before[0], before[1]
        dx, dy = after[0] - x, after[1] - y
        square = dx * dx + dy * dy
        ox, oy = px - x, py - y
        t = clamp((ox * dx + oy * dy) / square) if square > 0.0 else 0.0
        ox -= t * dx
        oy -= t * dy
        least = min(least, ox * ox + oy * oy)
        before = after
    return sqrt(least)


def ends_at(
    axis: tuple[tuple[float, ...], ...], other: tuple[tuple[float, ...], ...], near: float, level: float
) -> bool:
    """Whether an end of an axis is that near to another in plan and, unless that is less than 0, in height there."""
    for end in (axis[0], axis[-1]):
        px, py = end[0], end[1]
        before = other[0]
        for after in other[1:]:
            x, y = before[0], before[1]
            dx, dy = after[0] - x, after[1] - y
            square = dx * dx + dy * dy
            ox, oy = px - x, py - y
            t = clamp((ox * dx + oy * dy) / square) if square > 0.0 else 0.0
            ox -= t * dx
            oy -= t * dy
            if sqrt(ox * ox + oy * oy) <= near and (
                level < 0.0 or abs(end[2] - before[2] - t * (after[2] - before[2])) <= level
            ):
                return True
            before = after
    return False


def pair_pieces(a: tuple[tuple[float, ...], ...], b: tuple[tuple[float, ...], ...], found: list[float]) -> int:
    """Start and step of every piece of a against every one of b, twelve numbers each, in plan from the start of a.

    Without elevations all lies at 0. Returns how many pairs were added to `found`.
    """
    x, y = a[0][0], a[0][1]
    first, second = relate(a, x, y), relate(b, x, y)
    for piece in first:
        for other in second:
            found.extend(piece)
            found.extend(other)
    return len(first) * len(second)


def relate(axis: tuple[tuple[float, ...], ...], x: float, y: float) -> list[list[float]]:
    """Each piece of an axis about x, y as start and step."""
    pieces: list[list[float]] = []
    before = axis[0]
    has_z = len(before) > 2
    # Squares of full projected coordinates would cost seven digits.
    bx, by, bz = before[0] - x, before[1] - y, before[2] if has_z else 0.0
    for after in axis[1:]:
        ax, ay, az = after[0] - x, after[1] - y, after[2] if has_z else 0.0
        pieces.append([bx, by, bz, ax - bx, ay - by, az - bz])
        bx, by, bz = ax, ay, az
    return pieces
