"""Bodies that stand upright on a plan: walls of houses, shafts, pits."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from ogc_api.meshes.mesh import Mesh, join, unit

if TYPE_CHECKING:
    from ogc_api.meshes.mesh import Floats
    from ogc_api.meshes.plans import Plan


def raise_walls(plan: Plan, low: Floats, high: Floats) -> Mesh:
    """Closed bodies between two places, (n, 3) each, of every corner of a plan."""
    _, after = plan.rings.neighbours()
    start, end = np.arange(len(after)), after
    quads = np.stack([low[start], low[end], high[end], high[start]], axis=1)
    normals = unit(np.cross(quads[:, 1] - quads[:, 0], quads[:, 3] - quads[:, 0]))
    corners = np.arange(len(quads))[:, None] * 4
    faces = np.concatenate([corners + np.array([0, 1, 2]), corners + np.array([0, 2, 3])])
    owners = np.repeat(plan.owners, 4)
    walls = Mesh(quads.reshape(-1, 3), np.repeat(normals, 4, axis=0), faces, owners)
    up = np.broadcast_to((0.0, 0.0, 1.0), low.shape)
    floor = Mesh(low, -up, plan.triangles[:, ::-1], plan.owners)
    roof = Mesh(high, up, plan.triangles, plan.owners)
    return join([walls, floor, roof])
