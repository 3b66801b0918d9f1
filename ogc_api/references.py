"""Coordinate reference systems as OGC API Features, Part 2 (OGC 18-058r1) offers them: by URI, in the authority's axes.

Inside the project coordinates are x, y; a URI such as EPSG/0/4326 promises latitude first.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from pygeoapi.crs import DEFAULT_CRS, get_crs

from layers.crs import WGS84, parse_crs
from layers.errors import Invalid

if TYPE_CHECKING:
    from collections.abc import Sequence

    from layers.crs import Crs

CRS84 = str(DEFAULT_CRS)


@dataclass(frozen=True, slots=True)
class Reference:
    """A reference system under the URI that clients ask for; `is_yx` where its first axis points north."""

    uri: str
    crs: Crs
    is_yx: bool


def offer_references(storage: Crs) -> tuple[Reference, ...]:
    """CRS84 first, for it is the default; then EPSG:4326, EPSG:3857 and the storage CRS."""
    epsg = {crs.uri: crs for crs in (parse_crs(WGS84), parse_crs("EPSG:3857"), storage)}
    by_code = [Reference(uri, crs, get_crs(uri).axis_info[0].direction == "north") for uri, crs in epsg.items()]
    return (Reference(CRS84, parse_crs(WGS84), is_yx=False), *by_code)


def find_reference(parameter: str, uri: str | None, offered: Sequence[Reference]) -> Reference:
    """The offered system of a URI, the first for None. Raises: Invalid."""
    if uri is None:
        return offered[0]
    for reference in offered:
        if reference.uri == uri:
            return reference
    raise Invalid(f"{parameter}={uri}: offered are {', '.join(reference.uri for reference in offered)}")


def swap_axes(features: str) -> str:
    """GeoJSON features, joined by commas, with the first two ordinates of every position exchanged; z stays."""
    parsed = json.loads(f"[{features}]")
    for feature in parsed:
        if feature["geometry"] is not None:
            feature["geometry"]["coordinates"] = _swapped(feature["geometry"]["coordinates"])
    return json.dumps(parsed, ensure_ascii=False, separators=(",", ":"))[1:-1]


def _swapped(coordinates: list[Any]) -> list[Any]:
    if coordinates and not isinstance(coordinates[0], list):
        return [coordinates[1], coordinates[0], *coordinates[2:]]
    return [_swapped(part) for part in coordinates]
