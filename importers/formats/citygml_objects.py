"""Objects of CityGML: a building with its parts, or a piece of land use, from its XML element.

Source: OGC 12-019 (CityGML 2.0), clauses 10.3 and 10.10; i-UR 3.x (PLATEAU) for underground buildings.
"""

from __future__ import annotations

import re
from collections import defaultdict
from dataclasses import dataclass, replace
from itertools import chain
from typing import TYPE_CHECKING, Any

from importers.fields import parse_number
from importers.formats.city import City, Record, Shape, building, choose_shape, describe_building, describe_land_use
from importers.formats.gml_surfaces import local, read_faces
from importers.formats.shell import cover_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from xml.etree.ElementTree import Element

    from importers.formats.shell import Face

_LOD = re.compile(r"lod([0-4])(Solid|MultiSurface|FootPrint|RoofEdge)")
_BUILDINGS = frozenset({"Building", "UndergroundBuilding"})
_PARTS = frozenset({"consistsOfBuildingPart", "buildingPart"})
_BOUNDS = frozenset({"boundedBy", "boundary"})
# Properties that are geometry, lie inside, or are read elsewhere.
_STRUCTURE = re.compile(
    r"lod\d.*|bound.*|address|opening|appearance|interior.*|outer.*|consistsOf.*|"
    r"building(Part|Installation|Furniture|Room|Subdivision|ConstructiveElement)"
)
_METRES = {"": 1.0, "m": 1.0, "metre": 1.0, "meter": 1.0, "ft": 0.3048}
# i-UR writes these where a number is not known.
_UNKNOWN_STOREYS = 9999


@dataclass(frozen=True, slots=True)
class CityObject:
    """An element, the elements it may refer to by identity, and whether its coordinates come as north, east."""

    element: Element
    by_id: Mapping[str, Element]
    north_first: bool

    @property
    def identity(self) -> str | None:
        return next((value for name, value in self.element.attrib.items() if name.endswith("}id")), None)

    def faces(self, element: Element) -> tuple[Face, ...]:
        return read_faces(element, self.by_id, north_first=self.north_first)


def add_object(city: City, thing: CityObject) -> None:
    kind = local(thing.element)
    if kind in _BUILDINGS:
        _add_building(city, thing)
    elif kind == "LandUse":
        _add_land_use(city, thing)
    elif kind not in ("Envelope", "Null"):
        city.notes[f"{kind[:40]} left aside"] += 1


def _add_building(city: City, thing: CityObject) -> None:
    members = list(_members(thing.element))
    own, *parts = [_attributes(member) for member in members]
    told, free = describe_building(thing.identity, own, parts)
    told["height_m"] = _height_m(thing.element)
    told["address"] = "; ".join(filter(None, map(_address, members))) or None
    if told["storeys"] == _UNKNOWN_STOREYS:
        told["storeys"] = None
    try:
        shapes = [choose_shape(list(_shapes(thing, member))) for member in members]
        record = building([shape for shape in shapes if shape], told, free, city.notes)
        if local(thing.element) == "UndergroundBuilding":
            record = _underground(record, city)
    except ValueError:
        city.notes["buildings with broken geometry"] += 1
        record = Record(None, told, free)
    city.add("buildings", record)


def _underground(record: Record, city: City) -> Record:
    """A building below the ground, whose floor and height tell nothing of the ground above it; its solid does."""
    city.notes["underground buildings: their floor is no ground, heights left aside"] += 1
    return replace(record, told={k: v for k, v in record.told.items() if k not in ("groundelevation", "height_m")})


def _members(element: Element) -> Iterator[Element]:
    """A building and the parts of it, and of these."""
    waiting = [element]
    while waiting:
        member = waiting.pop(0)
        yield member
        waiting += [part for held in member if local(held) in _PARTS for part in held]


def _shapes(thing: CityObject, member: Element) -> Iterator[Shape]:
    """A shape for each level that is stated below 3, or else above; of its bounding surfaces where it has no other."""
    stated = [(int(m[1]), m[2], held) for held in member if (m := _LOD.fullmatch(local(held)))]
    bounds = [
        (int(m[1]), local(surface), held)
        for outer in member
        if local(outer) in _BOUNDS
        for surface in outer
        for held in surface
        if (m := _LOD.fullmatch(local(held)))
    ]
    levels = {lod for lod, _, _ in (*stated, *bounds)}
    for lod in {level for level in levels if level < 3} or levels:
        surfaces = [(kind, thing.faces(held)) for level, kind, held in bounds if level == lod]
        ground = _chain(faces for kind, faces in surfaces if kind == "GroundSurface")
        told = {kind: thing.faces(held) for level, kind, held in stated if level == lod}
        if lod == 0:
            yield _outline(told, ground)
        elif told.get("Solid"):
            yield Shape(lod, True, (told["Solid"],), ground)
        else:
            yield Shape(lod, False, (told.get("MultiSurface") or _chain(faces for _, faces in surfaces),), ground)


def _outline(told: dict[str, tuple[Face, ...]], ground: tuple[Face, ...]) -> Shape:
    """Level 0: only a foot print tells an elevation; the edge of the roof is the outline where there is none."""
    foot = told.get("FootPrint") or ground
    return Shape(0, False, (foot,), foot) if foot else Shape(0, False, (), _chain(told.values()))


def _chain(groups: Any) -> tuple[Face, ...]:
    return tuple(chain.from_iterable(groups))


def _height_m(element: Element) -> float | None:
    """Height by measuredHeight (2.0) or Height (3.0), None where its unit is not known or it is not above zero."""
    for held in element:
        measured = held if local(held) == "measuredHeight" else None
        if local(held) == "height":
            measured = next((part for part in held.iter() if local(part) == "value"), None)
        if measured is not None:
            number = parse_number(measured.text)
            unit = re.split(r"[:#]", measured.get("uom", ""))[-1].lower()
            return number * _METRES[unit] if number and number > 0 and unit in _METRES else None
    return None


def _attributes(element: Element) -> dict[str, Any]:
    """Plain and generic attributes by their names; repeated ones joined by semicolons."""
    found: dict[str, list[str]] = defaultdict(list)
    for held in element:
        if _STRUCTURE.fullmatch(local(held)):
            continue
        generic: str | None = None
        for part in held.iter():
            generic = part.get("name", generic)
            text = (part.text or "").strip()
            if len(part) or not text:
                continue
            if local(held) == "genericAttribute" and local(part) == "name":
                generic = text
            else:
                found[generic if generic and local(part) == "value" else local(part)].append(text)
    return {name: "; ".join(texts) for name, texts in found.items()}


def _address(element: Element) -> str:
    leaves = [part for held in element if local(held) == "address" for part in held.iter() if not len(part)]
    return ", ".join(text for leaf in leaves if (text := (leaf.text or "").strip()))


def _add_land_use(city: City, thing: CityObject) -> None:
    attributes = _attributes(thing.element)
    told = describe_land_use(thing.identity, attributes)
    try:
        levels = {m[1]: thing.faces(held) for held in thing.element if (m := _LOD.fullmatch(local(held)))}
        cover = cover_of(levels[min(levels)]) if levels else None
    except ValueError:
        city.notes["land use with broken geometry"] += 1
        cover = None
    city.add("land use", Record(cover, told, attributes))
