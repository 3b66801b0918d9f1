"""Distances with hand values at VN-2000 coordinates, and what must not change them."""

import math

import numpy as np
import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st

from twin.clash.distance import Prism, find_stretches, measure_plan, measure_solid, measure_vertical, set_scene
from twin.clash.solids import Shaft, Tube

EAST, NORTH = 562_000.0, 1_820_000.0
ORIGIN = np.array([EAST, NORTH, 0.0])
BOX = [(0, 0), (10, 0), (10, 2), (0, 2)]
L_SHAPE = [(0, 0), (6, 0), (6, 2), (2, 2), (2, 6), (0, 6)]
RING = shapely.Polygon([(0, 0), (10, 0), (10, 10), (0, 10)], [[(4, 4), (6, 4), (6, 6), (4, 6)]])


def a_polygon(outline=BOX):
    polygon = outline if isinstance(outline, shapely.Polygon) else shapely.Polygon(outline)
    return shapely.transform(polygon, lambda xy: xy + ORIGIN[:2])


def a_tube(*points, radius=0.1):
    return Tube(1, np.array(points, dtype=float) + ORIGIN[: len(points[0])], radius)


def a_shaft(x, y, bottom, top, radius=0.5):
    return Shaft(1, EAST + x, NORTH + y, bottom, top, radius)


def plan_distance(outline, utility):
    return measure_plan(set_scene(a_polygon(outline), [utility]))[0]


def solid_distance(outline, utility, *, low=-1.0, high=0.0, offset=0.0):
    prism = Prism(*(np.array([[value]]) for value in (low, high, offset)))
    return measure_solid(set_scene(a_polygon(outline), [utility]), prism)[0, 0]


def vertical_distance(outline, utility, *, reach=0.1, low=-1.0, high=0.0):
    return measure_vertical(set_scene(a_polygon(outline), [utility]), np.array([reach]), low, high)[0]


def near(value):
    return pytest.approx(value, abs=1e-9)


DIAGONAL = math.sqrt(2)


@pytest.mark.parametrize(
    ("outline", "points", "plan", "solid"),
    [
        pytest.param(BOX, [(5, -3, -1.4), (5, 5, -1.4)], 0, 0.4, id="crosses below"),
        pytest.param(BOX, [(5, -3, 0.4), (5, 5, 0.4)], 0, 0.4, id="crosses above"),
        pytest.param(BOX, [(5, -3, -0.4), (5, 5, -0.4)], 0, 0, id="crosses within"),
        pytest.param(BOX, [(1, 1, -0.5), (9, 1, -0.5)], 0, 0, id="wholly inside"),
        pytest.param(BOX, [(-3, 2.7, -0.5), (13, 2.7, -0.5)], 0.7, 0.7, id="parallel beside"),
        pytest.param(BOX, [(-3, 2.3, -1.4), (13, 2.3, -1.4)], 0.3, 0.5, id="parallel beside and below"),
        pytest.param(BOX, [(-3, 2, -0.5), (13, 2, -0.5)], 0, 0, id="along a wall"),
        pytest.param(BOX, [(12, 2, -0.5), (15, 2, -0.5)], 2, 2, id="in line with a wall"),
        pytest.param(BOX, [(-1, 1, -0.5), (1, -1, -0.5)], 0, 0, id="through a corner"),
        pytest.param(BOX, [(13, 6, -0.5), (16, 10, -0.5)], 5, 5, id="ends towards a corner"),
        pytest.param(BOX, [(10, 2, -1), (13, 6, -3)], 0, 0, id="starts at a corner of the bottom"),
        pytest.param(L_SHAPE, [(3, 5, -0.5), (5, 3, -0.5)], 1, 1, id="in the notch"),
        pytest.param(L_SHAPE, [(3, 3, -9), (3, 3, 9)], 1, 1, id="riser in the notch"),
        pytest.param(RING, [(4.5, 5, -0.5), (5.5, 5, -0.5)], 0.5, 0.5, id="in the hole"),
        pytest.param(RING, [(5, 5, -3), (5, 5, 3)], 1, 1, id="riser in the hole"),
        pytest.param(RING, [(5, 5, -0.5), (5, 12, -0.5)], 0, 0, id="out of the hole"),
        pytest.param(RING, [(5, 5, -1.5), (5, 12, -1.5)], 0, 0.5, id="out of the hole, below"),
        pytest.param(BOX, [(7, 1, -6), (17, 1, 4)], 0, DIAGONAL, id="45 degrees past the bottom edge"),
        pytest.param(BOX, [(5, 1, -4), (5, 1, -1.5)], 0, 0.5, id="riser ending below"),
        pytest.param(BOX, [(13, 6, -4), (13, 6, 3)], 5, 5, id="riser beside"),
        pytest.param(BOX, [(5, 1, -1.7), (5, 1, -1.7)], 0, 0.7, id="a point below"),
        pytest.param(BOX, [(13, 6, -0.5), (13, 6, -0.5)], 5, 5, id="a point beside"),
        pytest.param(BOX, [(20, 20, 0), (20, 20, 0), (20, 1, -0.5), (12, 1, -0.5)], 2, 2, id="repeated vertex"),
        pytest.param(BOX, [(1, 2, -1), (9, 2, -1)], 0, 0, id="along a bottom edge"),
        pytest.param(BOX, [(-2000, 1, -21), (2010, 1, 19.1)], 0, 0, id="long and oblique"),
    ],
)
def test_the_distance_has_its_hand_value(outline, points, plan, solid):
    """Protects every region of the prism: faces, edges, corners, notch, hole, inside."""
    assert plan_distance(outline, a_tube(*points)) == near(plan)
    assert solid_distance(outline, a_tube(*points)) == near(solid)


