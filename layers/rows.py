"""Rows in PostgreSQL's binary COPY format, written column by column."""

from __future__ import annotations

from dataclasses import dataclass, field
from types import NoneType
from typing import TYPE_CHECKING, Any

import numpy as np
import orjson
import pyarrow as pa
import shapely

from layers.columns import Column, number
from layers.copy_format import encode
from layers.custom import HEIGHTS, Kind
from layers.errors import Invalid
from layers.layout import read_layouts
from layers.linestrings import LineStrings

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from numpy.typing import NDArray

    from layers.custom import Draft

_SOLID = "solid"
_TYPES = {
    "bigint": pa.int64(),
    "smallint": pa.int16(),
    "integer": pa.int32(),
    "double": pa.float64(),
    "boolean": pa.bool_(),
    "date": pa.date32(),
    "text": pa.string(),
    "geometry": pa.binary(),
}
# JSONB begins with the number of its version, so its values are bytes here.
_CUSTOM_TYPES = {
    Kind.BOOLEAN: pa.bool_(),
    Kind.INTEGER: pa.int64(),
    Kind.REAL: pa.float64(),
    Kind.DATE: pa.date32(),
    Kind.MOMENT: pa.timestamp("us", tz="UTC"),
    Kind.ARRAY: pa.binary(),
    Kind.OBJECT: pa.binary(),
    Kind.TEXT: pa.string(),
}
_PLACES = {"geom": pa.binary(), HEIGHTS: pa.binary(), "source_layer": pa.string(), "source_row": pa.int32()}
JSONB_VERSION = b"\x01"
# Rows for which it pays to look for what they have in common, and how many must have it on average.
_MANY_ROWS, _FEW = 1000, 4

type Values = Column[Any] | NDArray[Any] | LineStrings


@dataclass(frozen=True, slots=True)
class Rows:
    """`count` rows of a table in the binary COPY format, in pieces; `names` are their columns.

    `common` holds the columns beside those of which all rows have the same value.
    """

    table: str
    names: tuple[str, ...]
    count: int
    content: tuple[bytes, ...]
    common: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Records:
    """Records of a layer as delivered: `rows` are their numbers, `content` is JSON, field -> their values in order."""

    layer: str
    rows: NDArray[np.int64]
    content: bytes


def encode_rows(table: str, columns: Mapping[str, Values], srid: int, *, apart: bool = False) -> Rows:
    """Rows of a table from columns of n values; geometries are shapely's, in the storage CRS, whose SRID they get.

    Numbers that are NaN are NULL; a column of NULLs alone is left out where the table puts NULL there anyway.
    apart: what all rows have in common is given once, as only a load that has the table for itself can take it.
    Raises: Invalid for a value that does not fit its column.
    """
    layout = read_layouts()[table].columns
    types = {name: _TYPES[layout[name].kind] for name in columns}
    optional = {name for name in columns if layout[name].is_nullable and not layout[name].has_default}
    return _encode(_Fitting(table, types, srid), columns, optional, apart=apart)


def encode_custom(table: str, draft: Draft, columns: Mapping[str, Column[Any] | NDArray[Any]], srid: int) -> Rows:
    """Rows of a layer that the city adds; moments know their zone, lists and objects are those of PostgreSQL's JSONB.

    Raises: Invalid.
    """
    kinds = {field.name: _CUSTOM_TYPES[field.kind] for field in draft.fields} | _PLACES
    return _encode(_Fitting(table, kinds, srid), columns)


@dataclass(frozen=True, slots=True)
class _Fitting:
    """The columns of a table as Arrow has them; `srid` is for its geometries."""

    table: str
    types: Mapping[str, pa.DataType]
    srid: int

    def fit(self, name: str, values: Values) -> pa.Array:
        """Raises: Invalid."""
        name_in_full = f"{self.table}.{name}"
        try:
            return _to_arrow(name_in_full, values, self.types[name], self.srid)
        except (pa.ArrowInvalid, pa.ArrowTypeError, OverflowError, UnicodeEncodeError) as error:
            raise Invalid(f"{name_in_full}: a value does not fit the column: {error}") from error


