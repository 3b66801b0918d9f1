"""How PostgreSQL writes a feature as JSON-FG (OGC 21-045r1): its solid, its time, and its place in any system."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

from psycopg import sql

from layers.crs import WGS84, parse_crs
from layers.geojson import feature_text, geometry_text, placed, properties_text
from layers.query import FeatureQuery, Shape

if TYPE_CHECKING:
    from layers.catalog import Layer

_PLAIN = Shape(parse_crs(WGS84))


def written(query: FeatureQuery) -> sql.Composable:
    """Expression that gives a row's feature in the query's encoding."""
    return _written(query.layer, query.shape, query.properties, query.skip_geometry, query.is_jsonfg)


@lru_cache(maxsize=256)
def _written(
    layer: Layer,
    shape: Shape,
    properties: tuple[str, ...] | None,
    skip_geometry: bool,
    is_jsonfg: bool,
) -> sql.SQL:
    query = FeatureQuery(layer, shape, properties=properties, skip_geometry=skip_geometry, is_jsonfg=is_jsonfg)
    return sql.SQL((_jsonfg_text(query) if is_jsonfg else feature_text(query)).as_string())


def _jsonfg_text(query: FeatureQuery) -> sql.Composable:
    null = sql.SQL("'null'")
    return sql.SQL(
        '\'{{"type":"Feature","id":\' || id || \',"featureType":"{name}","time":\' || {time} ||'
        " ',\"place\":' || {place} || ',\"geometry\":' || {geometry} || ',\"properties\":' || {properties} || '}}'"
    ).format(
        name=sql.SQL(query.layer.name),
        time=_time(query.layer),
        place=null if query.skip_geometry else _place(query),
        geometry=null if query.skip_geometry else geometry_text(query.layer, _PLAIN),
        properties=properties_text(query),
    )


def _place(query: FeatureQuery) -> sql.Composable:
    """What GeoJSON cannot say: a solid, or a position in another system; null where `geometry` says it all."""
    layer, shape = query.layer, query.shape
    is_plain = shape.crs == _PLAIN.crs and not shape.is_yx and not shape.lift_m
    plain = sql.SQL("'null'") if is_plain else geometry_text(layer, shape)
    if not layer.has_solids:
        return plain
    faces = sql.SQL(
        "(select string_agg((st_asgeojson(d.geom, {}, 0)::json->'coordinates')::text, ',') from st_dump({}) d)"
    ).format(sql.Literal(shape.decimals), placed(sql.SQL("solid"), shape))
    return sql.SQL('coalesce(\'{{"type":"Polyhedron","coordinates":[[\' || {} || \']]}}\', {}, {})').format(
        faces, _prisms(shape), plain
    )


def _prisms(shape: Shape) -> sql.Composable:
    """A footprint between its ground and its height, where both are known."""
    base = sql.SQL("st_asgeojson(d.geom, {}, 0)").format(sql.Literal(shape.decimals))
    low, high = (
        sql.SQL("round((" + height + " + {})::numeric, 4)").format(sql.Literal(shape.lift_m))
        for height in ("ground_m", "ground_m + height_m")
    )
    prism = sql.SQL("""'{{"type":"Prism","base":' || {} || ',"lower":' || {} || ',"upper":' || {} || '}}'""").format(
        base, low, high
    )
    return sql.SQL(
        "(select case count(*) when 1 then min(p.prism) else"
        " '{{\"type\":\"MultiPrism\",\"prisms\":[' || string_agg(p.prism, ',') || ']}}' end"
        " from (select {} as prism from st_dump({}) d) p"
        " where ground_m is not null and height_m is not null having count(*) > 0)"
    ).format(prism, placed(sql.SQL("geom"), shape))


def _time(layer: Layer) -> sql.Composable:
    if layer.interval is None:
        return sql.SQL("'null'")
    start, end = map(sql.Identifier, layer.interval)
    if start == end:
        return sql.SQL("coalesce('{{\"date\":\"' || {}::text || '\"}}', 'null')").format(start)
    ends = [sql.SQL("coalesce({}::text, '..')").format(name) for name in (start, end)]
    return sql.SQL(
        "(case when {} is null and {} is null then 'null'"
        " else '{{\"interval\":[\"' || {} || '\",\"' || {} || '\"]}}' end)"
    ).format(start, end, *ends)
