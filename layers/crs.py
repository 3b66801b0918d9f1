"""Coordinate reference systems: the only caller of pyproj.

Axis order is always x, y (east, north; longitude, latitude), whatever the authority says.
"""

from __future__ import annotations

import warnings
from dataclasses import dataclass, field, replace
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import numpy as np
import pyproj
import shapely
from pyproj.aoi import AreaOfInterest
from pyproj.database import query_utm_crs_info
from pyproj.exceptions import CRSError, ProjError
from pyproj.transformer import TransformerGroup

from layers.errors import Invalid

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

DEFAULT = "EPSG:9214"
WGS84 = "EPSG:4326"

# Deprecated by EPSG because false easting and false northing were swapped.
SWAPPED_DEFINITIONS = frozenset({"EPSG:6956", "EPSG:6957", "EPSG:6958", "EPSG:6959"})
# The same in a .prj, which names no code: easting and northing as they were exchanged.
_SWAPPED_ORIGIN = (0.0, 500_000.0)
# VN-2000 / TM-3 zones that PostGIS 3.3's spatial_ref_sys lacks.
VN2000_TM3 = range(9205, 9219)
HON_DAU_1992 = "EPSG:5727"


_ANGLES = frozenset({"degree", "grad", "radian"})


class CrsMismatch(Invalid):
    """Two geometries, or a geometry and a table, are in different reference systems."""


@dataclass(frozen=True, slots=True)
class Crs:
    """A reference system by its authority code ("EPSG:9214"), or by WKT where no code fits it."""

    code: str
    _definition: pyproj.CRS = field(repr=False, compare=False)
    # What heights refer to where the definition says so: "ellipsoid", or the vertical system's code or name.
    vertical: str | None = field(default=None, compare=False)
    # Whether heights are metres: in the unit of their system, or else in that of x and y.
    has_metric_heights: bool = field(default=True, compare=False)

    @property
    def name(self) -> str:
        return str(self._definition.name)

    @property
    def is_projected(self) -> bool:
        return bool(self._definition.is_projected)

    @property
    def is_geographic(self) -> bool:
        return bool(self._definition.is_geographic)

    @property
    def is_metric(self) -> bool:
        return all(axis.unit_conversion_factor == 1.0 for axis in self._definition.axis_info[:2])

    @property
    def has_code(self) -> bool:
        return self.code.startswith("EPSG:")

    @property
    def srid(self) -> int:
        """EPSG number. Raises: Invalid for a definition without one."""
        if not self.has_code:
            raise Invalid(f"{self.name} has no EPSG code: name one")
        return int(self.code.removeprefix("EPSG:"))

    @property
    def datum(self) -> str:
        datum = self._definition.datum
        return "" if datum is None else str(datum.name)

    @property
    def uri(self) -> str:
        return f"http://www.opengis.net/def/crs/EPSG/0/{self.srid}"

    @property
    def parameters(self) -> dict[str, float]:
        """Values of the projection's parameters by their EPSG names, in degrees, metres and unity."""
        operation = self._definition.coordinate_operation
        return {} if operation is None else {p.name: float(p.value) for p in operation.params}

    @property
    def wkt(self) -> str:
        return str(self._definition.to_wkt())

    @property
    def wkt1(self) -> str:
        """WKT 1 as GDAL writes it, for spatial_ref_sys and .prj files."""
        return str(self._definition.to_wkt("WKT1_GDAL"))


