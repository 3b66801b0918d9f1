"""Two buried objects: parallel, crossing or beside, and gaps against oracles that share no code with them."""

import dataclasses
import doctest
import math
from fractions import Fraction

import numpy as np
import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st

from twin.clash import meeting as documented
from twin.clash.accuracy import STATED, Accuracy
from twin.clash.meeting import Placed, meet
from twin.clash.rulefile import read_rules
from twin.clash.rules import Gap
from twin.clash.solids import Shaft, Tube

EAST, NORTH = 562_000.0, 1_820_000.0
ORIGIN = np.array([EAST, NORTH, 0.0])
PARALLELS = read_rules().parallels
SURE = Accuracy(0.0, 0.0, STATED)


def a_pipe(*points, radius=0.1, accuracy=SURE):
    return Placed(Tube(1, np.array(points, dtype=float) + ORIGIN[: len(points[0])], radius), accuracy, 1.0)


def a_manhole(x, y, bottom, top, *, radius=0.5, accuracy=SURE):
    return Placed(Shaft(2, EAST + x, NORTH + y, bottom, top, radius), accuracy, 1.0)


def of(a, b):
    return meet([(a, b)], PARALLELS)[0]


STREET = a_pipe((0, 0, -1), (50, 0, -1))


def exactly(gap):
    return pytest.approx(gap, abs=2e-6)


@pytest.mark.parametrize(
    ("other", "plan", "space"),
    [
        (a_pipe((0, 2, -1), (50, 2, -1)), 1.8, 1.8),
        (a_pipe((25, -9, -3), (25, 9, -3)), -0.2, 1.8),
        (a_pipe((25, 0.5, -1), (25, 9, -1)), 0.3, 0.3),
        (a_pipe((53, 0, -5), (60, 0, -5)), 2.8, 4.8),
        (a_pipe((25, 4, -1), (25, 4, -9)), 3.8, 3.8),
        (a_manhole(25, 3, -2, 0), 2.4, 2.4),
        (a_manhole(25, 0, -9, -4), -0.6, 2.9),
        (a_manhole(25, 3.5, -9, -5), 2.9, math.hypot(3, 4) - 0.1),
    ],
)
def test_gaps_have_their_hand_values(other, plan, space):
    """Protects plan and 3D gaps of lines, risers and manholes that a person can work out."""
    for found in (of(STREET, other), of(other, STREET)):
        assert (found.plan.nominal_m, found.space.nominal_m) == (exactly(plan), exactly(space))


def test_manholes_against_each_other():
    """Protects two cylinders, beside and above each other."""
    assert of(a_manhole(0, 0, -2, 0), a_manhole(3, 0, -2, 0)).space.nominal_m == exactly(2)
    stacked = of(a_manhole(0, 0, -2, 0), a_manhole(0.2, 0, -9, -5))
    assert (stacked.space.nominal_m, stacked.crossing) == (exactly(3), Gap(3.0, 3.0))


def test_parallel_has_no_vertical_limit_and_crossing_no_horizontal():
    """Protects the two rules of the table from being held against the wrong pair."""
    beside = of(STREET, a_pipe((10, 0.8, -1.4), (40, 0.8, -1.4)))
    assert (beside.alongside, beside.crossing, beside.beside) == (Gap(exactly(0.6), exactly(0.6)), None, None)
    assert beside.parallel_m == exactly(30)
    across = of(STREET, a_pipe((10, -9, -1.7), (12, 9, -1.7)))
    assert (across.crossing, across.alongside, across.beside) == (Gap(exactly(0.5), exactly(0.5)), None, None)
    assert across.angle_deg == pytest.approx(83.7)


def test_an_end_beside_is_neither():
    """Protects a pipe that ends short of another: the plan limit counts, no length runs parallel."""
    found = of(STREET, a_pipe((25, 0.5, -1), (25, 9, -1)))
    assert (found.beside, found.alongside, found.crossing) == (Gap(exactly(0.3), exactly(0.3)), None, None)


