"""Utilities that may lie near each other: candidates for any pair of a whole city. Storage CRS, metres.

The index of each object's plan geometry, widened by its own half section and stated accuracy, is asked once an object;
what its quality level adds comes from a small table of the kinds of records that there are.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from psycopg import sql
from psycopg.rows import args_row

from layers.candidates import Recorded, list_columns
from layers.reach import boxes_reach

if TYPE_CHECKING:
    from collections.abc import Sequence

    from layers.database import Connection

LAYERS = ("utility_lines", "utility_nodes")
# In the ground: what was taken out keeps no distance, what is planned is not there yet.
_PRESENT = sql.SQL("status not in ('removed', 'planned')")
_SIDE = {"utility_lines": "outer_height_m", "utility_nodes": "outer_length_m"}
_LOWEST = {"utility_lines": "st_zmin(axis)", "utility_nodes": "bottom_m"}


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of record: its quality level ("" is none), whether it states its accuracy in plan and its section.

    `deepest_m` is the greatest depth below ground of all objects of the kind.
    """

    quality_level: str
    schematic: bool
    is_stated: bool
    is_sized: bool
    deepest_m: float


type Couple = tuple[int, str, int]


def count_present(connection: Connection) -> int:
    """Objects that are in the ground."""
    counts = sql.SQL(" + ").join(
        sql.SQL("(select count(*) from {} where {})").format(sql.Identifier(layer), _PRESENT) for layer in LAYERS
    )
    row = connection.execute(sql.SQL("select {}").format(counts)).fetchone()
    return int(row[0]) if row else 0


def read_kinds(connection: Connection) -> list[Kind]:
    parts = sql.SQL(" union all ").join(
        sql.SQL("select {kind}, ground_m - {lowest} as depth from {layer} v where {present}").format(
            kind=_kind(layer), lowest=sql.SQL(_LOWEST[layer]), layer=sql.Identifier(layer), present=_PRESENT
        )
        for layer in LAYERS
    )
    statement = sql.SQL(
        "select quality_level, schematic, is_stated, is_sized, greatest(coalesce(max(depth), 0), 0) from ({}) k"
        " group by 1, 2, 3, 4 order by 1, 2, 3, 4"
    ).format(parts)
    return [Kind(*row) for row in connection.execute(statement).fetchall()]


def _kind(layer: str) -> sql.Composed:
    return sql.SQL(
        "coalesce(v.quality_level, '') as quality_level, v.schematic, v.horizontal_accuracy_m is not null as is_stated,"
        " v.outer_width_m is not null and v.{} is not null as is_sized"
    ).format(sql.Identifier(_SIDE[layer]))


def set_margins(connection: Connection, margins_m: Sequence[tuple[Kind, float]]) -> None:
    """Tell this connection's searches how far objects of each kind may lie off, beyond section and stated accuracy."""
    connection.execute(
        "create temporary table if not exists audit_margins"
        " (quality_level text, schematic boolean, is_stated boolean, is_sized boolean, margin_m float8)"
    )
    connection.execute("truncate audit_margins")
    with connection.cursor() as cursor:
        cursor.executemany(
            "insert into audit_margins values (%s, %s, %s, %s, %s)",
            [(k.quality_level, k.schematic, k.is_stated, k.is_sized, margin_m) for k, margin_m in margins_m],
        )
    connection.execute("analyze audit_margins")


def next_objects(connection: Connection, layer: str, after: int, limit: int) -> list[int]:
    """The next objects of a layer by number."""
    statement = sql.SQL("select id from {} where id > %s and {} order by id limit %s").format(
        sql.Identifier(layer), _PRESENT
    )
    return [number for (number,) in connection.execute(statement, (after, limit)).fetchall()]


def find_couples(connection: Connection, layer: str, subjects: list[int], reach_m: float) -> list[Couple]:
    """What may lie within a distance of each subject, accuracies and sections taken off: (subject, layer, other).

    Each couple of the city is found once: a line with the lines of lower numbers, a node with all lines and with the
    nodes of lower numbers.
    """
    others = LAYERS[: LAYERS.index(layer) + 1]
    parts = sql.SQL(" union all ").join(
        sql.SQL(_COUPLES).format(
            layer=sql.Identifier(layer),
            other=sql.Identifier(other),
            name=sql.Literal(other),
            kind=_kind(layer),
            other_kind=_kind(other),
            lower=sql.SQL("and v.id < s.id" if other == layer else ""),
            near=boxes_reach("v", sql.SQL("s.geom"), sql.SQL("(s.far_m + s.most_m)")),
            present=_PRESENT,
        )
        for other in others
    )
    statement = sql.SQL("{} order by 1, 2, 3").format(parts)
    return connection.execute(statement, {"ids": subjects, "reach": reach_m}).fetchall()


_COUPLES = """
(with s as materialized (
  select k.id, k.geom, k.reach_m + m.margin_m + %(reach)s as far_m,
    (select max(margin_m) from audit_margins) as most_m
  from (select v.id, v.geom, v.reach_m, {kind} from {layer} v where v.id = any(%(ids)s)) k
  join audit_margins m using (quality_level, schematic, is_stated, is_sized))
select s.id, {name}::text, o.id from s cross join lateral (
  select v.id, v.geom, v.reach_m, {other_kind} from {other} v
  where {near} {lower} and {present}) o
join audit_margins m using (quality_level, schematic, is_stated, is_sized)
where st_dwithin(s.geom, o.geom, s.far_m + o.reach_m + m.margin_m))
"""


def read_objects(connection: Connection, layer: str, numbers: list[int]) -> dict[int, Recorded]:
    """Rows of a utility layer by number."""
    statement = sql.SQL(
        "select {columns} from {layer} f left join source_files s on s.id = f.source_file_id where f.id = any(%s)"
    ).format(columns=list_columns(layer), layer=sql.Identifier(layer))
    with connection.cursor(row_factory=args_row(_record), binary=True) as cursor:
        rows = cursor.execute(statement, (numbers,)).fetchall()
    return {row.id: row for row in rows}


def _record(*values: Any) -> Recorded:
    return Recorded._make(values)


def find_end_nodes(connection: Connection, lines: list[int], within_m: float) -> dict[int, set[int]]:
    """The nodes in whose body each line ends, of its own discipline, or of another kind of sewer."""
    near = boxes_reach("n", sql.SQL("e.p"), sql.Placeholder("within"))
    rows = connection.execute(sql.SQL(_END_NODES).format(near=near), {"ids": lines, "within": within_m}).fetchall()
    found: dict[int, set[int]] = {}
    for line, node in rows:
        found.setdefault(line, set()).add(node)
    return found


_END_NODES = """
with e as (select id, discipline, st_startpoint(geom) as p from utility_lines where id = any(%(ids)s)
  union all select id, discipline, st_endpoint(geom) from utility_lines where id = any(%(ids)s))
select e.id, n.id from e join utility_nodes n on {near}
where n.status not in ('removed', 'planned')
  and (n.discipline = e.discipline or 'combined' in (n.discipline, e.discipline)
    and array[n.discipline, e.discipline] <@ array['combined', 'wastewater', 'storm'])
  and st_dwithin(n.geom, e.p, %(within)s + n.reach_m - coalesce(n.horizontal_accuracy_m, 0))
"""
