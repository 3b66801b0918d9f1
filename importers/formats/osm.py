"""OpenStreetMap, PBF and XML: roads, buildings, trees and what lies underground; the rest is only counted.

Source: the tag pages of the OpenStreetMap wiki. Data under ODbL 1.0; coordinates are WGS 84 longitude, latitude.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from importers.formats.gdal import UNICODE, Source, private_copy, read_layer, refuse_redirection
from importers.formats.records import Records
from importers.formats.xml_tree import open_tag
from layers.crs import WGS84

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from importers.source import Dataset, SourceLayer

type Tags = dict[str, str]

_HEAD_BYTES = 65536
_LENGTH = re.compile(r"(\d+(?:\.\d+)?)\s*(mm|cm|m|km|ft|in|\"|')?", re.ASCII)
_FEET = re.compile(r"(\d+)'\s*(?:(\d+(?:\.\d+)?)\")?", re.ASCII)
_METRES = {"mm": 0.001, "cm": 0.01, "m": 1.0, "km": 1000.0, "ft": 0.3048, "'": 0.3048, "in": 0.0254, '"': 0.0254}
_DISCIPLINES = {
    "water": "water", "drinking_water": "water", "sewage": "wastewater", "wastewater": "wastewater",
    "rainwater": "storm", "stormwater": "storm", "gas": "gas", "natural_gas": "gas", "hot_water": "heat",
    "heat": "heat", "steam": "heat", "cold": "heat", "chilled_water": "heat", "cable": "power", "minor_cable": "power",
}  # fmt: skip
_STAGES = {
    "proposed": "planned", "planned": "planned", "construction": "planned", "disused": "disused",
    "abandoned": "abandoned",
}  # fmt: skip
# The thickest trees of the world measure 40 m around; what a city's measures beyond this is not in metres.
_THICKEST_M = 10.0


@dataclass(frozen=True, slots=True)
class _Theme:
    """A layer that is made of records of one of GDAL's layers whose tags say that they belong."""

    name: str
    layer: str
    belongs: Callable[[Tags], bool]
    describe: Callable[[Tags], dict[str, Any]]


def is_osm_pbf(head: bytes, _: str) -> bool:
    return b"\x0a\x09OSMHeader" in head[4:32]


def is_osm_xml(head: bytes, _: str) -> bool:
    return open_tag(head)[0] == "osm"


def read_osm(dataset: Dataset) -> Iterator[SourceLayer]:
    """One layer a theme that has records; columns in the city's words, and all tags as JSON in `tags`.

    Raises: Rejected for a file that is cut short.
    """
    with dataset.path.open("rb") as stream:
        head = stream.read(_HEAD_BYTES)
    is_text = is_osm_xml(head, "")
    if is_text:
        refuse_redirection(head, dataset.name)
    with private_copy(dataset, ".osm" if is_text else ".osm.pbf") as path:
        source = Source(path, "OSM", dataset.name)
        for layer in ("points", "lines", "multipolygons"):
            yield from _themes(read_layer(source, layer, TAGS_FORMAT="JSON"))


def _themes(layer: SourceLayer) -> Iterator[SourceLayer]:
    records = [layer.record(i) for i in range(len(layer))]
    tags = [_tags(record) for record in records]
    themes = [theme for theme in _THEMES if theme.layer == layer.name]
    chosen = [[i for i, own in enumerate(tags) if theme.belongs(own)] for theme in themes]
    left = len(layer) - len({i for members in chosen for i in members})
    notes = (*layer.notes, f"{left} other {layer.name} left aside") if left else layer.notes
    for theme, members in zip(themes, chosen, strict=True):
        found = Records()
        for i in members:
            told = {"osm_id": _identity(records[i])} | theme.describe(tags[i])
            found.add(layer.geometries[i], told | {"tags": json.dumps(tags[i], ensure_ascii=False)})
        if members:
            yield found.to_layer(theme.name, crs=WGS84, crs_origin="OpenStreetMap", encoding=UNICODE, notes=notes)


def _tags(record: Mapping[str, Any]) -> Tags:
    others: Tags = json.loads(record.get("other_tags") or "{}")
    return {name: str(value) for name, value in record.items() if value is not None and name not in _NOT_TAGS} | others


def _identity(record: Mapping[str, Any]) -> str:
    """A node's or way's number; of an area, "w123" for a way and "r45" for a relation."""
    if "osm_way_id" not in record:
        return str(record["osm_id"])
    return f"w{record['osm_way_id']}" if record["osm_way_id"] else f"r{record['osm_id']}"


_NOT_TAGS = ("other_tags", "z_order", "osm_id", "osm_way_id")


