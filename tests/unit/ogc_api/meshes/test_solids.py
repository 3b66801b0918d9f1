"""Houses: footprints with courtyards, solids with holes, some inside out, some open."""

from __future__ import annotations

import numpy as np
import pytest
import shapely
from shapely.affinity import translate

from ogc_api.meshes.figures import crown, stem
from ogc_api.meshes.plans import lay_out
from ogc_api.meshes.polyhedra import open_faces
from ogc_api.meshes.prisms import raise_walls
from tests.glb_reader import is_sound, weld

CUBE = shapely.from_wkt(
    "MULTIPOLYGON Z(((0 0 0,0 10 0,10 10 0,10 0 0,0 0 0)),((0 0 5,10 0 5,10 10 5,0 10 5,0 0 5)),"
    "((0 0 0,10 0 0,10 0 5,0 0 5,0 0 0)),((10 0 0,10 10 0,10 10 5,10 0 5,10 0 0)),"
    "((10 10 0,0 10 0,0 10 5,10 10 5,10 10 0)),((0 10 0,0 0 0,0 0 5,0 10 5,0 10 0)))"
)


def test_a_footprint_with_courtyards_becomes_a_closed_body() -> None:
    """Volume is area times height, of every polygon, whichever way its rings turn; a point on a wall goes."""
    yard = shapely.Polygon(
        [(0, 0), (5, 0), (10, 0), (10, 10), (0, 10), (0, 5)],
        [[(2, 2), (2, 4), (4, 4), (4, 2)], [(6, 6), (8, 6), (8, 8), (6, 8)]],
    )
    polygons = np.array([yard, shapely.Polygon([(20, 0), (20, 3), (23, 3)]), shapely.Point(50, 0).buffer(3)])
    plan = lay_out(polygons, np.array([4, 2, 7]))
    assert np.bincount(plan.owners)[4] == 4 + 8
    low = np.column_stack([plan.rings.points, np.zeros(len(plan.owners))])
    mesh = raise_walls(plan, low, low + np.array([0, 0, 3]))
    for owner, polygon in zip((4, 2, 7), polygons, strict=True):
        part = mesh.of(np.arange(8) == owner)
        shape = weld(part.vertices, part.faces)
        assert is_sound(shape)
        assert shape.volume == pytest.approx(polygon.area * 3, rel=1e-4)


def test_solids_are_told_apart_and_turned_outwards() -> None:
    """A cube, one inside out, one without a wall, one with a window through it."""
    inside_out = shapely.MultiPolygon([shapely.reverse(face) for face in CUBE.geoms])
    opened = shapely.MultiPolygon(list(CUBE.geoms)[:-1])
    # A shaft 2 by 2 m from the floor to the roof.
    shaft = [(4.0, 4.0), (6.0, 4.0), (6.0, 6.0), (4.0, 6.0)]
    floor, roof, *walls = CUBE.geoms
    sides = [
        shapely.Polygon([(*a, 0), (*a, 5), (*b, 5), (*b, 0)]) for a, b in zip(shaft, shaft[1:] + shaft[:1], strict=True)
    ]
    pierced = shapely.MultiPolygon(
        [
            shapely.Polygon(floor.exterior.coords, [[(*p, 0) for p in shaft]]),
            shapely.Polygon(roof.exterior.coords, [[(*p, 5) for p in shaft[::-1]]]),
            *walls,
            *sides,
        ]
    )
    solids = [translate(solid, 20 * i) for i, solid in enumerate((CUBE, inside_out, opened, pierced))]
    faces = open_faces(np.array(solids))
    assert faces.is_closed.tolist() == [True, True, False, True]
    mesh = faces.at(faces.points, faces.normals)
    for owner, volume in ((0, 500), (1, 500), (3, 480)):
        part = mesh.of(np.arange(4) == owner)
        shape = weld(part.vertices, part.faces)
        assert is_sound(shape)
        assert shape.volume == pytest.approx(volume)
        corners = part.vertices[part.faces]
        crossed = np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0])
        assert ((crossed * part.normals[part.faces[:, 0]]).sum(axis=1) > 0).all()


def test_figures_of_trees_are_closed_and_of_unit_size() -> None:
    """What is stretched by a tree's size is 1 m high and wide."""
    for figure in (stem(), crown()):
        shape = weld(figure.vertices, figure.faces)
        assert is_sound(shape)
        assert shape.extents[2] == pytest.approx(1)
        assert shape.extents[0] == pytest.approx(1, abs=0.01)
        assert shape.bounds[0, 2] == pytest.approx(0, abs=1e-9)
