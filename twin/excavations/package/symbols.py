"""How objects and outcomes look on paper, in colour and without.

Colours of the disciplines are those of the city's styles (APWA Uniform Color Code, ANSI Z535.1). Outcomes are told
apart by shape, weight, dashes and filling, so that a copy in black and white says the same.
"""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

import numpy as np
import shapely

from styles import read_layers
from twin.clash.outcome import Outcome
from twin.excavations.package.lettering import measure_mm
from twin.excavations.package.paper import BLACK, GREY, WHITE, Lettering, Pen

if TYPE_CHECKING:
    from twin.clash.solids import Floats
    from twin.excavations.package.paper import Sheet

GROUND = "#8a6d3b"
DIG = "#b35900"
BADGE_MM = 4.4

# Weight and dashes of an object's outline.
OUTLINES = {
    Outcome.DEFINITE: (0.35, ()),
    Outcome.POSSIBLE: (0.35, (3.0, 0.8)),
    Outcome.UNKNOWN: (0.35, (0.8, 0.8)),
    Outcome.CLEAR: (0.18, ()),
}


@cache
def colour_of(discipline: str) -> str:
    """The line colour of a discipline in the style of the layer `utility_lines`."""
    (match,) = {tuple(map(_plain, layer["paint"]["line-color"])) for layer in read_layers("utility_lines")}
    colours = dict(zip(match[2:-1:2], match[3:-1:2], strict=True))
    return str(colours.get(discipline, match[-1]))


def _plain(value: object) -> object:
    return tuple(value) if isinstance(value, list) else value


def outline_of(outcome: Outcome, colour: str) -> Pen:
    width_mm, dashes_mm = OUTLINES[outcome]
    return Pen(width_mm, colour, dashes_mm)


def draw_body(sheet: Sheet, body: shapely.Geometry, dig: shapely.Geometry, outcome: Outcome, colour: str) -> None:
    """An object on paper, pale beside the dig, and within it by its outcome."""
    sheet.shape(body, fill=WHITE)
    sheet.shape(body, fill=colour, opacity=0.25)
    within = shapely.intersection(body, dig)
    sheet.shape(within, fill=WHITE)
    if outcome is Outcome.DEFINITE:
        sheet.shape(within, fill=colour)
    elif outcome is Outcome.POSSIBLE:
        sheet.hatch(within, Pen(0.25, colour), 0.8, -45)
    elif outcome is Outcome.CLEAR:
        sheet.shape(within, fill=colour, opacity=0.25)
    sheet.shape(body, outline_of(outcome, colour))
    if outcome is Outcome.DEFINITE:
        sheet.shape(within, Pen(0.35))


def draw_laid(sheet: Sheet, shape: shapely.Geometry, colour: str) -> None:
    """What will be laid: a line, or the outline of its body."""
    sheet.shape(shape, Pen(1.1, WHITE))
    sheet.shape(shape, Pen(0.7 if shape.geom_type.endswith("LineString") else 0.35, colour, (5.0, 1.0, 1.0, 1.0)))


def draw_badge(sheet: Sheet, at: tuple[float, float], text: str, outcome: Outcome, *, link: int | None = None) -> None:
    """The number of an object: octagon hit, triangle perhaps hit, dashed diamond unknown, circle clear."""
    x, y = at
    shape = shapely.transform(badge_shape(outcome), lambda points: points * BADGE_MM / 2 + (x, y))
    sheet.shape(shape.buffer(0.4), fill=WHITE)
    pens = {Outcome.CLEAR: Pen(0.25), Outcome.UNKNOWN: Pen(0.35, BLACK, (0.8, 0.5))}
    dark = outcome is Outcome.DEFINITE
    sheet.shape(shape, pens.get(outcome, Pen(0.35)), fill=BLACK if dark else None)
    if not text:
        return
    size = min(
        2.6 if outcome in (Outcome.DEFINITE, Outcome.CLEAR) else 2.2, 2.6 * 2.9 / measure_mm(text, 2.6, bold=True)
    )
    drop = 0.33 * size + (0.75 if outcome is Outcome.POSSIBLE else 0.0)
    sheet.text(x, y - drop, text, Lettering(size, True, WHITE if dark else BLACK, "middle"), link=link)


def badge_shape(outcome: Outcome) -> shapely.Polygon:
    """About the origin, some 2 wide."""
    if outcome is Outcome.DEFINITE:
        return shapely.Polygon(_ring(8, np.pi / 8) * 1.05)
    if outcome is Outcome.POSSIBLE:
        return shapely.Polygon(_ring(3, np.pi / 2) * 1.45 - (0, 0.2))
    if outcome is Outcome.UNKNOWN:
        return shapely.Polygon(_ring(4, 0) * 1.3)
    return shapely.Polygon(_ring(32, 0))


def _ring(corners: int, turn: float) -> Floats:
    angles = np.arange(corners) * 2 * np.pi / corners + turn
    return np.column_stack([np.cos(angles), np.sin(angles)])


def draw_ground(sheet: Sheet, line: Floats) -> None:
    """The surface of the ground with the short strokes that say so."""
    sheet.line(line, Pen(0.5))
    path = shapely.LineString(line)
    for along in np.arange(2.0, path.length, 9.0):
        for step in (0.0, 1.1, 2.2):
            ((x, y),) = shapely.get_coordinates(path.interpolate(along + step))
            sheet.line([(x, y), (x - 1.1, y - 1.1)], Pen(0.18, GREY))
