"""Query parameters of feature requests, parsed and checked once; every fault is named before any is raised."""

from __future__ import annotations

import base64
import json
import re
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from layers.errors import Invalid
from layers.query import MAX_LIMIT, Box, Condition, Cursor, FeatureQuery, Filter, Period
from ogc_api.cql2 import LANGUAGES, parse_filter
from ogc_api.references import find_reference

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from starlette.datastructures import QueryParams

    from layers.catalog import Layer, Property
    from ogc_api.references import Reference

COMMON = frozenset({"f", "lang"})
_WRITING = frozenset({"crs", "properties", "exclude-properties", "skipGeometry", "precision"})
ITEM = COMMON | _WRITING
ITEMS = ITEM | {
    "bbox",
    "bbox-crs",
    "cursor",
    "datetime",
    "filter",
    "filter-crs",
    "filter-lang",
    "limit",
    "offset",
    "resulttype",
    "sortby",
}
DEFAULT_LIMIT = 10
MOST_DIGITS = 15

_FARTHEST = 1e9
_NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?", re.ASCII)


@dataclass(frozen=True, slots=True)
class FeatureRequest:
    """A checked request for features; `wants_hits` where only the number is wanted, which reads no feature."""

    query: FeatureQuery
    reference: Reference
    wants_hits: bool = False

    @property
    def limit(self) -> int:
        return self.query.limit or 0


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


def parse_items(
    params: QueryParams, layer: Layer, offered: Sequence[Reference], *, is_download: bool = False
) -> FeatureRequest:
    """The request for a page of a layer's features; a download without a limit has them all.

    Raises: Invalid, naming every fault.
    """
    names, queryables = ({p.name: p for p in some} for some in (layer.properties, layer.queryables))
    read = gather(
        {
            "names": lambda: check_names(params, ITEMS | queryables.keys()),
            "filter": lambda: _filter(params, queryables, offered),
            "limit": lambda: _limit(params.get("limit"), is_download=is_download),
            "offset": lambda: read_integer("offset", params.get("offset"), 0),
            "cursor": lambda: read_cursor(params.get("cursor")),
            "hits": lambda: _one_of("resulttype", params, "results", "hits"),
            "sort_by": lambda: _sort_by(params.get("sortby"), queryables),
            "writing": lambda: _writing(params, names, offered),
        }
    )
    reference, writing = read["writing"]
    chosen = {name: read[name] for name in ("filter", "limit", "offset", "cursor", "sort_by")}
    if is_download and read["hits"]:
        chosen["limit"] = 0
    return FeatureRequest(FeatureQuery(layer, **chosen, **writing), reference, wants_hits=read["hits"])


def parse_item(params: QueryParams, layer: Layer, offered: Sequence[Reference]) -> FeatureRequest:
    """The request for one feature of a layer. Raises: Invalid, naming every fault."""
    names = {p.name: p for p in layer.properties}
    read = gather(
        {
            "names": lambda: check_names(params, ITEM),
            "writing": lambda: _writing(params, names, offered),
        }
    )
    reference, writing = read["writing"]
    return FeatureRequest(FeatureQuery(layer, **writing, limit=1), reference)


def write_cursor(cursor: Cursor) -> str:
    """A cursor as a parameter that says nothing to people."""
    sides = "p" if cursor.is_backward else "n"
    if len(cursor.keys) == 1:
        return f"{sides}{cursor.keys[0]}"
    keys = json.dumps(cursor.keys, ensure_ascii=False, separators=(",", ":"))
    return sides + base64.urlsafe_b64encode(keys.encode()).decode().rstrip("=")


def read_cursor(text: str | None) -> Cursor | None:
    """Raises: Invalid for a text that `write_cursor` did not write."""
    if text is None:
        return None
    if re.fullmatch(r"[np]\d{1,18}", text, re.ASCII):
        return Cursor((text[1:],), is_backward=text[0] == "p")
    try:
        keys = json.loads(base64.b64decode(text[1:] + "=" * (-len(text[1:]) % 4), b"-_", validate=True))
        is_fit = isinstance(keys, list) and bool(keys) and all(key is None or isinstance(key, str) for key in keys)
        if text[0] in "np" and is_fit and re.fullmatch(r"\d{1,18}", keys[-1] or "", re.ASCII):
            return Cursor(tuple(keys), is_backward=text[0] == "p")
    except (ValueError, IndexError, RecursionError):
        pass
    raise Invalid(f"cursor={text[:40]}: it is none of this service's; follow the links of a page")


def _writing(
    params: QueryParams, names: Mapping[str, Property], offered: Sequence[Reference]
) -> tuple[Reference, dict[str, Any]]:
    """How features are to be written: the reference system, and the query's `shape`, `properties`, `skip_geometry`."""
    read = gather(
        {
            "reference": lambda: find_reference("crs", params.get("crs"), offered),
            "digits": lambda: _digits(params.get("precision")),
            "skip_geometry": lambda: _one_of("skipGeometry", params, "false", "true"),
            "properties": lambda: _chosen(params, names),
        }
    )
    reference: Reference = read["reference"]
    shape = reference.shape(read["digits"])
    return reference, {"shape": shape, "properties": read["properties"], "skip_geometry": read["skip_geometry"]}


