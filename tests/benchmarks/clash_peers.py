"""The questions of a clash check put to PostGIS and to trimesh."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import psycopg
import shapely

if TYPE_CHECKING:
    from collections.abc import Sequence

    from layers.database import Connection
    from twin.clash.solids import Excavation

TOP_M = 100.0
# The least that answers: one level floor, one distance, only where the record has an elevation.
ONE_DISTANCE = """
select f.id, st_3ddistance(f.axis, d.solid) from utility_lines f,
  (select st_geomfromtext(%(solid)s, 9214) as solid, st_setsrid(%(wkb)s::geometry, 9214) as area) d
where f.geom && st_expand(d.area, %(margin)s) and st_3ddwithin(f.axis, d.solid, %(margin)s)
"""
# What the check says of each object, as nearly as PostGIS can: plan, recorded 3D and widened distance from all floors.
SAME_ANSWER = """
select f.id, st_distance(f.geom, d.area), min(st_3ddistance(f.axis, d.solid)),
  bool_or(st_3ddwithin(f.axis, d.solid, f.outer_width_m / 2)), bool_or(st_3ddwithin(f.axis, d.solid, f.reach_m + 1.5))
from utility_lines f, (select st_setsrid(%(wkb)s::geometry, 9214) as area, st_geomfromtext(solid, 9214) as solid
                       from unnest(%(solids)s::text[]) as solids(solid)) d
where f.geom && st_expand(d.area, %(margin)s) group by f.id, f.geom, d.area
"""
# Digs in a table, extruded where they are compared, as it is written who has ST_Extrude.
EXTRUDED = """
select d.id, f.id, st_3ddistance(f.axis, st_extrude(st_translate(st_force3d(d.area), 0, 0, d.bottom_m), 0, 0, 20))
from digs d join utility_lines f on f.geom && st_expand(d.area, {margin})
where d.id between {first} and {last} and st_3ddwithin(f.axis,
  st_extrude(st_translate(st_force3d(d.area), 0, 0, d.bottom_m), 0, 0, 20), {margin})
"""
BATCH = """
select d.id, f.id, st_3ddistance(f.axis, d.solid) from digs d
join utility_lines f on f.geom && st_expand(d.area, {margin})
where d.id between {first} and {last} and st_3ddwithin(f.axis, d.solid, {margin})
"""


def closed_surface(polygon: shapely.Polygon, level: Any, high: float = TOP_M) -> str:
    """A floor of some level at each x, y, and all that is above it, as WKT."""
    ring = shapely.get_coordinates(shapely.orient_polygons(polygon)).tolist()[:-1]
    floor, top = [(x, y, level(x, y)) for x, y in ring], [(x, y, high) for x, y in ring]
    faces = [floor[::-1], top, *([floor[k - 1], floor[k], top[k], top[k - 1]] for k in range(len(ring)))]
    texts = ["((" + ",".join(f"{x!r} {y!r} {z!r}" for x, y, z in [*face, face[0]]) + "))" for face in faces]
    return f"POLYHEDRALSURFACE Z({','.join(texts)})"


def ask_distance(connection: Connection, excavation: Excavation, margin_m: float) -> None:
    area, low = excavation.footprint, excavation.bottom_m[0]
    solid = closed_surface(shapely.convex_hull(area), lambda _x, _y: low)
    values = {"margin": margin_m, "wkb": shapely.to_wkb(area), "solid": solid}
    connection.execute(ONE_DISTANCE, values, binary=True).fetchall()


def ask_everything(connection: Connection, excavation: Excavation, margin_m: float) -> None:
    solids = [closed_surface(floor.polygon, floor.level_at) for floor in excavation.floors]
    values = {"margin": margin_m, "wkb": shapely.to_wkb(excavation.footprint), "solids": solids}
    connection.execute(SAME_ANSWER, values, binary=True).fetchall()


def load_digs(connection: Connection, areas: Sequence[shapely.Polygon], bottoms_m: Sequence[float]) -> None:
    connection.execute("create table digs (id integer primary key, area geometry, bottom_m float8, solid geometry)")
    rows = [
        (n, shapely.to_wkb(area), low, closed_surface(area, lambda _x, _y, low=low: low))
        for n, (area, low) in enumerate(zip(areas, bottoms_m, strict=True))
    ]
    with connection.cursor() as cursor:
        cursor.executemany(
            "insert into digs values (%s, st_setsrid(%s::geometry, 9214), %s, st_geomfromtext(%s, 9214))", rows
        )
    connection.execute("analyze digs")


def ask_batch(connection: Connection, statement: str, count: int, margin_m: float, only: int | None = None) -> int:
    """Answer the first digs of the table in one statement, or only one of them."""
    first, last = (0, count - 1) if only is None else (only, only)
    text = statement.format(margin=margin_m, first=first, last=last)
    return len(connection.execute(text.encode(), binary=True).fetchall())


def add_sfcgal(url: str) -> bool:
    """Whether ST_Extrude is there, after its extension was asked for as the cluster's superuser."""
    try:
        with psycopg.connect(url.replace("//twin@", "//postgres@"), autocommit=True) as connection:
            connection.execute("create extension if not exists postgis_sfcgal schema public")
    except psycopg.Error:
        return False
    return True
