"""Solids that are given by their faces, polygons in space."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import shapely

from ogc_api.meshes.mesh import Mesh
from ogc_api.meshes.plans import find_rows, turn_left

if TYPE_CHECKING:
    from ogc_api.meshes.mesh import Flags, Floats, Integers
    from ogc_api.meshes.plans import Polygons

# Beyond it two corners of neighbouring faces are two.
_SAME_M = 1e-3


@dataclass(frozen=True, slots=True, eq=False)
class Faces:
    """Flat faces of solids: `points` (n, 3), `triangles` (t, 3) of them, `normals` (n, 3), whose solid each point is.

    No two faces share a point. `is_closed` (m,) says which solids are: every edge has one other in the opposite
    direction, and the volume is positive; faces of solids that were turned inside out are turned back.
    """

    points: Floats
    triangles: Integers
    normals: Floats
    owners: Integers
    is_closed: Flags

    def at(self, places: Floats, normals: Floats) -> Mesh:
        """The mesh with its points elsewhere: `places` and `normals` (n, 3) in another frame."""
        return Mesh(places, normals, self.triangles, self.owners)


def open_faces(solids: Polygons) -> Faces:
    """The faces of solids, each a MultiPolygon with z, in their order."""
    polygons, owner = shapely.get_parts(solids, return_index=True)
    _, points, (ring_starts, polygon_starts) = shapely.to_ragged_array(polygons, include_z=True)
    ring_starts, polygon_starts = ring_starts.astype(np.int64), polygon_starts.astype(np.int64)
    ring = np.repeat(np.arange(len(ring_starts) - 1), np.diff(ring_starts))
    face = np.repeat(np.arange(len(polygons)), np.diff(polygon_starts))[ring]
    is_last = np.zeros(len(points), dtype=bool)
    is_last[ring_starts[1:] - 1] = True
    following = np.arange(len(points))[~is_last] + 1
    areas = np.zeros((len(polygons), 3))
    origin = points[ring_starts[polygon_starts[:-1]]]
    here, there = points[~is_last] - origin[face[~is_last]], points[following] - origin[face[~is_last]]
    np.add.at(areas, face[~is_last], np.cross(here, there) / 2)
    triangles = _triangles(points, face, is_last, areas)
    closed, inside_out = _judge(points, triangles, owner[face], len(solids))
    turned = inside_out[owner[face][triangles[:, 0]]]
    triangles = np.where(turned[:, None], triangles[:, ::-1], triangles)
    areas = np.where(inside_out[owner][:, None], -areas, areas)
    length = np.sqrt((areas**2).sum(axis=1, keepdims=True))
    normals = np.divide(areas, length, out=np.zeros_like(areas), where=length > 0)
    return Faces(points, triangles, normals[face], owner[face], closed)


def _triangles(points: Floats, face: Integers, is_last: Flags, areas: Floats) -> Integers:
    """Triangles of every face, between its corners alone, turning as the face does."""
    places = np.flatnonzero(~is_last)
    # Seen along the axis to which a face is most square; the order of the two others keeps what turns left so.
    axis = np.abs(areas).argmax(axis=1)
    is_negative = np.take_along_axis(areas, axis[:, None], axis=1)[:, 0] < 0
    first, second = (axis + 1) % 3, (axis + 2) % 3
    first, second = np.where(is_negative, second, first), np.where(is_negative, first, second)
    flat = np.column_stack([np.take_along_axis(points, axes[face][:, None], axis=1)[:, 0] for axes in (first, second)])
    corners = np.bincount(face[places], minlength=len(areas))
    begins = places[np.searchsorted(face[places], np.arange(len(areas)))]
    rings = np.bincount(face[is_last], minlength=len(areas))
    plain = (rings == 1) & (corners == 3)
    made = [begins[plain][:, None] + np.arange(3)]
    others = np.flatnonzero(~plain)
    if len(others):
        made += _cut(flat, face, is_last, others, begins, corners, rings)
    return np.concatenate(made)


def _cut(  # noqa: PLR0913, PLR0917 - what is known of faces, each an array
    flat: Floats,
    face: Integers,
    is_last: Flags,
    others: Integers,
    begins: Integers,
    corners: Integers,
    rings: Integers,
) -> list[Integers]:
    chosen = np.isin(face, others)
    ends = np.flatnonzero(is_last[chosen]) + 1
    ring_starts = np.concatenate([[0], ends])
    polygon_starts = np.concatenate([[0], np.cumsum(rings[others])])
    polygons = shapely.from_ragged_array(shapely.GeometryType.POLYGON, flat[chosen], (ring_starts, polygon_starts))
    cut, index = shapely.get_parts(shapely.constrained_delaunay_triangles(polygons), return_index=True)
    # Each corner is used: n corners and h holes make n + 2 h - 2 triangles. What does not is cut as a fan.
    is_whole = np.bincount(index, minlength=len(others)) == corners[others] + 2 * rings[others] - 4
    is_whole &= shapely.is_valid(polygons)
    cut, index = cut[is_whole[index]], index[is_whole[index]]
    at = np.flatnonzero(~is_last)
    keys = np.column_stack(
        [np.repeat(others[index], 3), shapely.get_coordinates(cut).reshape(-1, 4, 2)[:, :3].reshape(-1, 2)]
    )
    found = at[find_rows(np.column_stack([face[at], flat[at]]), keys)].reshape(-1, 3)
    fans = [
        begins[f] + np.column_stack([np.zeros(n, np.int64), np.arange(1, n + 1), np.arange(2, n + 2)])
        for f, n in zip(others[~is_whole].tolist(), (corners[others[~is_whole]] - 2).tolist(), strict=True)
        if rings[f] == 1
    ]
    return [turn_left(found, flat), *fans]


def _judge(points: Floats, triangles: Integers, owner: Integers, count: int) -> tuple[Flags, Flags]:
    """Which solids are closed, and which of them are inside out."""
    centre = np.zeros((count, 3))
    np.add.at(centre, owner, points)
    centre /= np.maximum(np.bincount(owner, minlength=count), 1)[:, None]
    a, b, c = (points[triangles[:, i]] - centre[owner[triangles[:, i]]] for i in range(3))
    volume = np.bincount(owner[triangles[:, 0]], (a * np.cross(b, c)).sum(axis=1) / 6, minlength=count)
    rounded = np.column_stack([owner, np.round(points / _SAME_M)]).astype(np.int64)
    _, place = np.unique(rounded, axis=0, return_inverse=True)
    corners = place.reshape(-1)[triangles]
    edges = np.concatenate([corners[:, [0, 1]], corners[:, [1, 2]], corners[:, [2, 0]]])
    of_edge = np.tile(owner[triangles[:, 0]], 3)
    ways = np.where(edges[:, 0] < edges[:, 1], 1, -1)
    _, edge = np.unique(np.sort(edges, axis=1), axis=0, return_inverse=True)
    edge = edge.reshape(-1)
    balance, used = np.bincount(edge, ways), np.bincount(edge)
    is_open = np.zeros(count, dtype=bool)
    is_real = edges[:, 0] != edges[:, 1]
    is_open[of_edge[((balance[edge] != 0) | (used[edge] % 2 == 1)) & is_real]] = True
    return ~is_open & (np.abs(volume) > 0), ~is_open & (volume < 0)
