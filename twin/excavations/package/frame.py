"""The border of a drawing, its title strip, scale bar and north arrow."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import shapely

from twin.excavations.package.lettering import measure_mm, shorten
from twin.excavations.package.paper import BLACK, WHITE, Lettering, Pen, Sheet

if TYPE_CHECKING:
    from twin.excavations.package.paper import Box
    from twin.excavations.package.words import Words

A4, A3 = (297.0, 210.0), (420.0, 297.0)
BORDER_MM = 10.0
STRIP_MM = 11.0
_BAR_ROOM_MM = 42.0


@dataclass(frozen=True, slots=True)
class Title:
    """What the strip at the foot of a drawing says."""

    drawing: str
    dig: str
    scale: str
    system: str


def paper_name(size: tuple[float, float]) -> str:
    return {A4: "A4", A3: "A3"}.get(size, f"{size[0]:g} × {size[1]:g} mm")


def open_sheet(size: tuple[float, float], title: Title) -> tuple[Sheet, Box]:
    """An empty sheet with border and title strip, and the room within."""
    sheet = Sheet(*size)
    left, bottom, right, top = BORDER_MM, BORDER_MM, size[0] - BORDER_MM, size[1] - BORDER_MM
    sheet.rectangle((left, bottom, right, top), Pen(0.7))
    rule = bottom + STRIP_MM
    sheet.line([(left, rule), (right, rule)], Pen(0.5))
    share = (right - left) * np.array([0.0, 0.26, 0.60, 0.76, 1.0]) + left
    texts = (title.drawing, title.dig, title.scale, title.system)
    for index, (text, start, end) in enumerate(zip(texts, share[:-1], share[1:], strict=True)):
        bold = index != 3
        size_mm = 3.2 if bold else 2.4
        fitted = min(size_mm, size_mm * (end - start - 6) / measure_mm(text, size_mm, bold=bold))
        fitted = max(fitted, 2.2)
        words = shorten(text, end - start - 6, fitted, bold=bold)
        sheet.text(start + 3, bottom + STRIP_MM / 2 - fitted * 0.33, words, Lettering(fitted, bold))
        if index:
            sheet.line([(start, bottom), (start, rule)], Pen(0.35))
    return sheet, (left, rule, right, top)


def draw_scale_bar(sheet: Sheet, at: tuple[float, float], denominator: float, words: Words) -> float:
    """Bar of a round length from its left end at `at`; returns its width on paper."""
    metres = next(m for m in (200, 100, 50, 20, 10, 5, 2, 1, 0.5, 0.2) if m * 1000 / denominator <= _BAR_ROOM_MM)
    x, y = at
    width = metres * 1000 / denominator
    for part in range(4):
        box = (x + part * width / 4, y, x + (part + 1) * width / 4, y + 1.4)
        sheet.rectangle(box, Pen(0.18), fill=BLACK if part % 2 == 0 else WHITE)
    style = Lettering(2.1, anchor="middle")
    for share in (0, 0.5, 1):
        label = words.number(metres * share, 0 if metres * share == int(metres * share) else 1)
        sheet.text(x + share * width, y + 2.2, label + (" m" if share == 1 else ""), style)
    return width


def draw_north(sheet: Sheet, at: tuple[float, float], turn_deg: float, words: Words) -> None:
    """An arrow to grid north about `at`; `turn_deg` is how far the plan is turned to the left."""
    angle = np.radians(90 + turn_deg)
    ahead, right = np.array([np.cos(angle), np.sin(angle)]), np.array([np.sin(angle), -np.cos(angle)])
    tip, tail, notch = (np.array(at) + reach * ahead for reach in (8.0, -6.0, -3.2))
    west, east = (tail + side * 3.2 * right for side in (-1, 1))
    sheet.shape(shapely.Polygon([tip, east, notch]), Pen(0.25), fill=BLACK)
    sheet.shape(shapely.Polygon([tip, west, notch]), Pen(0.25), fill=WHITE)
    x, y = np.array(at) + 10.6 * ahead
    sheet.text(x, y - 1.1, words.say("north"), Lettering(3.2, bold=True, anchor="middle"))
