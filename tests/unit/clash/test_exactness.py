"""The distance in space against two oracles: exact rational arithmetic, and a search over shapely's distance.

The exact oracle takes a segment against convex polyhedra in fractions: 0 where the segment meets all half-spaces at
once, else the least over segment against edge and end against face. Concave floors are cut into triangles first.
"""

import math
import random
from fractions import Fraction
from itertools import pairwise, product

import numpy as np
import pytest
import shapely

from twin.clash.distance import Scene
from twin.clash.solids import Drive, Excavation, Floor, Section

EAST, NORTH = 562_000.0, 1_820_000.0
ORIGIN = np.array([EAST, NORTH, 0.0])
LOW, HIGH, LID = -2.0, -0.5, 60.0
COMB = [(0, 0), (9, 0), (9, 4), (8, 4), (8, 1), (6, 1), (6, 4), (5, 4), (5, 1), (3, 1), (3, 4), (0, 4)]
RING = shapely.Polygon([(0, 0), (8, 0), (8, 6), (0, 6)], [[(2, 2), (2, 4), (4, 4), (4, 2)], [(5, 1), (7, 1), (6, 5)]])
SLIVER = [(0, 0), (60, 0.5), (60, 0.75), (0, 0.25)]
ARROW = [(0, 0), (6, 3), (0, 6), (2, 3)]
LINE = Section(0.0)


def dot(u, v):
    return sum(a * b for a, b in zip(u, v, strict=True))


def cross(u, v):
    return [u[1] * v[2] - u[2] * v[1], u[2] * v[0] - u[0] * v[2], u[0] * v[1] - u[1] * v[0]]


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


class Polyhedron:
    """A convex body by its faces, each a list of points that turn left seen from outside."""

    def __init__(self, faces):
        self.faces = faces
        self.planes = []
        for face in faces:
            normal = cross(minus(face[1], face[0]), minus(face[2], face[1]))
            self.planes.append((normal, dot(normal, face[0])))
        self.edges = [(a, b) for face in faces for a, b in zip(face, face[1:] + face[:1], strict=True)]

    def distance2(self, p, q):
        if self.meets(p, q):
            return Fraction(0)
        edges = (segment_to_segment2(p, q, a, b) for a, b in self.edges)
        return min(*edges, *(self.to_faces2(end) for end in (p, q)))

    def meets(self, p, q):
        first, last = Fraction(0), Fraction(1)
        for normal, offset in self.planes:
            start, end = offset - dot(normal, p), offset - dot(normal, q)
            if start < 0 and end < 0:
                return False
            if start < 0 <= end:
                first = max(first, start / (start - end))
            if end < 0 <= start:
                last = min(last, start / (start - end))
        return first <= last

    def to_faces2(self, p):
        """The squared distance to those faces on which the point's foot lies; edges are for others to take."""
        least = Fraction(10**12)
        for face, (normal, offset) in zip(self.faces, self.planes, strict=True):
            t = (offset - dot(normal, p)) / dot(normal, normal)
            foot = along(p, normal, t)
            sides = zip(face, face[1:] + face[:1], strict=True)
            if all(dot(cross(minus(b, a), minus(foot, a)), normal) >= 0 for a, b in sides):
                least = min(least, t * t * dot(normal, normal))
        return least


def a_frustum(floor, top):
    """The convex body between a floor and as many points above or beside it, then upright to a lid."""
    lid = [[*point[:2], Fraction(LID)] for point in top]
    faces = [floor[::-1], lid]
    for k in range(len(floor)):
        j = (k + 1) % len(floor)
        faces += [[floor[k], floor[j], top[j], top[k]]] if floor[k] != top[k] else []
        faces += [[top[k], top[j], lid[j], lid[k]]]
    return Polyhedron(faces)


def exact_points(coordinates):
    """Coordinates as fractions near 0: subtracting the origin exactly keeps them short."""
    origin = [Fraction(value) for value in ORIGIN.tolist()]
    return [[Fraction(value) - shift for value, shift in zip(row, origin, strict=False)] for row in coordinates]


