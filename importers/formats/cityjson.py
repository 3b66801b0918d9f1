"""CityJSON 1.0, 1.1, 2.0 and CityJSON text sequences: buildings with their solids, trees, road lines, land use.

Source: CityJSON 2.0.1 (OGC 20-072r5).
"""

from __future__ import annotations

import json
import re
from collections import defaultdict
from dataclasses import dataclass
from itertools import chain
from typing import TYPE_CHECKING, Any

import numpy as np

from importers.faults import Fault, Rejected
from importers.fields import parse_number
from importers.formats.city import (
    City,
    Record,
    building,
    choose_shape,
    describe_building,
    describe_land_use,
    describe_road,
    describe_tree,
)
from importers.formats.cityjson_geometry import Vertices, place_tree, read_area, read_lines, read_shapes

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from numpy.typing import NDArray

    from importers.source import Dataset, SourceLayer

_SIGN = re.compile(rb'"type"\s*:\s*"CityJSON|"CityObjects"\s*:\s*\{|"vertices"\s*:\s*\[\s*\[\s*-?\d')
_VERSIONS = ("1.0", "1.1", "2.0")
_EPSG = re.compile(r"EPSG(?:/[\d.]+/|:[\d.]*:|:)(\d{4,6})$", re.IGNORECASE)
_AGAIN = "ask the department to export it again"
# What a file of the right form with nonsense in it ends in.
_NONSENSE = (TypeError, ValueError, KeyError, IndexError, AttributeError, OverflowError)


@dataclass(frozen=True, slots=True)
class _Model:
    """City objects by their identity, and their vertices."""

    objects: dict[str, dict[str, Any]]
    vertices: Vertices


def is_cityjson(head: bytes, _: str) -> bool:
    return head.lstrip(b"\xef\xbb\xbf \r\n\t")[:1] == b"{" and _SIGN.search(head) is not None


def read_cityjson(dataset: Dataset) -> Iterator[SourceLayer]:
    """Layers of the file, z in its own vertical system. What has no place in the city's tables is noted.

    Raises: Rejected for a file that is cut short, is no CityJSON, is of another version, or has nothing to load.
    """
    documents = _documents(dataset)
    header = next(documents)
    transform = _read_header(header, dataset)
    city = City()
    for document in chain([header], documents):
        _add_model(city, _read_model(document, transform, dataset))
    metadata = header.get("metadata")
    system = metadata.get("referenceSystem") if isinstance(metadata, dict) else None
    code = _EPSG.search(str(system))
    yield from city.layers(dataset.name, f"EPSG:{code[1]}" if code else (str(system) if system else None), "CityJSON")


def _documents(dataset: Dataset) -> Iterator[dict[str, Any]]:
    """The one object of a file, or of a sequence its header and then its features, one a line."""
    with dataset.path.open("rb") as stream:
        first = stream.readline().removeprefix(b"\xef\xbb\xbf")
        try:
            header = json.loads(first)
        except (ValueError, RecursionError):
            yield _parse(first + stream.read(), dataset, "")
            return
        yield header if isinstance(header, dict) else {}
        for number, line in enumerate(stream, start=2):
            if line.strip():
                yield _parse(line, dataset, f"line {number}: ")


def _parse(text: bytes, dataset: Dataset, where: str) -> dict[str, Any]:
    try:
        document = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise Rejected(Fault.UNREADABLE, f"{dataset.name} is not valid JSON: {where}{error}", _AGAIN) from error
    return document if isinstance(document, dict) else {}