def _filter(params: QueryParams, names: Mapping[str, Property], offered: Sequence[Reference]) -> Filter:
    read = gather(
        {
            "box": lambda: _box(params.get("bbox"), params.get("bbox-crs"), offered),
            "during": lambda: _period(params.get("datetime")),
            "equals": lambda: _equals(params, names),
            "condition": lambda: _condition(params, offered),
        }
    )
    return Filter(**read)


def _condition(params: QueryParams, offered: Sequence[Reference]) -> Condition | None:
    reference = find_reference("filter-crs", params.get("filter-crs"), offered)
    language = params.get("filter-lang", LANGUAGES[0])
    if language not in LANGUAGES:
        raise Invalid(f"filter-lang={language[:40]}: give {' or '.join(LANGUAGES)}")
    text = params.get("filter")
    if text is None:
        if named := [name for name in ("filter-crs", "filter-lang") if name in params]:
            raise Invalid(f"{named[0]}={params[named[0]][:80]}: give a filter, too")
        return None
    expression = parse_filter(text, language)
    return Condition(json.dumps(expression), reference.crs, is_yx=reference.is_yx)


def _digits(text: str | None) -> int | None:
    if text is None:
        return None
    digits = read_integer("precision", text, 0)
    if digits > MOST_DIGITS:
        raise Invalid(f"precision={digits}: give the decimals of a coordinate, from 0 to {MOST_DIGITS}")
    return digits


def read_integer(name: str, text: str | None, default: int) -> int:
    if text is None:
        return default
    if not (text.isascii() and text.isdigit() and len(text) <= 18):
        raise Invalid(f"{name}={text[:40]}: give a whole number of at most 18 digits")
    return int(text)


def _limit(text: str | None, *, is_download: bool) -> int | None:
    """A limit above the maximum is no fault, the page is just shorter (17-069r4, /req/core/fc-limit-response-1)."""
    if text is None and is_download:
        return None
    limit = read_integer("limit", text, DEFAULT_LIMIT)
    if limit < 1:
        raise Invalid(f"limit={limit}: give a number from 1 to {MAX_LIMIT}")
    return min(limit, 2**31 - 1) if is_download else min(limit, MAX_LIMIT)


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
    z = (low[2] - reference.lift_m, high[2] - reference.lift_m) if len(parts) == 6 else None
    return Box(low[0], low[1], high[0], high[1], z, reference.crs)


def _period(text: str | None) -> Period | None:
    """The time in which features must exist (17-069r4, 7.15.4)."""
    if text is None:
        return None
    ends = text.split("/")
    try:
        instants = [None if len(ends) == 2 and end in ("", "..") else _instant(end) for end in ends]
        if len(instants) == 1 or (len(instants) == 2 and (None in instants or instants[0] <= instants[1])):  # type: ignore[operator]
            return Period(instants[0], instants[-1])
    except (ValueError, OverflowError):
        pass
    raise Invalid(f"datetime={text[:80]}: give an RFC 3339 instant, or two separated by '/', the earlier first")


def _instant(text: str) -> datetime:
    """The instant, in the time zone that it is written in. Raises: ValueError, OverflowError."""
    moment = datetime.fromisoformat(text)
    moment = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    moment.astimezone(UTC)
    return moment


def _chosen(params: QueryParams, names: Mapping[str, Property]) -> tuple[str, ...] | None:
    """The properties that are wanted; None for all."""
    read = gather(
        {
            "properties": lambda: _listed("properties", params.get("properties"), names),
            "exclude-properties": lambda: _listed("exclude-properties", params.get("exclude-properties"), names),
        }
    )
    wanted, unwanted = read["properties"], read["exclude-properties"]
    if wanted is not None and unwanted is not None:
        raise Invalid("exclude-properties: give either this or properties")
    return wanted if unwanted is None else tuple(name for name in names if name not in unwanted)


def _listed(parameter: str, text: str | None, names: Mapping[str, Property]) -> tuple[str, ...] | None:
    if text is None:
        return None
    asked = text.split(",")
    if faults := [_unknown(parameter, name, names) for name in asked if name not in names]:
        raise Invalid(*faults)
    return tuple(asked)


def _sort_by(text: str | None, names: Mapping[str, Property]) -> tuple[tuple[str, bool], ...]:
    keys = [] if text is None else text.split(",")
    # A '+' that was not percent-encoded arrives as a space.
    parsed = [(key.removeprefix("-") if key.startswith("-") else key.lstrip("+ "), key[:1] != "-") for key in keys]
    faults = [_unknown("sortby", name, names) for name, _ in parsed if name not in names]
    sorted_by = [name for name, _ in parsed]
    faults += [f"sortby: '{name[:80]}' is named twice" for name in {*sorted_by} if sorted_by.count(name) > 1]
    if faults:
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
    text = text.replace(" ", "+") if wanted.format == "date-time" else text
    if wanted.type == "string" and re.fullmatch(_FORMATS.get(wanted.format or "", r"(?s:.*)"), text, re.ASCII):
        return text
    kinds = {"date": "a date", "date-time": "a moment of RFC 3339, such as 2026-01-31T08:00:00Z,"}
    raise Invalid(f"{wanted.name}={text[:80]}: give {kinds.get(wanted.format or '', 'a ' + wanted.type)}")


# What is written of each format; a '+' that was not percent-encoded has become a space.
_FORMATS = {
    "date": r"\d{4}-\d\d-\d\d",
    "date-time": r"\d{4}-\d\d-\d\d[Tt]\d\d:\d\d:\d\d(\.\d{1,6})?([Zz]|[+-]\d\d:\d\d)",
}
