"""The clash geometry against PostGIS, an independent implementation, on a hundred thousand pairs.

PostGIS 3.3.2 measures one line in a hundred that lies wholly inside a closed surface, or ends in a face, from the
nearest edge, not as 0. Whether an end lies inside is therefore decided by shapely and the level of the floor.
"""

from __future__ import annotations

import math
import random
from typing import TYPE_CHECKING

import numpy as np
import pytest
import shapely

from twin.clash.distance import Scene
from twin.clash.solids import Excavation, Floor, Section

if TYPE_CHECKING:
    from layers.database import Connection

EAST, NORTH = 562_000.0, 1_820_000.0
LOW, HIGH, LID = -2.0, -0.5, 500.0
LINE = Section(0.0)
AXES_PER_DIG = 1000
OUTLINES = {
    "box": [(0, 0), (10, 0), (10, 2), (0, 2)],
    "l": [(0, 0), (6, 0), (6, 2), (2, 2), (2, 6), (0, 6)],
    "comb": [(0, 0), (9, 0), (9, 4), (8, 4), (8, 1), (6, 1), (6, 4), (5, 4), (5, 1), (3, 1), (3, 4), (0, 4)],
    "sliver": [(0, 0), (60, 0.5), (60, 0.75), (0, 0.25)],
    "arrow": [(0, 0), (6, 3), (0, 6), (2, 3)],
}


def a_ring(floor: list[tuple[float, float, float]], top: list[tuple[float, float, float]]) -> list[str]:
    """The closed surface between a floor and a top of as many points, as WKT of its faces."""
    faces = [floor[::-1], top]
    faces += [[floor[k - 1], floor[k], top[k], top[k - 1]] for k in range(len(floor))]
    return ["((" + ",".join(f"{x!r} {y!r} {z!r}" for x, y, z in [*face, face[0]]) + "))" for face in faces]


def surface(faces: list[str]) -> str:
    return f"POLYHEDRALSURFACE Z({','.join(faces)})"


def an_upright_dig(outline: list[tuple[float, float]]) -> tuple[Excavation, str]:
    corners = [(EAST + x, NORTH + y) for x, y in outline]
    dig = Excavation((Floor(shapely.Polygon(corners), LOW, HIGH),))
    return dig, surface(a_ring([(x, y, LOW) for x, y in corners], [(x, y, LID) for x, y in corners]))


def a_sloped_dig(grade: tuple[float, float]) -> tuple[Excavation, str]:
    corners = [(EAST + x, NORTH + y) for x, y in [(0, 0), (40, 0), (40, 2), (0, 2)]]
    floor = Floor(shapely.Polygon(corners), LOW, HIGH, grade=grade, origin=(EAST, NORTH))
    bottom = [(x, y, floor.level_at(x, y)) for x, y in corners]
    return Excavation((floor,)), surface(a_ring(bottom, [(x, y, LID) for x, y in corners]))


def a_battered_dig(slope: float) -> tuple[Excavation, str]:
    """A rectangle with mitred sides up to the ground, open above it as far as the lid."""
    corners = [(EAST, NORTH), (EAST + 12, NORTH), (EAST + 12, NORTH + 2), (EAST, NORTH + 2)]
    out = slope * (HIGH - LOW)
    signs = [(-1, -1), (1, -1), (1, 1), (-1, 1)]
    top = [(x + i * out, y + j * out) for (x, y), (i, j) in zip(corners, signs, strict=True)]
    lower = a_ring([(x, y, LOW) for x, y in corners], [(x, y, HIGH) for x, y in top])
    upper = a_ring([(x, y, HIGH) for x, y in top], [(x, y, LID) for x, y in top])
    dig = Excavation((Floor(shapely.Polygon(corners), LOW, HIGH, slope=slope),))
    return dig, surface([lower[0], *lower[2:], *upper[1:]])


def random_star(rng: random.Random) -> list[tuple[float, float]]:
    count = rng.randint(3, 9)
    angles = [2 * math.pi * (k + 0.8 * rng.random()) / count for k in range(count)]
    radii = [rng.choice([0.3, 1, 4, 12]) * (1 + rng.random()) for _ in angles]
    return [(r * math.cos(a), r * math.sin(a)) for r, a in zip(radii, angles, strict=True)]


