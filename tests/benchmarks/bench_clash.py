"""One clash check beside the query for its candidates and beside PostGIS; the argument is how many lines lie there."""

from __future__ import annotations

import statistics
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING

import shapely

sys.path.insert(0, str(Path(__file__).parent))

from clash_city import build_city, place_trenches

from layers.catalog import find_layer
from layers.crs import parse_crs
from layers.database import connect, migrate
from layers.embedded import create_database, throwaway
from layers.features import find_near
from layers.terrain import read_ground
from twin.clash.check import check
from twin.clash.dig import PlannedDig

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from layers.database import Connection

STORAGE = "EPSG:9214"
MARGIN_M, DEPTH_M = 9.6, 1.5
# The like question put to PostGIS: candidates by the index, then the 3D distance to a closed surface, level at 1.5 m.
POSTGIS = """
select f.id, st_3ddistance(f.axis, dig.solid)
from utility_lines f, (select st_geomfromtext(%s, 9214) as solid) dig
where f.geom && st_expand(dig.solid, %s) and f.axis is not null
  and st_3ddwithin(f.axis, dig.solid, %s)
"""


def main(lines: int) -> None:
    with throwaway() as url, tempfile.TemporaryDirectory() as folder:
        city = create_database(url, "bench")
        migrate(city, STORAGE)
        with connect(city) as connection:
            blocks = build_city(connection, Path(folder), lines)
            report(connection, Path(folder), place_trenches(blocks, 60))


def report(connection: Connection, folder: Path, trenches: Sequence[shapely.Polygon]) -> None:
    ground, storage = read_ground(connection, folder), parse_crs(STORAGE)
    layer = find_layer("utility_lines")
    candidates = statistics.mean(len(find_near(connection, layer, trench, MARGIN_M)) for trench in trenches)
    query = median_ms(trenches, lambda trench: find_near(connection, layer, trench, MARGIN_M))
    whole = median_ms(trenches, lambda trench: check(connection, ground, PlannedDig("x", trench, DEPTH_M, storage)))
    print(f"candidates a trench     {candidates:8.1f}")
    print(f"candidate query alone   {query:8.2f} ms")
    print(f"one check in process    {whole:8.2f} ms   {whole / query:6.2f} x the query")
    postgis = median_ms(trenches, lambda trench: ask_postgis(connection, trench))
    print(f"PostGIS formulation     {postgis:8.2f} ms   {postgis / whole:6.2f} x the check")


def ask_postgis(connection: Connection, trench: shapely.Polygon) -> None:
    connection.execute(POSTGIS, [closed_surface(trench), MARGIN_M, MARGIN_M]).fetchall()


def closed_surface(trench: shapely.Polygon, low: float = 1.5, high: float = 100.0) -> str:
    ring = shapely.get_coordinates(shapely.orient_polygons(trench)).tolist()[:-1]
    floor, top = [(x, y, low) for x, y in ring], [(x, y, high) for x, y in ring]
    faces = [floor[::-1], top, *([floor[k - 1], floor[k], top[k], top[k - 1]] for k in range(len(ring)))]
    texts = ["((" + ",".join(f"{x!r} {y!r} {z!r}" for x, y, z in [*face, face[0]]) + "))" for face in faces]
    return f"POLYHEDRALSURFACE Z({','.join(texts)})"


def median_ms(trenches: Sequence[shapely.Polygon], run: Callable[[shapely.Polygon], object]) -> float:
    times = []
    for trench in trenches:
        start = time.perf_counter()
        run(trench)
        times.append((time.perf_counter() - start) * 1000)
    return statistics.median(times[5:])


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 1_000_000)
