"""The cross-section of a line, from whatever its owner says of it: diameters, sizes, walls, materials."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from operator import attrgetter
from typing import TYPE_CHECKING, Any

from importers.fields import DIAMETER, parse_ducts, parse_lengths, parse_size
from importers.vocabulary import match_value, vocabulary
from layers.columns import Column, combine
from layers.utilities import SectionShape

if TYPE_CHECKING:
    from collections.abc import Sequence

    from importers.attributes import Attributes


# Wider than any sewer or tunnel of a utility: a number beyond it stands for something else.
_WIDEST_M = 10.0
# Thinner than any cable or microduct: the number is in another unit than its column.
_THINNEST_M = 0.005


@dataclass(frozen=True, slots=True)
class Section:
    """Outer and inner width and height in metres; outer sizes are None where the section is unknown."""

    shape: SectionShape
    reason: str
    outer_width_m: float | None = None
    outer_height_m: float | None = None
    inner_width_m: float | None = None
    inner_height_m: float | None = None
    wall_m: float | None = None


def read_sections(attributes: Attributes, materials: Sequence[str | None]) -> Column[Section]:
    """Section of each record. A plain diameter is outer or inner as is usual for its material."""
    lengths = [_lengths(attributes, key) for key in _LENGTH_KEYS]
    sizes, shapes = attributes.values("size").map(partial(_size, attributes.unit("size"))), attributes.values("shape")
    sections = combine(*lengths, sizes, shapes, Column.of(materials)).map(_read_section)
    apart = combine(*_diameters(attributes)).map(_differ)
    if any(apart.distinct):
        sections = combine(sections, apart).map(lambda known: _CONTRADICTED if known[1] else known[0])
    ducts = read_ducts(attributes)
    return sections if ducts is None else combine(sections, ducts).map(_name_ducts)


# A pipe, insulated or of brick, is at most twice as wide outside as inside, and a little: other sizes are of two pipes.
_WIDER, _WIDER_M = 2.0, 0.1
_CONTRADICTED = Section(SectionShape.UNKNOWN, "diameters contradict each other: none is used")


def _diameters(attributes: Attributes) -> list[Column[float | None]]:
    """Each statement of a diameter, whichever of the pipe's it is."""
    keys = ("diameter", "outer_diameter", "inner_diameter")
    found = [_lengths(reading, key) for key in keys for reading in attributes.readings(key)]
    return found or [Column.constant(None, attributes.count)]


def _differ(stated: tuple[float | None, ...]) -> bool:
    known = [length for length in stated if length]
    return len(known) > 1 and max(known) > _WIDER * min(known) + _WIDER_M


def _size(unit: str | None, value: Any) -> tuple[float, float] | None:
    return parse_size(value, unit)


def read_ducts(attributes: Attributes) -> Column[int | None] | None:
    """How many ducts a bank has, by the text that stands where a size is expected; None where no text tells of any."""
    told = (attributes.values(key).map(parse_ducts) for key in ("size", "diameter", "outer_diameter"))
    return next((ducts for ducts in told if any(ducts.distinct)), None)


def _name_ducts(known: tuple[Section, int | None]) -> Section:
    section, ducts = known
    if section.shape is not SectionShape.UNKNOWN or not ducts:
        return section
    return Section(SectionShape.UNKNOWN, f"{ducts} ducts, but the size of their bank is not stated")


def _read_section(stated: tuple[Any, ...]) -> Section:
    *lengths, size, shape, material = stated
    known = {key: length or None for key, length in zip(_LENGTH_KEYS, lengths, strict=True)}
    section = _section(known, size, match_value("shape", shape), material)
    widest = max(section.outer_width_m or 0.0, section.outer_height_m or 0.0)
    if widest > _WIDEST_M:
        return Section(SectionShape.UNKNOWN, f"a section of {widest:g} m is no pipe's")
    told = min((length for length in (*lengths[:-1], *(size or ())) if length), default=widest)
    if 0 < told < _THINNEST_M:
        return Section(SectionShape.UNKNOWN, f"a section of {told:g} m is no pipe's: in which unit is it?")
    return section


_LENGTH_KEYS = (
    "diameter", "outer_diameter", "inner_diameter", "inner_width", "inner_height",
    "outer_width", "outer_height", "wall",
)  # fmt: skip