def test_a_line_can_run_alongside_and_cross():
    """Protects a main that follows the street and then turns under another: both limits count."""
    found = of(STREET, a_pipe((5, 0.7, -2), (30, 0.7, -2), (30, -9, -2)))
    assert found.alongside == Gap(exactly(0.5), exactly(0.5))
    assert found.crossing == Gap(exactly(0.8), exactly(0.8))
    assert found.parallel_m == exactly(25)


def test_above_each_other_in_one_trench_is_both():
    """Protects two lines laid one over the other: no plan distance at all, and a vertical gap."""
    found = of(STREET, a_pipe((5, 0, -2), (45, 0, -2)))
    assert (found.alongside, found.crossing) == (Gap(exactly(-0.2), exactly(-0.2)), Gap(exactly(0.8), exactly(0.8)))


@pytest.mark.parametrize(("angle", "parallel"), [(29.0, True), (31.0, False), (151.0, True), (149.0, False)])
def test_the_angle_that_parts_parallel_from_crossing_is_data(angle, parallel):
    """Protects the threshold of the rules file, whichever way a line was drawn."""
    turn = math.radians(angle)
    other = a_pipe((25, 3, -2), (25 + 9 * math.cos(turn), 3 + 9 * abs(math.sin(turn)), -2))
    assert (of(STREET, other).alongside is not None) is parallel
    strict = dataclasses.replace(PARALLELS, angle_deg=20.0)
    assert meet([(STREET, other)], strict)[0].alongside is None


def test_a_short_stretch_is_no_parallel():
    """Protects a jog of half a metre beside another line from the rules of parallel mains."""
    jog = a_pipe((20, 9, -1), (20, 1, -1), (21.5, 1, -1), (21.5, 9, -1))
    assert of(STREET, jog).alongside is None
    assert of(STREET, jog).beside == Gap(exactly(0.8), exactly(0.8))
    longer = a_pipe((20, 9, -1), (20, 1, -1), (22.5, 1, -1), (22.5, 9, -1))
    assert of(STREET, longer).alongside == Gap(exactly(0.8), exactly(0.8))


def test_accuracies_of_both_add_up():
    """Protects the worst reading: horizontal in plan, vertical at the crossing, both in space."""
    one, two = Accuracy(0.3, 0.1, STATED), Accuracy(0.5, 0.2, STATED)
    beside = of(a_pipe((0, 0, -1), (50, 0, -1), accuracy=one), a_pipe((0, 2, -1), (50, 2, -1), accuracy=two))
    assert beside.alongside == Gap(exactly(1.8), exactly(1.0))
    assert beside.space.worst_m == exactly(1.0)
    across = of(a_pipe((0, 0, -1), (50, 0, -1), accuracy=one), a_pipe((9, -9, -2), (9, 9, -2), accuracy=two))
    assert across.crossing == Gap(exactly(0.8), exactly(0.5))
    assert across.space.worst_m == exactly(0.8 - math.hypot(0.8, 0.3))


def test_a_sloped_crossing_is_held_to_where_it_may_be():
    """Protects a steep pipe whose crossing lies off by its accuracy: it may lie nearer there."""
    steep = a_pipe((25, -10, 8), (25, 10, -12), accuracy=Accuracy(0.5, 0.0, STATED))
    found = of(STREET, steep)
    assert found.crossing.worst_m < found.crossing.nominal_m - 0.4


def test_what_is_not_recorded_is_not_measured():
    """Protects unknown depth, unknown section and untrusted depth from looking like distances."""
    flat = a_pipe((25, -9), (25, 9))
    assert of(STREET, flat).crossing == Gap(None, -math.inf)
    assert of(STREET, flat).space.nominal_m is None
    thick = a_pipe((0, 3, -1), (50, 3, -1), radius=None)
    assert of(STREET, thick).alongside == Gap(None, exactly(1.9)), "the assumed radius stands for it"
    doubted = a_pipe((25, -9, -3), (25, 9, -3), accuracy=Accuracy(0.0, None, STATED))
    assert of(STREET, doubted).crossing == Gap(exactly(1.8), -math.inf)


