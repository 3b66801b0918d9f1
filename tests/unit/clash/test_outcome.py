"""The four outcomes: what makes a hit definite or possible, and what it takes to be clear."""

import dataclasses
import doctest
import math

import numpy as np
import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st

from twin.clash import outcome as documented
from twin.clash.accuracy import read_accuracies
from twin.clash.outcome import REASONS, Outcome, Reason, assess
from twin.clash.solids import Excavation, Floor, Quality, Shaft, Tube

EAST, NORTH = 562_000.0, 1_820_000.0
ORIGIN = np.array([EAST, NORTH, 0.0])
VERIFIED = Quality("A")
LEVELS = ["A", "B1", "B2", "B3", "B4", "C", "D", "ASCE-A", "ASCE-B", "ASCE-C", "ASCE-D", None]
WITHOUT_DEPTH = ["B3", "B4", "C", "D", "ASCE-B", "ASCE-C", "ASCE-D", None]


def a_trench(*, bottom=-1.0, shallow=None, length=10.0, width=2.0):
    polygon = shapely.box(EAST, NORTH, EAST + length, NORTH + width)
    return Excavation((Floor(polygon, bottom, 0.0, band_m=0.0 if shallow is None else shallow - bottom),))


def a_pipe(*points, radius=0.1, quality=VERIFIED, number=1):
    return Tube(number, np.array(points, dtype=float) + ORIGIN[: len(points[0])], radius, quality)


def a_crossing(z, **kwargs):
    return a_pipe((5, -4, z), (5, 6, z), **kwargs)


def a_parallel(gap, z=-0.5, **kwargs):
    """A pipe beside the trench whose outside is that far from its wall."""
    y = 2 + gap + kwargs.get("radius", 0.1)
    return a_pipe((-3, y, z), (13, y, z), **kwargs)


def a_manhole(x, bottom, top, *, radius=0.5, quality=VERIFIED):
    return Shaft(1, EAST + x, NORTH + 1, bottom, top, radius, quality)


def a_chamber(x):
    """A square chamber of 1 m whose orientation nobody recorded."""
    return Shaft(1, EAST + x, NORTH + 1, -3, 0, math.sqrt(0.5), VERIFIED, inner_radius_m=0.5)


def verdict(utility, trench=None):
    found = assess(trench or a_trench(), [utility])[0]
    return found.outcome, found.reason


def gaps(utility, trench=None):
    found = assess(trench or a_trench(), [utility])[0]
    return found.plan_gap_m, found.vertical_gap_m, found.gap_m, found.worst_gap_m


@pytest.mark.parametrize(
    ("utility", "expected"),
    [
        pytest.param(a_crossing(-1.4), (-0.1, 0.3, 0.3, 0.275), id="crosses 0.3 m below"),
        pytest.param(a_crossing(-1.1), (-0.1, 0.0, 0.0, -0.025), id="touches the bottom"),
        pytest.param(a_crossing(-0.5), (-0.1, -0.6, -0.1, -0.1), id="crosses within"),
        pytest.param(a_parallel(0.3), (0.3, None, 0.3, 0.25), id="beside"),
        pytest.param(a_parallel(0.0), (0.0, -0.6, 0.0, -0.05), id="touches the wall"),
        pytest.param(a_pipe((1, 1, -0.5), (9, 1, -0.5)), (-0.1, -0.6, -0.1, -0.1), id="wholly inside"),
        pytest.param(a_crossing(-1.4, quality=Quality("D")), (-0.1, 0.3, 0.3, -0.1), id="depth untrusted"),
        pytest.param(a_pipe((5, -4), (5, 6)), (-0.1, None, None, -0.1), id="elevation missing"),
        pytest.param(a_crossing(-9, radius=None), (-1.0, None, None, -1.0), id="section missing"),
        pytest.param(a_manhole(13, -3, 0), (2.5, None, 2.5, 2.45), id="manhole beside"),
        pytest.param(a_manhole(5, -3, 0), (-0.5, -1.0, 0.0, 0.0), id="manhole within"),
        pytest.param(a_manhole(5, -3, -1.2), (-0.5, 0.2, 0.2, 0.175), id="manhole below"),
    ],
)
def test_gaps_have_their_hand_values(utility, expected):
    """Protects the figures of the report, to the micrometre at VN-2000 coordinates."""
    assert gaps(utility) == expected


