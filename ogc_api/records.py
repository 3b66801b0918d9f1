"""A record of each layer: what it is, of whom, under which licence, how accurate (OGC API Records, Part 1, 20-004r1).

What nobody said is not in it: no licence, no accuracy, no date is made up.
"""

from __future__ import annotations

from datetime import UTC
from typing import TYPE_CHECKING, Any

from layers.layer_facts import read_facts
from ogc_api.items import FORMATS
from ogc_api.negotiation import LANGUAGES, choose_text

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from layers.catalog import Layer
    from layers.layer_facts import Facts
    from ogc_api.edition import Edition

type Json = dict[str, Any]

MEDIA_TYPE = "application/geo+json"
CORE = "http://www.opengis.net/spec/ogcapi-records-1/1.0/req/record-core"
# Topic categories of ISO 19115-1, B.3.30.
_TOPICS = "https://standards.iso.org/iso/19115/resources/Codelists/gml/MD_TopicCategoryCode.xml"
_TOPIC_OF = {
    "boundaries": "boundaries",
    "parcels": "planningCadastre",
    "buildings": "structure",
    "roads": "transportation",
    "trees": "environment",
    "terrain": "elevation",
    "utility_lines": "utilitiesCommunication",
    "utility_nodes": "utilitiesCommunication",
    "excavations": "structure",
    "restricted_zones": "planningCadastre",
    "citizen_reports": "society",
}
_NAMES = {"en": ("English", "English"), "vi": ("Tiếng Việt", "Vietnamese")}


def find_facts(edition: Edition, layer: Layer) -> Facts:
    """The facts of a layer, read once for each edition, which is made anew whenever a layer changes."""
    known: Facts | None = edition.facts.get(layer.name)
    if known is None:
        with edition.service.reader.connection() as connection:
            known = edition.facts[layer.name] = read_facts(connection, layer)
    return known


def write_record(edition: Edition, layer: Layer, language: str) -> Json:
    """The record of a layer as GeoJSON."""
    facts = find_facts(edition, layer)
    west, south, east, north = edition.bounds([layer])
    ring = [[west, south], [east, south], [east, north], [west, north], [west, south]]
    return {
        "type": "Feature",
        "id": layer.name,
        "conformsTo": [CORE],
        "geometry": {"type": "Polygon", "coordinates": [ring]} if facts.features else None,
        "time": _time(facts),
        "properties": _properties(edition, layer, facts, language),
        "links": [*_links(edition, layer), *record_links(edition, layer)],
    }


def list_records(edition: Edition, language: str) -> Json:
    """The records of all layers of the audience."""
    features = [write_record(edition, layer, language) for layer in edition.layers]
    own = {"rel": "self", "type": MEDIA_TYPE, "title": "Metadata", "href": f"{edition.base_url}/metadata"}
    count = len(features)
    members = {"numberMatched": count, "numberReturned": count}
    return {"type": "FeatureCollection", **members, "features": features, "links": [own]}


def _time(facts: Facts) -> Json | None:
    """When what is told of was surveyed."""
    return None if facts.surveyed is None else {"interval": [day.isoformat() for day in facts.surveyed]}


def _properties(edition: Edition, layer: Layer, facts: Facts, language: str) -> Json:
    told, files = edition.told.get(layer.name, {}), facts.files
    topic = _TOPIC_OF.get(layer.name)
    changed_at = edition.changed_at(layer)
    found: Json = {
        "type": "dataset",
        "title": choose_text(layer.title, language),
        "description": choose_text(layer.description, language) or None,
        "language": _language(language),
        "languages": [_language(one) for one in LANGUAGES],
        "resourceLanguages": [_language("vi")],
        "keywords": [layer.name, *told.get("keywords", [])],
        "themes": [{"concepts": [{"id": topic}], "scheme": _TOPICS}] if topic else None,
        "created": _moment(files.first_at),
        "updated": _moment(changed_at),
        "formats": [{"name": name, "mediaType": kind} for name, kind in FORMATS.items()],
        "contacts": _contacts(told, files.owners) or None,
        "license": told.get("licence"),
        "rights": told.get("rights"),
        "attribution": told.get("attribution"),
        "source": told.get("source"),
        "lineage": _lineage(told, facts),
        "quality": _quality(layer, told, facts),
        "numberOfFeatures": facts.features,
    }
    return {name: value for name, value in found.items() if value is not None}


