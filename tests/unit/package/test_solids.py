"""The body of a dig in 3D: closed, and as large as its sides, working space and floor make it."""

from __future__ import annotations

from math import pi

import numpy as np
import pytest
import shapely
import trimesh

from layers.crs import parse_crs
from twin.clash.dig import Bore, Depth, Part, Pit, Sides, Support, Trench
from twin.clash.floors import lay_excavation
from twin.clash.report import Census, ClashReport
from twin.clash.terrain import Soundings, read_terrain
from twin.excavations.package.relief import Relief
from twin.excavations.package.solids import dig_meshes

LINE = shapely.LineString([(0, 0), (20, 0)])
BEND = shapely.LineString([(0, 0), (10, 0), (10, 10)])
ELL = shapely.Polygon([(0, 0), (6, 0), (6, 2), (2, 2), (2, 5), (0, 5)])
LEANING = Sides(Support.BATTERED, slope=1.0)
GROUND_M = 3.0


def level(points: np.ndarray) -> np.ndarray:
    return np.full(len(points), GROUND_M)


def bodies(*parts: Part) -> list[trimesh.Trimesh]:
    terrain = read_terrain(parts, level)
    excavation, polygon = lay_excavation(parts, terrain), shapely.union_all([part.outline for part in parts])
    soundings = Soundings(terrain, level, polygon)
    report = ClashReport(
        name="x", polygon=polygon, crs=parse_crs("EPSG:9214"), depth_m=1.0,
        parts=parts, excavation=excavation, ground_m=(GROUND_M, GROUND_M), bottom_m=(2.0, 2.0), clashes=(),
        census=Census(has_boundary=True, incomplete_files=0), soundings=soundings,
    )  # fmt: skip
    return [trimesh.Trimesh(mesh.vertices, mesh.faces) for mesh in dig_meshes(report, Relief(report.surface))]


@pytest.mark.parametrize(
    ("part", "volume_m3"),
    [
        (Trench(LINE, 1.0, Depth(1.0)), 20.0),
        # The working space goes all around the floor.
        (Trench(LINE, 1.0, Depth(1.0), Sides(Support.SHORED, 0.15)), 1.3 * 20.3),
        # A floor of area A and edge P whose sides lean 1 : 1 and meet in mitres: A h + P h²/2 + 4 h³/3.
        (Trench(LINE, 1.0, Depth(1.0), LEANING), 20 + 42 / 2 + 4 / 3),
        (Pit(ELL, Depth(1.0), LEANING), 18 + 22 / 2 + 4 / 3),
        (Trench(BEND, 1.0, Depth(1.0), LEANING), 20 + 42 / 2 + 4 / 3),
    ],
)
def test_a_body_is_closed_and_as_large_as_it_is_dug(part: Part, volume_m3: float) -> None:
    """Leaning, shored and upright sides about straight, bent and concave floors."""
    (body,) = bodies(part)
    assert body.is_watertight
    assert body.is_winding_consistent
    assert body.volume == pytest.approx(volume_m3, rel=1e-6)
    assert body.bounds[:, 2] == pytest.approx([2.0, 3.0])


def test_parts_are_bodies_of_their_own() -> None:
    """A bore between two pits: three bodies, the hole as a prism of sixteen corners."""
    pits = [Pit(shapely.box(x, -1, x + 2, 1), Depth(1.5), LEANING) for x in (-2, 20)]
    first, hole, second = bodies(pits[0], Bore(LINE, Depth(1.0), 0.4), pits[1])
    for body in (first, hole, second):
        assert body.is_watertight
        assert body.volume > 0
    assert first.volume == pytest.approx(4 * 1.5 + 8 * 1.5**2 / 2 + 4 * 1.5**3 / 3)
    assert hole.volume == pytest.approx(8 * 0.2**2 * np.sin(pi / 8) * 20, rel=1e-6)
