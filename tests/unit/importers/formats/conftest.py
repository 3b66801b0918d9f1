"""What the tests of city models share."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest
import shapely
import trimesh

if TYPE_CHECKING:
    from collections.abc import Callable


@pytest.fixture(scope="session")
def mesh_of() -> Callable[[shapely.MultiPolygon], trimesh.Trimesh]:
    """The faces of a solid as triangles, each ring about a point amid it; equal corners become one vertex."""
    return _mesh_of


def _mesh_of(solid: shapely.MultiPolygon) -> trimesh.Trimesh:
    triangles = []
    for face in shapely.get_parts(solid):
        for ring in (face.exterior, *face.interiors):
            corners = shapely.get_coordinates(ring, include_z=True)[:-1]
            amid = np.broadcast_to(corners.mean(axis=0), corners.shape)
            triangles.append(np.stack([corners, np.roll(corners, -1, axis=0), amid], axis=1))
    corners = np.concatenate(triangles).reshape(-1, 3)
    vertices, index = np.unique(corners, axis=0, return_inverse=True)
    return trimesh.Trimesh(vertices - vertices[0], index.reshape(-1, 3), process=False)
