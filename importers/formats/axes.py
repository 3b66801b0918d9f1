"""The order of coordinates that a reference system's authority lays down."""

from __future__ import annotations

import re
from functools import lru_cache

from layers.crs import WGS84, parse_crs
from layers.errors import Invalid

_FIRST_AXIS = re.compile(r'AXIS\["[^"]*",(\w+)')
_EPSG = re.compile(r"EPSG(?:/[\d.]+/|:[\d.]*:|:)(\d{4,6})", re.IGNORECASE)
_GML2 = re.compile(r"epsg\.xml#(\d+)$", re.IGNORECASE)
_CRS84 = re.compile(r"CRS84h?$")


@lru_cache(maxsize=64)
def puts_north_first(crs: str) -> bool:
    """True for latitude, longitude and for northing, easting; False too for a text that names no system.

    Example: EPSG:4326 and EPSG:4756 do, EPSG:9214 and WGS 84 with longitude first ("OGC:CRS84") do not.
    """
    try:
        axis = _FIRST_AXIS.search(parse_crs(crs).wkt)
    except Invalid:
        return False
    return axis is not None and axis[1] == "north"


def name_crs(stated: str) -> tuple[str, bool]:
    """(code, whether coordinates come in the authority's order) of a URN, a URI, a CURIE or a plain name.

    A plain "EPSG:4326" and the addresses of GML 2 stand for longitude first, as they always did.
    Source: OGC 05-103 (URN), OGC 07-092r3, OGC 10-129r1, 9.10; W3C CURIE 1.0 for "[EPSG:4326]".
    """
    text = stated.strip()
    if _CRS84.search(text.strip("[]")):
        return WGS84, False
    legacy = _GML2.search(text)
    codes = [legacy[1]] if legacy else _EPSG.findall(text)
    strict = text.lower().startswith(("urn:", "[")) or "/def/crs" in text
    return f"EPSG:{'+'.join(codes[:2])}" if codes else text, strict
