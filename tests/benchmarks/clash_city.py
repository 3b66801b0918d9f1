"""A made city of one million buried lines on a street grid, written by the server itself."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import rasterio
import shapely
from rasterio.transform import from_origin

if TYPE_CHECKING:
    from pathlib import Path

    from layers.database import Connection

EAST, NORTH = 560_000.0, 1_816_000.0
BLOCK_M = 100.0
_CELL_M = 5.0

# Along each side of each block: five mains at offsets from the street's centre and five house connections.
_LINES = """
insert into utility_lines (discipline, vertical_reference, ground_source, elevation_source, section_shape, owner,
  quality_level, outer_width_m, outer_height_m, geom, axis)
select (array['water','wastewater','storm','power','telecom'])[1 + kind], 'axis', 'none',
  case when known then 'measured' else 'none' end, 'circular', 'Owner ' || kind,
  (array['A','B1','B2','C','D',null])[1 + (number %% 6)], width, width,
  st_setsrid(st_makeline(st_makepoint(x0, y0), st_makepoint(x1, y1)), 9214),
  case when known then st_setsrid(st_makeline(st_makepoint(x0, y0, z), st_makepoint(x1, y1, z - 0.2)), 9214) end
from (
  select kind, number, width, known,
    %(east)s + i * %(block)s + case when across then v0 else u0 end as x0,
    %(north)s + j * %(block)s + case when across then u0 else v0 end as y0,
    %(east)s + i * %(block)s + case when across then v1 else u1 end as x1,
    %(north)s + j * %(block)s + case when across then u1 else v1 end as y1,
    3 + sin(i / 7.0) + cos(j / 9.0) - 0.6 - kind * 0.3 as z
  from generate_series(0, %(blocks)s - 1) i, generate_series(0, %(blocks)s - 1) j, (values (true), (false)) s(across),
  lateral (
    select n %% 5 as kind, (i * 31 + j * 17 + n) as number, 0.1 + (n %% 5) * 0.12 as width,
      (i * 7 + j * 3 + n) %% 6 > 0 as known,
      case when n < 5 then 0 else (n - 4) * 18.5 end as u0, n %% 5 * 2.1 - 4.2 as v0,
      case when n < 5 then %(block)s else (n - 4) * 18.5 end as u1,
      case when n < 5 then n * 2.1 - 4.2 else case when n %% 2 = 0 then 8 else -8 end end as v1
    from generate_series(0, 9) n
  ) l
) w
"""


def build_city(connection: Connection, folder: Path, lines: int = 1_000_000) -> int:
    """Fill an empty, migrated database in EPSG:9214 and write its terrain below `folder`; returns blocks a side."""
    blocks = int(np.ceil(np.sqrt(lines / 20)))
    connection.execute(_LINES, {"east": EAST, "north": NORTH, "block": BLOCK_M, "blocks": blocks})
    side = (blocks + 2) * BLOCK_M
    bounds = (EAST - BLOCK_M, NORTH - BLOCK_M, EAST + side, NORTH + side)
    connection.execute(
        "insert into boundaries (level, name, geom)"
        " values ('city', 'x', st_multi(st_makeenvelope(%s, %s, %s, %s, 9214)))",
        bounds,
    )
    _write_terrain(connection, folder, bounds)
    connection.execute("vacuum analyze utility_lines")
    return blocks


def _write_terrain(connection: Connection, folder: Path, bounds: tuple[float, float, float, float]) -> None:
    west, south, east, north = bounds
    columns, rows = int((east - west) / _CELL_M), int((north - south) / _CELL_M)
    x, y = np.meshgrid(west + (np.arange(columns) + 0.5) * _CELL_M, north - (np.arange(rows) + 0.5) * _CELL_M)
    heights = 3 + np.sin((x - EAST) / (7 * BLOCK_M)) + np.cos((y - NORTH) / (9 * BLOCK_M))
    (folder / "terrain").mkdir(parents=True, exist_ok=True)
    with rasterio.open(
        folder / "terrain" / "dem.tif", "w", driver="GTiff", width=columns, height=rows, count=1, dtype="float32",
        crs="EPSG:9214", transform=from_origin(west, north, _CELL_M, _CELL_M), tiled=True,
        blockxsize=256, blockysize=256,
    ) as out:  # fmt: skip
        out.write(heights.astype("float32"), 1)
    connection.execute(
        "insert into terrain (name, path, resolution_m, geom) values"
        " ('dem', 'terrain/dem.tif', %s, st_multi(st_makeenvelope(%s, %s, %s, %s, 9214)))",
        (_CELL_M, *bounds),
    )


def place_trenches(blocks: int, count: int, seed: int = 1) -> list[shapely.Polygon]:
    """Trenches of 200 m × 1 m along streets, spread over the city."""
    rng = np.random.default_rng(seed)
    found = []
    for _ in range(count):
        i, j = rng.integers(0, blocks - 2, 2)
        along, across = float(rng.uniform(0, BLOCK_M)), float(rng.uniform(-5, 5))
        x, y = EAST + i * BLOCK_M + along, NORTH + j * BLOCK_M + across
        found.append(shapely.box(x, y, x + 2 * BLOCK_M, y + 1.0))
    return found
