"""Distances with hand values at VN-2000 coordinates, and what must not change them."""

import doctest
import math

import numpy as np
import pytest
import shapely
from hypothesis import example, given
from hypothesis import strategies as st

from twin.clash import distance as documented
from twin.clash.distance import Scene
from twin.clash.solids import Drive, Excavation, Floor, Section, Tube

EAST, NORTH = 562_000.0, 1_820_000.0
ORIGIN = np.array([EAST, NORTH, 0.0])
BOX = [(0, 0), (10, 0), (10, 2), (0, 2)]
L_SHAPE = [(0, 0), (6, 0), (6, 2), (2, 2), (2, 6), (0, 6)]
RING = shapely.Polygon([(0, 0), (10, 0), (10, 10), (0, 10)], [[(4, 4), (6, 4), (6, 6), (4, 6)]])
LINE = Section(0.0)
DIAGONAL = math.sqrt(2)


def place(outline):
    polygon = outline if isinstance(outline, shapely.Polygon) else shapely.Polygon(outline)
    return shapely.transform(polygon, lambda xy: xy + ORIGIN[:2])


def a_floor(outline=BOX, bottom=-1.0, **options):
    return Floor(place(outline), bottom, options.pop("ground", 0.0), origin=(EAST, NORTH), **options)


def a_scene(*floors, bores=()):
    return Scene(Excavation(floors, bores))


def at(*points):
    return [tuple((np.array(point, dtype=float) + ORIGIN[: len(point)]).tolist()) for point in points]


def a_bore(*points, radius=0.0001):
    return Drive(at(*points), radius)


def space(scene, *points, section=LINE, accuracy=(0.0, 0.0), raised=False):
    return scene.space(scene.lay(at(*points)), section, accuracy, raised=raised).distance_m


def plan(scene, *points):
    return scene.plan(scene.lay(at(*points))).distance_m


def crossing(scene, *points, near=0.1):
    return scene.crossing(scene.lay(at(*points)), near)


def near(value):
    return pytest.approx(value, abs=1e-9)


@pytest.mark.parametrize(
    ("outline", "points", "in_plan", "in_space"),
    [
        pytest.param(BOX, [(5, -3, -1.4), (5, 5, -1.4)], 0, 0.4, id="crosses below"),
        pytest.param(BOX, [(5, -3, 0.4), (5, 5, 0.4)], 0, 0, id="above it all is in its way"),
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
        pytest.param(BOX, [(5, -3), (5, 5)], 0, None, id="no elevation, crosses"),
        pytest.param(BOX, [(-3, 5), (13, 5)], 3, None, id="no elevation, beside"),
    ],
)
def test_the_distance_has_its_hand_value(outline, points, in_plan, in_space):
    """Protects every region of the prism: faces, edges, corners, notch, hole, inside."""
    scene = a_scene(a_floor(outline))
    assert plan(scene, *points) == near(in_plan)
    if in_space is not None:
        assert space(scene, *points) == near(in_space)


@pytest.mark.parametrize(
    ("points", "in_plan", "in_space"),
    [
        pytest.param([(-3, 4, -1), (13, 4, -1)], 1, DIAGONAL, id="beside, as deep as the floor"),
        pytest.param([(2, 4, -1), (8, 4, -1)], 1, DIAGONAL, id="beside, short"),
        pytest.param([(2, 3, -2), (8, 3, -2)], 0, DIAGONAL, id="down and out from the toe"),
        pytest.param([(2, 2.5, -2), (8, 2.5, -2)], 0, math.hypot(0.5, 1), id="nearest to the toe"),
        pytest.param([(2, 5, 1), (8, 5, 1)], 2, 2, id="above the ground the side is upright"),
        pytest.param([(2, 4.2, -0.2), (8, 4.2, -0.2)], 1.2, math.hypot(1.2, 0.2), id="nearest to the shoulder"),
        pytest.param([(2, 2.5, -0.3), (8, 2.5, -0.3)], 0, 0, id="in the leaning side"),
        pytest.param([(5, -9, -3), (5, 9, -3)], 0, 2, id="crosses below"),
        pytest.param([(12, -4, -1), (12, 4, -1)], 1, DIAGONAL, id="past the end"),
        pytest.param([(12, 4, -1), (14, 6, -1)], DIAGONAL, math.sqrt(3), id="diagonally off the mitre"),
    ],
)
def test_a_leaning_side_has_its_hand_value(points, in_plan, in_space):
    """Protects battered digs: 45 degrees from a floor 1 m deep, mitred at the corners."""
    scene = a_scene(a_floor(slope=1.0))
    assert plan(scene, *points) == pytest.approx(in_plan, abs=1e-7)
    assert space(scene, *points) == pytest.approx(in_space, abs=1e-7)


