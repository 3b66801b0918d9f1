"""CQL2 (OGC 21-065r2), as text or JSON, read into CQL2 JSON; what it means for a layer is `layers.expression`'s."""

from __future__ import annotations

import json
from functools import lru_cache
from typing import Any

import cql2

from layers.errors import Invalid

LANGUAGES = ("cql2-text", "cql2-json")

_MOST_LETTERS = 20_000
# The parser tries every group again for each that it stands in: time doubles with each pair of parentheses.
_MOST_EFFORT = 200_000


@lru_cache(maxsize=256)
def parse_filter(text: str, language: str) -> Any:
    """The expression as CQL2 JSON. Raises: Invalid for what is none, with the place where it ceases to be one."""
    if len(text) > _MOST_LETTERS:
        raise Invalid(f"filter: it has {len(text)} letters, {_MOST_LETTERS} are the most")
    if language == "cql2-json":
        return _parse_json(text)
    if len(text) << _depth(text) > _MOST_EFFORT:
        raise Invalid("filter: it is too long for how deep its parentheses are nested: give it as cql2-json")
    try:
        return cql2.parse_text(text).to_json()
    except cql2.ParseError as error:
        raise Invalid(f"filter: this is no CQL2 text:{_place(str(error))}") from error


def _parse_json(text: str) -> Any:
    try:
        document = json.loads(text, parse_constant=_refuse_constant)
        if not isinstance(document, dict | bool):
            raise Invalid("filter: CQL2 JSON is an object with an 'op'")
        return cql2.parse_json(json.dumps(document)).to_json()
    except (ValueError, RecursionError, cql2.ParseError, cql2.ValidationError) as error:
        raise Invalid("filter: this is no CQL2 JSON") from error


def _refuse_constant(name: str) -> None:
    raise ValueError(name)


def _depth(text: str) -> int:
    """How deep parentheses are nested, whether or not they are closed; those in texts do not count."""
    deepest = depth = 0
    for outside in text.split("'")[::2]:
        for letter in outside:
            depth += (letter == "(") - (letter == ")")
            deepest = max(deepest, depth)
    return deepest


def _place(message: str) -> str:
    """Where the parser stopped: the line that says it is the first, '--> line:column'."""
    _, _, place = message.partition("--> ")
    line, _, rest = place.partition(":")
    column = rest.split()[0] if rest.split() else ""
    return f" it cannot be read on from line {line}, column {column}" if column.isdigit() else " it cannot be read"
