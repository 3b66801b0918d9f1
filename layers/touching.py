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

_LINES_AT_ONCE = 50_000
# Two libraries measure the same distance alike to much less than this.
_SLACK_M = 0.001
_TABLE = "create temporary table pairs (id bigint, side int, layer text, other_id bigint) on commit drop"
# In order of place: a portion is a patch of the city.
_SUBJECTS = "select id, st_asbinary(geom) from subjects order by geom"
# What lies around a box, and how near to each thing is near: a node's body ends at its wall.
_AROUND = {
    "utility_lines": (
        "select id, st_asbinary(geom), %(near)s::float8 from utility_lines, {box} where status <> 'removed'"
        " and geom && st_expand(box, %(near)s)"
    ),
    "utility_nodes": (
        "select id, st_asbinary(geom), %(touch)s + reach_m - coalesce(horizontal_accuracy_m, 0)"
        " from utility_nodes, {box}, (select max(reach_m) as most_m from utility_nodes) m"
        " where status <> 'removed' and geom && st_expand(box, %(touch)s + most_m)"
    ),
    "buildings": (
        "select id, st_asbinary(geom), %(near)s::float8 from buildings, {box} where geom && st_expand(box, %(near)s)"
    ),
}
_BOX = "(select st_makeenvelope(%(west)s, %(south)s, %(east)s, %(north)s, %(srid)s) as box) b"


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
            ids, lines = _decode(rows)
            ends = np.concatenate([shapely.get_point(lines, 0), shapely.get_point(lines, -1)])
            box = dict(zip(("west", "south", "east", "north"), shapely.total_bounds(ends).tolist(), strict=True))
            tree = shapely.STRtree(ends)
            for layer, statement in _AROUND.items():
                found = around.execute(statement.format(box=_BOX), terms | box).fetchall()
                others, shapes = _decode(found)
                within_m = np.array([row[2] for row in found], dtype=np.float64)
                other, end = tree.query(shapes, predicate="dwithin", distance=within_m)
                pairs = np.column_stack([ids[end % len(ids)], end // len(ids), others[other]])
                _write(connection, layer, pairs[pairs[:, 0] != pairs[:, 2]] if layer == "utility_lines" else pairs)
    connection.execute("analyze pairs")


def _decode(rows: Sequence[tuple[Any, ...]]) -> tuple[NDArray[np.int64], NDArray[np.object_]]:
    ids, wkb = np.array([row[0] for row in rows], dtype=np.int64), [row[1] for row in rows]
    return ids, np.asarray(shapely.from_wkb(np.array(wkb, dtype=object)), dtype=object)


def _write(connection: Connection, layer: str, pairs: NDArray[np.int64]) -> None:
    with connection.cursor().copy("copy pairs from stdin") as copy:
        copy.write("".join(f"{line}\t{side}\t{layer}\t{other}\n" for line, side, other in pairs.tolist()))