@pytest.mark.parametrize(
    ("other", "joined"),
    [
        (a_pipe((25, 0, -1), (25, 9, -1)), True),
        (a_pipe((25, 0.14, -1), (25, 9, -1)), True),
        (a_pipe((25, 0.16, -1), (25, 9, -1)), False),
        (a_pipe((25, 0, -1.5), (25, 9, -1.5)), False),
        (a_pipe((25, 0), (25, 9)), True),
        (a_pipe((25, -9, -1), (25, 9, -1)), False),
        (a_manhole(50.2, 0, -2, 0), True),
        (a_manhole(25, 0.3, -2, 0), True),
        (a_manhole(25, 0.7, -2, 0), False),
    ],
)
def test_ends_that_meet_are_joined(other, joined):
    """Protects house connections and manholes on their own main, and lines that merely pass."""
    assert of(STREET, other).is_joined is of(other, STREET).is_joined is joined


def test_nothing_to_meet():
    """Protects an audit of an empty city."""
    assert meet([], PARALLELS) == []


def test_many_couples_keep_their_order(monkeypatch):
    """Protects the answer from being that of another couple, across batches, too."""
    monkeypatch.setattr(documented, "_PIECES_AT_ONCE", 7)
    others = [a_pipe((0, y, -1), (20, y, -1), (50, y, -1)) for y in (1, 2, 3, 4, 5, 6)]
    couples = [(STREET, other) for other in others]
    assert meet(couples, PARALLELS) == [of(*couple) for couple in couples]


def test_the_documented_example_holds():
    """Protects whoever learns the measure from its docstring."""
    assert doctest.testmod(documented).failed == 0


coordinate = st.integers(-1200, 1200).map(lambda value: value / 100)
height = st.integers(-400, 0).map(lambda value: value / 100)
point = st.tuples(coordinate, coordinate, height)
axis = st.lists(point, min_size=2, max_size=4, unique_by=lambda p: p[:2])
pipes = st.builds(lambda points, radius: a_pipe(*points, radius=radius), axis, st.sampled_from([0.05, 0.3]))
manholes = st.builds(
    lambda x, y, heights: a_manhole(x, y, *sorted(heights)), coordinate, coordinate, st.tuples(height, height)
)
placed = pipes | manholes


def rational(a, b):
    """The squared distance of two segments, exact: from ends to the other and between interior points."""
    a, b = ([tuple(map(Fraction, p)) for p in segment] for segment in (a, b))
    sub = lambda p, q: tuple(x - y for x, y in zip(p, q, strict=True))  # noqa: E731
    dot = lambda p, q: sum(x * y for x, y in zip(p, q, strict=True))  # noqa: E731

    def to_segment(p, segment):
        u = sub(segment[1], segment[0])
        t = min(max(dot(sub(p, segment[0]), u) / dot(u, u), Fraction(0)), Fraction(1))
        away = tuple(x - s - t * d for x, s, d in zip(p, segment[0], u, strict=True))
        return dot(away, away)

    found = [to_segment(p, b) for p in a] + [to_segment(p, a) for p in b]
    u, v, w = sub(a[1], a[0]), sub(b[1], b[0]), sub(a[0], b[0])
    uu, vv, uv, uw, vw = dot(u, u), dot(v, v), dot(u, v), dot(u, w), dot(v, w)
    if determinant := uu * vv - uv**2:
        s, t = (uv * vw - vv * uw) / determinant, (uu * vw - uv * uw) / determinant
        if 0 <= s <= 1 and 0 <= t <= 1:
            away = tuple(x + s * y - t * z for x, y, z in zip(w, u, v, strict=True))
            found.append(dot(away, away))
    return min(found)


def pieces(one):
    return list(zip(one.utility.axis[:-1], one.utility.axis[1:], strict=True))


@given(pipes, pipes)
def test_3d_gaps_of_lines_equal_rational_arithmetic(a, b):
    """Protects the 3D gap, to the micrometre at VN-2000 coordinates, against exact arithmetic."""
    exact = math.sqrt(min(rational(p, q) for p in pieces(a) for q in pieces(b)))
    radii = a.utility.outer_radius_m + b.utility.outer_radius_m
    assert of(a, b).space.nominal_m == pytest.approx(exact - radii, abs=1e-6)


