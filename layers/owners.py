"""Whose utilities are recorded near a place."""

from __future__ import annotations

from typing import TYPE_CHECKING

import shapely
from psycopg import sql

from layers.database import storage_srid
from layers.reach import reaches

if TYPE_CHECKING:
    from layers.database import Connection


def count_owners_near(connection: Connection, area: shapely.Geometry, within_m: float) -> dict[str, int]:
    """Objects of each owner within a distance of an area in storage CRS; "" stands for no owner on record."""
    asked = sql.SQL("st_setsrid(%(area)s::geometry, {})").format(sql.Literal(storage_srid(connection)))
    near = reaches("u", asked, sql.Placeholder("within_m"))
    statement = sql.SQL(
        "select coalesce(owner, ''), count(*) from ("
        "select u.owner from utility_lines u where u.status <> 'removed' and {near}"
        " union all select u.owner from utility_nodes u where u.status <> 'removed' and {near}) k group by 1"
    ).format(near=near)
    values = {"area": shapely.to_wkb(area, output_dimension=2), "within_m": within_m}
    return dict(connection.execute(statement, values).fetchall())
