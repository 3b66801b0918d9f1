"""Excavations on their way through the procedure: rows, checks and events. Geometries are in storage CRS."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import shapely
from psycopg.rows import class_row
from psycopg.types.json import Jsonb

from layers.database import storage_srid
from layers.errors import NotFound, Sentence
from layers.excavations import OPEN
from layers.requests import ASKED_SO

if TYPE_CHECKING:
    from datetime import date, datetime

    from layers.database import Connection

# As far as digs are told of each other; the trigger `twin.doubt_neighbours` holds the same number.
NEIGHBOURS_M = 200.0


@dataclass(frozen=True, slots=True)
class Actor:
    """Under whose name an act is kept."""

    name: str
    organisation: str | None = None


SYSTEM = Actor("twin")


@dataclass(frozen=True, slots=True)
class Filing:
    """What is asked for: the GeoJSON feature as it came, and what of it the city's map shows."""

    name: str
    outline: shapely.Polygon | shapely.MultiPolygon
    depth_m: float | None
    starts_on: date | None
    ends_on: date | None
    request: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Excavation:
    """An excavation as it stands; `request` is None for one that was imported."""

    id: int
    name: str
    status: str
    depth_m: float | None
    starts_on: date | None
    ends_on: date | None
    outline: shapely.Polygon | shapely.MultiPolygon
    request: dict[str, Any] | None
    applicant_id: int | None
    applicant: str | None
    filed_by: str | None
    filed_at: datetime
    version: int
    submission: int

    def __post_init__(self) -> None:
        if isinstance(self.outline, bytes):
            object.__setattr__(self, "outline", shapely.from_wkb(self.outline))


@dataclass(frozen=True, slots=True)
class Check:
    """A result and what it rests on."""

    id: int
    number: int
    checked_at: datetime
    checked_by: str
    request: dict[str, Any]
    versions: dict[str, int]
    is_clear: bool
    report: dict[str, Any]
    difference: dict[str, Any] | None


@dataclass(frozen=True, slots=True)
class Event:
    """Who did what when."""

    at: datetime
    actor: str
    organisation: str | None
    kind: str
    from_status: str | None
    to_status: str | None
    detail: dict[str, Any] | None


@dataclass(frozen=True, slots=True)
class ExcavationQuery:
    """Which excavations are wanted, by number; `viewer_id` sees its own and those that it was asked about."""

    limit: int
    after: int = 0
    statuses: tuple[str, ...] = ()
    viewer_id: int | None = None


_COLUMNS = (
    "e.id, e.name, e.status, e.depth_m, e.starts_on, e.ends_on, st_asbinary(e.geom) as outline, e.request,"
    " e.applicant_id, o.name as applicant, e.filed_by, e.filed_at, e.version, e.submission"
)
_CHECK_COLUMNS = "id, number, checked_at, checked_by, request, versions, is_clear, report, difference"


def act_as(connection: Connection, actor: Actor, **detail: Any) -> None:
    """Until the transaction ends, changes of excavations are kept under this name, with this detail."""
    connection.execute(
        "select set_config('twin.actor', %s, true), set_config('twin.organisation', %s, true),"
        " set_config('twin.detail', %s, true)",
        (actor.name, actor.organisation or "", json.dumps(detail, ensure_ascii=False) if detail else ""),
    )


def insert_excavation(connection: Connection, filing: Filing, applicant_id: int | None, filed_by: str) -> int:
    """The number of a new draft."""
    row = connection.execute(
        "insert into excavations (name, status, depth_m, starts_on, ends_on, geom, request, applicant_id, filed_by)"
        " values (%s, 'draft', %s, %s, %s, st_setsrid(%s::geometry, %s), %s, %s, %s) returning id",
        (*_values(connection, filing), applicant_id, filed_by),
    ).fetchone()
    return int(row[0]) if row else 0


def revise_excavation(connection: Connection, number: int, filing: Filing) -> None:
    """Other terms, and a draft again."""
    connection.execute(
        "update excavations set status = 'draft', name = %s, depth_m = %s, starts_on = %s, ends_on = %s,"
        " geom = st_setsrid(%s::geometry, %s), request = %s where id = %s",
        (*_values(connection, filing), number),
    )


