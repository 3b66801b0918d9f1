"""LandXML 1.x pipe networks: structures with their rims and inverts, and the pipes between them.

Source: LandXML 1.2 schema (PipeNetworks, Units). A diameter is the inside: Inframodel files give a pipe of 250 mm
as 0.239 m with walls of 0.0055 m. Points stand as northing, easting.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from math import dist
from typing import TYPE_CHECKING, Any

import numpy as np

from importers.faults import Fault, Rejected
from importers.formats.arcs import stroke
from importers.formats.network import (
    FOOT_M,
    US_SURVEY_FOOT_M,
    Record,
    scaled,
    to_layers,
    to_line,
    to_number,
    to_point,
    told_once,
)
from importers.formats.xml_tree import open_tag, parse_xml

if TYPE_CHECKING:
    from collections.abc import Iterator
    from xml.etree.ElementTree import Element

    from importers.source import Dataset, SourceLayer

_ON_CIRCLE_M = 0.5  # in the file's unit of length; a pipe's ends are as far from its centre, but for rounding
_CURVED = "are drawn along the shorter arc around their centre, or straight where their ends are on none"
_METRES = {
    "millimeter": 0.001, "centimeter": 0.01, "meter": 1.0, "kilometer": 1000.0,
    "inch": 0.0254, "foot": FOOT_M, "feet": FOOT_M, "ussurveyfoot": US_SURVEY_FOOT_M, "mile": 5280 * FOOT_M,
}  # fmt: skip
_MEDIA = {
    "sanitary": "wastewater", "storm": "storm", "combined": "combined", "water": "water", "gas": "gas",
    "electric": "power", "telecom": "telecom",
}  # fmt: skip
_STATES = {"abandoned": "abandoned", "destroyed": "removed", "existing": "in_service", "proposed": "planned"}
_SECTIONS = {"CircPipe": "circular", "RectPipe": "rectangular", "EggPipe": "egg", "ElliPipe": None, "Channel": None}
_KINDS = {
    "CircStruct": "manhole", "RectStruct": "manhole", "InletStruct": "inlet", "OutletStruct": None, "Connection": None,
}  # fmt: skip


def is_landxml(head: bytes, _: str) -> bool:
    return open_tag(head)[0] == "LandXML"


def read_landxml(dataset: Dataset) -> Iterator[SourceLayer]:
    """A layer of pipes and one of structures for each medium that flows.

    Raises: Rejected for a file without pipe networks, and for one that states no unit of length.
    """
    root = parse_xml(dataset)
    networks = root.findall("PipeNetworks/PipeNetwork")
    if not networks:
        raise _no_network(dataset, root)
    units = _units(dataset, root)
    crs = _crs(root)
    points = told_once((e.get("name", ""), e.text) for e in root.iter("CgPoint"))
    records: list[Record] = []
    for network in networks:
        every = [_Structure.read(s, points) for s in network.iterfind("Structs/Struct")]
        structures = _known(every)
        said = {"network": network.get("name"), "discipline": _MEDIA.get((network.get("pipeNetType") or "").lower())}
        medium = f"{said['discipline']} " if said["discipline"] else ""
        for pipe in network.iterfind("Pipes/Pipe"):
            values = said | _pipe_values(pipe, structures, units)
            records.append(Record(f"{medium}pipes", _pipe_line(pipe, structures), values, crs))
        for structure in every:
            values = said | _structure_values(structure, units)
            records.append(Record(f"{medium}nodes", to_point(structure.xy), values, crs))
    yield from to_layers(records, "CoordinateSystem", notes=_notes(root, networks))


def _known(structures: list[_Structure]) -> dict[str | None, _Structure]:
    """Structures by name; of those of one name at two places none says where a pipe ends."""
    places = told_once((structure.element.get("name", ""), structure.xy) for structure in structures)
    return {s.element.get("name"): s for s in structures if s.xy == places.get(s.element.get("name", ""))}


def _no_network(dataset: Dataset, root: Element) -> Rejected:
    if root.find("Surfaces") is not None:
        message = f"{dataset.name} holds a surface, not a pipe network"
        return Rejected(Fault.UNKNOWN_FORMAT, message, "export the surface as GeoTIFF")
    message = f"{dataset.name} holds no pipe network"
    return Rejected(Fault.UNKNOWN_FORMAT, message, "export its pipe networks, or deliver the rest as DXF")


def _crs(root: Element) -> str | None:
    system = root.find("CoordinateSystem")
    if system is None:
        return None
    code = re.search(r"\d{4,6}", system.get("epsgCode") or "")
    return f"EPSG:{code[0]}" if code else system.get("ogcWktCode") or None


def _notes(root: Element, networks: list[Element]) -> tuple[str, ...]:
    system = root.find("CoordinateSystem")
    vertical = system.get("verticalCoordinateSystemName") if system is not None else None
    curved = sum(pipe.find("Center") is not None for network in networks for pipe in network.iterfind("Pipes/Pipe"))
    return tuple(
        note
        for note, holds in (
            (f"elevations are in '{vertical}'", vertical),
            (f"{curved} curved pipes {_CURVED}", curved),
        )
        if holds
    )


@dataclass(frozen=True, slots=True)
class _Units:
    """Metres in each unit of the file; None for sizes whose unit is not stated."""

    elevation: float
    diameter: float | None
    width: float | None
    height: float | None


def _units(dataset: Dataset, root: Element) -> _Units:
    stated = root.find("Units/*")
    metres = {key: _METRES.get(value.lower()) for key, value in (stated.attrib if stated is not None else {}).items()}
    linear = metres.get("linearUnit")
    if linear is None:
        remedy = "export it again with Units/Metric or Units/Imperial"
        raise Rejected(Fault.VALUE_REFUSED, f"{dataset.name} states no unit of length that is known", remedy)
    diameter = metres.get("diameterUnit")
    width, height = (metres.get(key) or diameter for key in ("widthUnit", "heightUnit"))
    return _Units(metres.get("elevationUnit") or linear, diameter, width, height)


@dataclass(frozen=True, slots=True)
class _Structure:
    element: Element
    xy: tuple[float, float] | None
    body: Element | None
    inverts: dict[str, float]
    lowest: float | None

    @classmethod
    def read(cls, element: Element, points: dict[str, str]) -> _Structure:
        centre = element.find("Center")
        text = None if centre is None else centre.text or points.get(centre.get("pntRef", ""))
        north_east = [to_number(part) for part in (text or "").split()[:2]]
        known = [n for n in north_east if n is not None]
        levels = [(i.get("refPipe", ""), to_number(i.get("elev"))) for i in element.iterfind("Invert")]
        lowest = min((level for _, level in levels if level is not None), default=None)
        body = next((child for child in element if child.tag in _KINDS), None)
        return cls(element, (known[1], known[0]) if len(known) == 2 else None, body, told_once(levels), lowest)


def _structure_values(structure: _Structure, units: _Units) -> dict[str, Any]:
    element, body = structure.element, structure.body
    sump = to_number(element.get("elevSump"))
    bottom = sump if sump is not None else structure.lowest
    return {
        "ownerref": element.get("name"),
        "kind": _KINDS.get(body.tag) if body is not None else None,
        "subtype": element.get("desc"),
        "status": _STATES.get(element.get("state") or ""),
        "coverelevation": scaled(to_number(element.get("elevRim")), units.elevation),
        "bottomelevation": scaled(bottom, units.elevation),
        "material": body.get("material") if body is not None else None,
        "elevRim": element.get("elevRim"),
        "elevSump": element.get("elevSump"),
    } | (_outside(body, units) if body is not None else {})


def _outside(body: Element, units: _Units) -> dict[str, Any]:
    """Outer size of a structure: what is inside, and a wall on either side where its thickness is given."""
    wall = to_number(body.get("thickness")) or 0.0
    sizes = (("diameter", units.diameter), ("width", units.width), ("length", units.width))
    return {
        f"{name}_mm": (inside + 2 * wall) * unit * 1000
        for name, unit in sizes
        if unit is not None and (inside := to_number(body.get(name)))
    }


def _pipe_line(pipe: Element, structures: dict[str | None, _Structure]) -> Any:
    ends = [structures.get(pipe.get(key)) for key in ("refStart", "refEnd")]
    points = [end.xy for end in ends if end is not None and end.xy is not None]
    if len(points) == 2 and (top := _top_of_arc(pipe, points)) is not None:
        return to_line(stroke(np.array([points[0], top, points[1]])))
    return to_line(points)


def _top_of_arc(pipe: Element, ends: list[tuple[float, float]]) -> tuple[float, float] | None:
    """Midway along the shorter arc around a curved pipe's centre; None for straight ones and ends on no one circle."""
    centre = pipe.find("Center")
    north_east = [to_number(part) for part in ((centre.text if centre is not None else None) or "").split()[:2]]
    if len(north_east) != 2 or None in north_east:
        return None
    y, x = (float(number or 0.0) for number in north_east)
    first, last = (dist((x, y), end) for end in ends)
    half_x, half_y = (sum(axis) / 2 for axis in zip(*ends, strict=True))
    out = dist((x, y), (half_x, half_y))
    if abs(first - last) > _ON_CIRCLE_M or out < _ON_CIRCLE_M:
        return None
    reach = (first + last) / 2 / out
    return x + (half_x - x) * reach, y + (half_y - y) * reach


