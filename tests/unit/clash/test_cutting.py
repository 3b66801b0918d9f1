"""Where the ground is read, and how a floor over it is cut: nothing is left out, compiled or not."""

import runpy

import numpy as np
import pytest
import shapely
import shapely.affinity

from twin.clash.kernel import cutting, rows, sources

EAST, NORTH = 562_000.0, 1_820_000.0
SQUARE = shapely.box(EAST, NORTH, EAST + 12, NORTH + 9)
AREAS = {
    "square": SQUARE,
    "slanting": shapely.affinity.rotate(SQUARE, 23.7),
    "hole": SQUARE.difference(shapely.box(EAST + 3, NORTH + 2.5, EAST + 7.5, NORTH + 6)),
    "round": shapely.Point(EAST + 0.3, NORTH).buffer(6.1),
    "notched": shapely.affinity.skew(SQUARE.difference(shapely.box(EAST + 3, NORTH + 4, EAST + 20, NORTH + 5)), 7),
    "apart": shapely.union(SQUARE, shapely.affinity.rotate(shapely.affinity.translate(SQUARE, 20, 3), 40)),
}


def rings_of(area):
    return [
        shapely.get_coordinates(ring).tolist()
        for polygon in shapely.get_parts(area)
        for ring in (polygon.exterior, *polygon.interiors)
    ]


def points_of(found):
    points = [
        (x + k * part / length * dx, y + k * part / length * dy)
        for x, y, dx, dy, part, length, count in found
        for k in range(int(count))
    ]
    return np.array(points)


@pytest.mark.parametrize("area", AREAS.values(), ids=AREAS)
def test_the_ground_is_read_a_metre_apart_over_all_of_an_area(area):
    """Protects what lies under a dig from ground that nobody read; GEOS says what is inside."""
    points = points_of(rows.trace_rows(rings_of(area), 1.0))
    assert (shapely.distance(area, shapely.points(points)) < 1e-7).all()
    along = shapely.get_coordinates(shapely.segmentize(area.boundary, 0.1))
    tree = shapely.STRtree(shapely.points(points))
    assert (
        shapely.distance(shapely.points(along), tree.geometries[tree.nearest(shapely.points(along))]).max()
        <= 0.5 + 1e-6
    )
    west, south, east, north = area.bounds
    grid = np.stack(np.meshgrid(np.arange(west, east), np.arange(south, north)), axis=-1).reshape(-1, 2)
    inside = {tuple(point) for point in grid[shapely.contains_xy(area, grid)].tolist()}
    assert inside <= {tuple(point) for point in points.tolist()}


def a_ground(rng, corners):
    west, south = corners.min(axis=0)
    east, north = corners.max(axis=0)
    x, y = (each.ravel() for each in np.meshgrid(np.arange(west, east + 1), np.arange(south, north + 1)))
    z = 3 + 0.05 * (x - EAST) + rng.uniform(0, 0.2, len(x)) * rng.integers(0, 2)
    return x.tolist(), y.tolist(), z.tolist()


@pytest.mark.parametrize("seed", range(12))
def test_the_pieces_of_a_floor_are_the_floor_and_hold_the_ground(seed):
    """Protects a floor in pieces: together they are all of it, and the ground over each is within its band."""
    rng = np.random.default_rng(seed)
    hull = shapely.convex_hull(shapely.MultiPoint(rng.uniform(-15, 15, (3 + seed % 5, 2)) + np.array((EAST, NORTH))))
    corners = shapely.get_coordinates(shapely.orient_polygons(hull))[:-1]
    ring, ground = [(x, y) for x, y in corners.tolist()], a_ground(rng, corners)
    beds = cutting.cut_beds(ring, cutting.Ground(*ground), 1.0, 0.02, 1.5)
    pieces = [shapely.Polygon(bed.ring) for bed in beds]
    assert sum(piece.area for piece in pieces) == pytest.approx(hull.area, rel=1e-9)
    assert shapely.difference(hull, shapely.union_all(pieces).buffer(1e-6)).area == 0.0
    x, y, z = (np.array(axis) for axis in ground)
    for bed, piece in zip(beds, pieces, strict=True):
        near = shapely.dwithin(piece, shapely.points(x, y), 1.0 - 1e-9)
        off = z[near] - (x[near] - bed.x) * bed.gx - (y[near] - bed.y) * bed.gy
        assert ((off >= bed.low - 1e-9) & (off <= bed.low + bed.band + 1e-9)).all()
        assert z[near].max(initial=-1.0) <= bed.highest


def test_python_cuts_as_machine_code_does():
    """Protects installations without a compiler: the same pieces and the same points, to the last bit."""
    plain = {name: runpy.run_path(str(sources.FOLDER / f"{name}.py")) for name in ("cutting", "rows")}
    rng = np.random.default_rng(4)
    for area in AREAS.values():
        assert rows.trace_rows(rings_of(area), 1.0) == plain["rows"]["trace_rows"](rings_of(area), 1.0)
        corners = shapely.get_coordinates(shapely.orient_polygons(area.convex_hull))[:-1]
        ring, ground = [(x, y) for x, y in corners.tolist()], a_ground(rng, corners)
        compiled, python = (
            [
                (bed.ring, bed.x, bed.y, bed.gx, bed.gy, bed.low, bed.band, bed.highest)
                for bed in cut(list(ring), points(*ground), 1.0, 0.02, 1.5)
            ]
            for cut, points in (
                (cutting.cut_beds, cutting.Ground),
                (plain["cutting"]["cut_beds"], plain["cutting"]["Ground"]),
            )
        )
        assert compiled == python
