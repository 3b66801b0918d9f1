"""Which rows of a layer a query means, and in which order: the WHERE and ORDER BY of every reading of features."""

from __future__ import annotations

from typing import TYPE_CHECKING

import shapely
from psycopg import sql

from layers.area import area, inside
from layers.expression import compile_condition
from layers.statement import Values, all_of

if TYPE_CHECKING:
    from layers.catalog import Layer
    from layers.crs import Crs
    from layers.query import Box, Cursor, FeatureQuery, Filter, Period


def where(layer: Layer, chosen: Filter, storage: Crs, values: Values) -> list[sql.Composable]:
    """Conditions that all hold for the features of a filter. Raises: Invalid for an expression that means nothing."""
    conditions: list[sql.Composable] = []
    if chosen.box is not None:
        conditions += _within(layer, chosen.box, storage, values)
    if chosen.during is not None:
        conditions += _during(layer, chosen.during, values)
    for name, value in chosen.equals:
        kind = layer.property(name).sql_type
        conditions.append(sql.SQL("{} = {}").format(sql.Identifier(name), values.bind(value, kind)))
    if chosen.condition is not None:
        conditions.append(compile_condition(layer, chosen.condition, storage, values))
    return conditions


def matching(query: FeatureQuery, storage: Crs, values: Values) -> sql.Composable:
    """WHERE clause of all features that match, whatever the page."""
    return all_of(where(query.layer, query.filter, storage, values))


def on_page(query: FeatureQuery, storage: Crs, values: Values) -> sql.Composable:
    """WHERE clause of the features that match and lie beyond the cursor."""
    conditions = where(query.layer, query.filter, storage, values)
    if query.cursor is not None:
        conditions.append(_beyond(query, query.cursor, values))
    return all_of(conditions)


def order(query: FeatureQuery) -> sql.Composable:
    """ORDER BY in reading direction; rows without a value come last in the query's order.

    The names are the table's, lest they mean what a statement makes of its columns.
    """
    table = query.layer.name
    is_backward = query.cursor is not None and query.cursor.is_backward
    nulls = sql.SQL("nulls first" if is_backward else "nulls last")
    keys = [
        sql.SQL("{} {} {}").format(sql.Identifier(table, name), _direction(ascending=ascending != is_backward), nulls)
        for name, ascending in query.sort_by
    ]
    last = sql.SQL("{} {}").format(sql.Identifier(table, "id"), _direction(ascending=not is_backward))
    return sql.SQL("order by {}").format(sql.SQL(", ").join([*keys, last]))


def _direction(*, ascending: bool) -> sql.SQL:
    return sql.SQL("asc" if ascending else "desc")


def _beyond(query: FeatureQuery, cursor: Cursor, values: Values) -> sql.Composable:
    """Rows after the cursor's in the order of all keys, or before it: (a after x) or (a is x and (b after y …))."""
    condition: sql.Composable = sql.SQL("id {} {}").format(
        sql.SQL("<" if cursor.is_backward else ">"), values.bind(cursor.keys[-1], "bigint")
    )
    for (name, ascending), key in reversed([*zip(query.sort_by, cursor.keys[:-1], strict=True)]):
        column = sql.Identifier(name)
        bound = values.bind(key, query.layer.property(name).sql_type)
        beyond = _past(column, bound, ascending=ascending != cursor.is_backward)
        if key is None:
            beyond = sql.SQL("{} is not null").format(column) if cursor.is_backward else sql.SQL("false")
        elif not cursor.is_backward:
            beyond = sql.SQL("({} or {} is null)").format(beyond, column)
        condition = sql.SQL("({} or ({} is not distinct from {} and {}))").format(beyond, column, bound, condition)
    return condition


def _past(column: sql.Composable, bound: sql.Composable, *, ascending: bool) -> sql.Composable:
    return sql.SQL("{} {} {}").format(column, sql.SQL(">" if ascending else "<"), bound)


def _during(layer: Layer, period: Period, values: Values) -> list[sql.Composable]:
    """A feature without a date on a side is open on it (OGC 17-069r4, 7.15.4); a date lasts its whole day (UTC)."""
    if layer.interval is None:
        return []
    conditions: list[sql.Composable] = []
    for name, bound, holds in (
        (layer.interval[0], period.end, "({0} is null or {0} <= {1})"),
        (layer.interval[1], period.start, "({0} is null or {0} >= {1})"),
    ):
        if bound is not None:
            conditions.append(
                sql.SQL(holds).format(sql.Identifier(name), values.bind(bound.date().isoformat(), "date"))
            )
    return conditions


def _placed(shape: shapely.Geometry, storage: Crs, values: Values) -> sql.Composable:
    return sql.SQL("st_setsrid({}, {})").format(
        values.bind(shapely.to_wkb(shape), "geometry"), sql.Literal(storage.srid)
    )


def _within(layer: Layer, box: Box, storage: Crs, values: Values) -> list[sql.Composable]:
    whole = area(box, storage)
    plan = _placed(whole, storage, values)
    conditions: list[sql.Composable] = [sql.SQL("st_intersects(geom, {})").format(plan)]
    if (sure := inside(whole)) is not None:
        # Most of what the index finds lies well inside: only what is near the edges has to be looked at closely.
        # No OR, or each of its sides searches the index for itself.
        text = sql.SQL("geom && {plan} and case when geom @ {sure} then true else st_intersects(geom, {plan}) end")
        conditions = [text.format(plan=plan, sure=_placed(sure, storage, values))]
    if box.z is not None:
        # A feature without z may be at any height, so no box of heights excludes it.
        low, high = (values.bind(bound, "double precision") for bound in box.z)
        conditions.append(
            sql.SQL("coalesce(st_zmin({g}) <= {high} and st_zmax({g}) >= {low} or st_zmflag({g}) = 0, true)").format(
                g=sql.SQL(layer.geometry_sql), low=low, high=high
            )
        )
    return conditions
