"""What the clash check refuses to look at, because it would read as "clear"."""

import math

import numpy as np
import pytest
import shapely

from twin.clash.solids import Drive, Excavation, Floor, Quality, Shaft, Tube

SQUARE = shapely.box(562_000, 1_820_000, 562_010, 1_820_010)
with np.errstate(invalid="ignore"):
    NOWHERE = shapely.from_wkt("POLYGON ((0 0, 1 NaN, 1 1, 0 0))")
BOW_TIE = shapely.Polygon([(0, 0), (1, 1), (1, 0), (0, 1)])


@pytest.mark.parametrize(
    ("polygon", "bottom", "ground", "message"),
    [
        (SQUARE, 0.0, 0.0, "bottom_m 0.0 is not below ground_m 0.0: give a depth"),
        (SQUARE, math.nan, 0.0, "bottom_m nan is outside"),
        (SQUARE, -1.0, math.inf, "ground_m inf is outside"),
        (shapely.Polygon(), -1.0, 0.0, "polygon is empty: draw"),
        (BOW_TIE, -1.0, 0.0, r"polygon is invalid \(Self-intersection.*repair"),
        (NOWHERE, -1.0, 0.0, "polygon has a coordinate beyond 1e[+]08: repair"),
        (shapely.box(0, 0, 1, 1e300), -1.0, 0.0, "coordinate beyond"),
        (shapely.MultiPolygon([SQUARE]), -1.0, 0.0, "MultiPolygon is not a polygon: check each part"),
    ],
)
def test_a_floor_without_a_sound_solid_is_refused(polygon, bottom, ground, message):
    """Protects the check from a solid against which every comparison is false."""
    with pytest.raises(ValueError, match=message):
        Floor(polygon, bottom, ground)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"band_m": -0.1}, "band_m -0.1 is outside"),
        ({"band_m": math.nan}, "band_m nan is outside"),
        ({"slope": math.inf}, "slope inf is outside"),
        ({"grade": (math.nan, 0.0)}, "steepness nan is outside"),
    ],
)
def test_a_floor_with_a_number_that_means_nothing_is_refused(options, message):
    """Protects the check from sides and falls that lead nowhere."""
    with pytest.raises(ValueError, match=message):
        Floor(SQUARE, -1.0, 0.0, **options)


def test_a_sloped_floor_is_convex():
    """Protects the bound on which sloped floors rest: it holds for convex floors only."""
    notched = shapely.difference(SQUARE, shapely.box(562_004, 1_820_004, 562_006, 1_820_011))
    with pytest.raises(ValueError, match="a sloped floor is concave: cut it"):
        Floor(notched, -1.0, 0.0, grade=(0.01, 0.0), origin=(562_000, 1_820_000))
    assert Floor(notched, -1.0, 0.0).polygon is notched


def test_every_fault_of_a_floor_is_named_at_once():
    """Protects the planner from correcting one fault at a time."""
    with pytest.raises(ValueError, match=r"excavation: polygon is empty.*; bottom_m 2 is not below"):
        Floor(shapely.Polygon(), 2, 1)
    with pytest.raises(ValueError, match="has no floor and no bore"):
        Excavation(())


@pytest.mark.parametrize(
    ("axis", "radius", "message"),
    [
        ([(0, 0), (1, 0)], 0.2, "needs a radius and elevations"),
        ([(0, 0, 0), (1, 0, 0)], 0, "needs a radius and elevations"),
        ([(0, 0, 0), (0, 0, -1)], 0.2, "stands still or upright"),
        ([(0, 0, math.nan), (1, 0, 0)], 0.2, "z nan is outside"),
    ],
)
def test_a_bore_that_is_no_hole_is_refused(axis, radius, message):
    """Protects the check from bores without a size or a course."""
    with pytest.raises(ValueError, match=message):
        Drive(axis, radius)


