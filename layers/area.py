"""Where a box of a request lies in the storage CRS."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np
import shapely

from layers.crs import WGS84, area_of_use, parse_crs, transform_geometries

if TYPE_CHECKING:
    from layers.crs import Crs
    from layers.query import Box


@lru_cache(maxsize=1024)
def area(box: Box, storage: Crs) -> shapely.Geometry:
    """The box in storage CRS, cut to where the storage CRS is usable: a map of the world has no picture there."""
    wgs84 = parse_crs(WGS84)
    parts = [(box.west, box.east)] if box.west <= box.east else [(box.west, 180.0), (-180.0, box.east)]
    corners = [shapely.MultiPoint([(west, box.south), (east, box.north)]).envelope for west, east in parts]
    pieces = np.array([_densified(piece) for piece in corners], dtype=object)
    if box.crs == storage:
        return shapely.union_all(pieces)
    on_earth = shapely.union_all(transform_geometries(pieces, box.crs, wgs84))
    return transform_geometries(
        np.array([shapely.intersection(on_earth, usable(storage))], dtype=object), wgs84, storage
    )[0]


def inside(whole: shapely.Geometry) -> shapely.Polygon | None:
    """A box with upright edges that lies in an area; None where the area is none that nearly is such a box.

    PostGIS rounds boxes outward to single precision, a quarter of a metre in a city's coordinates: hence the metre.
    """
    if whole.geom_type != "Polygon" or whole.is_empty:
        return None
    west, south, east, north = whole.bounds
    for share in (0, 0.005, 0.02, 0.08):
        margin = max(share * (east - west), share * (north - south), 1.0)
        if east - west > 2 * margin and north - south > 2 * margin:
            box = shapely.box(west + margin, south + margin, east - margin, north - margin)
            if shapely.covers(whole, box):
                return box
    return None


def usable(storage: Crs) -> shapely.Polygon:
    """Where coordinates of a CRS make sense, in degrees: its area of use and a little more."""
    west, south, east, north = area_of_use(storage)
    return shapely.box(west - 3, max(south - 3, -89), east + 3, min(north + 3, 89))


def _densified(piece: shapely.Geometry) -> shapely.Geometry:
    """Edges in steps, for a straight edge of one CRS is a curve of another."""
    return shapely.segmentize(piece, max(piece.length / 128, 1e-9))