def _values(connection: Connection, filing: Filing) -> tuple[Any, ...]:
    return (
        filing.name,
        filing.depth_m,
        filing.starts_on,
        filing.ends_on,
        shapely.to_wkb(filing.outline, output_dimension=2),
        storage_srid(connection),
        Jsonb(filing.request),
    )


def set_status(connection: Connection, number: int, status: str, *, submission: int | None = None) -> None:
    connection.execute(
        "update excavations set status = %s, submission = coalesce(%s, submission) where id = %s",
        (status, submission, number),
    )


def delete_excavation(connection: Connection, number: int) -> None:
    connection.execute("delete from excavations where id = %s", (number,))


def find_excavation(connection: Connection, number: int, *, lock: bool = False) -> Excavation:
    """Raises: NotFound. With `lock` nobody else changes it until the transaction ends."""
    with connection.cursor(row_factory=class_row(Excavation)) as cursor:
        found = cursor.execute(
            f"select {_COLUMNS} from excavations e left join organisations o on o.id = e.applicant_id"  # noqa: S608 - our own columns
            f" where e.id = %s {'for update of e' if lock else ''}",
            (number,),
        ).fetchone()
    if found is None:
        raise NotFound(Sentence(f"there is no excavation {number}", f"không có công trình đào {number}"))
    return found


def list_excavations(connection: Connection, query: ExcavationQuery) -> list[Excavation]:
    """At most one more than the limit, which tells that there are more."""
    with connection.cursor(row_factory=class_row(Excavation)) as cursor:
        return cursor.execute(
            f"select {_COLUMNS} from excavations e left join organisations o on o.id = e.applicant_id"  # noqa: S608 - our own columns
            " where e.id > %(after)s and (%(statuses)s::text[] = '{}' or e.status = any(%(statuses)s))"
            f" and (%(viewer)s::bigint is null or e.applicant_id = %(viewer)s or {ASKED_SO})"
            " order by e.id limit %(limit)s + 1",
            {
                "after": query.after,
                "statuses": list(query.statuses),
                "viewer": query.viewer_id,
                "limit": query.limit,
            },
        ).fetchall()


def read_rest_versions(connection: Connection, rules: int | None = None) -> dict[str, int]:
    """Version of each layer that a check rests on, and the edition of its rules; of other digs neighbours are told."""
    rows = connection.execute("select layer, version from visible_layer_states where layer <> 'excavations'").fetchall()
    return dict(rows) if rules is None else {**dict(rows), "rules": rules}


def insert_check(
    connection: Connection, excavation: Excavation, checked_by: str, result: dict[str, Any], **about: Any
) -> int:
    """Keep a result with the terms and the outline as they are now, and believe it up to `versions` and for the `day`.

    Returns its number.
    """
    row = connection.execute(
        "insert into excavation_checks"
        " (excavation_id, number, checked_by, geom, request, versions, is_clear, report, difference)"
        " select e.id, 1 + (select count(*) from excavation_checks c where c.excavation_id = e.id), %s, e.geom, %s,"
        " %s, %s, %s, %s from excavations e where e.id = %s returning id, number",
        (
            checked_by,
            Jsonb(excavation.request or {}),
            Jsonb(about["versions"]),
            result["is_clear"],
            Jsonb(result),
            Jsonb(about["difference"]) if about.get("difference") else None,
            excavation.id,
        ),
    ).fetchone()
    check_id, number = row or (0, 0)
    confirm_check(connection, excavation.id, check_id, about["versions"], about["day"])
    return int(number)


def confirm_check(connection: Connection, number: int, check_id: int, versions: dict[str, int], day: date) -> None:
    """The newest check holds for the layers up to these versions, on this day, and for all neighbours so far."""
    connection.execute(
        "insert into excavation_confirmations (excavation_id, check_id, versions, day) values (%s, %s, %s, %s)"
        " on conflict (excavation_id) do update set check_id = excluded.check_id, versions = excluded.versions,"
        " day = excluded.day, confirmed_at = now()",
        (number, check_id, Jsonb(versions), day),
    )


