"""Geometry objects of GeoJSON and JSON-FG → shapely geometries.

Source: RFC 7946, 3.1; OGC 21-045r1 (JSON-FG 1.0), 7.5 for curves, prisms and polyhedra.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np
import shapely
from shapely.errors import GEOSException

from importers.formats.arcs import stroke
from importers.formats.bodies import describe_body
from importers.formats.shell import make_face

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

# What a geometry object with nonsense in it ends in.
_NONSENSE = (
    TypeError, ValueError, KeyError, IndexError, AttributeError, OverflowError, RecursionError, GEOSException,
)  # fmt: skip
_MULTI: dict[str, Callable[..., shapely.Geometry]] = {
    "Point": shapely.MultiPoint,
    "LineString": shapely.MultiLineString,
    "Polygon": shapely.MultiPolygon,
}


def read_geometry(stated: Any) -> tuple[shapely.Geometry | None, dict[str, Any]]:
    """The geometry as it stands, x y z in the order of the file, and columns that a body or prism tells.

    Coordinates that are no numbers become NaN. None for what is no geometry.
    """
    if not isinstance(stated, dict):
        return None, {}
    try:
        with np.errstate(invalid="ignore"):  # coordinates that are no numbers are told from the geometry later
            if stated["type"] in _BODIES:
                return _BODIES[stated["type"]](stated)
            return _build(stated), {}
    except _NONSENSE:
        return None, {}


def _build(stated: dict[str, Any]) -> shapely.Geometry | None:
    kind = stated["type"]
    if kind in _PARTED:
        return gather([_build(part) for part in stated[_PARTED[kind]]])
    if kind == "CompoundCurve":
        return shapely.LineString(np.vstack([_curve(part) for part in stated["geometries"]]))
    if kind == "CurvePolygon":
        shell, *holes = (_curve(part) for part in stated["geometries"])
        return shapely.Polygon(shell, holes)
    if kind == "CircularString":
        return shapely.LineString(_curve(stated))
    return _SIMPLE[kind](stated["coordinates"])


_PARTED = {"GeometryCollection": "geometries", "MultiCurve": "geometries", "MultiSurface": "geometries"}


def gather(parts: list[shapely.Geometry | None]) -> shapely.Geometry | None:
    """One geometry of several: multi where all are of one kind, a collection where not."""
    flat = [piece for part in parts if part is not None for piece in shapely.get_parts(part)]
    if len(flat) < 2:
        return flat[0] if flat else None
    kinds = {piece.geom_type for piece in flat}
    build = _MULTI.get(kinds.pop()) if len(kinds) == 1 else None
    return build(flat) if build else shapely.GeometryCollection(flat)


def _curve(stated: dict[str, Any]) -> NDArray[np.float64]:
    if stated["type"] == "CompoundCurve":
        return np.vstack([_curve(part) for part in stated["geometries"]])
    points = _positions(stated["coordinates"])
    return stroke(points) if stated["type"] == "CircularString" else points


def _point(coordinates: Any) -> shapely.Geometry | None:
    return shapely.Point(_positions([coordinates])[0]) if coordinates else None


def _line(coordinates: Any) -> shapely.Geometry | None:
    points = _positions(coordinates)
    if len(points) == 1:
        points = np.repeat(points, 2, axis=0)  # a line without length, which is said of it later
    return shapely.LineString(points) if len(points) else None


def _polygon(coordinates: Any) -> shapely.Geometry | None:
    rings = [ring for positions in coordinates if len(ring := _positions(positions)) > 2]
    return shapely.Polygon(rings[0], rings[1:]) if rings and len(_positions(coordinates[0])) > 2 else None


def _many(build: Callable[[Any], shapely.Geometry | None]) -> Callable[[Any], shapely.Geometry | None]:
    def read(coordinates: Any) -> shapely.Geometry | None:
        parts = [part for member in coordinates if (part := build(member)) is not None]
        return _MULTI[parts[0].geom_type](parts) if parts else None

    return read


_SIMPLE: dict[str, Callable[[Any], shapely.Geometry | None]] = {
    "Point": _point,
    "LineString": _line,
    "Polygon": _polygon,
    "MultiPoint": _many(_point),
    "MultiLineString": _many(_line),
    "MultiPolygon": _many(_polygon),
}


def _positions(coordinates: Any) -> NDArray[np.float64]:
    """Vertices (n, 3) where every one has a height, else (n, 2); further numbers of a position are dropped."""
    if not isinstance(coordinates, list):
        raise TypeError("positions must be a list")
    if not coordinates:
        return np.zeros((0, 2))
    if (plain := _plain_positions(coordinates)) is not None:
        return plain
    width = 3 if all(len(position) > 2 and position[2] is not None for position in coordinates) else 2
    return np.array([[_number(position[i]) for i in range(width)] for position in coordinates])


def _plain_positions(coordinates: list[Any]) -> NDArray[np.float64] | None:
    """Positions that are all numbers and all of one length, as nearly all files have them; None for others."""
    try:
        found = np.array(coordinates)
    except ValueError:
        return None
    plain = found.ndim == 2 and found.shape[1] > 1 and found.dtype.kind in "if"
    return found[:, :3].astype(float) if plain else None


def _number(value: Any) -> float:
    """A number, also one that was written as text; NaN for anything else."""
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return float("nan")
    try:
        return float(value)
    except (ValueError, OverflowError):
        return float("nan")


def _polyhedron(stated: dict[str, Any]) -> tuple[shapely.Geometry | None, dict[str, Any]]:
    """The outer shell of one or, as MultiPolyhedron, several bodies."""
    shells = [stated["coordinates"]] if stated["type"] == "Polyhedron" else stated["coordinates"]
    faces = [face for shell in shells for surface in shell[0] if (face := make_face(map(_positions, surface)))]
    return describe_body(faces)


def _prism(stated: dict[str, Any]) -> tuple[shapely.Geometry | None, dict[str, Any]]:
    """A base between two heights; a prism on a point or line has no body here, only its base."""
    prisms = [stated] if stated["type"] == "Prism" else stated["prisms"]
    base = gather([shapely.force_2d(_build(prism["base"])) for prism in prisms])
    low, high = (_number(prisms[0].get(key)) for key in ("lower", "upper"))
    told = {"groundelevation": low} if math.isfinite(low) else {}
    return base, told | ({"height_m": high - low} if high > low else {})


_BODIES = {"Polyhedron": _polyhedron, "MultiPolyhedron": _polyhedron, "Prism": _prism, "MultiPrism": _prism}
