"""Values as people type them: numbers, lengths with units, dates, sizes."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from datetime import date, datetime
from functools import cache
from typing import TYPE_CHECKING, Any

from importers.text import fold_name
from importers.vocabulary import vocabulary

if TYPE_CHECKING:
    from collections.abc import Sequence

_NUMBER = re.compile(r"[-+]?\d[\d ]*(?:[.,]\d+)?(?:e[-+]?\d+)?", re.IGNORECASE)
_LENGTH = re.compile(r"^\s*(?:d|dn|de|od|id|ø|⌀|phi)?\s*([-+]?\d+(?:[.,]\d+)?)\s*(mm|cm|dm|m)?\s*$", re.IGNORECASE)
_SMALLEST_SIDE_MM = 20
_LONGEST_UNKNOWN = 24
_SIZE = re.compile(r"(\d+(?:[.,]\d+)?)\s*[x×*]\s*(\d+(?:[.,]\d+)?)\s*(mm|cm|m)?", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Lengths:
    """A column of lengths in metres (None where not given or not readable), its unit and why that unit."""

    metres: tuple[float | None, ...]
    unit: str | None
    reason: str


@dataclass(frozen=True, slots=True)
class Plausible:
    """The range, in metres, in which nearly all values of a column must lie for a unit to be believed."""

    low_m: float
    high_m: float


DEPTH = Plausible(0.15, 10.0)
DIAMETER = Plausible(0.015, 4.0)
DEPTH_UNITS = ("m", "cm", "mm")
DIAMETER_UNITS = ("mm", "m")


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


def parse_lengths(values: Sequence[Any], unit: str | None, plausible: Plausible, units: Sequence[str]) -> Lengths:
    """Lengths of a column. A unit beside the value wins, then the unit in the field's name, then plausibility.

    Without a stated unit the column gets the only one of `units` that puts at least nine in ten of its values into
    the plausible range; where none or several do, the lengths stay unknown.
    """
    pairs = [_split_length(value) for value in values]
    bare = sorted(abs(number) for number, own in pairs if number and own is None)
    decided, reason = unit, f"unit '{unit}' in the field's name" if unit else ""
    if unit is None and bare:
        decided, reason = _plausible_unit(bare, plausible, units)
    scale = vocabulary()["units"]
    metres = tuple(
        None if number is None or (own or decided) is None else number * scale[own or decided] for number, own in pairs
    )
    stated = next((own for number, own in pairs if own), None)
    return Lengths(
        metres, decided or stated, reason or (f"unit '{stated}' beside the values" if stated else "no values")
    )


def parse_length(value: Any, unit: str) -> float | None:
    """Length of a cell in metres; `unit` holds where none stands beside the number. Zero and below mean unknown."""
    number, own = _split_length(value)
    return number * float(vocabulary()["units"][own or unit]) if number is not None and number > 0 else None


def _split_length(value: Any) -> tuple[float | None, str | None]:
    number = parse_number(value)
    if number is not None:
        return number, None
    match = _LENGTH.match(str(value)) if value is not None else None
    if match is None:
        return None, None
    return float(match[1].replace(",", ".")), (match[2] or "").lower() or None


def _plausible_unit(sizes: Sequence[float], plausible: Plausible, units: Sequence[str]) -> tuple[str | None, str]:
    scale = vocabulary()["units"]
    fitting = [
        unit
        for unit in units
        if sum(plausible.low_m <= size * scale[unit] <= plausible.high_m for size in sizes) >= 0.9 * len(sizes)
    ]
    span = f"values {sizes[0]:g} to {sizes[-1]:g}"
    if len(fitting) == 1:
        return fitting[0], f"no unit given; {span} are plausible only in {fitting[0]}"
    if not fitting:
        return None, f"no unit given; {span} are plausible in none of {', '.join(units)}"
    return None, f"no unit given; {span} are plausible in {' and in '.join(fitting)}"


def parse_size(value: Any) -> tuple[float, float] | None:
    """(width, height) in metres of "600x800" (mm unless a unit stands there or the numbers are below 20: m).

    None for a count of ducts ("5x110") and for the area of a cable's cores ("3x240mm2").
    """
    match = _SIZE.fullmatch(str(value).strip()) if value is not None else None
    if match is None:
        return None
    width, height = (float(match[i].replace(",", ".")) for i in (1, 2))
    if not match[3] and min(width, height) < _SMALLEST_SIDE_MM <= max(width, height):
        return None
    unit = (match[3] or ("m" if max(width, height) < 20 else "mm")).lower()
    scale = vocabulary()["units"][unit]
    return width * scale, height * scale


def parse_date(value: Any) -> date | None:
    """Date of a cell: a date, "2019-05-31", "31/05/2019", or a year, which stands for its first day."""
    if isinstance(value, datetime):
        return value.date()
    if isinstance(value, date):
        return value
    number = parse_number(value)
    if number is not None:
        return date(int(number), 1, 1) if number == int(number) and 1800 <= number <= 2200 else None
    text = "" if value is None else str(value).strip()
    for form in ("%Y-%m-%d", "%d/%m/%Y", "%Y/%m/%d", "%Y-%m-%dT%H:%M:%S"):
        try:
            return datetime.strptime(text[:19], form).date()  # noqa: DTZ007 - a calendar day
        except ValueError:
            continue
    return None


def parse_text(value: Any) -> str | None:
    """Trimmed text, None for blank and for what says that nothing is known; a whole number loses its '.0'."""
    if value is None or (isinstance(value, float) and not math.isfinite(value)):
        return None
    if isinstance(value, float) and value == int(value):
        return str(int(value))
    text = str(value).strip()
    return None if not text or _says_nothing(text) else text


def _says_nothing(text: str) -> bool:
    first_letters, signs, words = _unknown()
    if len(text) > _LONGEST_UNKNOWN or text[0].casefold() not in first_letters:
        return False
    return text.casefold() in signs or fold_name(text) in words


@cache
def _unknown() -> tuple[frozenset[str], frozenset[str], frozenset[str]]:
    unknown = vocabulary()["unknown"]
    signs, words = frozenset(unknown["signs"]), frozenset(unknown["words"])
    return frozenset(text[0] for text in signs | words), signs, words