def prisms(polygon, level=lambda _x, _y: Fraction(LOW)):
    """Upright prisms over the triangles of a polygon, from a level of each point."""
    pieces = shapely.get_parts(shapely.constrained_delaunay_triangles(polygon))
    assert shapely.area(pieces).sum() == pytest.approx(polygon.area)
    bodies = []
    for piece in pieces:
        corners = exact_points(list(shapely.orient_polygons(piece).exterior.coords)[:3])
        floor = [[x, y, level(x, y)] for x, y in corners]
        bodies.append(a_frustum(floor, floor))
    return bodies


def exact_distance(bodies, axis):
    return math.sqrt(min(body.distance2(p, q) for p, q in pairwise(exact_points(axis)) for body in bodies))


def place(outline):
    polygon = outline if isinstance(outline, shapely.Polygon) else shapely.Polygon(outline)
    return shapely.transform(polygon, lambda xy: xy + ORIGIN[:2])


def computed_distances(excavation, axes, wide=0.0, high=0.0):
    scene = Scene(excavation)
    return np.array([scene.space(scene.lay(axis.tolist()), LINE, (wide, high)).distance_m for axis in axes])


def a_level_dig(polygon):
    return Excavation((Floor(polygon, LOW, HIGH),))


def assert_exact(polygon, axes):
    bodies = prisms(polygon)
    expected = np.array([exact_distance(bodies, axis) for axis in axes])
    computed = computed_distances(a_level_dig(polygon), axes)
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