def test_a_corner_cut_square_holds_all_that_is_dug_there():
    """Protects the mitre: at 45 degrees the sides meet as far out along each other as they reach."""
    scene = a_scene(a_floor(slope=1.0))
    assert space(scene, (10.49, 2.49, -0.5), (10.49, 2.49, -0.5)) == 0
    assert space(scene, (10.51, 2.49, -0.5), (10.51, 2.49, -0.5)) == near(0.01 / DIAGONAL)
    sharp = a_scene(a_floor([(0, 0), (10, 0), (0, 1)], slope=1.0))
    assert space(sharp, (13, 0, 0), (13, 0, 0)) == pytest.approx(1.0, abs=1e-6), "cut off at twice the slope"


@pytest.mark.parametrize(
    ("points", "in_space"),
    [
        pytest.param([(5, -3, -2.5), (5, 5, -2.5)], 1 / math.hypot(1, 0.1), id="crosses, across the fall"),
        pytest.param([(0, 1, -2), (10, 1, -3)], 1 / math.hypot(1, 0.1), id="falls with the floor"),
        pytest.param([(-3, 2.7, -1), (13, 2.7, -1)], 0.7, id="beside"),
        pytest.param([(5, -3, -1.5), (5, 5, -1.5)], 0, id="touches"),
        pytest.param([(5, -3, -1.2), (5, 5, -1.2)], 0, id="within"),
        pytest.param([(12, -3, -1), (12, 5, -1)], 2, id="past the deep end"),
    ],
)
def test_a_sloped_floor_has_its_hand_value(points, in_space):
    """Protects trenches with a grade: 1 m deep at the west end, 2 m at the east."""
    scene = a_scene(a_floor(grade=(-0.1, 0.0)))
    assert space(scene, *points) == pytest.approx(in_space, abs=1e-8)


def test_the_level_at_the_crossing_is_that_of_the_floor_there():
    """Protects long sloping trenches: a crossing is held against the floor above it, not the deepest of all."""
    scene = a_scene(a_floor([(0, 0), (200, 0), (200, 1), (0, 1)], grade=(-0.02, 0.0)))
    assert crossing(scene, (10, -5, -2.0), (10, 5, -2.0)) == near(2.0 - 1.2)
    assert crossing(scene, (190, -5, -2.0), (190, 5, -2.0)) == near(2.0 - 4.8)


@pytest.mark.parametrize(
    ("points", "vertical"),
    [
        pytest.param([(5, -3, -1.4), (5, 5, -1.4)], 0.4, id="below"),
        pytest.param([(5, -3, -0.8), (5, 5, -0.8)], -0.2, id="above the floor"),
        pytest.param([(5, -3, 2), (5, 5, 2)], -3, id="above the ground"),
        pytest.param([(5, -5, -9), (5, 5, -4)], 4.45, id="nearest where it leaves the reach"),
        pytest.param([(-3, 2.1, -0.9), (13, 2.1, -0.9)], -0.1, id="touches in plan"),
        pytest.param([(-3, 2.2, -0.9), (13, 2.2, -0.9)], math.inf, id="never crosses"),
        pytest.param([(10.08, 2.06, -4), (10.08, 2.06, -3)], 2, id="riser at a corner"),
        pytest.param([(10.08, 2.07, -4), (10.08, 2.07, -3)], math.inf, id="riser past a corner"),
        pytest.param([(1, 1, -3), (2, 1, -2)], 1, id="ends within"),
    ],
)
def test_the_vertical_distance_is_that_at_the_crossing(points, vertical):
    """Protects the vertical clearance of the regulations, which counts only where the plans overlap."""
    assert crossing(a_scene(a_floor()), *points) == pytest.approx(vertical, abs=1e-6)