@pytest.mark.parametrize(
    ("utility", "outcome", "reason"),
    [
        pytest.param(a_crossing(-0.5), Outcome.DEFINITE, Reason.HIT, id="within"),
        pytest.param(a_crossing(-1.1), Outcome.DEFINITE, Reason.HIT, id="touches the bottom"),
        pytest.param(a_parallel(0.0), Outcome.DEFINITE, Reason.HIT, id="touches the wall"),
        pytest.param(a_parallel(0.05), Outcome.POSSIBLE, Reason.WITHIN_ACCURACY, id="horizontal accuracy"),
        pytest.param(a_parallel(0.050002), Outcome.CLEAR, Reason.APART_IN_PLAN, id="past horizontal accuracy"),
        pytest.param(a_crossing(-1.125), Outcome.POSSIBLE, Reason.WITHIN_ACCURACY, id="vertical accuracy"),
        pytest.param(a_crossing(-1.125002), Outcome.CLEAR, Reason.APART_IN_SPACE, id="past vertical accuracy"),
        pytest.param(a_crossing(0.2), Outcome.DEFINITE, Reason.HIT, id="above the ground it is in the way"),
        pytest.param(a_crossing(-0.5, quality=Quality("D")), Outcome.DEFINITE, Reason.HIT, id="level D within"),
        pytest.param(
            a_parallel(0.9, quality=Quality("D")), Outcome.POSSIBLE, Reason.WITHIN_ACCURACY, id="level D beside"
        ),
        pytest.param(a_crossing(-8, quality=Quality("D")), Outcome.UNKNOWN, Reason.DEPTH_UNTRUSTED, id="level D deep"),
        pytest.param(
            a_parallel(1.1, quality=Quality("D")), Outcome.CLEAR, Reason.APART_IN_PLAN, id="level D far beside"
        ),
        pytest.param(a_pipe((5, -4), (5, 6)), Outcome.UNKNOWN, Reason.ELEVATION_MISSING, id="no elevation"),
        pytest.param(a_pipe((13, -4), (13, 6)), Outcome.CLEAR, Reason.APART_IN_PLAN, id="no elevation, beside"),
        pytest.param(
            a_pipe((-3, 3.5), (13, 3.5), quality=Quality("B1")),
            Outcome.UNKNOWN,
            Reason.ELEVATION_MISSING,
            id="no elevation where accuracy grows with depth",
        ),
        pytest.param(a_crossing(-0.5, radius=None), Outcome.UNKNOWN, Reason.SECTION_MISSING, id="no section"),
        pytest.param(
            a_pipe((-3, 3.05, -0.5), (13, 3.05, -0.5), radius=None),
            Outcome.UNKNOWN,
            Reason.SECTION_MISSING,
            id="no section, within the assumed radius and accuracy",
        ),
        pytest.param(
            a_pipe((-3, 3.06, -0.5), (13, 3.06, -0.5), radius=None),
            Outcome.CLEAR,
            Reason.APART_IN_PLAN,
            id="no section, beside",
        ),
        pytest.param(a_manhole(5, None, 0), Outcome.UNKNOWN, Reason.ELEVATION_MISSING, id="manhole without bottom"),
        pytest.param(a_manhole(5, -9, None), Outcome.UNKNOWN, Reason.ELEVATION_MISSING, id="manhole without top"),
        pytest.param(a_manhole(10.5, -2, 0), Outcome.DEFINITE, Reason.HIT, id="manhole touches"),
        pytest.param(a_manhole(10.54, -2, 0), Outcome.POSSIBLE, Reason.WITHIN_ACCURACY, id="manhole near"),
        pytest.param(a_manhole(10.56, -2, 0), Outcome.CLEAR, Reason.APART_IN_PLAN, id="manhole beside"),
        pytest.param(a_manhole(5, -4, -1.1), Outcome.CLEAR, Reason.APART_IN_SPACE, id="manhole below"),
        pytest.param(a_chamber(10.49), Outcome.DEFINITE, Reason.HIT, id="chamber hit however it is turned"),
        pytest.param(a_chamber(10.6), Outcome.POSSIBLE, Reason.TURN_UNCERTAIN, id="chamber hit in some positions"),
        pytest.param(a_chamber(10.8), Outcome.CLEAR, Reason.APART_IN_PLAN, id="chamber beside"),
    ],
)
def test_each_outcome_has_its_reason(utility, outcome, reason):
    """Protects the four outcomes and the line between each two of them."""
    assert verdict(utility) == (outcome, reason)


