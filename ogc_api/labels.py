"""Labels of map tiles: what crosses the edge of a tile is on both sides of it, whole, and none lies over another.

A tile is lettered with its eight neighbours in view. A thing that is small enough is seen whole from every tile that
its label touches, and so is whatever may stand in its way: all these tiles come to the same place for the label and to
the same decision about it. A larger line is lettered within each tile, a larger area in its middle, which the database
tells all tiles alike, within the one tile that has it; where it fills a screen, in the middle of what a block of tiles
has of it.
"""

from __future__ import annotations

import hashlib
import io
import math
from collections import defaultdict
from dataclasses import dataclass
from functools import lru_cache
from importlib.resources import files
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from PIL import Image, ImageDraw, ImageFont

from layers.grid import PIXELS, UNITS
from ogc_api.vector_tile import POLYGON
from styles.expression import evaluate
from styles.rules import DRAWN

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping, Sequence

    from ogc_api.vector_tile import Drawn

type Place = tuple[float, float]
type Box = tuple[int, int, int, int]
type Line = Sequence[tuple[int, int]]
# Tiles by their offset to the right and downwards from the one that is lettered, layers by name.
type Window = Mapping[tuple[int, int], Mapping[str, Sequence[Drawn]]]
# Pairs of a tile's layer and its symbol layer, the most important first.
type Lettering = Sequence[tuple[str, dict[str, Any]]]
# Where large areas are lettered, by layer and number, in pixels of the tile.
type Middles = Mapping[str, Mapping[int, Place]]

_SCALE = PIXELS / UNITS
_CLEAR = (0, 0, 0, 0)
# The same name is not written again nearer than this.
_APART_PX = 200
# No more have room on a tile; drawing them all first would take as much memory as somebody likes.
_MOST_LETTERS = PIXELS
# What a name is written along may bend this much.
_MOST_TURN = math.radians(10)
# What is smaller, and has a label no longer than half a tile, is lettered alike by all tiles that see it.
_SMALL_PX = PIXELS / 2


@dataclass(frozen=True, slots=True)
class Thing:
    """A feature in units of the tile that is lettered, y down: all of it that is in view, and the tile's own part."""

    id: int
    properties: dict[str, Any]
    parts: list[Line]
    own: list[Line]


@dataclass(frozen=True, slots=True)
class Label:
    """A text at its place; `order` is the same whichever tile looks at it.

    is_shared: whether every tile that it touches knows of it.
    """

    text: str
    image: Image.Image
    box: Box
    order: tuple[int, str]
    is_shared: bool

    @property
    def crosses(self) -> bool:
        """Whether it lies on the edge of a tile, whichever."""
        left, top, right, bottom = self.box
        return left // PIXELS != (right - 1) // PIXELS or top // PIXELS != (bottom - 1) // PIXELS

    @property
    def is_inside(self) -> bool:
        """Whether it lies wholly on the tile that is lettered."""
        left, top, right, bottom = self.box
        return left >= 0 and top >= 0 and right <= PIXELS and bottom <= PIXELS

    @property
    def is_seen(self) -> bool:
        """Whether any of it lies on the tile that is lettered."""
        return _overlap(self.box, (0, 0, PIXELS, PIXELS))


def list_large(window: Window, names: Collection[str]) -> dict[str, list[int]]:
    """Numbers of the areas on a tile that are too large to be lettered alike by all tiles that see them, by layer."""
    found = {}
    for name in names:
        areas = {feature.id for feature in window[0, 0].get(name, ()) if feature.kind == POLYGON}
        extents = ((thing.id, _extent(thing.parts)) for thing in _gather(window, name) if thing.id in areas)
        found[name] = [n for n, (left, top, right, bottom) in extents if max(right - left, bottom - top) > _SMALL_PX]
    return found


def write_labels(sheet: Image.Image, window: Window, layers: Lettering, zoom: float, middles: Middles) -> None:
    """Letter a tile; an area whose middle nobody tells is lettered in each tile."""
    for label in place_labels(window, layers, zoom, middles):
        left, top = label.box[:2]
        shown = label.image.crop((max(-left, 0), max(-top, 0), label.image.width, label.image.height))
        sheet.alpha_composite(shown, (max(left, 0), max(top, 0)))


