"""Bodies of faces (multipatch, TIN, polyhedral surface), which GEOS has no kind for, as outline, heights and solid.

Source: ISO 13249-3 / OGC 06-103r4, 8.2 (well-known binary: 15 PolyhedralSurface, 16 TIN, 17 Triangle).
"""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING, Any

import numpy as np

from importers.formats.shell import close_shell, extent_m, foot_of, make_face, to_solid

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import shapely
    from numpy.typing import NDArray

    from importers.formats.shell import Face

_POLYGONS, _COLLECTIONS = (3, 17), (4, 5, 6, 7, 15, 16)
_WITH_Z = (1, 3)  # thousands of the type code; the higher of its bits mark 2.5D of before ISO
_DEEPEST = 8


def parse_faces(wkb: bytes) -> list[Face]:
    """Polygons and triangles in well-known binary, however they are collected; [] for anything else or without z."""
    try:
        return _parse(wkb, 0, 0)[0]
    except (struct.error, ValueError, IndexError):
        return []


def _parse(wkb: bytes, at: int, depth: int) -> tuple[list[Face], int]:
    order = "<" if wkb[at] else ">"
    (code,) = struct.unpack_from(f"{order}I", wkb, at + 1)
    (count,) = struct.unpack_from(f"{order}I", wkb, at + 5)
    kind, has_z = code % 0x10000000 % 1000, code >> 31 or code % 0x10000000 // 1000 in _WITH_Z
    at += 9
    if kind in _POLYGONS and has_z:
        dimension = 4 if code % 0x10000000 // 1000 == 3 else 3
        rings = []
        for _ in range(count):
            ring, at = _parse_ring(wkb, at, order, dimension)
            rings.append(ring[:, :3])
        face = make_face(rings)
        return ([face] if face else []), at
    if kind not in _COLLECTIONS or depth > _DEEPEST:
        raise ValueError("no faces")
    faces = []
    for _ in range(count):
        found, at = _parse(wkb, at, depth + 1)
        faces += found
    return faces, at


def _parse_ring(wkb: bytes, at: int, order: str, dimension: int) -> tuple[NDArray[np.float64], int]:
    (count,) = struct.unpack_from(f"{order}I", wkb, at)
    ring = np.frombuffer(wkb, f"{order}f8", count * dimension, at + 4).reshape(count, dimension)
    return ring, at + 4 + ring.nbytes


def flatten_bodies(shapes: NDArray[np.object_], bodies: Mapping[int, Sequence[Face]]) -> dict[str, list[Any]]:
    """Puts the outlines of bodies into `shapes`, and returns columns of their heights and closed shells.

    groundelevation: lowest z; height_m: highest less lowest z; solid: MultiPolygon Z with the faces outward.
    """
    columns: dict[str, list[Any]] = {}
    for i, faces in bodies.items():
        if faces:
            shapes[i], told = describe_body(faces)
            for name, value in told.items():
                columns.setdefault(name, [None] * len(shapes))[i] = value
    return columns


def describe_body(faces: Sequence[Face]) -> tuple[shapely.Geometry | None, dict[str, Any]]:
    """Outline in plan, and what `flatten_bodies` says of a body of one or more faces."""
    low, high = extent_m(faces)
    told: dict[str, Any] = {"groundelevation": low, "height_m": high - low or None}
    shell = close_shell(faces)
    if shell is not None:
        told["solid"] = to_solid(shell)
    return foot_of(faces), told
