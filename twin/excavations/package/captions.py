"""What is written about objects beside the drawings: names, legend, key."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import shapely

from twin.clash.outcome import Outcome
from twin.excavations.package.context import draw_symbol, list_symbols
from twin.excavations.package.lettering import compose, shorten
from twin.excavations.package.paper import BLACK, GREY, Lettering, Pen
from twin.excavations.package.proposals import COLOUR, draw_sample, mark_of
from twin.excavations.package.symbols import DIG, colour_of, draw_badge, draw_body, draw_laid

if TYPE_CHECKING:
    from collections.abc import Mapping

    from twin.clash.report import Clash
    from twin.clash.surroundings import Kind
    from twin.excavations.package.paper import Box, Point, Sheet
    from twin.excavations.package.words import Words

_ROW_MM = 7.4


def describe(clash: Clash, words: Words, *, short: bool = False) -> str:
    """Discipline, kind, size and material; a short one has the discipline's letters alone."""
    size = describe_size(clash)
    if short:
        return compose(" ".join(filter(None, (words.name("letters", clash.discipline), size))))
    name = words.name("discipline", clash.discipline)
    kind = words.name("kind", clash.kind) if clash.kind and compose(clash.kind).lower() != name.lower() else None
    material = words.name("material", clash.material) if clash.material else None
    return compose(" ".join(filter(None, (name, kind, size, material))))


def describe_size(clash: Clash) -> str:
    """The outer size in millimetres: Ø of what is round, width × height of the rest."""
    sides = [None if side is None else f"{side * 1000:.0f}" for side in clash.size_m]
    if sides[0] is None and sides[1] is None:
        return "Ø?"
    if clash.section_shape == "circular":
        return f"Ø{sides[0] or sides[1]}"
    return "×".join(side or "?" for side in sides)


@dataclass(frozen=True, slots=True)
class Shown:
    """What one plan shows: objects by number, kinds of what lies around, whether something is laid, and ways out."""

    clashes: Mapping[int, Clash]
    kinds: frozenset[Kind]
    laid: bool
    ways: Mapping[int, str] = field(default_factory=dict)


def draw_legend(sheet: Sheet, at: Point, shown: Shown, words: Words) -> float:
    """Outcomes, and whatever else occurs; returns where it ends below."""
    x, y = at
    sheet.text(x, y, words.say("legend"), Lettering(2.9, bold=True))
    y -= 5.5
    for outcome in Outcome:
        draw_badge(sheet, (x + 3, y), "", outcome)
        body = shapely.box(x + 8, y - 1.1, x + 20, y + 1.1)
        draw_body(sheet, body, body, outcome, GREY)
        sheet.text(x + 22.5, y - 0.8, words.name("outcome", outcome), Lettering(2.3))
        y -= 5.6
    sheet.hatch(shapely.box(x + 8, y - 1.3, x + 20, y + 1.3), Pen(0.13, DIG), 1.6, 45)
    sheet.rectangle((x + 8, y - 1.3, x + 20, y + 1.3), Pen(0.7))
    sheet.text(x + 22.5, y - 0.8, words.say("dig"), Lettering(2.3))
    y -= 5.0
    sheet.line([(x + 8, y), (x + 20, y)], Pen(0.18, BLACK, (0.25, 0.9)))
    sheet.text(x + 22.5, y - 0.8, words.say("accuracy_band"), Lettering(2.3))
    y -= 5.0
    if shown.laid:
        draw_laid(sheet, shapely.LineString([(x + 8, y), (x + 20, y)]), "#000000")
        sheet.text(x + 22.5, y - 0.8, words.say("laid_line"), Lettering(2.3))
        y -= 4.6
    for rank, (number, change) in enumerate(shown.ways.items()):
        draw_sample(sheet, rank, x + 8, y, x + 20)
        sheet.text(x, y - 0.8, mark_of(number, words), Lettering(2.3, True, COLOUR))
        sheet.text(x + 22.5, y - 0.8, words.say("way_outline", change=change), Lettering(2.3))
        y -= 4.8
    for name, kind in list_symbols(shown.kinds, words):
        draw_symbol(sheet, kind, (x + 8, y - 1.3, x + 20, y + 1.3))
        sheet.text(x + 22.5, y - 0.8, name, Lettering(2.3))
        y -= 4.8
    disciplines = dict.fromkeys(clash.discipline for clash in shown.clashes.values())
    for discipline in disciplines:
        sheet.line([(x + 8, y), (x + 20, y)], Pen(0.7, colour_of(discipline)))
        sheet.text(x, y - 0.8, words.name("letters", discipline), Lettering(2.3, True, colour_of(discipline)))
        sheet.text(x + 22.5, y - 0.8, words.name("discipline", discipline), Lettering(2.3))
        y -= 4.2
    return y


def draw_key(sheet: Sheet, box: Box, clashes: Mapping[int, Clash], words: Words) -> None:
    """Numbers with object and owner, as many as there is room for."""
    left, bottom, right, top = box
    if not clashes:
        return
    sheet.line([(left, top), (right, top)], Pen(0.35))
    room = int((top - bottom - 4) / _ROW_MM)
    shown = list(clashes.items())[: len(clashes) if len(clashes) <= room else room - 1]
    y = top - 5
    for number, clash in shown:
        draw_badge(sheet, (left + 5.5, y), str(number), clash.outcome, link=number)
        width = right - left - 12.5
        sheet.text(left + 10.5, y + 0.5, shorten(describe(clash, words), width, 2.3, bold=True), Lettering(2.3, True))
        owner = compose(clash.owner) if clash.owner else words.say("owner_unknown")
        sheet.text(left + 10.5, y - 2.4, shorten(owner, width, 2.1), Lettering(2.1))
        y -= _ROW_MM
    if len(shown) < len(clashes):
        sheet.text(
            left + 4, y, words.say("more_in_table", count=len(clashes) - len(shown)), Lettering(2.2, colour=GREY)
        )
