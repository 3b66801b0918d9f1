"""Underground utilities of Project PLATEAU: CityGML 2.0 with the i-UR extension (uro), Japan.

Source: standard product specification of 3D city models (標準製品仕様書), 4.15. Positions come north, east (latitude,
longitude), heights above the Japanese vertical datum (EPSG:6695). LoD0 is a line or an outline at height 0; LoD1
reaches from the ground down to the underside; from LoD2 on a solid lies where the thing itself lies. Depths are those
of the cover (土被り).
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import shapely

from importers.faults import Fault, Rejected
from importers.formats.gml_positions import first_run, measure, read_runs
from importers.formats.network import Record, to_layers, to_line, to_point
from importers.formats.solid_profile import Profile, box_around, centre_line, plan_scale, profile_along
from importers.formats.xml_tree import open_tag, parse_xml, text_at
from layers.crs import parse_crs
from layers.errors import Invalid

if TYPE_CHECKING:
    from collections.abc import Iterator
    from xml.etree.ElementTree import Element

    from numpy.typing import NDArray

    from importers.source import Dataset, SourceLayer

# Discipline and layer of each class of line; None: as the occupier's type says.
_LINES = {
    "WaterPipe": ("water", "pipes"),
    "SewerPipe": ("wastewater", "pipes"),
    "OilGasChemicalsPipe": ("gas", "pipes"),
    "ThermalPipe": ("heat", "pipes"),
    "ElectricityCable": ("power", "cable lines"),
    "TelecommunicationsCable": ("telecom", "cable lines"),
    "Pipe": (None, "pipes"),
    "Cable": (None, "cable lines"),
    "Duct": (None, "duct lines"),
}
_NODES = {"Manhole": "manhole", "Handhole": "chamber", "Appurtenance": None}
# UtilityNetworkElement_occupierType.
_OCCUPIERS = {"300": "power", "400": "gas", "500": "water", "600": "wastewater"}
_MEMBER = re.compile(rb"<(?:\w+:)?(?:" + "|".join((*_LINES, *_NODES)).encode() + rb")[\s>]")
_METRES = {"m": 1.0, "cm": 0.01, "mm": 0.001}
_MILLIMETRES = {"m": 1000.0, "cm": 10.0, "mm": 1.0}
# A shell whose width and height differ by less is round.
_ROUND = 0.02


def is_plateau_utility(head: bytes, _: str) -> bool:
    """Whether the first object of a city model is one of i-UR's utilities."""
    name, attributes = open_tag(head)
    return name == "CityModel" and "/iur/uro/" in attributes and _MEMBER.search(head) is not None


def read_plateau(dataset: Dataset) -> Iterator[SourceLayer]:
    """Layers of pipes, cables, ducts and nodes: x y [z] in the horizontal part of the file's CRS.

    Raises: Rejected for a file without utilities.
    """
    root = parse_xml(dataset)
    objects = [child for member in root.iter("cityObjectMember") for child in member]
    utilities = [o for o in objects if o.tag in _LINES or o.tag in _NODES]
    if not utilities:
        message = f"{dataset.name} holds no utilities of i-UR"
        raise Rejected(Fault.GEOMETRY_MISSING, message, "deliver the files of udx/unf")
    envelope = root.find("boundedBy/Envelope")
    frame = _Frame.read(envelope.get("srsName") if envelope is not None else None)
    records = (frame.link(o) if o.tag in _LINES else frame.node(o) for o in utilities)
    notes = (f"heights are in {frame.vertical}",) if frame.vertical else ()
    yield from to_layers(records, "boundedBy", notes=notes)


def _said(element: Element) -> dict[str, Any]:
    return {
        "ownerref": element.get("id"),
        "subtype": element.tag,
        "owner": text_at(element, "occupierName"),
        "installed": text_at(element, "year"),
        "function": text_at(element, "function"),
        "occupierType": text_at(element, "occupierType"),
        "material": text_at(element, "material"),
    }


def _layer(element: Element) -> tuple[str | None, str]:
    discipline, kind = _LINES.get(element.tag, (None, "nodes"))
    discipline = discipline or _OCCUPIERS.get(text_at(element, "occupierType") or "")
    return discipline, f"{discipline or 'utility'} {kind}"


