"""How each layer is drawn, and which lies over which."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import styles
from styles.defaults import make_layers

if TYPE_CHECKING:
    from collections.abc import Iterable

    from layers.catalog import Layer

type Json = dict[str, Any]

MEDIA_TYPE = "application/vnd.mapbox.style+json"
QGIS_MEDIA_TYPE = "application/x-qgis-project"
MEDIA_TYPES = {
    "json": MEDIA_TYPE,
    "sld": "application/vnd.ogc.sld+xml;version=1.1",
    "qml": "application/vnd.qgis.qml",
}
_DIMENSIONS = {"POINT": 0, "MULTIPOINT": 0, "LINESTRING": 1, "MULTILINESTRING": 1}
# What most departments call what a thing is called, the likeliest first.
_NAMES = ("name", "ten", "title", "label", "nhan", "ten_goi", "code", "ma")


def dimension(layer: Layer) -> int:
    """0 for points, 1 for lines, 2 for areas."""
    return _DIMENSIONS.get(layer.geometry_type.removesuffix("Z"), 2)


def in_order(layers: Iterable[Layer]) -> list[Layer]:
    """From the ground up: what is drawn later lies on top."""
    return sorted(layers, key=lambda layer: styles.rank(layer.name, dimension(layer)))


def draw(layer: Layer) -> list[Json]:
    """MapLibre layers that draw a layer of the city from the source of its name."""
    if layer.look is None:
        return styles.read_layers(layer.name)
    if layer.look.style is not None:
        own: list[Json] = json.loads(layer.look.style)
        return own
    texts = {p.name for p in layer.properties if p.type == "string" and not p.is_derived}
    label = next((name for name in _NAMES if name in texts), None)
    return make_layers(layer.name, dimension(layer), layer.look.colour, label)


def draw_all(layers: Iterable[Layer]) -> list[tuple[Layer, list[Json]]]:
    """Each layer with what draws it, from the ground up."""
    return [(layer, draw(layer)) for layer in in_order(layers)]