def test_the_lowest_point_is_that_within_reach():
    """Protects accuracy that grows with depth from the depth of far ends."""
    scene = a_scene(a_floor(slope=1.0))
    assert -2.0 <= scene.lowest(scene.lay(at((5, -50, -50), (5, 50, 50))), 0.5) <= -1.5
    assert scene.lowest(scene.lay(at((20, -50, -50), (20, 50, 50))), 0.5) == math.inf


@pytest.mark.parametrize(
    ("points", "section", "in_space"),
    [
        ([(13, 1, -2), (13, 1, 0)], Section(0, 0.5), 2.5),
        ([(13, 6, -3), (13, 6, -1.6)], Section(0, 1.0), math.hypot(4, 0.6)),
        ([(10.4, 1, -3), (10.4, 1, -1.6)], Section(0, 0.5), 0.6),
        ([(5, 1, -3), (5, 1, -1.6)], Section(0, 0.5), 0.6),
        ([(10.5, 1, -3), (10.5, 1, 1)], Section(0, 0.5), 0.0),
        ([(5, -3, -2), (5, 5, -2)], Section(0, 0.6, 0.3), 0.7),
        ([(-3, 3, -0.5), (13, 3, -0.5)], Section(0, 0.6, 0.3), 0.4),
        ([(-3, 3, -1.7), (13, 3, -1.7)], Section(0, 0.6, 0.3), math.hypot(0.4, 0.4)),
        ([(-3, 3, -1.7), (13, 3, -1.7)], Section(0.1), math.hypot(1.0, 0.7) - 0.1),
    ],
)
def test_a_section_counts_to_its_sides_and_upwards(points, section, in_space):
    """Protects boxes and shafts: their width counts in plan only, their height in height only."""
    assert space(a_scene(a_floor()), *points, section=section) == near(in_space)


@pytest.mark.parametrize(
    ("size", "points", "in_space"),
    [
        ((0.6, 0.3), [(5, -3, -2), (5, 5, -2)], 1 - 0.15),
        ((0.6, 0.3), [(-3, 3, -0.5), (13, 3, -0.5)], 1 - 0.3),
        ((0.6, 0.3), [(-3, 3, -2), (13, 3, -2)], math.hypot(0.7, 0.85)),
    ],
)
def test_a_duct_bank_is_a_box_not_the_circle_around_it(size, points, in_space):
    """Protects wide flat banks: they are as high as they are, not as high as they are wide."""
    tube = Tube(1, at(*points), math.hypot(*size) / 2, box_m=(size[0] / 2, size[1] / 2))
    scene = a_scene(a_floor())
    assert max(space(scene, *points, section=section) for section in tube.sections) == near(in_space)


def test_an_egg_lies_within_its_box_and_its_circle():
    """Protects egg-shaped sewers: beside the dig they are as wide as they are, off its edge as round."""
    scene, points = a_scene(a_floor()), [(-3, 4, -3), (13, 4, -3)]
    tube = Tube(1, at(*points), 0.6, box_m=(0.4, 0.6))
    assert max(space(scene, *points, section=section) for section in tube.sections) == near(2 * DIAGONAL - 0.6)
    beside = [(-3, 4, -0.5), (13, 4, -0.5)]
    assert max(space(scene, *beside, section=section) for section in tube.sections) == near(2 - 0.4)