def _encode(
    fitting: _Fitting, columns: Mapping[str, Values], optional: Collection[str] = (), *, apart: bool = False
) -> Rows:
    """Raises: Invalid."""
    count = len(next(iter(columns.values())))
    shared, first, codes = _find_shared(columns, count)
    few = {name: fitting.fit(name, column.take(first)) for name, column in shared.items()}
    many = {name: fitting.fit(name, values) for name, values in columns.items() if name not in shared}
    few, many = (
        {name: a for name, a in arrays.items() if a.null_count < len(a) or name not in optional}
        for arrays in (few, many)
    )
    common = {name: a[0].as_py() for name, a in few.items() if len(a.unique()) == 1} if apart else {}
    few = {name: a for name, a in few.items() if name not in common}
    return Rows(fitting.table, (*many, *few), count, encode(many, few, codes), common)


def _find_shared(
    columns: Mapping[str, Values], count: int
) -> tuple[dict[str, Column[Any]], NDArray[np.int64], NDArray[np.int32]]:
    """Columns of which many rows have the same values; (k,) the first row with each set of them; (n,) which set."""
    shared: dict[str, Column[Any]] = {}
    first, key = np.zeros(1, dtype=np.int64), np.zeros(count, dtype=np.int64)
    seen: dict[int, bool] = {}
    found = {name: values for name, values in columns.items() if isinstance(values, Column)}
    if count < _MANY_ROWS or len(found) == len(columns):
        return {}, first, key.astype(np.int32)
    for name, column in found.items():
        if id(column.codes) not in seen:  # of columns that are made of one all repeat alike
            several = max(len(column.distinct), 1)
            firsts, keys = number(key * several + column.codes, len(first) * several)
            seen[id(column.codes)] = len(firsts) * _FEW <= count
            first, key = (firsts, keys) if seen[id(column.codes)] else (first, key)
        if seen[id(column.codes)]:
            shared[name] = column
    return shared, first, key.astype(np.int32)


def _to_arrow(name: str, values: Values, kind: pa.DataType, srid: int) -> pa.Array:
    if isinstance(values, LineStrings):
        return values.to_ewkb(srid)
    if isinstance(values, Column):
        return pa.array(values.distinct, kind).take(pa.array(values.codes))
    if pa.types.is_binary(kind):
        wkb = shapely.to_wkb(shapely.set_srid(values, srid), include_srid=True, byte_order=1)
        return pa.array(map(_as_polyhedral_surface, wkb) if name.endswith(f".{_SOLID}") else wkb, kind)
    return pa.array(values, kind, from_pandas=True)


def _as_polyhedral_surface(ewkb: bytes | None) -> bytes | None:
    """A MultiPolygon's EWKB under the type that PostGIS has for the shell of a solid; the faces are written alike."""
    return None if ewkb is None else b"".join((ewkb[:1], b"\x0f", ewkb[2:]))


def encode_records(layer: str, rows: NDArray[np.int64], columns: Mapping[str, Column[Any]]) -> Records:
    """Records of a layer, whose columns hold n values each, one a row."""
    content = {name: _plain_column(column).objects().tolist() for name, column in columns.items()}
    return Records(layer, rows, orjson.dumps(content))


def _plain_column(column: Column[Any]) -> Column[Any]:
    if set(map(type, column.distinct)) <= {str, NoneType}:
        return column
    return Column([plain(value) for value in column.distinct], column.codes)


def plain(value: Any) -> Any:
    """A value as JSON can hold it; what it has no word for becomes text."""
    if value is None or isinstance(value, bool | str):
        return value
    if isinstance(value, float):
        return value if np.isfinite(value) else str(value)
    return value if isinstance(value, int) and abs(value) < 2**63 else str(value)
