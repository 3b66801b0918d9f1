"""Utilities that planned digs may meet: for one dig or for many at once, no more columns than a check reads."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Any, NamedTuple

import shapely
from psycopg import sql
from psycopg.rows import dict_row

from layers.database import storage_srid
from layers.reach import reaches

if TYPE_CHECKING:
    from collections.abc import Sequence

    from layers.catalog import Layer
    from layers.database import Connection

_COMMON = (
    "id", "discipline", "owner", "operator", "owner_ref", "subtype", "status", "material", "quality_level",
    "horizontal_accuracy_m", "vertical_accuracy_m", "schematic", "disclosure", "vertical_reference", "vertical_reason",
    "section_shape", "outer_width_m", "surveyed_on", "reach_m", "source_layer", "source_row",
)  # fmt: skip
_OWN = {
    "utility_lines": ("medium", "voltage_v", "pressure_bar", "ducts", "inner_width_m", "outer_height_m"),
    "utility_nodes": ("kind", "outer_length_m", "bottom_m", "cover_m", "ground_m"),
}
_AXES = {"utility_lines": "st_asbinary(f.axis)", "utility_nodes": "null::bytea"}

_JOIN = """
with asked as materialized (
  select n, st_setsrid(wkb::geometry, {srid}) as area, margin_m
  from unnest(%s::bytea[], %s::double precision[]) with ordinality as asked(wkb, margin_m, n)
)
select (a.n - 1)::integer as asked, {columns}, st_asbinary(f.geom) as geom, {axis} as axis, s.path as source_path
from asked a
join {table} f on {near}
left join source_files s on s.id = f.source_file_id
order by a.n, f.id
"""
# With one area as a literal the planner knows how much it will find, and there is nothing to sort by it.
_ONE = """
select {columns}, st_asbinary(f.geom) as geom, {axis} as axis, s.path as source_path
from {table} f left join source_files s on s.id = f.source_file_id where {near} order by f.id
"""


class Area(NamedTuple):
    """What is dug in plan, in storage CRS, and how far around it a utility counts."""

    shape: shapely.Geometry
    margin_m: float


def find_near(connection: Connection, layer: Layer, polygon: shapely.Geometry, margin_m: float) -> list[dict[str, Any]]:
    """Rows of a utility layer that may reach within `margin_m` of an area in storage CRS.

    Each row's own reach (half its section, its stated accuracy) is added by the index expression.
    `geom` and `axis` come as WKB; the source file's path is joined in.
    """
    values = {"wkb": shapely.to_wkb(polygon, output_dimension=2), "margin_m": margin_m}
    with connection.cursor(row_factory=dict_row) as cursor:
        return cursor.execute(_write(_ONE, layer.name, storage_srid(connection)), values, binary=True).fetchall()


def find_near_each(connection: Connection, layer: Layer, areas: Sequence[Area]) -> list[list[dict[str, Any]]]:
    """As `find_near`, for many areas in one query: a list of rows each, in their order."""
    found: list[list[dict[str, Any]]] = [[] for _ in areas]
    wkb = [shapely.to_wkb(area.shape, output_dimension=2) for area in areas]
    values = (wkb, [area.margin_m for area in areas])
    with connection.cursor(row_factory=dict_row) as cursor:
        for row in cursor.execute(_write(_JOIN, layer.name, storage_srid(connection)), values, binary=True):
            found[row["asked"]].append(row)
    return found


@lru_cache(maxsize=16)
def _write(template: str, layer: str, srid: int) -> bytes:
    area: sql.Composable = sql.SQL("a.area")
    margin_m: sql.Composable = sql.SQL("a.margin_m")
    if template == _ONE:
        area = sql.SQL("st_setsrid(%(wkb)s::geometry, {srid})").format(srid=sql.Literal(srid))
        margin_m = sql.Placeholder("margin_m")
    statement = sql.SQL(template).format(
        columns=sql.SQL(", ").join(sql.Identifier("f", name) for name in (*_COMMON, *_OWN[layer])),
        axis=sql.SQL(_AXES[layer]),
        table=sql.Identifier(layer),
        srid=sql.Literal(srid),
        near=reaches("f", area, margin_m),
    )
    return statement.as_bytes()
