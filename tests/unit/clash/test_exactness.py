"""The solid distance against two oracles: exact rational arithmetic, and a search over shapely's distance.

The exact oracle cuts the polygon into triangles and takes segment against convex prism in fractions: 0 where
the segment meets all half-spaces at once, else the least over segment against edge and end against solid.
"""

import math
import random
from fractions import Fraction
from itertools import combinations, pairwise, product

import numpy as np
import pytest
import shapely

from twin.clash.distance import Prism, measure_plan, measure_solid, measure_vertical, set_scene
from twin.clash.solids import Tube

EAST, NORTH = 562_000.0, 1_820_000.0
ORIGIN = np.array([EAST, NORTH, 0.0])
LOW, HIGH = -2.0, -0.5
COMB = [(0, 0), (9, 0), (9, 4), (8, 4), (8, 1), (6, 1), (6, 4), (5, 4), (5, 1), (3, 1), (3, 4), (0, 4)]
RING = shapely.Polygon([(0, 0), (8, 0), (8, 6), (0, 6)], [[(2, 2), (2, 4), (4, 4), (4, 2)], [(5, 1), (7, 1), (6, 5)]])
SLIVER = [(0, 0), (60, 0.5), (60, 0.75), (0, 0.25)]
ARROW = [(0, 0), (6, 3), (0, 6), (2, 3)]


def dot(u, v):
    return sum(a * b for a, b in zip(u, v, strict=True))


def minus(u, v):
    return [a - b for a, b in zip(u, v, strict=True)]


def along(p, step, t):
    return [a + t * b for a, b in zip(p, step, strict=True)]


def clamp(value):
    return min(max(value, Fraction(0)), Fraction(1))


def point_to_segment2(p, a, b):
    step = minus(b, a)
    length2 = dot(step, step)
    t = clamp(dot(minus(p, a), step) / length2) if length2 else Fraction(0)
    gap = minus(p, along(a, step, t))
    return dot(gap, gap)


def segment_to_segment2(p, q, a, b):
    ends = (
        point_to_segment2(p, a, b),
        point_to_segment2(q, a, b),
        point_to_segment2(a, p, q),
        point_to_segment2(b, p, q),
    )
    u, v, w = minus(q, p), minus(b, a), minus(p, a)
    uu, uv, vv, uw, vw = dot(u, u), dot(u, v), dot(v, v), dot(u, w), dot(v, w)
    det = uu * vv - uv * uv
    if det == 0:
        return min(ends)
    s, t = (uv * vw - vv * uw) / det, (uu * vw - uv * uw) / det
    if not (0 <= s <= 1 and 0 <= t <= 1):
        return min(ends)
    gap = minus(along(p, u, s), along(a, v, t))
    return dot(gap, gap)


def is_left(a, b, p):
    return (b[0] - a[0]) * (p[1] - a[1]) - (b[1] - a[1]) * (p[0] - a[0])


def meets(p, q, triangle, low, high):
    """Whether the segment meets all five half-spaces of a counter-clockwise prism at one parameter."""
    first, last = Fraction(0), Fraction(1)
    sides = [(is_left(a, b, p), is_left(a, b, q)) for a, b in zip(triangle, triangle[1:] + triangle[:1], strict=True)]
    for start, end in [*sides, (p[2] - low, q[2] - low), (high - p[2], high - q[2])]:
        if start < 0 and end < 0:
            return False
        if start < 0 <= end:
            first = max(first, start / (start - end))
        if end < 0 <= start:
            last = min(last, start / (start - end))
    return first <= last


def point_to_prism2(p, triangle, low, high):
    inside = all(is_left(a, b, p) >= 0 for a, b in zip(triangle, triangle[1:] + triangle[:1], strict=True))
    plan2 = 0 if inside else min(point_to_segment2(p[:2], a, b) for a, b in combinations(triangle, 2))
    return plan2 + max(low - p[2], p[2] - high, Fraction(0)) ** 2


