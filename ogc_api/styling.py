"""Styles of the layers: MapLibre documents whose sources are our own tiles, and SLD and QML of the same."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import styles
from layers.errors import Invalid, NotFound
from ogc_api.config import CITY, VERSION
from ogc_api.drawing import MEDIA_TYPES, dimension, draw, in_order
from ogc_api.negotiation import choose_text
from styles.qml import write_qml
from styles.sld import write_sld

if TYPE_CHECKING:
    from layers.catalog import Layer
    from ogc_api.edition import Edition

type Json = dict[str, Any]

_TITLES = {"json": "MapLibre", "sld": "SLD 1.1", "qml": "QGIS (QML)"}
_SPECIFICATIONS = {
    "json": "https://maplibre.org/maplibre-style-spec/",
    "sld": "https://www.ogc.org/standards/sld/",
    "qml": "https://docs.qgis.org/latest/en/docs/user_manual/appendices/qgis_file_formats.html",
}


def list_styles(edition: Edition, language: str) -> Json:
    """The styles that there are: one of the whole city, one a layer."""
    names = [CITY, *(layer.name for layer in in_order(edition.layers))]
    return {"default": CITY, "styles": [_entry(edition, name, language) for name in names]}


def _entry(edition: Edition, name: str, language: str) -> Json:
    url = f"{edition.base_url}/styles/{name}"
    about = {"rel": "describedby", "type": "application/json", "title": "Metadata", "href": f"{url}/metadata"}
    sheets = [_sheet_link(url, f) for f in _formats(name)]
    return {"id": name, "title": _title(edition, name, language), "links": [*sheets, about]}


def _sheet_link(url: str, f: str) -> Json:
    return {"rel": "stylesheet", "type": MEDIA_TYPES[f], "title": _TITLES[f], "href": f"{url}?f={f}"}


def _formats(name: str) -> list[str]:
    """The forms in which a style exists: QGIS keeps a style for each layer, none for many."""
    return [f for f in MEDIA_TYPES if f != "qml" or name != CITY]


def describe_style(edition: Edition, name: str, language: str) -> Json:
    """Metadata of a style (OGC 20-009). Raises: NotFound."""
    drawn, url = _named(edition, name), f"{edition.base_url}/styles/{name}"
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
        "title": _title(edition, name, language),
        "description": styles.COLOURS,
        "scope": "style",
        "version": VERSION,
        "stylesheets": sheets,
        "layers": [_sample(edition, layer, language) for layer in drawn],
        "links": [{"rel": "self", "type": "application/json", "title": "Metadata", "href": f"{url}/metadata"}],
    }


def _sample(edition: Edition, layer: Layer, language: str) -> Json:
    url = f"{edition.base_url}/collections/{layer.name}/items?f=json"
    link = {"rel": "items", "type": "application/geo+json", "title": choose_text(layer.title, language), "href": url}
    return {"id": layer.name, "type": ("point", "line", "polygon")[dimension(layer)], "sampleData": link}


def write_style(edition: Edition, name: str, f: str, language: str) -> Json | bytes:
    """A style of one layer, or of the city: a MapLibre document, or XML. Raises: NotFound, Invalid."""
    drawn = _named(edition, name)
    drawings = {layer.name: draw(layer) for layer in drawn}
    if f == "sld":
        return write_sld(drawings)
    if f == "qml":
        if name == CITY:
            raise Invalid("f=qml: QGIS keeps a style for each layer: ask for the style of one")
        return write_qml(name, drawings[name], dimension(drawn[0]))
    return {
        "version": 8,
        "name": _title(edition, name, language),
        "sources": {name: {"type": "vector", "url": f"{edition.base_url}/tiles/{name}.json"}},
        "layers": [
            drawing | {"source": name, "source-layer": layer} for layer, own in drawings.items() for drawing in own
        ],
    }


def _title(edition: Edition, name: str, language: str) -> str:
    title = edition.service.title if name == CITY else _named(edition, name)[0].title
    return choose_text(title, language)


def _named(edition: Edition, name: str) -> list[Layer]:
    """The layers that a style draws, in that order. Raises: NotFound."""
    every = in_order(edition.layers)
    drawn = [layer for layer in every if name in (CITY, layer.name)]
    if not drawn:
        raise NotFound(f"there is no style '{name}': there are {', '.join((CITY, *(layer.name for layer in every)))}")
    return drawn
