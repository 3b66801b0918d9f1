"""Probabilities of a hit: closed forms by hand, Monte Carlo with a fixed seed, and what is never promised."""

import doctest
from datetime import date
from statistics import NormalDist

import numpy as np
import pytest
import shapely

from twin.clash import chance as documented
from twin.clash.accuracy import STATED, Accuracy, read_accuracies
from twin.clash.age import age_of
from twin.clash.chance import Chance, Scope, find_chances
from twin.clash.chance_words import tell_chance
from twin.clash.solids import Drive, Excavation, Floor, Shaft, Tube

EAST, NORTH = 562_000.0, 1_820_000.0
TRENCH = Excavation((Floor(shapely.box(EAST, NORTH, EAST + 10, NORTH + 1), bottom_m=-1.0, ground_m=0.0),))
BORE = Excavation((), (Drive(((EAST - 20, NORTH, -2.0), (EAST + 20, NORTH, -2.0)), 0.3),))
BOUND = NormalDist().inv_cdf(0.975)
DRAWS = 40_000


def a_pipe(*points, radius=0.1):
    return Tube(1, np.array(points, dtype=float) + np.array([EAST, NORTH, 0.0])[: len(points[0])], radius)


def chance(utility, horizontal_m, vertical_m, dig=TRENCH):
    (found,) = find_chances(dig, [(utility, Accuracy(horizontal_m, vertical_m, STATED))])
    return found


def at_least(gap_m, bound_m):
    """The probability that an error goes beyond a gap to one side."""
    return 1 - NormalDist().cdf(gap_m / (bound_m / BOUND))


@pytest.mark.parametrize(
    ("utility", "accuracy", "expected"),
    [
        pytest.param(a_pipe((-99, 1.6, -0.5), (109, 1.6, -0.5)), (0.5, 0.1), at_least(0.5, 0.5), id="beside: 2.5 %"),
        pytest.param(a_pipe((5, -9, -1.3), (5, 9, -1.3)), (0.5, 0.4), at_least(0.2, 0.4), id="below a crossing"),
        pytest.param(a_pipe((5, -9, -1.1), (5, 9, -1.1)), (0.5, 0.4), 0.5, id="touching from below"),
        pytest.param(a_pipe((5, -9, -0.3), (5, 9, -0.3)), (0.5, 0.1), 1.0, id="through the middle"),
        pytest.param(a_pipe((5, -9, -9.0), (5, 9, -9.0)), (0.5, 0.4), 0.0, id="far below"),
        pytest.param(a_pipe((-99, 9, -0.5), (109, 9, -0.5)), (0.5, 0.1), 0.0, id="far beside"),
        pytest.param(a_pipe((5, -9, -1.2), (5, 9, -1.2)), (0.0, 0.0), 0.0, id="exactly known, missed"),
        pytest.param(a_pipe((5, -9, -1.1), (5, 9, -1.1)), (0.0, 0.0), 1.0, id="exactly known, touched"),
        pytest.param(
            a_pipe((-99, 0.5, -0.5), (109, 0.5, -0.5)), (1.0, 0.1), 1 - 2 * at_least(0.6, 1.0), id="inside, may be out"
        ),
    ],
)
def test_closed_forms(utility, accuracy, expected):
    """What a table of the normal distribution gives by hand, to the edges that the search resolves."""
    found = chance(utility, *accuracy)
    assert found.scope is Scope.HIT
    assert found.value == pytest.approx(expected, abs=1e-3)


def test_bore_is_hit_from_one_height_to_another():
    """A cable over a bore: neither too high nor too low, so both ends of the stretch of errors count."""
    cable = a_pipe((0, -9, -1.5), (0, 9, -1.5))
    found = chance(cable, 0.3, 0.5, BORE)
    errors = NormalDist(0, 0.5 / BOUND)
    assert found.value == pytest.approx(errors.cdf(-0.1) - errors.cdf(-0.9), abs=1e-3)


