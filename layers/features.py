"""Features out of PostGIS: a page, one, and those near a polygon. PostgreSQL writes the GeoJSON."""

from __future__ import annotations

import json
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import psycopg
from psycopg import sql

from layers.errors import Invalid, NotFound, Unavailable
from layers.jsonfg import written
from layers.query import Cursor
from layers.selection import matching, on_page, order
from layers.statement import Statement, Values

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from layers.catalog import Layer
    from layers.crs import Crs
    from layers.database import AsyncConnection, Connection
    from layers.query import FeatureQuery

_COUNT_PATIENCE_S = 2.0


@dataclass(frozen=True, slots=True)
class Page:
    """GeoJSON features joined by commas, and where the pages after and before them begin.

    `version` and `total` are the layer's, of the same moment.
    """

    features: bytes
    returned: int
    version: int
    total: int
    following: Cursor | None = None
    preceding: Cursor | None = None


@dataclass(frozen=True, slots=True)
class State:
    """Version of a layer, and how many features it holds."""

    version: int
    total: int


@dataclass(frozen=True, slots=True)
class Found:
    """One feature as GeoJSON, and a mark that changes whenever the feature does."""

    feature: bytes
    revision: str


def page_statement(query: FeatureQuery, storage: Crs) -> Statement:
    """The statement whose row `to_page` reads. Raises: Invalid for a filter that means nothing."""
    values = Values()
    limit = sql.Literal(query.limit or 0)
    rows = sql.SQL("select {what} from {table} {where} {order} limit {limit} + 1 offset {offset}").format(
        what=sql.SQL("*" if _is_plain(query) else "id"),
        table=sql.Identifier(query.layer.name),
        where=on_page(query, storage, values),
        order=order(query),
        limit=limit,
        offset=values.bind(str(query.offset), "bigint") if query.offset else sql.SQL("0"),
    )
    # No column of a city's own layer has a blank in its name.
    n = sql.Identifier("the place")
    numbered = sql.SQL("select row_number() over () as {}, r.* from ({}) r").format(n, rows)
    if not _is_plain(query):
        numbered = sql.SQL("select * from ({}) k join {} using (id) order by {}").format(
            numbered, sql.Identifier(query.layer.name), n
        )
    is_backward = query.cursor is not None and query.cursor.is_backward
    text = sql.SQL(
        "select s.version, s.features, p.* from visible_layer_states s, (select coalesce(string_agg(feature, ','), ''),"
        " count(*), max(keys) filter (where {n} = 1), max(keys) filter (where {n} = {limit}) from"
        " (select {n}, case when {n} <= {limit} then {feature} end as feature,"
        " case when {n} in (1, {limit}) then {keys} end as keys"
        " from ({numbered}) numbered{back}) page) p where s.layer = {layer}"
    ).format(
        n=n,
        limit=limit,
        feature=written(query),
        keys=key_text(query),
        numbered=numbered,
        back=sql.SQL(" order by {} desc").format(n) if is_backward else sql.SQL(""),
        layer=sql.Literal(query.layer.name),
    )
    return values.finish(text, is_prepared=query.filter.is_open)


def _is_plain(query: FeatureQuery) -> bool:
    """Whether the rows come in their order: what has to be looked for and sorted is so by its number alone."""
    return query.filter.is_open and not query.sort_by


def to_page(row: Sequence[Any], query: FeatureQuery) -> Page:
    """The page in a row of `page_statement`."""
    version, total, features, found, at_first, at_limit = row
    limit = query.limit or 0
    beyond = to_cursor(at_limit) if 0 < limit < found else None
    behind = to_cursor(at_first) if query.cursor is not None and limit and found else None
    page = Page(features, min(found, limit), version, total)
    if query.cursor is not None and query.cursor.is_backward:
        return Page(page.features, page.returned, version, total, behind, turned(beyond))
    return Page(page.features, page.returned, version, total, beyond, turned(behind))


def to_cursor(keys: bytes | None) -> Cursor | None:
    """The cursor behind a feature: of its identifier, or of its sort keys and that as a JSON array."""
    if keys is None:
        return None
    return Cursor((keys.decode(),)) if keys.isdigit() else Cursor(tuple(json.loads(keys)))


def key_text(query: FeatureQuery) -> sql.Composable:
    """Expression that gives what `to_cursor` reads of a row."""
    if not query.sort_by:
        return sql.SQL("id::text")
    keys = [sql.SQL("{}::text").format(sql.Identifier(name)) for name, _ in query.sort_by]
    return sql.SQL("json_build_array({})::text").format(sql.SQL(", ").join([*keys, sql.SQL("id::text")]))


