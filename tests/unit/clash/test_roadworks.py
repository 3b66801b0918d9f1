"""Roads that may not be cut: the moratorium and its exceptions, barred hours, closed seasons."""

from dataclasses import replace
from datetime import date, time

import pytest
import shapely

from layers.surroundings import CutRoad
from twin.clash.accuracy import Wording
from twin.clash.roadworks import add_months, judge_closures, judge_roads, overlap, parse_hours
from twin.clash.rulebook import Closure
from twin.clash.rulefile import read_rules
from twin.clash.situation import Situation
from twin.clash.surroundings import Kind, Weight
from twin.excavations.schema import PURPOSES

BOOK = read_rules()
DIG = shapely.box(0, 0, 10, 1)


def a_road(**known):
    values = {
        "id": 1, "distance_m": 0.0, "shape": DIG, "source_path": None, "code": None, "name": "Lê Lợi",
        "road_class": "phố chính", "surface": "BTN", "width_m": 12.0, "resurfaced_on": None, "moratorium_until": None,
        "barred_hours": None, "cut_m2": 10.0,
    }  # fmt: skip
    return CutRoad(**values | known)


def a_dig(starts=date(2027, 3, 1), ends=date(2027, 3, 9), **known):
    values = {"book": BOOK, "opening": DIG, "area": DIG, "depth_m": 1.0, "purpose": None, "hours": None,
              "excavation_id": None}  # fmt: skip
    return Situation(**values | {"starts_on": starts, "ends_on": ends} | known)


def weights(road, dig):
    return {matter.kind: matter.weight for matter in judge_roads([road], dig)}


@pytest.mark.parametrize(
    ("road", "dig", "weight"),
    [
        (a_road(resurfaced_on=date(2024, 3, 1)), a_dig(), Weight.FORBIDS),
        (a_road(resurfaced_on=date(2024, 2, 29)), a_dig(), None),
        (a_road(resurfaced_on=date(2025, 1, 1)), a_dig(purpose="planned"), Weight.FORBIDS),
        (a_road(resurfaced_on=date(2025, 1, 1)), a_dig(purpose="emergency"), Weight.DEMANDS),
        (a_road(resurfaced_on=date(2025, 1, 1)), a_dig(starts=None), Weight.UNKNOWN),
        (a_road(resurfaced_on=date(2025, 1, 1), cut_m2=None), a_dig(), Weight.UNKNOWN),
        (a_road(resurfaced_on=date(2020, 1, 1), moratorium_until=date(2027, 3, 1)), a_dig(), Weight.FORBIDS),
        (a_road(resurfaced_on=date(2026, 1, 1), moratorium_until=date(2026, 6, 1)), a_dig(), None),
        (a_road(), a_dig(), Weight.UNKNOWN),
    ],
)
def test_moratorium(road, dig, weight):
    """Protects a new surface for three years to the day, its exceptions, and unknown dates from meaning "cut"."""
    assert weights(road, dig).get(Kind.MORATORIUM) is weight


def test_every_exception_can_be_claimed():
    """Protects exceptions that no request could name."""
    assert set(BOOK.moratorium.exceptions) < set(PURPOSES)


@pytest.mark.parametrize(
    ("hours", "weight"),
    [
        (None, Weight.DEMANDS),
        ((time(9), time(16)), None),
        ((time(8), time(16)), Weight.FORBIDS),
        ((time(22), time(5)), None),
        ((time(22), time(6, 1)), Weight.FORBIDS),
        ((time(8, 30), time(16, 30)), None),
    ],
)
def test_barred_hours(hours, weight):
    """Protects rush hours, over midnight too; a span that only touches does not overlap."""
    road = a_road(barred_hours="06:00-08:30,16:30-19:00", resurfaced_on=date(2000, 1, 1))
    assert weights(road, a_dig(hours=hours)).get(Kind.HOURS) is weight


def test_hours_over_midnight():
    """Protects night work from the arithmetic of the day."""
    (night,) = parse_hours("22:00-05:00")
    assert overlap(night, (time(4), time(6)))
    assert overlap((time(23), time(1)), night)
    assert not overlap(night, (time(5), time(22)))


def test_unknown_width_may_cut():
    """Protects a road without a width from not being there."""
    assert weights(a_road(width_m=None, cut_m2=None, resurfaced_on=date(2000, 1, 1)), a_dig()) == {
        Kind.ROAD: Weight.UNKNOWN
    }


TET = Closure(
    cited=BOOK.roads.cited, first=date(2027, 1, 25), last=date(2027, 2, 20), text=Wording(en="New Year", vi="Tết")
)


@pytest.mark.parametrize(
    ("starts", "ends", "weight"),
    [
        (date(2027, 1, 1), date(2027, 1, 24), None),
        (date(2027, 1, 1), date(2027, 1, 25), Weight.FORBIDS),
        (date(2027, 2, 20), date(2027, 3, 1), Weight.FORBIDS),
        (date(2027, 2, 21), date(2027, 3, 1), None),
        (date(2027, 1, 1), None, Weight.UNKNOWN),
        (date(2027, 2, 1), None, Weight.FORBIDS),
        (None, None, Weight.UNKNOWN),
        (date(2027, 2, 21), None, None),
    ],
)
def test_closed_seasons(starts, ends, weight):
    """Protects the weeks before the New Year, and says so where the dig's dates are not all known."""
    dig = a_dig(starts, ends, book=replace(BOOK, closures=(TET,)))
    assert [m.weight for m in judge_closures([a_road()], dig)] == ([] if weight is None else [weight])
    other = a_dig(starts, ends, book=replace(BOOK, closures=(replace(TET, road_classes=("hẻm",)),)))
    assert list(judge_closures([a_road()], other)) == []


def test_months_end():
    """Protects the moratorium of a surface laid on the 31st and on leap days."""
    assert add_months(date(2024, 1, 31), 1) == date(2024, 2, 29)
    assert add_months(date(2024, 2, 29), 36) == date(2027, 2, 28)
    assert add_months(date(2024, 11, 30), 3) == date(2025, 2, 28)
    assert add_months(date(2024, 12, 31), 0) == date(2024, 12, 31)
