"""How PostgreSQL writes a feature as GeoJSON (RFC 7946; OGC 18-058r1 for other reference systems)."""

from __future__ import annotations

import json
from itertools import batched
from typing import TYPE_CHECKING

from psycopg import sql

if TYPE_CHECKING:
    from layers.catalog import Layer, Property
    from layers.query import FeatureQuery, Shape

_TOGETHER = 8


def feature_text(query: FeatureQuery) -> sql.Composable:
    """Expression that gives a row's feature."""
    geometry = sql.SQL("'null'") if query.skip_geometry else geometry_text(query.layer, query.shape)
    return sql.SQL(
        """'{{"type":"Feature","id":' || id || ',"geometry":' || {} || ',"properties":' || {} || '}}'"""
    ).format(geometry, properties_text(query))


def geometry_text(layer: Layer, shape: Shape) -> sql.Composable:
    # Options 0, or PostGIS adds a `crs` member.
    return sql.SQL("coalesce(st_asgeojson({}, {}, 0), 'null')").format(
        placed(sql.SQL(layer.geometry_sql), shape), sql.Literal(shape.decimals)
    )


def placed(geometry: sql.Composable, shape: Shape) -> sql.Composable:
    """A geometry in the reference system of a shape, with its axes and heights."""
    moved = sql.SQL("st_transform({}, {})").format(geometry, sql.Literal(shape.crs.srid))
    if shape.lift_m:
        moved = sql.SQL("st_translate({}, 0, 0, {})").format(moved, sql.Literal(shape.lift_m))
    return sql.SQL("st_flipcoordinates({})").format(moved) if shape.is_yx else moved


def properties_text(query: FeatureQuery) -> sql.Composable:
    """Expression that gives a row's properties: what row_to_json writes, in two thirds of its time."""
    chosen = [p for p in query.layer.properties if query.properties is None or p.name in query.properties]
    if not chosen:
        return sql.SQL("'{{}}'")
    members = [*(_member(p, "," if n else "{") for n, p in enumerate(chosen)), sql.Literal("}")]
    # In groups: a text that grows by one piece at a time is copied as often as it has pieces.
    return sql.SQL(" || ").join(
        sql.SQL("({})").format(sql.SQL(" || ").join(group)) for group in batched(members, _TOGETHER, strict=False)
    )


def _member(chosen: Property, before: str) -> sql.Composable:
    """A value stands as it is where the rules of its table leave nothing in it to be escaped."""
    name, column = f"{before}{json.dumps(chosen.name, ensure_ascii=False)}:", sql.Identifier(chosen.name)
    if chosen.values:
        written = sql.SQL("""{} || {} || '"'""").format(sql.Literal(f'{name}"'), column)
    elif chosen.type in ("integer", "boolean") or chosen.range is not None:
        written = sql.SQL("{} || {}").format(sql.Literal(name), column)
    else:
        written = sql.SQL("{} || to_json({})").format(sql.Literal(name), column)
    return sql.SQL("case when {} is null then {} else {} end").format(column, sql.Literal(f"{name}null"), written)


def chosen_names(query: FeatureQuery) -> list[str]:
    """Names of the properties that a query wants, in the layer's order."""
    return [p.name for p in query.layer.properties if query.properties is None or p.name in query.properties]
