"""Bodies in well-known binary, which GEOS does not know."""

from __future__ import annotations

import struct

import numpy as np
import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st

from importers.formats.bodies import flatten_bodies, parse_faces

TRIANGLE = [(0, 0, 1), (4, 0, 1), (0, 3, 2), (0, 0, 1)]


def polygon(code: int, ring: list[tuple[float, ...]], order: str = "<") -> bytes:
    head = struct.pack(f"{order}BIII", order == "<", code, 1, len(ring))
    return head + b"".join(struct.pack(f"{order}{len(p)}d", *p) for p in ring)


def collection(code: int, *members: bytes, order: str = "<") -> bytes:
    return struct.pack(f"{order}BII", order == "<", code, len(members)) + b"".join(members)


@pytest.mark.parametrize(
    "wkb",
    [
        collection(1016, polygon(1017, TRIANGLE)),
        collection(1015, polygon(1003, TRIANGLE)),
        collection(1007, collection(1016, polygon(1017, TRIANGLE))),
        collection(0x8000000F, polygon(0x80000003, TRIANGLE)),
        collection(1016, polygon(1017, TRIANGLE, ">"), order=">"),
        collection(3016, polygon(3017, [(*p, 99.0) for p in TRIANGLE])),
        polygon(1017, TRIANGLE),
    ],
)
def test_faces(wkb: bytes) -> None:
    """TIN, polyhedral surface and collections of them, both byte orders, with and without M."""
    ((ring,),) = parse_faces(wkb)
    assert ring.tolist() == [[0, 0, 1], [4, 0, 1], [0, 3, 2]]


@pytest.mark.parametrize(
    "wkb",
    [
        b"",
        b"\x01",
        shapely.to_wkb(shapely.Point(1, 2, 3)),
        polygon(3, [(0, 0), (1, 0), (0, 1), (0, 0)]),
        collection(1016, polygon(1017, TRIANGLE))[:-5],
        struct.pack("<BII", 1, 1016, 2**32 - 1),
        struct.pack("<BIII", 1, 1017, 1, 2**32 - 1),
        collection(1007) * 20,
        polygon(1017, [(0, 0, float("nan")), (1, 0, 1), (0, 1, 1), (0, 0, 1)]),
    ],
)
def test_no_faces(wkb: bytes) -> None:
    """Anything else, also cut short or with numbers beyond reason, has none."""
    assert parse_faces(wkb) == []


@given(st.binary(max_size=200))
def test_any_bytes(wkb: bytes) -> None:
    """No bytes end in an exception."""
    parse_faces(b"\x01\xf8\x03\0\0" + wkb)


def test_flattening_tells_heights_beside_other_records() -> None:
    """Only the body's record gets an outline and heights; its neighbour stays as it is."""
    shapes = np.array([shapely.Point(0, 0), None], dtype=object)
    columns = flatten_bodies(shapes, {1: parse_faces(collection(1016, polygon(1017, TRIANGLE)))})
    assert columns == {"groundelevation": [None, 1.0], "height_m": [None, 1.0]}
    assert shapes[1].equals(shapely.Polygon([(0, 0), (4, 0), (0, 3)]))
    assert shapes[0] == shapely.Point(0, 0)


def test_wall_alone_has_no_outline() -> None:
    """An upright face covers nothing in plan."""
    wall = [(0, 0, 0), (4, 0, 0), (4, 0, 3), (0, 0, 3), (0, 0, 0)]
    shapes = np.array([None], dtype=object)
    flatten_bodies(shapes, {0: parse_faces(collection(1015, polygon(1003, wall)))})
    assert shapes.tolist() == [None]
