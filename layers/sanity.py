"""What is odd in the networks that were loaded, and how well their depths are known: exact numbers, worst examples."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

from psycopg import sql

from layers import neighbours
from layers.cover import NO_COVER_M, find_thin_cover
from layers.neighbours import TOUCH_M, find_neighbours

if TYPE_CHECKING:
    from collections.abc import Callable

    from layers.cover import Thin
    from layers.database import Connection
    from layers.terrain import Ground

MOST_EXAMPLES = 100
SAME_M = 0.01
# Less than this over a whole line is level: inverts are written in centimetres.
LEVEL_M = 0.02
STEPS = neighbours.STEPS + 5


class Rule(StrEnum):
    ABOVE_GROUND = "above-ground"
    NO_COVER = "no-cover"
    UPHILL = "uphill"
    LOOSE_END = "loose-end"
    NEAR_MISS = "near-miss"
    DUPLICATE = "duplicate"


@dataclass(frozen=True, slots=True)
class Example:
    """A line that breaks a rule, where (storage CRS), and by how much.

    measure_m: by rule: height of the crown above ground, cover, rise, width of the line, gap, none.
    other_id: the line that is nearly met, or copied.
    """

    id: int
    other_id: int | None
    measure_m: float | None
    x: float
    y: float
    discipline: str
    owner: str | None
    file: str | None
    layer: str | None
    row: int | None


@dataclass(frozen=True, slots=True)
class Result:
    """How many of those that could be judged break a rule, and the worst of them, at most `MOST_EXAMPLES`."""

    rule: Rule
    judged: int
    count: int
    examples: tuple[Example, ...]


@dataclass(frozen=True, slots=True)
class Sanity:
    """The state of the lines of one import, or of the whole city."""

    lines: int
    length_km: float
    results: tuple[Result, ...]

    def result(self, rule: Rule) -> Result:
        return next(result for result in self.results if result.rule is rule)


@dataclass(frozen=True, slots=True)
class DepthKnowledge:
    """How well the elevations of an owner's lines of one quality level are known: numbers of lines, and kilometres."""

    owner: str | None
    quality_level: str | None
    measured: int
    measured_km: float
    from_depth: int
    from_depth_km: float
    unknown: int
    unknown_km: float


def depth_knowledge(connection: Connection, run_id: int | None = None) -> tuple[DepthKnowledge, ...]:
    """Knowledge of elevations by owner and quality level, of one import run or of the whole city.

    Measured are elevations that were stated, at the ends or everywhere; unknown ones have no number at all.
    """
    rows = connection.execute(
        "with known as (select owner, quality_level, st_length(geom) / 1000 as km,"
        " case elevation_source when 'interpolated' then 'measured' else elevation_source end as source"
        " from utility_lines where status <> 'removed' and (%(run)s::bigint is null"
        " or source_file_id in (select id from source_files where run_id = %(run)s)))"
        " select owner, quality_level,"
        " count(*) filter (where source = 'measured'), coalesce(sum(km) filter (where source = 'measured'), 0),"
        " count(*) filter (where source = 'depth'), coalesce(sum(km) filter (where source = 'depth'), 0),"
        " count(*) filter (where source = 'none'), coalesce(sum(km) filter (where source = 'none'), 0)"
        " from known group by 1, 2 order by 1 nulls last, 2 nulls last",
        {"run": run_id},
    )
    return tuple(DepthKnowledge(*row) for row in rows)


def check_network(
    connection: Connection, ground: Ground, run_id: int | None = None, *, on_step: Callable[[], None] = lambda: None
) -> Sanity:
    """Every rule, over the lines of one import run against all others, or over the whole city.

    Needs an owner's connection: the neighbours stand in temporary tables that end with the transaction. `on_step` is
    called `STEPS` times.
    """
    with connection.transaction():
        find_neighbours(connection, run_id, on_step)
        lines, length_km, ends, graded = _count(connection)
        thin = find_thin_cover(connection, ground)
        on_step()
        buried = thin.cover_m >= -NO_COVER_M
        results = [
            _covered(connection, Rule.ABOVE_GROUND, thin.select(~buried), sign=-1),
            _covered(connection, Rule.NO_COVER, thin.select(buried), sign=1),
        ]
        for rule, statement, judged in (
            (Rule.UPHILL, _UPHILL, graded),
            (Rule.LOOSE_END, _LOOSE_ENDS, ends),
            (Rule.NEAR_MISS, _NEAR_MISSES, ends),
            (Rule.DUPLICATE, _DUPLICATES, lines),
        ):
            results.append(_found(connection, rule, statement, judged))
            on_step()
    return Sanity(lines, length_km, tuple(results))


def _filled(statement: str) -> sql.Composed:
    numbers = {"touch": TOUCH_M, "same": SAME_M, "level": LEVEL_M}
    return sql.SQL(statement).format(**{name: sql.Literal(value) for name, value in numbers.items()})


