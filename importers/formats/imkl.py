"""IMKL 2015 and 2.x, the Dutch and Flemish exchange of cables and pipes (KLIC, KLIP) on INSPIRE utility networks.

Sources: Geonovum IMKL 2.0 (schema imkl-wibon), INSPIRE D2.8.III.6. A feature has no geometry of its own: it names its
links. Diameters are outer ones. A depth is a feature too; it reaches from the surface to the top or, for pipes, to
the inside bottom.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from importers.faults import Fault, Rejected
from importers.formats.gml_positions import first_run, measure, read_runs, read_srs
from importers.formats.network import Record, merge_lines, to_layers, to_line, to_point
from importers.formats.xml_tree import index_ids, open_tag, parse_xml, target_of, text_at

if TYPE_CHECKING:
    from collections.abc import Iterator
    from xml.etree.ElementTree import Element

    import shapely

    from importers.source import Dataset, SourceLayer

_NAMESPACE = re.compile(r"=\s*[\"'][^\"']*(?:imkl|wion|wibon)[^\"']*[\"']", re.IGNORECASE)
_METRES = {"m": 1.0, "cm": 0.01, "mm": 0.001}
_MILLIMETRES = {"m": 1000.0, "cm": 10.0, "mm": 1.0}

# Discipline and layer of each class of line; None: as the network's theme says.
_LINES = {
    "Elektriciteitskabel": ("power", "cable lines"),
    "ElectricityCable": ("power", "cable lines"),
    "Telecommunicatiekabel": ("telecom", "cable lines"),
    "TelecommunicationsCable": ("telecom", "cable lines"),
    "Waterleiding": ("water", "pipes"),
    "WaterPipe": ("water", "pipes"),
    "ThermischePijpleiding": ("heat", "pipes"),
    "ThermalPipe": ("heat", "pipes"),
    "Rioolleiding": (None, "pipes"),
    "SewerPipe": (None, "pipes"),
    "OlieGasChemicalienPijpleiding": (None, "pipes"),
    "OilGasChemicalsPipe": (None, "pipes"),
    "Overig": (None, "pipes"),
    "Mantelbuis": (None, "duct lines"),
    "Kabelbed": (None, "duct lines"),
    "Duct": (None, "duct lines"),
}
_NODES = {
    "Appurtenance": None, "Mangat": "manhole", "Manhole": "manhole", "Kast": "cabinet", "Cabinet": "cabinet",
    "Mast": "pole", "Pole": "pole", "Toren": None, "Tower": None, "TechnischGebouw": None,
}  # fmt: skip
_THEMES = {
    "laagspanning": "power", "middenspanning": "power", "hoogspanning": "power",
    "landelijkhoogspanningsnet": "power", "datatransport": "telecom", "gaslagedruk": "gas", "gashogedruk": "gas",
    "rioolvrijverval": "wastewater", "rioolonderoverofonderdruk": "wastewater", "warmte": "heat", "water": "water",
}  # fmt: skip
_SEWAGE = {"sanitary": "wastewater", "storm": "storm", "combined": "combined"}
_STATUS = {
    "functional": "in_service", "projected": "planned", "underConstruction": "planned", "disused": "disused",
    "decommissioned": "abandoned",
}  # fmt: skip
_REFERENCES = {"bovenkant": "crown", "binnenonderkantBuis": "invert"}


def is_imkl(head: bytes, _: str) -> bool:
    name, attributes = open_tag(head)
    return name == "FeatureCollection" and _NAMESPACE.search(attributes) is not None


def read_imkl(dataset: Dataset) -> Iterator[SourceLayer]:
    """Layers of cables, pipes, ducts and nodes, for each discipline.

    Raises: Rejected for a file without any of them.
    """
    delivery = _Delivery(index_ids(root := parse_xml(dataset)))
    features = [member for wrapper in root for member in wrapper if member.tag in _LINES or member.tag in _NODES]
    if not features:
        raise Rejected(
            Fault.GEOMETRY_MISSING,
            f"{dataset.name} holds no cables, pipes or their elements",
            "deliver the GML of the utility information (netinformatie)",
        )
    systems = [code for e in root.iter() if (code := read_srs(e.get("srsName"))[0])]
    crs = max(set(systems), key=systems.count) if systems else None
    yield from to_layers((delivery.record(feature, crs) for feature in features), "srsName")


@dataclass(frozen=True, slots=True)
class _Delivery:
    """All features of a file by their identifiers, for what one says of itself by naming another."""

    by_id: dict[str, Element]

    def named(self, element: Element, tag: str) -> list[Element]:
        """Features that an element refers to by a property."""
        targets = (target_of(child.get("href")) for child in element.iterfind(tag))
        return [self.by_id[target] for target in targets if target in self.by_id]

    def record(self, element: Element, crs: str | None) -> Record:
        network = next(iter(self.named(element, "inNetwork")), None)
        discipline, kind = _LINES.get(element.tag, (None, "nodes"))
        discipline = discipline or _discipline(element, network)
        values = self._said(element, network) | {"discipline": discipline} | self._depth(element)
        layer = f"{discipline} {kind}" if discipline else f"other {kind}"
        if element.tag in _LINES:
            return Record(layer, self._course(element), values | _size(element), crs)
        values |= {"kind": _NODES[element.tag], "subtype": _code(element, "appurtenanceType") or element.tag}
        spot = first_run(element.find("geometry"))
        return Record(layer, to_point(spot[0] if len(spot) else None), values, crs)

    def _course(self, element: Element) -> shapely.Geometry | None:
        links = [link.find("centrelineGeometry") for link in self.named(element, "link")]
        return merge_lines(to_line(run) for link in links if link is not None for run in read_runs(link))

    def _said(self, element: Element, network: Element | None) -> dict[str, Any]:
        accuracy = re.search(r"tot(\d+)cm", _code(element, "geoNauwkeurigheidXY") or "")
        return {
            "ownerref": element.get("id"),
            "subtype": element.tag,
            "owner": self._owner(network),
            "status": _STATUS.get(_code(element, "currentStatus") or ""),
            "installed": text_at(element, "validFrom"),
            "horizontalaccuracy_m": int(accuracy[1]) / 100 if accuracy else None,
            "label": text_at(element, "label"),
            "toelichting": text_at(element, "toelichting"),
            "thema": _code(network, "thema"),
        }

    def _owner(self, network: Element | None) -> str | None:
        """Name of the organisation in charge of a network, or else its code; no names of persons."""
        if network is None:
            return None
        for authority in self.named(network, "authorityRole"):
            if name := text_at(authority, ".//Organisatie/naam"):
                return name
        return text_at(network, "authorityRole") or _code(network, "authorityRole")

    def _depth(self, element: Element) -> dict[str, Any]:
        """Depth where all depths along a feature agree; as given in any case."""
        depths = [d for d in self.named(element, "dieptelegging") if d.tag == "DiepteTovMaaiveld"]
        known = {
            (measure(d.find("dieptePeil"), _METRES), _REFERENCES.get(_code(d, "diepteAangrijpingspunt") or "bovenkant"))
            for d in depths
        }
        given = "; ".join(text_at(d, "dieptePeil") or "" for d in depths) or None
        above_nap = [d for d in self.named(element, "dieptelegging") if d.tag == "DiepteNAP"]
        values: dict[str, Any] = {
            "dieptePeil": given,
            "dieptePeil NAP": "; ".join(text_at(d, "dieptePeil") or "" for d in above_nap) or None,
        }
        if len(known) != 1:
            return values
        depth, reference = known.pop()
        return values | {"depth_m": depth, "verticalreference": reference}


def _code(element: Element | None, tag: str) -> str | None:
    """Value of a code list that a property refers to."""
    found = element.find(tag) if element is not None else None
    return target_of(found.get("href")) if found is not None else None


def _discipline(element: Element, network: Element | None) -> str | None:
    if (_code(element, "oilGasChemicalsProductType") or "").lower() == "naturalgas":
        return "gas"
    sewage = _SEWAGE.get(_code(element, "sewerWaterType") or "")
    return sewage or _THEMES.get((_code(network, "thema") or "").lower())


def _size(element: Element) -> dict[str, Any]:
    """Outer size in millimetres, and what a cable or pipe carries. Zero stands for "not known"."""
    diameter = next(
        (found for tag in ("pipeDiameter", "kabelDiameter") if (found := element.find(tag)) is not None), None
    )
    voltage = next(
        (found for tag in ("nominalVoltage", "operatingVoltage") if (found := element.find(tag)) is not None), None
    )
    return {
        "outerdiameter_mm": measure(diameter, _MILLIMETRES),
        "outerwidth_mm": measure(element.find("ductWidth"), _MILLIMETRES),
        "material": _code(element, "buismateriaalType"),
        "ducts": text_at(element, "aantalKabelsLeidingen"),
        "voltage": measure(voltage, {"V": 1.0, "kV": 1000.0}),
        "pressure": measure(element.find("pressure"), {"bar": 1.0, "mbar": 0.001}),
    }
