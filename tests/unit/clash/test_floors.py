"""Floors over the terrain: what is dug lies where the ground, the grade or the elevation puts it, and nowhere else."""

import math

import numpy as np
import pytest
import shapely
import shapely.affinity
from hypothesis import example, given, settings
from hypothesis import strategies as st

from layers.errors import Invalid
from twin.clash.dig import Bore, Depth, Elevation, Grade, Pit, Sides, Stations, Support, Trench
from twin.clash.distance import Scene
from twin.clash.floors import assume_ground, lay_excavation
from twin.clash.outcome import Outcome, Reason, assess
from twin.clash.solids import Quality, Section, Tube
from twin.clash.terrain import read_terrain

EAST, NORTH = 562_000.0, 1_820_000.0
PIT = shapely.box(EAST, NORTH, EAST + 20, NORTH + 10)
LINE = shapely.LineString([(EAST, NORTH), (EAST + 200, NORTH)])
BENT = shapely.LineString([(EAST, NORTH), (EAST + 30, NORTH), (EAST + 30, NORTH + 20)])
BATTERED = Sides(Support.BATTERED, slope=1.0)


def flat(_xy):
    return np.full(len(_xy), 3.0)


def slope(per_metre):
    return lambda xy: 3.0 + (xy[:, 0] - EAST) * per_metre


def waves(xy):
    """Ground with 0.4 m of relief, 25 m from crest to crest."""
    return 3.0 + 0.2 * np.sin((xy[:, 0] - EAST) / 4) + 0.1 * np.cos((xy[:, 1] - NORTH) / 5)


def step(xy):
    """A bank of half a metre, as a raster of 1 m shows it."""
    return 3.0 + 0.5 * np.clip(xy[:, 0] - EAST - 9, 0, 1)


def lay(part, heights=flat):
    return lay_excavation([part], read_terrain([part], heights))


def readings(dig, x, y):
    """The deepest and the shallowest bottom at a point, over all floors there."""
    here = [f for f in dig.floors if shapely.distance(f.polygon, shapely.Point(x, y)) <= 1e-6]
    levels = [f.level_at(x, y) for f in here]
    return min(levels), min(level + f.band_m for level, f in zip(levels, here, strict=True))


def a_crossing(x, z, radius=0.1):
    return Tube(1, [(EAST + x, NORTH - 30, z), (EAST + x, NORTH + 30, z)], radius, Quality("A"))


def test_level_ground_makes_one_level_floor():
    """Protects the commonest dig from being cut up."""
    (floor,) = lay(Pit(PIT, Depth(1.5))).floors
    assert (floor.bottom_m, floor.band_m, floor.grade, floor.ground_m) == (1.5, 0.0, (0.0, 0.0), 3.0)
    assert floor.polygon.equals(PIT)


def test_ground_that_falls_evenly_makes_one_sloped_floor():
    """Protects a 200 m trench down a street: one floor that is nowhere uncertain."""
    (floor,) = lay(Trench(LINE, 1.0, Depth(1.5)), slope(-0.02)).floors
    assert floor.band_m == pytest.approx(0, abs=1e-9)
    assert floor.grade == pytest.approx((-0.02, 0.0), abs=1e-9)
    assert floor.level_at(EAST + 100, NORTH) == pytest.approx(3.0 - 2.0 - 1.5)


def test_a_long_trench_over_a_slope_is_judged_where_the_pipe_is():
    """Protects against "possible everywhere": 4 m of fall leave no doubt about any crossing."""
    dig = lay(Trench(LINE, 1.0, Depth(1.5)), slope(-0.02))
    for x in (10, 100, 190):
        bottom = 3.0 - 0.02 * x - 1.5
        hit, missed = assess(dig, [a_crossing(x, bottom + 0.05), a_crossing(x, bottom - 0.2)])
        assert (hit.outcome, hit.reason) == (Outcome.DEFINITE, Reason.HIT)
        assert missed.outcome is Outcome.CLEAR
        assert missed.vertical_gap_m == pytest.approx(0.1, abs=0.02)


