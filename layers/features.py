"""Features out of PostGIS: a page, one, and those near a polygon. PostgreSQL writes the GeoJSON."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import psycopg
import shapely
from psycopg import sql
from psycopg.rows import dict_row

from layers.crs import WGS84, area_of_use, parse_crs, transform_geometries
from layers.database import storage_srid
from layers.errors import Invalid, NotFound, Unavailable

if TYPE_CHECKING:
    from collections.abc import Sequence

    from layers.catalog import Layer
    from layers.crs import Crs
    from layers.database import Connection
    from layers.query import Box, FeatureQuery


@dataclass(frozen=True, slots=True)
class Page:
    """GeoJSON features joined by commas, how many they are, and how many match in all."""

    features: str
    returned: int
    matched: int


def read_page(connection: Connection, query: FeatureQuery) -> Page:
    """Features of a query as GeoJSON text in the query's CRS, x before y. Raises: Invalid."""
    srid = storage_srid(connection)
    where, parameters = _where(query, srid)
    statement = sql.SQL(
        "select coalesce(string_agg(feature, ','), ''), count(*) from"
        " (select {feature} as feature from {table} {where} {order} limit %s offset %s) page"
    ).format(
        feature=_feature(query.layer, query.crs, query.properties, with_geometry=not query.skip_geometry),
        table=sql.Identifier(query.layer.name),
        where=where,
        order=_order(query.sort_by),
    )
    try:
        row = connection.execute(statement, [*parameters, query.limit, query.offset]).fetchone()
        matched = _count(connection, query, where, parameters)
    except psycopg.errors.DataError as error:
        raise Invalid("a value of the query does not fit its property: see the layer's queryables") from error
    except psycopg.errors.InternalError_ as error:
        raise Unavailable(f"layer '{query.layer.name}' holds a position that {query.crs.code} cannot show") from error
    features, returned = row or ("", 0)
    return Page(features, returned, matched)


def read_feature(connection: Connection, layer: Layer, feature_id: str, crs: Crs) -> str:
    """One feature as GeoJSON text. Raises: NotFound."""
    statement = sql.SQL("select {feature} from {table} where id = %s").format(
        feature=_feature(layer, crs, None, with_geometry=True), table=sql.Identifier(layer.name)
    )
    is_id = feature_id.isascii() and feature_id.isdigit() and len(feature_id) < 19
    row = connection.execute(statement, [int(feature_id)]).fetchone() if is_id else None
    if row is None:
        raise NotFound(f"layer '{layer.name}' has no feature '{feature_id}'")
    return str(row[0])


def count_features(connection: Connection, layer: Layer) -> int:
    """Exact number of features of a layer, kept by its triggers."""
    row = connection.execute("select features from visible_layer_states where layer = %s", [layer.name]).fetchone()
    return 0 if row is None else int(row[0])


def find_near(connection: Connection, layer: Layer, polygon: shapely.Polygon, margin_m: float) -> list[dict[str, Any]]:
    """Rows of a utility layer that may reach within `margin_m` of a polygon in storage CRS.

    Each row's own reach (half its section, its stated accuracy) is added by the index expression.
    `geom` and `axis` come as WKB; the source file's path is joined in.
    """
    srid = storage_srid(connection)
    axis = sql.SQL("st_asbinary(f.axis)") if layer.name == "utility_lines" else sql.SQL("null::bytea")
    statement = sql.SQL(
        "select f.*, st_asbinary(f.geom) as geom, {axis} as axis, s.path as source_path"
        " from {table} f left join source_files s on s.id = f.source_file_id"
        " where st_expand(f.geom, f.reach_m) && st_expand(st_setsrid(%s::geometry, {srid}), %s)"
        " and st_dwithin(f.geom, st_setsrid(%s::geometry, {srid}), %s + f.reach_m)"
        " order by f.id"
    ).format(axis=axis, table=sql.Identifier(layer.name), srid=sql.Literal(srid))
    wkb = shapely.to_wkb(polygon, output_dimension=2)
    with connection.cursor(row_factory=dict_row) as cursor:
        return cursor.execute(statement, [wkb, margin_m, wkb, margin_m]).fetchall()