@pytest.mark.parametrize(
    ("start", "end", "accuracy"),
    [
        pytest.param((-9, 1.3, -1.1), (19, 1.3, -1.1), (1.0, 0.5), id="beside and below"),
        pytest.param((9, 2, -0.9), (12, -1, -1.0), (1.0, 0.4), id="askew past a corner, ending near by"),
        pytest.param((10.2, -5, -1.1), (10.2, 5, -1.1), (0.5, 0.3), id="past the end"),
        pytest.param((5, 0.5, -0.4), (5, 0.5, 0.0), (0.8, 0.2), id="a shaft"),
    ],
)
def test_against_monte_carlo(start, end, accuracy):
    """40,000 drawn errors held against the definition of a hit, by formulas of their own, seed 20261126."""
    upright = start[:2] == end[:2]
    utility = Shaft(1, EAST + 5, NORTH + 0.5, -0.4, 0.0, 0.1) if upright else a_pipe(start, end)
    errors = np.random.default_rng(20261126).normal(size=(DRAWS, 3)) * np.array([accuracy[0], accuracy[0], accuracy[1]])
    drawn = _share_hit(np.array(start, float), np.array(end, float), errors / BOUND, radius=0.1, upright=upright)
    deviation = (drawn * (1 - drawn) / DRAWS) ** 0.5
    assert chance(utility, *accuracy).value == pytest.approx(drawn, abs=0.002 + 3 * deviation)


def _share_hit(start, end, errors, *, radius, upright):
    """The axis a centimetre apart against the trench: over, or within the radius of, the box of 10 m × 1 m."""
    hit = np.zeros(len(errors), dtype=bool)
    for t in np.linspace(0, 1, 2 if upright else int(np.hypot(*(end - start)[:2]) / 0.05) + 2):
        x, y, z = (start + (end - start) * t)[:, None] + errors.T
        beside = np.hypot(np.maximum(np.maximum(-x, x - 10), 0), np.maximum(np.maximum(-y, y - 1), 0))
        below = np.maximum(-1.0 - z, 0)
        hit |= (beside <= radius) & (below <= 0) if upright else beside**2 + below**2 <= radius**2
    return hit.mean()


def test_what_is_not_known_gets_no_probability_of_a_hit():
    """Without depth, section or trust in the depth there is one in plan only, and it says so."""
    over = a_pipe((5, -9), (5, 9))
    assert chance(over, 0.5, None) == Chance(1.0, Scope.PLAN)
    assert chance(a_pipe((5, -9, -5), (5, 9, -5)), 0.5, None) == Chance(1.0, Scope.PLAN)
    unsized = chance(a_pipe((-99, 2.5, -0.5), (109, 2.5, -0.5), radius=None), 0.5, 0.1)
    assert unsized.scope is Scope.PLAN
    assert unsized.value == pytest.approx(at_least(0.5, 0.5), abs=1e-3), "the section counts with the table's 1 m"
    assert tell_chance(unsized).vi.endswith("trên mặt bằng")
    assert tell_chance(Chance(0.0, Scope.HIT)).en == "< 0.1 %", "nothing is promised never to happen"
    assert tell_chance(Chance(1.0, Scope.HIT)).en == "> 99.9 %"


def test_stale_surveys_by_quality():
    """Each quality has its years; a survey without a date, or of a day to come, has no age and is said to have none."""
    on = date(2026, 11, 26)
    table = read_accuracies()
    assert [table.find_staleness(level, None).years for level in ("A", "QL-B2", "D", None)] == [15, 5, 10, 10]
    assert age_of(date(2022, 1, 1), "B1", None, on).is_stale is False
    old = age_of(date(2019, 11, 26), "B1", None, on)
    assert old.is_stale
    assert "7 years ago, more than 5" in old.text.en
    assert "7 năm, quá 5 năm" in old.text.vi
    assert age_of(date(2019, 11, 26), "A", None, on).text is None
    for day in (None, date(2027, 1, 1)):
        assert age_of(day, "A", None, on).years is None
        assert age_of(day, "A", None, on).text is not None


def test_examples_hold():
    """The examples in the module are right."""
    assert doctest.testmod(documented).failed == 0