def place_labels(window: Window, layers: Lettering, zoom: float, middles: Middles) -> list[Label]:
    """The labels that are seen on a tile: those that cross an edge, then those for which there is room within."""
    labels = sorted(
        (
            label
            for rank, (name, layer) in enumerate(layers)
            for thing in _gather(window, name)
            for label in _label(thing, layer, rank, zoom, middles.get(name, {}).get(thing.id))
        ),
        key=lambda label: label.order,
    )
    crossing = [label for label in labels if label.is_shared and label.crosses]
    # What stands in the way of a label does so whether or not it is written itself: else each decision would hang on
    # another, and in the end on one that not every tile can see.
    free = [label for n, label in enumerate(crossing) if not any(_overlap(label.box, o.box) for o in crossing[:n])]
    placed = [label for label in free if label.is_seen]
    for label in labels:
        if label.is_inside and not any(_overlap(label.box, one.box) or _repeats(label, one) for one in placed):
            placed.append(label)
    return placed


def _overlap(one: Box, other: Box) -> bool:
    return one[0] < other[2] and other[0] < one[2] and one[1] < other[3] and other[1] < one[3]


def _repeats(label: Label, one: Label) -> bool:
    return label.text == one.text and math.dist(label.box[:2], one.box[:2]) < _APART_PX


def _gather(window: Window, name: str) -> Iterator[Thing]:
    """The features of a layer, each put together of what the tiles have of it."""
    pieces: dict[int, list[tuple[tuple[int, int], Drawn]]] = defaultdict(list)
    for offset in sorted(window):
        for feature in window[offset].get(name, ()):
            pieces[feature.id].append((offset, feature))
    for number, found in pieces.items():
        moved = [(offset, _moved(feature, offset)) for offset, feature in found]
        parts = [part for _, some in moved for part in some]
        own = [part for offset, some in moved if offset == (0, 0) for part in some]
        yield Thing(number, found[0][1].properties, parts, own)


def _moved(feature: Drawn, offset: tuple[int, int]) -> list[Line]:
    dx, dy = offset[0] * UNITS, offset[1] * UNITS
    return [[(x + dx, y + dy) for x, y in part] for part in feature.parts]


def _label(thing: Thing, layer: dict[str, Any], rank: int, zoom: float, middle: Place | None) -> Iterator[Label]:
    layout = layer["layout"]
    text = str(evaluate(layout["text-field"], thing.properties, zoom) or "")
    size = round(evaluate(layout["text-size"], thing.properties, zoom))
    is_written = text and size > 0 and len(text) <= _MOST_LETTERS
    if not is_written or not evaluate(layer.get("filter", ["all"]), thing.properties, zoom):
        return
    paint = {name: value for name, value in layer["paint"].items() if name in DRAWN}
    values = tuple(sorted((name, evaluate(value, thing.properties, zoom)) for name, value in paint.items()))
    image = _lettered(text, size, values)
    is_along = layout.get("symbol-placement") == "line"
    put = _put_along if is_along else _put_over
    order = (rank, hashlib.sha256(f"{text} {thing.id}".encode()).hexdigest()[:8])
    found = put(image, thing.parts, is_whole=True)
    if found is not None:
        yield Label(text, *found, order, is_shared=True)
        return
    if middle is not None and not is_along:
        yield Label(text, image, _box_within(image, middle), order, is_shared=False)
        return
    found = put(image, thing.own, is_whole=False) if thing.own else None
    if found is not None:
        yield Label(text, *found, order, is_shared=False)


def _put_over(image: Image.Image, parts: Sequence[Line], *, is_whole: bool) -> tuple[Image.Image, Box] | None:
    """A text over the middle of a thing, or of its largest part; None for a whole one that is large or out of view."""
    west, south, east, north = _extent(parts if is_whole else [max(parts, key=len)])
    if is_whole and not _is_shared((west, south, east, north), max(image.size), 1):
        return None
    return image, _box(image, ((west + east) / 2, (south + north) / 2))