@pytest.mark.parametrize(
    ("z", "outcome", "reason"),
    [
        (-0.9, Outcome.DEFINITE, Reason.HIT),
        (-1.1, Outcome.DEFINITE, Reason.HIT),
        (-1.2, Outcome.POSSIBLE, Reason.BOTTOM_UNCERTAIN),
        (-1.6, Outcome.POSSIBLE, Reason.BOTTOM_UNCERTAIN),
        (-1.61, Outcome.POSSIBLE, Reason.WITHIN_ACCURACY),
        (-1.63, Outcome.CLEAR, Reason.APART_IN_SPACE),
    ],
)
def test_an_uncertain_bottom_makes_a_hit_possible(z, outcome, reason):
    """Protects digs on uneven ground, whose bottom is known only between two elevations."""
    assert verdict(a_crossing(z), a_trench(bottom=-1.5, shallow=-1.0)) == (outcome, reason)


def test_horizontal_and_vertical_accuracy_count_separately():
    """Protects a pipe off the bottom edge: 0.3 m away both ways is hit only with both accuracies."""
    both, plan_only, depth_only = (
        a_parallel(0.2, z=-1.3, quality=Quality("A", h, v)) for h, v in [(0.25, 0.25), (0.3, 0.0), (0.0, 0.3)]
    )
    assert verdict(both) == (Outcome.POSSIBLE, Reason.WITHIN_ACCURACY)
    assert gaps(both)[3] == pytest.approx(math.hypot(0.05, 0.05) - 0.1, abs=1e-6)
    assert gaps(plan_only)[3] == gaps(depth_only)[3] == pytest.approx(0.3 - 0.1, abs=1e-6)
    assert verdict(plan_only)[0] is verdict(depth_only)[0] is Outcome.CLEAR


def test_accuracy_that_grows_with_depth_takes_the_depth_at_the_crossing():
    """Protects a long line from the depth of its far end, and the crossing from being called better."""
    level = a_pipe((5, -4, -2), (5, 6, -2), quality=Quality("B1"))
    falling = a_pipe((5, -4, -2), (5, 6, -2), (5, 200, -20), quality=Quality("B1"))
    first, second = assess(a_trench(), [level, falling])
    assert (first.accuracy.horizontal_m, first.accuracy.vertical_m) == pytest.approx((0.3, 0.3))
    assert second.accuracy == first.accuracy
    through = assess(a_trench(), [a_pipe((5, -10, 0), (5, 10, -10), quality=Quality("B1"))])[0]
    lowest_within_reach = -(2 + 0.1 + 3.0 * 0.5 + 10) / 2
    assert through.accuracy.vertical_m == pytest.approx(-0.15 * lowest_within_reach)


def test_every_object_is_assessed_in_the_order_given():
    """Protects the positive response: an object is never left out, nor mistaken for its neighbour."""
    utilities = [
        a_crossing(-0.5, number=30),
        a_manhole(13, -3, 0),
        a_pipe((5, -4), (5, 6), number=20),
        a_parallel(5, number=10),
    ]
    together = assess(a_trench(), utilities)
    assert [found.utility_id for found in together] == [30, 1, 20, 10]
    assert together == [assess(a_trench(), [utility])[0] for utility in utilities]
    assert assess(a_trench(), []) == []


def test_a_city_table_decides():
    """Protects the city's own figures for unstated levels and sections."""
    table = read_accuracies()
    strict = dataclasses.replace(table, unknown_radius_m=3.0)
    utility = a_pipe((-3, 4.5, -0.5), (13, 4.5, -0.5), radius=None)
    assert assess(a_trench(), [utility])[0].outcome is Outcome.CLEAR
    assert assess(a_trench(), [utility], accuracies=strict)[0].outcome is Outcome.UNKNOWN


def test_the_documented_example_holds():
    """Protects whoever learns the check from its docstring."""
    assert doctest.testmod(documented) == (0, 5)


def test_every_reason_is_worded_in_both_languages():
    """Protects readers of either language from a bare key."""
    assert set(REASONS) == set(Reason)
    assert all(wording.en.endswith(".") and wording.vi.endswith(".") for wording in REASONS.values())


plan = st.floats(-4, 14).map(lambda value: round(value, 3))
height = st.floats(-3, 1).map(lambda value: round(value, 3))
axis = st.lists(st.tuples(plan, plan, height), min_size=2, max_size=3)
radius = st.sampled_from([0.05, 0.2, 0.6])
quality = st.builds(Quality, st.sampled_from(LEVELS))
pipe = st.builds(lambda points, r, q: a_pipe(*points, radius=r, quality=q), axis, radius, quality)
manhole = st.builds(
    lambda x, heights, r, q: a_manhole(x, *sorted(heights), radius=r, quality=q),
    plan,
    st.tuples(height, height),
    radius,
    quality,
)
utility = pipe | manhole
trench = st.builds(
    lambda depth, relief, slope: Excavation(
        (dataclasses.replace(a_trench(bottom=-depth, shallow=-depth * relief).floors[0], slope=slope),)
    ),
    st.floats(0.5, 2),
    st.sampled_from([1, 0.8]),
    st.sampled_from([0.0, 0.0, 1.0]),
)


