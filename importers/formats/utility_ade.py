"""Networks of the CityGML Utility Network ADE 0.9: pipes, cables and functional elements as 3D components.

Source: CityGML UtilityNetworkADE 0.9.2 and 0.9.3. Plain sizes state no unit; only those with `uom` have one.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from importers.faults import Fault, Rejected
from importers.formats.gml_positions import first_run, measure, read_runs, read_srs
from importers.formats.network import Record, merge_lines, to_layers, to_line, to_number, to_point
from importers.formats.xml_tree import index_ids, open_tag, parse_xml, target_of, text_at

if TYPE_CHECKING:
    from collections.abc import Iterator
    from xml.etree.ElementTree import Element

    from numpy.typing import NDArray

    from importers.source import Dataset, SourceLayer

_MILLIMETRES = {"m": 1000.0, "cm": 10.0, "mm": 1.0}
_STATUS = {"inUse": "in_service", "planned": "planned", "outOfUse": "disused", "abandoned": "abandoned"}
_MEDIA = {"GaseousMedium": "gas", "ElectricalMedium": "power", "OpticalMedium": "telecom"}
# Words of a liquid's type, the first that occurs decides.
_LIQUIDS = {"waste": "wastewater", "sewage": "wastewater", "rain": "storm", "storm": "storm", "heat": "heat",
            "water": "water"}  # fmt: skip
_SHAPES = {"RoundPipe": "circular", "RectangularPipe": "rectangular"}
_SIZES = {
    "exteriorDiameter": "outerdiameter", "interiorDiameter": "innerdiameter", "diameter": "diameter",
    "exteriorWidth": "outerwidth", "exteriorHeight": "outerheight",
    "interiorWidth": "width", "interiorHeight": "height",
}  # fmt: skip


def is_utility_ade(head: bytes, _: str) -> bool:
    name, attributes = open_tag(head)
    return name == "CityModel" and "citygml.org/ade/utility" in attributes


def read_utility_ade(dataset: Dataset) -> Iterator[SourceLayer]:
    """Layers of lines and of nodes, for each medium that networks of the file transport.

    Raises: Rejected for a file without network components.
    """
    root = parse_xml(dataset)
    by_id = index_ids(root)
    components = [(network, part) for network in root.iter("Network") for part in network.iterfind("component/*")]
    if not components:
        message = f"{dataset.name} holds no network components"
        raise Rejected(Fault.GEOMETRY_MISSING, message, "export the networks with their components")
    envelope = root.find("boundedBy/Envelope")
    default = envelope.get("srsName") if envelope is not None else None
    yield from to_layers((_record(part, _medium(network), by_id, default) for network, part in components), "srsName")


def _medium(network: Element) -> str | None:
    medium = network.find("transportedMedium/*")
    if medium is None:
        return None
    kind = (text_at(medium, "type") or "").lower()
    return _MEDIA.get(medium.tag) or next((what for word, what in _LIQUIDS.items() if word in kind), None)


def _record(part: Element, medium: str | None, by_id: dict[str, Element], default: str | None) -> Record:
    shape = next((found for lod in (4, 3, 2, 1, 0) if (found := part.find(f"lod{lod}Geometry/*")) is not None), None)
    name = shape.get("srsName") if shape is not None else None
    crs, north_first = read_srs(name or default)
    prefix = f"{medium} " if medium else "utility "
    values = _said(part, by_id) | {"discipline": medium}
    if shape is not None and shape.tag == "Point":
        spot = _as_xy(first_run(shape, dimension=3), north_first=north_first)
        cover = _furniture(part, by_id)
        values |= {"kind": text_at(part, "class"), "coverelevation": cover}
        return Record(f"{prefix}nodes", to_point(spot[0] if len(spot) else None), values, crs)
    runs = read_runs(shape, dimension=3) if shape is not None else ()
    line = merge_lines(to_line(_as_xy(run, north_first=north_first)) for run in runs)
    return Record(f"{prefix}pipes", line, values | _size(part), crs)


def _as_xy(run: NDArray[Any], *, north_first: bool) -> NDArray[Any]:
    return run[:, [1, 0, *range(2, run.shape[1])]] if north_first and len(run) else run


def _said(part: Element, by_id: dict[str, Element]) -> dict[str, Any]:
    topology = part.find("topoGraph")
    return {
        "ownerref": part.get("id") or (target_of(topology.get("href")) if topology is not None else None),
        "subtype": part.tag,
        "name": text_at(part, "name"),
        "description": text_at(part, "description"),
        "status": _STATUS.get(text_at(part, "status") or ""),
        "material": _material(part, by_id),
        "installed": text_at(part, "yearOfConstruction"),
    }


def _material(part: Element, by_id: dict[str, Element]) -> str | None:
    for reference in part.iterfind("hasMaterial"):
        named = by_id.get(target_of(reference.get("href")) or "", reference)
        if found := text_at(named, ".//type"):
            return found
    return None


def _furniture(part: Element, by_id: dict[str, Element]) -> float | None:
    """Height of the city object that a functional element is connected to: a manhole's cover in the street."""
    reference = part.find("connectedCityObject")
    if reference is None:
        return None
    named = by_id.get(target_of(reference.get("href") or reference.text) or "")
    spot = first_run(named, dimension=3)
    return float(spot[0, 2]) if len(spot) and spot.shape[1] == 3 else None


def _size(part: Element) -> dict[str, Any]:
    """Sizes in millimetres where they have a unit, or else as plain numbers whose unit is for the column to tell."""
    sizes: dict[str, Any] = {"shape": _SHAPES.get(part.tag)}
    for tag, word in _SIZES.items():
        found = part.find(tag)
        if found is not None and found.get("uom"):
            sizes[f"{word}_mm"] = measure(found, _MILLIMETRES)
        elif found is not None:
            sizes[word] = to_number(found.text)
    return sizes
