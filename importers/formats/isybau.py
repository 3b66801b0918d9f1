"""ISYBAU-XML 2006 to 2017, the German exchange format of sewers: pipes and ducts, manholes, structures, connections.

Source: BFR Abwasser, appendix A-7 (Stammdaten; reference lists G101, G102, G105, G200, G205, G300, V106). Widths and
heights of profiles are millimetres inside, elevations metres; heights along a pipe are those of its invert.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from math import dist
from typing import TYPE_CHECKING, Any

from importers.faults import Fault, Rejected
from importers.formats.network import Record, merge_lines, to_layers, to_line, to_number, to_point, told_once
from importers.formats.xml_tree import open_tag, parse_xml, text_at

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from xml.etree.ElementTree import Element

    from importers.source import Dataset, SourceLayer

_NAMESPACES = ("bfr-abwasser", "ofd-hannover")
_SEND = "export the Stammdaten (master data) of the network"
_PIPES, _NODES = "wastewater pipes", "wastewater nodes"
# G101: how it flows, then what flows (W: a brook in a pipe).
_MEDIA = {"R": "storm", "S": "wastewater", "M": "combined", "W": "storm"}
_STATUS = {"0": "in_service", "1": "planned", "3": "disused", "4": "abandoned", "6": "removed"}
_EDGES = {"0": "Haltung", "1": "Leitung", "2": "Rinne", "3": "Gerinne"}
_STRUCTURES = {
    "1": "Pumpwerk", "2": "Becken", "3": "Behandlungsanlage", "4": "Kläranlage", "5": "Auslaufbauwerk", "6": "Pumpe",
    "7": "Wehr", "8": "Drossel", "9": "Schieber", "10": "Rechen", "11": "Sieb", "12": "Versickerungsanlage",
    "13": "Regenwassernutzungsanlage", "14": "Einlaufbauwerk",
}  # fmt: skip
_KINDS = {"Schacht": "manhole", "Schieber": "valve", "Einlaufbauwerk": "inlet", "SE": "inlet"}
_SHAPES = {"0": "circular", "4": "circular", "1": "egg", "6": "egg", "3": "rectangular"}
_OPEN = {"5", "8", "9"}
# G102; others have no English word that is known further on and keep their German one.
_MATERIALS = {
    "B": "concrete", "OB": "concrete", "BS": "concrete", "SB": "reinforced concrete", "SPB": "reinforced concrete",
    "PVC": "PVC", "PVCU": "uPVC", "PE": "HDPE", "PEHD": "HDPE", "GGG": "ductile iron", "ST": "steel", "CNS": "steel",
    "MA": "masonry", "ZG": "brick", "AZ": "Asbestzement", "FZ": "Faserzement", "STZ": "Steinzeug", "GG": "Grauguss",
    "GFK": "Glasfaserkunststoff", "KST": "Kunststoff", "PP": "Polypropylen", "PC": "Polymerbeton",
}  # fmt: skip
# AdV short names of reference systems: (EPSG code, EPSG code with the zone in front of the easting) by UTM zone.
_UTM = {"31": ("EPSG:25831", "EPSG:5649"), "32": ("EPSG:25832", "EPSG:4647"), "33": ("EPSG:25833", "EPSG:5650")}
_GAUSS_KRUGER = {"2": "EPSG:31466", "3": "EPSG:31467", "4": "EPSG:31468", "5": "EPSG:31469"}
# V106: points that speak of the cover, the lid of a structure, and the ground; every other one lies at the bottom.
_COVER, _LID, _GROUND = "DMP", "SBD", "GOK"

# Of a concrete manhole (DIN 4034-1, from memory: 120 to 150 mm): the thicker, lest it be drawn too small.
_WALL_M = 0.15


def is_isybau(head: bytes, _: str) -> bool:
    name, attributes = open_tag(head)
    return name == "Identifikation" and any(namespace in attributes for namespace in _NAMESPACES)


def read_isybau(dataset: Dataset) -> Iterator[SourceLayer]:
    """A layer of pipes and one of nodes, for each reference system that objects name.

    Raises: Rejected for a file without master data.
    """
    root = parse_xml(dataset)
    objects = root.findall(".//Stammdatenkollektiv/AbwassertechnischeAnlage")
    if not objects:
        raise Rejected(Fault.UNREADABLE, f"{dataset.name} holds no Stammdaten (master data)", _SEND)
    default = text_at(root, "Admindaten/Geometrie/CRSLage")
    spots = _spots(o for o in objects if o.find("Knoten") is not None)
    records = [
        _edge(o, spots, default) if o.find("Kante") is not None else _node(o, default)
        for o in objects
        if o.find("Kante") is not None or o.find("Knoten") is not None
    ]
    heights = text_at(root, "Admindaten/Geometrie/CRSHoehe")
    yield from to_layers(records, "CRSLage", notes=(f"elevations are in '{heights}'",) if heights else ())


@dataclass(frozen=True, slots=True)
class _Point:
    """A surveyed point: x, y (NaN where only a height is given), z, and what it marks (V106)."""

    xyz: tuple[float, float, float]
    mark: str

    @classmethod
    def read(cls, element: Element) -> _Point:
        x, y, z = (to_number(text_at(element, tag)) for tag in ("Rechtswert", "Hochwert", "Punkthoehe"))
        nan = float("nan")
        xyz = (nan if x is None else x, nan if y is None else y, nan if z is None else z)
        return cls(xyz, text_at(element, "PunktattributAbwasser") or "")

    @property
    def is_placed(self) -> bool:
        return self.xyz[0] == self.xyz[0] and self.xyz[1] == self.xyz[1]


def _points(element: Element) -> list[_Point]:
    return [_Point.read(point) for point in element.iterfind("Geometrie/Geometriedaten/Knoten/Punkt")]


def _spot(element: Element) -> _Point | None:
    """The point that stands for a node: the middle of its shaft, or else any that is no cover, or else the cover."""
    placed = [point for point in _points(element) if point.is_placed]
    ranked = sorted(placed, key=lambda p: (p.mark != "SMP", p.mark in {_COVER, _LID, _GROUND}))
    return ranked[0] if ranked else None


def _spots(nodes: Iterable[Element]) -> dict[str | None, _Point]:
    """Where nodes stand, by their names; of one name at two places none says where a pipe ends."""
    found = [(text_at(node, "Objektbezeichnung") or "", spot) for node in nodes if (spot := _spot(node)) is not None]
    places = told_once((name, spot.xyz[:2]) for name, spot in found)
    return {name: spot for name, spot in found if spot.xyz[:2] == places.get(name)}


def _crs(element: Element, default: str | None, easting: float | None) -> str | None:
    """Code of an object's reference system; the zone may stand in front of its eastings or not."""
    name = text_at(element, "Geometrie/CRSLage") or default
    if name is None:
        return None
    utm, kruger = re.search(r"UTM(3[123])$", name), re.search(r"DHDN_3GK([2-5])", name)
    if utm:
        plain, prefixed = _UTM[utm[1]]
        return prefixed if easting is not None and easting // 1e6 == int(utm[1]) else plain
    return _GAUSS_KRUGER[kruger[1]] if kruger else name


