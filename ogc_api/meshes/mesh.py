"""Meshes of many features at once. Faces turn left when seen from outside; x east, y north, z up, in metres."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from collections.abc import Sequence

type Floats = NDArray[np.float64]
type Integers = NDArray[np.int64]
type Flags = NDArray[np.bool_]


@dataclass(frozen=True, slots=True, eq=False)
class Mesh:
    """`vertices` and unit `normals` (n, 3), `faces` (m, 3); `owners` (n,) say whose feature each vertex is.

    Vertices on an edge between two flat sides stand once for each side, at exactly the same place.
    """

    vertices: Floats
    normals: Floats
    faces: Integers
    owners: Integers

    def of(self, owners: Flags) -> Mesh:
        """The part that belongs to the features that are marked."""
        chosen = owners[self.owners]
        places = np.cumsum(chosen) - 1
        faces = self.faces[chosen[self.faces[:, 0]]] if len(self.faces) else self.faces
        return Mesh(self.vertices[chosen], self.normals[chosen], places[faces], self.owners[chosen])


def empty() -> Mesh:
    nothing = np.zeros((0, 3))
    return Mesh(nothing, nothing, np.zeros((0, 3), np.int64), np.zeros(0, np.int64))


def join(meshes: Sequence[Mesh]) -> Mesh:
    """All of them as one; owners stay as they are."""
    if not meshes:
        return empty()
    starts = np.cumsum([0, *(len(mesh.vertices) for mesh in meshes[:-1])])
    return Mesh(
        np.concatenate([mesh.vertices for mesh in meshes]),
        np.concatenate([mesh.normals for mesh in meshes]),
        np.concatenate([mesh.faces + start for mesh, start in zip(meshes, starts.tolist(), strict=True)]),
        np.concatenate([mesh.owners for mesh in meshes]),
    )


def unit(vectors: Floats) -> Floats:
    """Vectors (…, 3) of length 1; one without a length stays none."""
    length = np.sqrt((vectors * vectors).sum(axis=-1, keepdims=True))
    return np.asarray(np.divide(vectors, length, out=np.zeros_like(vectors), where=length > 0))
