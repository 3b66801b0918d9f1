"""Query parameters of feature requests, parsed and checked once; every fault is named before any is raised."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from layers.errors import Invalid
from layers.query import MAX_LIMIT, Box, FeatureQuery
from ogc_api.references import find_reference

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from starlette.datastructures import QueryParams

    from layers.catalog import Layer, Property
    from ogc_api.references import Reference

COMMON = frozenset({"f", "lang"})
ITEM = COMMON | {"crs"}
ITEMS = ITEM | {
    "bbox",
    "bbox-crs",
    "datetime",
    "limit",
    "offset",
    "properties",
    "resulttype",
    "skipGeometry",
    "sortby",
}
DEFAULT_LIMIT = 10

_FARTHEST = 1e9
_NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?", re.ASCII)


@dataclass(frozen=True, slots=True)
class FeatureRequest:
    """A checked request for features; `limit` is the page's, for the query's is 0 where only the hits are wanted."""

    query: FeatureQuery
    reference: Reference
    limit: int


def gather(readers: Mapping[str, Callable[[], Any]]) -> dict[str, Any]:
    """What each reader returns. Raises: Invalid with the faults of all readers."""
    values: dict[str, Any] = {}
    faults: list[str] = []
    for name, read in readers.items():
        try:
            values[name] = read()
        except Invalid as error:
            faults += error.faults
    if faults:
        raise Invalid(*faults)
    return values


def check_names(params: QueryParams, allowed: Iterable[str]) -> None:
    """Raises: Invalid for names that the resource does not know (17-069r4, /req/core/query-param-unknown), or twice."""
    names = [name for name, _ in params.multi_items()]
    known = set(allowed)
    unknown = [f"parameter '{name}' is unknown here: use {', '.join(sorted(known))}" for name in {*names} - known]
    repeated = [f"parameter '{name}' is given twice" for name in known if names.count(name) > 1]
    unprintable = [f"parameter '{name}' holds a NUL" for name, value in params.multi_items() if "\0" in value]
    if faults := [*sorted(unknown), *sorted(repeated), *unprintable]:
        raise Invalid(*faults)


def parse_items(params: QueryParams, layer: Layer, offered: Sequence[Reference]) -> FeatureRequest:
    """The request for a page of a layer's features. Raises: Invalid, naming every fault."""
    names = {p.name: p for p in layer.properties}
    read = gather(
        {
            "names": lambda: check_names(params, ITEMS | names.keys()),
            "reference": lambda: find_reference("crs", params.get("crs"), offered),
            "box": lambda: _box(params.get("bbox"), params.get("bbox-crs"), offered),
            "datetime": lambda: _check_datetime(params.get("datetime")),
            "limit": lambda: _limit(params.get("limit")),
            "offset": lambda: read_integer("offset", params.get("offset"), 0),
            "hits": lambda: _one_of("resulttype", params, "results", "hits"),
            "skip_geometry": lambda: _one_of("skipGeometry", params, "false", "true"),
            "sort_by": lambda: _sort_by(params.get("sortby"), names),
            "properties": lambda: _properties(params.get("properties"), names),
            "equals": lambda: _equals(params, names),
        }
    )
    query = FeatureQuery(
        layer,
        read["reference"].crs,
        limit=0 if read["hits"] else read["limit"],
        **{name: read[name] for name in ("offset", "box", "equals", "sort_by", "properties", "skip_geometry")},
    )
    return FeatureRequest(query, read["reference"], read["limit"])


def parse_item(params: QueryParams, layer: Layer, offered: Sequence[Reference]) -> FeatureRequest:
    """The request for one feature of a layer. Raises: Invalid, naming every fault."""
    read = gather(
        {
            "names": lambda: check_names(params, ITEM),
            "reference": lambda: find_reference("crs", params.get("crs"), offered),
        }
    )
    return FeatureRequest(FeatureQuery(layer, read["reference"].crs), read["reference"], limit=1)


def read_integer(name: str, text: str | None, default: int) -> int:
    if text is None:
        return default
    if not (text.isascii() and text.isdigit() and len(text) <= 18):
        raise Invalid(f"{name}={text[:40]}: give a whole number of at most 18 digits")
    return int(text)


