"""The network audit as it is kept: runs, batches that are done, and pairs that lie too near. Storage CRS, metres.

A pair keeps what was known of both objects, for their rows may be replaced before anybody reads the report.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from psycopg.rows import class_row
from psycopg.types.json import Jsonb

from layers.database import Connection, storage_srid
from layers.errors import Conflict, NotFound
from layers.pairs import LAYERS, count_present

if TYPE_CHECKING:
    from datetime import datetime

# How sure it is that a pair lies too near, worst first; "unknown" is what the records do not say.
VERDICTS = ("definite", "possible", "unknown")
# Nothing nearer than this to a street belongs to it.
_STREET_M = 30.0
_LOCK = 7_110_010


@dataclass(frozen=True, slots=True)
class Run:
    """An audit on its way or at its end."""

    id: int
    began_at: datetime
    ended_at: datetime | None
    rules: str
    law: dict[str, Any]
    versions: dict[str, int]
    total: int


@dataclass(frozen=True, slots=True)
class Place:
    """How far a run has come: what batches are done, and the next object's layer and predecessor."""

    batches: int
    objects: int
    layer: str
    after: int


@dataclass(frozen=True, slots=True)
class AuditBatch:
    """Objects that were looked at together; `tally` counts what became of their pairs."""

    number: int
    layer: str
    last_id: int
    objects: int
    tally: dict[str, Any]
    seconds: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Pair:
    """A pair that is not proven to keep its distance, with the worst that was found of it, at x, y.

    `first` and `second` say what was known of both, `more` are its other open findings.
    """

    verdict: str
    aspect: str
    arrangement: str | None
    limit_m: float | None
    measured_m: float | None
    worst_m: float | None
    rule: str | None
    doubts: list[str]
    remark: str | None
    more: list[dict[str, Any]]
    first: dict[str, Any]
    second: dict[str, Any]
    x: float
    y: float


def hold_audit(connection: Connection) -> None:
    """Nobody else audits as long as this connection lasts. Raises: Conflict."""
    row = connection.execute("select pg_try_advisory_lock(%s)", (_LOCK,)).fetchone()
    if not row or not row[0]:
        raise Conflict("another audit is running on this database: wait for its end, or stop it; it can go on later")


def read_versions(connection: Connection) -> dict[str, int]:
    """Versions of the layers that an audit rests on."""
    rows = connection.execute(
        "select layer, version from visible_layer_states where layer = any(%s)", (list(LAYERS),)
    ).fetchall()
    return dict(rows)


def begin_run(connection: Connection, rules: str, law: dict[str, Any]) -> Run:
    row = connection.execute(
        "insert into audit_runs (rules, law, versions, total) values (%s, %s, %s, %s) returning id",
        (rules, Jsonb(law), Jsonb(read_versions(connection)), count_present(connection)),
    ).fetchone()
    return find_run(connection, row[0] if row else 0)


def find_run(connection: Connection, number: int | None = None) -> Run:
    """A run, or the newest. Raises: NotFound."""
    with connection.cursor(row_factory=class_row(Run)) as cursor:
        found = cursor.execute(
            "select id, began_at, ended_at, rules, law, versions, total from audit_runs"
            " where %(id)s::bigint is null or id = %(id)s order by id desc limit 1",
            {"id": number},
        ).fetchone()
    if found is None:
        raise NotFound("no audit was made yet: run 'twin audit'" if number is None else f"there is no audit {number}")
    return found


def end_run(connection: Connection, run: Run) -> None:
    """The run is whole; earlier ones that never came to their end are forgotten."""
    connection.execute("update audit_runs set ended_at = now() where id = %s", (run.id,))
    connection.execute("delete from audit_runs where ended_at is null and id < %s", (run.id,))


def find_place(connection: Connection, run: Run) -> Place:
    row = connection.execute(
        "select count(*), coalesce(sum(objects), 0), (array_agg(layer order by number desc))[1],"
        " (array_agg(last_id order by number desc))[1] from audit_batches where run_id = %s",
        (run.id,),
    ).fetchone()
    batches, objects, layer, last = row or (0, 0, None, None)
    return Place(batches, int(objects), layer or LAYERS[0], last or 0)


def keep_batch(connection: Connection, run: Run, batch: AuditBatch, pairs: list[Pair]) -> None:
    """A batch and its pairs, all or nothing; each pair gets the street and the ward that it lies in."""
    srid = storage_srid(connection)
    with connection.transaction():
        connection.execute(
            "insert into audit_batches (run_id, number, layer, last_id, objects, tally, seconds)"
            " values (%s, %s, %s, %s, %s, %s, %s)",
            (run.id, batch.number, batch.layer, batch.last_id, batch.objects, Jsonb(batch.tally), batch.seconds),
        )
        if pairs:
            connection.execute(_KEEP, {"run": run.id, "srid": srid, "pairs": Jsonb([asdict(pair) for pair in pairs])})


_KEEP = f"""
insert into audit_pairs (run_id, verdict, aspect, arrangement, limit_m, measured_m, worst_m, rule, doubts, remark, more,
  first, second, geom, street, ward)
select p.*, (select coalesce(r.name, r.code) from roads r where st_dwithin(r.geom, p.geom, {_STREET_M})
    and coalesce(r.name, r.code) is not null order by st_distance(r.geom, p.geom) limit 1),
  (select b.name from boundaries b where b.level = 'ward' and st_intersects(b.geom, p.geom) order by b.id limit 1)
from (select %(run)s::bigint, verdict, aspect, arrangement, limit_m, measured_m, worst_m, rule, doubts, remark, more,
  first, second, st_setsrid(st_makepoint(x, y), %(srid)s) as geom
  from jsonb_to_recordset(%(pairs)s) as pair(verdict text, aspect text, arrangement text, limit_m float8,
    measured_m float8, worst_m float8, rule text, doubts text[], remark text, more jsonb, first jsonb, second jsonb,
    x float8, y float8)) p
"""  # noqa: S608 - our own number