def _pipe_values(pipe: Element, structures: dict[str | None, _Structure], units: _Units) -> dict[str, Any]:
    start, end = (structures.get(pipe.get(key)) for key in ("refStart", "refEnd"))
    name = pipe.get("name", "")
    section = next((child for child in pipe if child.tag in _SECTIONS), None)
    return {
        "ownerref": name or None,
        "subtype": pipe.get("desc") or (section.get("desc") if section is not None else None),
        "status": _STATES.get(pipe.get("state") or ""),
        "startnode": pipe.get("refStart"),
        "endnode": pipe.get("refEnd"),
        "invertstart": scaled(start.inverts.get(name), units.elevation) if start else None,
        "invertend": scaled(end.inverts.get(name), units.elevation) if end else None,
        "slope": to_number(pipe.get("slope")),
        "length": to_number(pipe.get("length")),
        "material": section.get("material") if section is not None else None,
    } | (_section(section, units) if section is not None else {})


def _section(section: Element, units: _Units) -> dict[str, Any]:
    """Inner size and wall of a closed pipe, in millimetres where the unit is stated; as given in any case."""
    given = {name: section.get(name) for name in ("diameter", "span", "width", "height", "thickness")}
    values: dict[str, Any] = {f"{section.tag} {name}": value for name, value in given.items()}
    if section.tag == "Channel":
        return values | {"subtype": "open channel"}
    width_unit = units.diameter if section.tag == "CircPipe" else units.width
    measured = {
        "innerdiameter_mm": (given["diameter"], units.diameter),
        "width_mm": (given["span"] or given["width"], units.width),
        "height_mm": (given["height"], units.height),
        "wall_mm": (given["thickness"], width_unit),
    }
    return values | {
        "shape": _SECTIONS[section.tag],
        **{name: scaled(to_number(text), unit * 1000) for name, (text, unit) in measured.items() if unit},
    }
