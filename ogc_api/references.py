"""Coordinate reference systems as OGC API Features, Part 2 (OGC 18-058r1) offers them: by URI, in the authority's axes.

Inside the project coordinates are x, y; a URI such as EPSG/0/4326 promises latitude first.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from pygeoapi.crs import DEFAULT_CRS, get_crs

from layers.crs import WGS84, parse_crs, utm_zones
from layers.errors import Invalid
from layers.query import Shape

if TYPE_CHECKING:
    from collections.abc import Sequence

    from layers.crs import Crs

CRS84 = str(DEFAULT_CRS)
CRS84H = "http://www.opengis.net/def/crs/OGC/0/CRS84h"


@dataclass(frozen=True, slots=True)
class Reference:
    """A reference system under the URI that clients ask for; `is_yx` where its first axis points north.

    `lift_m` is what its heights are above the city's elevations.
    """

    uri: str
    crs: Crs
    is_yx: bool
    lift_m: float = 0.0

    def shape(self, digits: int | None = None) -> Shape:
        return Shape(self.crs, self.is_yx, self.lift_m, digits)


def offer_references(storage: Crs, geoid_m: float | None = None) -> tuple[Reference, ...]:
    """CRS84 first, for it is the default; EPSG:4326, EPSG:3857, the UTM zones of the city; the storage CRS last.

    CRS84h has ellipsoidal heights: it is offered where it is known how high the geoid lies above the ellipsoid.
    """
    wgs84 = parse_crs(WGS84)
    lifted = () if geoid_m is None else (Reference(CRS84H, wgs84, is_yx=False, lift_m=geoid_m),)
    zones = (zone for zone in utm_zones(storage) if zone != storage)
    epsg = {crs.uri: crs for crs in (wgs84, parse_crs("EPSG:3857"), *zones, storage)}
    by_code = [Reference(uri, crs, get_crs(uri).axis_info[0].direction == "north") for uri, crs in epsg.items()]
    return (Reference(CRS84, wgs84, is_yx=False), *lifted, *by_code)


def find_reference(parameter: str, uri: str | None, offered: Sequence[Reference]) -> Reference:
    """The offered system of a URI, the first for None. Raises: Invalid."""
    if uri is None:
        return offered[0]
    for reference in offered:
        if reference.uri == uri:
            return reference
    raise Invalid(f"{parameter}={uri}: offered are {', '.join(reference.uri for reference in offered)}")
