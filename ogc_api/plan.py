"""What a request for features wants and how it is met: worked out once, then used as often as the same is asked."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from starlette.datastructures import QueryParams

from layers.errors import Invalid
from layers.features import feature_statement, page_statement
from layers.transcripts import listing_statement, transcribes
from ogc_api.config import VERSION
from ogc_api.items import DOWNLOADS, FORMATS, Address, dump, fg_members, item_formats, neighbour_links
from ogc_api.negotiation import choose_text
from ogc_api.params import parse_item, parse_items

if TYPE_CHECKING:
    from layers.catalog import Layer
    from layers.database import Reader
    from layers.features import Page
    from layers.statement import Statement
    from ogc_api.edition import Edition
    from ogc_api.params import FeatureRequest
    from ogc_api.references import Reference

# No feature is called so, and nothing of it is escaped in a URL or in JSON.
_ITEM = "-feature-"


@dataclass(frozen=True, slots=True, eq=False)
class Plan:
    """A request that was understood: what it wants, the statement for it, where its document is.

    `listing` is the statement for the rows alone, where their text may be in a transcript. Plans are told apart as
    objects: one is made for each thing that is asked.
    """

    request: FeatureRequest
    statement: Statement
    address: Address

    # Links to the document itself, in its other formats and to its collection, as JSON; `_ITEM` stands for a feature.
    links: str
    # What a JSON-FG document has beside, as JSON.
    members: str = ""
    listing: Statement | None = None

    @property
    def headers(self) -> dict[str, str]:
        return {"Content-Crs": f"<{self.request.reference.uri}>"}

    def page_links(self, page: Page) -> str:
        """All links of a page, as JSON."""
        return f"{','.join((self.links[:-1], *neighbour_links(page, self.request, self.address)))}]"

    def item_links(self, feature_id: str) -> str:
        """All links of a feature, as JSON."""
        return self.links.replace(_ITEM, feature_id)


@dataclass(frozen=True, slots=True)
class Wanted:
    """What was negotiated: the edition that answers, the layer, the format and the language."""

    edition: Edition
    layer: Layer
    format: str
    language: str
    params: str

    def mark(self, version: str) -> str:
        """The part of an entity tag that tells this version and form of a resource from all others."""
        return f"{version}-{VERSION}-{self.format}-{self.language}"

    def tag(self, version: int) -> str:
        """The entity tag of what is made of a whole layer; weak, for a time stamp is no change."""
        return f'W/"{self.mark(str(version))}"'

    @property
    def reader(self) -> Reader:
        return self.edition.service.reader


def make_plan(wanted: Wanted, *, is_page: bool) -> Plan:
    """The plan of a request for a page, or for a single feature. Raises: Invalid."""
    params, edition, layer = QueryParams(wanted.params), wanted.edition, wanted.layer
    address = _address(wanted, params, "/items" if is_page else f"/items/{_ITEM}")
    if is_page:
        request = parse_items(params, layer, edition.offered, is_download=wanted.format in DOWNLOADS)
        request = _in_form(wanted, request, is_placed="crs" in params)
        query, links = request.query, dump(address.links(wanted.format, *FORMATS))
        is_transcribed = edition.service.transcripts is not None and transcribes(query)
        listing = listing_statement(query, edition.storage) if is_transcribed else None
        statement = page_statement(query, edition.storage)
        return Plan(request, statement, address, links, _members(request), listing)
    request = _in_form(wanted, parse_item(params, layer, edition.offered), is_placed="crs" in params)
    links = dump(address.links(wanted.format, *item_formats(layer)))
    return Plan(request, feature_statement(request.query), address, links, _members(request))


def _in_form(wanted: Wanted, request: FeatureRequest, *, is_placed: bool) -> FeatureRequest:
    """The request as its format wants it; `is_placed` where the client says in which system. Raises: Invalid."""
    match wanted.format:
        case "jsonfg":
            return replace(request, query=replace(request.query, is_jsonfg=True))
        case "cityjsonseq":
            return _in_metres(request if is_placed else _in_system(request, wanted.edition.offered[-1]))
        case _:
            return request


def _in_system(request: FeatureRequest, reference: Reference) -> FeatureRequest:
    shape = reference.shape(request.query.shape.digits)
    return replace(request, reference=reference, query=replace(request.query, shape=shape))


def _in_metres(request: FeatureRequest) -> FeatureRequest:
    if not request.reference.crs.is_projected:
        raise Invalid(f"crs={request.reference.uri}: CityJSON counts in metres, ask for a projected system")
    return request


def _members(request: FeatureRequest) -> str:
    query = request.query
    if not query.is_jsonfg:
        return ""
    return fg_members(query.layer.name, request.reference.uri, has_solids=query.layer.has_solids)


def _address(wanted: Wanted, params: QueryParams, path: str) -> Address:
    url = f"{wanted.edition.base_url}/collections/{wanted.layer.name}"
    query = tuple((name, value) for name, value in params.items() if name != "f")
    return Address(url, choose_text(wanted.layer.title, wanted.language), path, query)
