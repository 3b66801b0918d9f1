"""Bodies of flat faces: whether they enclose a volume, and what they cover in plan.

Coordinates are x, y in one reference system and z in metres. No measure here depends on the unit of x and y.
"""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

import numpy as np
import shapely
from numpy.typing import NDArray

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from numpy.typing import ArrayLike

# Rings of vertices x y z, the last not the first again: the outer one, then holes that run the other way round.
type Face = tuple[NDArray[np.float64], ...]
type Edges = dict[tuple[int, int], list[tuple[int, int]]]

# A face is at the foot of its body when it rises no more than this above the lowest point.
_LEVEL_M = 0.01
# Below this share of its perimeter's square, a face has no area in plan: it is a wall.
_WALL = 1e-9
# Feet that cover less of the shadow than this are stilts, and the shadow is the outline.
_STILTS = 0.5
# A body that fills less of its box encloses nothing.
_FLAT = 1e-9


def make_face(rings: Iterable[ArrayLike]) -> Face:
    """A face of rings as delivered: closed or not, vertices repeated or not; () where nothing of it is left.

    Raises: ValueError for anything but finite x y z.
    """
    clean = [_clean(np.asarray(ring, dtype=float)) for ring in rings]
    if not clean or len(clean[0]) < 3:
        return ()
    if len(clean) == 1:
        return (clean[0],)
    up = _vector_area(clean[0])
    holes = [hole[::-1] if _vector_area(hole) @ up > 0 else hole for hole in clean[1:] if len(hole) > 2]
    return (clean[0], *holes)


def _clean(ring: NDArray[np.float64]) -> NDArray[np.float64]:
    if ring.ndim != 2 or ring.shape[1] != 3 or not np.isfinite(ring).all():
        raise ValueError("a ring must consist of finite x, y and z")
    following = np.concatenate([ring[1:], ring[:1]])
    return np.asarray(ring[(ring != following).any(axis=1)], dtype=float)


def _vector_area(ring: NDArray[np.float64]) -> NDArray[np.float64]:
    """Area vector of a ring in space, right-handed to its direction."""
    x, y, z = (ring[1:] - ring[0]).T
    # Written out: numpy.cross takes ten times as long for the few corners of a face.
    areas = (y[:-1] * z[1:] - z[:-1] * y[1:], z[:-1] * x[1:] - x[:-1] * z[1:], x[:-1] * y[1:] - y[:-1] * x[1:])
    return np.array([area.sum() for area in areas]) / 2


def foot_of(faces: Sequence[Face]) -> shapely.Geometry | None:
    """What a body covers in plan: its lowest level faces, or its shadow where it has none or stands on stilts."""
    shadow = cover_of(faces)
    low, _ = extent_m(faces)
    feet = cover_of([face for face in faces if face[0][:, 2].max() - low <= _LEVEL_M])
    return feet if feet is not None and shadow is not None and feet.area >= _STILTS * shadow.area else shadow


def extent_m(faces: Iterable[Face]) -> tuple[float, float]:
    """Lowest and highest z. Raises: ValueError without faces."""
    heights = np.concatenate([face[0][:, 2] for face in faces])
    return float(heights.min()), float(heights.max())


def cover_of(faces: Sequence[Face]) -> shapely.Geometry | None:
    """Union of faces in plan; a single face stays as it was delivered, valid or not."""
    flat = [shapely.Polygon(face[0][:, :2], [hole[:, :2] for hole in face[1:]]) for face in faces]
    shown = np.array([plan for plan in flat if plan.area > _WALL * plan.exterior.length**2], dtype=object)
    if len(shown) > 1:
        return join(np.where(shapely.is_valid(shown), shown, shapely.make_valid(shown)))
    return shown[0] if len(shown) else None


def cover_of_triangles(corners: NDArray[np.float64]) -> shapely.Geometry | None:
    """Union of triangles (n, 3, 3), x y z, in plan."""
    sides = np.roll(corners, -1, axis=1)[:, :, :2] - corners[:, :, :2]
    areas = np.abs(sides[:, 0, 0] * sides[:, 1, 1] - sides[:, 0, 1] * sides[:, 1, 0]) / 2
    shown = areas > _WALL * np.hypot(sides[:, :, 0], sides[:, :, 1]).sum(axis=1) ** 2
    return join(shapely.polygons(corners[shown][:, :, :2])) if shown.any() else None