def _said(element: Element) -> dict[str, Any]:
    system = text_at(element, "Entwaesserungsart") or ""
    return {
        "ownerref": text_at(element, "Objektbezeichnung"),
        "guid": text_at(element, "LISA-GUID"),
        "discipline": _MEDIA.get(system[-1:]),
        "Entwaesserungsart": system or None,
        "status": _STATUS.get(text_at(element, "Status") or ""),
        "installed": text_at(element, "Baujahr"),
    }


def _material(code: str | None) -> str | None:
    return _MATERIALS.get(code, code) if code else None


def _node(element: Element, default: str | None) -> Record:
    spot, points = _spot(element), _points(element)
    heights = {p.mark: p.xyz[2] for p in reversed(points) if p.xyz[2] == p.xyz[2]}
    what = _what(element)
    shaft = "Knoten/Schacht/"
    values = _said(element) | {
        "kind": _KINDS.get(what or ""),
        "subtype": what,
        "coverelevation": heights.get(_COVER, heights.get(_LID)),
        "groundlevel": heights.get(_GROUND),
        "bottomelevation": next((z for mark, z in heights.items() if mark not in {_COVER, _LID, _GROUND}), None),
        "depth_m": to_number(text_at(element, f"{shaft}Schachttiefe")),
        "material": _material(
            text_at(element, f"{shaft}Unterteil/MaterialUnterteil") or text_at(element, f"{shaft}Aufbau/MaterialAufbau")
        ),
    }
    crs = _crs(element, default, spot.xyz[0] if spot else None)
    return Record(_NODES, to_point(spot.xyz[:2] if spot else None), values | _shaft_size(element), crs)