@pytest.mark.parametrize("slope", [0.0, 0.02, 0.3, 0.55, 0.9])
def test_a_box_on_a_sloped_axis_is_never_taken_too_small(slope):
    """Protects sloped ducts: every corner of every cross-section upright to the axis is within the sections."""
    rise = 10 * slope / math.sqrt(1 - slope**2)
    tube = Tube(1, [(0, 0, 0), (10, 0, rise)], math.hypot(0.4, 0.2), box_m=(0.4, 0.2))
    for t, u, v in [(t, u, v) for t in (0, 0.3, 1) for u in (-0.4, 0.4) for v in (-0.2, 0.2)]:
        x, y, z = 10 * t - v * slope, u, rise * t + v * math.sqrt(1 - slope**2)
        for section in tube.sections:
            away = min(
                max(math.hypot(x - 10 * s, y) - section.wide_m, 0) ** 2
                + max(abs(z - rise * s) - section.high_m, 0) ** 2
                for s in np.linspace(0, 1, 2001)
            )
            assert math.sqrt(away) <= section.swept_m + 1e-3


@pytest.mark.parametrize(
    ("points", "in_space"),
    [
        pytest.param([(5, -3, -3), (5, 3, -3)], 1.0, id="crosses below"),
        pytest.param([(5, -3, -1), (5, 3, -1)], 1.0, id="crosses above: not dug"),
        pytest.param([(5, -3, -2.2), (5, 3, -2.2)], 0.2, id="crosses close"),
        pytest.param([(-3, 1, -2), (13, 1, -2)], 1.0, id="parallel"),
        pytest.param([(13, 4, -2), (15, 6, -2)], 5.0, id="past the end"),
        pytest.param([(5, -3, -2), (5, 3, -2)], 0.0, id="through the axis"),
    ],
)
def test_a_bore_has_its_hand_value(points, in_space):
    """Protects trenchless digs: only the hole is dug, so that what lies above it is not in its way."""
    scene = a_scene(bores=[a_bore((0, 0, -2), (10, 0, -2))])
    assert space(scene, *points) + 0.0001 == near(in_space)


def test_a_bore_is_as_wide_as_its_radius():
    """Protects the over-cut, and signs: within the hole the gap is less than 0."""
    scene = a_scene(bores=[a_bore((0, 0, -2), (10, 0, -2), radius=0.3)])
    assert space(scene, (5, -3, -3), (5, 3, -3), section=Section(0.1)) == near(0.6)
    assert space(scene, (5, -3, -2), (5, 3, -2), section=Section(0.1)) == near(-0.4)
    assert plan(scene, (-3, 1, 0), (13, 1, 0)) == near(0.7)
    assert crossing(scene, (5, -3, -3), (5, 3, -3), near=0.1) == near(0.7)
    assert crossing(scene, (5, -3, -3), (5, 3, -1), near=0.1) == near(-0.3)


def test_a_sloped_bore_is_exact_beside_its_length():
    """Protects directional drilling: across a bore that falls by 1 in 5 the distance is square to it."""
    scene = a_scene(bores=[a_bore((0, 0, -2), (10, 0, -4))])
    assert space(scene, (5, -3, -4), (5, 3, -4)) + 0.0001 == near(1 / math.hypot(1, 0.2))


def test_all_parts_of_a_dig_count():
    """Protects digs of several parts: the nearest decides, whichever it is."""
    scene = a_scene(
        a_floor(), a_floor([(20, 0), (22, 0), (22, 2), (20, 2)], -3.0), bores=[a_bore((10, 1, -2), (20, 1, -2))]
    )
    assert space(scene, (5, -3, -1.4), (5, 5, -1.4)) == near(0.4)
    assert space(scene, (21, -3, -1.4), (21, 5, -1.4)) == 0
    assert space(scene, (15, -3, -2.5), (15, 5, -2.5)) == near(0.5 - 0.0001)


def test_the_point_of_least_distance_is_named():
    """Protects drawings of the conflict: the point is on the axis, and as far away as is said."""
    scene = a_scene(a_floor())
    gap = scene.space(scene.lay(at((13, 6, -0.5), (16, 10, -0.5))), LINE)
    assert gap.at == pytest.approx((EAST + 13, NORTH + 6, -0.5))
    gap = scene.space(scene.lay(at((7, 1, -6), (17, 1, 4))), LINE)
    assert gap.at == pytest.approx((EAST + 11, NORTH + 1, -2))


