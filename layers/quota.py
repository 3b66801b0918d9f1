"""How much one caller may have: what it has had is counted from the records that are kept of it anyway."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import shapely
from psycopg.rows import class_row

from layers.database import storage_srid
from layers.errors import Conflict
from layers.procedure import SYSTEM

if TYPE_CHECKING:
    from datetime import date, datetime

    from layers.database import Connection

# An event of an excavation that says which check was made of it.
_CHECKED = "(e.to_status = 'checked' or e.kind = 'checked again') and e.detail ? 'check'"
_CHECKS = (
    "excavation_events e join excavation_checks c"
    " on c.excavation_id = e.excavation_id and c.number = (e.detail ->> 'check')::int"
)


class Exceeded(Conflict):
    """A caller wants more than one may have; in `wait_s` seconds it may have it."""

    def __init__(self, message: str, wait_s: int) -> None:
        super().__init__(message)
        self.wait_s = wait_s

    @property
    def headers(self) -> dict[str, str]:
        """As an answer carries it (RFC 9110, 10.2.3)."""
        return {"Retry-After": str(self.wait_s)}


def hold(connection: Connection, what: str) -> None:
    """Until the transaction ends nobody else counts or adds to the same."""
    connection.execute("select pg_advisory_xact_lock(hashtextextended(%s, 0))", (what,))


def count_filings(connection: Connection, actor: str, since: datetime) -> int:
    """Excavations that a caller has filed; those that it has removed since count, too."""
    return _count(connection, "e.kind = 'filed'", actor, since)


def count_checks(connection: Connection, actor: str, since: datetime) -> int:
    """Checks that a caller has asked for."""
    return _count(connection, _CHECKED, actor, since)


def _count(connection: Connection, condition: str, actor: str, since: datetime) -> int:
    row = connection.execute(
        f"select count(*) from excavation_events e where e.actor = %s and e.at >= %s and {condition}",  # noqa: S608 - our own conditions
        (actor, since),
    ).fetchone()
    return int(row[0]) if row else 0


def measure_asked(
    connection: Connection, organisation: str, since: datetime, within_m: float, outline: shapely.Geometry
) -> tuple[float, float]:
    """Square metres within some distance of what an organisation had checked, and of that with one more outline.

    What was asked about again counts once. Storage CRS. Checks that run at this moment are not known of.
    """
    row = connection.execute(
        f"with asked as (select st_union(st_buffer(c.geom, %(within)s)) as area from {_CHECKS}"  # noqa: S608 - our own text
        f" where e.organisation = %(organisation)s and e.at >= %(since)s and {_CHECKED})"
        " select coalesce(st_area(area), 0), st_area(st_union(area, st_buffer(st_setsrid(%(more)s::geometry, %(srid)s),"
        " %(within)s))) from (select coalesce(area, st_setsrid('polygon empty'::geometry, %(srid)s)) as area"
        " from asked) a",
        {
            "within": within_m,
            "organisation": organisation,
            "since": since,
            "more": shapely.to_wkb(outline, output_dimension=2),
            "srid": storage_srid(connection),
        },
    ).fetchone()
    return (float(row[0]), float(row[1])) if row else (0.0, 0.0)


@dataclass(frozen=True, slots=True)
class Asking:
    """What an organisation, or a key without one, has asked about: `asked_m2` in all, at most `most_m2` on one day."""

    organisation: str | None
    keys: list[str]
    excavations: int
    checks: int
    asked_m2: float
    most_m2: float
    most_on: date


def list_asking(connection: Connection, since: datetime, within_m: float, zone: str) -> list[Asking]:
    """Who has had checked how much since then, most first, but for the twin itself; days are those of the time zone."""
    with connection.cursor(row_factory=class_row(Asking)) as cursor:
        return cursor.execute(
            "with asked as (select e.organisation, e.actor, e.excavation_id, (e.at at time zone %(zone)s)::date as day,"  # noqa: S608 - our own text
            f" st_buffer(c.geom, %(within)s) as area from {_CHECKS} where e.at >= %(since)s and {_CHECKED}"
            " and e.actor <> %(twin)s),"
            " daily as (select distinct on (organisation) organisation, day, st_area(st_union(area)) as m2 from asked"
            " group by organisation, day order by organisation, 3 desc, day)"
            " select a.organisation, array_agg(distinct a.actor) as keys, count(distinct excavation_id) as excavations,"
            " count(*) as checks, st_area(st_union(a.area)) as asked_m2, min(d.m2) as most_m2, min(d.day) as most_on"
            " from asked a join daily d on d.organisation is not distinct from a.organisation"
            " group by a.organisation order by 5 desc, 1",
            {"zone": zone, "within": within_m, "since": since, "twin": SYSTEM.name},
        ).fetchall()