def without_depth(utility):
    if isinstance(utility, Tube):
        return dataclasses.replace(utility, points=utility.axis[:, :2])
    return dataclasses.replace(utility, bottom_m=None)


@given(utility, trench)
def test_the_outcome_follows_from_the_reported_gaps(utility, trench):
    """Protects the report from contradicting itself: clear if and only if the worst gap is above 0."""
    found = assess(trench, [utility])[0]
    assert (found.outcome is Outcome.CLEAR) == (found.worst_gap_m > 0)
    assert found.worst_gap_m <= found.gap_m
    assert found.plan_gap_m <= max(found.gap_m, 0)
    assert found.gap_m > 0 or found.outcome in (Outcome.DEFINITE, Outcome.POSSIBLE)
    assert found.gap_m <= 0 or found.outcome is not Outcome.DEFINITE
    assert found.vertical_gap_m is None or found.plan_gap_m <= 0
    if found.vertical_gap_m is not None:
        rise, radius = max(found.vertical_gap_m + utility.outer_radius_m, 0), utility.outer_radius_m
        assert found.gap_m <= math.hypot(radius, rise) - radius + 2e-6


@given(utility, trench)
def test_a_missing_depth_or_section_is_never_clear_within_reach(utility, trench):
    """Protects against a missed clash: what can't be ruled out in plan stays unknown."""
    for lacking in (without_depth(utility), dataclasses.replace(utility, outer_radius_m=None)):
        found = assess(trench, [lacking])[0]
        beside = found.plan_gap_m - found.accuracy.horizontal_m
        assert found.outcome is (Outcome.CLEAR if round(beside, 6) > 0 else Outcome.UNKNOWN)
        assert (found.gap_m, found.vertical_gap_m) == (None, None)


@given(pipe | manhole, trench, st.sampled_from(WITHOUT_DEPTH))
def test_a_level_without_depth_is_never_clear_within_reach(utility, trench, level):
    """Protects against trusting a depth that nobody measured."""
    found = assess(trench, [dataclasses.replace(utility, quality=Quality(level))])[0]
    reached = round(found.plan_gap_m - found.accuracy.horizontal_m, 6) <= 0
    assert (found.outcome is Outcome.CLEAR) != reached


@given(utility, trench, st.floats(0, 2), st.floats(0, 2))
def test_less_accuracy_never_makes_an_object_clear(utility, trench, horizontal, vertical):
    """Protects the order of accuracies: knowing less can only bring an object nearer."""
    better = dataclasses.replace(utility, quality=Quality(None, horizontal / 2, vertical / 2))
    worse = dataclasses.replace(utility, quality=Quality(None, horizontal, vertical))
    untrusted = dataclasses.replace(utility, quality=Quality(None, horizontal, None))
    found = [assess(trench, [known])[0] for known in (better, worse, untrusted)]
    worst = [each.worst_gap_m for each in found]
    assert worst[0] + 1e-6 >= worst[1]
    assert worst[1] + 1e-6 >= worst[2]
    assert [each.outcome is Outcome.CLEAR for each in found] == sorted(
        (each.outcome is Outcome.CLEAR for each in found), reverse=True
    )


@given(utility, trench)
def test_a_larger_section_is_never_further_away(utility, trench):
    """Protects the radius: a thicker pipe can't get clear."""
    thicker = dataclasses.replace(utility, outer_radius_m=utility.outer_radius_m + 0.3)
    thin, thick = assess(trench, [utility, thicker])
    assert thick.plan_gap_m <= thin.plan_gap_m
    assert thick.gap_m <= thin.gap_m
    # A thicker object comes within reach deeper or less deep, and accuracy that grows with depth with it.
    if thick.accuracy == thin.accuracy:
        assert thick.worst_gap_m <= thin.worst_gap_m + 1e-6
        assert thin.outcome is Outcome.CLEAR or thick.outcome is not Outcome.CLEAR


@given(utility, trench)
def test_a_deeper_dig_is_never_safer(utility, trench):
    """Protects the planner who digs deeper than planned from being told less."""
    (floor,) = trench.floors
    deeper = Excavation((dataclasses.replace(floor, bottom_m=floor.bottom_m - 0.5, band_m=floor.band_m + 0.5),))
    planned, dug = assess(trench, [utility])[0], assess(deeper, [utility])[0]
    assert dug.gap_m <= planned.gap_m
    assert planned.outcome is Outcome.CLEAR or dug.outcome is not Outcome.CLEAR