def find_doubt(connection: Connection, number: int) -> datetime | None:
    """Since when a neighbour has made the newest check doubtful: what a check that begins now will take away."""
    row = connection.execute("select since from excavation_doubts where excavation_id = %s", (number,)).fetchone()
    return None if row is None else row[0]


def clear_doubt(connection: Connection, number: int, since: datetime | None) -> None:
    """The doubt that a check began with is gone; one that came while it was made stays.

    Called when the check is made, for until the transaction ends whoever makes a new doubt waits.
    """
    connection.execute("delete from excavation_doubts where excavation_id = %s and since = %s", (number, since))


def find_check(connection: Connection, number: int, which: int | None = None) -> Check:
    """A check of an excavation by its number, or the newest. Raises: NotFound."""
    with connection.cursor(row_factory=class_row(Check)) as cursor:
        found = cursor.execute(
            f"select {_CHECK_COLUMNS} from excavation_checks where excavation_id = %(id)s"  # noqa: S608 - our own columns
            " and (%(which)s::int is null or number = %(which)s) order by number desc limit 1",
            {"id": number, "which": which},
        ).fetchone()
    if found is None:
        wanted = "" if which is None else f" {which}"
        raise NotFound(
            Sentence(
                f"excavation {number} has no check{wanted}: check it first",
                f"công trình đào {number} chưa có lần kiểm tra{wanted}: hãy kiểm tra trước",
            )
        )
    return found


def list_checks(connection: Connection, number: int) -> list[Check]:
    with connection.cursor(row_factory=class_row(Check)) as cursor:
        return cursor.execute(
            f"select {_CHECK_COLUMNS} from excavation_checks where excavation_id = %s order by number",  # noqa: S608 - our own columns
            (number,),
        ).fetchall()


def find_stale(
    connection: Connection,
    limit: int = 100,
    *,
    only: int | None = None,
    rules: int | None = None,
    today: date | None = None,
) -> list[int]:
    """Open excavations whose newest check rests on layers, neighbours, rules or a day that changed; `only` one of them.

    rules: the edition that is in force; None leaves rules aside. today: each day asks anew of what is dug or may yet
    be; None leaves days aside.
    """
    rows = connection.execute(
        "with now_is as (select jsonb_object_agg(layer, version) as versions from visible_layer_states"
        " where layer <> 'excavations')"
        " select e.id from excavations e join excavation_confirmations c on c.excavation_id = e.id cross join now_is n"
        " where e.status = any(%(open)s) and (%(only)s::bigint is null or e.id = %(only)s)"
        " and (c.versions - 'rules' <> n.versions or coalesce((c.versions -> 'rules')::bigint <> %(rules)s, false)"
        " or exists (select 1 from excavation_doubts d where d.excavation_id = e.id)"
        " or (coalesce(c.day < %(today)s, %(today)s::date is not null)"
        " and (e.status = 'in_progress' or e.ends_on >= %(today)s)))"
        " order by c.confirmed_at limit %(limit)s",
        {"open": list(OPEN), "only": only, "limit": limit, "rules": rules, "today": today},
    ).fetchall()
    return [number for (number,) in rows]


def add_event(connection: Connection, number: int, actor: Actor, kind: str, **detail: Any) -> None:
    connection.execute(
        "insert into excavation_events (excavation_id, actor, organisation, kind, detail) values (%s, %s, %s, %s, %s)",
        (number, actor.name, actor.organisation, kind, Jsonb(detail) if detail else None),
    )


def list_events(connection: Connection, number: int) -> list[Event]:
    with connection.cursor(row_factory=class_row(Event)) as cursor:
        return cursor.execute(
            "select at, actor, organisation, kind, from_status, to_status, detail from excavation_events"
            " where excavation_id = %s order by id",
            (number,),
        ).fetchall()
