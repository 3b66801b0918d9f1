"""How PostgreSQL writes a feature as GeoJSON (RFC 7946; OGC 18-058r1 for other reference systems)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from psycopg import sql

if TYPE_CHECKING:
    from layers.catalog import Layer
    from layers.query import FeatureQuery, Shape


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
    names = chosen_names(query)
    if not names:
        return sql.SQL("'{{}}'")
    columns = sql.SQL(", ").join(map(sql.Identifier, names))
    return sql.SQL("(select row_to_json(p) from (select {}) p)").format(columns)


def chosen_names(query: FeatureQuery) -> list[str]:
    """Names of the properties that a query wants, in the layer's order."""
    return [p.name for p in query.layer.properties if query.properties is None or p.name in query.properties]
