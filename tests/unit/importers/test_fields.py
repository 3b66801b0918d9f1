"""Numbers, lengths, sizes and dates as people type them."""

from __future__ import annotations

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from importers.fields import (
    DEPTH,
    DIAMETER,
    STEM,
    parse_date,
    parse_lengths,
    parse_measure,
    parse_number,
    parse_size,
    parse_text,
    usual_unit,
)


def depths(*values: object, unit: str | None = None) -> list[float | None]:
    return list(parse_lengths(values, unit, DEPTH).metres)


@pytest.mark.parametrize(
    ("text", "number"),
    [("1,20", 1.2), ("1.2", 1.2), (" 1 250 ", 1250.0), ("-0,5", -0.5), ("1e3", 1000.0), (7, 7.0), ("*****", None),
     ("", None), (None, None), ("nan", None), (float("nan"), None), (float("inf"), None), (True, None), ("12m", None)],
)  # fmt: skip
def test_parse_number(text: object, number: float | None) -> None:
    """Decimal commas and blanks count; overflow stars, NaN and truth values are no numbers."""
    assert parse_number(text) == number


@given(st.floats(-1e6, 1e6))
def test_every_number_survives_both_decimal_signs(number: float) -> None:
    """A number written with a comma is the number written with a point."""
    text = f"{number:.6f}"
    assert parse_number(text.replace(".", ",")) == parse_number(text) == float(text)


def test_unit_of_the_field_name_counts() -> None:
    """DoSau_cm = 120 is 1.2 m."""
    assert depths(120, 80.5, unit="cm") == pytest.approx((1.2, 0.805))


def test_unit_beside_the_value_beats_the_field_name() -> None:
    """A unit that stands beside one value is meant for it."""
    assert depths("1.5 m", "120 cm", "900", unit="mm") == pytest.approx((1.5, 1.2, 0.9))


@pytest.mark.parametrize(
    ("values", "unit"),
    [((0.8, 1.2, 2.5), "m"), ((80, 120, 150), "cm"), ((1200.0, 2500.0, 3000.0), "mm")],
)
def test_unit_by_plausibility(values: tuple[float, ...], unit: str) -> None:
    """Where only one unit makes all depths possible, it is taken, and the reason says so."""
    found = parse_lengths(values, None, DEPTH)
    assert found.unit == unit
    assert "plausible only in" in found.reason
    assert all(0.15 <= metres <= 10 for metres in found.metres if metres)


@pytest.mark.parametrize("values", [(12.0, 14.0, 13.0), (200.0, 400.0, 800.0)])
def test_ambiguous_unit_stays_unknown(values: tuple[float, ...]) -> None:
    """Neither or both of two units plausible: no number is made up."""
    found = parse_lengths(values, None, DEPTH)
    assert found.metres == (None,) * 3
    assert found.unit is None
    assert f"{min(values):g} to {max(values):g}" in found.reason


@pytest.mark.parametrize("text", ["D110", "DN110", "Ø110", "110", "d 110", "110 mm", "11 cm", "phi 110"])
def test_diameters(text: str) -> None:
    """The ways in which 110 mm is written."""
    assert parse_lengths([text], None, DIAMETER).metres == pytest.approx((0.11,))


@pytest.mark.parametrize(
    ("text", "size"),
    [("600x800", (0.6, 0.8)), ("0,6 x 0,8", (0.6, 0.8)), ("B2000×H1500", None), ("2000×1500 mm", (2.0, 1.5)),
     ("D600", None), (None, None), ("60*80 cm", (0.6, 0.8)),
     ("24x110", None), ("5x110", None), ("100x200", (0.1, 0.2))],
)  # fmt: skip
def test_sizes(text: str | None, size: tuple[float, float] | None) -> None:
    """Width by height, millimetres unless the numbers or a unit say otherwise."""
    assert parse_size(text) == (None if size is None else pytest.approx(size))
    assert parse_size("60x80", "cm") == pytest.approx((0.6, 0.8)), "the unit in the field's name"


@pytest.mark.parametrize(
    ("value", "day"),
    [("31/05/2019", date(2019, 5, 31)), ("2019-05-31", date(2019, 5, 31)), (2007, date(2007, 1, 1)),
     ("2007", date(2007, 1, 1)), (1994.0, date(1994, 1, 1)), (0, None), ("hôm qua", None), (None, None), (20191, None),
     (43617, date(2019, 6, 1)), ("43617", date(2019, 6, 1)), (20190531, date(2019, 5, 31)),
     ("31.05.2019", date(2019, 5, 31)),
     ("05/2019", date(2019, 5, 1)), (20191331, None), (43617.5, None)],
)  # fmt: skip
def test_dates(value: object, day: date | None) -> None:
    """Vietnamese and ISO dates, bare years, days as spreadsheets count them; zero is no year, nor is 20191."""
    assert parse_date(value) == day


@pytest.mark.parametrize(
    ("values", "unit"),
    [
        ((0.3, 0.45, 0.6), "m"),
        ((25, 40, 60), "cm"),
        ((250, 400, 600), "mm"),
        ((100, 150), "cm"),
        (("0.3 m", 25), "cm"),
        ((), "cm"),
    ],
)
def test_unit_of_stems(values: tuple[object, ...], unit: str) -> None:
    """A stem of 0.3 in a column of metres is no thread of 3 mm, whose roots would end at its bark."""
    assert usual_unit([(value, 1) for value in values], STEM) == unit


def test_measures_with_their_unit() -> None:
    """A width of "7,5 m" is a width; what is no such number, or nothing, is none."""
    assert [parse_measure(v) for v in ("7,5 m", "80 m²", "3 tầng", 4, "1050 mm", "0", None)] == [
        7.5,
        80,
        3,
        4,
        None,
        None,
        None,
    ]


def test_text_is_trimmed_and_whole_numbers_lose_their_point() -> None:
    """A sheet number that a DBF kept as 12.0 is sheet 12."""
    assert [parse_text(v) for v in (" a ", "", None, 12.0, 12.5, float("nan"))] == ["a", None, None, "12", "12.5", None]


@pytest.mark.parametrize("said", ["Unknown", "Không rõ", "chưa xác định", "?", "N/A", " - ", "UNBEKANNT"])
def test_text_that_says_nothing_is_nothing(said: str) -> None:
    """An owner called "Unknown" would be asked for a permit."""
    assert parse_text(said) is None


@pytest.mark.parametrize("said", ["Na", "Unknown soldier's street", "Nilo", "Không Tên", "Đường 3/2"])
def test_text_that_says_something_is_kept(said: str) -> None:
    """The custard apple is called Na, and a street may be named after nobody."""
    assert parse_text(said) == said
