"""Arcs through points as chords."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

# Radians between vertices: chords lie within 1e-5 of the radius of their arc, 10 mm for 1 km, in any unit.
_STEP = 2 * math.acos(1 - 1e-5)


def stroke(points: NDArray[np.float64]) -> NDArray[np.float64]:
    """Vertices along the arcs through points 1, 2, 3 then 3, 4, 5 and so on (n, 2 or 3); the points are among them.

    Three points in a line are a line; a first point that is the third means the circle on the first and second.
    Heights are interpolated along the arc.
    """
    arcs = [_arc(*points[i : i + 3])[1:] for i in range(0, len(points) - 2, 2)]
    rest = points[-1:] if len(points) % 2 == 0 else points[:0]
    return np.vstack([points[:1], *arcs, rest])


def arc_around(center: NDArray[np.float64], radius: float, start: float, sweep: float) -> NDArray[np.float64]:
    """Vertices (n, 2) of an arc by its center; radians, a positive sweep turns left."""
    angles = start + np.linspace(0.0, sweep, max(1, math.ceil(abs(sweep) / _STEP)) + 1)
    return np.column_stack([center[0] + radius * np.cos(angles), center[1] + radius * np.sin(angles)])


def circle_through(points: NDArray[np.float64]) -> NDArray[np.float64]:
    """Vertices (n, 2) of the circle through the first three points, from the first, in the order of the three.

    Raises: ValueError for points in a line.
    """
    a, b, c = points[:3, :2]
    center = _center(a, b, c)
    if center is None:
        raise ValueError("three points in a line are on no circle")
    left = (b[0] - a[0]) * (c[1] - a[1]) > (b[1] - a[1]) * (c[0] - a[0])
    angle = math.atan2(a[1] - center[1], a[0] - center[0])
    ring = arc_around(center, math.dist(a, center), angle, math.tau if left else -math.tau)
    ring[0] = ring[-1] = a
    return ring


def _arc(start: NDArray[np.float64], middle: NDArray[np.float64], end: NDArray[np.float64]) -> NDArray[np.float64]:
    center = _center(start, middle, end)
    if center is None:
        return np.array([start, middle, end])
    angles = [math.atan2(p[1] - center[1], p[0] - center[0]) for p in (start, middle, end)]
    first = (angles[1] - angles[0]) % math.tau
    whole = (angles[2] - angles[0]) % math.tau or math.tau
    if first > whole:  # clockwise
        first, whole = first - math.tau, whole - math.tau
    return np.vstack(
        [
            _half(start, middle, center, angles[0], first),
            _half(middle, end, center, angles[1], whole - first)[1:],
        ]
    )


def _half(
    start: NDArray[np.float64], end: NDArray[np.float64], center: NDArray[np.float64], angle: float, sweep: float
) -> NDArray[np.float64]:
    plan = arc_around(center, math.dist(start[:2], center), angle, sweep)
    along = start + np.linspace(0.0, 1.0, len(plan))[:, None] * (end - start)
    along[1:-1, :2] = plan[1:-1]
    return np.asarray(along)


def _center(
    start: NDArray[np.float64], middle: NDArray[np.float64], end: NDArray[np.float64]
) -> NDArray[np.float64] | None:
    """Center of the circle, or None for points in a line or no numbers."""
    if np.array_equal(start[:2], end[:2]):
        return np.asarray((start[:2] + middle[:2]) / 2) if not np.array_equal(start[:2], middle[:2]) else None
    a, b = middle[:2] - start[:2], end[:2] - start[:2]
    twice = 2 * (a[0] * b[1] - a[1] * b[0])
    if not abs(twice) > 1e-12 * (a @ a + b @ b):
        return None
    offset = np.array([b[1] * (a @ a) - a[1] * (b @ b), a[0] * (b @ b) - b[0] * (a @ a)]) / twice
    return np.asarray(start[:2] + offset)
