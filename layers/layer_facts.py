"""What can be told of a layer from what it holds: of which files it is, how accurate and how complete."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from psycopg import sql

if TYPE_CHECKING:
    from datetime import date, datetime

    from layers.catalog import Layer
    from layers.database import Connection

_DAYS = ("surveyed_on", "resurfaced_on")
_ACCURACIES = ("horizontal_accuracy_m", "vertical_accuracy_m")


@dataclass(frozen=True, slots=True)
class Files:
    """The files that the features of a layer came with; `last_run` is the import that brought the latest."""

    count: int = 0
    formats: tuple[str, ...] = ()
    owners: tuple[str, ...] = ()
    first_at: datetime | None = None
    last_at: datetime | None = None
    last_run: int | None = None


@dataclass(frozen=True, slots=True)
class Accuracy:
    """Of how many features it is stated, its median, and what 95 in 100 of those do not exceed; metres."""

    stated: int
    median_m: float
    most_m: float


@dataclass(frozen=True, slots=True)
class Facts:
    """What a layer holds: `complete` is the number of features that have each property.

    surveyed: first and last day. qualities: features of each quality level (PAS 128), "" where it is not known.
    known_heights: features whose height is known, None where the layer has none.
    """

    features: int
    files: Files
    complete: dict[str, int]
    surveyed: tuple[date, date] | None = None
    accuracies: dict[str, Accuracy] = field(default_factory=dict)
    qualities: dict[str, int] = field(default_factory=dict)
    known_heights: int | None = None


def read_facts(connection: Connection, layer: Layer) -> Facts:
    """The facts of a layer that the connection's role may read; its rows are looked at once or twice."""
    names = [p.name for p in layer.properties]
    days = next((name for name in _DAYS if name in names), None)
    own = [p.name for p in layer.properties if not p.is_derived]
    known = f"count(*) filter (where st_zmflag({layer.geometry_sql}) > 0)" if layer.has_heights else "null"
    columns: list[sql.Composable] = [sql.SQL("count(*)"), sql.SQL(known)]
    columns += [sql.SQL("{0}({1})").format(sql.SQL(f), sql.Identifier(days)) for f in ("min", "max") if days]
    columns += [sql.SQL("count({})").format(sql.Identifier(name)) for name in own]
    statement = sql.SQL("select {} from {}").format(sql.SQL(", ").join(columns), sql.Identifier(layer.name))
    count, heights, *rest = connection.execute(statement).fetchone() or (0, None)
    surveyed = (rest[0], rest[1]) if days and rest and rest[0] else None
    complete = dict(zip(own, rest[2 if days else 0 :], strict=False))
    return Facts(
        count,
        _read_files(connection, layer, has_owners="owner" in names),
        complete,
        surveyed,
        {name: found for name in _ACCURACIES if name in names and (found := _read_accuracy(connection, layer, name))},
        _read_qualities(connection, layer) if "quality_level" in names else {},
        heights,
    )


def _read_files(connection: Connection, layer: Layer, *, has_owners: bool) -> Files:
    row = connection.execute("select * from twin.tell_layer_files(%s)", (layer.name,)).fetchone()
    if row is None:
        return Files()
    count, formats, owners, *times = row
    told = set(owners or ())
    if has_owners:
        named = sql.SQL("select distinct owner from {} where owner is not null").format(sql.Identifier(layer.name))
        told |= {owner for (owner,) in connection.execute(named).fetchall()}
    return Files(count, tuple(formats or ()), tuple(sorted(told)), *times)


def _read_accuracy(connection: Connection, layer: Layer, name: str) -> Accuracy | None:
    column = sql.Identifier(name)
    row = connection.execute(
        sql.SQL(
            "select count({0}), percentile_cont(0.5) within group (order by {0}),"
            " percentile_cont(0.95) within group (order by {0}) from {1}"
        ).format(column, sql.Identifier(layer.name))
    ).fetchone()
    return Accuracy(*row) if row and row[0] else None


def _read_qualities(connection: Connection, layer: Layer) -> dict[str, int]:
    return dict(
        connection.execute(
            sql.SQL("select coalesce(quality_level, ''), count(*) from {} group by 1 order by 1").format(
                sql.Identifier(layer.name)
            )
        ).fetchall()
    )