def _language(code: str) -> Json:
    name, english = _NAMES[code]
    return {"code": code, "name": name, "alternate": english}


def _moment(at: datetime | None) -> str | None:
    """A moment, which comes in the zone of the database, in UTC."""
    return None if at is None else at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _contacts(told: Json, owners: Sequence[str]) -> list[Json]:
    """Whom to ask, as somebody said; then those whose files or objects these are."""
    named = [{**contact, "roles": ["pointOfContact"]} for contact in [told.get("contact")] if contact]
    return [*named, *({"organization": owner, "roles": ["owner"]} for owner in owners)]


def _lineage(told: Json, facts: Facts) -> Json:
    """Of how many files the features are, in which formats, and the import that brought the latest."""
    files = facts.files
    found = {
        "statement": told.get("lineage"),
        "sourceFiles": files.count,
        "formats": list(files.formats),
        "lastImport": _moment(files.last_at),
        "importRun": files.last_run,
    }
    return {name: value for name, value in found.items() if value is not None}


def _quality(layer: Layer, told: Json, facts: Facts) -> Json:
    """What is stated of accuracy, and how complete the features are; shares of all features."""
    stated = {"accuracy_m": told.get("accuracy_m"), "statement": told.get("accuracy")}
    found: Json = {name: value for name, value in stated.items() if value is not None}
    for name, accuracy in facts.accuracies.items():
        measured = {"median_m": round(accuracy.median_m, 3), "most_m": round(accuracy.most_m, 3)}
        found[name] = {"stated": accuracy.stated, "share": _share(accuracy.stated, facts), **measured}
    if facts.qualities:
        found["quality_levels"] = {level or "unknown": count for level, count in facts.qualities.items()}
    if facts.known_heights is not None:
        found["known_heights"] = {"stated": facts.known_heights, "share": _share(facts.known_heights, facts)}
    if facts.features:
        found["completeness"] = {p.name: _share(facts.complete[p.name], facts) for p in layer.properties
                                 if p.name in facts.complete}  # fmt: skip
    return found


def _share(count: int, facts: Facts) -> float | None:
    return round(count / facts.features, 4) if facts.features else None


def _links(edition: Edition, layer: Layer) -> list[Json]:
    url = f"{edition.base_url}/collections/{layer.name}"
    return [
        {"rel": "self", "type": MEDIA_TYPE, "title": "Metadata", "href": f"{url}/metadata?f=json"},
        {"rel": "alternate", "type": "text/html", "title": "Metadata", "href": f"{url}/metadata?f=html"},
        {"rel": "describes", "type": "application/json", "title": layer.name, "href": url},
        *({"rel": "item", "type": kind, "title": f, "href": f"{url}/items?f={f}"} for f, kind in FORMATS.items()),
    ]


def record_links(edition: Edition, layer: Layer) -> list[Json]:
    """Links to the licence and to where the data come from, where somebody said so."""
    told = edition.told.get(layer.name, {})
    places = (("license", "licence_url", "Licence"), ("via", "source_url", "Source"))
    return [
        {"rel": rel, "type": "text/html", "title": t, "href": told[name]} for rel, name, t in places if name in told
    ]


def collection_members(edition: Edition, layer: Layer) -> Json:
    """What a collection itself says of its record."""
    told = edition.told.get(layer.name, {})
    found = {"license": told.get("licence"), "attribution": told.get("attribution")}
    found |= {"updated": _moment(edition.changed_at(layer))}
    return {name: value for name, value in found.items() if value is not None}
