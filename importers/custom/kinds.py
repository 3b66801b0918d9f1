"""What the values of a field are, decided by all of them: the narrowest kind that loses nothing of any."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING, Any

import orjson

from layers.custom import Kind
from layers.rows import JSONB_VERSION

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from zoneinfo import ZoneInfo

_MOST_INTEGER = 2**63
# A number with a leading zero is a code; with more digits than a double holds it would come out as another.
_WHOLE = re.compile(r"-?(?:0|[1-9]\d{0,17})")
_DECIMAL = re.compile(r"-?(?:0|[1-9]\d*)[.,]\d+")
_MOST_DIGITS = 15
# May be a number of thousands as well as one with three decimals.
_UNCLEAR = re.compile(r"-?[1-9]\d{0,2}(?:[.,]\d{3})+")
_DAY = re.compile(r"\d{4}-\d\d-\d\d|\d{4}/\d\d/\d\d")
_LOCAL_DAY = re.compile(r"\d{1,2}/\d{1,2}/\d{4}")
_MOMENT = re.compile(r"(\d{4})[-/](\d\d)[-/](\d\d)[T ](\d\d:\d\d(?::\d\d(?:\.\d+)?)?)\s?(Z|[+-]\d\d(?::?\d\d)?)?")


@dataclass(slots=True)
class Sort:
    """What one field may still be; `is_typed`: whether the format tells numbers from text, so that "12" is a text."""

    is_typed: bool
    possible: list[Kind] = field(default_factory=lambda: list(Kind))
    is_given: bool = False

    def narrow(self, values: Iterable[Any]) -> None:
        """Take some more of its values into account."""
        given = [value for value in values if not is_blank(value)]
        self.is_given |= bool(given)
        self.possible = [kind for kind in self.possible if all(self._fits(kind, value) for value in given)]

    @property
    def kind(self) -> Kind:
        """The narrowest; of a field without values, text."""
        return self.possible[0] if self.is_given else Kind.TEXT

    def _fits(self, kind: Kind, value: Any) -> bool:
        is_text = not self.is_typed
        tests: dict[Kind, Callable[[], bool]] = {
            Kind.BOOLEAN: lambda: isinstance(value, bool) or (is_text and value in ("true", "false")),
            Kind.INTEGER: lambda: _is_whole(value) or (is_text and _matches(_WHOLE, value)),
            Kind.REAL: lambda: _is_number(value) or (is_text and _is_decimal(value)),
            Kind.DATE: lambda: _read_day(value) is not None,
            Kind.MOMENT: lambda: _read_moment(value, UTC) is not None,
            Kind.ARRAY: lambda: _is_nested(value, "["),
            Kind.OBJECT: lambda: _is_nested(value, "{"),
            Kind.TEXT: lambda: True,
        }
        return tests[kind]()


def is_blank(value: Any) -> bool:
    """Whether nothing is given."""
    return value is None or (isinstance(value, str) and not value.strip()) or value != value  # noqa: PLR0124 - NaN


def reader(kind: Kind, zone: ZoneInfo) -> Callable[[Any], Any]:
    """What makes a value of a kind ready for its column; a moment without a zone is the city's."""
    readers: dict[Kind, Callable[[Any], Any]] = {
        Kind.BOOLEAN: lambda value: value in (True, "true"),
        Kind.INTEGER: int,
        Kind.REAL: lambda value: float(value.strip().replace(",", ".") if isinstance(value, str) else value),
        Kind.DATE: _read_day,
        Kind.MOMENT: lambda value: _read_moment(value, zone),
        Kind.ARRAY: _to_jsonb,
        Kind.OBJECT: _to_jsonb,
        Kind.TEXT: to_text,
    }
    read = readers[kind]
    return lambda value: None if is_blank(value) else read(value)


def to_text(value: Any) -> str:
    """A value as text; half a letter of JSON, which no text may hold, is the sign for a lost one."""
    if isinstance(value, str):
        return value.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    return ("true" if value else "false") if isinstance(value, bool) else str(value)


def _to_jsonb(value: str) -> bytes:
    return JSONB_VERSION + value.encode()


def _matches(pattern: re.Pattern[str], value: Any) -> bool:
    return isinstance(value, str) and pattern.fullmatch(value.strip()) is not None


def _is_whole(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and -_MOST_INTEGER <= value < _MOST_INTEGER


def _is_number(value: Any) -> bool:
    """A whole number beside ones with decimals is one of them as long as a double can hold it."""
    return isinstance(value, float) or (_is_whole(value) and abs(value) <= 2**53)


def _is_decimal(value: Any) -> bool:
    if _matches(_WHOLE, value):
        return len(value.strip().lstrip("-")) <= _MOST_DIGITS
    digits = sum(sign.isdigit() for sign in value) if isinstance(value, str) else 0
    return _matches(_DECIMAL, value) and digits <= _MOST_DIGITS and not ("," in value and _matches(_UNCLEAR, value))


def _read_day(value: Any) -> date | None:
    """A day; written with strokes it is day, month, year, as in Vietnam."""
    if isinstance(value, date):
        return None if isinstance(value, datetime) else value
    if not isinstance(value, str):
        return None
    text = value.strip()
    try:
        if _DAY.fullmatch(text):
            return date.fromisoformat(text.replace("/", "-"))
        if _LOCAL_DAY.fullmatch(text):
            day, month, year = map(int, text.split("/"))
            return date(year, month, day)
    except ValueError:
        return None
    return None


def _read_moment(value: Any, zone: Any) -> datetime | None:
    if isinstance(value, datetime):
        return value if value.tzinfo else value.replace(tzinfo=zone)
    found = _MOMENT.fullmatch(value.strip()) if isinstance(value, str) else None
    if found is None:
        return None
    year, month, day, clock, offset = found.groups()
    offset = f"{offset}:00" if offset and len(offset) == 3 else offset or ""
    try:
        moment = datetime.fromisoformat(f"{year}-{month}-{day}T{clock}{offset}")
    except ValueError:
        return None
    return moment if moment.tzinfo else moment.replace(tzinfo=zone)


def _is_nested(value: Any, opening: str) -> bool:
    r"""Whether a text is a list or an object that PostgreSQL takes: strict JSON without \u0000."""
    if not isinstance(value, str) or not value.startswith(opening) or "\\u0000" in value:
        return False
    try:
        orjson.loads(value)
    except orjson.JSONDecodeError:
        return False
    return True