@pytest.mark.parametrize(
    ("points", "vertical"),
    [
        pytest.param([(5, -3, -1.4), (5, 5, -1.4)], 0.4, id="below"),
        pytest.param([(5, -3, 0.4), (5, 5, 0.4)], 0.4, id="above"),
        pytest.param([(5, -3, -0.8), (5, 5, -0.8)], -0.2, id="near the bottom"),
        pytest.param([(5, -3, -0.1), (5, 5, -0.1)], -0.1, id="near the top"),
        pytest.param([(5, -3, -9), (5, 5, 9)], -0.5, id="from below to above"),
        pytest.param([(5, -5, -6), (5, 5, 4)], -0.5, id="through the bottom and the top"),
        pytest.param([(5, -5, -9), (5, 5, -4)], 4.45, id="nearest where it leaves the reach"),
        pytest.param([(-3, 2.1, -0.9), (13, 2.1, -0.9)], -0.1, id="touches in plan"),
        pytest.param([(-3, 2.2, -0.9), (13, 2.2, -0.9)], math.inf, id="never crosses"),
        pytest.param([(10.08, 2.06, -4), (10.08, 2.06, -3)], 2, id="riser at a corner"),
        pytest.param([(10.08, 2.07, -4), (10.08, 2.07, -3)], math.inf, id="riser past a corner"),
    ],
)
def test_the_vertical_distance_is_that_at_the_crossing(points, vertical):
    """Protects the vertical clearance of the regulations, which counts only where the plans overlap."""
    assert vertical_distance(BOX, a_tube(*points)) == near(vertical)


@pytest.mark.parametrize(
    ("shaft", "offset", "solid"),
    [
        (a_shaft(13, 1, -2, 0), 0.5, 2.5),
        (a_shaft(13, 6, -3, -1.6), 1.0, math.hypot(4, 0.6)),
        (a_shaft(10.4, 1, -3, -1.6), 0.5, 0.6),
        (a_shaft(5, 1, -3, -1.6), 0.5, 0.6),
        (a_shaft(5, 1, -3, -1.0), 0.5, 0.0),
        (a_shaft(5, 1, -0.6, -0.4), 0.5, 0.0),
        (a_shaft(10.5, 1, -3, 1), 0.5, 0.0),
    ],
)
def test_a_shaft_is_held_against_walls_moved_by_its_radius(shaft, offset, solid):
    """Protects the flat ends of a cylinder: its radius counts in plan only."""
    assert solid_distance(BOX, shaft, offset=offset) == near(solid)


@pytest.mark.parametrize(
    ("bottom", "top", "vertical"),
    [(-3, -1.6, 0.6), (0.2, 1, 0.2), (-5, 0, -1.0), (-5, -0.7, -0.3), (-0.6, 2, -0.6)],
)
def test_the_vertical_distance_of_a_shaft_is_between_heights(bottom, top, vertical):
    """Protects the overlap of a manhole, which is measured over its whole height."""
    assert vertical_distance(BOX, a_shaft(5, 1, bottom, top), reach=0.5) == near(vertical)


def test_stretches_end_where_the_axis_leaves_the_reach():
    """Protects the depth at the crossing from the depth of far ends."""
    reach = np.array([0.5])
    scene = set_scene(a_polygon(), [a_tube((5, -10, -10), (5, 12, 12))])
    stretches = find_stretches(scene, reach)
    assert stretches.low_m.min() == near(-0.5)
    assert stretches.high_m.max() == near(2.5)
    corner = find_stretches(set_scene(a_polygon(), [a_tube((10.3, -3, -3), (10.3, 5, 5))]), reach)
    assert (corner.low_m.min(), corner.high_m.max()) == (near(-0.4), near(2.4))


