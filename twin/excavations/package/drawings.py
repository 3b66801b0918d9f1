"""All drawings of a report in one language."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from twin.excavations.package.cross_sheet import draw_cross_section
from twin.excavations.package.frame import A4, BORDER_MM
from twin.excavations.package.long_sheet import draw_long_section
from twin.excavations.package.paper import Sheet, move
from twin.excavations.package.plan_sheet import draw_plans
from twin.excavations.package.words import Words

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from twin.excavations.package.paper import Drawing
    from twin.excavations.package.sections import Survey
    from twin.excavations.package.words import Language

_GAP_MM = 3.0


@dataclass(frozen=True, slots=True)
class Drawings:
    """The plan, with those of its parts where it is long; the sections, where the ground is known."""

    survey: Survey
    words: Words
    plans: tuple[Drawing, ...]
    long_section: Drawing | None
    cross_sections: tuple[Drawing, ...]


def arrange(sections: Sequence[Drawing], title: str) -> Iterator[Drawing]:
    """Cross-sections on upright A4 sheets, narrow ones side by side."""
    width, height = A4[1] - 2 * BORDER_MM, A4[0] - 2 * BORDER_MM
    sheet, left, top = Sheet(A4[1], A4[0]), 0.0, height
    count = 1
    for section in sections:
        if left and left + section.width_mm > width:
            left, top = 0.0, top - section.height_mm - _GAP_MM
        if top - section.height_mm < 0:
            yield sheet.finish(f"{title} {count}", (1.0, 1.0))
            sheet, left, top, count = Sheet(A4[1], A4[0]), 0.0, height, count + 1
        corner = (BORDER_MM + left, BORDER_MM + top - section.height_mm)
        sheet.marks += [move(mark, *corner) for mark in section.marks]
        left += section.width_mm + _GAP_MM
    if sheet.marks:
        yield sheet.finish(f"{title} {count}", (1.0, 1.0))


def draw(surveyed: Survey, language: Language) -> Drawings:
    words = Words(language)
    return Drawings(
        surveyed,
        words,
        tuple(draw_plans(surveyed, words)),
        draw_long_section(surveyed, words),
        tuple(draw_cross_section(surveyed, section, words) for section in surveyed.across),
    )
