"""Attributes of features as a binary property table (EXT_structural_metadata, OGC 22-025r4 annex)."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from numpy.typing import NDArray

type Json = dict[str, Any]
type Kind = Literal["string", "number", "integer", "identifier", "boolean"]

# What stands where there is no value; every table says so of its columns. No CHECK of ours allows one of them.
NO_NUMBER = -1.7976931348623157e308
NO_INTEGER = -2_147_483_648
NO_TEXT = ""
_UNKNOWN = -1
_TRUTH = "truth"
_BIGGEST = 2**32 - 1


@dataclass(frozen=True, slots=True)
class Column:
    """A value a feature, None where there is none."""

    name: str
    title: str
    kind: Kind
    values: Sequence[Any]
    description: str = ""


@dataclass(frozen=True, slots=True)
class Table:
    """The features of a mesh in the order of their owners: columns of one length, named after their `layer`."""

    layer: str
    columns: tuple[Column, ...]
    count: int


def write_table(table: Table, add: Callable[[NDArray[Any]], int]) -> Json:
    """The extension as JSON; `add` takes the bytes of a column and gives the index of their view."""
    properties: Json = {}
    stored: Json = {}
    for column in table.columns:
        described, views = _WRITERS[column.kind](column.values, add)
        about = {"name": column.title} | ({"description": column.description} if column.description else {})
        properties[column.name] = about | described
        stored[column.name] = views
    schema: Json = {"id": "city_twin", "classes": {table.layer: {"properties": properties}}}
    if any(described.get("enumType") == _TRUTH for described in properties.values()):
        values = [{"name": "false", "value": 0}, {"name": "true", "value": 1}, {"name": "unknown", "value": _UNKNOWN}]
        schema["enums"] = {_TRUTH: {"valueType": "INT8", "values": values}}
    return {
        "schema": schema,
        "propertyTables": [{"class": table.layer, "count": table.count, "properties": stored}],
    }


def _write_strings(values: Sequence[Any], add: Callable[[NDArray[Any]], int]) -> tuple[Json, Json]:
    texts = [
        (NO_TEXT if value is None else value if isinstance(value, str) else json.dumps(value)).encode()
        for value in values
    ]
    ends = np.cumsum([0, *map(len, texts)]).astype("<u4")
    # A view is never empty.
    content = np.frombuffer(b"".join(texts) or b"\0", dtype="u1")
    views = {"values": add(content), "stringOffsets": add(ends), "stringOffsetType": "UINT32"}
    return {"type": "STRING", "noData": NO_TEXT}, views


def _write_numbers(values: Sequence[Any], add: Callable[[NDArray[Any]], int]) -> tuple[Json, Json]:
    numbers = np.array([NO_NUMBER if value is None else value for value in values], dtype="<f8")
    return {"type": "SCALAR", "componentType": "FLOAT64", "noData": NO_NUMBER}, {"values": add(numbers)}


def _write_integers(values: Sequence[Any], add: Callable[[NDArray[Any]], int]) -> tuple[Json, Json]:
    given = [value for value in values if value is not None]
    if given and not -(2**31) < min(given) <= max(given) < 2**31:
        return _write_numbers(values, add)
    numbers = np.array([NO_INTEGER if value is None else value for value in values], dtype="<i4")
    return {"type": "SCALAR", "componentType": "INT32", "noData": NO_INTEGER}, {"values": add(numbers)}


def _write_identifiers(values: Sequence[Any], add: Callable[[NDArray[Any]], int]) -> tuple[Json, Json]:
    kind, dtype = ("UINT32", "<u4") if max(values, default=0) <= _BIGGEST else ("UINT64", "<u8")
    return {"type": "SCALAR", "componentType": kind, "required": True}, {"values": add(np.array(values, dtype=dtype))}


def _write_truths(values: Sequence[Any], add: Callable[[NDArray[Any]], int]) -> tuple[Json, Json]:
    """Bits, which cannot say that there is no value; where one is missing a list of three."""
    if None in values:
        three = np.array([_UNKNOWN if value is None else int(value) for value in values], dtype="i1")
        return {"type": "ENUM", "enumType": _TRUTH, "noData": "unknown"}, {"values": add(three)}
    bits = np.packbits(np.array(values, dtype=bool), bitorder="little")
    return {"type": "BOOLEAN", "required": True}, {"values": add(bits)}


_WRITERS: dict[Kind, Callable[[Sequence[Any], Callable[[NDArray[Any]], int]], tuple[Json, Json]]] = {
    "string": _write_strings,
    "number": _write_numbers,
    "integer": _write_integers,
    "identifier": _write_identifiers,
    "boolean": _write_truths,
}
