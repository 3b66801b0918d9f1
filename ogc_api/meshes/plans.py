"""Polygons in plan: their rings without needless corners, and triangles between these corners."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import shapely
from numpy.typing import NDArray

from ogc_api.meshes.paths import Paths, straighten

if TYPE_CHECKING:
    from ogc_api.meshes.mesh import Floats, Integers

type Polygons = NDArray[np.object_]


@dataclass(frozen=True, slots=True, eq=False)
class Plan:
    """`rings` turn left, those of holes right; `triangles` (t, 3) of their points turn left.

    `owners` (n,) say whose polygon each point belongs to.
    """

    rings: Paths
    triangles: Integers
    owners: Integers


def lay_out(polygons: Polygons, owners: Integers) -> Plan:
    """Valid polygons (m,), of the features `owners` (m,), as rings and triangles; z is not looked at."""
    turned = shapely.orient_polygons(shapely.force_2d(polygons), exterior_cw=False)
    points, (ring_starts, polygon_starts) = _ragged(turned)
    counts = np.diff(polygon_starts)
    closed = np.ones(len(ring_starts) - 1, dtype=bool)
    # The last point of a ring is its first.
    kept = np.ones(len(points), dtype=bool)
    kept[ring_starts[1:] - 1] = False
    rings = straighten(Paths(points, ring_starts, closed).keep(kept))
    of_ring = np.repeat(np.arange(len(counts)), counts)
    of_point = np.repeat(of_ring, rings.lengths)
    return Plan(rings, _triangles(rings, of_point, polygon_starts), owners[of_point])


def _ragged(polygons: Polygons) -> tuple[Floats, tuple[Integers, Integers]]:
    kind, points, (rings, *outer) = shapely.to_ragged_array(polygons)
    if kind == shapely.GeometryType.MULTIPOLYGON:
        raise ValueError("polygons are wanted, one part each")
    return points, (rings.astype(np.int64), outer[0].astype(np.int64))


def _triangles(rings: Paths, of_point: Integers, polygon_starts: Integers) -> Integers:
    repeated = np.insert(rings.points, rings.starts[1:], rings.points[rings.starts[:-1]], axis=0)
    starts = rings.starts + np.arange(len(rings.starts))
    simpler = shapely.from_ragged_array(shapely.GeometryType.POLYGON, repeated, (starts, polygon_starts))
    cut, polygon = shapely.get_parts(shapely.constrained_delaunay_triangles(simpler), return_index=True)
    corners = shapely.get_coordinates(cut).reshape(-1, 4, 2)[:, :3]
    keys = np.column_stack([np.repeat(polygon, 3), corners.reshape(-1, 2)])
    found = find_rows(np.column_stack([of_point, rings.points]), keys).reshape(-1, 3)
    return turn_left(found, rings.points)


def find_rows(rows: NDArray[Any], wanted: NDArray[Any]) -> Integers:
    """Where each wanted row stands among rows (n, k), which hold it exactly."""
    order = np.lexsort(rows.T[::-1])
    kind = np.dtype([(f"f{i}", np.float64) for i in range(rows.shape[1])])
    sorted_rows = np.ascontiguousarray(rows[order], dtype=np.float64).view(kind).reshape(-1)
    places = np.searchsorted(sorted_rows, np.ascontiguousarray(wanted, dtype=np.float64).view(kind).reshape(-1))
    return np.asarray(order[places])


def turn_left(triangles: Integers, points: Floats) -> Integers:
    """Triangles of points (n, 2), those that turn right turned round."""
    a, b, c = (points[triangles[:, i], :2] for i in range(3))
    (ux, uy), (vx, vy) = (b - a).T, (c - a).T
    is_right = ux * vy < uy * vx
    return np.where(is_right[:, None], triangles[:, ::-1], triangles)
