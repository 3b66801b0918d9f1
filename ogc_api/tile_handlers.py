"""What the resources around tiles answer."""

from __future__ import annotations

from typing import TYPE_CHECKING

from layers.grid import WEB_MERCATOR
from ogc_api.config import CITY
from ogc_api.handlers import answer_json
from ogc_api.tilesets import Subject, describe_scheme, describe_tileset, list_schemes, list_tilesets, write_tilejson

if TYPE_CHECKING:
    from layers.catalog import Layer
    from ogc_api.handlers import Answer, Call


def show_schemes(call: Call) -> Answer:
    return answer_json(list_schemes(call.edition, call.language))


def show_scheme(call: Call) -> Answer:
    return answer_json(describe_scheme(call.edition, call.parts["grid"], call.language))


def show_tilesets(call: Call) -> Answer:
    return answer_json(list_tilesets(call.edition, Subject(_layer(call)), call.language))


def show_tileset(call: Call) -> Answer:
    layer, grid = _layer(call), call.parts["grid"]
    if call.format == "tilejson":
        return answer_json(write_tilejson(call.edition, layer, grid, call.language))
    return answer_json(describe_tileset(call.edition, Subject(layer), grid, call.language))


def show_map_tilesets(call: Call) -> Answer:
    return answer_json(list_tilesets(call.edition, Subject(_layer(call), is_map=True), call.language))


def show_map_tileset(call: Call) -> Answer:
    subject = Subject(_layer(call), is_map=True)
    return answer_json(describe_tileset(call.edition, subject, call.parts["grid"], call.language))


def show_alias(call: Call) -> Answer:
    """TileJSON under the address of the tiles that it tells of."""
    return answer_json(write_tilejson(call.edition, _layer(call), WEB_MERCATOR, call.language))


def _layer(call: Call) -> Layer | None:
    """The layer of the path; None where it is the whole city's. Raises: NotFound."""
    name = call.parts.get("collection", CITY)
    return None if name == CITY else call.edition.find_layer(name)
