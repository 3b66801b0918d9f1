"""Coordinates of GML geometries: what stands in posList, pos and coordinates, and in which reference system.

Source: ISO 19136 (GML 3.1.1, 3.2.1), clause 10; OGC 07-092r3 for the axis order of URNs.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import numpy as np

from layers.crs import parse_crs
from layers.errors import Invalid

if TYPE_CHECKING:
    from collections.abc import Iterator
    from xml.etree.ElementTree import Element

    from numpy.typing import NDArray

# Behind a registry's version, if any: "EPSG::28992", "EPSG:6.12:31467", "EPSG/0/6697", "epsg.xml#28992".
_EPSG = re.compile(r"epsg\b.*?(?<![\d.])(\d{4,6})(?![\d.])", re.IGNORECASE)
_NONE: NDArray[np.float64] = np.empty((0, 2))


def read_runs(element: Element, dimension: int = 2) -> Iterator[NDArray[np.float64]]:
    """Coordinates (n, d) of each list of positions below an element, d by srsDimension or else `dimension`.

    Lists that are no numbers, or no whole positions, are empty.
    """
    waiting = [(element, dimension)]
    while waiting:
        here, inherited = waiting.pop()
        stated = here.get("srsDimension") or ""
        own = int(stated) if stated in ("2", "3") else inherited
        single = here.findall("pos")
        if single:
            stated = single[0].get("srsDimension") or ""
            yield _positions(" ".join(pos.text or "" for pos in single), int(stated) if stated in ("2", "3") else own)
        if here.tag in ("posList", "coordinates"):
            yield _positions(here.text or "", own)
        waiting += [(child, own) for child in reversed(here) if child.tag != "pos"]


def _positions(text: str, dimension: int) -> NDArray[np.float64]:
    try:
        numbers = np.array(text.replace(",", " ").split(), dtype=float)
    except ValueError:
        return _NONE
    whole = len(numbers) % dimension == 0
    return numbers.reshape(-1, dimension) if whole else _NONE


def first_run(element: Element | None, dimension: int = 2) -> NDArray[np.float64]:
    """The first list of positions below an element, of zero length where there is none."""
    return next(read_runs(element, dimension), _NONE) if element is not None else _NONE


def read_srs(name: str | None) -> tuple[str | None, bool]:
    """Code that a srsName means in whatever style, and whether its positions come as latitude, longitude.

    They do for geographic systems under a URN or URI, which follow the authority. Projected coordinates are taken as
    they stand, for writers disagree; a name without a code is given back.
    """
    found = _EPSG.search(name or "")
    if found is None or name is None:
        return name, False
    code = f"EPSG:{found[1]}"
    follows_authority = name.lower().startswith("urn:") or "/def/crs" in name.lower()
    try:
        return code, follows_authority and parse_crs(code).is_geographic
    except Invalid:
        return code, False


def measure(element: Element | None, unit: dict[str, float]) -> float | None:
    """Value of an element with `uom` ("mm", "urn:ogc:def:uom:OGC::mm") times the factor of its unit.

    None without a finite number or where the unit is not listed.
    """
    if element is None:
        return None
    factor = unit.get((element.get("uom") or "").rpartition(":")[2])
    number = _positions(element.text or "", 1)
    return (
        float(number[0, 0]) * factor if factor is not None and len(number) == 1 and np.isfinite(number[0, 0]) else None
    )
