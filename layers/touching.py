"""What the ends of lines come near to, for very many of them: portions that lie together are met in memory.

A search of an index for each end costs twenty microseconds and more; a tree over the ends of a portion, two.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import shapely

from layers.database import storage_srid

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from layers.database import Connection

_LINES_AT_ONCE = 10_000
# What lies around is fetched by the boxes around the ends in each cell, so that few lines in a large city fetch little.
_CELL_M = 100.0
# Two libraries measure the same distance alike to much less than this.
_SLACK_M = 0.001
_TABLE = "create temporary table pairs (id bigint, side int, layer text, other_id bigint) on commit drop"
# In order of place: a portion is a patch of the city.
_SUBJECTS = "select id, st_asbinary(geom) from subjects order by geom"
_BOXES = (
    "with boxes as materialized (select st_makeenvelope(west, south, east, north, %(srid)s) as box"
    " from unnest(%(west)s::float8[], %(south)s::float8[], %(east)s::float8[], %(north)s::float8[])"
    " as b (west, south, east, north))"
)
# How near to each thing is near: a node's body ends at its wall.
_AROUND = {
    "utility_lines": (
        "select id, st_asbinary(geom), %(near)s::float8"
        " from boxes join utility_lines on geom && st_expand(box, %(near)s) where status <> 'removed'"
    ),
    "utility_nodes": (
        "select id, st_asbinary(geom), %(touch)s + reach_m - coalesce(horizontal_accuracy_m, 0)"
        " from boxes join utility_nodes on geom && st_expand(box, %(touch)s + (select max(reach_m) from utility_nodes))"
        " where status <> 'removed'"
    ),
    "buildings": (
        "select id, st_asbinary(geom), %(near)s::float8 from boxes join buildings on geom && st_expand(box, %(near)s)"
    ),
}


def find_pairs(connection: Connection, near_m: float, touch_m: float) -> None:
    """Make the table `pairs`: each end (side 0 start, 1 end) of the lines in `subjects`, and what is near it by layer.

    Near is `near_m` from a line or building, `touch_m` from a node's body. Pairs that are farther apart by a
    millimetre may be among them, and a line beside itself is not. The table ends with the transaction.
    """
    connection.execute(_TABLE)
    terms = {"near": near_m + _SLACK_M, "touch": touch_m + _SLACK_M, "srid": storage_srid(connection)}
    with connection.cursor(name="subjects", binary=True) as subjects, connection.cursor(binary=True) as around:
        subjects.execute(_SUBJECTS)
        while rows := subjects.fetchmany(_LINES_AT_ONCE):
            ids = np.array([row[0] for row in rows], dtype=np.int64)
            lines = shapely.from_wkb([row[1] for row in rows])
            ends = np.concatenate([shapely.get_point(lines, 0), shapely.get_point(lines, -1)])
            boxes, tree = _boxes(shapely.get_coordinates(ends)), shapely.STRtree(ends)
            for layer, statement in _AROUND.items():
                others, other, end = _meet(tree, around.execute(f"{_BOXES} {statement}", terms | boxes).fetchall())
                pairs = np.column_stack([ids[end % len(ids)], end // len(ids), others[other]])
                _write(connection, layer, pairs[pairs[:, 0] != pairs[:, 2]] if layer == "utility_lines" else pairs)
    connection.execute("analyze pairs")


def _boxes(xy: NDArray[np.float64]) -> dict[str, list[float]]:
    """The bounds of the points (n, 2) in each cell that has any."""
    column, row = np.floor(xy / _CELL_M).astype(np.int64).T
    key = column * (1 << 32) + row
    order = np.argsort(key)
    first = np.flatnonzero(np.diff(key[order], prepend=key[order[0]] - 1))
    (west, south), (east, north) = (fold.reduceat(xy[order], first).T.tolist() for fold in (np.minimum, np.maximum))
    return {"west": west, "south": south, "east": east, "north": north}


def _meet(
    tree: shapely.STRtree, rows: Sequence[tuple[Any, ...]]
) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]:
    """Numbers of the things (id, WKB, how near is near), and which of them is near which point of the tree."""
    numbers, first = np.unique(np.array([row[0] for row in rows], dtype=np.int64), return_index=True)
    chosen = [rows[i] for i in first.tolist()]
    shapes = np.asarray(shapely.from_wkb(np.array([row[1] for row in chosen], dtype=object)), dtype=object)
    other, end = tree.query(shapes, predicate="dwithin", distance=np.array([row[2] for row in chosen]))
    return numbers, other, end


def _write(connection: Connection, layer: str, pairs: NDArray[np.int64]) -> None:
    with connection.cursor().copy("copy pairs from stdin") as copy:
        copy.write("".join(f"{line}\t{side}\t{layer}\t{other}\n" for line, side, other in pairs.tolist()))