def _feature(layer: Layer, crs: Crs, properties: Sequence[str] | None, *, with_geometry: bool) -> sql.Composable:
    names = [p.name for p in layer.properties if properties is None or p.name in properties]
    columns = sql.SQL(", ").join(map(sql.Identifier, names))
    attributes = sql.SQL("(select row_to_json(p) from (select {}) p)").format(columns) if names else sql.SQL("'{{}}'")
    geometry = (
        sql.SQL("coalesce(st_asgeojson(st_transform({}, {}), {}, 0), 'null')").format(
            sql.SQL(layer.geometry_sql),
            sql.Literal(crs.srid),
            sql.Literal(9 if crs.is_geographic else 4),
        )
        if with_geometry
        else sql.SQL("'null'")
    )
    return sql.SQL(
        """'{{"type":"Feature","id":' || id || ',"geometry":' || {} || ',"properties":' || {} || '}}'"""
    ).format(geometry, attributes)


def _order(sort_by: Sequence[tuple[str, bool]]) -> sql.Composable:
    keys = [
        sql.SQL("{} {} nulls last").format(sql.Identifier(name), sql.SQL("asc" if ascending else "desc"))
        for name, ascending in sort_by
    ]
    return sql.SQL("order by ") + sql.SQL(", ").join([*keys, sql.SQL("id")])


def _where(query: FeatureQuery, srid: int) -> tuple[sql.Composable, list[Any]]:
    conditions: list[sql.Composable] = []
    parameters: list[Any] = []
    if query.box is not None:
        area = shapely.to_wkb(_area(query.box, parse_crs(f"EPSG:{srid}")))
        conditions.append(sql.SQL("st_intersects(geom, st_setsrid(%s::geometry, {}))").format(sql.Literal(srid)))
        parameters.append(area)
        if query.box.z is not None:
            # A feature without z may be at any height, so no box of heights excludes it.
            conditions.append(
                sql.SQL("coalesce(st_zmin({g}) <= %s and st_zmax({g}) >= %s or st_zmflag({g}) = 0, true)").format(
                    g=sql.SQL(query.layer.geometry_sql)
                )
            )
            parameters += [query.box.z[1], query.box.z[0]]
    for name, value in query.equals:
        conditions.append(sql.SQL("{}::text = %s").format(sql.Identifier(name)))
        parameters.append(value)
    if not conditions:
        return sql.SQL(""), parameters
    return sql.SQL("where ") + sql.SQL(" and ").join(conditions), parameters


def _area(box: Box, storage: Crs) -> shapely.Geometry:
    """The box in storage CRS, cut to where the storage CRS is usable: a map of the world has no picture there."""
    wgs84 = parse_crs(WGS84)
    parts = [(box.west, box.east)] if box.west <= box.east else [(box.west, 180.0), (-180.0, box.east)]
    corners = [shapely.MultiPoint([(west, box.south), (east, box.north)]).envelope for west, east in parts]
    pieces = np.array([_densified(piece) for piece in corners], dtype=object)
    west, south, east, north = area_of_use(storage)
    usable = shapely.box(west - 3, max(south - 3, -89), east + 3, min(north + 3, 89))
    if box.crs == storage:
        return shapely.union_all(pieces)
    on_earth = shapely.union_all(transform_geometries(pieces, box.crs, wgs84))
    return transform_geometries(np.array([shapely.intersection(on_earth, usable)], dtype=object), wgs84, storage)[0]


def _densified(piece: shapely.Geometry) -> shapely.Geometry:
    """Edges in steps, for a straight edge of one CRS is a curve of another."""
    return shapely.segmentize(piece, max(piece.length / 128, 1e-9))


def _count(connection: Connection, query: FeatureQuery, where: sql.Composable, parameters: Sequence[Any]) -> int:
    """Features that match: kept ready for the whole layer, counted under a filter."""
    if query.is_filtered:
        statement = sql.SQL("select count(*) from {} {}").format(sql.Identifier(query.layer.name), where)
        row = connection.execute(statement, parameters).fetchone()
        return 0 if row is None else int(row[0])
    return count_features(connection, query.layer)
