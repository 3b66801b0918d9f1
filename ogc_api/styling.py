"""Styles of the layers: MapLibre documents whose sources are our own tiles, and SLD and QML of the same."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import styles
from layers.catalog import layers_for
from layers.errors import Invalid, NotFound
from ogc_api.config import CITY, VERSION
from ogc_api.negotiation import choose_text
from styles.qml import write_qml
from styles.sld import write_sld

if TYPE_CHECKING:
    from layers.catalog import Layer
    from ogc_api.config import Service

type Json = dict[str, Any]

MEDIA_TYPE = "application/vnd.mapbox.style+json"
MEDIA_TYPES = {
    "json": MEDIA_TYPE,
    "sld": "application/vnd.ogc.sld+xml;version=1.1",
    "qml": "application/vnd.qgis.qml",
}
_TITLES = {"json": "MapLibre", "sld": "SLD 1.1", "qml": "QGIS (QML)"}
_SPECIFICATIONS = {
    "json": "https://maplibre.org/maplibre-style-spec/",
    "sld": "https://www.ogc.org/standards/sld/",
    "qml": "https://docs.qgis.org/latest/en/docs/user_manual/appendices/qgis_file_formats.html",
}


def list_styles(service: Service, language: str) -> Json:
    """The styles that there are: one of the whole city, one a layer."""
    names = [CITY, *(layer.name for layer in _drawn(service))]
    return {"default": CITY, "styles": [_entry(service, name, language) for name in names]}


def _entry(service: Service, name: str, language: str) -> Json:
    url = f"{service.public_url}/styles/{name}"
    about = {"rel": "describedby", "type": "application/json", "title": "Metadata", "href": f"{url}/metadata"}
    sheets = [_sheet_link(url, f) for f in _formats(name)]
    return {"id": name, "title": _title(service, name, language), "links": [*sheets, about]}


def _sheet_link(url: str, f: str) -> Json:
    return {"rel": "stylesheet", "type": MEDIA_TYPES[f], "title": _TITLES[f], "href": f"{url}?f={f}"}


def _formats(name: str) -> list[str]:
    """The forms in which a style exists: QGIS keeps a style for each layer, none for many."""
    return [f for f in MEDIA_TYPES if f != "qml" or name != CITY]


def describe_style(service: Service, name: str, language: str) -> Json:
    """Metadata of a style (OGC 20-009). Raises: NotFound."""
    drawn, url = _named(service, name), f"{service.public_url}/styles/{name}"
    sheets = [
        {
            "title": _TITLES[f],
            "version": "8" if f == "json" else VERSION,
            "specification": _SPECIFICATIONS[f],
            "native": f == "json",
            "link": _sheet_link(url, f),
        }
        for f in _formats(name)
    ]
    return {
        "id": name,
        "title": _title(service, name, language),
        "description": styles.COLOURS,
        "scope": "style",
        "version": VERSION,
        "stylesheets": sheets,
        "layers": [_sample(service, layer, language) for layer in drawn],
        "links": [{"rel": "self", "type": "application/json", "title": "Metadata", "href": f"{url}/metadata"}],
    }


def _sample(service: Service, layer: Layer, language: str) -> Json:
    url = f"{service.public_url}/collections/{layer.name}/items?f=json"
    kinds = {"POINT": "point", "LINESTRING": "line", "MULTILINESTRING": "line"}
    link = {"rel": "items", "type": "application/geo+json", "title": choose_text(layer.title, language), "href": url}
    return {"id": layer.name, "type": kinds.get(layer.geometry_type, "polygon"), "sampleData": link}


def write_style(service: Service, name: str, f: str, language: str) -> Json | bytes:
    """A style of one layer, or of the city: a MapLibre document, or XML. Raises: NotFound, Invalid."""
    drawn = _named(service, name)
    drawings = {layer.name: styles.read_layers(layer.name) for layer in drawn}
    if f == "sld":
        return write_sld(drawings)
    if f == "qml":
        if name == CITY:
            raise Invalid("f=qml: QGIS keeps a style for each layer: ask for the style of one")
        return write_qml(name, drawings[name])
    return {
        "version": 8,
        "name": _title(service, name, language),
        "sources": {name: {"type": "vector", "url": f"{service.public_url}/tiles/{name}.json"}},
        "layers": [
            drawing | {"source": name, "source-layer": layer} for layer, own in drawings.items() for drawing in own
        ],
    }


def _title(service: Service, name: str, language: str) -> str:
    title = service.title if name == CITY else _named(service, name)[0].title
    return choose_text(title, language)


def _named(service: Service, name: str) -> list[Layer]:
    """The layers that a style draws, in that order. Raises: NotFound."""
    drawn = [layer for layer in _drawn(service) if name in (CITY, layer.name)]
    if not drawn:
        raise NotFound(f"there is no style '{name}': there are {', '.join((CITY, *(x.name for x in _drawn(service))))}")
    return drawn


def _drawn(service: Service) -> list[Layer]:
    """The layers of the service in the order in which they are drawn."""
    known = {layer.name: layer for layer in layers_for(service.reader.audience)}
    return [known[name] for name in styles.ORDER if name in known]