def _lengths(attributes: Attributes, key: str) -> Column[float | None]:
    return parse_lengths(attributes.values(key), attributes.unit(key), DIAMETER, attributes.deciding(key)).metres


def _section(
    stated: dict[str, float | None], size: tuple[float, float] | None, shape: str | None, material: str | None
) -> Section:
    """The plainest statement wins: outer size, inner size, then a diameter that may be either."""
    wall = stated["wall"]
    width, height = stated["outer_width"], stated["outer_height"]
    if width and height:
        wall = wall or _half_difference(width, stated["inner_width"])
        return _outer((width, height), shape or SectionShape.BANK, "outer size stated", wall)
    outer = stated["outer_diameter"]
    if outer:
        wall = wall or _half_difference(outer, stated["inner_diameter"])
        wall = wall or (_usual_wall(outer, material) if material in vocabulary()["sections"] else None)
        return _outer((outer, outer), shape, "outer diameter stated", wall)
    for sides in (size, (stated["inner_width"], stated["inner_height"])):
        if sides and sides[0] and sides[1]:
            shape = shape or SectionShape.RECTANGULAR
            return _inner((sides[0], sides[1]), shape, (wall, material), "inner size stated")
    inner = stated["inner_diameter"]
    if inner:
        return _inner((inner, inner), shape, (wall, material), "inner diameter stated")
    diameter = stated["diameter"]
    if diameter is None:
        return Section(SectionShape.UNKNOWN, "no size stated")
    return _from_diameter(diameter, shape, wall, material)


def _half_difference(outer_m: float, inner_m: float | None) -> float | None:
    """The wall between an outer and an inner size, None where both do not make one."""
    return (outer_m - inner_m) / 2 if inner_m and inner_m < outer_m else None


def _from_diameter(diameter: float, shape: str | None, wall: float | None, material: str | None) -> Section:
    usual = vocabulary()["sections"].get(material or "")
    if usual is None:
        # Too large is a question, too small is a broken pipe.
        return _inner((diameter, diameter), shape, (wall, None), "diameter of an unknown material, taken as inner")
    if usual["diameter"] == "inner":
        return _inner((diameter, diameter), shape, (wall, material), f"diameter of {material} is inner")
    wall = wall or _usual_wall(diameter, material)
    return _outer((diameter, diameter), shape, f"diameter of {material} is outer", wall)


def _outer(size: tuple[float, float], shape: str | None, reason: str, wall: float | None) -> Section:
    width, height = size
    if wall is None or not 0 < wall < min(size) / 2:
        return Section(SectionShape(shape or SectionShape.CIRCULAR), reason, width, height)
    inner = (width - 2 * wall, height - 2 * wall)
    return Section(SectionShape(shape or SectionShape.CIRCULAR), reason, width, height, *inner, wall)


def _inner(
    size: tuple[float, float], shape: str | None, made_of: tuple[float | None, str | None], reason: str
) -> Section:
    width, height = size
    stated_wall, material = made_of
    if shape == SectionShape.EGG and width > height:
        width, height = height, width
        reason += "; an egg stands upright, so width and height were exchanged"
    wall = stated_wall or _usual_wall(max(width, height), material)
    if not stated_wall:
        reason += f"; wall {wall:.3f} m as usual for {material or 'concrete'}"
    outer = (width + 2 * wall, height + 2 * wall)
    return Section(SectionShape(shape or SectionShape.CIRCULAR), reason, *outer, width, height, wall)


def _usual_wall(diameter_m: float, material: str | None) -> float:
    usual = vocabulary()["sections"].get(material or "concrete", vocabulary()["sections"]["concrete"])
    return float(max(usual["wall_share"] * diameter_m, usual["wall_min_m"]))


def sections_columns(sections: Column[Section]) -> dict[str, Column[Any]]:
    """Columns of `utility_lines` that describe the section."""
    return {
        "section_shape": sections.map(lambda s: s.shape),
        "section_reason": sections.map(lambda s: s.reason),
        **{name: sections.map(attrgetter(name)) for name in _SIZES},
    }


_SIZES = ("outer_width_m", "outer_height_m", "inner_width_m", "inner_height_m", "wall_m")
