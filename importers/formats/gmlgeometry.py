"""Geometry elements of GML 2, 3.1 and 3.2 (names without namespace) → shapely geometries, x y as they stand there.

Source: ISO 19136 (OGC 07-036r1), clauses 10 and 11; OGC 02-069 for GML 2.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np
import shapely
from shapely.errors import GEOSException

from importers.formats.arcs import arc_around, circle_through, stroke
from importers.formats.coordinates import gather

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from xml.etree.ElementTree import Element

    from numpy.typing import NDArray

_NONSENSE = (ValueError, IndexError, KeyError, ArithmeticError, TypeError, GEOSException)


def is_geometry(element: Element) -> bool:
    return element.tag in _READERS


def read_geometry(element: Element, dimension: int) -> shapely.Geometry | None:
    """The geometry of an element; None for kinds that are not read (solids, clothoids), nonsense and references.

    dimension: numbers of a position where neither the element nor one around it says so.
    """
    try:
        with np.errstate(invalid="ignore"):  # coordinates that are no numbers are told from the geometry later
            return _read(element, dimension)
    except _NONSENSE:
        return None


def _read(element: Element, dimension: int) -> shapely.Geometry | None:
    if element.get("href"):
        raise ValueError("a geometry by reference")
    return _READERS[element.tag](element, _dimension(element, dimension))


def _dimension(element: Element, inherited: int) -> int:
    stated = element.get("srsDimension")
    return int(stated) if stated in ("2", "3") else inherited


def _below(element: Element, *properties: str) -> Iterator[Element]:
    """The objects in the properties of these names; of all names where none is given."""
    for child in element:
        if not properties or child.tag in properties:
            if child.get("href"):
                raise ValueError("a geometry by reference")
            yield from child


def _point(element: Element, dimension: int) -> shapely.Geometry | None:
    points = _positions(element, dimension)
    return shapely.Point(points[0]) if len(points) else None


def _line(element: Element, dimension: int) -> shapely.Geometry:
    return shapely.LineString(_path(element, dimension))


def _polygon(element: Element, dimension: int) -> shapely.Geometry | None:
    outer = list(_below(element, "exterior", "outerBoundaryIs"))
    inner = list(_below(element, "interior", "innerBoundaryIs"))
    if not outer:
        return None
    return shapely.Polygon(_path(outer[0], dimension), [_path(ring, dimension) for ring in inner])


def _surface(element: Element, dimension: int) -> shapely.Geometry | None:
    """A surface of one patch or of several, which are one area together."""
    parts = [part for child in _below(element) if (part := _read(child, _dimension(child, dimension))) is not None]
    return parts[0] if len(parts) == 1 else shapely.union_all(parts) if parts else None


def _many(element: Element, dimension: int) -> shapely.Geometry | None:
    return gather([_read(child, dimension) for child in _below(element)])


def _path(element: Element, dimension: int) -> NDArray[np.float64]:
    """Vertices of a line, ring, curve or segment."""
    kind, dimension = element.tag, _dimension(element, dimension)
    if kind in _PARTED_PATHS:
        pieces = [_path(part, dimension) for part in _below(element, *_PARTED_PATHS[kind])]
        width = min(piece.shape[1] for piece in pieces)
        return np.vstack([piece[:, :width] for piece in pieces])
    if kind == "OrientableCurve":
        (base,) = _below(element, "baseCurve")
        path = _path(base, dimension)
        return path[::-1] if element.get("orientation") == "-" else path
    if kind in ("CircleByCenterPoint", "ArcByCenterPoint"):
        return _around(element, dimension)
    return _SEGMENTS[kind](_positions(element, dimension))


_PARTED_PATHS = {"Curve": ("segments",), "Ring": ("curveMember",), "CompositeCurve": ("curveMember", "curveMembers")}


def _plain(points: NDArray[np.float64]) -> NDArray[np.float64]:
    return points


def _around(element: Element, dimension: int) -> NDArray[np.float64]:
    center = _positions(element, dimension)[0]
    told = {child.tag: float(child.text or "nan") for child in element if child.tag in _ARC}
    start = math.radians(told.get("startAngle", 0.0))
    sweep = math.radians(told["endAngle"]) - start if "endAngle" in told else math.tau
    return arc_around(center, told["radius"], start, sweep)


_ARC = ("radius", "startAngle", "endAngle")
_SEGMENTS: dict[str, Callable[[NDArray[np.float64]], NDArray[np.float64]]] = {
    "LineString": _plain,
    "LinearRing": _plain,
    "LineStringSegment": _plain,
    "GeodesicString": _plain,
    "Geodesic": _plain,
    "Arc": stroke,
    "ArcString": stroke,
    "Circle": circle_through,
}
_READERS: dict[str, Callable[[Element, int], shapely.Geometry | None]] = {
    "Point": _point,
    **dict.fromkeys(("LineString", "LinearRing", "Curve", "CompositeCurve", "OrientableCurve", "Ring"), _line),
    **dict.fromkeys(("Polygon", "PolygonPatch", "Triangle", "Rectangle"), _polygon),
    **dict.fromkeys(
        ("Surface", "CompositeSurface", "OrientableSurface", "PolyhedralSurface", "TriangulatedSurface", "Tin"),
        _surface,
    ),
    **dict.fromkeys(("MultiPoint", "MultiCurve", "MultiLineString", "MultiSurface", "MultiPolygon"), _many),
    "MultiGeometry": _many,
}


def _positions(element: Element, dimension: int) -> NDArray[np.float64]:
    """Vertices (n, 2 or 3) of pos, posList, coordinates or coord. Raises: ValueError for what is no number."""
    found = []
    for child in element:
        kind = child.tag
        if kind in ("pos", "posList"):
            found.append(_numbers(child, _dimension(child, dimension)))
        elif kind == "coordinates":
            found.append(_coordinates(child))
        elif kind == "coord":
            found.append(np.array([[float(axis.text or "nan") for axis in child]]))
        elif kind in ("pointProperty", "pointRep"):
            found += [_positions(point, dimension) for point in child]
    width = min((points.shape[1] for points in found), default=2)
    return np.vstack([points[:, : min(width, 3)] for points in found]) if found else np.zeros((0, 2))


def _numbers(element: Element, dimension: int) -> NDArray[np.float64]:
    numbers = np.array((element.text or "").split(), dtype=float)
    if element.tag == "pos" and 2 <= len(numbers) <= 4:
        dimension = len(numbers)
    return numbers.reshape(-1, dimension)


def _coordinates(element: Element) -> NDArray[np.float64]:
    """GML 2: tuples with separators of their own."""
    text, decimal = element.text or "", element.get("decimal", ".")
    between, inside = element.get("ts", " "), element.get("cs", ",")
    tuples = (text if between.isspace() else text.replace(between, " ")).split()
    return np.array([[float(number.replace(decimal, ".")) for number in t.split(inside)] for t in tuples])
