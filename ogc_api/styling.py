"""Styles of the layers as MapLibre documents, with our own items as their sources."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import styles
from layers.catalog import layers_for
from layers.errors import NotFound
from layers.query import MAX_LIMIT
from ogc_api.config import CITY
from ogc_api.negotiation import choose_text

if TYPE_CHECKING:
    from layers.catalog import Layer
    from ogc_api.config import Service

MEDIA_TYPE = "application/vnd.mapbox.style+json"


def list_styles(service: Service, language: str) -> dict[str, Any]:
    """The styles that there are: one of the whole city, one a layer."""
    titles = {CITY: choose_text(service.title, language)}
    titles |= {layer.name: choose_text(layer.title, language) for layer in _drawn(service)}
    return {"styles": [_entry(service, name, title) for name, title in titles.items()]}


def _entry(service: Service, name: str, title: str) -> dict[str, Any]:
    link = {"rel": "stylesheet", "type": MEDIA_TYPE, "href": f"{service.public_url}/styles/{name}", "title": title}
    return {"id": name, "title": title, "links": [link]}


def write_style(service: Service, name: str, language: str) -> dict[str, Any]:
    """A MapLibre style of one layer, or of the city. Raises: NotFound."""
    drawn = [layer for layer in _drawn(service) if name in (CITY, layer.name)]
    if not drawn:
        raise NotFound(f"there is no style '{name}': there are {', '.join((CITY, *(x.name for x in _drawn(service))))}")
    title = service.title if name == CITY else drawn[0].title
    return {
        "version": 8,
        "name": choose_text(title, language),
        "sources": {layer.name: _source(service, layer) for layer in drawn},
        "layers": [drawing for layer in drawn for drawing in styles.read_layers(layer.name)],
    }


def _source(service: Service, layer: Layer) -> dict[str, Any]:
    return {
        "type": "geojson",
        "data": f"{service.public_url}/collections/{layer.name}/items?f=json&limit={MAX_LIMIT}",
        "attribution": choose_text(layer.title, "vi"),
    }


def _drawn(service: Service) -> list[Layer]:
    """The layers of the service in the order in which they are drawn."""
    known = {layer.name: layer for layer in layers_for(service.reader.audience)}
    return [known[name] for name in styles.ORDER if name in known]
