"""Arcs as chords: on the circle, through their points, in their direction."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from importers.formats.arcs import circle_through, stroke

angle = st.floats(0.01, 2 * math.pi - 0.01)


def on_circle(radius: float, *angles: float, center: tuple[float, float] = (562897.9, 1820978.9)) -> np.ndarray:
    return np.array([[center[0] + radius * math.cos(a), center[1] + radius * math.sin(a)] for a in angles])


@given(st.floats(0.5, 5000), st.floats(0, math.tau), angle, st.floats(0.05, 0.95), st.booleans())
def test_arc_lies_on_its_circle(radius: float, start: float, sweep: float, share: float, clockwise: bool) -> None:
    """Vertices lie on the circle, chords within 1e-5 of the radius of it, and the whole sweep is run through."""
    sweep = -sweep if clockwise else sweep
    points = on_circle(radius, start, start + share * sweep, start + sweep)
    path = stroke(points)
    assert (path[0] == points[0]).all()
    assert (path[-1] == points[2]).all()
    assert (path == points[1]).all(axis=1).any()
    length = np.hypot(*np.diff(path, axis=0).T).sum()
    assert length == pytest.approx(radius * abs(sweep), rel=2e-5, abs=radius * 1e-6)
    middles = (path[1:] + path[:-1]) / 2
    off = radius - np.hypot(middles[:, 0] - 562897.9, middles[:, 1] - 1820978.9)
    assert off.max() < 1.01e-5 * radius + 1e-6


def test_points_in_a_line() -> None:
    """A straight "arc" is its three points, also where two of them are one."""
    line = np.array([[0.0, 0], [1, 1], [2, 2]])
    assert (stroke(line) == line).all()
    same = np.array([[0.0, 0], [0, 0], [0, 0]])
    assert (stroke(same) == same).all()


def test_heights_run_along() -> None:
    """Heights of the points are kept, those between are in line."""
    path = stroke(np.array([[0.0, 0, 10], [1, 1, 20], [2, 0, 40]]))
    assert (path[0, 2], path[-1, 2]) == (10, 40)
    assert (np.diff(path[:, 2]) > 0).all()


def test_several_arcs_and_a_point_too_many() -> None:
    """Points 1 to 3 and 3 to 5 are arcs; a sixth is reached in a straight line."""
    points = np.array([[0.0, 0], [1, 1], [2, 0], [3, -1], [4, 0], [9, 0]])
    path = stroke(points)
    assert np.hypot(*np.diff(path, axis=0).T).sum() == pytest.approx(2 * math.pi + 5, rel=1e-4)
    assert all((path == p).all(axis=1).any() for p in points)


@pytest.mark.parametrize("angles", [(0, 1, 2), (2, 1, 0)])
def test_whole_circle(angles: tuple[float, float, float]) -> None:
    """Closed, all round, in the order of its three points."""
    ring = circle_through(on_circle(2, *angles))
    assert (ring[0] == ring[-1]).all()
    assert np.hypot(*np.diff(ring, axis=0).T).sum() == pytest.approx(4 * math.pi, rel=1e-4)
    left = np.cross(np.append(ring[1] - ring[0], 0), np.append(ring[2] - ring[1], 0))[2] > 0
    assert left == (angles[0] < angles[2])


def test_circle_through_a_line() -> None:
    """Three points in a line are on no circle."""
    with pytest.raises(ValueError, match="no circle"):
        circle_through(np.array([[0.0, 0], [1, 1], [2, 2]]))


def test_full_circle_by_its_first_and_middle() -> None:
    """An arc that ends where it begins is the circle on the two points."""
    path = stroke(np.array([[0.0, 0], [2, 0], [0, 0]]))
    assert np.hypot(*np.diff(path, axis=0).T).sum() == pytest.approx(2 * math.pi, rel=1e-4)