def turned(cursor: Cursor | None) -> Cursor | None:
    return None if cursor is None else Cursor(cursor.keys, is_backward=True)


def count_statement(query: FeatureQuery, storage: Crs) -> Statement:
    """The statement that counts what matches. Raises: Invalid for a filter that means nothing."""
    values = Values()
    where = matching(query, storage, values)
    text = sql.SQL("select count(*) from {} {}").format(sql.Identifier(query.layer.name), where)
    return values.finish(text, is_prepared=False)


def feature_statement(query: FeatureQuery) -> Statement:
    """The statement whose row is one feature and its revision; $1 is the identifier, which is not bound yet."""
    text = sql.SQL("select {}, xmin::text from {} where id = $1::bigint").format(
        written(query), sql.Identifier(query.layer.name)
    )
    return Statement(text.as_bytes())


def parse_id(layer: Layer, feature_id: str) -> str:
    """The identifier, which is a number. Raises: NotFound for any other text."""
    if not (feature_id.isascii() and feature_id.isdigit() and len(feature_id) < 19):
        raise missing(layer, feature_id)
    return feature_id


def missing(layer: Layer, feature_id: str) -> NotFound:
    return NotFound(f"layer '{layer.name}' has no feature '{feature_id}'")


@contextmanager
def explained(query: FeatureQuery) -> Iterator[None]:
    """What PostgreSQL has against a query, in our words. Raises: Invalid, Unavailable."""
    try:
        yield
    except psycopg.errors.UndefinedTable as error:
        raise NotFound(f"there is no layer '{query.layer.name}' any more") from error
    except psycopg.errors.UndefinedColumn as error:
        raise Unavailable(f"layer '{query.layer.name}' has just been changed: try again in a moment") from error
    except psycopg.errors.DataError as error:
        raise Invalid("a value of the query does not fit its property: see the layer's queryables") from error
    except psycopg.errors.InternalError_ as error:
        raise Unavailable(
            f"layer '{query.layer.name}' holds a position that {query.shape.crs.code} cannot show"
        ) from error


_STATE = b"select version, features from visible_layer_states where layer = $1::text"
_PATIENCE = f"set local statement_timeout = {int(_COUNT_PATIENCE_S * 1000)}".encode()


async def fetch_page(connection: AsyncConnection, query: FeatureQuery, statement: Statement) -> Page:
    """Features of a query, whose `page_statement` is at hand. Raises: Invalid, NotFound."""
    return to_page(await fetch_row(connection, query, statement), query)


async def fetch_row(connection: AsyncConnection, query: FeatureQuery, statement: Statement) -> tuple[Any, ...]:
    """What a statement tells of a query's page, in its one row. Raises: Invalid, NotFound."""
    with explained(query):
        cursor = await connection.execute(statement.text, statement.values, prepare=statement.is_prepared)
        row = await cursor.fetchone()
    if row is None:
        raise NotFound(f"there is no layer '{query.layer.name}' for this audience")
    return row


async def fetch_feature(connection: AsyncConnection, query: FeatureQuery, statement: bytes, feature_id: str) -> Found:
    """One feature, by the `feature_statement` of a query. Raises: NotFound."""
    values = (parse_id(query.layer, feature_id),)
    with explained(query):
        row = await (await connection.execute(statement, values)).fetchone()
    if row is None:
        raise missing(query.layer, feature_id)
    return Found(row[0], row[1].decode())


async def fetch_state(connection: AsyncConnection, layer: Layer) -> State:
    """Version and size of a layer at this moment. Raises: NotFound where the audience may not know of it."""
    row = await (await connection.execute(_STATE, (layer.name,))).fetchone()
    if row is None:
        raise NotFound(f"there is no layer '{layer.name}' for this audience")
    return State(*row)


async def fetch_count(connection: AsyncConnection, query: FeatureQuery, storage: Crs) -> int | None:
    """Exact number of features that match, None where counting them takes too long."""
    statement = count_statement(query, storage)
    try:
        with explained(query):
            async with connection.transaction():
                await connection.execute(_PATIENCE)
                cursor = await connection.execute(statement.text, statement.values, prepare=False)
                row = await cursor.fetchone()
    except psycopg.errors.QueryCanceled:
        return None
    return None if row is None else int(row[0])


def count_features(connection: Connection, layer: Layer) -> int:
    """Exact number of features of a layer, kept by its triggers."""
    row = connection.execute("select features from visible_layer_states where layer = %s", [layer.name]).fetchone()
    return 0 if row is None else int(row[0])
