"""What stands for a tree: a stem and a crown of unit size, placed and stretched for each."""

from __future__ import annotations

from functools import lru_cache

import numpy as np

from ogc_api.meshes.mesh import Mesh
from ogc_api.meshes.sections import round_section
from ogc_api.meshes.tubes import sweep

_ROWS, _COLUMNS = 6, 8


@lru_cache(maxsize=1)
def stem() -> Mesh:
    """A cylinder of diameter 1 from z 0 to 1."""
    return sweep(np.array([[0.0, 0, 0], [0, 0, 1]]), np.array([0, 2]), np.ones((1, 2)), round_section(6))


@lru_cache(maxsize=1)
def crown() -> Mesh:
    """A ball of diameter 1 from z 0 to 1."""
    polar = np.linspace(0, np.pi, _ROWS + 1)[1:-1]
    around = np.arange(_COLUMNS) * 2 * np.pi / _COLUMNS
    rows = np.stack(
        [np.outer(np.sin(polar), np.cos(around)), np.outer(np.sin(polar), np.sin(around)),
         np.outer(np.cos(polar), np.ones(_COLUMNS))], axis=-1,
    )  # fmt: skip
    normals = np.concatenate([[[0.0, 0, 1]], rows.reshape(-1, 3), [[0.0, 0, -1]]])
    ring, after = np.arange(_COLUMNS), (np.arange(_COLUMNS) + 1) % _COLUMNS
    last = len(normals) - 1
    faces = [np.column_stack([np.zeros_like(ring), 1 + ring, 1 + after])]
    for row in range(_ROWS - 2):
        upper, lower = 1 + row * _COLUMNS, 1 + (row + 1) * _COLUMNS
        faces.append(np.column_stack([upper + ring, lower + ring, lower + after]))
        faces.append(np.column_stack([upper + ring, lower + after, upper + after]))
    bottom = last - _COLUMNS
    faces.append(np.column_stack([bottom + ring, np.full_like(ring, last), bottom + after]))
    return Mesh(normals / 2 + np.array([0, 0, 0.5]), normals, np.concatenate(faces), np.zeros(len(normals), np.int64))
