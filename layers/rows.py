"""Rows in PostgreSQL's binary COPY format, written column by column."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import orjson
import pgpq
import pyarrow as pa
import shapely
from geoalchemy2 import Geometry
from sqlalchemy import BigInteger, Boolean, Date, Double, Integer, SmallInteger, Text

from layers.base import SCHEMA, Base
from layers.columns import Column
from layers.custom import HEIGHTS, Kind
from layers.errors import Invalid
from layers.linestrings import LineStrings

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from layers.custom import Draft

_SOLID = "solid"
# The first that a column is an instance of: SQLAlchemy's whole numbers are each other's subclasses.
_TYPES = (
    (BigInteger, pa.int64()),
    (SmallInteger, pa.int16()),
    (Integer, pa.int32()),
    (Double, pa.float64()),
    (Boolean, pa.bool_()),
    (Date, pa.date32()),
    (Text, pa.string()),
    (Geometry, pa.binary()),
)
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


@dataclass(frozen=True, slots=True)
class Rows:
    """`count` rows of a table in the binary COPY format, in pieces; `names` are their columns."""

    table: str
    names: tuple[str, ...]
    count: int
    content: tuple[bytes, ...]


@dataclass(frozen=True, slots=True)
class Records:
    """Records of a layer as delivered: `rows` are their numbers, `content` is JSON, field -> their values in order."""

    layer: str
    rows: NDArray[np.int64]
    content: bytes


def encode_rows(table: str, columns: Mapping[str, Column[Any] | NDArray[Any] | LineStrings], srid: int) -> Rows:
    """Rows of a table from columns of n values; geometries are shapely's, in the storage CRS, whose SRID they get.

    Numbers that are NaN are NULL; a column of NULLs alone is left out where the table puts NULL there anyway.
    Raises: Invalid for a value that does not fit its column.
    """
    kinds = Base.metadata.tables[f"{SCHEMA}.{table}"].columns
    arrays = {}
    for name, values in columns.items():
        kind = next(arrow for sql, arrow in _TYPES if isinstance(kinds[name].type, sql))
        array = _fit(f"{table}.{name}", values, kind, srid)
        if array.null_count < len(array) or not kinds[name].nullable or kinds[name].server_default is not None:
            arrays[name] = array
    return _encode(table, arrays)


def encode_custom(table: str, draft: Draft, columns: Mapping[str, Column[Any] | NDArray[Any]], srid: int) -> Rows:
    """Rows of a layer that the city adds; moments know their zone, lists and objects are those of PostgreSQL's JSONB.

    Raises: Invalid.
    """
    kinds = {field.name: _CUSTOM_TYPES[field.kind] for field in draft.fields} | _PLACES
    return _encode(table, {name: _fit(f"{table}.{name}", v, kinds[name], srid) for name, v in columns.items()})


def _fit(name: str, values: Column[Any] | NDArray[Any] | LineStrings, kind: pa.DataType, srid: int) -> pa.Array:
    """Raises: Invalid."""
    try:
        return _to_arrow(name, values, kind, srid)
    except (pa.ArrowInvalid, pa.ArrowTypeError, OverflowError, UnicodeEncodeError) as error:
        raise Invalid(f"{name}: a value does not fit the column: {error}") from error


def _encode(table: str, arrays: Mapping[str, pa.Array]) -> Rows:
    batch = pa.record_batch(arrays)
    encoder = pgpq.ArrowToPostgresBinaryEncoder(batch.schema)
    content = (encoder.write_header(), encoder.write_batch(batch), encoder.finish())
    return Rows(table, tuple(arrays), batch.num_rows, content)


def _to_arrow(name: str, values: Column[Any] | NDArray[Any] | LineStrings, kind: pa.DataType, srid: int) -> pa.Array:
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
    return Column([value if type(value) is str else plain(value) for value in column.distinct], column.codes)


def plain(value: Any) -> Any:
    """A value as JSON can hold it; what it has no word for becomes text."""
    if value is None or isinstance(value, bool | str):
        return value
    if isinstance(value, float):
        return value if np.isfinite(value) else str(value)
    return value if isinstance(value, int) and abs(value) < 2**63 else str(value)
