"""Where what will be laid will lie: on the bottom, at its depth, in a bore, along a slope."""

import math
from dataclasses import dataclass

import numpy as np
import pytest
import shapely

from twin.clash.dig import Bore, Depth, Elevation, Grade, Pit, Stations, Trench
from twin.clash.laying import middle_of, place
from twin.clash.works import PlannedUtility, Reference

LINE = shapely.LineString([(0, 0), (20, 0)])
PIPE = PlannedUtility(discipline="water", size_m=(0.2, 0.2))


@dataclass(frozen=True)
class Hill:
    """Ground that rises a centimetre a metre to the east, from 3 m."""

    known: bool = True

    def elevations(self, points):
        heights = 3.0 + 0.01 * points[:, 0]
        return heights if self.known else np.full(len(points), math.nan)


def axis(utility, part, ground=None):
    (placed,) = place(utility, (part,), ground or Hill(), 0.1)
    return placed.utility.axis


@pytest.mark.parametrize(
    ("part", "start", "end"),
    [
        (Trench(LINE, 0.8, Depth(1.5)), 1.7, 1.9),
        (Trench(LINE, 0.8, Elevation(1.0)), 1.2, 1.2),
        (Trench(LINE, 0.8, Stations(((0.0, 1.0), (20.0, 0.0)))), 1.2, 0.2),
        (Trench(LINE, 0.8, Grade(Depth(1.0), 0.02)), 2.2, 1.8),
        (Bore(LINE, Elevation(-2.0), 0.3), -2.0, -2.0),
    ],
)
def test_it_rests_on_the_bottom(part, start, end):
    """Protects the default: a bed of 0.1 m and the radius above the bottom; in a bore the axis of the bore."""
    xyz = axis(PIPE, part)
    assert (xyz[0, 2], xyz[-1, 2]) == pytest.approx((start, end))


@pytest.mark.parametrize(("reference", "z"), [("crown", 1.9), ("axis", 2.0), ("invert", 2.1)])
def test_a_stated_depth_counts_from_its_reference(reference, z):
    """Protects crown, axis and invert from being taken for each other: 1.0 m below ground at 3.0 m."""
    utility = PlannedUtility(discipline="water", size_m=(0.2, 0.2), depth_m=1.0, reference=Reference(reference))
    assert axis(utility, Trench(LINE, 0.8, Depth(1.5)))[0, 2] == pytest.approx(z)


def test_unknown_ground_leaves_no_elevation():
    """Protects against a made-up height: without terrain only a bottom with an elevation has one."""
    assert axis(PIPE, Trench(LINE, 0.8, Depth(1.5)), Hill(known=False)).shape[1] == 2
    assert axis(PIPE, Trench(LINE, 0.8, Elevation(1.0)), Hill(known=False)).shape[1] == 3


def test_the_middle_of_a_pit():
    """Protects digs drawn as outlines: a rectangle has a middle, an L has none."""
    turned = shapely.affinity.rotate(shapely.box(0, 0, 20, 1), 30)
    assert middle_of(Pit(turned, Depth(1.0))).length == pytest.approx(20)
    corner = shapely.union_all([shapely.box(0, 0, 20, 1), shapely.box(0, 0, 1, 20)])
    assert middle_of(Pit(corner, Depth(1.0))) is None


def test_a_bank_counts_with_its_circle():
    """Protects rectangular banks: 0.6 m by 0.8 m is held by the circle of 0.5 m around it."""
    bank = PlannedUtility(discipline="power", size_m=(0.6, 0.8), is_round=False)
    assert bank.radius_m == pytest.approx(0.5)
    assert axis(bank, Trench(LINE, 1.0, Elevation(0.0)))[0, 2] == pytest.approx(0.5)
