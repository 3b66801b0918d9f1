"""Each part of a dig as one closed mesh: its floors below, its sides, the ground above."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

import numpy as np
import shapely

from twin.clash.dig import Bore
from twin.excavations.package.digs import levels_of
from twin.excavations.package.meshes import Mesh, circle, distinct, sweep

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from twin.clash.report import ClashReport
    from twin.clash.solids import Floats, Floor
    from twin.excavations.package.relief import Relief

_CORNERS = 16
# Corners of neighbouring floors nearer than this are one.
_SAME_M = 1e-4
_LEAST_M = 1e-3
# How much further out than its sides a sharp corner may reach.
_SHARPEST = 2.0


def dig_meshes(report: ClashReport, relief: Relief) -> Iterator[Mesh]:
    """A mesh for each part, at the deepest reading of its floors; none where no ground is known."""
    if report.ground_m is None:
        return
    bores = iter(report.excavation.bores)
    floors = iter(_by_part(report))
    for part in report.parts:
        if isinstance(part, Bore):
            bore = next(bores)
            yield sweep(distinct(np.array(bore.axis)), bore.radius_m * circle(_CORNERS))
        else:
            yield _fill(next(floors), relief, report.ground_m[1])


def _by_part(report: ClashReport) -> list[list[Floor]]:
    """The floors of each part that has any: they come in the order of the parts, and fill each part's outline."""
    floors = list(report.excavation.floors)
    found = []
    for part in (part for part in report.parts if not isinstance(part, Bore)):
        outline = part.outline.buffer(part.sides.working_m, join_style="mitre")
        covering = outline.buffer(0.01)
        taken: list[Floor] = []
        while floors and shapely.covers(covering, floors[0].polygon):
            if taken and shapely.union_all([f.polygon for f in taken]).area >= outline.area - 1e-3:
                break
            taken.append(floors.pop(0))
        found.append(taken)
    return found


def _fill(floors: list[Floor], relief: Relief, highest_m: float) -> Mesh:
    """Floors that share edges as one bottom: a corner of several has the lowest of their levels."""
    edges = shapely.union_all([shapely.set_precision(floor.polygon.boundary, _SAME_M) for floor in floors])
    whole = shapely.union_all([floor.polygon for floor in floors]).buffer(_SAME_M)
    faces = [
        face for face in shapely.get_parts(shapely.polygonize([edges])) if face.representative_point().within(whole)
    ]
    triangles = [t for face in faces for t in shapely.get_parts(shapely.constrained_delaunay_triangles(face))]
    corners = shapely.get_coordinates(triangles).reshape(-1, 4, 2)[:, :3]
    corners = corners[_area(corners) != 0]
    turned = _area(corners) < 0
    corners[turned] = corners[turned][:, ::-1]
    xy, index = np.unique(corners.reshape(-1, 2).round(6), axis=0, return_inverse=True)
    caps = index.reshape(-1, 3)
    low = _lowest(xy, floors)
    boundary = _boundary(caps)
    ground = np.nan_to_num(relief.read(xy), nan=highest_m)
    top = xy + _lean(xy, boundary, np.maximum(ground - low, 0.0) * max(floor.slope for floor in floors))
    high = np.maximum(np.nan_to_num(relief.read(top), nan=highest_m), low + _LEAST_M)
    count = len(xy)
    a, b = boundary.T
    walls = np.vstack([np.column_stack([a, b, b + count]), np.column_stack([a, b + count, a + count])])
    vertices = np.vstack([np.column_stack([xy, low]), np.column_stack([top, high])])
    return Mesh(vertices, np.vstack([caps[:, ::-1], caps + count, walls]).astype(np.int64))


def _area(corners: Floats) -> Floats:
    (ax, ay), (bx, by) = (corners[:, 1] - corners[:, 0]).T, (corners[:, 2] - corners[:, 0]).T
    return np.asarray(ax * by - ay * bx)


def _lowest(xy: Floats, floors: list[Floor]) -> Floats:
    """The lowest level of the floors that meet at each point (n, 2)."""
    points = shapely.points(xy)
    low = np.full(len(xy), np.inf)
    for floor in floors:
        touches = shapely.dwithin(points, floor.polygon, 10 * _SAME_M)
        low[touches] = np.minimum(low[touches], levels_of(floor, xy[touches]))
    nearest = min(floor.bottom_m for floor in floors)
    return np.where(np.isfinite(low), low, nearest)


def _boundary(caps: NDArray[np.intp]) -> NDArray[np.intp]:
    """Edges (k, 2) that only one triangle has, in its direction: outside is to their right."""
    edges = [(int(t[i]), int(t[(i + 1) % 3])) for t in caps for i in range(3)]
    counts = Counter(tuple(sorted(edge)) for edge in edges)
    return np.array([edge for edge in edges if counts[tuple(sorted(edge))] == 1])


def _lean(xy: Floats, boundary: NDArray[np.intp], out_m: Floats) -> Floats:
    """How far each corner's upper end lies outside its lower one: mitred, as sides of one slope meet."""
    shift = np.zeros_like(xy)
    if not out_m.any():
        return shift
    step = xy[boundary[:, 1]] - xy[boundary[:, 0]]
    normal = np.column_stack([step[:, 1], -step[:, 0]]) / np.hypot(*step.T)[:, None]
    ending = dict(zip(boundary[:, 1].tolist(), normal, strict=True))
    for start, own in zip(boundary[:, 0].tolist(), normal, strict=True):
        before = ending[start]
        both = own + before
        shift[start] = both * min(1.0 / max(1.0 + float(own @ before), 1e-6), _SHARPEST) * out_m[start]
    return shift
