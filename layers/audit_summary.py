"""What an audit found, summed up: by owner, by street, by rule, and its worst pairs. Storage CRS, metres."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

import shapely
from psycopg.rows import class_row

from layers.audit import Pair, find_run

if TYPE_CHECKING:
    from collections.abc import Iterator

    from layers.audit import Run
    from layers.database import Connection
    from layers.overview import Overview

_CHUNK = 5_000


@dataclass(frozen=True, slots=True)
class Group:
    """Pairs that share an owner, a street and its ward, or a rule and how it is meant: their `keys`."""

    keys: tuple[str | None, ...]
    definite: int
    possible: int
    unknown: int
    # How far the worst of the definite ones falls short of its limit.
    shortfall_m: float | None


@dataclass(frozen=True, slots=True)
class Mark:
    """Pairs near one place of a picture, in its units; `verdict` is the worst of them."""

    x: float
    y: float
    verdict: str
    pairs: int


@dataclass(frozen=True, slots=True, kw_only=True)
class KeptPair(Pair):
    """A pair as it was kept: with its number, and the street and the ward that it lies in."""

    id: int
    street: str | None
    ward: str | None


_COUNTS = (
    "count(*) filter (where verdict = 'definite'), count(*) filter (where verdict = 'possible'),"
    " count(*) filter (where verdict = 'unknown'),"
    " max(limit_m - measured_m) filter (where verdict = 'definite')"
)
_COLUMNS = (
    "id, verdict, aspect, arrangement, limit_m, measured_m, worst_m, rule, doubts, remark, more, first, second, street,"
    " ward, st_x(geom) as x, st_y(geom) as y"
)
_WORST_FIRST = (
    "order by array_position(array['definite', 'possible', 'unknown'], verdict),"
    " limit_m - coalesce(measured_m, worst_m) desc nulls last, id"
)


def sum_tallies(connection: Connection, run: Run) -> tuple[Counter[str], Counter[str]]:
    """What became of all couples, and between which disciplines no rule is known."""
    counts, no_rule = Counter[str](), Counter[str]()
    for (tally,) in connection.execute("select tally from audit_batches where run_id = %s", (run.id,)).fetchall():
        no_rule.update(tally.pop("no_rule_between"))
        counts.update(tally)
    return counts, no_rule


def find_whole(connection: Connection) -> Run | None:
    """The newest audit that came to its end."""
    row = connection.execute("select id from audit_runs where ended_at is not null order by id desc limit 1").fetchone()
    return None if row is None else find_run(connection, row[0])


def group_by_owner(connection: Connection, run: Run) -> list[Group]:
    """A pair of two owners counts with each of them; the key None is no owner on record."""
    rows = connection.execute(
        f"select owner, {_COUNTS} from (select first ->> 'owner' as owner, * from audit_pairs where run_id = %(run)s"  # noqa: S608 - our own words
        " union all select second ->> 'owner', * from audit_pairs where run_id = %(run)s"
        " and first ->> 'owner' is distinct from second ->> 'owner') p"
        " group by 1 order by 2 desc, 3 desc, 4 desc, 1",
        {"run": run.id},
    ).fetchall()
    return [Group((owner,), *numbers) for owner, *numbers in rows]


def group_by_street(connection: Connection, run: Run) -> list[Group]:
    rows = connection.execute(
        f"select street, ward, {_COUNTS} from audit_pairs where run_id = %s group by 1, 2"  # noqa: S608 - our own words
        " order by 3 desc, 4 desc, 5 desc, 1, 2",
        (run.id,),
    ).fetchall()
    return [Group((street, ward), *numbers) for street, ward, *numbers in rows]


def group_by_rule(connection: Connection, run: Run) -> list[Group]:
    rows = connection.execute(
        f"select rule, aspect, arrangement, {_COUNTS} from audit_pairs where run_id = %s group by 1, 2, 3"  # noqa: S608 - our own words
        " order by 4 desc, 5 desc, 6 desc, 1, 2, 3",
        (run.id,),
    ).fetchall()
    return [Group((rule, aspect, arrangement), *numbers) for rule, aspect, arrangement, *numbers in rows]


def list_worst(connection: Connection, run: Run, limit: int) -> list[KeptPair]:
    """Definite ones first, of these the ones that fall shortest of their limit."""
    with connection.cursor(row_factory=class_row(KeptPair)) as cursor:
        return cursor.execute(
            f"select {_COLUMNS} from audit_pairs where run_id = %s {_WORST_FIRST} limit %s",  # noqa: S608 - our own words
            (run.id, limit),
        ).fetchall()


def read_pairs(connection: Connection, run: Run) -> Iterator[list[KeptPair]]:
    """All pairs, some thousands at a time."""
    with connection.transaction(), connection.cursor("audit_pairs", row_factory=class_row(KeptPair)) as cursor:
        cursor.execute(f"select {_COLUMNS} from audit_pairs where run_id = %s {_WORST_FIRST}", (run.id,))  # noqa: S608 - our own words
        while rows := cursor.fetchmany(_CHUNK):
            yield rows


def mark_places(connection: Connection, run: Run, overview: Overview, cell: int) -> list[Mark]:
    """Where pairs lie in a picture, those within a cell of it as one mark; the worst marks last, on top."""
    side_m = cell * overview.unit_m
    rows = connection.execute(
        "select (avg(st_x(geom)) - %(west)s) / %(unit)s, (%(north)s - avg(st_y(geom))) / %(unit)s,"
        " min(array_position(array['definite', 'possible', 'unknown'], verdict)) as rank, count(*)"
        " from audit_pairs where run_id = %(run)s"
        " group by floor(st_x(geom) / %(side)s), floor(st_y(geom) / %(side)s) order by rank desc, 4",
        {"west": overview.west, "north": overview.north, "unit": overview.unit_m, "side": side_m, "run": run.id},
    ).fetchall()
    names = ("definite", "possible", "unknown")
    return [Mark(x, y, names[rank - 1], pairs) for x, y, rank, pairs in rows]


def to_point(pair: KeptPair) -> shapely.Point:
    return shapely.Point(pair.x, pair.y)
