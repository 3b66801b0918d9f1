"""What a planned dig lays, and why and when it is dug, out of its GeoJSON properties."""

from __future__ import annotations

import re
from datetime import time
from typing import TYPE_CHECKING

import shapely

from layers.errors import Invalid, Sentence
from layers.utilities import Discipline
from twin.clash.laying import middle_of
from twin.clash.works import PlannedUtility, Reference, Works
from twin.excavations import schema
from twin.excavations.fields import Fields, find_strangers
from twin.excavations.shapes import read_line

if TYPE_CHECKING:
    from layers.crs import Crs
    from twin.clash.dig import Part

_MOST = 20
_HOURS = re.compile(r"([01]\d|2[0-3]):([0-5]\d)-([01]\d|2[0-3]):([0-5]\d)")
# A path drawn to the edge of the dig may leave it by rounding.
_ROUNDING_M = 0.01


def read_works(fields: Fields, parts: tuple[Part, ...], storage: Crs) -> Works:
    """What is laid in these parts, for what purpose, at which hours; faults are left in `fields`."""
    return Works(
        laid=tuple(_read_laid(fields, parts, storage)),
        purpose=fields.choice("purpose", schema.PURPOSES),
        hours=_hours(fields),
        excavation_id=_own_number(fields),
    )


def _own_number(fields: Fields) -> int | None:
    """The number under which the dig itself is filed, so that it is no neighbour of its own."""
    value = fields.value("excavation_id")
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int) or not 0 < value < 2**63:
        fields.faults.append(
            Sentence(
                f"excavation_id '{str(value)[:20]}' is no number of an excavation: leave it out, or give the dig's own",
                f"excavation_id '{str(value)[:20]}' không phải số hồ sơ: bỏ trống hoặc ghi số của chính hồ sơ này",
            )
        )
        return None
    return value


def _read_laid(fields: Fields, parts: tuple[Part, ...], storage: Crs) -> list[PlannedUtility]:
    listed = fields.list_of_objects("lays", _MOST)
    laid = []
    for number, properties in enumerate(listed, start=1):
        fields.faults += find_strangers(f"lays {number}", properties, schema.LAID["properties"])
        own = Fields(properties)
        utility = _utility(own, parts, storage)
        fields.faults += [f"lays {number}: {fault}" for fault in own.faults]
        if utility is not None:
            laid.append(utility)
    return laid


def _utility(fields: Fields, parts: tuple[Part, ...], storage: Crs) -> PlannedUtility | None:
    discipline = fields.choice("discipline", [each.value for each in Discipline])
    if not fields.has("discipline"):
        fields.faults.append(f"no discipline: give one of {', '.join(Discipline)}")
    size = _size(fields)
    depth = fields.number("depth_m", schema.LAID_DEPTH_M)
    reference = fields.choice("reference", [each.value for each in Reference])
    path = _path(fields, parts, storage)
    if path is not None and depth is None:
        fields.faults.append("a path of its own needs a depth_m, metres below ground")
    if path is None and not fields.has("path") and any(middle_of(part) is None for part in parts):
        fields.faults.append(
            "nobody could say where in this dig it lies: give its path, a line of [longitude, latitude]"
        )
    if fields.faults or discipline is None or size is None:
        return None
    return PlannedUtility(
        discipline=discipline,
        size_m=size,
        is_round=fields.has("diameter_m"),
        subtype=fields.text("subtype"),
        material=fields.text("material"),
        voltage_v=fields.number("voltage_v", schema.VOLTAGE_V),
        pressure_bar=fields.number("pressure_bar", schema.PRESSURE_BAR),
        path=path,
        depth_m=depth,
        reference=Reference(reference or Reference.CROWN),
    )


def _size(fields: Fields) -> tuple[float, float] | None:
    """Outer width and height, of a diameter or of two sides."""
    diameter = fields.number("diameter_m", schema.LAID_SIZE_M)
    width, height = fields.number("width_m", schema.LAID_SIZE_M), fields.number("height_m", schema.LAID_SIZE_M)
    sides = [name for name in ("width_m", "height_m") if fields.has(name)]
    if fields.has("diameter_m") == bool(sides) or len(sides) == 1:
        fields.faults.append("no size: give its outer diameter_m, or its outer width_m and height_m")
        return None
    if diameter is not None:
        return diameter, diameter
    return None if width is None or height is None else (width, height)


def _path(fields: Fields, parts: tuple[Part, ...], storage: Crs) -> shapely.LineString | None:
    drawn = fields.value("path")
    if drawn is None:
        return None
    try:
        line = read_line(drawn, storage)
    except Invalid as error:
        fields.faults += [f"path: {fault}" for fault in error.faults]
        return None
    floor = shapely.union_all([part.outline for part in parts]).buffer(_ROUNDING_M)
    if not floor.covers(line):
        fields.faults.append("path leaves the floor of the dig: draw it inside")
        return None
    return line


def _hours(fields: Fields) -> tuple[time, time] | None:
    text = fields.text("hours")
    if text is None:
        return None
    match = _HOURS.fullmatch(text)
    if match is None:
        fields.faults.append(f"hours '{text[:20]}': give them as HH:MM-HH:MM")
        return None
    from_hour, from_minute, to_hour, to_minute = map(int, match.groups())
    return time(from_hour, from_minute), time(to_hour, to_minute)