def segment_to_prism2(p, q, triangle, low, high):
    if meets(p, q, triangle, low, high):
        return Fraction(0)
    level = [([*a, z], [*b, z]) for a, b in combinations(triangle, 2) for z in (low, high)]
    edges = level + [([*a, low], [*a, high]) for a in triangle]
    return min(
        *(segment_to_segment2(p, q, a, b) for a, b in edges),
        *(point_to_prism2(end, triangle, low, high) for end in (p, q)),
    )


def exact_points(coordinates):
    """Coordinates as fractions near 0: subtracting the origin exactly keeps them short."""
    origin = [Fraction(value) for value in ORIGIN.tolist()]
    return [[Fraction(value) - shift for value, shift in zip(row, origin, strict=False)] for row in coordinates]


def exact_distance(polygon, axis):
    pieces = shapely.get_parts(shapely.constrained_delaunay_triangles(polygon))
    assert shapely.area(pieces).sum() == pytest.approx(polygon.area)
    corners = [list(shapely.orient_polygons(piece).exterior.coords)[:3] for piece in pieces]
    triangles = [exact_points(triangle) for triangle in corners]
    low, high = Fraction(LOW), Fraction(HIGH)
    return math.sqrt(
        min(
            segment_to_prism2(p, q, triangle, low, high)
            for p, q in pairwise(exact_points(axis))
            for triangle in triangles
        )
    )


def place(outline):
    polygon = outline if isinstance(outline, shapely.Polygon) else shapely.Polygon(outline)
    return shapely.transform(polygon, lambda xy: xy + ORIGIN[:2])


def computed_distances(polygon, axes, offset=0.0):
    scene = set_scene(polygon, [Tube(1, axis, 0.1) for axis in axes])
    prism = Prism(*(np.full((len(axes), 1), value) for value in (LOW, HIGH, offset)))
    return measure_solid(scene, prism)[:, 0]


def assert_exact(polygon, axes):
    expected = np.array([exact_distance(polygon, axis) for axis in axes])
    computed = computed_distances(polygon, axes)
    assert np.abs(computed - expected).max() <= 1e-7
    assert computed[expected == 0].max(initial=0) <= 1e-9


def a_star(rng):
    """A random star-shaped outline, mostly concave."""
    count = rng.randint(3, 9)
    angles = [2 * math.pi * (k + 0.8 * rng.random()) / count for k in range(count)]
    return [
        (r * math.cos(a), r * math.sin(a)) for a in angles for r in [rng.choice([0.3, 1, 4, 12]) * (1 + rng.random())]
    ]


def a_random_axis(rng, reach):
    ends = [[rng.uniform(-reach, reach) + EAST, rng.uniform(-reach, reach) + NORTH, rng.uniform(-4, 2)] for _ in "12"]
    if rng.random() < 0.3:
        ends[1][2] = ends[0][2]
    return np.array(ends)


@pytest.mark.parametrize("seed", range(16))
def test_random_pairs_have_the_exact_distance(seed):
    """Protects the closed form: at most 1e-7 m off at VN-2000 coordinates, and no hit missed."""
    rng = random.Random(seed)
    polygon = place(a_star(rng))
    assert_exact(polygon, [a_random_axis(rng, rng.choice([3, 15, 400])) for _ in range(20)])


@pytest.mark.parametrize("outline", [COMB, RING, SLIVER, ARROW], ids=["comb", "ring", "sliver", "arrow"])
def test_degenerate_pairs_have_the_exact_distance(outline):
    """Protects the ties: ends on corners, axes along walls and bottom, points, risers, concave outlines."""
    rng = random.Random(7)
    polygon = place(outline)
    corners = shapely.get_coordinates(polygon).tolist()
    grid = [[EAST + x / 2, NORTH + y / 2] for x, y in product(range(-2, 20), range(-2, 14))]
    levels = [LOW, HIGH, -1.0, -3.0, 0.0]

    def pick():
        return [*rng.choice(corners if rng.random() < 0.5 else grid), rng.choice(levels)]

    axes = [np.array([pick(), pick()]) for _ in range(40)]
    axes += [np.array([p, [*p[:2], z]]) for p, z in [(pick(), rng.choice(levels)) for _ in range(8)]]
    axes += [np.array([p, p]) for p in [pick() for _ in range(4)]]
    assert_exact(polygon, axes)