@pytest.mark.parametrize("ground", [waves, step, slope(0.07)])
@pytest.mark.parametrize(
    "outline",
    [PIT, PIT.difference(shapely.box(EAST + 5, NORTH + 3, EAST + 12, NORTH + 7)), shapely.Point(EAST, NORTH).buffer(9)],
    ids=["box", "with a hole", "round"],
)
def test_the_bottom_lies_between_its_readings(ground, outline):
    """Protects the band: the ground less the depth is never below the deepest nor above the shallowest reading."""
    dig = lay(Pit(outline, Depth(1.5)), ground)
    assert shapely.union_all([f.polygon for f in dig.floors]).area == pytest.approx(outline.area, rel=1e-6)
    rng = np.random.default_rng(1)
    minx, miny, maxx, maxy = outline.bounds
    points = np.column_stack([rng.uniform(minx, maxx, 400), rng.uniform(miny, maxy, 400)])
    points = points[shapely.contains_xy(outline, points)]
    for (x, y), height in zip(points.tolist(), ground(points).tolist(), strict=True):
        low, high = readings(dig, x, y)
        assert low - 0.03 <= height - 1.5 <= high + 0.03
    smooth = [f for f in dig.floors if f.band_m <= 0.02]
    assert sum(f.polygon.area for f in smooth) > 0.6 * outline.area, "only around a kerb the bottom stays in doubt"


def rough(xy):
    """Ground on which no point says anything of the next."""
    return 3.0 + 0.3 * np.sin(xy[:, 0] * 12.9898 + xy[:, 1] * 78.233)


SLANTING = shapely.LineString([(EAST, NORTH), (EAST + 18.3, NORTH + 9.1), (EAST + 14.7, NORTH - 5.9)])


@pytest.mark.parametrize(
    "part",
    [
        Trench(SLANTING, 0.8, Depth(1.5)),
        Trench(SLANTING, 0.8, Depth(1.5), BATTERED),
        Pit(shapely.affinity.rotate(shapely.box(EAST, NORTH, EAST + 7, NORTH + 4), 37), Depth(1.5)),
    ],
    ids=["trench", "battered", "pit"],
)
def test_no_reading_of_the_ground_is_passed_over(part):
    """Protects pipes under an edge: a reading there is seldom on the edge to the last bit, and counts all the same."""
    terrain = read_terrain([part], rough)
    dig = lay_excavation([part], terrain)
    over = terrain.xyz[shapely.dwithin(part.outline, shapely.points(terrain.xyz[:, :2]), 1e-7)]
    lowest = np.array([readings(dig, x, y)[0] for x, y, _ in over.tolist()])
    assert (lowest <= over[:, 2] - 1.5 + 1e-9).all()


def test_an_elevation_is_the_same_everywhere():
    """Protects pits to a level: the ground only says how deep that is."""
    (floor,) = lay(Pit(PIT, Elevation(1.0)), waves).floors
    assert (floor.bottom_m, floor.band_m) == (1.0, 0.0)
    assert floor.ground_m == pytest.approx(3.3, abs=0.05)


@pytest.mark.parametrize(
    ("bottom", "expected"),
    [
        (Stations(((0, 1.5), (20, 1.4), (50, 1.1))), [(10, 0, 1.45), (25, 0, 1.35), (30, 15, 1.15)]),
        (Stations(((10, 1.5), (40, 1.2))), [(5, 0, 1.5), (30, 15, 1.2)]),
        (Grade(Elevation(1.5), 0.01), [(10, 0, 1.4), (30, 15, 1.05)]),
        (Grade(Elevation(1.5), -0.01), [(10, 0, 1.6), (30, 15, 1.95)]),
        (Grade(Depth(1.2), 0.01), [(0, 0, 1.8), (30, 15, 1.35)]),
    ],
)
def test_a_trench_falls_along_its_line(bottom, expected):
    """Protects the level of a sewer trench, around its bend too."""
    dig = lay(Trench(BENT, 1.2, bottom))
    for x, y, level in expected:
        assert readings(dig, EAST + x, NORTH + y)[0] == pytest.approx(level, abs=1e-6)
    outline = Trench(BENT, 1.2, bottom).outline
    assert shapely.union_all([f.polygon for f in dig.floors]).area == pytest.approx(outline.area, rel=1e-6)


