"""Cross-sections, each a small drawing with the figures of what it shows."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import shapely
import shapely.affinity

from twin.clash.outcome import Outcome
from twin.excavations.package.captions import describe
from twin.excavations.package.lettering import shorten
from twin.excavations.package.paper import BLACK, GREY, Lettering, Pen, Sheet
from twin.excavations.package.profile_picture import ProfilePicture
from twin.excavations.package.view import SCALES, View, choose_scale, choose_upright

if TYPE_CHECKING:
    from twin.excavations.package.paper import Drawing
    from twin.excavations.package.profile import Seen
    from twin.excavations.package.sections import CrossSection, Survey
    from twin.excavations.package.words import Words

NARROW_MM, WIDE_MM, HEIGHT_MM = 91.0, 186.0, 82.0
_AXIS_MM, _PADDING_MM = 15.0, 3.0
_HEAD_MM, _LINE_MM = 9.0, 4.6
_BESIDE_MM, _HEIGHT_WANTED_MM = 6.0, 22.0
_BESIDE_M, _BELOW_M, _SHOWN_M = 0.8, 2.0, 0.6
_MOST_LINES = 4


def draw_cross_section(survey: Survey, section: CrossSection, words: Words) -> Drawing:
    """At the largest usual scale that shows the dig and its conflicts; a wide dig gets a wide drawing."""
    _, low_m, _, high_m = _reach(section, _BESIDE_M)
    lines = min(len(section.conflicts), _MOST_LINES)
    room = HEIGHT_MM - _HEAD_MM - lines * _LINE_MM - 10 - 9
    tall = choose_scale(high_m - low_m, room)
    scales = [max(_fit_across(section, width), tall) for width in (NARROW_MM, WIDE_MM)]
    wide = scales[0] > 50 and scales[1] < scales[0]
    width, scale = (WIDE_MM, scales[1]) if wide else (NARROW_MM, scales[0])
    upright = choose_upright(high_m - low_m, scale, room, wanted_mm=_HEIGHT_WANTED_MM, most=5)
    left_m, _, right_m, _ = _reach(section, max(_BESIDE_M, _BESIDE_MM * scale / 1000))
    sheet = Sheet(width, HEIGHT_MM)
    sheet.rectangle((0.2, 0.2, width - 0.2, HEIGHT_MM - 0.2), Pen(0.18, GREY))
    breadth, rise = (right_m - left_m) * 1000 / scale, (high_m - low_m) * 1000 / upright
    start = _AXIS_MM + (width - _AXIS_MM - _PADDING_MM - breadth) / 2
    floor = lines * _LINE_MM + 10 + max(room - rise, 0) / 2
    view = View(np.array([left_m, low_m]), (start, floor), (float(scale), float(upright)))
    box = shapely.box(start, floor, start + breadth, floor + rise)
    ProfilePicture(survey, words, sheet, view, box).draw(section.profile)
    _draw_sizes(sheet, view, section, words, floor)
    name = words.say("cross_section", name=section.name)
    head = f"{name}  ·  {words.station(section.station_m)}  ·  {_name_scales(scale, upright, words)}"
    sheet.text(3, HEIGHT_MM - 6, head, Lettering(2.9, bold=True))
    _write_conflicts(sheet, survey, section, words, width)
    return sheet.finish(name, view.scales)


def _name_scales(across: int, upright: int, words: Words) -> str:
    return f"1:{across}" if across == upright else words.say("two_scales", across=across, upright=upright)


def _fit_across(section: CrossSection, width_mm: float) -> int:
    """The largest scale at which the section with what is drawn beside it fits across a drawing."""
    room = width_mm - _AXIS_MM - _PADDING_MM
    left, _, right, _ = _reach(section, 0.0)
    fits = (s for s in SCALES if (right - left + 2 * max(_BESIDE_M, _BESIDE_MM * s / 1000)) * 1000 / s <= room)
    return next(fits, choose_scale(right - left + 2 * _BESIDE_M, room))


def _reach(section: CrossSection, beside_m: float) -> tuple[float, float, float, float]:
    """What the picture shows, in u and z: the dig, its conflicts, and a little beside them."""
    left, bottom, right, _ = section.profile.dig_deepest.bounds
    shown = [s for s in section.profile.seen if s.number in section.conflicts]
    # Of what lies beside the dig the near side is shown, of what runs along the section no more than of the others.
    left = max(min([left, *(s.span[1] - _SHOWN_M for s in shown)]) - beside_m, section.plane.start_m)
    right = min(max([right, *(s.span[0] + _SHOWN_M for s in shown)]) + beside_m, section.plane.end_m)
    shapes = [s.shape.bounds for s in shown if not s.shape.is_empty]
    low = min([bottom, *(max(b[1], bottom - _BELOW_M) for b in shapes)]) - 0.3
    surface = float(section.profile.ground[:, 1].max())
    high = max([surface, *(min(b[3], surface + _BELOW_M) for b in shapes)]) + 0.2
    return left, low, right, high


def _draw_sizes(sheet: Sheet, view: View, section: CrossSection, words: Words, floor: float) -> None:
    """Width of the dig below it, its depth beside it, the level of its bottom within."""
    for part in shapely.get_parts(section.profile.dig):
        left, bottom, right, _ = part.bounds
        (x0, y0), (x1, _) = view.map(np.array([[left, bottom], [right, bottom]])).tolist()
        y = floor - 3.0
        sheet.line([(x0, y), (x1, y)], Pen(0.18))
        for x in (x0, x1):
            sheet.line([(x, y - 1.0), (x, max(y + 1.2, min(y0 - 0.8, y + 2.4)))], Pen(0.18))
            sheet.line([(x - 0.7, y - 0.7), (x + 0.7, y + 0.7)], Pen(0.35))
        sheet.text((x0 + x1) / 2, y + 0.5, words.number(right - left), Lettering(2.2, anchor="middle", halo=True))
        crown = float(np.interp(left, *section.profile.ground.T))
        ((_, y1),) = view.map(np.array([[left, crown]])).tolist()
        x = x0 - 2.6
        sheet.line([(x, y0), (x, y1)], Pen(0.18))
        for end in (y0, y1):
            sheet.line([(x - 1.0, end), (x + 1.6, end)], Pen(0.18))
            sheet.line([(x - 0.7, end - 0.7), (x + 0.7, end + 0.7)], Pen(0.35))
        style = Lettering(2.2, anchor="middle", angle_deg=90, halo=True)
        sheet.text(x - 0.6, (y0 + y1) / 2, words.number(crown - bottom), style)
        level = words.number(bottom)
        mark = Lettering(2.1, bold=True, anchor="middle", halo=True)
        x = _find_room(view, section, part, (x0, x1, y0))
        sheet.text(x, y0 + 2.6, level, mark)
        triangle = shapely.Polygon([(0, 0), (-1.0, 1.7), (1.0, 1.7)])
        mark_at = shapely.affinity.translate(triangle, x, y0 + 0.35)
        sheet.shape(mark_at, Pen(0.18), fill=BLACK)


def _find_room(view: View, section: CrossSection, part: shapely.Geometry, bottom: tuple[float, float, float]) -> float:
    """Where the level of a bottom (left, right, height on paper) hides nothing that lies on it; else its middle."""
    left, right, y = bottom
    shapes = [seen.shape for seen in section.profile.seen] + [shape for _, shape in section.profile.laid]
    drawn, dug = view.draw(shapely.union_all(shapes)), view.draw(part)
    places = [left + share * (right - left) for share in (0.5, 0.19, 0.81)]
    for x in places:
        box = shapely.box(x - 3.2, y + 0.3, x + 3.2, y + 4.6)
        if dug.covers(box) and not drawn.intersects(box):
            return x
    return places[0]


def _write_conflicts(sheet: Sheet, survey: Survey, section: CrossSection, words: Words, width: float) -> None:
    """The conflicts that this section is drawn for, worst first."""
    order = list(Outcome)
    numbers = sorted(section.conflicts, key=lambda n: (order.index(survey.clash(n).outcome), n))
    seen = {s.number: s for s in section.profile.seen}
    shown = numbers if len(numbers) <= _MOST_LINES else numbers[: _MOST_LINES - 1]
    y = 1.2 + _LINE_MM * (min(len(numbers), _MOST_LINES) - 0.4)
    for number in shown:
        clash = survey.clash(number)
        sheet.text(3, y - 0.8, str(number), Lettering(2.3, True))
        text = f"{describe(clash, words, short=True)}: {_levels(seen.get(number), words)}; {_gap(clash.gap_m, words)}"
        sheet.text(8, y - 0.8, shorten(text, width - 11, 2.2), Lettering(2.2))
        y -= _LINE_MM
    if len(shown) < len(numbers):
        rest = ", ".join(map(str, numbers[len(shown) :]))
        sheet.text(3, y - 0.8, shorten(words.say("also", numbers=rest), width - 6, 2.2), Lettering(2.2, colour=GREY))


def _levels(seen: Seen | None, words: Words) -> str:
    if seen is None or seen.shape.is_empty:
        return words.say("level_unknown")
    _, low, _, high = seen.shape.bounds
    return words.say("levels", crown=words.number(high), invert=words.number(low))


def _gap(gap_m: float | None, words: Words) -> str:
    if gap_m is None:
        return words.say("gap_unknown")
    return words.say("touching") if gap_m <= 0 else words.say("gap", gap=words.number(gap_m))
