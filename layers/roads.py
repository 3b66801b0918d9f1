"""Road centre lines, their surface, and when it may not be cut."""

from __future__ import annotations

from typing import TYPE_CHECKING

import shapely
from psycopg import sql

from layers.database import storage_srid

if TYPE_CHECKING:
    from layers.database import Connection

# Half the greatest width that a road may have.
_WIDEST_M = 100.0
# Spans of the day, such as 06:00-08:30,16:30-19:00.
HOURS = "^([01][0-9]|2[0-3]):[0-5][0-9]-([01][0-9]|2[0-3]):[0-5][0-9](,([01][0-9]|2[0-3]):[0-5][0-9]-([01][0-9]|2[0-3]):[0-5][0-9])*$"  # noqa: E501


def has_traffic(connection: Connection, area: shapely.Geometry, unknown_width_m: float) -> bool | None:
    """Whether an area (storage CRS) lies in a carriageway; None where a road near by has no width, or none is loaded.

    A road of unknown width is near within half of `unknown_width_m` of its centre line.
    """
    statement = sql.SQL(
        "with asked as (select st_setsrid(%s::geometry, {srid}) as area)"
        " select exists (select from roads), coalesce(bool_or(st_dwithin(geom, area, width_m / 2)), false),"
        " coalesce(bool_or(width_m is null and st_dwithin(geom, area, {unknown})), false)"
        " from asked left join roads on st_dwithin(geom, area, {widest})"
    ).format(
        srid=sql.Literal(storage_srid(connection)),
        unknown=sql.Literal(unknown_width_m / 2),
        widest=sql.Literal(_WIDEST_M),
    )
    row = connection.execute(statement, [shapely.to_wkb(area, output_dimension=2)]).fetchone()
    has_roads, inside, perhaps = row or (False, False, False)
    return True if inside else None if perhaps or not has_roads else False
