"""Bodies of faces: closed or not, inside out or not, and what they cover in plan."""

from __future__ import annotations

import numpy as np
import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st

from importers.formats.shell import (
    Face,
    close_shell,
    cover_of,
    cover_of_triangles,
    extent_m,
    foot_of,
    make_face,
    to_solid,
)


def a_prism(ring: list[tuple[float, float]], low: float, high: float) -> list[Face]:
    """Faces of an upright prism over a ring that runs counter-clockwise, all outward."""
    bottom = [(x, y, low) for x, y in ring]
    top = [(x, y, high) for x, y in ring]
    walls = [[bottom[i], bottom[(i + 1) % len(ring)], top[(i + 1) % len(ring)], top[i]] for i in range(len(ring))]
    return [make_face([face]) for face in (bottom[::-1], top, *walls)]


def a_box(x: float, y: float, z: float, size: tuple[float, float, float] = (4.0, 3.0, 2.0)) -> list[Face]:
    ring = [(x, y), (x + size[0], y), (x + size[0], y + size[1]), (x, y + size[1])]
    return a_prism(ring, z, z + size[2])


def reversed_face(face: Face) -> Face:
    return tuple(ring[::-1] for ring in face)


L_SHAPE = [(0.0, 0.0), (4.0, 0.0), (4.0, 1.0), (1.0, 1.0), (1.0, 3.0), (0.0, 3.0)]


@given(flips=st.lists(st.booleans(), min_size=8, max_size=8), order=st.permutations(range(8)))
def test_however_faces_are_turned_they_end_up_outward(mesh_of, flips: list[bool], order: list[int]) -> None:
    """Volume is positive and exact, and every edge has its two faces, whichever way and in whatever order they came."""
    faces = a_prism(L_SHAPE, 562_000.0, 562_002.5)
    mixed = [reversed_face(faces[i]) if flip else faces[i] for i, flip in zip(order, flips, strict=True)]
    closed = close_shell(mixed)
    assert closed is not None
    mesh = mesh_of(to_solid(closed))
    assert mesh.is_watertight
    assert mesh.is_winding_consistent
    assert mesh.volume == pytest.approx(6 * 2.5)


def test_outward_faces_stay_as_they_were() -> None:
    """A sound solid goes through untouched, corner by corner."""
    faces = a_box(1.0, 2.0, 3.0)
    closed = close_shell(faces)
    assert closed is not None
    for before, after in zip(faces, closed, strict=True):
        assert np.array_equal(before[0], after[0])


def test_open_box_is_no_solid() -> None:
    """Without its roof a box encloses nothing."""
    faces = a_box(0, 0, 0)
    assert close_shell(faces[:1] + faces[2:]) is None


def test_no_faces_are_no_solid() -> None:
    """Nothing encloses nothing."""
    assert close_shell([]) is None


def test_face_twice_is_no_solid() -> None:
    """A doubled wall would count twice in every volume."""
    faces = a_box(0, 0, 0)
    assert close_shell([*faces, faces[0]]) is None


def test_flat_body_is_no_solid() -> None:
    """Two faces back to back are closed along every edge and still enclose nothing."""
    face = make_face([[(0, 0, 0), (4, 0, 0), (4, 3, 1), (0, 3, 1)]])
    assert close_shell([face, reversed_face(face)]) is None


def test_corner_in_the_middle_of_an_edge_leaves_a_gap() -> None:
    """A vertex that only one of two neighbours has (T-junction) is a leak by ISO 19107."""
    faces = a_box(0, 0, 0)
    top = faces[1][0]
    faces[1] = make_face([np.insert(top, 1, (top[0] + top[1]) / 2 + [0, 0.001, 0], axis=0)])
    assert close_shell(faces) is None


def test_one_sided_band_is_no_solid() -> None:
    """Faces that cannot agree on an outside (Klein bottle, here of nine quadrilaterals) are refused."""
    points = [[(np.cos(u) * r, np.sin(u) * r, h) for r, h in ((3, 0), (4, 1), (5, 0))] for u in (0.1, 2.2, 4.3)]
    faces = []
    for i in range(3):
        for j in range(3):
            a, b = points[i][j], points[i][(j + 1) % 3]
            turned = i == 2
            c, d = (
                (points[0][(-j - 1) % 3], points[0][-j % 3])
                if turned
                else (points[i + 1][(j + 1) % 3], points[i + 1][j])
            )
            faces.append(make_face([[a, b, c, d]]))
    assert close_shell(faces) is None