def test_working_space_widens_the_floor():
    """Protects the space that shoring takes: it is dug as deep as the floor."""
    dig = lay(Pit(PIT, Depth(1.5), Sides(Support.SHORED, working_m=0.6)))
    assert dig.footprint.bounds == pytest.approx((EAST - 0.6, NORTH - 0.6, EAST + 20.6, NORTH + 10.6))
    along = lay(Trench(BENT, 1.0, Elevation(1.5), Sides(Support.SHORED, working_m=0.5)))
    assert along.footprint.area == pytest.approx(2.0 * 50 + 2 * 2 * 0.5, rel=1e-3)


def test_leaning_sides_go_up_to_the_ground_they_reach():
    """Protects digs on a slope: uphill the side is higher, and so reaches further."""
    (floor,) = lay(Pit(PIT, Elevation(1.0), BATTERED), slope(0.1)).floors
    height = floor.ground_m - 1.0
    assert floor.ground_m >= 3.0 + 0.1 * (20 + height) - 0.15
    assert floor.spread_m == pytest.approx(height)
    dig = lay(Trench(LINE, 1.0, Depth(1.5), BATTERED), slope(-0.02))
    assert all(f.spread_m == pytest.approx(1.5, abs=0.1) for f in dig.floors)


def dike(xy):
    """A dike whose toe is the east side of the pit: 1:2 up to a crest 4 m higher."""
    return 3.0 + np.clip((xy[:, 0] - EAST - 20) * 0.5, 0, 4)


def test_leaning_sides_go_on_into_a_dike():
    """Protects what lies in a slope beside a dig: the side meets the ground far beyond where level ground would be."""
    part = Pit(PIT, Elevation(1.0), Sides(Support.BATTERED, slope=1.5))
    # The side rises 1 in 1.5 from the toe at 20, meets the crest at 29, 6 m above the floor.
    pipes = [Tube(n, [(EAST + 20 + d, NORTH + 2, 1.1 + d / 1.5), (EAST + 20 + d, NORTH + 8, 1.1 + d / 1.5)], 0.05)
             for n, d in enumerate((2.0, 5.0, 7.0, 8.5))]  # fmt: skip
    assert {found.outcome for found in assess(lay(part, dike), pipes)} == {Outcome.DEFINITE}
    (floor,) = lay(part, dike).floors
    assert (floor.height_m, floor.ground_m) == (6.0, 7.0)


def test_sides_that_never_come_out_of_a_mountain_are_refused():
    """Protects against sides that end where nobody looked any further; the remedy is named in both languages."""
    with pytest.raises(Invalid, match="do not come out of the rising ground") as refused:
        lay(Pit(PIT, Elevation(1.0), Sides(Support.BATTERED, slope=2.0)), slope(0.6))
    assert "mái dốc 2 không lên tới mặt đất" in refused.value.message.vi
    with pytest.raises(Invalid, match=r"slope 1\.5 do not come out of the rising ground") as refused:
        lay(Pit(PIT, Elevation(1.0), Sides(Support.BATTERED, soil="C")), slope(0.9))
    assert "mái dốc 1,5 không lên tới mặt đất" in refused.value.message.vi


def test_a_falling_trench_is_given_the_ground_its_sides_reach_at_its_deep_end():
    """Protects the lower end of a graded trench: its sides lean out by its depth there, not at its start."""

    def bank(xy):
        return 3.0 + np.clip((xy[:, 1] - NORTH - 6) * 0.5, 0, 3)

    # At 198 m the floor lies 8.92 m below the street; 11 m beside its edge the side is at 5.08, the bank at 5.75.
    part = Trench(LINE, 1.0, Grade(Depth(1.0), 0.04), BATTERED)
    far = Tube(1, [(EAST + 198, NORTH + 11.5, 5.3), (EAST + 199, NORTH + 11.5, 5.3)], 0.05)
    assert assess(lay(part, bank), [far])[0].outcome is Outcome.DEFINITE


def test_leaning_pieces_open_no_more_than_the_whole():
    """Protects the rim that is drawn, and whose land is entered: pieces have no corners of their own."""
    outline = PIT.difference(shapely.box(EAST + 5, NORTH + 3, EAST + 12, NORTH + 10))
    dig = lay(Pit(outline, Depth(1.5), BATTERED), waves)
    spreads = [floor.spread_m for floor in dig.floors]
    assert len(spreads) > 4
    assert outline.buffer(max(spreads) + 1e-6, join_style="mitre", mitre_limit=2).covers(dig.footprint)
    assert dig.footprint.covers(outline.buffer(min(spreads) - 1e-6, join_style="mitre", mitre_limit=2))


