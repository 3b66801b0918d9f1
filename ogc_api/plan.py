"""What a request for features wants and how it is met: worked out once, then used as often as the same is asked."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from starlette.datastructures import QueryParams

from layers.features import feature_statement, page_statement
from ogc_api.config import VERSION
from ogc_api.items import DOWNLOADS, Address
from ogc_api.negotiation import choose_text
from ogc_api.params import parse_item, parse_items

if TYPE_CHECKING:
    from layers.catalog import Layer
    from layers.database import Reader
    from layers.statement import Statement
    from ogc_api.edition import Edition
    from ogc_api.params import FeatureRequest


@dataclass(frozen=True, slots=True)
class Plan:
    """A request that was understood: what it wants, the statement for it, where its document is."""

    request: FeatureRequest
    statement: Statement
    address: Address

    @property
    def headers(self) -> dict[str, str]:
        return {"Content-Crs": f"<{self.request.reference.uri}>"}


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
    params, edition, layer = QueryParams(wanted.params), wanted.edition, wanted.layer
    address = _address(edition, layer, params, wanted.language)
    if is_page:
        request = parse_items(params, layer, edition.offered, is_download=wanted.format in DOWNLOADS)
        return Plan(request, page_statement(request.query, edition.storage), address)
    request = parse_item(params, layer, edition.offered)
    return Plan(request, feature_statement(request.query), address)


def _address(edition: Edition, layer: Layer, params: QueryParams, language: str) -> Address:
    url = f"{edition.base_url}/collections/{layer.name}"
    query = tuple((name, value) for name, value in params.items() if name != "f")
    return Address(url, choose_text(layer.title, language), "/items", query)
