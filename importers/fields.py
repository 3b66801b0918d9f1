"""Values as people type them: numbers, lengths with units, dates, sizes."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import cache
from operator import itemgetter
from string import ascii_letters, digits
from typing import TYPE_CHECKING, Any

from importers.text import fold_name
from importers.vocabulary import vocabulary
from layers.columns import Column

if TYPE_CHECKING:
    from collections.abc import Sequence

_NUMBER = re.compile(r"[-+]?\d[\d ]*(?:[.,]\d+)?(?:e[-+]?\d+)?", re.IGNORECASE)
_LENGTH = re.compile(
    r"^\s*(?:d|dn|de|od|id|ø|⌀|phi)?\s*([-+]?\d+(?:[.,]\d+)?)\s*(mm|cm|dm|m|inch|in|[\"″”]|ft|feet)?\s*$", re.IGNORECASE
)
_INCH = frozenset({"in", '"', "″", "”"})
_MEASURE = re.compile(r"(?<=\d)\s*(?:m|m2|m²|tầng|bar)\s*$", re.IGNORECASE)
_SMALLEST_SIDE_MM = 40  # of a box; "24x110" are 24 ducts
_LONGEST_UNKNOWN = 24
_DUCTS = re.compile(r"(\d{1,2})\s*(?:[x×*]|ống)\s*(?:d|dn|ø|⌀|phi)?\s*(\d{2,3})(?![\d.,])", re.IGNORECASE)
# Nominal sizes of ducts; none is the area of a cable's cores in mm².
_DUCT_MM = frozenset({32, 40, 63, 65, 75, 80, 85, 90, 100, 105, 110, 114, 125, 130, 140, 160, 175, 200})
_SIZE = re.compile(r"(\d+(?:[.,]\d+)?)\s*[x×*]\s*(\d+(?:[.,]\d+)?)\s*(mm|cm|m)?", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Lengths:
    """A column of lengths in metres (None where not given or not readable), its unit and why that unit."""

    metres: Column[float | None]
    unit: str | None
    reason: str


@dataclass(frozen=True, slots=True)
class Usual:
    """The range, in metres, in which nearly all values of a quantity lie, and the units that it is given in."""

    low_m: float
    high_m: float
    units: tuple[str, ...]


_DATES = ("%Y-%m-%d", "%d/%m/%Y", "%Y/%m/%d", "%Y-%m-%dT%H:%M:%S", "%d-%m-%Y", "%d.%m.%Y", "%m/%Y", "%Y%m%d")
_COMPACT = 18000101
# Day 0 of spreadsheets, and the counts of days of 1982 to 2064: no year is as large.
_FIRST_SERIAL, _SERIALS = date(1899, 12, 30), (30_000, 60_000)

DEPTH = Usual(0.15, 10.0, ("m", "cm", "mm"))
DIAMETER = Usual(0.015, 4.0, ("mm", "m"))
STEM, GIRTH = Usual(0.03, 2.0, ("cm", "m", "mm")), Usual(0.1, 6.3, ("cm", "m", "mm"))


def parse_number(value: Any) -> float | None:
    """Number of a cell: 1.5, "1,5", "1 250"; None for blank, text, NaN."""
    if value is None or isinstance(value, bool):
        return None
    if isinstance(value, int | float):
        return float(value) if math.isfinite(value) else None
    text = str(value).strip()
    if not _NUMBER.fullmatch(text):
        return None
    number = float(text.replace(" ", "").replace(",", "."))
    return number if math.isfinite(number) else None


def parse_lengths(
    values: Sequence[Any], unit: str | None, usual: Usual, counted: Sequence[tuple[Any, int]] | None = None
) -> Lengths:
    """Lengths of a column. A unit beside the value wins, then the unit in the field's name, then plausibility.

    Without a stated unit the column gets the only usual one that puts at least nine in ten of its values into the
    plausible range; where none or several do, the lengths stay unknown. `counted` are the values that decide, each
    with how often it comes: those of the column, unless it is a part of a longer one.
    """
    column = Column.of(values)
    pairs = [(*_split_length(value), times) for value, times in (column.counted() if counted is None else counted)]
    stated = next((own for _, own, _ in pairs if own), None)
    bare = sorted((abs(number), times) for number, own, times in pairs if number and own is None)
    decided, reason = unit, f"unit '{unit}' in the field's name" if unit else ""
    if unit is None and bare:
        decided, reason = _plausible_unit(bare, usual)
    scale = vocabulary()["units"]

    def to_metres(pair: tuple[float | None, str | None]) -> float | None:
        number, own = pair
        return None if number is None or (own or decided) is None else number * scale[own or decided]

    said = reason or (f"unit '{stated}' beside the values" if stated else "no values")
    return Lengths(column.map(_split_length).map(to_metres), decided or stated, said)


def parse_length(value: Any, unit: str) -> float | None:
    """Length of a cell in metres; `unit` holds where none stands beside the number. Zero and below mean unknown."""
    number, own = _split_length(value)
    return number * float(vocabulary()["units"][own or unit]) if number is not None and number > 0 else None


def usual_unit(counted: Sequence[tuple[Any, int]], usual: Usual) -> str:
    """The first usual unit of a quantity that makes at least nine in ten bare numbers plausible, or else the first."""
    pairs = [(*_split_length(value), times) for value, times in counted]
    bare = [(abs(number), times) for number, own, times in pairs if number and own is None]
    return next((unit for unit in usual.units if bare and _fits(unit, bare, usual)), usual.units[0])


def _fits(unit: str, sizes: Sequence[tuple[float, int]], usual: Usual) -> bool:
    scale = vocabulary()["units"][unit]
    fitting = sum(times for size, times in sizes if usual.low_m <= size * scale <= usual.high_m)
    return fitting >= 0.9 * sum(times for _, times in sizes)


def parse_measure(value: Any) -> float | None:
    """Number of a cell above 0, with or without the unit that such a number has: 7.5, "7,5 m", "80 m²", "3 tầng"."""
    text = _MEASURE.sub("", value) if isinstance(value, str) else value
    number = parse_number(text)
    return number if number is not None and number > 0 else None


def _split_length(value: Any) -> tuple[float | None, str | None]:
    number = parse_number(value)
    if number is not None:
        return number, None
    match = _LENGTH.match(str(value)) if value is not None else None
    if match is None:
        return None, None
    unit = (match[2] or "").lower() or None
    return float(match[1].replace(",", ".")), "inch" if unit in _INCH else unit


def parse_level(value: Any, unit: str | None) -> float | None:
    """Elevation of a cell in metres; `unit` holds where none stands beside the number, metres where there is none."""
    number, own = _split_length(value)
    return None if number is None else number * float(vocabulary()["units"][own or unit or "m"])


def _plausible_unit(sizes: Sequence[tuple[float, int]], usual: Usual) -> tuple[str | None, str]:
    fitting = [unit for unit in usual.units if _fits(unit, sizes, usual)]
    span = f"values {sizes[0][0]:g} to {sizes[-1][0]:g}"
    if len(fitting) == 1:
        return fitting[0], f"no unit given; {span} are plausible only in {fitting[0]}"
    if not fitting:
        return None, f"no unit given; {span} are plausible in none of {', '.join(usual.units)}"
    return None, f"no unit given; {span} are plausible in {' and in '.join(fitting)}"


def parse_size(value: Any, unit: str | None = None) -> tuple[float, float] | None:
    """(width, height) in metres of "600x800"; `unit` holds where none stands there, without it mm, or m below 20.

    None for a count of ducts ("5x110") and for the area of a cable's cores ("3x240mm2").
    """
    match = _SIZE.fullmatch(str(value).strip()) if value is not None else None
    if match is None:
        return None
    width, height = (float(match[i].replace(",", ".")) for i in (1, 2))
    if not match[3] and unit is None and min(width, height) < _SMALLEST_SIDE_MM <= max(width, height):
        return None
    scale = vocabulary()["units"][(match[3] or unit or ("m" if max(width, height) < 20 else "mm")).lower()]
    return width * scale, height * scale


def parse_ducts(value: Any) -> int | None:
    """How many ducts a text tells of: 5 of "5x110", "5 x D110 PVC E"; None for a box, and for a cable's cores."""
    match = _DUCTS.match(value.strip()) if isinstance(value, str) else None
    return int(match[1]) if match and int(match[2]) in _DUCT_MM and parse_size(value) is None else None