def _what(element: Element) -> str | None:
    """What a node is: a manhole, the kind of a structure, or the mark of a connection."""
    kind = text_at(element, "Knoten/KnotenTyp")
    if kind == "2":
        return _STRUCTURES.get(text_at(element, "Knoten/Bauwerk/Bauwerkstyp") or "", "Bauwerk")
    return "Schacht" if kind == "0" else text_at(element, "Knoten/Anschlusspunkt/Punktkennung")


def _shaft_size(element: Element) -> dict[str, Any]:
    """Outer size in metres of a manhole's lower part, or else of its upper one: what is stated is the inside."""
    for part in ("Unterteil", "Aufbau"):
        path = f"Knoten/Schacht/{part}/"
        length, width = (to_number(text_at(element, f"{path}{side}{part}")) for side in ("Laenge", "Breite"))
        if length is None:
            continue
        if text_at(element, f"{path}{part}form") == "R":
            return {"diameter_m": length + 2 * _WALL_M}
        return {"length_m": length + 2 * _WALL_M, "width_m": None if width is None else width + 2 * _WALL_M}
    return {}


def _edge(element: Element, spots: dict[str | None, _Point], default: str | None) -> Record:
    start, end = (spots.get(text_at(element, f"Kante/Knoten{side}")) for side in ("Zulauf", "Ablauf"))
    lines = [_along(polygon, start, end) for polygon in element.iterfind("Geometrie/Geometriedaten/Polygone/Polygon")]
    if not lines and start and end:
        lines = [[start.xyz[:2], end.xyz[:2]]]
    kind = text_at(element, "Kante/KantenTyp") or ""
    values = _said(element) | {
        "subtype": _EDGES.get(kind),
        "material": _material(text_at(element, "Kante/Material")),
        "startnode": text_at(element, "Kante/KnotenZulauf"),
        "endnode": text_at(element, "Kante/KnotenAblauf"),
        "verticalreference": "invert",
        "invertstart": to_number(text_at(element, "Kante/SohlhoeheZulauf")),
        "invertend": to_number(text_at(element, "Kante/SohlhoeheAblauf")),
        "length": to_number(text_at(element, "Kante/Laenge")),
    }
    crs = _crs(element, default, lines[0][0][0] if lines and lines[0] else None)
    return Record(_PIPES, merge_lines(map(to_line, lines)), values | _section(element), crs)


def _along(polygon: Element, start: _Point | None, end: _Point | None) -> list[Sequence[float]]:
    """Vertices of a line in the direction of its inverts, whichever way it was drawn."""
    points: list[Sequence[float]] = []
    for edge in polygon.iterfind("Kante"):
        for tag in ("Start", "Ende"):
            found = edge.find(tag)
            xyz = _Point.read(found).xyz if found is not None else None
            if xyz is not None and (not points or tuple(points[-1][:2]) != xyz[:2]):
                points.append(xyz)
    if start and end and points:
        forth = dist(points[0][:2], start.xyz[:2]) + dist(points[-1][:2], end.xyz[:2])
        back = dist(points[0][:2], end.xyz[:2]) + dist(points[-1][:2], start.xyz[:2])
        if back < forth:
            points.reverse()
    return points


def _section(element: Element) -> dict[str, Any]:
    """Inner size of a pipe, and its outside where that is stated; open channels have none."""
    path = "Kante/Profil/"
    kind = text_at(element, f"{path}Profilart")
    width, height, outside = (
        to_number(text_at(element, f"{path}{tag}")) for tag in ("Profilbreite", "Profilhoehe", "Aussendurchmesser")
    )
    values: dict[str, Any] = {"Profilart": kind, "Profilbreite": width, "Profilhoehe": height}
    if kind in _OPEN:
        return values
    values["shape"] = _SHAPES.get(kind or "")
    if values["shape"] == "circular":
        wall = (outside - height) / 2 if outside and height and outside > height else None
        return values | {"innerdiameter_mm": height, "outerdiameter_mm": outside, "wall_mm": wall}
    if kind == "1" and width is None and height is not None:
        # The standard egg is one and a half times as high as wide.
        width = height * 2 / 3
    return values | {"width_mm": width, "height_mm": height}
