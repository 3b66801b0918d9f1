"""Numbers of tables as people type them: thousands in groups, degrees in minutes and seconds."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from importers.fields import parse_number

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping, Sequence

_GROUPED = r"[-+]?\d{{1,3}}(?:{sign}\d{{3}}){times}"
_BLANKS = ("\xa0", "\u202f")
# Behind an ordinate: "1 820 312,50 m".
_METRES = re.compile(r"(?<=\d)\s*m\.?$")
# Sign between groups of three digits -> the decimal sign beside it.
_DECIMALS = {",": r"\.", ".": ",", "'": r"\.", **dict.fromkeys(_BLANKS, "[.,]")}
_DEGREES = re.compile(  # a small s is of seconds, a capital one is south; § is Đ in TCVN3
    r"([A-ZĐ]?)\s*([-+]?)(\d{1,3})\s*[°º˚:\s\-od]+\s*(\d{1,2}(?:[.,]\d+)?)"
    r"(?:\s*['’′´`:\s\-m]+\s*(\d{1,2}(?:[.,]\d+)?))?[\s\"”″'’′´`ms]*((?:[^\W\d]|§)?)"
)
_PLAIN = re.compile(r"[-+]?\d+(?:[.,](\d*))?(?:[eE]([-+]?\d+))?")
_NEGATIVE = frozenset("SWT")  # south, west, tây


def parse_degrees(value: Any) -> float | None:
    """Decimal degrees of 16°27'49.3"N, 16 27 49,3, 107-35.454, or of a plain number; None for anything else.

    South, west and tây are negative. N is north, as in English: no city where it would be nam lies south.
    """
    match = _DEGREES.fullmatch(value.strip()) if isinstance(value, str) else None
    if match is None:
        return parse_number(value)
    before, sign, degrees, minutes, seconds, after = match.groups()
    parts = [float(part.replace(",", ".")) for part in (degrees, minutes, seconds or "0")]
    if parts[1] >= 60 or parts[2] >= 60 or (seconds and "." in minutes.replace(",", ".")):
        return None
    size = parts[0] + parts[1] / 60 + parts[2] / 3600
    return -size if sign == "-" or (before or after).upper() in _NEGATIVE else size


def parse_ordinate(value: Any) -> float:
    """Metres, with or without their unit, or degrees in any writing; NaN for what is neither."""
    value = _METRES.sub("", value.strip()) if isinstance(value, str) else value
    number = parse_number(value)
    number = parse_degrees(value) if number is None else number
    return math.nan if number is None else number


def finest(values: Iterable[str | None]) -> float | None:
    """The least step between numbers as finely written as these ("1.82E+06" has 10,000), None where none is plain."""
    found = (_PLAIN.fullmatch(value.strip()) for value in values if value)
    steps = [10.0 ** (int(match[2] or 0) - len(match[1] or "")) for match in found if match]
    return min(steps, default=None)


@dataclass(frozen=True, slots=True)
class _Writing:
    """Numbers with one sign between their thousands: any, those in groups, and those that can be nothing else."""

    number: re.Pattern[str]
    grouped: re.Pattern[str]
    fraction: re.Pattern[str]
    certain: re.Pattern[str]


def _writing(sign: str, decimal: str) -> _Writing:
    once, twice = (_GROUPED.format(sign=re.escape(sign), times=times) for times in ("+", "{2,}"))
    return _Writing(
        re.compile(rf"(?:[-+]?\d+|{once})(?:{decimal}\d+)?"),
        re.compile(rf"{once}(?:{decimal}\d+)?"),
        re.compile(rf"{once}{decimal}\d+"),
        re.compile(rf"{once}{decimal}\d+|{twice}"),
    )


_WRITINGS = {sign: _writing(sign, decimal) for sign, decimal in _DECIMALS.items()}


def without_groups(
    columns: Mapping[str, list[str | None]], always: Collection[str]
) -> tuple[dict[str, list[str | None]], list[str]]:
    """The columns with 1.820.978,931 as 1820978,931, and a remark.

    The table's sign between thousands is the one that some column all of numbers can have no other way; with two such
    signs nothing changes. A column is changed if it is one of `always` (coordinates) or has fractions too: "1.234"
    alone may be a code.
    """
    columns = dict(columns) | {
        name: [v and _METRES.sub("", v.strip()) for v in values] for name, values in columns.items() if name in always
    }
    told = {name: [value for value in values if value] for name, values in columns.items()}
    signs = {
        sign: writing
        for sign, writing in _WRITINGS.items()
        if any(_all(writing.number, values) and _any(writing.certain, values) for values in told.values())
    }
    if len(signs) != 1:
        return dict(columns), ["thousands are set off in two ways: left as they are"] if signs else []
    ((sign, writing),) = signs.items()
    changed = [
        name
        for name, values in told.items()
        if _all(writing.number, values) and _any(writing.grouped if name in always else writing.fraction, values)
    ]
    plain = {name: [v and v.replace(sign, "") for v in columns[name]] for name in changed}
    said = "a blank" if sign in _BLANKS else f"'{sign}'"
    return dict(columns) | plain, [f"thousands set off by {said} in {', '.join(changed)}"] if changed else []


def _all(pattern: re.Pattern[str], values: Sequence[str]) -> bool:
    return all(pattern.fullmatch(value) for value in values)


def _any(pattern: re.Pattern[str], values: Sequence[str]) -> bool:
    return any(pattern.fullmatch(value) for value in values)
