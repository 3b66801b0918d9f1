"""Whose utilities are recorded near a place."""

from __future__ import annotations

from typing import TYPE_CHECKING

import shapely

from layers.database import storage_srid

if TYPE_CHECKING:
    from layers.database import Connection


def count_owners_near(connection: Connection, area: shapely.Geometry, within_m: float) -> dict[str, int]:
    """Objects of each owner within a distance of an area in storage CRS; "" stands for no owner on record."""
    wkb, srid = shapely.to_wkb(area, output_dimension=2), storage_srid(connection)
    rows = connection.execute(
        "with asked as (select st_setsrid(%s::geometry, %s) as area),"
        " known as ("
        "select u.owner, u.geom, u.reach_m from utility_lines u, asked where u.status <> 'removed'"
        " and st_expand(u.geom, u.reach_m) && st_expand(asked.area, %s)"
        " union all select u.owner, u.geom, u.reach_m from utility_nodes u, asked where u.status <> 'removed'"
        " and st_expand(u.geom, u.reach_m) && st_expand(asked.area, %s))"
        " select coalesce(k.owner, ''), count(*) from known k, asked"
        " where st_dwithin(k.geom, asked.area, %s + k.reach_m) group by 1",
        (wkb, srid, *[within_m] * 3),
    ).fetchall()
    return dict(rows)