def test_soil_decides_the_slope_by_the_height_of_the_side():
    """Protects the table of slopes: deeper than 3 m made ground stands flatter."""
    (shallow,) = lay(Pit(PIT, Depth(1.4), Sides(Support.BATTERED, soil="tcvn-fill"))).floors
    (deep,) = lay(Pit(PIT, Depth(4.0), Sides(Support.BATTERED, soil="tcvn-fill"))).floors
    assert (shallow.slope, deep.slope) == (0.67, 1.25)


@pytest.mark.parametrize(
    ("axis", "levels"),
    [
        (Depth(2.0), [1.0, 1.0]),
        (Elevation(-1.0), [-1.0, -1.0]),
        (Grade(Elevation(1.0), 0.1), [1.0, -4.0]),
        (Stations(((0, 1.0), (25, -2.0), (50, 0.5))), [1.0, 0.5]),
    ],
)
def test_a_bore_follows_its_axis(axis, levels):
    """Protects bores: their axis starts and ends where it is said, and holds its radius."""
    dig = lay(Bore(BENT, axis, 0.4, 0.05))
    (bore,) = dig.bores
    assert [bore.axis[0][2], bore.axis[-1][2]] == pytest.approx(levels)
    assert bore.radius_m == pytest.approx(0.25)
    assert not dig.floors
    assert dig.ground_m > min(levels)


def test_a_bore_below_the_terrain_keeps_its_depth():
    """Protects shallow bores under a rise: each metre of the axis is as far below the ground as asked."""
    (bore,) = lay(Bore(LINE, Depth(1.0), 0.3), waves).bores
    ground = waves(np.array([point[:2] for point in bore.axis]))
    assert np.array([z for _, _, z in bore.axis]) == pytest.approx(ground - 1.0, abs=0.06)


@pytest.mark.parametrize(
    ("part", "message"),
    [
        (Pit(PIT, Elevation(3.0)), "is not below the ground at 3.00 m: check it"),
        (Pit(PIT, Elevation(7.5)), "is not below the ground"),
        (Trench(BENT, 1.0, Grade(Elevation(2.5), -0.1)), "is not below the ground"),
        (Bore(BENT, Elevation(3.5), 0.4), "bore's axis is not below the ground"),
    ],
)
def test_what_lies_above_the_ground_is_refused(part, message):
    """Protects against an elevation of another datum, which would dig nothing and call everything clear."""
    with pytest.raises(Invalid, match=message):
        lay(part)


def test_a_piece_above_its_own_ground_is_refused_as_the_whole_is():
    """Protects the remedy: where the ground falls below a level the level is named, not what follows from it."""
    stations = Stations(((0, 1.5), (100, 1.5), (200, 1.5)))
    with pytest.raises(Invalid, match=r"the bottom at 1.50 m is not below the ground at 1.\d\d m: check its level"):
        lay(Trench(LINE, 1.0, stations, BATTERED), slope(-0.02))


def test_unknown_ground_stands_above_every_level():
    """Protects digs where no terrain is known: their levels are kept, whatever stands for the ground."""
    parts = [Pit(PIT, Elevation(12.0)), Trench(BENT, 1.0, Stations(((0, 14.0), (9, 13.0)))), Pit(PIT, Depth(1.0))]
    assert assume_ground(parts) > 14.0
    terrain = read_terrain(parts, lambda xy: np.full(len(xy), math.nan))
    assert not terrain.is_known
    assert lay_excavation(parts, terrain.levelled(assume_ground(parts))).floors
    assert assume_ground([Pit(PIT, Depth(1.0))]) == 0.0


def test_leaning_sides_of_a_given_level_lie_in_unknown_ground_as_far_as_anybody_digs():
    """Protects leaning sides where no terrain is known: they reach as far as the deepest dig's would, and are drawn."""
    part = Pit(PIT, Elevation(12.0), BATTERED)
    terrain = read_terrain([part], lambda xy: np.full(len(xy), math.nan))
    (floor,) = lay_excavation([part], terrain.levelled(assume_ground([part]))).floors
    assert floor.spread_m == 30.0