def join(plans: NDArray[np.object_]) -> shapely.Geometry | None:
    """Union of valid polygons in plan: a Polygon, a MultiPolygon, or None where nothing has an area."""
    parts = [part for part in shapely.get_parts(shapely.union_all(plans)) if part.geom_type == "Polygon"]
    return parts[0] if len(parts) == 1 else shapely.MultiPolygon(parts) if parts else None


def to_solid(faces: Sequence[Face]) -> shapely.MultiPolygon:
    """The faces as a MultiPolygon Z, in the order and direction of their vertices."""
    return shapely.MultiPolygon([shapely.Polygon(_ring(face[0]), [_ring(h) for h in face[1:]]) for face in faces])


def _ring(vertices: NDArray[np.float64]) -> NDArray[np.float64]:
    # GEOS compares ends in plan only, so an upright ring may seem closed when it is not.
    return np.vstack([vertices, vertices[:1]])


def close_shell(faces: Sequence[Face]) -> tuple[Face, ...] | None:
    """The faces turned outward, or None where they do not enclose a volume.

    Closed as ISO 19107 has it: along every edge a face meets another that runs the opposite way. Bodies that touch
    along an edge are allowed; each of them is turned by itself.
    """
    edges = _edges(faces)
    if not faces or any(len(uses) % 2 for uses in edges.values()):
        return None
    turns = _agree(edges, len(faces))
    if turns is None:
        return None
    turn_of: dict[int, int] = {}
    for body in turns:
        outward = _outward([faces[i] if turn > 0 else _reverse(faces[i]) for i, turn in body.items()])
        turn_of |= {i: turn * outward for i, turn in body.items()}
    if any(sum(way * turn_of[i] for i, way in uses) for uses in edges.values()) or 0 in turn_of.values():
        return None
    return tuple(face if turn_of[i] > 0 else _reverse(face) for i, face in enumerate(faces))


def _edges(faces: Sequence[Face]) -> Edges:
    """(lower, higher vertex) -> the faces that use the edge, and whether they run up (1) or down (-1) along it."""
    if not faces:
        return {}
    vertices = np.vstack([ring for face in faces for ring in face])
    number = iter(np.unique(vertices, axis=0, return_inverse=True)[1].reshape(-1).tolist())
    edges: Edges = defaultdict(list)
    for i, face in enumerate(faces):
        for ring in face:
            ids = [next(number) for _ in ring]
            for a, b in zip(ids, [*ids[1:], ids[0]], strict=True):
                edges[min(a, b), max(a, b)].append((i, 1 if a < b else -1))
    return edges


def _agree(edges: Edges, count: int) -> list[dict[int, int]] | None:
    """For each connected body: face -> 1 to keep, -1 to reverse it, so that all run alike; None on a one-sided band."""
    beside: list[list[tuple[int, int]]] = [[] for _ in range(count)]
    for uses in edges.values():
        if len(uses) == 2:
            (a, way_a), (b, way_b) = uses
            beside[a].append((b, -way_a * way_b))
            beside[b].append((a, -way_a * way_b))
    turns: list[dict[int, int]] = []
    seen: dict[int, int] = {}
    for seed in range(count):
        if seed not in seen:
            body = _spread(seed, beside)
            if body is None:
                return None
            turns.append(body)
            seen |= body
    return turns


def _spread(seed: int, beside: list[list[tuple[int, int]]]) -> dict[int, int] | None:
    body, waiting = {seed: 1}, [seed]
    while waiting:
        face = waiting.pop()
        for other, relation in beside[face]:
            wanted = body[face] * relation
            if other not in body:
                body[other] = wanted
                waiting.append(other)
            elif body[other] != wanted:
                return None
    return body


def _outward(faces: Sequence[Face]) -> int:
    """1 where the faces of a closed body look outward, -1 inward, 0 where they enclose nothing."""
    corners = np.vstack([face[0] for face in faces])
    origin = corners[0]
    volume = sum(float(_vector_area(ring) @ (ring[0] - origin)) / 3 for face in faces for ring in face)
    box = float(np.prod(np.ptp(corners, axis=0)))
    return 0 if abs(volume) <= _FLAT * box else int(np.sign(volume))


def _reverse(face: Face) -> Face:
    return tuple(ring[::-1] for ring in face)