def parse_date(value: Any) -> date | None:
    """Date of a cell: a date, "2019-05-31", "31/05/2019", "20190531", a spreadsheet's count of days, or a month or a
    year, which stands for its first day.
    """
    if isinstance(value, datetime):
        return value.date()
    if isinstance(value, date):
        return value
    number = parse_number(value)
    if number is not None and number != int(number):
        return None
    if number is not None and number < _COMPACT:
        return _date_of_number(int(number))
    text = "" if value is None else str(value).strip()
    for form in _DATES:
        try:
            return datetime.strptime(text[:19], form).date()  # noqa: DTZ007 - a calendar day
        except ValueError:
            continue
    return None


def _date_of_number(number: int) -> date | None:
    if 1800 <= number <= 2200:
        return date(number, 1, 1)
    return _FIRST_SERIAL + timedelta(days=number) if _SERIALS[0] <= number <= _SERIALS[1] else None


def parse_text(value: Any) -> str | None:
    """Trimmed text, None for blank and for what says that nothing is known; a whole number loses its '.0'."""
    if isinstance(value, str) and value[-1:] in _plain_ends() and not value[0].isspace():
        return value
    if isinstance(value, float):
        if not math.isfinite(value):
            return None
        value = int(value) if value == int(value) else value
    text = "" if value is None else str(value).strip()
    return None if not text or _says_nothing(text) else text


def parse_texts(column: Column[Any]) -> Column[str | None]:
    """The same of each value; the codes of a million pipes are not looked at one by one."""
    texts = list(filter(None, column.distinct))
    is_told = len(texts) + column.distinct.count(None) == len(column.distinct) and set(map(type, texts)) <= {str}
    if is_told and _plain_ends().issuperset(map(_LAST, texts)) and not any(map(str.isspace, set(map(_FIRST, texts)))):
        return column
    return column.map(parse_text)


_FIRST, _LAST = itemgetter(0), itemgetter(-1)


def _says_nothing(text: str) -> bool:
    first_signs, signs, words = _unknown()
    if len(text) > _LONGEST_UNKNOWN or text[0].casefold() not in first_signs:
        return False
    return text.casefold() in signs or fold_name(text) in words


@cache
def _unknown() -> tuple[frozenset[str], frozenset[str], frozenset[str]]:
    """First signs of what says that nothing is known, and its signs and folded words."""
    unknown = vocabulary()["unknown"]
    signs, words = frozenset(unknown["signs"]), frozenset(unknown["words"])
    return frozenset(text[0] for text in signs | words), signs, words


@cache
def _plain_ends() -> frozenset[str]:
    """Letters and digits with which nothing ends that says that nothing is known."""
    _, signs, words = _unknown()
    ends = {text[-1] for text in signs | words}
    return frozenset(sign for sign in ascii_letters + digits if sign.lower() not in ends)
