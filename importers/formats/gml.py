"""GML features: the members of a collection by type, their properties by name.

City models, whose namespaces are CityGML's, are read elsewhere.
Source: ISO 19136 (OGC 07-036r1), INSPIRE D2.8.I.6 (cadastral parcels) for the words of known types.
"""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

import shapely

from importers.faults import Fault, Rejected
from importers.formats.axes import name_crs, puts_north_first
from importers.formats.gdal import UNICODE
from importers.formats.gmlgeometry import is_geometry, read_geometry
from importers.formats.records import Records, swap_axes
from importers.formats.xml_tree import open_tag, parse_xml

if TYPE_CHECKING:
    from collections.abc import Iterator
    from xml.etree.ElementTree import Element

    from importers.source import Dataset, SourceLayer

_NAMESPACE = re.compile(r"=\s*[\"']http://www\.opengis\.net/gml")
_CITYGML = b"opengis.net/citygml"
_MEMBERS = ("featureMember", "featureMembers", "member", "members")
# INSPIRE types: what their layer is called here, and words for their properties.
_WORDS: dict[str, tuple[str, dict[str, str]]] = {
    "CadastralParcel": ("parcels", {"label": "parcelno", "areaValue": "area"}),
    "Building": ("buildings", {"numberOfFloorsAboveGround": "storeys", "currentUse": "use"}),
    "RoadLink": ("roads", {"geographicalName": "name"}),
    "AdministrativeUnit": ("boundaries", {"nationalCode": "code"}),
}


def is_gml(head: bytes, _: str) -> bool:
    return _NAMESPACE.search(open_tag(head)[1]) is not None and _CITYGML not in head


# By feature type and reference system: the records, and how often something is said of them.
type _Layers = dict[tuple[str, str | None], tuple[Records, Counter[str]]]


@dataclass(frozen=True, slots=True)
class _System:
    """Reference system and numbers of a position, by the nearest element that says so."""

    name: str | None = None
    dimension: int = 2

    def within(self, element: Element) -> _System:
        stated, dimension = element.get("srsName"), element.get("srsDimension")
        implied = 3 if stated and "+" in name_crs(stated)[0] else self.dimension
        return _System(stated or self.name, int(dimension) if dimension in ("2", "3") else implied)

    def bounds(self, element: Element) -> _System:
        """By the envelope of a feature or collection."""
        envelope = element.find("boundedBy/Envelope")
        return self if envelope is None else self.within(envelope)


def read_gml(dataset: Dataset) -> Iterator[SourceLayer]:
    """One layer a feature type and reference system; rows count its features in the order of the file.

    Of several geometries the one of the highest dimension counts, and of those the first.
    Raises: Rejected for unsound XML and for a file without feature members.
    """
    root = parse_xml(dataset)
    layers: _Layers = {}
    around = _System().bounds(root)
    for feature in _members(root):
        _add(layers, feature, around.bounds(feature))
    if not layers:
        raise Rejected(
            Fault.GEOMETRY_MISSING, f"{dataset.name} has no feature members", "export the features, not a list of them"
        )
    for (kind, crs), (records, notes) in layers.items():
        yield records.to_layer(
            f"{_WORDS[kind][0]} ({kind})" if kind in _WORDS else kind,
            crs=crs,
            crs_origin="GML" if crs else "",
            encoding=UNICODE,
            notes=tuple(f"{count} {what}" for what, count in sorted(notes.items())),
        )


def _members(parent: Element) -> Iterator[Element]:
    """The objects in the members of a collection and of the collections in it."""
    for wrapper in parent:
        if wrapper.tag in _MEMBERS:
            for member in wrapper:
                if member.tag.endswith("FeatureCollection"):
                    yield from _members(member)
                else:
                    yield member


def _add(layers: _Layers, feature: Element, around: _System) -> None:
    shapes = list(_shapes(feature, around))
    known = [(shape, system) for _, shape, system in shapes if shape is not None]
    geometry, system = max(known, key=lambda pair: shapely.get_dimensions(pair[0]), default=(None, around))
    crs, strict = name_crs(system.name) if system.name else (None, False)
    if geometry is not None and crs and strict and puts_north_first(crs):
        geometry = swap_axes(geometry)
    records, notes = layers.setdefault((feature.tag, crs), (Records(), Counter()))
    stated = {"gml_id": feature.get("id") or feature.get("fid")} | dict(_values(feature, ""))
    words = _WORDS.get(feature.tag, ("", {}))[1]
    records.add(geometry, {word: stated[name] for name, word in words.items() if name in stated} | stated)
    notes.update(_said_of(name) for name, shape, _ in shapes if shape is None)
    if len(known) > 1:
        notes["features with more than one geometry: the first of the highest dimension is taken"] += 1


def _said_of(name: str) -> str:
    if not name:
        return "geometries with parts in several reference systems"
    return f"geometries of a kind that is not read: {name}"


def _shapes(element: Element, system: _System) -> Iterator[tuple[str, shapely.Geometry | None, _System]]:
    """Geometries anywhere in a feature but in its bounds, and the system of each; "" names one that has several."""
    for child in element:
        if child.tag == "boundedBy":
            continue
        own = system.within(child)
        if is_geometry(child):
            mixed = _is_mixed(child, own)
            yield "" if mixed else child.tag, None if mixed else read_geometry(child, own.dimension), own
        elif child.tag in ("Solid", "MultiSolid", "CompositeSolid"):
            yield child.tag, None, own
        else:
            yield from _shapes(child, own)


def _is_mixed(geometry: Element, system: _System) -> bool:
    """Whether a part of a geometry names another system than the whole."""
    named = {part.get("srsName") for part in geometry.iter()} - {None, system.name}
    own = name_crs(system.name) if system.name else None
    return any(name_crs(name) != own for name in named if name)


def _values(element: Element, path: str) -> Iterator[tuple[str, str]]:
    """Column and text of the properties that hold text or a reference; several of one name are told as a list.

    A feature's own children are properties, whatever their case; further in, a capital begins an object's name.
    """
    found: dict[str, list[str]] = {}
    for child in element:
        kind = child.tag
        if kind == "boundedBy" or is_geometry(child) or child.get("nil") == "true":
            continue
        name = path if path and kind[:1].isupper() else f"{path}.{kind}" if path else kind
        text = (child.text or "").strip() or child.get("href")
        if text and not len(child):
            found.setdefault(name, []).append(text)
            if child.get("uom"):
                found.setdefault(f"{name}_uom", []).append(child.get("uom", ""))
        for inner, value in _values(child, name):
            found.setdefault(inner, []).append(value)
    yield from ((name, "; ".join(dict.fromkeys(values))) for name, values in found.items())
