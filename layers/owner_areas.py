"""Where owners are known to have networks, and for which areas they delivered their records, as they declared."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

import shapely
from psycopg.rows import class_row

from layers.database import storage_srid

if TYPE_CHECKING:
    from datetime import datetime

    from layers.database import Connection

# Less than this of an area without records is where two outlines were drawn apart.
_SLIVER_M2 = 0.05


class AreaKind(StrEnum):
    NETWORK = "network"
    DELIVERED = "delivered"


@dataclass(frozen=True, slots=True)
class DeclaredArea:
    """What an owner declared, in square metres."""

    owner: str
    kind: str
    area_m2: float
    declared_at: datetime
    remark: str | None


@dataclass(frozen=True, slots=True)
class Silence:
    """An owner known to be at a place of which it delivered no records: how much of the place, in square metres.

    `delivers` is False where it never delivered anything.
    """

    owner: str
    area_m2: float
    share: float
    delivers: bool


def declare_area(
    connection: Connection, owner: str, kind: AreaKind, area: shapely.MultiPolygon, remark: str | None = None
) -> None:
    """The area (storage CRS) takes the place of what was declared before; `owner` is the name of an organisation."""
    connection.execute(
        "insert into owner_areas (owner, kind, geom, remark) values (%s, %s, st_setsrid(%s::geometry, %s), %s)"
        " on conflict (owner, kind) do update set geom = excluded.geom, remark = excluded.remark, declared_at = now()",
        (owner, kind, shapely.to_wkb(area, output_dimension=2), storage_srid(connection), remark),
    )


def withdraw_area(connection: Connection, owner: str, kind: AreaKind) -> None:
    connection.execute("delete from owner_areas where owner = %s and kind = %s", (owner, kind))


def list_areas(connection: Connection) -> list[DeclaredArea]:
    with connection.cursor(row_factory=class_row(DeclaredArea)) as cursor:
        return cursor.execute(
            "select owner, kind, st_area(geom) as area_m2, declared_at, remark from owner_areas order by owner, kind"
        ).fetchall()


def find_silences(connection: Connection, area: shapely.Geometry, within_m: float) -> list[Silence]:
    """Owners whose network reaches within a distance of an area (storage CRS) and whose records do not, by name.

    Only what was declared as delivered counts as delivered: an import says what came, never that it is all.
    """
    values = (shapely.to_wkb(area, output_dimension=2), storage_srid(connection), within_m)
    rows = connection.execute(_SILENCES_OF_ONE, values).fetchall()
    return [Silence(*row) for row in rows]


# Owners of networks near the places `asked` (n, area, within_m). Where no network is near nothing is drawn around one.
SILENCES = f"""
networks as materialized (
  select a.n, o.owner, o.geom, st_buffer(a.area, a.within_m) as area
  from asked a join owner_areas o on o.kind = 'network' and st_dwithin(o.geom, a.area, a.within_m)
), gaps as (
  select w.n, w.owner, d.owner is not null as delivers, st_area(w.area) as asked_m2,
    st_area(st_difference(st_intersection(w.geom, w.area),
      coalesce(d.geom, st_geomfromtext('MULTIPOLYGON EMPTY', st_srid(w.area))))) as area_m2
  from networks w left join owner_areas d on d.owner = w.owner and d.kind = 'delivered'
), silences as materialized (
  select n, owner, area_m2, area_m2 / asked_m2 as share, delivers from gaps where area_m2 >= {_SLIVER_M2}
)"""  # noqa: S608 - our own number
_SILENCES_OF_ONE = f"""
with asked as materialized (select 0 as n, st_setsrid(%s::geometry, %s) as area, %s::float8 as within_m), {SILENCES}
select owner, area_m2, share, delivers from silences order by owner
"""  # noqa: S608 - our own words