def _is_road(tags: Tags) -> bool:
    return "highway" in tags


def _road(tags: Tags) -> dict[str, Any]:
    return {
        "name": tags.get("name"),
        "roadcode": tags.get("ref"),
        "highway": tags["highway"],
        "surface": tags.get("surface"),
        "width_m": _metres(tags.get("width"), "m"),
    }


def _is_building(tags: Tags) -> bool:
    return tags.get("building", "no") != "no"


def _building(tags: Tags) -> dict[str, Any]:
    return {
        "buildingid": tags.get("ref"),
        "name": tags.get("name"),
        "address": " ".join(tags[key] for key in ("addr:housenumber", "addr:street") if key in tags) or None,
        "use": tags["building"] if tags["building"] != "yes" else None,
        "storeys": tags.get("building:levels"),
        "height_m": _metres(tags.get("height") or tags.get("building:height"), "m"),
    }


def _is_tree(tags: Tags) -> bool:
    return tags.get("natural") == "tree"


def _tree(tags: Tags) -> dict[str, Any]:
    """`species` of a tree is its Latin name there; its name in a language comes with the language."""
    return {
        "treeid": tags.get("ref"),
        "species": tags.get("species:vi") or tags.get("species:en") or tags.get("taxon:vi"),
        "latinname": _latin_name(tags),
        "height_m": _metres(tags.get("height"), "m"),
        "girth_m": _girth_m(tags),
        "crowndiameter_m": _metres(tags.get("diameter_crown"), "m"),
        "yearplanted": _year(tags),
        "managedby": tags.get("operator"),
    }


def _girth_m(tags: Tags) -> float | None:
    girth_m = _metres(tags.get("circumference"), "m")
    return girth_m if girth_m is not None and girth_m <= _THICKEST_M else None


def _latin_name(tags: Tags) -> str | None:
    """The species, with the genus where that is tagged apart from it ("Betula" and "Pendula")."""
    species, genus = tags.get("species") or tags.get("taxon"), tags.get("genus")
    if species and genus and " " not in species and species != genus:
        return f"{genus} {species[0].lower()}{species[1:]}"
    return species or genus


def _is_underground(tags: Tags) -> bool:
    """A pipeline or cable, unless its place is said to be elsewhere: what is not said may lie in the ground."""
    line = tags.get("man_made") == "pipeline" or tags.get("power") in ("cable", "minor_cable")
    return (line or _stage(tags) is not None) and tags.get("location", "underground") in ("underground", "underwater")


def _stage(tags: Tags) -> str | None:
    """The status of a pipeline that is not in service, by what its tag begins with; None of all others."""
    if (tags.get("man_made"), tags.get("construction")) == ("construction", "pipeline"):
        return "planned"
    stages = (stage for prefix, stage in _STAGES.items() if tags.get(f"{prefix}:man_made") == "pipeline")
    return next(stages, None)


def _utility(tags: Tags) -> dict[str, Any]:
    carried = tags.get("substance") or tags.get("type") or tags.get("power") or ""
    return {
        "discipline": _DISCIPLINES.get(carried),
        "status": _stage(tags),
        "subtype": carried or None,
        "operator": tags.get("operator"),
        "owner": tags.get("owner"),
        "ownerref": tags.get("ref"),
        "material": tags.get("material"),
        "diameter_mm": _scaled(_metres(tags.get("diameter"), "mm"), 1000.0),
        "voltage": tags.get("voltage"),
        "pressure": tags.get("pressure"),
        "depth_m": _metres(tags.get("depth"), "m"),
        "installed": tags.get("start_date"),
    }


_THEMES = (
    _Theme("trees", "points", _is_tree, _tree),
    _Theme("roads", "lines", _is_road, _road),
    _Theme("underground utility lines", "lines", _is_underground, _utility),
    _Theme("buildings", "multipolygons", _is_building, _building),
)


def _metres(value: str | None, usual_unit: str) -> float | None:
    """Metres of "3.5", "12 ft", 7'4", "600 mm"; None for lists, ranges and words."""
    text = (value or "").strip().lower()
    feet = _FEET.fullmatch(text)
    if feet:
        return int(feet[1]) * _METRES["ft"] + float(feet[2] or 0) * _METRES["in"]
    length = _LENGTH.fullmatch(text)
    return float(length[1]) * _METRES[length[2] or usual_unit] if length else None


def _scaled(length: float | None, factor: float) -> float | None:
    return None if length is None else round(length * factor, 6)


def _year(tags: Tags) -> str | None:
    year = re.match(r"\d{4}", tags.get("start_date", ""))
    return year[0] if year else None
