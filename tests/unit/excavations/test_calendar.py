"""Working days, and what is not sure about them."""

from __future__ import annotations

from datetime import date

from twin.excavations.calendar import Calendar, _packaged, warn_of


def test_a_deadline_on_days_that_nobody_announced_says_so() -> None:
    """Over Tết 2027, which is assumed, a deadline is doubted; before it, and over holidays of the law, it is not."""
    days, assumed = _packaged()
    calendar = Calendar(days, frozenset(day.year for day in days), assumed)
    start = date(2027, 2, 3)
    due = calendar.add(start, 5)
    assert due == date(2027, 2, 17)
    assert calendar.doubts(start, due) == [date(2027, 2, day) for day in (5, 8, 9, 10, 11)]
    (said,) = warn_of(calendar.doubts(start, due), due)
    assert "2027-02-17" in said
    assert "chưa được công bố" in said.vi
    assert calendar.doubts(date(2026, 11, 26), calendar.add(date(2026, 11, 26), 5)) == []
    assert calendar.doubts(date(2027, 4, 28), date(2027, 5, 5)) == [], "30 April and 1 May stand in the law"
    assert calendar.doubts(date(2029, 1, 1), date(2029, 1, 9)) == [date(2029, 1, 9)], "a year without any calendar"
    assert warn_of([], due) == []
