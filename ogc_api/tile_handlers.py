"""What the resources around tiles answer."""

from __future__ import annotations

from typing import TYPE_CHECKING

from layers.grid import WEB_MERCATOR
from ogc_api.config import CITY
from ogc_api.handlers import answer_json
from ogc_api.tilesets import describe_scheme, describe_tileset, list_schemes, list_tilesets, write_tilejson

if TYPE_CHECKING:
    from layers.catalog import Layer
    from ogc_api.handlers import Answer, Call


def show_schemes(call: Call) -> Answer:
    return answer_json(list_schemes(call.edition, call.language))


def show_scheme(call: Call) -> Answer:
    return answer_json(describe_scheme(call.edition, call.parts["grid"], call.language))


def show_tilesets(call: Call) -> Answer:
    return answer_json(list_tilesets(call.edition, _layer(call), call.language))


def show_tileset(call: Call) -> Answer:
    write = write_tilejson if call.format == "tilejson" else describe_tileset
    return answer_json(write(call.edition, _layer(call), call.parts["grid"], call.language))


def show_alias(call: Call) -> Answer:
    """TileJSON under the address of the tiles that it tells of."""
    return answer_json(write_tilejson(call.edition, _layer(call), WEB_MERCATOR, call.language))


def _layer(call: Call) -> Layer | None:
    """The layer of the path; None where it is the whole city's. Raises: NotFound."""
    name = call.parts.get("collection", CITY)
    return None if name == CITY else call.edition.find_layer(name)
