"""Two digs near each other: the length they share, the days that one opening saves, the order they need."""

from dataclasses import replace
from datetime import date, timedelta

import pytest
import shapely

from layers.surroundings import OtherDig
from twin.clash.other_digs import Period, compare_digs, days_saved, shared_length
from twin.clash.rulefile import read_rules
from twin.clash.situation import Situation
from twin.clash.surroundings import Kind, Weight

BOOK = read_rules()
MINE = shapely.box(0, 0, 40, 1)


def a_situation(starts=date(2027, 3, 1), ends=date(2027, 3, 20), depth=1.5, area=MINE):
    return Situation(book=BOOK, opening=area, area=area, depth_m=depth, starts_on=starts, ends_on=ends, purpose=None,
                     hours=None, excavation_id=None)  # fmt: skip


def another(shape, starts=date(2027, 3, 10), ends=date(2027, 3, 29), depth=1.5):
    return OtherDig(id=7, distance_m=float(shapely.distance(MINE, shape)), shape=shape, source_path=None, name="B",
                    status="permitted", depth_m=depth, starts_on=starts, ends_on=ends,
                    shared_m2=float(shapely.intersection(MINE, shape).area), is_begun=False)  # fmt: skip


def matters(other, situation=None):
    return {m.kind: m for m in compare_digs([other], situation or a_situation())}


def test_a_dig_in_progress_is_open_until_it_is_closed():
    """Protects whoever digs beside a trench that should have been filled: its last day says nothing once it is past."""
    late = replace(
        another(shapely.box(10, 1.5, 30, 2.5), date(2027, 2, 1), date(2027, 2, 9)), status="in_progress", is_begun=True
    )
    day = date(2027, 2, 20)
    assert Kind.OPEN_TOGETHER not in {m.kind for m in compare_digs([late], a_situation(), date(2027, 2, 9))}
    (found,) = [m for m in compare_digs([late], a_situation(), day) if m.kind is Kind.OPEN_TOGETHER]
    assert (found.weight, "was to end on 2027-02-09" in found.text.en) == (Weight.UNKNOWN, True)
    over = replace(late, status="permitted", is_begun=False)
    assert Kind.OPEN_TOGETHER not in {m.kind for m in compare_digs([over], a_situation(), day)}, "nobody began"


@pytest.mark.parametrize(("status", "starts"), [("checked", 1), ("permitted", 25), ("draft", 10)])
def test_a_dig_that_was_begun_is_open_whatever_became_of_its_papers(status, starts):
    """Protects whoever digs beside a trench whose permit was taken back, or its days changed, while it was open."""
    first = date(2027, 2, starts)
    papers = another(shapely.box(10, 1.5, 30, 2.5), first, first + timedelta(15))
    begun = replace(papers, status=status, is_begun=True)
    (found,) = [m for m in compare_digs([begun], a_situation(), date(2027, 2, 20)) if m.kind is Kind.OPEN_TOGETHER]
    assert (found.weight, "it was begun and is not closed" in found.text.en) == (Weight.UNKNOWN, True)


def test_periods_count_both_ends():
    """Protects days from being off by one."""
    march = Period(date(2027, 3, 1), date(2027, 3, 20))
    assert march.days == 20
    assert march.overlap_days(Period(date(2027, 3, 20), date(2027, 3, 22))) == 1
    assert march.gap_days(Period(date(2027, 3, 21), date(2027, 3, 22))) == 0
    assert march.gap_days(Period(date(2027, 3, 31), date(2027, 4, 2))) == 10
    assert Period(date(2027, 3, 31), date(2027, 4, 2)).gap_days(march) == 10


def test_length_shared_side_by_side():
    """Protects the figure a coordinator argues with: 25 m of 40 run beside the other, within 5 m."""
    shared, lengths = shared_length(MINE, shapely.box(15, 3, 40, 4), 5.0)
    assert shared == pytest.approx(25, abs=5.1)
    assert lengths == pytest.approx((40, 25))


def test_crossing_digs_share_what_overlaps():
    """Protects a mere crossing from being called a common trench."""
    shared, _ = shared_length(MINE, shapely.box(20, -30, 21.2, 30), 5.0)
    assert shared == pytest.approx(1.2)
    assert shared_length(MINE, shapely.box(20, 3, 21.2, 30), 5.0)[0] == 0


def test_days_are_saved_by_the_shared_share_of_the_shorter():
    """Protects the estimate: 20 m of 40 in 20 days are 10 days, 20 m of 20 in 6 days are 6; the fewer are saved."""
    assert days_saved(20, (40, 20), (20, 6)) == 6
    assert days_saved(20, (40, 40), (20, 20)) == 10
    assert days_saved(0.5, (40, 40), (20, 20)) == 0


def test_one_opening_is_proposed_in_time_and_place():
    """Protects "dig once": proposed within 90 days and 5 m, with the shared length and days, not beyond."""
    beside = shapely.box(0, 3, 40, 4)
    proposal = matters(another(beside))[Kind.DIG_ONCE]
    assert proposal.weight is Weight.PROPOSES
    assert proposal.facts["shared_m"] == pytest.approx(40)
    assert proposal.facts["days_saved"] == 20
    assert Kind.DIG_ONCE in matters(another(beside, date(2027, 6, 18), date(2027, 6, 30)))
    assert Kind.DIG_ONCE not in matters(another(beside, date(2027, 6, 20), date(2027, 6, 30)))
    assert Kind.DIG_ONCE not in matters(another(shapely.box(0, 6.1, 40, 7)))


def test_open_at_the_same_time():
    """Protects two open trenches a metre apart; what comes after is no conflict, what has no dates may be one."""
    near = shapely.box(0, 2, 40, 3)
    both = matters(another(near))[Kind.OPEN_TOGETHER]
    assert (both.weight, both.facts["overlap_days"]) == (Weight.DEMANDS, 11)
    assert Kind.OPEN_TOGETHER not in matters(another(near, date(2027, 4, 1), date(2027, 4, 2)))
    assert matters(another(near, None, None))[Kind.OPEN_TOGETHER].weight is Weight.UNKNOWN
    assert matters(another(near), a_situation(starts=None))[Kind.OPEN_TOGETHER].weight is Weight.UNKNOWN
    assert Kind.OPEN_TOGETHER not in matters(another(shapely.box(0, 3.1, 40, 4)))


def test_the_deeper_dig_goes_first():
    """Protects what was laid from being undermined by a deeper dig that comes later, whichever of the two it is."""
    across = shapely.box(20, -5, 21, 5)
    later = (date(2027, 5, 1), date(2027, 5, 9))
    before = (date(2027, 1, 1), date(2027, 1, 9))
    assert Kind.SEQUENCE in matters(another(across, *later, depth=3.0))
    assert Kind.SEQUENCE not in matters(another(across, *later, depth=1.0))
    assert Kind.SEQUENCE in matters(another(across, *before, depth=1.0))
    assert Kind.SEQUENCE not in matters(another(across, *before, depth=3.0))
    assert Kind.SEQUENCE not in matters(another(across, *later, depth=1.5))
    assert matters(another(across, *later, depth=None))[Kind.SEQUENCE].weight is Weight.UNKNOWN, "filed by elevation"
    assert Kind.SEQUENCE not in matters(another(shapely.box(50, 0, 51, 1), *later, depth=3.0))
