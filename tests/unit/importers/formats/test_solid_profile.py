"""Axis and size of a pipe from the shell of its solid."""

from __future__ import annotations

from itertools import product

import numpy as np
import pytest

from importers.formats.solid_profile import box_around, centre_line, plan_scale, profile_along
from layers.crs import WGS84, parse_crs, transform_points


def ring(x: float, y: float, z: float, radius: float, facing: tuple[float, float] = (1, 0)) -> list[list[float]]:
    """Sixteen points of a circle that stands across a direction."""
    side = np.array([-facing[1], facing[0]])
    angles = np.arange(16) * np.pi / 8
    return [
        [x + side[0] * r * np.cos(a), y + side[1] * r * np.cos(a), z + r * np.sin(a)]
        for r, a in ((radius, a) for a in angles)
    ]


def test_level_box() -> None:
    """The axis of a box runs through its middle."""
    shell = np.array(list(product((0, 10), (-1, 1), (4, 6))), dtype=float)
    found = profile_along(np.array([[0.0, 0.0], [10.0, 0.0]]), shell)
    assert found.z.tolist() == [5.0, 5.0]
    assert (found.width_m, found.height_m) == (2.0, 2.0)


def test_sloping_pipe_that_is_shorter_than_its_course() -> None:
    """A pipe ends at the manhole's wall, its axis in the manhole's middle; slope adds nothing to its size."""
    shell = np.array(ring(1, 0, -1.01, 0.2) + ring(9, 0, -1.09, 0.2))
    found = profile_along(np.array([[0.0, 0.0], [10.0, 0.0]]), shell)
    assert found.z == pytest.approx([-1.0, -1.1])
    assert (found.width_m, found.height_m) == pytest.approx((0.4, 0.4))


def test_inner_shell_and_more_rings_at_one_end_change_nothing() -> None:
    """Detail is not spread evenly over a model."""
    rings = [(0, 0.2), (0, 0.18), (0.1, 0.2), (0.1, 0.18), (10, 0.2), (10, 0.18)]
    shell = np.array([p for x, r in rings for p in ring(x, 0, 5 - x / 10, r)])
    found = profile_along(np.array([[0.0, 0.0], [10.0, 0.0]]), shell)
    assert found.z == pytest.approx([5.0, 4.0])
    assert found.height_m == pytest.approx(0.4)


def test_bend_belongs_to_both_sides() -> None:
    """At a bend the axis is the same from either side."""
    shell = np.array(ring(0, 0, 3.0, 0.1) + ring(10, 0, 2.0, 0.1, (1, 1)) + ring(10, 10, 1.0, 0.1, (0, 1)))
    found = profile_along(np.array([[0.0, 0.0], [10.0, 0.0], [10.0, 10.0]]), shell)
    assert found.z == pytest.approx([3.0, 2.0, 1.0], abs=0.01)


@pytest.mark.parametrize("count", [0, 3, 16])
def test_too_little_shell_says_nothing(count: int) -> None:
    """A few points, or one ring, have no slope."""
    shell = np.array(ring(0, 0, 1, 0.1)[:count]).reshape(-1, 3)
    assert profile_along(np.array([[0.0, 0.0], [10.0, 0.0]]), shell) is None


def test_middle_of_an_outline() -> None:
    """A duct drawn as a rectangle runs from one short side to the other, whichever corner comes first."""
    corners = np.array([[0, 0], [8, 0], [8, 1], [0, 1]], dtype=float)
    for turn in range(4):
        line = centre_line(np.vstack([np.roll(corners, turn, axis=0), np.roll(corners, turn, axis=0)[:1]]))
        assert sorted(line.tolist()) == [[0.0, 0.5], [8.0, 0.5]]
    assert centre_line(corners[:3]) is None
    assert centre_line(np.empty((0, 2))) is None


def test_box_around_a_turned_body() -> None:
    """A chamber that stands askew has its own width and length, not those of the map's grid."""
    turned = np.array([[x * 0.8 - y * 0.6, x * 0.6 + y * 0.8, z] for x, y, z in product((0, 3), (0, 1), (-2, 0))])
    box = box_around(turned)
    assert (box.width_m, box.length_m, box.bottom, box.top) == pytest.approx((1.0, 3.0, -2.0, 0.0))
    assert box.centre == pytest.approx((0.9, 1.3))
    assert box_around(np.array([[1.0, 2.0, 3.0]])).width_m == 0.0


@pytest.mark.parametrize("latitude", [0.0, 16.46, 35.61])
def test_degrees_in_metres_agree_with_a_projection(latitude: float) -> None:
    """A degree is as long as the transverse Mercator projection at its central meridian says."""
    points = np.array([[105.0, latitude], [105.001, latitude], [105.0, latitude + 0.001]])
    at, east, north = transform_points(points, parse_crs(WGS84), parse_crs("EPSG:32648"))
    expected = np.array([(east - at)[0], (north - at)[1]]) * 1000 / 0.9996
    assert plan_scale(latitude) == pytest.approx(expected, rel=1e-4)