@dataclass(frozen=True, slots=True)
class _Frame:
    """Reference system of a file: horizontal and vertical code, and whether it counts in degrees."""

    crs: str | None
    vertical: str | None
    in_degrees: bool

    @classmethod
    def read(cls, name: str | None) -> _Frame:
        try:
            crs = parse_crs(name) if name else None
        except Invalid:
            return cls(name, None, in_degrees=True)
        return cls(crs.code, crs.vertical, crs.is_geographic) if crs else cls(None, None, in_degrees=True)

    def _scale(self, xy: NDArray[np.float64]) -> NDArray[np.float64]:
        return np.array(plan_scale(float(xy[1])) if self.in_degrees else (1.0, 1.0))

    def link(self, element: Element) -> Record:
        discipline, layer = _layer(element)
        flat = _flat(element)
        outline = element.find(".//lod0Geometry//Polygon") is not None
        scale = self._scale(flat[0]) if len(flat) else np.ones(2)
        course = centre_line(flat * scale) if outline else flat * scale
        if course is None:
            ring = shapely.polygons(flat) if len(flat) > 3 and np.isfinite(flat).all() else None
            return Record(layer, ring, _said(element) | {"discipline": discipline} | _size(element, None), self.crs)
        shell = _shell(element) * [*scale, 1.0]
        sound = len(course) > 1 and len(shell) and np.isfinite(course).all()
        profile = profile_along(course, shell) if sound else None
        points = course / scale if profile is None else np.column_stack([course / scale, profile.z])
        values = _said(element) | {"discipline": discipline} | _size(element, profile) | _depth(element)
        return Record(layer, to_line(points), values, self.crs)

    def node(self, element: Element) -> Record:
        discipline, layer = _layer(element)
        flat, shell, column = _flat(element), _shell(element), _vertices(element, 1)
        body = shell if len(shell) else column
        spot = flat[0] if len(flat) else None
        values = _said(element) | {"discipline": discipline, "kind": _NODES[element.tag]}
        if len(body):
            scale = self._scale(body[0])
            box = box_around(body * [*scale, 1.0])
            spot = np.array(box.centre) / scale if spot is None else spot
            values |= {"coverelevation": box.top, "bottomelevation": box.bottom}
            values |= {"width_m": box.width_m, "length_m": box.length_m}
        values["groundlevel"] = float(column[:, 2].max()) if len(column) else None
        return Record(layer, to_point(spot), values, self.crs)


def _flat(element: Element) -> NDArray[np.float64]:
    """Vertices x y of the LoD0 line, outline or point; its height is always 0 and says nothing."""
    return first_run(element.find(".//lod0Geometry"), dimension=3)[:, [1, 0]]


def _shell(element: Element) -> NDArray[np.float64]:
    """Vertices x y z of the most detailed solid that lies where the thing lies."""
    for lod in (4, 3, 2):
        found = _vertices(element, lod)
        if len(found):
            return found
    return found


def _vertices(element: Element, lod: int) -> NDArray[np.float64]:
    runs = [run for part in element.iterfind(f"lod{lod}Geometry") for run in read_runs(part, dimension=3)]
    solid = [run for run in runs if run.shape[1] == 3 and np.isfinite(run).all()]
    return np.unique(np.vstack(solid), axis=0)[:, [1, 0, 2]] if solid else np.empty((0, 3))


def _size(element: Element, profile: Profile | None) -> dict[str, Any]:
    """Outer and inner diameter as stated, or else what the solid measures."""
    outer, inner = (
        measure(_first(element, f"{side}Diameter", f"{side}Diamiter"), _MILLIMETRES) for side in ("outer", "inner")
    )
    values: dict[str, Any] = {
        "outerdiameter_mm": outer,
        "innerdiameter_mm": inner,
        "wall_mm": (outer - inner) / 2 if outer and inner and outer > inner else None,
    }
    if outer or profile is None:
        return values | {"outerwidth_mm": measure(element.find("width"), _MILLIMETRES)}
    larger, smaller = max(profile.width_m, profile.height_m), min(profile.width_m, profile.height_m)
    round_or_not = "circular" if larger - smaller <= _ROUND * larger else "rectangular"
    shape = "bank" if element.tag == "Duct" else round_or_not
    return values | {"outerwidth_m": profile.width_m, "outerheight_m": profile.height_m, "shape": shape}


def _first(element: Element, *tags: str) -> Element | None:
    """The first of several spellings; uro 3.0 writes "Diamiter"."""
    return next((found for tag in tags if (found := element.find(tag)) is not None), None)


def _depth(element: Element) -> dict[str, Any]:
    """Cover where one number holds for the whole length; a range is kept as it is."""
    depth, shallowest, deepest = (measure(element.find(tag), _METRES) for tag in ("depth", "minDepth", "maxDepth"))
    if depth is None and shallowest == deepest:
        depth = shallowest
    return {"cover_m": depth, "mindepth": shallowest, "maxdepth": deepest}
