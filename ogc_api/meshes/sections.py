"""Outlines that are swept along a line: of one unit across and high, turning left, seen along the line from behind."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from ogc_api.meshes.mesh import Floats, Integers

CORNERS = 8


@dataclass(frozen=True, slots=True, eq=False)
class Section:
    """`points` and `normals` (k, 2), right and up; `edges` (e, 2) of points; `corners` are the points of a cap.

    Turned by `turn` points it is the same again; 0 where it never is.
    """

    points: Floats
    normals: Floats
    edges: Integers
    corners: Integers
    turn: int


@lru_cache(maxsize=8)
def round_section(corners: int = CORNERS) -> Section:
    """A circle of diameter 1."""
    angle = np.arange(corners) * 2 * np.pi / corners
    normals = np.column_stack([np.cos(angle), np.sin(angle)])
    return _smooth(normals / 2, normals, 1)


@lru_cache(maxsize=1)
def box_section() -> Section:
    """A square, each corner once for each side."""
    corners = np.array([[0.5, -0.5], [0.5, 0.5], [-0.5, 0.5], [-0.5, -0.5]])
    sides = np.array([[1.0, 0.0], [0.0, 1.0], [-1.0, 0.0], [0.0, -1.0]])
    points = np.stack([corners, np.roll(corners, -1, axis=0)], axis=1).reshape(-1, 2)
    edges = np.arange(8).reshape(-1, 2)
    return Section(points, np.repeat(sides, 2, axis=0), edges, np.arange(0, 8, 2), 4)


@lru_cache(maxsize=1)
def egg_section() -> Section:
    """The normal egg of sewers, 2 wide to 3 high (DIN 4263), the tip below."""
    contact = np.arctan2(-1.5, 2.0)
    crown = [(np.cos(a), np.sin(a)) for a in np.linspace(0, np.pi, 7)]
    right = [(3 * np.cos(a) - 2, 3 * np.sin(a)) for a in np.linspace(contact, 0, 4)[:-1]]
    tip = [(np.cos(a) / 2, np.sin(a) / 2 - 1.5) for a in np.linspace(-np.pi - contact, contact, 5)[1:-1]]
    left = [(-x, y) for x, y in reversed(right)]
    outline = np.array([*crown, *left, *tip, *right])
    points = (outline + np.array([0.0, 0.5])) / np.array([2.0, 3.0])
    before, after = np.roll(points, 1, axis=0), np.roll(points, -1, axis=0)
    along = after - before
    normals = np.column_stack([along[:, 1], -along[:, 0]])
    return _smooth(points, normals / np.hypot(*normals.T)[:, None], 0)


def _smooth(points: Floats, normals: Floats, turn: int) -> Section:
    index = np.arange(len(points))
    return Section(points, normals, np.column_stack([index, np.roll(index, -1)]), index, turn)
