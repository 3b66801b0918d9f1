"""Utilities that planned digs may meet: for one dig or for many at once, no more columns than a check reads."""

from __future__ import annotations

from functools import lru_cache
from operator import itemgetter
from typing import TYPE_CHECKING, NamedTuple

import shapely
from psycopg import sql
from psycopg.rows import args_row

from layers.database import storage_srid
from layers.reach import reaches

if TYPE_CHECKING:
    from datetime import date

    from psycopg.sql import Composable

    from layers.database import Connection


class Recorded(NamedTuple):
    """A row of a utility layer, with the path of its source file; None is not recorded, or is not of that layer.

    `geom` is the plan as WKB (little endian) of x, y, `axis` the centre line of x, y, z, in storage CRS. `side_m` is the
    outer height of a line and the outer length of a node, `ground_m` the ground that the record rests on.
    """

    layer: str
    id: int
    discipline: str
    owner: str | None
    operator: str | None
    owner_ref: str | None
    subtype: str | None
    kind: str | None
    medium: str | None
    status: str
    material: str | None
    quality_level: str | None
    horizontal_accuracy_m: float | None
    vertical_accuracy_m: float | None
    schematic: bool
    disclosure: str
    surveyed_on: date | None
    vertical_reference: str
    vertical_reason: str | None
    section_shape: str
    outer_width_m: float | None
    side_m: float | None
    inner_width_m: float | None
    voltage_v: float | None
    pressure_bar: float | None
    ducts: int | None
    reach_m: float
    bottom_m: float | None
    cover_m: float | None
    ground_m: float | None
    parent_id: int | None
    geom: bytes
    axis: bytes | None
    source_layer: str | None
    source_row: int | None
    source_path: str | None


_BY_NUMBER = itemgetter(0, 1)
# What is not a column of that name.
_WRITTEN = {
    "utility_lines": {
        "kind": "null::text",
        "side_m": "f.outer_height_m",
        "bottom_m": "null::float8",
        "cover_m": "null::float8",
        "geom": "st_asbinary(f.geom, 'NDR')",
        "axis": "st_asbinary(f.axis, 'NDR')",
        "source_path": "s.path",
    },
    "utility_nodes": {
        "medium": "null::text",
        "side_m": "f.outer_length_m",
        "inner_width_m": "null::float8",
        "voltage_v": "null::float8",
        "pressure_bar": "null::float8",
        "ducts": "null::integer",
        "parent_id": "null::bigint",
        "geom": "st_asbinary(f.geom, 'NDR')",
        "axis": "null::bytea",
        "source_path": "s.path",
    },
}
# An area that is no literal leaves the planner nothing to plan anew.
_NEAR = """
with asked as materialized (
  select st_setsrid(%(wkb)s::geometry, {srid}) as area, %(margin_m)s::float8 as margin_m
) {found}
"""
_FOUND = """
select {columns} from asked a join {table} f on {near} left join source_files s on s.id = f.source_file_id
"""


class Area(NamedTuple):
    """What is dug in plan, in storage CRS, and how far around it a utility counts."""

    shape: shapely.Geometry
    margin_m: float


def find_near(connection: Connection, area: Area) -> list[Recorded]:
    """What may reach within the margin of an area, by layer and number.

    Each row's own reach (half its section, its stated accuracy) is added by the index expression.
    """
    values = {"wkb": shapely.to_wkb(area.shape, output_dimension=2), "margin_m": area.margin_m}
    with connection.cursor(row_factory=args_row(Recorded), binary=True) as cursor:
        found = cursor.execute(_write_near(storage_srid(connection)), values).fetchall()
    found.sort(key=_BY_NUMBER)
    return found


def list_columns(layer: str) -> Composable:
    """The columns of a `Recorded` out of a layer as `f` and its source files as `s`."""
    written = _WRITTEN[layer] | {"layer": f"'{layer}'"}
    return sql.SQL(", ").join(
        sql.SQL(written[name]) if name in written else sql.Identifier("f", name) for name in Recorded._fields
    )


@lru_cache(maxsize=8)
def _write_near(srid: int) -> bytes:
    found = sql.SQL(" union all ").join(
        sql.SQL(_FOUND).format(
            columns=list_columns(layer),
            table=sql.Identifier(layer),
            near=reaches("f", sql.SQL("a.area"), sql.SQL("a.margin_m")),
        )
        for layer in _WRITTEN
    )
    return sql.SQL(_NEAR).format(srid=sql.Literal(srid), found=found).as_bytes()