@lru_cache(maxsize=256)
def parse_crs(text: str) -> Crs:
    """Reference system named by a code ("EPSG:9214"), a URI, or WKT; the code is found where the WKT equals one.

    Raises: Invalid for text that names no usable horizontal system, and for the deprecated EPSG:6956-6959.
    """
    try:
        definition, vertical, has_metric_heights = _horizontal(pyproj.CRS.from_user_input(text))
        epsg = definition.to_epsg()
    except CRSError as error:
        raise Invalid(f"'{text[:80]}' is no coordinate reference system: give a code such as {DEFAULT}") from error
    crs = Crs(f"EPSG:{epsg}" if epsg else definition.to_wkt(), definition, vertical, has_metric_heights)
    if crs.code in SWAPPED_DEFINITIONS or _has_swapped_origin(crs):
        raise Invalid(
            f"{crs.code if epsg else crs.name} is deprecated, its false easting and northing are swapped: use"
            " EPSG:5896-5899 or 9205-9218"
        )
    return replace(crs, _definition=pyproj.CRS.from_epsg(epsg)) if epsg else crs


def _has_swapped_origin(crs: Crs) -> bool:
    origin = crs.parameters.get("False easting"), crs.parameters.get("False northing")
    return "Vietnam" in crs.datum and origin == _SWAPPED_ORIGIN


def _horizontal(definition: pyproj.CRS) -> tuple[pyproj.CRS, str | None, bool]:
    """The horizontal part, what heights refer to, and whether they are metres: unsaid, they are as x and y are.

    A TOWGS84 that came with the definition is dropped: older software writes zeros there, which means "no shift".
    """
    vertical: str | None = None
    heights: list[Any] | None = None
    if definition.is_compound:
        definition, height = definition.sub_crs_list[:2]
        vertical, heights = ":".join(height.to_authority() or (height.name,)), height.axis_info
    if definition.is_bound and definition.source_crs is not None:
        definition = definition.source_crs
    axes = heights or [axis for axis in definition.axis_info if axis.unit_name not in _ANGLES]
    if definition.is_geographic and len(definition.axis_info) == 3:
        definition, vertical = definition.to_2d(), "ellipsoid"
    return definition, vertical, all(axis.unit_conversion_factor == 1.0 for axis in axes)


def parse_storage_crs(text: str) -> Crs:
    """Storage CRS of a city: projected, in metres, with an EPSG code.

    Raises: Invalid for any other.
    """
    crs = parse_crs(text)
    if not (crs.is_projected and crs.is_metric and crs.has_code):
        raise Invalid(
            f"TWIN_CRS={text}: the storage CRS must be projected, in metres and in the EPSG registry, such as {DEFAULT}"
        )
    return crs


@lru_cache(maxsize=256)
def _transformer(source: Crs, target: Crs) -> pyproj.Transformer:
    try:
        return pyproj.Transformer.from_crs(source._definition, target._definition, always_xy=True, allow_ballpark=False)  # noqa: SLF001
    except ProjError as error:
        raise Invalid(f"no accurate transformation from {source.name} to {target.name} is known") from error


def has_accurate_path(source: Crs, target: Crs) -> bool:
    """True where PROJ knows a transformation that is no ballpark guess (HN-72 outside Vũng Tàu has none)."""
    return bool(_operations(source, target))


def accuracy_m(source: Crs, target: Crs) -> float | None:
    """How far off, in metres, the transformation from one system to another may be; None where nobody says.

    By the EPSG registry, of the best operation that needs no grid beyond those that are installed.
    """
    if source == target or source.datum == target.datum:
        return 0.0
    stated = next((operation.accuracy for operation in _operations(source, target)), None)
    return None if stated is None or stated < 0 else float(stated)


@lru_cache(maxsize=256)
def _operations(source: Crs, target: Crs) -> list[pyproj.Transformer]:
    """Operations that are no ballpark guess and can be carried out here, the best first."""
    with warnings.catch_warnings():
        # A grid that would make it better by decimetres is not there: `accuracy_m` says how good it is without.
        warnings.filterwarnings("ignore", "Best transformation is not available", UserWarning)
        group = TransformerGroup(source._definition, target._definition, always_xy=True, allow_ballpark=False)  # noqa: SLF001
    return list(group.transformers)


