"""The city as a small picture: geometries drawn by PostGIS on a coarse grid, so that its size is bounded."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import shapely
from psycopg import sql

if TYPE_CHECKING:
    from collections.abc import Sequence

    from layers.database import Connection

WIDTH, HEIGHT = 2000, 1500
# Table, and how many bytes of paths it may fill. What was delivered first is drawn lowest.
_BUDGETS = {
    "boundaries": 15_000,
    "parcels": 45_000,
    "buildings": 55_000,
    "roads": 25_000,
    "utility_lines": 130_000,
}
# A stroke takes six bytes at least: so many fill the largest share.
_MOST_SHAPES = 40_000
# Side of a cell in units.
_CELL = 25
_MARGIN = 0.02
_LEAST_MARGIN_M = 10.0


@dataclass(frozen=True, slots=True)
class Drawn:
    """SVG path data of one table (and discipline, of utilities), and how many of its features are in it."""

    table: str
    discipline: str | None
    path: str
    drawn: int
    features: int


@dataclass(frozen=True, slots=True)
class Overview:
    """Picture of `width` by `height` units; x = (east - west) / unit_m, y = (north - northing) / unit_m."""

    west: float
    north: float
    unit_m: float
    width: int
    height: int
    drawn: tuple[Drawn, ...]


def read_overview(connection: Connection, run_id: int | None = None) -> Overview | None:
    """What one import run, or every import, brought; None where nothing can be drawn.

    Points closer than a unit become one, equal strokes are drawn once, and where a table would fill more than its
    share of bytes the longest features of every cell are kept, of every discipline as many, so that no part of the
    city looks empty; only `_MOST_SHAPES` of each are tried.
    """
    bounds = _bounds(connection, run_id)
    if bounds is None:
        return None
    west, south, east, north = bounds
    unit_m = max((east - west) / WIDTH, (north - south) / HEIGHT)
    size = (round((east - west) / unit_m), round((north - south) / unit_m))
    frame = {"west": west, "south": south, "east": east, "north": north, "unit": unit_m, "cell": _CELL * unit_m}
    drawn = [Drawn(table, *row) for table in _BUDGETS for row in _paths(connection, table, run_id, frame)]
    return Overview(west, north, unit_m, *size, tuple(drawn))


def read_quarantined(
    connection: Connection, run_id: int | None, misplaced: Sequence[str], limit: int
) -> tuple[int, list[tuple[shapely.Geometry, str]]]:
    """How many refused rows have a geometry, and some from all over as delivered with the CRS that they name.

    misplaced: faults that cast doubt on that CRS; such rows are counted, but do not come.
    """
    held = (
        "from quarantined_rows q join source_files f on f.id = q.source_file_id"
        " where q.geom is not null and f.replaced_by is null and (%(run)s::bigint is null or f.run_id = %(run)s)"
    )
    named = {"run": run_id, "misplaced": list(misplaced), "limit": limit}
    total = connection.execute(f"select count(*) {held}", named).fetchone() or (0,)
    rows = connection.execute(
        f"select st_asbinary(q.geom), q.source_crs {held} and q.source_crs is not null"
        " and q.fault <> all(%(misplaced)s) order by hashint8(q.id), q.id limit %(limit)s",
        named,
    ).fetchall()
    with np.errstate(invalid="ignore"):  # a row may be refused because it holds NaN
        return total[0], [(shapely.from_wkb(wkb), crs) for wkb, crs in rows]


def _bounds(connection: Connection, run_id: int | None) -> tuple[float, float, float, float] | None:
    """West, south, east, north of what lies in the city, or else of its boundaries, with a margin."""
    for tables in (tuple(_BUDGETS)[1:], ("boundaries",)):
        extents = sql.SQL(" union all ").join(
            sql.SQL("select st_extent(geom)::geometry as e from {} where {}").format(sql.Identifier(t), _of(run_id))
            for t in tables
        )
        statement = (
            "select st_xmin(b), st_ymin(b), st_xmax(b), st_ymax(b) from (select st_extent(e) as b from ({}) t) u"
        )
        row = connection.execute(sql.SQL(statement).format(extents)).fetchone()
        if row is not None and row[0] is not None:
            west, south, east, north = row
            margin = max(_MARGIN * (east - west), _MARGIN * (north - south), _LEAST_MARGIN_M)
            return west - margin, south - margin, east + margin, north + margin
    return None


def _of(run_id: int | None) -> sql.Composed:
    return sql.SQL(
        "({run}::bigint is null or source_file_id in (select id from source_files where run_id = {run}))"
    ).format(run=sql.Literal(run_id))


def _paths(
    connection: Connection, table: str, run_id: int | None, frame: dict[str, float]
) -> list[tuple[str | None, str, int, int]]:
    statement = sql.SQL(_DRAW).format(
        table=sql.Identifier(table),
        discipline=sql.SQL("discipline" if table == "utility_lines" else "null::text"),
        run=_of(run_id),
        budget=sql.Literal(_BUDGETS[table]),
        most=sql.Literal(_MOST_SHAPES),
        **{name: sql.Literal(value) for name, value in frame.items()},
    )
    return connection.execute(statement).fetchall()


# ST_AsSVG turns y about, so the northern edge becomes 0. Relative moves on whole units keep a stroke short.
_DRAW = r"""
with frame as (select st_makeenvelope({west}, {south}, {east}, {north}, st_srid(geom)) as box from {table} limit 1),
placed as (
  select id, {discipline} as kind, st_length2d(st_boundingdiagonal(geom)) as size,
    floor((st_xmin(geom) - {west}) / {cell}) as east, floor((st_ymin(geom) - {south}) / {cell}) as north
  from {table}, frame where {run} and geom && box),
turns as (
  select id, kind, size, row_number() over (partition by kind, east, north order by size desc, hashint8(id)) as turn
  from placed),
chosen as (
  select id, kind, size, turn, count(*) over (partition by kind) as features,
    row_number() over (partition by kind order by turn, size desc, hashint8(id)) as place
  from turns),
shapes as (
  select kind, size, turn,
    st_assvg(st_snaptogrid(st_simplify(st_transscale(
      case when geom @ box then geom else st_clipbybox2d(geom, st_expand(box, {unit})) end,
      -{west}, -{north}, 1 / {unit}, 1 / {unit}), 0.7), 1), 1, 0) as svg
  from chosen join {table} using (id), frame where place <= {most}),
strokes as (
  select kind, max(size) as size, min(turn) as turn, count(*) as features,
    replace(regexp_replace(svg, ' ?([MLlz]) ?', '\1', 'g'), ' -', '-') as stroke
  from shapes group by kind, svg),
ranked as (
  select *, row_number() over (partition by kind order by turn, size desc, hashtext(stroke)) as place
  from strokes where stroke <> ''),
weighed as (select *, sum(octet_length(stroke)) over (order by place, kind) as used from ranked),
drawn as (
  select kind, string_agg(stroke, '' order by place) as path, sum(features) as drawn
  from weighed where used <= {budget} group by kind)
select c.kind, coalesce(d.path, ''), coalesce(d.drawn, 0)::bigint, c.features
from (select distinct kind, features from chosen) c left join drawn d on d.kind is not distinct from c.kind
order by 1
"""