def test_a_raised_floor_is_the_shallowest_reading():
    """Protects the two readings of a bottom over uneven ground."""
    scene = a_scene(a_floor(band_m=0.3))
    points = [(5, -3, -1.4), (5, 5, -1.4)]
    assert (space(scene, *points), space(scene, *points, raised=True)) == (near(0.4), near(0.7))


def test_a_repeated_corner_changes_nothing():
    """Protects against walls of no length, which valid polygons may have."""
    repeated = [BOX[0], BOX[0], BOX[1], BOX[2], BOX[2], BOX[2], BOX[3]]
    for slope in (0.0, 1.0):
        first, second = (a_scene(a_floor(outline, slope=slope)) for outline in (BOX, repeated))
        for points in ([(13, 6, -0.5), (16, 10, -0.5)], [(5, -3, -1.4), (5, 5, -1.4)]):
            assert space(first, *points) == space(second, *points)


def test_the_documented_example_holds():
    """Protects whoever learns the geometry from its docstring."""
    assert doctest.testmod(documented) == (0, 4)


coordinate = st.floats(-12, 12).map(lambda value: round(value, 3))
height = st.floats(-4, 3).map(lambda value: round(value, 3))
point = st.tuples(coordinate, coordinate, height)
outline = st.sampled_from([BOX, L_SHAPE, RING, [(0, 0), (9, 1), (1, 2), (8, 8), (-2, 6)]])
slope = st.sampled_from([0.0, 0.0, 0.5, 1.5])
wide = st.sampled_from([0.0, 0.05, 0.5, 1.5])
high = st.sampled_from([0.0, 0.1, 0.7])
CORNERS = [(0, 0), (9, 1), (8, 8), (-2, 6)]


def measured(floors, points, accuracy=(0.0, 0.0), bores=()):
    """Plan, space and vertical distance of an axis at full coordinates."""
    scene = Scene(Excavation(tuple(floors), tuple(bores)))
    axis = scene.lay(points)
    return scene.plan(axis).distance_m, scene.space(axis, LINE, accuracy).distance_m, scene.crossing(axis, 0.7)


def close(values):
    return pytest.approx(values, abs=1e-6)


@given(outline, st.lists(point, min_size=2, max_size=4), slope, wide, high)
def test_cutting_and_turning_an_axis_changes_nothing(outline, points, slope, wide, high):
    """Protects against a result that depends on how an owner digitised the line."""
    axis = np.array(points) + ORIGIN
    cut = np.sort(np.concatenate([np.arange(len(axis)), np.linspace(0, len(axis) - 1, 8)]))
    finer = np.stack([np.interp(cut, np.arange(len(axis)), values) for values in axis.T], axis=1)
    floor = a_floor(outline, slope=slope)
    whole, back, cut_up = (measured([floor], each.tolist(), (wide, high)) for each in (axis, axis[::-1], finer))
    assert back == close(whole)
    assert cut_up[:2] == close(whole[:2])


@given(outline, st.lists(point, min_size=2, max_size=3), slope, wide, st.floats(0, 2 * math.pi))
def test_a_rigid_motion_in_plan_changes_nothing(outline, points, slope, wide, angle):
    """Protects against a result that depends on the grid's north or origin."""
    here = shapely.Polygon(outline)
    turn = np.array([[math.cos(angle), math.sin(angle)], [-math.sin(angle), math.cos(angle)]])

    def move(xy):
        return xy @ turn + ORIGIN[:2]

    axis = np.array(points)
    moved = np.column_stack([move(axis[:, :2]), axis[:, 2]])
    there = shapely.transform(here, move)
    first = measured([Floor(here, -1.0, 0.0, slope=slope)], axis.tolist(), (wide, 0.1))
    second = measured([Floor(there, -1.0, 0.0, slope=slope)], moved.tolist(), (wide, 0.1))
    assert second[:2] == close(first[:2])