def random_axes(rng: random.Random, outline: shapely.Polygon, count: int) -> np.ndarray:
    """Half at random; half with ends on corners, edges, levels and their prolongations."""
    corners = shapely.get_coordinates(outline)[:-1]

    def anywhere() -> list[float]:
        reach = rng.choice([3, 15, 400])
        return [EAST + rng.uniform(-reach, reach), NORTH + rng.uniform(-reach, reach), rng.uniform(-4, 2)]

    def awkward() -> list[float]:
        a, b = corners[rng.randrange(len(corners))], corners[rng.randrange(len(corners))]
        x, y = a + (b - a) * rng.choice([0, 0, 0.5, 1, 2, -1])
        gap = rng.choice([0, 0, 1e-9, 1e-6, 1e-3, 0.1, 1])
        return [x + gap, y - gap, rng.choice([LOW, HIGH, -1.0, -3.0, 0.0]) - rng.choice([0, gap])]

    axes = []
    for k in range(count):
        pick = awkward if k % 2 else anywhere
        axis = [pick(), pick()]
        if rng.random() < 0.1:
            axis[1][:2] = axis[0][:2]
        # A point has a length of 0, and PostGIS 3.3 mistakes one at the mean of a face's vertices.
        axes.append(axis if math.dist(*axis) > 1e-6 else [axis[0], [axis[0][0], axis[0][1], axis[0][2] - 1]])
    return np.array(axes)


def postgis_distances(connection: Connection, solid: str, axes: np.ndarray) -> np.ndarray:
    wkb = list(shapely.to_wkb(shapely.linestrings(axes)))
    rows = connection.execute(
        "select st_3ddistance(line::geometry, st_geomfromtext(%s)) from unnest(%s::bytea[]) with ordinality l(line, n)"
        " order by n",
        (solid, wkb),
    ).fetchall()
    return np.array([distance for (distance,) in rows], dtype=float)


def are_inside(floor: Floor, points: np.ndarray) -> np.ndarray:
    """Whether points lie in an upright dig of any outline, or in a battered one over a box."""
    x, y, z = points.T
    above = z - np.array([floor.level_at(*point) for point in zip(x, y, strict=True)])
    inside = shapely.intersects_xy(floor.polygon, x, y)
    if floor.slope:
        west, south, east, north = floor.polygon.bounds
        beside = np.max([west - x, x - east, south - y, y - north], axis=0)
        inside = beside <= floor.slope * np.minimum(above, HIGH - LOW)
    return np.asarray(inside & (above >= 0))


def expected_distances(connection: Connection, dig: Excavation, solid: str, axes: np.ndarray) -> np.ndarray:
    (floor,) = dig.floors
    an_end_inside = are_inside(floor, axes[:, 0]) | are_inside(floor, axes[:, 1])
    return np.where(an_end_inside, 0.0, postgis_distances(connection, solid, axes))


def computed_distances(dig: Excavation, axes: np.ndarray) -> np.ndarray:
    scene = Scene(dig)
    return np.array([scene.space(scene.lay(axis), LINE).distance_m for axis in axes.tolist()])


def test_upright_digs_agree_with_postgis_on_a_hundred_thousand_pairs(connection: Connection) -> None:
    """No hit missed and no distance off by more than a micrometre, at random and where it is awkward."""
    rng = random.Random(1)
    outlines = [*OUTLINES.values(), *(random_star(rng) for _ in range(95))]
    missed, worst, pairs, hits = 0, 0.0, 0, 0
    for outline in outlines:
        dig, solid = an_upright_dig(outline)
        axes = random_axes(rng, dig.floors[0].polygon, AXES_PER_DIG)
        expected, computed = expected_distances(connection, dig, solid, axes), computed_distances(dig, axes)
        missed += int(((expected <= 1e-9) & (computed > 5e-7)).sum())
        worst, pairs = max(worst, float(np.abs(computed - expected).max())), pairs + len(axes)
        hits += int((expected <= 1e-9).sum())
    assert pairs >= 100_000
    assert hits >= 10_000, "enough of them are hits"
    assert missed == 0
    assert worst <= 1e-6


@pytest.mark.parametrize("slope", [0.25, 0.75, 1.5])
def test_battered_digs_agree_with_postgis(connection: Connection, slope: float) -> None:
    """Leaning sides and mitred corners are as far as PostGIS finds their surface."""
    dig, solid = a_battered_dig(slope)
    axes = random_axes(random.Random(4), dig.floors[0].polygon, 3000)
    assert computed_distances(dig, axes) == pytest.approx(expected_distances(connection, dig, solid, axes), abs=1e-6)


@pytest.mark.parametrize("grade", [(0.01, 0.0), (-0.05, 0.02)])
def test_sloped_digs_are_bounded_by_postgis(connection: Connection, grade: tuple[float, float]) -> None:
    """Over a sloped floor nothing is taken for further than it is, nor for nearer than the cosine of the slope."""
    dig, solid = a_sloped_dig(grade)
    axes = random_axes(random.Random(6), dig.floors[0].polygon, 3000)
    expected, computed = expected_distances(connection, dig, solid, axes), computed_distances(dig, axes)
    assert (computed <= expected + 1e-6).all()
    assert (computed >= expected / math.hypot(1, *grade) - 1e-6).all()
