"""The lines that are looked at, their ends, and what those ends meet: temporary tables of one transaction.

Each end looks once for the lines around it, and every rule about ends, neighbours and copies reads what was found.
Lines that were taken out of the ground are left aside. Metres, storage CRS.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from psycopg import sql

from layers.touching import find_pairs

if TYPE_CHECKING:
    from collections.abc import Callable

    from layers.database import Connection

# Ends nearer than this are drawn as one point; farther than `NEAR_M` nobody meant them to meet.
TOUCH_M = 0.05
NEAR_M = 0.5


def find_neighbours(connection: Connection, run_id: int | None, on_step: Callable[[], None] = lambda: None) -> None:
    """Make the tables `subjects`, `ends`, `contacts` and `loose` for one import run, or for the whole city.

    Others than the subjects count as neighbours too. The tables end with the transaction that is open. `on_step` is
    called `STEPS` times.
    """
    numbers = {"touch": TOUCH_M, "near": NEAR_M, "run": run_id}
    literals = {name: sql.Literal(value) for name, value in numbers.items()}
    for statement in _LINES:
        connection.execute(sql.SQL(statement).format(**literals))
        on_step()
    find_pairs(connection, NEAR_M, TOUCH_M)
    on_step()
    for statement in _MEETINGS:
        connection.execute(sql.SQL(statement).format(**literals))
        on_step()


# z_start, z_end: of lines that should flow by gravity and whose inverts do not merely follow the terrain.
# partners: whose lines and nodes a line may end at; a combined sewer takes both kinds of water.
_SUBJECTS = """
create temporary table subjects on commit drop as
select id, geom, source_file_id, source_layer, elevation_source, outer_width_m,
  case when gravity then st_z(st_startpoint(axis)) end as z_start,
  case when gravity then st_z(st_endpoint(axis)) end as z_end,
  case discipline
    when 'combined' then array['combined', 'wastewater', 'storm']
    when 'wastewater' then array['wastewater', 'combined']
    when 'storm' then array['storm', 'combined']
    else array[discipline] end as partners
from utility_lines l, lateral (select discipline in ('wastewater', 'storm', 'combined') and pressure_bar is null
  and elevation_source in ('measured', 'interpolated') as gravity) g
where status <> 'removed'
  and ({run}::bigint is null or source_file_id in (select id from source_files where run_id = {run}))
"""

_ENDS = """
create temporary table ends on commit drop as
select id, partners, outer_width_m, st_isclosed(geom) as closed, side,
  case side when 0 then st_startpoint(geom) else st_endpoint(geom) end as p
from subjects, generate_series(0, 1) as side
"""

# to_start, to_end: from this end to those of the other line.
_CONTACTS = """
create temporary table contacts on commit drop as
select e.id, e.side, o.id as other_id, st_distance(o.geom, e.p) as gap_m,
  st_distance(st_startpoint(o.geom), e.p) as to_start_m, st_distance(st_endpoint(o.geom), e.p) as to_end_m
from pairs join ends e using (id, side) join utility_lines o on o.id = pairs.other_id
where pairs.layer = 'utility_lines' and o.discipline = any(e.partners) and st_dwithin(o.geom, e.p, {near})
"""

# Beyond the boundaries, or around what was delivered where none is known, a network may well go on.
_EDGES = """
create temporary table edges on commit drop as
select st_subdivide(st_boundary(geom), 128) as geom from boundaries
union all select st_boundary(st_setsrid(st_extent(geom)::geometry, st_srid(min(geom)))) from subjects
  where not exists (select from boundaries) having count(*) > 0
"""

_EDGES_INDEX = "create index on edges using gist (geom)"

# Ends that meet nothing: no line, no node's body, no house, no edge of the city. `gap_m` to the nearest line in reach.
_LOOSE = """
create temporary table loose on commit drop as
select e.id, e.p, e.outer_width_m, c.gap_m, c.other_id from ends e
left join (select distinct on (id, side) id, side, gap_m, other_id from contacts order by id, side, gap_m, other_id) c
  using (id, side)
where not e.closed and (c.gap_m is null or c.gap_m > {touch})
  and not exists (select from pairs join utility_nodes n on n.id = other_id
    where layer = 'utility_nodes' and (pairs.id, side) = (e.id, e.side) and n.discipline = any(e.partners)
    and st_dwithin(n.geom, e.p, {touch} + n.reach_m - coalesce(n.horizontal_accuracy_m, 0)))
  and not exists (select from pairs join buildings b on b.id = other_id
    where layer = 'buildings' and (pairs.id, side) = (e.id, e.side) and st_dwithin(b.geom, e.p, {near}))
  and not exists (select from edges where st_dwithin(edges.geom, e.p, {near}))
"""

_LINES = (_SUBJECTS, "analyze subjects", _ENDS, "analyze ends")
_MEETINGS = (_CONTACTS, "analyze contacts", _EDGES, _EDGES_INDEX, _LOOSE)
STEPS = len(_LINES) + 1 + len(_MEETINGS)
