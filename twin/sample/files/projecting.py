"""Coordinates as files hold them, and the positions in EPSG:9214 that follow from exactly those."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import shapely

from layers.crs import DEFAULT, parse_crs, transform_geometries

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from twin.sample.delivery.records import Form, Row

METRE_DECIMALS = 4
DEGREE_DECIMALS = 10
# VN-2000 by its shift to WGS 84 (QĐ 05/2007), for programs that know no code of it.
VN2000_PROJ = (
    "+proj=tmerc +lat_0=0 +lon_0={meridian:g} +k={scale:g} +x_0={easting:g} +y_0=0 +ellps=WGS84"
    " +towgs84=-191.90441429,-39.30318279,-111.45032835,0.00928836,-0.01975479,0.00427372,0.252906278 +units=m +no_defs"
)
NEIGHBOUR_ZONE = "EPSG:5898"
# What some programs write for VN-2000: the right projection on the wrong datum, 225 m off.
WGS84_LABEL = (
    'PROJCS["WGS_1984_Transverse_Mercator",GEOGCS["GCS_WGS_1984",DATUM["D_WGS_1984",'
    'SPHEROID["WGS_1984",6378137.0,298.257223563]],PRIMEM["Greenwich",0.0],UNIT["Degree",0.0174532925199433]],'
    'PROJECTION["Transverse_Mercator"],PARAMETER["False_Easting",500000.0],PARAMETER["False_Northing",0.0],'
    'PARAMETER["Central_Meridian",107.0],PARAMETER["Scale_Factor",0.9999],PARAMETER["Latitude_Of_Origin",0.0],'
    'UNIT["Meter",1.0]]'
)
# EPSG:6957 as a program writes it that names no code: false easting and northing are exchanged.
DEPRECATED_LABEL = (
    'PROJCS["VN_2000_TM-3_zone_482",GEOGCS["GCS_VN_2000",DATUM["D_Vietnam_2000",'
    'SPHEROID["WGS_1984",6378137.0,298.257223563]],PRIMEM["Greenwich",0.0],UNIT["Degree",0.0174532925199433]],'
    'PROJECTION["Transverse_Mercator"],PARAMETER["False_Easting",0.0],PARAMETER["False_Northing",500000.0],'
    'PARAMETER["Central_Meridian",105.0],PARAMETER["Scale_Factor",0.9999],PARAMETER["Latitude_Of_Origin",0.0],'
    'UNIT["Meter",1.0]]'
)
# What a file says of its system, where that is not the one that its coordinates are in.
LABELS = {"neighbour": NEIGHBOUR_ZONE, "wgs84": WGS84_LABEL, "hn72": "EPSG:2044", "deprecated": "EPSG:6957"}
# What stands before eastings that begin with the number of their zone.
_ZONE_M = 48_000_000.0


def label(form: Form) -> str:
    """What a file says of its system, or wrongly says."""
    return LABELS.get(form.label, form.crs)


def project_rows(rows: Sequence[Row], form: Form, spoil: str) -> NDArray[np.object_]:
    """The rows' shapes in the coordinates of their file, with the decimals that it writes, spoilt as is planned."""
    shapes = project([row.shape for row in rows], form)
    done = {"axes-swapped": _swap, "zone-prefixed": _prefix}.get(spoil)
    return shapes if done is None else np.asarray(shapely.transform(shapes, done, include_z=_any_z(shapes)))


def project(shapes: Sequence[shapely.Geometry | None], form: Form) -> NDArray[np.object_]:
    moved = transform_geometries(np.array([*shapes, None], dtype=object)[:-1], parse_crs(DEFAULT), parse_crs(form.crs))
    decimals = form.traits.decimals[0 if parse_crs(form.crs).is_projected else 1]
    if decimals is None:
        return moved

    def cut(points: NDArray[np.float64]) -> NDArray[np.float64]:
        return np.column_stack([np.round(points[:, :2], decimals), points[:, 2:]])

    return np.asarray(shapely.transform(moved, cut, include_z=_any_z(moved)), dtype=object)


def find_positions(rows: Sequence[Row], form: Form) -> NDArray[np.object_]:
    """Where the rows must arrive: what the file holds, read as it was meant, in EPSG:9214 without z."""
    meant = [row.shape if row.true_shape is None else row.true_shape for row in rows]
    return transform_geometries(shapely.force_2d(project(meant, form)), parse_crs(form.crs), parse_crs(DEFAULT))


def _swap(points: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.column_stack([points[:, 1], points[:, 0], points[:, 2:]])


def _prefix(points: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.column_stack([points[:, 0] + _ZONE_M, points[:, 1:]])


def _any_z(shapes: NDArray[np.object_]) -> bool:
    return bool(shapely.has_z(shapes).any())