def test_an_axis_that_all_but_touches_has_the_exact_distance():
    """Protects the micrometre around contact, where a rounded intersection decides for or against a hit."""
    polygon = place(ARROW)
    corner = np.array([2 + EAST, 3 + NORTH, LOW])
    axes = []
    for gap in (0.0, 1e-9, 1e-7, 1e-6, 1e-5):
        for direction in ([0.0, 40.0, 0.0], [0.3, 900.0, 0.2], [-1.0, 7.0, -1e-6], [0.0, 0.0, -3.0]):
            step = np.array(direction)
            away = corner - np.array([gap, 0.0, gap])
            axes.append(np.array([away - step, away + step]))
    assert_exact(polygon, axes)


def search_distance(polygon, axis, offset):
    """The least distance found by narrowing in on the best of many points of the axis."""
    local = shapely.transform(polygon, lambda xy: xy - ORIGIN[:2])
    line = axis - ORIGIN
    best, (first, last) = math.inf, (0.0, 1.0)
    for _ in range(12):
        t = np.linspace(first, last, 1001)
        points = line[0] + t[:, None] * (line[1] - line[0])
        plan = np.maximum(shapely.distance(local, shapely.points(points[:, :2])) - offset, 0)
        rise = np.maximum(np.maximum(LOW - points[:, 2], points[:, 2] - HIGH), 0)
        least = np.argmin(np.hypot(plan, rise))
        best = min(best, np.hypot(plan, rise)[least])
        first, last = t[max(least - 2, 0)], t[min(least + 2, 1000)]
    return best


@pytest.mark.parametrize("offset", [0.05, 0.61, 1.5])
@pytest.mark.parametrize("outline", [COMB, RING, ARROW, SLIVER], ids=["comb", "ring", "arrow", "sliver"])
def test_moved_walls_are_as_near_as_a_search_finds_them(outline, offset):
    """Protects the accuracy in plan: rounded corners have no closed form, and must not be cut."""
    rng = random.Random(11)
    polygon = place(outline)
    axes = [a_random_axis(rng, rng.choice([4, 12, 100])) for _ in range(30)]
    found = np.array([search_distance(polygon, axis, offset) for axis in axes])
    computed = computed_distances(polygon, axes, offset)
    assert (computed <= found + 1e-9).all()
    assert computed == pytest.approx(found, abs=1e-6)


@pytest.mark.parametrize("outline", [COMB, RING, ARROW, SLIVER], ids=["comb", "ring", "arrow", "sliver"])
def test_plan_and_vertical_distance_agree_with_points_of_the_axis(outline):
    """Protects the crossing: every point of an axis within reach in plan takes part in it."""
    rng = random.Random(13)
    polygon = place(outline)
    axes = [a_random_axis(rng, rng.choice([4, 12])) for _ in range(40)]
    scene = set_scene(polygon, [Tube(1, axis, 0.1) for axis in axes])
    vertical = measure_vertical(scene, np.full(len(axes), 0.4), LOW, HIGH)
    lines = shapely.linestrings([axis[:, :2] for axis in axes])
    assert measure_plan(scene) == pytest.approx(shapely.distance(polygon, lines), abs=1e-7)
    assert (np.isfinite(vertical) == (shapely.distance(polygon, lines) <= 0.4)).all()
    t = np.linspace(0, 1, 4001)[:, None]
    for axis, distance in zip(axes, vertical, strict=True):
        points = axis[0] + t * (axis[1] - axis[0])
        within = shapely.distance(polygon, shapely.points(points[:, :2])) <= 0.4
        rise = np.maximum(LOW - points[:, 2], points[:, 2] - HIGH)[within]
        step = np.abs(axis[1] - axis[0]).max() / 4000
        assert rise.size == 0 or distance - 1e-6 <= rise.min() <= distance + 2 * step + 1e-6