def test_a_repeated_corner_changes_nothing():
    """Protects against walls of no length, which valid polygons may have."""
    repeated = [BOX[0], BOX[0], BOX[1], BOX[2], BOX[2], BOX[2], BOX[3]]
    tube = a_tube((13, 6, -0.5), (16, 10, -0.5))
    assert solid_distance(repeated, tube) == solid_distance(BOX, tube) == near(5)
    assert vertical_distance(repeated, tube, reach=6) == near(-0.5)


def test_objects_do_not_disturb_each_other():
    """Protects the flat arrays: each object gets its own distance, in its own place."""
    tubes = [
        a_tube((5, -3, -1.4), (5, 5, -1.4), (9, 9, -9)),
        a_shaft(13, 6, -3, -1.6),
        a_tube((1, 1, -0.5), (2, 1, -0.5)),
        a_tube((13, -5), (13, 5)),
    ]
    scene = set_scene(a_polygon(), tubes)
    assert measure_plan(scene).tolist() == near([0, 5, 0, 3])
    prism = Prism(*(np.full((4, 2), value) for value in (-1.0, 0.0, 0.0)))
    prism.low_m[:, 1] = -2.0
    assert measure_solid(scene, prism)[:3].tolist() == [near([0.4, 0.0]), near([math.hypot(5, 0.6), 5]), [0, 0]]


coordinate = st.floats(-12, 12).map(lambda value: round(value, 3))
height = st.floats(-4, 3).map(lambda value: round(value, 3))
point = st.tuples(coordinate, coordinate, height)
outline = st.sampled_from([BOX, L_SHAPE, RING, [(0, 0), (9, 1), (1, 2), (8, 8), (-2, 6)]])
offset = st.sampled_from([0.0, 0.05, 0.5, 1.5])


def measure(outline, axes, offset):
    """Plan, solid and vertical distance of each axis."""
    tubes = [Tube(1, axis, 0.1) for axis in axes]
    scene = set_scene(outline, tubes)
    prism = Prism(*(np.full((len(axes), 1), value) for value in (-1.0, 0.0, offset)))
    reach = np.full(len(axes), 0.7)
    return measure_plan(scene), measure_solid(scene, prism)[:, 0], measure_vertical(scene, reach, -1.0, 0.0)


@given(outline, st.lists(point, min_size=2, max_size=4), offset)
def test_cutting_and_turning_an_axis_changes_nothing(outline, points, offset):
    """Protects against a result that depends on how an owner digitised the line."""
    axis = np.array(points) + ORIGIN
    cut = np.sort(np.concatenate([np.arange(len(axis)), np.linspace(0, len(axis) - 1, 8)]))
    finer = np.stack([np.interp(cut, np.arange(len(axis)), values) for values in axis.T], axis=1)
    for values in measure(a_polygon(outline), [axis, axis[::-1], finer], offset):
        assert values == pytest.approx(values[0], abs=1e-6)


@given(outline, st.lists(point, min_size=2, max_size=3), offset, st.floats(0, 2 * math.pi))
def test_a_rigid_motion_in_plan_changes_nothing(outline, points, offset, angle):
    """Protects against a result that depends on the grid's north or origin."""
    here = shapely.Polygon(outline)
    turn = np.array([[math.cos(angle), math.sin(angle)], [-math.sin(angle), math.cos(angle)]])

    def move(xy):
        return xy @ turn + ORIGIN[:2]

    axis = np.array(points)
    moved = np.column_stack([move(axis[:, :2]), axis[:, 2]])
    plan, solid, _ = measure(here, [axis], offset)
    there_plan, there_solid, _ = measure(shapely.transform(here, move), [moved], offset)
    assert there_plan == pytest.approx(plan, abs=1e-6)
    assert there_solid == pytest.approx(solid, abs=1e-6)


@given(outline, st.lists(point, min_size=2, max_size=3), offset, offset)
def test_a_larger_excavation_is_never_further_away(outline, points, one, other):
    """Protects the order of the outcomes: moving walls outwards only ever brings them nearer."""
    axis = np.array(points) + ORIGIN
    _, near_walls, _ = measure(a_polygon(outline), [axis], max(one, other))
    _, far_walls, _ = measure(a_polygon(outline), [axis], min(one, other))
    assert near_walls[0] <= far_walls[0] + 1e-7
    assert far_walls[0] <= near_walls[0] + abs(one - other) + 1e-7