def _put_along(image: Image.Image, parts: Sequence[Line], *, is_whole: bool) -> tuple[Image.Image, Box] | None:
    """A text along the longest stretch of a line that is nearly straight, read from left to right."""
    stretches = [stretch for part in parts for stretch in _stretches(part)]
    if not stretches:
        return None
    (x0, y0), (x1, y1) = max(stretches, key=lambda s: (round(math.dist(*s)), *s[0]))
    if x1 < x0:
        x0, y0, x1, y1 = x1, y1, x0, y0
    if image.width > math.dist((x0, y0), (x1, y1)) * _SCALE:
        return None
    turned = image.rotate(math.degrees(math.atan2(y0 - y1, x1 - x0)), Image.Resampling.BICUBIC, expand=True)
    if is_whole and not _is_shared(_extent(parts), max(turned.size), 2):
        return None
    return turned, _box(turned, ((x0 + x1) / 2 * _SCALE, (y0 + y1) / 2 * _SCALE))


def _extent(parts: Sequence[Line]) -> tuple[float, float, float, float]:
    """Left, top, right and bottom in pixels."""
    xs, ys = zip(*(place for part in parts for place in part), strict=True)
    return min(xs) * _SCALE, min(ys) * _SCALE, max(xs) * _SCALE, max(ys) * _SCALE


def _box(image: Image.Image, middle: Place) -> Box:
    left, top = round(middle[0] - image.width / 2), round(middle[1] - image.height / 2)
    return left, top, left + image.width, top + image.height


def _box_within(image: Image.Image, middle: Place) -> Box:
    """The box of a text in the one tile that has its middle, as near to that as the tile's edges let it."""
    left, top = (
        min(max(round(place - length / 2), edge), edge + PIXELS - length)
        for place, length in zip(middle, image.size, strict=True)
        for edge in (math.floor(place / PIXELS) * PIXELS,)
    )
    return left, top, left + image.width, top + image.height


def _is_shared(extent: tuple[float, float, float, float], length: int, weight: int) -> bool:
    """Whether a thing is in view, whole, from every tile that its label, or a label in the way of it, touches.

    A label is at most half a tile long, so it reaches over an edge by no more. Whatever overlaps it begins there, has
    its middle half its own length beyond, and its thing ends half the thing's size beyond that: that is still on the
    next tile where length and size together are no more than a tile. The middle of a line's label may be anywhere on
    it, so its size counts twice.
    """
    left, top, right, bottom = extent
    size = max(right - left, bottom - top)
    in_view = left >= -PIXELS and top >= -PIXELS and right <= 2 * PIXELS and bottom <= 2 * PIXELS
    return in_view and length <= PIXELS / 2 and length + weight * size <= PIXELS


def _stretches(part: Line) -> Iterator[tuple[Place, Place]]:
    """Start and end of pieces of a line that turn by no more than some degrees from where they begin."""
    start, heading, last = part[0], None, part[0]
    for a, b in pairwise(part):
        if a == b:
            continue
        bearing = math.atan2(b[1] - a[1], b[0] - a[0])
        if heading is not None and abs(math.remainder(bearing - heading, math.tau)) > _MOST_TURN:
            yield start, a
            start, heading = a, None
        heading = bearing if heading is None else heading
        last = b
    if last != start:
        yield start, last


@lru_cache(maxsize=2048)
def _lettered(text: str, size: int, paint: tuple[tuple[str, Any], ...]) -> Image.Image:
    values = dict(paint)
    font, halo = _font(size), math.ceil(values.get("text-halo-width", 0))
    left, top, right, bottom = font.getbbox(text, stroke_width=halo)
    label = Image.new("RGBA", (max(math.ceil(right - left), 1), max(math.ceil(bottom - top), 1)), _CLEAR)
    pen = ImageDraw.Draw(label)
    pen.text((-left, -top), text, values["text-color"], font, stroke_width=halo, stroke_fill=values["text-halo-color"])
    return label


@lru_cache(maxsize=32)
def _font(size: int) -> ImageFont.FreeTypeFont:
    content = (files("font_source_sans_pro") / "files" / "SourceSansPro-Regular.ttf").read_bytes()
    return ImageFont.truetype(io.BytesIO(content), size, layout_engine=ImageFont.Layout.BASIC)
