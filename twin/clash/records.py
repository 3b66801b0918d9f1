"""Rows of the utility layers as the geometry sees them."""

from __future__ import annotations

from dataclasses import replace
from math import hypot
from struct import Struct
from typing import TYPE_CHECKING, Any

import shapely

from twin.clash.solids import Quality, Shaft, Tube

if TYPE_CHECKING:
    from collections.abc import Mapping

    from twin.clash.solids import Points, Utility

# Line strings, little endian, in the ISO's numbering: x, y and x, y, z.
_KINDS = {b"\1\2\0\0\0": Struct("<2d"), b"\1\xea\3\0\0": Struct("<3d")}
# Importers draw curves as chords this near to them at the most.
SAGITTA_M = 0.005


def read_utility(index: int, layer: str, row: Mapping[str, Any], *, heights: bool) -> Utility:
    """The object of a row with `geom` and `axis` as WKB; `index` ties its assessment back to it.

    Without `heights` no elevation counts as known.
    """
    return _shaft(index, row, heights=heights) if layer == "utility_nodes" else _tube(index, row, heights=heights)


def _shaft(index: int, row: Mapping[str, Any], *, heights: bool) -> Shaft:
    ((x, y),) = shapely.get_coordinates(shapely.from_wkb(row["geom"])).tolist()
    bottom, top = (row["bottom_m"], _top(row)) if heights else (None, None)
    sizes = _sizes(row, "outer_width_m", "outer_length_m")
    if sizes is None:
        return Shaft(index, x, y, bottom, top, None, _quality(row))
    if row["section_shape"] == "circular":
        return Shaft(index, x, y, bottom, top, max(sizes) / 2, _quality(row))
    return Shaft(index, x, y, bottom, top, hypot(*sizes) / 2, _quality(row), min(sizes) / 2)


def _top(row: Mapping[str, Any]) -> float | None:
    """The highest that is recorded of cover and ground: a shaft comes up to the ground."""
    return max((row[name] for name in ("cover_m", "ground_m", "bottom_m") if row[name] is not None), default=None)


def _tube(index: int, row: Mapping[str, Any], *, heights: bool) -> Tube:
    axis = _vertices(row["axis"] if heights and row["axis"] is not None else row["geom"])
    quality = _quality(row)
    # Read as crown; had the owner meant the invert, the object would lie higher by its height.
    slack_m = row["outer_height_m"] or 0.0 if row["vertical_reference"] == "unstated" else 0.0
    if slack_m or len(axis) > 2:
        curved_m = SAGITTA_M if len(axis) > 2 else 0.0
        quality = replace(quality, vertical_slack_m=slack_m, horizontal_slack_m=curved_m)
    sizes = _sizes(row, "outer_width_m", "outer_height_m")
    if sizes is None:
        return Tube(index, axis, None, quality)
    shape, box = row["section_shape"], (sizes[0] / 2, sizes[1] / 2)
    if shape == "circular":
        return Tube(index, axis, max(box), quality)
    return Tube(index, axis, max(box) if shape == "egg" else hypot(*box), quality, box)


def _vertices(wkb: bytes) -> Points:
    """The vertices of a line string as PostGIS on this machine writes it."""
    kind = _KINDS.get(wkb[:5])
    if kind is None:
        line = shapely.from_wkb(wkb)
        return tuple(map(tuple, shapely.get_coordinates(line, include_z=bool(shapely.has_z(line))).tolist()))
    return tuple(kind.iter_unpack(memoryview(wkb)[9:]))


def _quality(row: Mapping[str, Any]) -> Quality:
    if row["schematic"]:
        return Quality("schematic")
    return Quality(row["quality_level"], row["horizontal_accuracy_m"], row["vertical_accuracy_m"])


def _sizes(row: Mapping[str, Any], *sides: str) -> tuple[float, float] | None:
    """Both sides of a section; None where one is not recorded."""
    first, second = (row[side] for side in sides)
    return None if first is None or second is None else (first, second)
