"""How fast 3D is: tubes of 2,080 pipes, and 3D Tiles of a million lines, from the table to the file.

python tests/benchmarks/bench_scene.py [--lines N]
"""

from __future__ import annotations

import argparse
import asyncio
import gzip
import json
import resource
import statistics
import time
from typing import TYPE_CHECKING

import numpy as np
from bench_ogc import LAYER, LINES, STORAGE, say

from layers.blocks import fetch_block, fetch_census
from layers.crs import parse_crs
from layers.database import Audience, Reader, connect, migrate
from layers.embedded import throwaway
from ogc_api.meshes.glb import Look, Model, write_glb
from ogc_api.meshes.sections import round_section
from ogc_api.meshes.table import Table
from ogc_api.meshes.tubes import sweep
from ogc_api.scene.models import write_model
from ogc_api.scene.site import Surroundings
from ogc_api.scene.tileset import write_layer, write_part
from ogc_api.scene.tree import grow, measure_regions, span_heights

if TYPE_CHECKING:
    from collections.abc import Callable

PIPES = 2_080
TILES = 20
ROUNDS = 5


def seconds[T](function: Callable[[], T]) -> tuple[float, T]:
    """Processor time, and what came of it."""
    started = time.process_time()
    result = function()
    return time.process_time() - started, result


def measure_tubes() -> None:
    """Pipes of five points on average, with bends of every kind."""
    random = np.random.default_rng(1)
    counts = random.integers(2, 8, PIPES)
    lines = [np.cumsum(random.normal(0, (5, 5, 0.1), (count, 3)), axis=0) for count in counts]
    starts = np.concatenate([[0], np.cumsum(counts)])
    points, sizes = np.concatenate(lines), np.full((PIPES, 2), 0.2)
    looks, table = [Look("#0057b8")] * PIPES, Table("pipes", (), PIPES)
    rounds = [seconds(lambda: sweep(points, starts, sizes, round_section())) for _ in range(ROUNDS)]
    written, content = seconds(lambda: write_glb(Model(rounds[0][1], looks, table)))
    swept = min(spent for spent, _ in rounds)
    say(f"{PIPES} pipes, {len(points)} points: swept {swept:.3f} s, written {written:.3f} s, {len(content)} bytes")


async def measure_tiles(url: str) -> None:
    reader, storage = Reader(url, Audience.OPERATOR), parse_crs(STORAGE)
    around = Surroundings(storage, None)
    async with reader.tiles.connection() as connection:
        started = time.monotonic()
        census = await fetch_census(connection, LAYER)
        say(f"counted in {time.monotonic() - started:.1f} s: {int(census.count.sum())} bodies in {len(census)} squares")
        relief = np.full((len(census), 3), np.nan)
        heights = span_heights(census, relief, is_flat=False, follows_ground=True, lift_m=0.0)
        spent, forest = seconds(lambda: grow(census, measure_regions(census, heights, storage)))
        nodes = [node for tree in forest.trees for node in tree.below()]
        leaves = [node for node in nodes if not node.children]
        writing, document = seconds(lambda: json.dumps(write_layer(forest, around, LAYER.name)))
        largest = max((node for node in nodes if node.children and node.leaves <= 250), key=lambda n: n.leaves)
        part, _ = seconds(lambda: json.dumps(write_part(largest, around, LAYER.name)))
        say(f"tree of {len(leaves)} tiles: {spent:.2f} s; tileset.json {len(document)} bytes in {writing:.3f} s,")
        say(f"a part of {largest.leaves} tiles in {part:.3f} s")
        queries, models, sizes = [], [], []
        for index in np.random.default_rng(1).choice(len(leaves), TILES):
            block = leaves[index].block
            started = time.monotonic()
            rows = await fetch_block(connection, LAYER, block, 0, storage)
            queries.append(time.monotonic() - started)
            west, south, east, north = block.bounds
            site = around.at((west + east) / 2, (south + north) / 2)
            spent, content = seconds(lambda rows=rows, site=site: write_model(LAYER, rows, site))
            models.append(spent)
            sizes.append((len(content), len(gzip.compress(content, 6)), len(rows)))
    await reader.aclose()
    size, packed, count = max(sizes)
    say(f"a tile: read {statistics.median(queries):.3f} s (worst {max(queries):.3f}), made"
        f" {statistics.median(models):.3f} s (worst {max(models):.3f}); the largest {count} lines, {size} bytes,"
        f" {packed} packed")  # fmt: skip
    say(f"memory {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024} MB")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])  # type: ignore[union-attr]
    parser.add_argument("--lines", type=int, default=1_000_000)
    lines = parser.parse_args().lines
    measure_tubes()
    with throwaway() as url:
        migrate(url, STORAGE)
        with connect(url) as connection:
            connection.execute(LINES, (lines,))
            connection.execute("vacuum analyze utility_lines")
        asyncio.run(measure_tiles(url))


if __name__ == "__main__":
    main()
