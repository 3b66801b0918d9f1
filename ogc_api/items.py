"""Features as GeoJSON documents: the text that PostgreSQL wrote, framed, never parsed where the axes stand as asked."""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING
from urllib.parse import urlencode

from layers.features import read_feature, read_page
from ogc_api.references import swap_axes

if TYPE_CHECKING:
    from layers.database import Reader
    from layers.features import Page
    from ogc_api.params import FeatureRequest

MEDIA_TYPE = "application/geo+json"
FORMATS = {"json": MEDIA_TYPE, "html": "text/html", "jsonld": "application/ld+json", "csv": "text/csv"}

type Link = dict[str, str]


@dataclass(frozen=True, slots=True)
class Address:
    """Where a document is: the collection's URL and title, the path below it, and the query without `f`."""

    collection: str
    title: str
    path: str
    query: tuple[tuple[str, str], ...] = ()

    def link(self, rel: str, title: str, f: str = "json", **query: int) -> Link:
        kept = [(name, value) for name, value in self.query if name not in query]
        parameters = urlencode([("f", f), *kept, *query.items()])
        href = f"{self.collection}{self.path}?{parameters}"
        return {"rel": rel, "type": FORMATS[f], "title": title, "href": href}

    @property
    def links(self) -> list[Link]:
        collection = {"rel": "collection", "type": "application/json", "title": self.title, "href": self.collection}
        return [
            self.link("self", "GeoJSON"),
            self.link("alternate", "HTML", "html"),
            self.link("alternate", "JSON-LD", "jsonld"),
            collection,
        ]


def read_features(reader: Reader, request: FeatureRequest) -> Page:
    """A page of features, with the axes in the order of the asked reference system. Raises: Invalid, Unavailable."""
    with reader.connection() as connection:
        page = read_page(connection, request.query)
    return replace(page, features=swap_axes(page.features)) if request.reference.is_yx else page


def read_item(reader: Reader, request: FeatureRequest, feature_id: str) -> str:
    """One feature, with the axes in the order of the asked reference system. Raises: NotFound, Unavailable."""
    with reader.connection() as connection:
        feature = read_feature(connection, request.query.layer, feature_id, request.query.crs)
    return swap_axes(feature) if request.reference.is_yx else feature


def write_collection(page: Page, request: FeatureRequest, address: Address) -> str:
    """A feature collection (17-069r4, 7.15) with links to itself, its other formats and its neighbour pages."""
    links = [*address.links, *_neighbours(page, request, address)]
    stamp = datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    return (
        f'{{"type":"FeatureCollection","numberMatched":{page.matched},"numberReturned":{page.returned},'
        f'"timeStamp":"{stamp}","links":{_dump(links)},"features":[{page.features}]}}'
    )


def write_feature(feature: str, address: Address) -> str:
    """A feature (17-069r4, 7.16) with links to itself, its other formats and its collection."""
    return f'{feature[:-1]},"links":{_dump(address.links)}}}'


def _neighbours(page: Page, request: FeatureRequest, address: Address) -> list[Link]:
    offset, limit = request.query.offset, request.limit
    links = []
    if offset:
        links.append(address.link("prev", "Previous page", offset=max(0, offset - limit)))
    if page.returned and offset + page.returned < page.matched:
        links.append(address.link("next", "Next page", offset=offset + page.returned))
    return links


def _dump(links: list[Link]) -> str:
    return json.dumps(links, ensure_ascii=False, separators=(",", ":"))
