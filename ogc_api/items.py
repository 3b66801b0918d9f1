"""Features as GeoJSON documents: the text that PostgreSQL wrote, framed, never parsed."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache
from typing import TYPE_CHECKING
from urllib.parse import urlencode

from layers.bodies import has_bodies
from ogc_api.params import write_cursor

if TYPE_CHECKING:
    from layers.catalog import Layer
    from layers.features import Page
    from ogc_api.params import FeatureRequest

MEDIA_TYPE = "application/geo+json"
JSONFG = "application/vnd.ogc.fg+json"
MODEL = "model/gltf-binary"
ITEM_FORMATS = {"json": MEDIA_TYPE, "jsonfg": JSONFG, "html": "text/html", "jsonld": "application/ld+json"}
DOWNLOADS = {
    "csv": "text/csv",
    "geojsonseq": "application/geo+json-seq",
    "fgb": "application/flatgeobuf",
    "gpkg": "application/geopackage+sqlite3",
    "cityjsonseq": "application/city+json-seq",
}
FORMATS = ITEM_FORMATS | DOWNLOADS
# Of a single feature that has a body in space.
MODELS = {"glb": MODEL}
MEDIA_TYPES = FORMATS | MODELS
_TITLES = {
    "json": "GeoJSON",
    "jsonfg": "JSON-FG",
    "html": "HTML",
    "jsonld": "JSON-LD",
    "csv": "CSV",
    "geojsonseq": "GeoJSON text sequence",
    "fgb": "FlatGeobuf",
    "gpkg": "GeoPackage",
    "cityjsonseq": "CityJSON text sequence",
    "glb": "Binary glTF",
}

FG = "http://www.opengis.net/spec/json-fg-1/1.0/conf"

type Link = dict[str, str]


def item_formats(layer: Layer) -> tuple[str, ...]:
    """What a single feature of a layer is available as."""
    return (*ITEM_FORMATS, *(MODELS if has_bodies(layer) else ()))


@dataclass(frozen=True, slots=True)
class Address:
    """Where a document is: the collection's URL and title, the path below it, and the query without `f`."""

    collection: str
    title: str
    path: str
    query: tuple[tuple[str, str], ...] = ()

    def link(self, rel: str, title: str, f: str = "json", *, but: tuple[str, ...] = (), **query: str | int) -> Link:
        """A link to the same document with another query; parameters named in `but` are left out."""
        kept = [(name, value) for name, value in self.query if name not in query and name not in but]
        parameters = urlencode([("f", f), *kept, *query.items()])
        href = f"{self.collection}{self.path}?{parameters}"
        return {"rel": rel, "type": MEDIA_TYPES[f], "title": title, "href": href}

    @lru_cache(maxsize=2048)  # noqa: B019 - an address is a value, and most are asked for again
    def key_link(self, rel: str, title: str, f: str) -> str:
        """A link to a page by its key, as JSON with %s where the key has to be."""
        link = self.link(rel, title, f, but=("offset", "cursor"), cursor="")
        return dump(link).replace("%", "%%").replace('cursor="', 'cursor=%s"')

    def links(self, own: str, *formats: str) -> list[Link]:
        """Links to the document itself, in its other formats, and to its collection; pages are made of GeoJSON."""
        own = own if own == "jsonfg" else "json"
        others = [self.link("alternate", _TITLES[f], f) for f in formats if f != own]
        collection = {"rel": "collection", "type": "application/json", "title": self.title, "href": self.collection}
        return [self.link("self", _TITLES[own], own), *others, collection]


def write_collection(page: Page, matched: int | None, links: str, members: str = "") -> bytes:
    """A feature collection (17-069r4, 7.15); `links` as JSON, `members` more of them, each with a comma behind."""
    number = "" if matched is None else f'"numberMatched":{matched},'
    head = (
        f'{{"type":"FeatureCollection",{members}{number}"numberReturned":{page.returned},'
        f'"timeStamp":"{time_stamp()}","links":{links},"features":['
    )
    return b"%b%b]}" % (head.encode(), page.features)


def write_feature(feature: bytes, links: str, members: str = "") -> bytes:
    """A feature (17-069r4, 7.16); `links` and `members` as above."""
    return b'%b,%b"links":%b}' % (feature[:-1], members.encode(), links.encode())


def fg_members(layer: str, coord_ref_sys: str, *, has_solids: bool) -> str:
    """Members that make a document JSON-FG (OGC 21-045r1, 7.2 to 7.6), each with a comma behind."""
    classes = ("core", "types-schemas", *(("polyhedra", "prisms") if has_solids else ()))
    conforms = json.dumps([f"{FG}/{name}" for name in classes])
    return f'"conformsTo":{conforms},"featureType":"{layer}","coordRefSys":"{coord_ref_sys}",'


def neighbour_links(page: Page, request: FeatureRequest, address: Address) -> list[str]:
    """Links to the pages before and after, as JSON: by key, except back to where an offset led."""
    if request.wants_hits:
        return []
    links, offset, f = [], request.query.offset, "jsonfg" if request.query.is_jsonfg else "json"
    if offset:
        links.append(dump(address.link("prev", "Previous page", f, offset=max(0, offset - request.limit))))
    elif page.preceding is not None:
        links.append(address.key_link("prev", "Previous page", f) % write_cursor(page.preceding))
    if page.following is not None:
        links.append(address.key_link("next", "Next page", f) % write_cursor(page.following))
    return links


def time_stamp() -> str:
    return datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def dump(links: Link | list[Link]) -> str:
    return json.dumps(links, ensure_ascii=False, separators=(",", ":"))