def transform_points(
    points: NDArray[np.float64], source: Crs, target: Crs, *, strict: bool = True
) -> NDArray[np.float64]:
    """Points (n, 2) or (n, 3), x y [z], in another CRS; z passes through unchanged.

    Elevations refer to a local vertical datum, so no horizontal datum shift may touch them.
    Without `strict`, points that the transformation does not cover become infinite.
    Raises: Invalid for such points when strict.
    """
    if source == target or not len(points):
        return points
    out = points.copy()
    try:
        out[:, 0], out[:, 1] = _transformer(source, target).transform(points[:, 0], points[:, 1], errcheck=strict)
    except ProjError as error:
        raise Invalid(f"coordinates lie outside the area of {source.name} or {target.name}") from error
    return out


def transform_geometries(
    geometries: NDArray[np.object_], source: Crs, target: Crs, *, strict: bool = True
) -> NDArray[np.object_]:
    """Shapely geometries in another CRS; z, `strict` and Raises as in `transform_points`."""
    if source == target:
        return geometries
    has_z = bool(np.any(shapely.has_z(geometries)))
    moved = shapely.transform(
        geometries, lambda points: transform_points(points, source, target, strict=strict), include_z=has_z
    )
    return np.asarray(moved, dtype=object)


def area_of_use(crs: Crs) -> tuple[float, float, float, float]:
    """Bounds (west, south, east, north) in degrees within which the CRS is meant to be used."""
    area = crs._definition.area_of_use  # noqa: SLF001
    return (-180.0, -90.0, 180.0, 90.0) if area is None else area.bounds


def to_degrees(bounds: Sequence[float], crs: Crs) -> tuple[float, float, float, float] | None:
    """West, south, east, north in WGS 84 of bounds in a CRS; None where none of them lies on earth."""
    minx, miny, maxx, maxy = bounds
    # The straight edges of a projected box are curves on the ellipsoid, so corners alone are too few.
    grid = np.meshgrid(np.linspace(minx, maxx, 17), np.linspace(miny, maxy, 17))
    places = np.column_stack([axis.ravel() for axis in grid])
    moved = transform_points(places, crs, parse_crs(WGS84), strict=False)
    points = moved[np.isfinite(moved).all(axis=1)]
    if not len(points):
        return None
    (west, south), (east, north) = (np.round(ends(axis=0), 7).tolist() for ends in (points.min, points.max))
    return west, south, east, north


@lru_cache(maxsize=16)
def utm_zones(crs: Crs) -> tuple[Crs, ...]:
    """The UTM zone at the middle of a CRS's area: on its own datum where EPSG has one, then on WGS 84."""
    west, south, east, north = area_of_use(crs)
    x, y = (west + east) / 2, (south + north) / 2
    middle = AreaOfInterest(x, y, x, y)
    found = [
        query_utm_crs_info(datum_name=datum, area_of_interest=middle) for datum in (crs.name.split(" / ")[0], "WGS 84")
    ]
    return tuple(parse_crs(f"EPSG:{zones[0].code}") for zones in found if zones)


def spatial_ref_rows() -> list[tuple[int, str, int, str, str]]:
    """Rows (srid, auth_name, auth_srid, srtext, proj4text) of the VN-2000 zones that PostGIS 3.3 lacks.

    The towgs84 values are EPSG:6960 (QĐ 05/2007), coordinate frame, written as position vector.
    """
    towgs84 = "+towgs84=-191.90441429,-39.30318279,-111.45032835,0.00928836,-0.01975479,0.00427372,0.252906278"
    rows = []
    for srid in VN2000_TM3:
        crs = parse_crs(f"EPSG:{srid}")
        central_meridian = crs.parameters["Longitude of natural origin"]
        proj4 = (
            f"+proj=tmerc +lat_0=0 +lon_0={central_meridian:g} +k=0.9999 +x_0=500000 +y_0=0 "
            f"+ellps=WGS84 {towgs84} +units=m +no_defs"
        )
        rows.append((srid, "EPSG", srid, crs.wkt1, proj4))
    return rows