def _count(connection: Connection) -> tuple[int, float, int, int]:
    row = connection.execute(
        "select count(*), coalesce(sum(st_length(geom)), 0) / 1000, 2 * count(*) filter (where not st_isclosed(geom)),"
        " count(*) filter (where z_end is not null) from subjects"
    ).fetchone()
    return row or (0, 0.0, 0, 0)


def _found(connection: Connection, rule: Rule, statement: str, judged: int) -> Result:
    """`statement` yields id, other_id, measure_m, spot (a point) and how bad it is."""
    rows = connection.execute(
        sql.SQL(
            "with found as materialized ({})"
            " select (select count(*) from found), f.id, f.other_id, f.measure_m, st_x(f.spot), st_y(f.spot),"
            " l.discipline, l.owner, s.path, l.source_layer, l.source_row"
            " from (select * from found order by badness desc nulls last, id limit {}) f"
            " join utility_lines l on l.id = f.id left join source_files s on s.id = l.source_file_id"
            " order by f.badness desc nulls last, f.id"
        ).format(_filled(statement), sql.Literal(MOST_EXAMPLES))
    ).fetchall()
    return Result(rule, judged, rows[0][0] if rows else 0, tuple(Example(*row[1:]) for row in rows))


def _covered(connection: Connection, rule: Rule, thin: Thin, *, sign: int) -> Result:
    worst = thin.first(MOST_EXAMPLES)
    measures = (sign * worst.cover_m).round(3).tolist()
    rows = connection.execute(
        "select l.id, null::bigint, f.measure_m, f.x, f.y, l.discipline, l.owner, s.path, l.source_layer, l.source_row"
        " from unnest(%s::bigint[], %s::float8[], %s::float8[], %s::float8[])"
        " with ordinality as f(id, measure_m, x, y, place)"
        " join utility_lines l on l.id = f.id left join source_files s on s.id = l.source_file_id order by f.place",
        (worst.ids.tolist(), measures, *worst.xy.T.tolist()),
    ).fetchall()
    return Result(rule, thin.judged, len(thin.ids), tuple(Example(*row) for row in rows))


_LOOSE_ENDS = """
select id, null::bigint as other_id, outer_width_m as measure_m, p as spot, outer_width_m as badness
from loose where gap_m is null
"""

_NEAR_MISSES = """
select id, other_id, gap_m as measure_m, p as spot, -gap_m as badness from loose where gap_m is not null
"""

# The later copy is the one too many.
_DUPLICATES = """
select distinct on (a.id) a.id, o.id as other_id, null::float8 as measure_m, st_startpoint(a.geom) as spot,
  st_length(a.geom) as badness
from contacts s join contacts e on e.id = s.id and e.other_id = s.other_id and s.side = 0 and e.side = 1
join utility_lines a on a.id = s.id join utility_lines o on o.id = s.other_id
where o.id < a.id and o.discipline = a.discipline
  and (greatest(s.to_start_m, e.to_end_m) <= {same} or greatest(s.to_end_m, e.to_start_m) <= {same})
  and st_hausdorffdistance(a.geom, o.geom) <= {same}
order by a.id, o.id
"""

# Two signs of a wrong invert. `against`: the file states both inverts and this line rises as drawn, unless the file's
# habit is to draw upstream. `between`: at its low end every other line ends low too (no way out), and at its high end
# every other line begins high: exactly the line whose inverts were exchanged. A neighbour of unknown slope acquits.
_UPHILL = """
with habits as (
  select id, z_end - z_start as rise, elevation_source = 'interpolated' as stated,
    count(*) filter (where z_end - z_start > {level} and elevation_source = 'interpolated') over file
      > greatest(2, count(*) filter (where z_end - z_start < -{level} and elevation_source = 'interpolated') over file)
      as upstream
  from subjects where z_end is not null
  window file as (partition by source_file_id, source_layer)),
against as (select id from habits where stated and case when upstream then -rise else rise end > {level}),
slopes as (
  select id, st_z(st_startpoint(axis)) as z_start, st_z(st_endpoint(axis)) as z_end from utility_lines
  where discipline in ('wastewater', 'storm', 'combined') and elevation_source in ('measured', 'interpolated')
    and pressure_bar is null),
neighbours as (
  select c.id, c.side, h.rise * (1 - 2 * c.side) as own,
    case when c.to_start_m <= {touch} then o.z_end - o.z_start when c.to_end_m <= {touch} then o.z_start - o.z_end end
      as other
  from contacts c join habits h on h.id = c.id left join slopes o on o.id = c.other_id where c.gap_m <= {touch}),
between_two as (
  select id from neighbours group by id having count(distinct side) = 2
    and min(abs(own)) > {level} and bool_and(coalesce(other * sign(own), 0) > {level}))
select s.id, null::bigint as other_id, abs(s.z_end - s.z_start) as measure_m, st_startpoint(s.geom) as spot,
  abs(s.z_end - s.z_start) as badness
from subjects s where id in (select id from against union select id from between_two)
"""
