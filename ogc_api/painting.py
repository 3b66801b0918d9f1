"""Map tiles drawn on the server, of the vector tiles and the styles that other clients draw themselves."""

from __future__ import annotations

import io
import math
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from PIL import Image, ImageDraw

from layers.grid import PIXELS, UNITS
from ogc_api.labels import write_labels
from ogc_api.vector_tile import POINT, POLYGON
from styles.expression import evaluate
from styles.rules import DRAWN

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from ogc_api.labels import Lettering, Middles, Window
    from ogc_api.vector_tile import Drawn

type Place = tuple[float, float]

# Another one whenever the same tile comes to be drawn otherwise.
EDITION = "3"
# Drawn three times as large, then made small: that is what smooths the edges.
_FINENESS = 3
_SIDE = PIXELS * _FINENESS
_SCALE = _SIDE / UNITS
_CLEAR = (0, 0, 0, 0)


def paint(window: Window, layers: Lettering, zoom: float, middles: Middles) -> bytes:
    """A transparent PNG of 256 pixels; `layers` are pairs of a tile's layer and the MapLibre layer that draws it.

    The tile is the one in the middle of the window; its neighbours are looked at for labels, `middles` are the places
    of those of large areas. `zoom` is the style's: a tile of 256 pixels shows at it what one of 512 shows one level
    above.
    """
    tile, seen = window[0, 0], in_sight(layers, zoom)
    canvas = Image.new("RGBA", (_SIDE, _SIDE), _CLEAR)
    for name, layer in seen:
        chosen = _chosen(tile.get(name, ()), layer, zoom)
        if chosen and layer["type"] != "symbol":
            canvas.alpha_composite(_paint_layer(chosen, layer, zoom))
    small = canvas.resize((PIXELS, PIXELS), Image.Resampling.BOX)
    write_labels(small, window, [(n, layer) for n, layer in reversed(seen) if layer["type"] == "symbol"], zoom, middles)
    packed = io.BytesIO()
    small.save(packed, "PNG", compress_level=6)
    return packed.getvalue()


def in_sight(layers: Sequence[tuple[str, dict[str, Any]]], zoom: float) -> list[tuple[str, dict[str, Any]]]:
    """Those that draw anything at a zoom."""
    return [(name, layer) for name, layer in layers if layer.get("minzoom", 0) <= zoom < layer.get("maxzoom", 25)]


def _chosen(features: Sequence[Drawn], layer: dict[str, Any], zoom: float) -> list[Drawn]:
    condition = layer.get("filter", ["all"])
    return [feature for feature in features if evaluate(condition, feature.properties, zoom)]


def _paint_layer(features: Sequence[Drawn], layer: dict[str, Any], zoom: float) -> Image.Image:
    """One style layer, whose opacity is that of all it draws."""
    sheet = Image.new("RGBA", (_SIDE, _SIDE), _CLEAR)
    pen, kind = ImageDraw.Draw(sheet), layer["type"]
    paint = {name: value for name, value in layer.get("paint", {}).items() if name in DRAWN}
    is_round = layer.get("layout", {}).get("line-cap") == "round"
    names = sorted(_asked(list(paint.values())))
    known: dict[tuple[Any, ...], dict[str, Any]] = {}
    for feature in features:
        # Worked out once for all that have the same of what the paint asks for.
        key = tuple(feature.properties.get(name) for name in names)
        values = known.get(key)
        if values is None:
            values = known[key] = {name: evaluate(value, feature.properties, zoom) for name, value in paint.items()}
        if kind == "fill" and feature.kind == POLYGON:
            _fill(sheet, pen, feature, values["fill-color"])
        elif kind == "line" and feature.kind != POINT:
            _stroke(pen, feature, values, is_round=is_round)
        elif kind == "circle":
            _dot(pen, feature, values)
    opacity = evaluate(paint.get(f"{kind}-opacity", 1), {}, zoom)
    if opacity < 1:
        sheet.putalpha(sheet.getchannel("A").point(lambda alpha: int(alpha * opacity)))
    return sheet


def _asked(expression: Any) -> set[str]:
    """Names of the properties that an expression asks for."""
    if not isinstance(expression, list):
        return set()
    own = {expression[1]} if len(expression) == 2 and expression[0] == "get" else set()
    return own.union(*map(_asked, expression))


def _fill(sheet: Image.Image, pen: ImageDraw.ImageDraw, feature: Drawn, colour: str) -> None:
    rings = [_pixels(ring) for ring in feature.parts if len(ring) > 2]
    if all(_is_outer(ring) for ring in rings):
        for ring in rings:
            pen.polygon(ring, colour)
        return
    mask = Image.new("L", sheet.size, 0)
    stencil = ImageDraw.Draw(mask)
    for ring in rings:
        stencil.polygon(ring, 255 if _is_outer(ring) else 0)
    sheet.paste(colour, (0, 0), mask)


def _is_outer(ring: Sequence[Place]) -> bool:
    """An outer ring has a positive area by the surveyor's formula with y down (MVT 2.1, 4.3.4.4)."""
    return sum(a[0] * b[1] - b[0] * a[1] for a, b in pairwise([*ring, ring[0]])) > 0


def _stroke(pen: ImageDraw.ImageDraw, feature: Drawn, values: dict[str, Any], *, is_round: bool) -> None:
    width = max(values.get("line-width", 1) * _FINENESS, 1)
    dashes = [dash * width for dash in values.get("line-dasharray", ())]
    for part in feature.parts:
        line = _pixels([*part, part[0]] if feature.kind == POLYGON else part)
        for piece in _dashed(line, dashes) if dashes else [line]:
            pen.line(piece, values["line-color"], round(width), "curve")
            if is_round and width > 2:
                for x, y in (piece[0], piece[-1]):
                    pen.ellipse(_around(x, y, width / 2 - 0.5), values["line-color"])


def _dashed(line: Sequence[Place], dashes: Sequence[float]) -> Iterator[list[Place]]:
    """The pieces of a line that are drawn: dash, gap, dash …"""
    index, left, piece = 0, dashes[0], [line[0]]
    for (x0, y0), (x1, y1) in pairwise(line):
        length, at = math.hypot(x1 - x0, y1 - y0), 0.0
        while length - at > left:
            at += left
            place = (x0 + (x1 - x0) * at / length, y0 + (y1 - y0) * at / length)
            if index % 2 == 0:
                yield [*piece, place]
            index, piece = index + 1, [place]
            left = dashes[index % len(dashes)]
        left -= length - at
        piece.append((x1, y1))
    if index % 2 == 0 and len(piece) > 1:
        yield piece


def _dot(pen: ImageDraw.ImageDraw, feature: Drawn, values: dict[str, Any]) -> None:
    radius = values["circle-radius"] * _FINENESS
    edge = values.get("circle-stroke-width", 0) * _FINENESS
    for part in feature.parts:
        for x, y in _pixels(part):
            if edge:
                pen.ellipse(_around(x, y, radius + edge), values["circle-stroke-color"])
            pen.ellipse(_around(x, y, radius), values["circle-color"])


def _around(x: float, y: float, radius: float) -> tuple[float, float, float, float]:
    return x - radius, y - radius, x + radius, y + radius


def _pixels(points: Sequence[tuple[int, int]]) -> list[Place]:
    return [(x * _SCALE, y * _SCALE) for x, y in points]
