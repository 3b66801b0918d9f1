"""The text of features as most people ask for it, to be kept outside of the database.

A row and the transaction that wrote it stand for one text: whoever keeps texts by both keeps nothing that is stale,
and knows what is missing. It must be made of the row alone.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import numpy as np
import psycopg
from psycopg import sql

from layers.crs import WGS84, parse_crs
from layers.database import storage_srid
from layers.features import Page, fetch_row, to_page
from layers.geojson import feature_text
from layers.query import FeatureQuery, Shape
from layers.selection import on_page, order
from layers.statement import Statement, Values

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from layers.catalog import Layer
    from layers.crs import Crs
    from layers.database import AsyncConnection, Connection

# What is longer is not kept: a batch fits into memory, and a page of such features is slow for other reasons.
LONGEST_BYTES = 64 * 1024

_PLACE = np.dtype([("id", ">i8"), ("mark", ">u4")])
_ENTRY = np.dtype([*_PLACE.descr, ("length", ">u4")])
# Transactions are numbered anew in a database that was put back to an earlier state, which nobody does while it runs.
_STARTED = sql.SQL("(extract(epoch from pg_postmaster_start_time()) * 1000000)::bigint")


@dataclass(frozen=True, slots=True, eq=False)
class Rows:
    """Rows of a layer, n of each: `ids`, and `marks` of the transactions that wrote them."""

    ids: NDArray[np.int64]
    marks: NDArray[np.uint32]

    def __len__(self) -> int:
        return len(self.ids)


@dataclass(frozen=True, slots=True, eq=False)
class Texts:
    """Features one after the other, each with a comma behind it: `lengths` (n,) in bytes, 0 for what is not kept."""

    rows: Rows
    lengths: NDArray[np.uint32]
    content: bytes


@dataclass(frozen=True, slots=True, eq=False)
class Listing:
    """The rows of a page, one more than its limit where there is one; `started` is when the database did, in µs."""

    version: int
    total: int
    started: int
    rows: Rows


def transcribes(query: FeatureQuery) -> bool:
    """Whether a query wants features written as they are kept, in the order of their identifiers."""
    plain = _plain(query.layer)
    is_plain = replace(query, filter=plain.filter, limit=plain.limit, offset=0, cursor=None) == plain
    return is_plain and bool(query.limit)


def _plain(layer: Layer) -> FeatureQuery:
    return FeatureQuery(layer, Shape(parse_crs(WGS84)))


@lru_cache(maxsize=256)
def writing_mark(layer: Layer) -> str:
    """Another one whenever the same row is written otherwise: in another release, or with other properties."""
    return hashlib.sha256(feature_text(_plain(layer)).as_bytes()).hexdigest()


def listing_statement(query: FeatureQuery, storage: Crs) -> Statement:
    """The statement that `fetch_listing` runs. Raises: Invalid for a filter that means nothing."""
    values = Values()
    text = sql.SQL(
        "select s.version, s.features, {started}, p.* from visible_layer_states s,"
        " (select string_agg(int8send(id) || xidsend(mark), '') from (select id, xmin as mark from {table} {where}"
        " {order} limit {limit} + 1 offset {offset}) r) p where s.layer = {layer}"
    ).format(
        started=_STARTED,
        table=sql.Identifier(query.layer.name),
        where=on_page(query, storage, values),
        order=order(query),
        limit=sql.Literal(query.limit),
        offset=values.bind(str(query.offset), "bigint") if query.offset else sql.SQL("0"),
        layer=sql.Literal(query.layer.name),
    )
    return values.finish(text, is_prepared=query.filter.is_open)


async def fetch_listing(connection: AsyncConnection, query: FeatureQuery, statement: Statement) -> Listing:
    """The rows of a page, whose `listing_statement` is at hand. Raises: Invalid, NotFound."""
    version, total, started, places = await fetch_row(connection, query, statement)
    return Listing(version, total, started, _to_rows(np.frombuffer(places or b"", _PLACE)))


def shown(listing: Listing, query: FeatureQuery) -> Rows:
    """The rows that stand on a page, in the order in which they are read there."""
    rows = Rows(listing.rows.ids[: query.limit], listing.rows.marks[: query.limit])
    is_backward = query.cursor is not None and query.cursor.is_backward
    return Rows(rows.ids[::-1], rows.marks[::-1]) if is_backward else rows


def listed_page(listing: Listing, query: FeatureQuery, features: bytes) -> Page:
    """The page of a listing, with the text of what is `shown`."""
    ids, limit = listing.rows.ids, query.limit or 0
    first, last = (b"%d" % ids[n] if n < len(ids) else None for n in (0, limit - 1))
    return to_page((listing.version, listing.total, features, len(ids), first, last), query)


def started_at(connection: Connection) -> int:
    """When the database was started, in microseconds."""
    return int(_one(connection, sql.SQL("select {}").format(_STARTED)))


def read_definition(connection: Connection, layer: Layer) -> str:
    """What else a text depends on, beside the row and the way it is written: columns and reference systems."""
    text = sql.SQL(
        "select concat((select string_agg(concat_ws(' ', attnum, attname, atttypid, atttypmod), ',' order by attnum)"
        " from pg_attribute where attrelid = {table}::regclass and attnum > 0 and not attisdropped),"
        " (select string_agg(concat_ws(' ', srid, srtext, proj4text), ',' order by srid) from spatial_ref_sys"
        " where srid in ({storage}, 4326)), postgis_lib_version(), postgis_proj_version())"
    ).format(table=sql.Literal(f'"{layer.name}"'), storage=sql.Literal(storage_srid(connection)))
    return hashlib.sha256(_one(connection, text).encode()).hexdigest()


def read_rows(connection: Connection, layer: Layer) -> Rows:
    """All rows of a layer, by identifier."""
    text = sql.SQL("select string_agg(int8send(id) || xidsend(xmin), '') from {}").format(sql.Identifier(layer.name))
    places = np.frombuffer(_one(connection, text) or b"", _PLACE)
    return _to_rows(places[np.argsort(places["id"])])


def write_texts(connection: Connection, layer: Layer, ids: NDArray[np.int64]) -> Texts:
    """Rows of a layer and their text as they are at this moment, by identifier; rows that are gone are not there."""
    text = sql.SQL(
        "select string_agg(int8send(id) || xidsend(mark) || int4send(coalesce(octet_length(kept), 0)), ''),"
        " string_agg(kept, '') from (select id, mark, case when octet_length(text) <= {longest} then text end as kept"
        " from (select id, xmin as mark, {feature} || ',' as text from {table} where id = any(%s) order by id) w) k"
    ).format(
        longest=sql.Literal(LONGEST_BYTES),
        feature=_escaped(feature_text(_plain(layer))),
        table=sql.Identifier(layer.name),
    )
    try:
        with connection.transaction():
            entries, content = connection.execute(text, (ids.tolist(),)).fetchone() or (None, None)
    except psycopg.errors.InternalError_:
        # A position among them cannot be shown: whoever asks for it is told so.
        return _unwritten(connection, layer, ids)
    found = np.frombuffer(entries or b"", _ENTRY)
    return Texts(_to_rows(found), found["length"].astype(np.uint32), (content or "").encode())


def _unwritten(connection: Connection, layer: Layer, ids: NDArray[np.int64]) -> Texts:
    text = sql.SQL(
        "select string_agg(int8send(id) || xidsend(mark), '')"
        " from (select id, xmin as mark from {} where id = any(%s) order by id) r"
    ).format(sql.Identifier(layer.name))
    rows = _to_rows(np.frombuffer(_one(connection, text, ids.tolist()) or b"", _PLACE))
    return Texts(rows, np.zeros(len(rows), np.uint32), b"")


def _to_rows(places: NDArray[Any]) -> Rows:
    return Rows(places["id"].astype(np.int64), places["mark"].astype(np.uint32))


def _escaped(text: sql.Composable) -> sql.SQL:
    """SQL for a statement with %s: a name may hold a percent sign."""
    return sql.SQL(text.as_string().replace("%", "%%"))


def _one(connection: Connection, text: sql.Composed, *values: object) -> Any:
    row = connection.execute(text, values or None).fetchone()
    return None if row is None else row[0]
