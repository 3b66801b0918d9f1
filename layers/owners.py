"""Whose utilities are recorded near a place."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, LiteralString

import shapely
from psycopg import sql

from layers.database import storage_srid
from layers.reach import reaches

if TYPE_CHECKING:
    from layers.database import Connection


def count_owners_near(connection: Connection, area: shapely.Geometry, within_m: float) -> dict[str, int]:
    """Objects of each owner within a distance of an area in storage CRS; "" stands for no owner on record."""
    rows = _ask(connection, area, within_m, "count(*)")
    return dict(rows)


def list_secret_owners(connection: Connection, area: shapely.Geometry, within_m: float) -> set[str]:
    """Owners whose every object within a distance of an area is secret."""
    rows = _ask(connection, area, within_m, "bool_and(disclosure = 'secret')")
    return {owner for owner, is_secret in rows if owner and is_secret}


def _ask(connection: Connection, area: shapely.Geometry, within_m: float, wanted: LiteralString) -> list[Any]:
    asked = sql.SQL("st_setsrid(%(area)s::geometry, {})").format(sql.Literal(storage_srid(connection)))
    near = reaches("u", asked, sql.Placeholder("within_m"))
    statement = sql.SQL(
        "select coalesce(owner, ''), {wanted} from ("
        "select u.owner, u.disclosure from utility_lines u where u.status <> 'removed' and {near}"
        " union all select u.owner, u.disclosure from utility_nodes u where u.status <> 'removed' and {near}) k"
        " group by 1"
    ).format(near=near, wanted=sql.SQL(wanted))
    values = {"area": shapely.to_wkb(area, output_dimension=2), "within_m": within_m}
    return connection.execute(statement, values).fetchall()
