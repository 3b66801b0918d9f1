"""Sections are cut where a pipe is: areas and extents against what geometry says by hand."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pytest
import shapely
import shapely.affinity
from hypothesis import given
from hypothesis import strategies as st

from twin.clash.dig import Bore, Depth, Pit, Trench
from twin.clash.distance import Scene
from twin.clash.solids import Excavation, Floor
from twin.clash.solids import Section as SolidSection
from twin.excavations.package.alignment import Alignment, align
from twin.excavations.package.cuts import Plane, Section, cut_line, cut_polygon, cut_shaft
from twin.excavations.package.digs import cut_dig
from twin.excavations.package.profile_picture import spread
from twin.excavations.package.relief import Relief
from twin.excavations.package.view import View, choose_scale

EAST, NORTH = 562_000.0, 1_820_000.0
HERE = np.array([EAST, NORTH])


def a_plane(angle_deg: float = 0.0, reach: float = 20.0) -> Plane:
    angle = math.radians(angle_deg)
    return Plane(HERE, np.array([math.cos(angle), math.sin(angle)]), -reach, reach)


def an_axis(*points: tuple[float, float, float]) -> np.ndarray:
    return np.array(points) + np.array([EAST, NORTH, 0.0])


def test_square_cut_of_a_round_pipe_is_its_circle() -> None:
    """Across its axis a pipe of 0.8 m shows π r², about its axis."""
    shape = cut_line(an_axis((3, -9, 1.5), (3, 9, 1.5)), Section("circular", 0.8, 0.8), a_plane())
    assert shape.area == pytest.approx(math.pi * 0.16, rel=0.01)
    assert shape.bounds == pytest.approx((2.6, 1.1, 3.4, 1.9), abs=1e-3)


@given(st.floats(20, 90))
def test_slanting_cut_is_an_ellipse(angle: float) -> None:
    """At an angle the circle gets longer by its sine, and no higher."""
    shape = cut_line(an_axis((0, -90, 1), (0, 90, 1)), Section("circular", 1.0, 1.0), a_plane(90 - angle, 60))
    left, bottom, right, top = shape.bounds
    assert right - left == pytest.approx(1 / math.sin(math.radians(angle)), rel=1e-6)
    assert (bottom, top) == pytest.approx((0.5, 1.5), abs=1e-3)


def test_rectangles_and_eggs_keep_their_sizes() -> None:
    """A bank of 0.6 × 0.4 m and an egg of 0.8 × 1.2 m are as wide and as high as recorded."""
    axis = an_axis((0, -5, 2), (0, 5, 2))
    bank = cut_line(axis, Section("bank", 0.6, 0.4), a_plane())
    assert bank.area == pytest.approx(0.24)
    egg = cut_line(axis, Section("egg", 0.8, 1.2), a_plane())
    assert egg.bounds == pytest.approx((-0.4, 1.4, 0.4, 2.6), abs=1e-3)


def test_pipe_beside_the_plane_leaves_nothing() -> None:
    """Beyond its ends, and beside it by more than its radius, a plane cuts no pipe."""
    section = Section("circular", 0.5, 0.5)
    assert cut_line(an_axis((0, 1, 0), (0, 9, 0)), section, a_plane()).is_empty
    assert cut_line(an_axis((-9, 0.3, 0), (9, 0.3, 0)), section, a_plane()).is_empty
    assert not cut_line(an_axis((-9, 0.2, 0), (9, 0.2, 0)), section, a_plane()).is_empty


def test_drops_and_shafts_are_upright() -> None:
    """A vertical pipe and a shaft are rectangles as wide as their chord."""
    drop = cut_line(an_axis((2, 0, -3), (2, 0, 1)), Section("circular", 0.4, 0.4), a_plane())
    assert drop.bounds == pytest.approx((1.8, -3, 2.2, 1))
    shaft = cut_shaft(an_axis((2, 0.3, -3), (2, 0.3, 1)), 0.5, a_plane())
    assert shaft.bounds == pytest.approx((1.6, -3, 2.4, 1))


def test_holes_interrupt_the_dig() -> None:
    """A plane through a pit with an island shows two stretches."""
    pit = shapely.box(EAST - 5, NORTH - 5, EAST + 5, NORTH + 5) - shapely.box(EAST - 1, NORTH - 1, EAST + 1, NORTH + 1)
    assert np.array(cut_polygon(pit, a_plane())) == pytest.approx(np.array([(-5, -1), (1, 5)]))


@given(st.floats(-20, 60), st.floats(-0.4, 0.4))
def test_stations_lead_back_to_their_place(station: float, offset: float) -> None:
    """Locating a placed point gives its station and offset, around a bend and beyond both ends."""
    bent = Alignment(np.array([[0, 0], [20, 0], [30, 3.0]]) + HERE)
    if abs(station - 20) > 0.5:
        found = bent.locate(bent.place(np.array([station]), offset))
        assert (found[0][0], found[1][0]) == pytest.approx((station, offset), abs=1e-6)


def at(*points: tuple[float, float]) -> shapely.LineString:
    return shapely.LineString(np.array(points) + HERE)


def a_trench(*points: tuple[float, float]) -> Trench:
    return Trench(at(*points), 0.8, Depth(1.2))


def the_alignment(*parts: Trench | Pit | Bore) -> list[tuple[float, float]]:
    found = align(shapely.union_all([part.outline for part in parts]), parts).points - HERE
    return [(round(x, 6), round(y, 6)) for x, y in found.tolist()]


def test_alignment_follows_trenches_and_bores_through_their_pits() -> None:
    """What is dug one after the other is cut along all of it, whichever way each line was drawn."""
    pits = [Pit(shapely.box(EAST + x, NORTH - 1, EAST + x + 3, NORTH + 2), Depth(3)) for x in (19, 39)]
    bore = Bore(at((40, 0.5), (30, 3), (21.5, 0)), Depth(2), 0.4)
    trench = a_trench((0, -5), (20, 0))
    line = [(0, -5), (20, 0), (21.5, 0), (30, 3)]
    assert the_alignment(trench, pits[0], bore, pits[1])[:-1] == line
    assert the_alignment(trench, bore)[:-1] == line
    last = the_alignment(trench, pits[0], bore, pits[1])[-1]
    assert last[0] > 42, "through the pit at the end"


def test_alignment_of_branches_is_the_long_middle() -> None:
    """House connections leave a main where they lie: no section runs back and forth along it."""
    main, branches = a_trench((0, 0), (40, 0)), [a_trench((x, 0.4), (x, 6)) for x in (10, 20, 30)]
    assert len(the_alignment(main, *branches)) == 2
    assert len(the_alignment(a_trench((0, 0), (40, 0)), a_trench((10, -9), (10, 9)))) == 2


def test_a_leaning_side_is_cut_beside_its_floor() -> None:
    """A section past the end of a pit shows what its side takes there: half as deep halfway up, up to the mitre."""
    floor = Floor(shapely.box(EAST - 2, NORTH, EAST + 2, NORTH + 8), 1.0, 3.0, slope=1.0, height_m=2.0)
    plane = Plane(HERE - (0, 1), np.array([1.0, 0.0]), -9, 9)
    shape, _ = cut_dig(plane, np.array([(-9, 3.0), (9, 3.0)]), Excavation((floor,)))
    left, bottom, right, top = shape.bounds
    assert (bottom, top, right, left) == pytest.approx((2.0, 3.0, 4, -4), abs=0.01)


@pytest.mark.parametrize("angle", [0, 20, 45, 63, 90, 135, 170])
@pytest.mark.parametrize("corners", [4, 5, 3])
def test_what_is_drawn_as_dug_is_what_was_measured(angle: int, corners: int) -> None:
    """Just within the drawn sides of a leaning dig a wire is hit, just outside it is not, past its corners, too."""
    turns = np.linspace(0, 2 * np.pi, corners, endpoint=False) + 0.3
    outline = shapely.Polygon(HERE + 3 * np.column_stack([np.cos(turns), np.sin(turns)]))
    floor = Floor(outline, 1.0, 3.0, slope=0.8)
    way = np.array([math.cos(math.radians(angle)), math.sin(math.radians(angle))])
    scene = Scene(Excavation((floor,)))
    for beside in (-3.2, -2.0, 0.5, 2.4, 3.4):
        plane = Plane(HERE + beside * np.array([-way[1], way[0]]), way, -9, 9)
        shape, _ = cut_dig(plane, np.array([(-9, 3.0), (9, 3.0)]), Excavation((floor,)))
        for u, z in itertools.product(np.linspace(-6, 6, 49), (1.1, 1.7, 2.3, 2.9)):
            here = shapely.Point(u, z)
            if shape.boundary.distance(here) > 0.02:
                wire = [(*(plane.origin + along * way), z) for along in (u - 0.005, u + 0.005)]
                gap = scene.space(scene.lay(wire), SolidSection(0.001))
                assert (gap.distance_m <= 0.0) == shape.contains(here), (beside, u, z, gap)


@pytest.mark.parametrize("angle", range(0, 360, 15))
def test_alignment_runs_along_the_dig_from_the_west_or_south(angle: int) -> None:
    """However a rectangle is turned and drawn, its alignment is its long middle, read from left to right."""
    trench = shapely.affinity.rotate(shapely.box(EAST - 10, NORTH - 1, EAST + 10, NORTH + 1), angle)
    alignment = align(trench, ())
    assert alignment.length_m == pytest.approx(20, abs=1e-5)
    (heading,) = alignment.headings
    assert heading[np.abs(heading).argmax()] > 0
    assert shapely.LineString(alignment.points).hausdorff_distance(
        shapely.affinity.rotate(shapely.LineString([(EAST - 10, NORTH), (EAST + 10, NORTH)]), angle, origin=tuple(HERE))
    ) == pytest.approx(0, abs=1e-4)


def test_relief_is_linear_between_what_was_read() -> None:
    """On a slope every place has the slope's height; beyond the readings nothing is known."""
    x, y = (axis.ravel() for axis in np.meshgrid(np.arange(10.0), np.arange(5.0)))
    relief = Relief(np.column_stack([x + EAST, y + NORTH, 0.1 * x - 0.2 * y]))
    places = np.array([[2.3, 1.7], [8.9, 3.2], [0.0, 4.0], [10.5, 1.0]]) + HERE
    assert relief.read(places)[:3] == pytest.approx([-0.11, 0.25, -0.8], abs=1e-6)
    assert np.isnan(relief.read(places)[3])


@given(st.lists(st.floats(0, 100), max_size=12).map(sorted))
def test_labels_are_spread_in_order(places: list[float]) -> None:
    """Neighbours end at least their spacing apart, in order, within the room where they fit."""
    moved = spread(places, 5.0, (0.0, 100.0))
    assert all(b - a >= 5.0 - 1e-9 for a, b in itertools.pairwise(moved))
    assert all(-1e-9 <= x <= 100 + 1e-9 for x in moved)


def test_paper_is_to_scale() -> None:
    """10 m at 1 : 50 are 200 mm, whichever way the view is turned, and back again."""
    view = View(HERE, (100.0, 100.0), (50.0, 50.0), 30.0)
    ends = view.map(HERE + np.array([[0.0, 0.0], [6.0, 8.0]]))
    assert np.hypot(*(ends[1] - ends[0])) == pytest.approx(200.0)
    assert view.unmap(ends)[1] == pytest.approx(HERE + np.array([6.0, 8.0]))
    assert (choose_scale(10, 200), choose_scale(10.01, 200), choose_scale(1e6, 100)) == (50, 100, 10_000_000)
