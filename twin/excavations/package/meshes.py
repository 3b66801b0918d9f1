"""Closed meshes of pipes and shafts; faces turn left when seen from outside."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import shapely

from twin.excavations.package.bodies import half_width_m, is_node, section_of

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from twin.clash.report import Clash
    from twin.clash.solids import Floats

_CORNERS = 16
# Joints are mitred up to this bend; sharper ones are cut off.
_LEAST_COSINE = 0.35
_REPEATED_M = 1e-3


@dataclass(frozen=True, slots=True, eq=False)
class Mesh:
    """`vertices` (n, 3) x, y, z in the report's CRS, `faces` (m, 3)."""

    vertices: Floats
    faces: NDArray[np.int64]


def object_mesh(clash: Clash) -> Mesh | None:
    """None where the elevation is not known, and where the record has no extent."""
    if clash.axis.shape[1] == 2:
        return None
    if is_node(clash):
        low, high = clash.axis[:, 2].min(), clash.axis[:, 2].max()
        ring = clash.axis[0, :2] + half_width_m(clash) * circle(_CORNERS)
        return _extrude(ring, float(low), float(high)) if high - low > _REPEATED_M else None
    axis = distinct(clash.axis)
    return None if len(axis) < 2 else sweep(axis, _outline(clash))


def sweep(axis: Floats, outline: Floats) -> Mesh:
    """An outline (k, 2), right and up, along an axis (n, 3), closed at both ends, mitred at its bends."""
    steps = np.diff(axis, axis=0)
    steps /= np.linalg.norm(steps, axis=1, keepdims=True)
    before, after = np.vstack([steps[:1], steps]), np.vstack([steps, steps[-1:]])
    ahead = before + after
    ahead /= np.maximum(np.linalg.norm(ahead, axis=1, keepdims=True), 1e-9)
    cosine = np.clip((ahead * after).sum(axis=1), _LEAST_COSINE, 1.0)
    upright = np.where(np.abs(ahead[:, 2:]) > 0.95, (1.0, 0.0, 0.0), (0.0, 0.0, 1.0))
    right = np.cross(ahead, upright)
    right /= np.linalg.norm(right, axis=1, keepdims=True)
    above = np.cross(right, ahead)
    ring = outline[None, :, :1] * right[:, None] + outline[None, :, 1:] * above[:, None]
    bend = after - before
    length = np.linalg.norm(bend, axis=1, keepdims=True)
    bend = np.divide(bend, length, out=np.zeros_like(bend), where=length > 1e-9)
    stretch = ((1 / cosine - 1)[:, None] * (ring * bend[:, None]).sum(axis=2))[..., None] * bend[:, None]
    vertices = (axis[:, None] + ring + stretch).reshape(-1, 3)
    return Mesh(vertices, _tube_faces(len(axis), len(outline)))


def _tube_faces(rings: int, corners: int) -> NDArray[np.int64]:
    i, j = np.arange(rings - 1)[:, None] * corners, np.arange(corners)
    a, b = i + j, i + (j + 1) % corners
    sides = np.stack([np.stack([a, b, b + corners], axis=-1), np.stack([a, b + corners, a + corners], axis=-1)], axis=2)
    fan = np.stack([np.zeros(corners - 2, dtype=int), np.arange(2, corners), np.arange(1, corners - 1)], axis=-1)
    last = (rings - 1) * corners
    return np.vstack([sides.reshape(-1, 3)[:, ::-1], fan[:, ::-1], fan + last]).astype(np.int64)


def _outline(clash: Clash) -> Floats:
    """The section about the axis, turning left."""
    section = section_of(clash)
    if section.shape in ("circular", "egg"):
        ring = circle(_CORNERS)
        across = ring[:, 0] * section.width_m / 2
        low, high = section.heights(across)
        return np.column_stack([across, np.where(ring[:, 1] >= 0, high, low)])
    half, rise = section.width_m / 2, section.height_m / 2
    return np.array([[-half, -rise], [half, -rise], [half, rise], [-half, rise]])


def laid_mesh(size_m: tuple[float, float], axis: Floats, *, is_round: bool) -> Mesh | None:
    """What will be laid about an axis; None where its elevation does not follow from the plans."""
    if axis.shape[1] == 2:
        return None
    half, rise = size_m[0] / 2, size_m[1] / 2
    box = np.array([[-half, -rise], [half, -rise], [half, rise], [-half, rise]])
    line = distinct(axis)
    return sweep(line, half * circle(_CORNERS) if is_round else box) if len(line) > 1 else None


def _prism(bottom: Floats, low: Floats, top: Floats, high: Floats, lengths: list[int]) -> Mesh:
    """Between two outlines of the same corners; a hole's walls face into it."""
    count = len(bottom)
    rings = np.split(np.arange(count), np.cumsum(lengths)[:-1])
    polygon = shapely.Polygon(bottom[rings[0]], [bottom[ring] for ring in rings[1:]])
    triangles = shapely.get_parts(shapely.constrained_delaunay_triangles(polygon))
    # Corners are found again by place: no two of a valid outline share one.
    place = {(x, y): i for i, (x, y) in enumerate(bottom.tolist())}
    corners = shapely.get_coordinates(triangles).reshape(-1, 4, 2)[:, :3]
    caps = np.array([[place[x, y] for x, y in triangle] for triangle in corners.tolist()])
    (ax, ay), (bx, by) = (corners[:, 1] - corners[:, 0]).T, (corners[:, 2] - corners[:, 0]).T
    right = ax * by < ay * bx
    caps[right] = caps[right][:, ::-1]
    walls = []
    for index, ring in enumerate(rings):
        left = _turns_left(bottom[ring])
        along = ring if left == (index == 0) else ring[::-1]
        following = np.roll(along, -1)
        walls += [np.column_stack([along, following, following + count]),
                  np.column_stack([along, following + count, along + count])]  # fmt: skip
    vertices = np.vstack([np.column_stack([bottom, low]), np.column_stack([top, high])])
    return Mesh(vertices, np.vstack([caps[:, ::-1], caps + count, *walls]).astype(np.int64))


def _extrude(ring: Floats, low_m: float, high_m: float) -> Mesh:
    levels = np.ones(len(ring))
    return _prism(ring, low_m * levels, ring, high_m * levels, [len(ring)])


def _turns_left(ring: Floats) -> bool:
    x, y = (ring - ring[0]).T
    return float(np.sum(x * np.roll(y, -1) - np.roll(x, -1) * y)) > 0


def distinct(axis: Floats) -> Floats:
    """Points apart from the one before."""
    kept = np.concatenate([[True], np.linalg.norm(np.diff(axis, axis=0), axis=1) > _REPEATED_M])
    return np.asarray(axis[kept])


def circle(corners: int) -> Floats:
    angles = np.arange(corners) * 2 * np.pi / corners
    return np.column_stack([np.cos(angles), np.sin(angles)])