def test_an_excavation_knows_its_extent():
    """Protects the search for candidates, which goes by the footprint and the greatest depth."""
    floor = Floor(SQUARE, -1.0, 0.5, band_m=0.2, slope=1.0)
    bore = Drive([(562_010, 1_820_005, -3), (562_020, 1_820_005, -4)], 0.5)
    dig = Excavation((floor,), (bore,))
    assert dig.bottom_m == (-4.5, -0.8)
    assert dig.ground_m == 0.5
    assert dig.footprint.bounds == (561_998.5, 1_819_998.5, 562_020.5, 1_820_011.5)
    assert Excavation((), (bore,)).ground_m == -2.5


@pytest.mark.parametrize(
    ("axis", "radius", "quality", "message"),
    [
        ([[0, 0, 0]], 0.1, Quality(), r"tube 5: axis has 1 points of \[3\] numbers"),
        ([[0], [1]], 0.1, Quality(), r"axis has 2 points of \[1\] numbers"),
        ([[0, 0, 0], [1, 0]], 0.1, Quality(), r"axis has 2 points of \[2, 3\] numbers"),
        ([[0, 0, math.nan], [1, 0, 0]], 0.1, Quality(), "z nan is outside"),
        ([[0, math.inf], [1, 0]], 0.1, Quality(), "y inf is outside"),
        ([[0, 0, -9999.02], [1, 0, 0]], 0.1, Quality(), "z -9999.02 is outside -500 to 9000"),
        ([[-1.797e308, 0, 0], [1, 0, 0]], 0.1, Quality(), "x -1.797e[+]308 is outside"),
        ([[0, 0, 0], [1, 0, 0]], 0.0, Quality(), "outer_radius_m is 0: give None where the section is unknown"),
        ([[0, 0, 0], [1, 0, 0]], -0.1, Quality(), "outer_radius_m -0.1 is outside"),
        ([[0, 0, 0], [1, 0, 0]], math.nan, Quality(), "outer_radius_m nan is outside"),
        ([[0, 0, 0], [1, 0, 0]], 0.1, Quality("A", math.nan), "horizontal_accuracy_m nan is outside"),
        ([[0, 0, 0], [1, 0, 0]], 0.1, Quality("A", 0, -1), "vertical_accuracy_m -1 is outside"),
    ],
)
def test_a_tube_with_a_number_that_means_nothing_is_refused(axis, radius, quality, message):
    """Protects the check from sentinels and NaN, which would lie far away or compare false."""
    with pytest.raises(ValueError, match=message):
        Tube(5, axis, radius, quality)


@pytest.mark.parametrize(
    ("x", "bottom", "top", "radius", "message"),
    [
        (math.nan, -1, 0, 0.5, "shaft 8: x nan is outside"),
        (0, 1, 0, 0.5, "bottom_m 1 is above top_m 0: swap them"),
        (0, -math.inf, 0, 0.5, "bottom_m -inf is outside"),
        (0, -1, 0, 0, "outer_radius_m is 0"),
    ],
)
def test_a_shaft_with_a_number_that_means_nothing_is_refused(x, bottom, top, radius, message):
    """Protects the check from shafts that stand nowhere."""
    with pytest.raises(ValueError, match=message):
        Shaft(8, x, 0, bottom, top, radius)


def test_an_elevation_is_known_only_as_a_whole():
    """Protects the rule that a missing depth is missing, never a number."""
    assert Tube(1, [[0, 0, -1], [1, 0, -1]], 0.1).elevation_known
    assert not Tube(1, [[0, 0], [1, 0]], 0.1).elevation_known
    assert Shaft(2, 0, 0, -1, 0, 0.5).elevation_known
    assert not Shaft(2, 0, 0, None, 0, 0.5).elevation_known
    assert not Shaft(2, 0, 0, -1, None, 0.5).elevation_known


def test_an_axis_is_kept_as_it_was_given():
    """Protects the frozen tube from a caller that goes on using its array."""
    given = np.array([[0.0, 0, -1], [1, 0, -1]])
    tube = Tube(1, given, 0.1)
    given[:] = 99
    tube.axis[0, 0] = 99
    assert tube.axis.tolist() == [[0, 0, -1], [1, 0, -1]]
