"""Geometries of CityJSON: nested arrays of indexes into one list of vertices.

Source: CityJSON 2.0.1 (OGC 20-072r5), clause 3. What is not of that form raises TypeError, ValueError or LookupError.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import chain
from typing import TYPE_CHECKING, Any

import numpy as np
import shapely

from importers.formats.city import Shape
from importers.formats.shell import cover_of, make_face

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import ArrayLike, NDArray

# How many arrays lie around the list of surfaces.
_DEPTHS = {"MultiSurface": 0, "CompositeSurface": 0, "Solid": 1, "MultiSolid": 2, "CompositeSolid": 2}


@dataclass(frozen=True, slots=True)
class Vertices:
    """Vertices (n, 3) of a file, x y z in its reference system; shells, surfaces and rings refer to them by index."""

    xyz: NDArray[np.float64]

    def pick(self, indexes: ArrayLike) -> NDArray[np.float64]:
        """Vertices of a ring or line. Raises: IndexError for what is no index of one."""
        ids = np.asarray(indexes)
        if ids.size and (ids.dtype.kind != "i" or ids.ndim != 1 or ids.min() < 0 or ids.max() >= len(self.xyz)):
            raise IndexError("no such vertex")
        return np.asarray(self.xyz[ids.astype(int)])


def read_shapes(vertices: Vertices, geometries: list[dict[str, Any]]) -> list[Shape]:
    return [
        _shape(vertices, geometry, _DEPTHS[geometry["type"]]) for geometry in geometries if geometry["type"] in _DEPTHS
    ]


def _shape(vertices: Vertices, geometry: dict[str, Any], depth: int) -> Shape:
    """Outer shells only. A surface of level 0 tells an outline, and no elevation: it may be the roof's."""
    lod = float(geometry["lod"])
    semantics = geometry.get("semantics") or {}
    kinds = [surface["type"] for surface in semantics.get("surfaces") or []]
    shells, ground = [], []
    for surfaces, values in _outer_shells(geometry["boundaries"], semantics.get("values"), depth):
        faces = [make_face(map(vertices.pick, surface)) for surface in surfaces]
        known = [values[i] if values and i < len(values) else None for i in range(len(faces))]
        ground += [f for f, v in zip(faces, known, strict=True) if f and v is not None and kinds[v] == "GroundSurface"]
        shells.append(tuple(filter(None, faces)))
    if lod < 1:
        return Shape(lod, False, (), tuple(chain.from_iterable(shells)))
    return Shape(lod, depth > 0, tuple(shells), tuple(ground))


def _outer_shells(boundaries: list[Any], values: list[Any] | None, depth: int) -> Iterator[tuple[list[Any], Any]]:
    if depth == 0:
        yield boundaries, values
    elif depth == 1:
        yield boundaries[0], values[0] if values else None
    else:
        for i, solid in enumerate(boundaries):
            yield from _outer_shells(solid, values[i] if values else None, 1)


def place_tree(vertices: Vertices, geometries: list[dict[str, Any]]) -> shapely.Geometry | None:
    """Where the template is put, the point, or the middle of a body in plan at its lowest z."""
    for geometry in geometries:
        corners = vertices.pick(list(_flatten(geometry["boundaries"])))
        if not np.isfinite(corners).all():
            raise ValueError("a vertex is not finite")
        if geometry["type"] == "GeometryInstance":
            matrix = np.array(geometry["transformationMatrix"], dtype=float).reshape(4, 4)
            return shapely.Point(corners[0] + matrix[:3, 3])
        if len(corners):
            low, high = corners.min(axis=0), corners.max(axis=0)
            return shapely.Point(*(low + high)[:2] / 2, low[2])
    return None


def _flatten(boundaries: list[Any]) -> Iterator[Any]:
    waiting = list(boundaries)
    while waiting:
        item = waiting.pop()
        if isinstance(item, list):
            waiting.extend(item)
        else:
            yield item


def read_lines(vertices: Vertices, geometries: list[dict[str, Any]]) -> shapely.Geometry | None:
    lines = [vertices.pick(line) for g in geometries if g["type"] == "MultiLineString" for line in g["boundaries"]]
    lines = [line for line in lines if len(line) > 1]
    if not all(np.isfinite(line).all() for line in lines):
        raise ValueError("a vertex is not finite")
    return shapely.MultiLineString(lines) if lines else None


def read_area(vertices: Vertices, geometries: list[dict[str, Any]]) -> shapely.Geometry | None:
    surfaces = [surface for g in geometries if _DEPTHS.get(g["type"]) == 0 for surface in g["boundaries"]]
    return cover_of([face for surface in surfaces if (face := make_face(map(vertices.pick, surface)))])