def test_boxes_that_touch_along_an_edge_are_each_closed(mesh_of) -> None:
    """Two bodies of one solid may share an edge; each is turned outward by itself."""
    second = [reversed_face(face) for face in a_box(4.0, 3.0, 0.0)]
    closed = close_shell(a_box(0.0, 0.0, 0.0) + second)
    assert closed is not None
    assert mesh_of(to_solid(closed)).volume == pytest.approx(48.0)


def test_hole_runs_against_its_rim_whichever_way_it_came(mesh_of) -> None:
    """A courtyard is cut out of the volume though its rings were delivered in the direction of the outer ones."""
    yard = [(1.0, 1.0), (2.0, 1.0), (2.0, 2.0), (1.0, 2.0)]
    outer = a_box(0, 0, 0)
    bottom = make_face([outer[0][0], [(x, y, 0.0) for x, y in reversed(yard)]])
    top = make_face([outer[1][0], [(x, y, 2.0) for x, y in yard]])
    closed = close_shell([bottom, top, *outer[2:], *a_prism(yard, 0.0, 2.0)[2:]])
    assert closed is not None
    mesh = mesh_of(to_solid(closed))
    assert mesh.is_watertight
    assert mesh.volume == pytest.approx((12 - 1) * 2)
    cover = cover_of([bottom])
    assert cover is not None
    assert cover.area == 11.0


def test_repeated_and_closing_vertices_are_dropped() -> None:
    """GML closes its rings and CityJSON does not; both give the same face."""
    ring = [(0, 0, 0), (1, 0, 0), (1, 0, 0), (1, 1, 0), (0, 0, 0)]
    (face,) = make_face([ring])
    assert face.tolist() == [[0, 0, 0], [1, 0, 0], [1, 1, 0]]


def test_face_without_corners_is_nothing() -> None:
    """A line of two points, and a ring without points, have no face."""
    assert make_face([[(0, 0, 0), (1, 0, 0), (0, 0, 0)]]) == ()
    assert make_face([np.empty((0, 3))]) == ()


@pytest.mark.parametrize("bad", [float("nan"), float("inf")])
def test_face_of_no_numbers_is_refused(bad: float) -> None:
    """A coordinate that is no number never becomes part of a solid."""
    with pytest.raises(ValueError, match="finite"):
        make_face([[(0, 0, 0), (1, 0, bad), (1, 1, 0)]])


def test_foot_is_the_lowest_level_face() -> None:
    """Eaves do not belong to what a house covers of the ground."""
    walls = a_box(1.0, 1.0, 10.0, (4.0, 3.0, 3.0))
    roof = a_box(0.5, 0.5, 13.0, (5.0, 4.0, 0.2))
    foot = foot_of(walls + roof)
    assert foot is not None
    assert foot.equals(shapely.box(1, 1, 5, 4))


def test_house_on_stilts_covers_its_shadow() -> None:
    """Four feet of 0.01 m2 are not the outline of the house above them."""
    feet = [face for x in (0.1, 3.8) for y in (0.1, 2.8) for face in a_box(x, y, 0.0, (0.1, 0.1, 2.0))]
    foot = foot_of(feet + a_box(0.0, 0.0, 2.0))
    assert foot is not None
    assert foot.equals(shapely.box(0, 0, 4, 3))


def test_extent_is_lowest_and_highest_z() -> None:
    """Heights of a building come from all its faces."""
    assert extent_m(a_box(0, 0, 5.5)) == (5.5, 7.5)


def test_cover_of_walls_is_nothing() -> None:
    """Upright faces have no area in plan, and no polygon is made of them."""
    assert cover_of(a_box(0, 0, 0)[2:]) is None


def test_triangles_cover_what_their_union_covers() -> None:
    """Ten thousand triangles and their faces one by one cover the same."""
    corners = np.array(
        [[[0, 0, 0], [4, 0, 1], [4, 3, 0]], [[0, 0, 0], [4, 3, 0], [0, 3, 2]], [[0, 0, 0], [0, 3, 0], [0, 3, 5]]]
    )
    cover = cover_of_triangles(corners.astype(float))
    assert cover is not None
    assert cover.equals(shapely.box(0, 0, 4, 3))
    assert cover_of_triangles(np.empty((0, 3, 3))) is None