@settings(max_examples=40, deadline=None)
@given(
    st.floats(-0.05, 0.05),
    st.floats(-0.05, 0.05),
    st.floats(0, 20),
    st.floats(-3, 13),
    st.floats(0.5, 3.0),
)
def test_a_dig_in_pieces_is_never_less_than_the_dig(gx, gy, x, y, depth):
    """Protects the terrain-following bottom against its definition: ground less depth, point by point."""

    def bumpy(xy):
        return 3 + gx * (xy[:, 0] - EAST) + gy * (xy[:, 1] - NORTH) + 0.15 * np.sin((xy[:, 0] - EAST) / 3)

    scene = Scene(lay(Pit(PIT, Depth(depth)), bumpy))
    grid = np.stack(np.meshgrid(np.linspace(0, 20, 81), np.linspace(0, 10, 41)), axis=-1)
    grid = grid.reshape(-1, 2) + np.array([EAST, NORTH])
    bottom = bumpy(grid) - depth
    point = (EAST + x, NORTH + y, float(bottom.min()) - 0.3)
    true = np.sqrt(((grid - point[:2]) ** 2).sum(axis=1) + np.maximum(bottom - point[2], 0) ** 2).min()
    axis = scene.lay([point, (point[0] + 1e-6, point[1], point[2])])
    assert scene.space(axis, Section(0.0)).distance_m <= true + 0.01


steps = st.floats(-60, 60) | st.floats(-0.5, 0.5)
ways = (
    st.lists(st.tuples(steps, steps), min_size=2, max_size=5)
    .map(lambda points: shapely.LineString([(EAST + x, NORTH + y) for x, y in points]))
    .filter(lambda line: line.length > 0.5 and line.is_simple)
)
GRADE = Grade(Depth(2.0), 0.003)
bottoms = st.sampled_from([Depth(1.5), GRADE, Stations(((0, -1.0), (40, 0.5), (90, -2.0)))])


@settings(max_examples=60, deadline=None)
@given(ways, bottoms, st.sampled_from([0.6, 2.5]))
@example(shapely.LineString([(EAST + 6.6, NORTH + 29.2), (EAST, NORTH), (EAST + 26.3, NORTH + 26.2)]), GRADE, 1.02)
def test_a_trench_is_as_wide_as_it_is_drawn(line, bottom, width_m):
    """Protects what lies in the inside of a bend: nothing is dug there, and all along the line is dug."""
    part = Trench(line, width_m, bottom)
    dug = shapely.union_all([floor.polygon for floor in lay(part, waves).floors])
    along = shapely.union_all([piece.buffer(width_m / 2, cap_style="flat") for piece in part.straights])
    assert shapely.difference(dug, part.outline.buffer(1e-5)).area < 1e-4
    assert shapely.difference(part.outline, dug.buffer(1e-5)).area < 1e-4
    assert shapely.difference(along, dug.buffer(1e-5)).area < 1e-4
    assert shapely.difference(part.outline, line.buffer(width_m * 1.25)).area < 1e-4


@settings(max_examples=15, deadline=None)
@given(st.floats(0, 2 * math.pi), st.floats(8, 200), st.floats(0, 2 * math.pi))
@example(1.55, 32, 0.1)
@pytest.mark.parametrize("cut", [(9.9, 9.8), (19.0, 0.4), (10.0, 9.99)])
def test_leaning_sides_meet_no_further_out_than_twice_their_width(cut, towards, away_m, turned):
    """Protects what lies far off the narrow end of a piece: a corner of the outline may be cut among several pieces."""
    notch = shapely.Polygon([(EAST + x, NORTH + y) for x, y in ((0, 0), cut, (20, 0))])
    part = Pit(shapely.difference(PIT, notch), Depth(2.0), BATTERED)
    dig = lay(part, waves)
    drawn = shapely.union_all([floor.polygon for floor in dig.floors])
    x, y = EAST + 10 + (away_m + 12) * math.cos(towards), NORTH + 5 + (away_m + 12) * math.sin(towards)
    line = shapely.LineString([(x, y), (x + 4 * math.cos(turned), y + 4 * math.sin(turned))])
    reach_m = max(floor.spread_m for floor in dig.floors)
    found = Scene(dig).plan(Scene(dig).lay(list(line.coords))).distance_m
    beside = line.distance(drawn)
    assert 0.98 * (beside - 2 * reach_m) <= found <= beside
