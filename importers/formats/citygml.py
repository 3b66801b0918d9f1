"""CityGML 1.0, 2.0 and 3.0 files, object by object; nothing outside the file is opened.

Source: OGC 12-019 (CityGML 2.0); OGC 21-006r2 for the names of 3.0.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING
from xml.etree import ElementTree as ET
from xml.parsers import expat

from importers.faults import Fault, Rejected
from importers.formats.city import City
from importers.formats.citygml_objects import CityObject, add_object
from importers.formats.gml_surfaces import SURFACES, local, parse_srs

if TYPE_CHECKING:
    from collections.abc import Iterator
    from xml.etree.ElementTree import Element

    from importers.source import Dataset, SourceLayer

# CityModel, its members, and in each of these an object.
_MEMBER_DEPTH, _OBJECT_DEPTH = 2, 3
_AGAIN = "ask the department to export it again"


@dataclass(slots=True)
class _Scan:
    """What a first pass finds: reference systems (code -> north first), and identities used across objects."""

    systems: dict[str, bool] = field(default_factory=dict)
    shared: set[str] = field(default_factory=set)
    depth: int = 0
    own: set[str] = field(default_factory=set)
    used: set[str] = field(default_factory=set)

    def start(self, _: str, attributes: dict[str, str]) -> None:
        self.depth += 1
        for name, value in attributes.items():
            if name == "srsName":
                code, north_first = parse_srs(value)
                self.systems[code] = north_first
            elif name.endswith("}id"):
                self.own.add(value)
            elif name.endswith("}href") and value.startswith("#"):
                self.used.add(value[1:])

    def end(self, _: str) -> None:
        if self.depth == _OBJECT_DEPTH:
            self.shared |= self.used - self.own
            self.own, self.used = set(), set()
        self.depth -= 1


def is_citygml(head: bytes, _: str) -> bool:
    return re.search(rb"<(\w+:)?CityModel[\s>]", head) is not None


def read_citygml(dataset: Dataset) -> Iterator[SourceLayer]:
    """Buildings and land use; x, y in that order whatever srsName says, z in the file's own vertical system.

    Raises: Rejected for a file that is cut short, no XML, declares a document type, mixes reference systems, or has
    nothing to load.
    """
    scan = _scan(dataset)
    if len(scan.systems) > 1:
        raise Rejected(
            Fault.CRS_UNUSABLE, f"{dataset.name} mixes {' and '.join(sorted(scan.systems))}", "export it in one system"
        )
    crs, north_first = next(iter(scan.systems.items()), (None, False))
    shared = _collect(dataset, scan.shared)
    city = City()
    for thing in _objects(dataset):
        add_object(city, CityObject(thing, shared | _identities(thing), north_first))
    yield from city.layers(dataset.name, crs, "srsName")


def _scan(dataset: Dataset) -> _Scan:
    scan = _Scan()
    parser = expat.ParserCreate(namespace_separator="}")
    parser.StartElementHandler, parser.EndElementHandler = scan.start, scan.end
    parser.StartDoctypeDeclHandler = _refuse_doctype
    try:
        with dataset.path.open("rb") as stream:
            parser.ParseFile(stream)
    except (expat.ExpatError, LookupError, ValueError) as error:
        cut = "no element found" in str(error) or "unclosed" in str(error)
        raise Rejected(
            Fault.TRUNCATED if cut else Fault.UNREADABLE, f"{dataset.name} cannot be read: {error}", _AGAIN
        ) from error
    return scan


def _refuse_doctype(name: str, *_: object) -> None:
    raise ValueError(f"it declares a document type ({name[:40]}), for which CityGML has no use")


def _objects(dataset: Dataset) -> Iterator[Element]:
    """City objects one by one; each is forgotten after its turn."""
    depth = 0
    root: Element | None = None
    for event, element in ET.iterparse(dataset.path, ("start", "end")):  # noqa: S314 - a document type was refused
        if event == "start":
            depth += 1
            root = element if root is None else root
            continue
        if depth == _OBJECT_DEPTH:
            yield element
            element.clear()
        elif depth == _MEMBER_DEPTH and root is not None:
            root.clear()
        depth -= 1


def _identities(element: Element) -> dict[str, Element]:
    return {value: part for part in element.iter() for name, value in part.attrib.items() if name.endswith("}id")}


def _collect(dataset: Dataset, wanted: set[str]) -> dict[str, Element]:
    """Surfaces that other objects refer to."""
    if not wanted:
        return {}
    return {
        identity: part
        for thing in _objects(dataset)
        for identity, part in _identities(thing).items()
        if identity in wanted and local(part) in SURFACES
    }
