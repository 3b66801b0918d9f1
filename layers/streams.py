"""Features out of PostGIS without end: a cursor on the server, some hundred rows in memory, one moment for all."""

from __future__ import annotations

from contextlib import asynccontextmanager
from dataclasses import replace
from typing import TYPE_CHECKING, Any, NamedTuple

import psycopg
from psycopg import sql
from psycopg.types.string import TextLoader

from layers.features import explained, key_text
from layers.geojson import chosen_names, placed, properties_text
from layers.jsonfg import written
from layers.selection import on_page, order
from layers.statement import Statement, Values

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from layers.catalog import Property
    from layers.crs import Crs
    from layers.database import AsyncConnection
    from layers.query import FeatureQuery

_ROWS = 500


@asynccontextmanager
async def one_moment(connection: AsyncConnection) -> AsyncIterator[None]:
    """A transaction in which everything is read as it was when it began."""
    async with connection.transaction():
        await connection.execute(b"set transaction isolation level repeatable read")
        yield


def stream_statement(query: FeatureQuery, storage: Crs) -> Statement:
    """The statement whose rows are (feature, sort keys and id): one more than the limit where there is one."""
    columns = sql.SQL("{}, {}").format(written(query), key_text(query))
    return _statement(query, storage, columns, 1)


def text_statement(query: FeatureQuery, storage: Crs) -> Statement:
    """The statement whose rows are (id, properties …, geometry), all as text, the geometry as WKT if it is wanted."""
    columns = [sql.SQL("{}::text").format(name) for name in _columns(query)]
    if not query.skip_geometry:
        geometry = placed(sql.SQL(query.layer.geometry_sql), query.shape)
        columns.append(sql.SQL("st_astext({}, {})").format(geometry, sql.Literal(query.shape.decimals)))
    return _statement(query, storage, sql.SQL(", ").join(columns), 0)


def file_statement(query: FeatureQuery, storage: Crs, *, needs_heights: bool) -> Statement:
    """The statement whose rows are (id, properties …, geometry), the geometry as WKB if it is wanted.

    x stands before y: files say themselves which axis is which. With `needs_heights`, an unknown height is NaN, which
    nobody can take for a number.
    """
    columns: list[sql.Composable] = [*_columns(query)]
    if not query.skip_geometry:
        geometry = placed(sql.SQL(query.layer.geometry_sql), replace(query.shape, is_yx=False))
        if needs_heights:
            geometry = sql.SQL("st_force3dz({}, 'NaN')").format(geometry)
        columns.append(sql.SQL("st_asbinary({})").format(geometry))
    return _statement(query, storage, sql.SQL(", ").join(columns), 0)


class BodyRow(NamedTuple):
    """A feature in storage CRS: attributes as JSON text, shape and solid as WKB, what it knows of its heights."""

    id: int
    attributes: bytes
    shape: bytes | None
    solid: bytes | None
    ground_m: float | None
    height_m: float | None


def body_statement(query: FeatureQuery, storage: Crs) -> Statement:
    """The statement whose rows are those of `BodyRow`. A solid comes as a multipolygon of its faces."""
    layer = query.layer
    nothing = sql.SQL("null")
    shape = nothing if query.skip_geometry else sql.SQL(f"st_asbinary({layer.geometry_sql})")
    solid = nothing if query.skip_geometry or not layer.has_solids else sql.SQL(_FACES)
    heights = sql.SQL("ground_m, height_m" if layer.has_solids else "null::float8, null::float8")
    columns = [sql.Identifier("id"), sql.SQL("{}::text").format(properties_text(query)), shape, solid, heights]
    return _statement(query, storage, sql.SQL(", ").join(columns), 0)


_FACES = "(select st_asbinary(st_collect(d.geom)) from st_dump(solid) d)"


def _columns(query: FeatureQuery) -> list[sql.Identifier]:
    return [sql.Identifier(name) for name in ("id", *chosen_names(query))]


def chosen_properties(query: FeatureQuery) -> list[Property]:
    return [query.layer.property(name) for name in chosen_names(query)]


def _statement(query: FeatureQuery, storage: Crs, columns: sql.Composable, more: int) -> Statement:
    values = Values()
    where = on_page(query, storage, values)
    limit = sql.SQL("") if query.limit is None else sql.SQL("limit {}").format(sql.Literal(query.limit + more))
    offset = values.bind(str(query.offset), "bigint") if query.offset else sql.SQL("0")
    text = sql.SQL("select {} from {} {} {} {} offset {}").format(
        columns, sql.Identifier(query.layer.name), where, order(query), limit, offset
    )
    return values.finish(text)


async def stream_rows(
    connection: AsyncConnection, query: FeatureQuery, statement: Statement, *, as_bytes: bool
) -> AsyncIterator[list[tuple[Any, ...]]]:
    """Rows of a statement, some hundred at a time; text comes as bytes or as str. Raises: Invalid, Unavailable."""
    with explained(query):
        async with psycopg.AsyncRawServerCursor(connection, "stream") as cursor:
            if not as_bytes:
                cursor.adapters.register_loader("text", TextLoader)
            await cursor.execute(statement.text, statement.values)
            while rows := await cursor.fetchmany(_ROWS):
                yield rows