def _read_header(header: dict[str, Any], dataset: Dataset) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Scale and translation of the vertices. Raises: Rejected for no header of a known version."""
    version = str(header.get("version"))[:3]
    if header.get("type") != "CityJSON" or version not in _VERSIONS:
        raise Rejected(
            Fault.UNKNOWN_FORMAT,
            f"{dataset.name} is {header.get('type')!s:.40} {version}, not CityJSON {', '.join(_VERSIONS)}",
            "export it as CityJSON 2.0; the first line of a sequence must be the CityJSON object",
        )
    stated: Any = header.get("transform")
    if stated is None and version == "1.0":
        return np.ones(3), np.zeros(3)
    try:
        numbers = np.array([stated["scale"], stated["translate"]], dtype=np.float64)
    except _NONSENSE as error:
        raise Rejected(Fault.UNREADABLE, f"{dataset.name}: no usable transform", _AGAIN) from error
    if numbers.shape != (2, 3) or not np.isfinite(numbers).all():
        raise Rejected(Fault.UNREADABLE, f"{dataset.name}: its transform is not two times three numbers", _AGAIN)
    return numbers[0], numbers[1]


def _read_model(
    document: dict[str, Any], transform: tuple[NDArray[np.float64], NDArray[np.float64]], dataset: Dataset
) -> _Model:
    scale, shift = transform
    try:
        vertices = np.array(document.get("vertices") or [], dtype=float).reshape(-1, 3) * scale + shift
        objects = {key: thing for key, thing in document["CityObjects"].items() if isinstance(thing, dict)}
    except _NONSENSE as error:
        raise Rejected(Fault.UNREADABLE, f"{dataset.name}: no usable vertices or city objects", _AGAIN) from error
    return _Model(objects, Vertices(vertices))


def _add_model(city: City, model: _Model) -> None:
    _add_buildings(city, model)
    for identity, thing in model.objects.items():
        kind = str(thing.get("type"))[:40]
        if kind in _READERS:
            _add_other(city, model, identity, kind)
        elif kind not in ("Building", "BuildingPart"):
            city.notes[f"{kind} left aside"] += 1


def _add_buildings(city: City, model: _Model) -> None:
    """Buildings with their parts; parts of nothing are buildings too."""
    parts_of = _find_parts(model)
    parted = {part for parts in parts_of.values() for part in parts}
    whole = [identity for identity, thing in model.objects.items() if thing.get("type") == "Building"]
    parts = [identity for identity, thing in model.objects.items() if thing.get("type") == "BuildingPart"]
    seen: set[str] = set()
    for identity in (*whole, *(part for part in parts if part not in parted), *parts):
        if identity not in seen:
            members = _descend(identity, parts_of)
            seen.update(members)
            _add_building(city, model, identity, [model.objects[member] for member in members])


def _find_parts(model: _Model) -> dict[str, list[str]]:
    """Building or part -> its parts that are there, by their word or its own."""
    parts_of: dict[str, list[str]] = defaultdict(list)
    for identity, thing in model.objects.items():
        if thing.get("type") == "BuildingPart":
            for parent in _names(thing.get("parents")):
                if parent in model.objects and parent != identity:
                    parts_of[parent].append(identity)
    for identity, thing in model.objects.items():
        for child in _names(thing.get("children")):
            if model.objects.get(child, {}).get("type") == "BuildingPart" and child not in parts_of[identity]:
                parts_of[identity].append(child)
    return parts_of


def _names(value: Any) -> list[str]:
    return [name for name in value if isinstance(name, str)] if isinstance(value, list) else []


def _descend(identity: str, parts_of: dict[str, list[str]]) -> list[str]:
    found, waiting = {identity: None}, [identity]
    while waiting:
        for part in parts_of.get(waiting.pop(0), []):
            if part not in found:
                found[part] = None
                waiting.append(part)
    return list(found)


def _add_building(city: City, model: _Model, identity: str, things: Sequence[dict[str, Any]]) -> None:
    own, *parts = [_attributes(thing) for thing in things]
    told, free = describe_building(identity, own, parts)
    height = parse_number(own.get("measuredHeight"))
    told["height_m"] = height if height and height > 0 else None
    told["address"] = "; ".join(filter(None, (_address(thing) for thing in things))) or None
    try:
        chosen = [choose_shape(read_shapes(model.vertices, thing.get("geometry") or [])) for thing in things]
        record = building(list(filter(None, chosen)), told, free, city.notes)
    except _NONSENSE:
        city.notes["buildings with broken geometry"] += 1
        record = Record(None, told, free)
    city.add("buildings", record)


def _attributes(thing: dict[str, Any]) -> dict[str, Any]:
    attributes = thing.get("attributes")
    return attributes if isinstance(attributes, dict) else {}


def _address(thing: dict[str, Any]) -> str:
    """The words of an address, whose members are free, in their order."""
    stated = thing.get("address")
    listed = stated if isinstance(stated, list) else [stated]
    texts = [
        ", ".join(str(value) for value in address.values() if isinstance(value, str | int))
        for address in listed
        if isinstance(address, dict)
    ]
    return "; ".join(filter(None, texts))


def _add_other(city: City, model: _Model, identity: str, kind: str) -> None:
    thing = model.objects[identity]
    attributes = _attributes(thing)
    layer, read, describe = _READERS[kind]
    told = describe(identity, attributes)
    try:
        geometry = read(model.vertices, thing.get("geometry") or [])
    except _NONSENSE:
        city.notes[f"{kind} with broken geometry"] += 1
        geometry = None
    if geometry is None and layer == "roads":
        city.notes["Road without lines left aside"] += 1
    else:
        city.add(layer, Record(geometry, told, attributes))


# Kind of city object -> its layer, and who reads its geometry and its attributes.
_READERS: dict[str, tuple[str, Any, Any]] = {
    "SolitaryVegetationObject": ("trees", place_tree, describe_tree),
    "Road": ("roads", read_lines, describe_road),
    "LandUse": ("land use", read_area, describe_land_use),
}
