"""Faces of GML surfaces and solids below any property, with references inside the file, and what srsName means.

Sources: ISO 19136 (GML 3.1.1, 3.2.1), clause 10; AdV, GeoInfoDok for the names of German systems.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import numpy as np

from importers.formats.axes import name_crs, puts_north_first
from importers.formats.shell import make_face

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from xml.etree.ElementTree import Element

    from numpy.typing import NDArray

    from importers.formats.shell import Face

SURFACES = frozenset(
    {"Polygon", "OrientableSurface", "CompositeSurface", "MultiSurface", "Surface", "TriangulatedSurface", "Solid"}
)
_PATCHES = frozenset({"Polygon", "PolygonPatch", "Triangle", "Rectangle"})
_HREF = "{http://www.w3.org/1999/xlink}href"
_POSITIONS = frozenset({"posList", "pos", "coordinates"})
_ADV_UTM = re.compile(r"urn:adv:crs:ETRS89_UTM(3[123])", re.IGNORECASE)
# What lies below more surfaces of surfaces, or references to references, is no building.
_DEEPEST = 50
_MOST_STEPS = 2_000_000


def local(element: Element) -> str:
    """Name of an element without its namespace."""
    return element.tag.rpartition("}")[2]


def parse_srs(name: str) -> tuple[str, bool]:
    """The code that a srsName means, and whether its coordinates come as north, east."""
    if zone := _ADV_UTM.match(name.strip()):
        return f"EPSG:258{zone[1]}", False
    code, by_authority = name_crs(name)
    return code, by_authority and puts_north_first(code)


def read_faces(element: Element, by_id: Mapping[str, Element], *, north_first: bool) -> tuple[Face, ...]:
    """Faces below an element, x y z; inner shells of solids are left out.

    Raises: ValueError for broken coordinates, and for references that lead nowhere or have no end.
    """
    faces = []
    for polygon, turned in _polygons(element, by_id):
        rings = [_read_ring(ring) for ring in polygon.iter() if local(ring) == "LinearRing"]
        face = make_face(ring[:, [1, 0, 2]] if north_first else ring for ring in rings)
        if face:
            faces.append(tuple(ring[::-1] for ring in face) if turned else face)
    return tuple(faces)


def _polygons(element: Element, by_id: Mapping[str, Element]) -> Iterator[tuple[Element, bool]]:
    """Polygons in document order, and whether an orientable surface turns them round."""
    waiting, steps = [(element, False, 0)], 0
    while waiting:
        here, turned, depth = waiting.pop()
        steps += 1
        if depth > _DEEPEST or steps > _MOST_STEPS:
            raise ValueError("surfaces refer to each other without end")
        name = local(here)
        if name in _PATCHES:
            yield here, turned
            continue
        if name == "OrientableSurface" and here.get("orientation") == "-":
            turned = not turned
        hidden = "interior" if name == "Solid" else None
        waiting += [(child, turned, depth + 1) for child in reversed(here) if local(child) != hidden]
        if href := here.get(_HREF):
            waiting.append((_follow(href, by_id), turned, depth + 1))


def _follow(href: str, by_id: Mapping[str, Element]) -> Element:
    if not href.startswith("#") or href[1:] not in by_id:
        raise ValueError(f"{href} is no surface of this file")
    return by_id[href[1:]]


def _read_ring(ring: Element) -> NDArray[np.float64]:
    """Vertices (n, 3) of a LinearRing by posList, pos or coordinates. Raises: ValueError where they are not 3D."""
    texts = []
    for element in ring.iter():
        if local(element) in _POSITIONS:
            if element.get("srsDimension", "3") != "3":
                raise ValueError("coordinates are not 3D")
            texts.append((element.text or "").replace(",", " "))
    return np.array(" ".join(texts).split(), dtype=float).reshape(-1, 3)
