"""The model space of a drawing → lines, areas, nodes and texts."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from functools import cache
from typing import TYPE_CHECKING, Any

import shapely

from importers.formats.dxf.blocks import block_name
from importers.formats.dxf.curves import ring, shape
from importers.formats.dxf.drawing import HOSTILE
from importers.formats.dxf.lettering import Lettering, Pending, content, place_text
from importers.vocabulary import best_word, vocabulary, words_in

if TYPE_CHECKING:
    from importers.formats.dxf.blocks import Expansion, Placed
    from importers.formats.dxf.labels import Text

_AREAS = ("parcels", "buildings", "boundaries")
_NODES = ("utility_nodes", "trees")


@dataclass(frozen=True, slots=True)
class Feature:
    """A line, area or node in drawing units; its layer, block and attributes as delivered, the kind of their font."""

    row: int
    geometry: shapely.Geometry
    layer: str
    block: str = ""
    tags: dict[str, str | None] = field(default_factory=dict)
    font: str = ""


@dataclass(slots=True)
class Sheet:
    """What the model space holds; `left_aside` counts what is none of it, by reason."""

    lettering: Lettering
    sagitta: float
    features: list[Feature] = field(default_factory=list)
    texts: list[Text] = field(default_factory=list)
    left_aside: Counter[str] = field(default_factory=Counter)


def read_sheet(lettering: Lettering, expansion: Expansion, sagitta: float) -> Sheet:
    """Raises: Rejected where blocks multiply without end."""
    sheet = Sheet(lettering, sagitta, left_aside=expansion.left_aside)
    pending: list[Pending] = []
    for placed in expansion.entities():
        kind = placed.entity.dxftype()
        try:
            if kind in ("TEXT", "MTEXT"):
                pending.append(_read_text(lettering, placed))
            elif (feature := _read_feature(sheet, placed)) is not None:
                sheet.features.append(feature)
            else:
                sheet.left_aside[kind] += 1
        except HOSTILE:
            sheet.left_aside[f"damaged {kind}"] += 1
    placed_texts = (place_text(text, lettering.readable(text.raw, text.font)) for text in pending if text.raw)
    sheet.texts = [text for text in placed_texts if text is not None]
    sheet.left_aside["texts without height or too long"] += len(pending) - len(sheet.texts)
    return sheet


def _read_text(lettering: Lettering, placed: Placed) -> Pending:
    words, inline = content(placed.entity)
    fonts = [*inline, *lettering.style_fonts(placed.entity.dxf.get("style", "Standard"))]
    raw, font = lettering.keep(words, fonts)
    return Pending(placed.entity, raw, font, lettering.drawing.text(placed.layer))


def _read_feature(sheet: Sheet, placed: Placed) -> Feature | None:
    layer = sheet.lettering.drawing.text(placed.layer)
    if placed.entity.dxftype() == "INSERT":
        return _read_node(sheet.lettering, placed, layer)
    drawn = shape(placed.entity, sheet.sagitta)
    if drawn is None:
        return None
    meaning = _meaning(sheet.lettering.name(layer))
    if meaning == "nodes" and placed.entity.dxftype() == "CIRCLE":
        drawn = shapely.Point(*placed.entity.ocs().to_wcs(placed.entity.dxf.center))
    elif meaning == "areas" and drawn.geom_type == "LineString":
        drawn = ring(drawn) or drawn
    return Feature(placed.row, drawn, layer)


def _read_node(lettering: Lettering, placed: Placed, layer: str) -> Feature:
    insert = placed.entity
    tags: dict[str, str | None] = {}
    kinds = set()
    for attribute in insert.attribs:
        value, font = lettering.keep(
            content(attribute)[0], lettering.style_fonts(attribute.dxf.get("style", "Standard"))
        )
        tags[lettering.drawing.text(attribute.dxf.tag)] = value.strip() or None
        kinds.add(font)
    block = lettering.drawing.text(block_name(insert))
    place: Any = insert.ocs().to_wcs(insert.dxf.insert)
    if placed.middle is not None:
        middle = insert.matrix44().transform((*placed.middle, 0.0))
        place = (middle.x, middle.y, place.z)
    return Feature(placed.row, shapely.Point(*place), layer, block, tags, max(kinds, default=""))


@cache
def _meaning(layer: str) -> str:
    """Whether closed lines of a layer are areas, or its circles nodes, by the words of its name."""
    if any(words_in(layer) & set(vocabulary()["layers"][table]) for table in _AREAS):
        return "areas"
    best = best_word(layer, "layers")
    return "nodes" if best is not None and best[0] in _NODES else ""