def plan_line(one):
    axis = one.utility.axis - ORIGIN
    return shapely.LineString(axis[:, :2]) if isinstance(one.utility, Tube) else shapely.Point(axis[0, :2])


@given(placed, placed)
def test_plan_gaps_equal_those_of_another_library(a, b):
    """Protects the plan gap, against GEOS."""
    radii = a.utility.outer_radius_m + b.utility.outer_radius_m
    assert of(a, b).plan.nominal_m == pytest.approx(shapely.distance(plan_line(a), plan_line(b)) - radii, abs=1e-6)


@given(pipes, manholes)
def test_3d_gaps_of_manholes_equal_sampling(pipe, manhole):
    """Protects cylinders: the gap is never above what any sampled point of the pipe has, nor far below."""
    shaft, (x, y) = manhole.utility, (manhole.utility.x, manhole.utility.y)
    t = np.linspace(0, 1, 2001)[:, None]
    points = np.concatenate([start + t * (end - start) for start, end in pieces(pipe)])
    plan = np.maximum(np.hypot(points[:, 0] - x, points[:, 1] - y) - shaft.outer_radius_m, 0)
    rise = np.maximum(np.maximum(shaft.bottom_m - points[:, 2], points[:, 2] - shaft.top_m), 0)
    sampled = np.hypot(plan, rise).min() - pipe.utility.outer_radius_m
    assert sampled - 0.02 <= of(pipe, manhole).space.nominal_m <= sampled + 1e-6


@given(pipes, pipes)
def test_vertical_gaps_are_not_above_any_sampled_crossing(a, b):
    """Protects the crossing: where both lie over each other in plan, no sampled height is nearer than reported."""
    found = of(a, b)
    radii = a.utility.outer_radius_m + b.utility.outer_radius_m
    t = np.linspace(0, 1, 401)[:, None]
    for start, end in pieces(a):
        points = start + t * (end - start)
        for first, last in pieces(b):
            step = last - first
            s = np.clip(((points - first)[:, :2] @ step[:2]) / (step[:2] @ step[:2]), 0, 1)[:, None]
            away = points - first - s * step
            over = np.hypot(away[:, 0], away[:, 1]) <= radii
            if over.any():
                assert found.crossing.nominal_m <= np.abs(away[over, 2]).min() - radii + 2e-6


@given(placed, placed)
def test_either_may_come_first(a, b):
    """Protects the audit: a couple is measured alike from either side."""
    forth, back = of(a, b), of(b, a)
    for name in ("plan", "space", "alongside", "beside"):
        one, two = getattr(forth, name), getattr(back, name)
        assert (one is None) == (two is None)
        assert one is None or one.nominal_m == pytest.approx(two.nominal_m, abs=2e-6)
    assert (forth.crossing is None) == (back.crossing is None)
    assert forth.is_joined == back.is_joined


@given(pipes, placed, st.floats(0.1, 0.9))
def test_a_vertex_on_a_straight_line_changes_nothing(a, b, share):
    """Protects records that were digitised with more points than needed."""
    axis = a.utility.axis
    split = np.insert(axis, 1, axis[0] + share * (axis[1] - axis[0]), axis=0)
    any_length = dataclasses.replace(PARALLELS, length_m=0.0)
    denser = dataclasses.replace(a, utility=dataclasses.replace(a.utility, points=split))
    found, again = meet([(a, b), (denser, b)], any_length)
    assert found.plan.nominal_m == pytest.approx(again.plan.nominal_m, abs=2e-6)
    assert found.space.nominal_m == pytest.approx(again.space.nominal_m, abs=2e-6)
    assert found.parallel_m == pytest.approx(again.parallel_m, abs=1e-5)


@given(placed, placed)
def test_gaps_do_not_contradict_each_other(a, b):
    """Protects the report: the 3D gap is never less than a plan gap apart, and what overlaps in plan is a crossing."""
    found = of(a, b)
    assert found.space.nominal_m >= found.plan.nominal_m - 2e-6
    assert (found.crossing is not None) == (found.plan.nominal_m <= 1e-6)
    assert found.alongside is None or found.alongside.nominal_m >= found.plan.nominal_m
    assert found.crossing or found.beside or found.alongside
