"""Administrative areas: the city and its wards."""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING

import shapely

if TYPE_CHECKING:
    from layers.database import Connection


class Level(StrEnum):
    CITY = "city"
    WARD = "ward"


# Neighbouring wards were drawn apart by this much at the most; the gap is no outside.
_SLIVER_M = 1.0


def is_within(connection: Connection, area: shapely.Geometry) -> bool | None:
    """Whether an area (storage CRS) lies within the boundaries; None where none is loaded."""
    row = connection.execute(
        "with asked as (select st_setsrid(%s::geometry, (select st_srid(geom) from boundaries limit 1)) as area)"
        " select (select count(*) from boundaries), st_covers(st_buffer(st_union(b.geom), %s), asked.area)"
        " from asked left join boundaries b on b.geom && asked.area group by asked.area",
        (shapely.to_wkb(area), _SLIVER_M),
    ).fetchone()
    return None if row is None or row[0] == 0 else bool(row[1])


def has_boundaries(connection: Connection) -> bool:
    row = connection.execute("select exists (select 1 from boundaries)").fetchone()
    return bool(row and row[0])


def read_boundary(connection: Connection) -> shapely.Geometry | None:
    """The city's area in storage CRS: the union of all boundaries, None where none is loaded."""
    row = connection.execute("select st_asbinary(st_union(geom)) from boundaries").fetchone()
    return None if row is None or row[0] is None else shapely.from_wkb(row[0])