def _limit(text: str | None) -> int:
    """A limit above the maximum is no fault, the page is just shorter (17-069r4, /req/core/fc-limit-response-1)."""
    limit = read_integer("limit", text, DEFAULT_LIMIT)
    if limit < 1:
        raise Invalid(f"limit={limit}: give a number from 1 to {MAX_LIMIT}")
    return min(limit, MAX_LIMIT)


def _one_of(name: str, params: QueryParams, no: str, yes: str) -> bool:
    text = params.get(name, no)
    if text not in (no, yes):
        raise Invalid(f"{name}={text[:40]}: give {no} or {yes}")
    return text == yes


def _box(text: str | None, uri: str | None, offered: Sequence[Reference]) -> Box | None:
    reference = find_reference("bbox-crs", uri, offered)
    if text is None:
        if uri is not None:
            raise Invalid(f"bbox-crs={uri}: give a bbox, too")
        return None
    parts = [part.strip() for part in text.split(",")]
    if len(parts) not in (4, 6) or not all(_NUMBER.fullmatch(part) for part in parts):
        raise Invalid(f"bbox={text[:200]}: give 4 numbers, or 6 with heights, separated by commas")
    if any(abs(float(part)) > _FARTHEST for part in parts):
        raise Invalid(f"bbox={text[:200]}: no place on earth has such coordinates")
    low, high = (list(map(float, half)) for half in (parts[: len(parts) // 2], parts[len(parts) // 2 :]))
    if reference.is_yx:
        low[:2], high[:2] = low[1::-1], high[1::-1]
    z = (low[2], high[2]) if len(parts) == 6 else None
    return Box(low[0], low[1], high[0], high[1], z, reference.crs)


def _check_datetime(text: str | None) -> None:
    """No layer has a temporal geometry, so every feature matches any time that is well-formed (17-069r4, 7.15.4)."""
    if text is None:
        return
    ends = text.split("/")
    try:
        instants = [None if len(ends) == 2 and end in ("", "..") else _instant(end) for end in ends]
    except (ValueError, OverflowError):
        instants = [None] * 3
    if len(instants) > 2 or (None not in instants and instants != sorted(instants, key=str)):
        raise Invalid(f"datetime={text[:80]}: give an RFC 3339 instant, or two separated by '/', the earlier first")


def _instant(text: str) -> str:
    """The instant in UTC, in a form that sorts. Raises: ValueError."""
    moment = datetime.fromisoformat(text)
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).astimezone(UTC).isoformat()


def _properties(text: str | None, names: Mapping[str, Property]) -> tuple[str, ...] | None:
    if text is None:
        return None
    asked = text.split(",")
    if faults := [_unknown("properties", name, names) for name in asked if name not in names]:
        raise Invalid(*faults)
    return tuple(asked)


def _sort_by(text: str | None, names: Mapping[str, Property]) -> tuple[tuple[str, bool], ...]:
    keys = [] if text is None else text.split(",")
    # A '+' that was not percent-encoded arrives as a space.
    parsed = [(key.removeprefix("-") if key.startswith("-") else key.lstrip("+ "), key[:1] != "-") for key in keys]
    if faults := [_unknown("sortby", name, names) for name, _ in parsed if name not in names]:
        raise Invalid(*faults)
    return tuple(parsed)


def _unknown(parameter: str, name: str, names: Mapping[str, Property]) -> str:
    return f"{parameter}: there is no property '{name[:80]}', there are {', '.join(names)}"


def _equals(params: QueryParams, names: Mapping[str, Property]) -> tuple[tuple[str, str], ...]:
    readers = {name: lambda p=p: _value(p, params[p.name]) for name, p in names.items() if name in params}
    return tuple(gather(readers).items())


def _value(wanted: Property, text: str) -> str:
    """The text as PostgreSQL writes a value of the property's type. Raises: Invalid for text of another type."""
    if wanted.type == "integer" and re.fullmatch(r"[+-]?\d{1,18}", text, re.ASCII):
        return str(int(text))
    if wanted.type == "number" and _NUMBER.fullmatch(text):
        return repr(float(text)).removesuffix(".0")
    if wanted.type == "boolean" and text in ("true", "false"):
        return text
    if wanted.type == "string" and (wanted.format != "date" or re.fullmatch(r"\d{4}-\d\d-\d\d", text, re.ASCII)):
        return text
    raise Invalid(f"{wanted.name}={text[:80]}: give {'a date' if wanted.format == 'date' else 'a ' + wanted.type}")