def degenerate_axes(rng, polygon, count):
    """Axes among corners, half metres and levels: ties of every kind, risers and points."""
    corners = shapely.get_coordinates(polygon).tolist()
    grid = [[EAST + x / 2, NORTH + y / 2] for x, y in product(range(-2, 20), range(-2, 14))]
    levels = [LOW, HIGH, -1.0, -3.0, 0.0]

    def pick():
        return [*rng.choice(corners if rng.random() < 0.5 else grid), rng.choice(levels)]

    axes = [np.array([pick(), pick()]) for _ in range(count)]
    axes += [np.array([p, [*p[:2], z]]) for p, z in [(pick(), rng.choice(levels)) for _ in range(count // 5)]]
    return axes + [np.array([p, p]) for p in [pick() for _ in range(count // 10)]]


@pytest.mark.parametrize("outline", [COMB, RING, SLIVER, ARROW], ids=["comb", "ring", "sliver", "arrow"])
def test_degenerate_pairs_have_the_exact_distance(outline):
    """Protects the ties: ends on corners, axes along walls and bottom, points, risers, concave outlines."""
    polygon = place(outline)
    assert_exact(polygon, degenerate_axes(random.Random(7), polygon, 40))


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


@pytest.mark.parametrize("grade", [(0.01, 0.0), (-0.03, 0.04), (0.0, 0.3)])
def test_a_sloped_floor_is_never_further_and_hardly_nearer_than_it_is(grade):
    """Protects trenches with a fall: no hit missed, and at most the cosine of the slope too near."""
    rng = random.Random(3)
    polygon = place([(0, 0), (9, 1), (8, 8), (-2, 6)])
    gx, gy = (Fraction(value) for value in grade)
    bodies = prisms(polygon, lambda x, y: Fraction(LOW) + gx * x + gy * y)
    axes = [a_random_axis(rng, rng.choice([6, 15, 100])) for _ in range(150)]
    axes += degenerate_axes(rng, polygon, 40)
    expected = np.array([exact_distance(bodies, axis) for axis in axes])
    floor = Floor(polygon, LOW, HIGH, grade=grade, origin=(EAST, NORTH))
    computed = computed_distances(Excavation((floor,)), axes)
    assert (computed <= expected + 1e-7).all()
    assert (computed >= expected / math.hypot(1, *grade) - 1e-7).all()
    assert (np.abs(computed - expected) <= 1e-7).mean() > 0.4, "most are exact, not only bounded"


def a_turned_rectangle(width, height):
    """A rectangle whose sides have rational lengths and directions (3, 4, 5), with its outward normals."""
    ux, uy = Fraction(4, 5), Fraction(3, 5)
    corners = [
        (Fraction(0), Fraction(0)),
        (Fraction(width), Fraction(0)),
        (Fraction(width), Fraction(height)),
        (Fraction(0), Fraction(height)),
    ]
    return [[x * ux - y * uy, x * uy + y * ux] for x, y in corners], (ux, uy)


def a_battered_body(slope, width=10, height=2):
    """The mitred body of a battered rectangle, in fractions, and its floor in the plane."""
    floor, (ux, uy) = a_turned_rectangle(width, height)
    out = Fraction(slope) * (Fraction(HIGH) - Fraction(LOW))
    signs = [(-1, -1), (1, -1), (1, 1), (-1, 1)]
    top = [
        [x + out * (i * ux - j * uy), y + out * (i * uy + j * ux), Fraction(HIGH)]
        for (x, y), (i, j) in zip(floor, signs, strict=True)
    ]
    return a_frustum([[x, y, Fraction(LOW)] for x, y in floor], top), [(float(x), float(y)) for x, y in floor]


@pytest.mark.parametrize("slope", [0.5, 0.75, 1.5])
def test_a_battered_dig_has_the_exact_distance(slope):
    """Protects leaning sides and mitred corners: exact, on faces, ridges and shoulders."""
    rng = random.Random(5)
    body, outline = a_battered_body(slope)
    dig = Excavation((Floor(place(outline), LOW, HIGH, slope=slope),))
    axes = [a_random_axis(rng, rng.choice([8, 15, 100])) for _ in range(200)]
    expected = np.array([exact_distance([body], axis) for axis in axes])
    assert computed_distances(dig, axes) == pytest.approx(expected, abs=1e-7)


def test_a_pipe_beside_a_leaning_side_is_exact():
    """Protects the commonest case: all of the axis within the length of one side."""
    rng = random.Random(9)
    body, outline = a_battered_body(0.75)
    dig = Excavation((Floor(place(outline), LOW, HIGH, slope=0.75),))
    axes = []
    for _ in range(100):
        ends = [(rng.uniform(0, 10), rng.uniform(-6, 0), rng.uniform(-6, 1)) for _ in "12"]
        axes.append(np.array([[0.8 * x - 0.6 * y, 0.6 * x + 0.8 * y, z] for x, y, z in ends]) + ORIGIN)
    expected = np.array([exact_distance([body], axis) for axis in axes])
    assert computed_distances(dig, axes) == pytest.approx(expected, abs=1e-7)


def test_a_bore_has_the_exact_distance():
    """Protects bores: axis to axis in space, at random and where they are parallel, touch or cross."""
    rng = random.Random(2)
    paths = [a_random_axis(rng, 12) for _ in range(20)]
    axes = [a_random_axis(rng, rng.choice([3, 12, 300])) for _ in range(20)]
    axes += [paths[0], paths[0][::-1], paths[0] + [0.0, 0.0, 1.0], paths[0] * 0.5 + paths[1] * 0.5]
    for path in paths:
        p, q = exact_points(path)
        found = computed_distances(Excavation((), (Drive(path.tolist(), 0.25),)), axes) + 0.25
        expected = [math.sqrt(segment_to_segment2(*exact_points(axis), p, q)) for axis in axes]
        assert found == pytest.approx(np.array(expected), abs=1e-7)


def search_distance(polygon, axis, wide, high):
    """The least distance found by narrowing in on the best of many points of the axis."""
    local = shapely.transform(polygon, lambda xy: xy - ORIGIN[:2])
    line = axis - ORIGIN
    best, (first, last) = math.inf, (0.0, 1.0)
    for _ in range(12):
        t = np.linspace(first, last, 1001)
        points = line[0] + t[:, None] * (line[1] - line[0])
        plan = shapely.distance(local, shapely.points(points[:, :2]))
        away = np.hypot(np.maximum(plan - wide, 0), np.maximum(LOW - high - points[:, 2], 0))
        least = np.argmin(away)
        best = min(best, away[least])
        first, last = t[max(least - 2, 0)], t[min(least + 2, 1000)]
    return best


@pytest.mark.parametrize("wide", [0.05, 0.61, 1.5])
@pytest.mark.parametrize("outline", [COMB, RING, ARROW, SLIVER], ids=["comb", "ring", "arrow", "sliver"])
def test_moved_walls_are_as_near_as_a_search_finds_them(outline, wide):
    """Protects the accuracy in plan and in height: rounded corners have no closed form, and must not be cut."""
    rng = random.Random(11)
    polygon = place(outline)
    axes = [a_random_axis(rng, rng.choice([4, 12, 100])) for _ in range(30)]
    found = np.array([search_distance(polygon, axis, wide, 0.2) for axis in axes])
    computed = computed_distances(a_level_dig(polygon), axes, wide, 0.2)
    assert (computed <= found + 1e-9).all()
    assert computed == pytest.approx(found, abs=1e-6)


def widened_distance(body, axis, wide, high):
    """The least distance of an axis from a convex body, over shifts of the axis by up to so much in plan and height."""
    shifts = [(wide * math.cos(a), wide * math.sin(a), high) for a in np.linspace(0, 2 * math.pi, 24, endpoint=False)]
    return min(exact_distance([body], axis + np.array(shift)) for shift in [(0, 0, 0), (0, 0, high), *shifts])


@pytest.mark.parametrize(("slope", "grade"), [(0.75, (0.0, 0.0)), (0.0, (0.03, -0.04))])
def test_a_widened_object_is_never_further_than_any_place_it_may_have(slope, grade):
    """Protects the accuracy beside leaning sides and over sloped floors: no shift within it comes nearer."""
    rng = random.Random(21)
    if slope:
        body, outline = a_battered_body(slope)
    else:
        outline = [(0, 0), (9, 1), (8, 8), (-2, 6)]
        gx, gy = (Fraction(value) for value in grade)
        corners = [[Fraction(x), Fraction(y), Fraction(LOW) + gx * x + gy * y] for x, y in outline]
        body = a_frustum(corners, corners)
    dig = Excavation((Floor(place(outline), LOW, HIGH, grade=grade, origin=(EAST, NORTH), slope=slope),))
    axes = [a_random_axis(rng, rng.choice([8, 15])) for _ in range(25)]
    found = np.array([widened_distance(body, axis, 0.5, 0.3) for axis in axes])
    computed = computed_distances(dig, axes, 0.5, 0.3)
    assert (computed <= found + 1e-7).all()
    assert (computed >= 0.7 * found - 0.1).all()


@pytest.mark.parametrize("outline", [COMB, RING, ARROW, SLIVER], ids=["comb", "ring", "arrow", "sliver"])
def test_plan_and_vertical_distance_agree_with_points_of_the_axis(outline):
    """Protects the crossing: every point of an axis within reach in plan takes part in it."""
    rng = random.Random(13)
    polygon = place(outline)
    axes = [a_random_axis(rng, rng.choice([4, 12])) for _ in range(40)]
    scene = Scene(a_level_dig(polygon))
    vertical = [scene.crossing(scene.lay(axis.tolist()), 0.4) for axis in axes]
    plan = [scene.plan(scene.lay(axis.tolist())).distance_m for axis in axes]
    lines = shapely.linestrings([axis[:, :2] for axis in axes])
    assert plan == pytest.approx(shapely.distance(polygon, lines), abs=1e-7)
    assert (np.isfinite(vertical) == (shapely.distance(polygon, lines) <= 0.4)).all()
    t = np.linspace(0, 1, 4001)[:, None]
    for axis, distance in zip(axes, vertical, strict=True):
        points = axis[0] + t * (axis[1] - axis[0])
        within = shapely.distance(polygon, shapely.points(points[:, :2])) <= 0.4
        rise = (LOW - points[:, 2])[within]
        step = np.abs(axis[1] - axis[0]).max() / 4000
        assert rise.size == 0 or distance - 1e-6 <= rise.min() <= distance + 2 * step + 1e-6