@given(outline, st.lists(point, min_size=2, max_size=3), slope, st.tuples(wide, wide), st.tuples(high, high))
@example(BOX, [(-2.0, 3.0, -1.0), (-3.0, 0.0, 0.0)], 0.5, (0.0, 0.5), (0.0, 0.1))
def test_a_less_certain_place_is_never_further_away(outline, points, slope, wides, highs):
    """Protects the order of accuracies, and that none counts for more than it is."""
    floor, axis = a_floor(outline, slope=slope), at(*points)
    near_walls = measured([floor], axis, (max(wides), max(highs)))[1]
    far_walls = measured([floor], axis, (min(wides), min(highs)))[1]
    assert near_walls <= far_walls + 1e-7
    # A widened mitre is bounded from below, one figure taken off after the other (the example: 1.318 m, truly 1.362).
    wider, higher = float(np.ptp(wides)), float(np.ptp(highs))
    assert far_walls <= near_walls + (wider + higher if slope else math.hypot(wider, higher)) + 1e-7


@given(outline, st.lists(point, min_size=2, max_size=3), st.floats(0, 1), st.tuples(slope, slope))
def test_a_larger_excavation_is_never_further_away(outline, points, deeper, slopes):
    """Protects the planner who digs deeper, or with flatter sides: he is never told less."""
    axis = at(*points)
    planned = measured([a_floor(outline, -1.0, slope=min(slopes))], axis)
    dug = measured([a_floor(outline, -1.0 - deeper, slope=max(slopes))], axis)
    larger = shapely.buffer(shapely.Polygon(outline), 0.5, join_style="mitre")
    grown = measured([a_floor(larger, -1.0, slope=min(slopes))], axis)
    assert dug[0] <= planned[0] + 1e-7
    assert dug[1] <= planned[1] + 1e-7
    assert grown[1] <= planned[1] + 1e-7


@given(st.lists(point, min_size=2, max_size=3), wide, high, st.floats(0.1, 0.9))
def test_a_floor_cut_in_pieces_is_the_same_floor(points, wide, high, share):
    """Protects floors that follow the terrain: where two pieces meet nothing is lost and nothing is added."""
    axis, outline = at(*points), place(CORNERS)
    minx, miny, maxx, maxy = outline.bounds
    cut = minx + share * (maxx - minx)
    halves = [
        shapely.intersection(outline, box)
        for box in (shapely.box(minx, miny, cut, maxy), shapely.box(cut, miny, maxx, maxy))
    ]
    for slope in (0.0, 1.0):
        whole = measured([Floor(outline, -1.0, 0.0, slope=slope)], axis, (wide, high))
        parts = measured([Floor(half, -1.0, 0.0, slope=slope, outline=outline) for half in halves], axis, (wide, high))
        assert parts == close(whole)


@given(st.lists(point, min_size=2, max_size=2), st.lists(point, min_size=2, max_size=2), st.floats(0.01, 0.5))
def test_a_bore_and_a_pipe_are_the_same_both_ways(first, second, radius):
    """Protects the symmetry of two tubes: either may be the one that is dug."""
    if any(a[:2] == b[:2] for a, b in (first, second)):
        return
    one = measured([], at(*first), bores=[Drive(at(*second), radius)])[1]
    other = measured([], at(*second), bores=[Drive(at(*first), radius)])[1]
    assert one == close(other)


@given(st.lists(point, min_size=2, max_size=2), st.lists(point, min_size=2, max_size=3), wide, high)
def test_a_less_certain_pipe_is_never_further_from_a_bore(path, points, wide, high):
    """Protects bores as trenches are: knowing less can only bring a pipe nearer."""
    if path[0][:2] == path[1][:2]:
        return
    bore = [Drive(at(*path), 0.2)]
    exact = measured([], at(*points), bores=bore)[1]
    unsure = measured([], at(*points), (wide, high), bores=bore)[1]
    assert unsure <= exact + 1e-7
