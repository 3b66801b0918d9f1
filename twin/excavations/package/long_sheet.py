"""The long section: ground, bottom and every crossing object, with the band of figures below."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import shapely

from twin.excavations.package.captions import describe
from twin.excavations.package.frame import A3, A4, BORDER_MM, STRIP_MM, Title, open_sheet, paper_name
from twin.excavations.package.paper import GREY, Lettering, Pen
from twin.excavations.package.profile import MARGIN_M
from twin.excavations.package.profile_picture import ProfilePicture, spread
from twin.excavations.package.view import View, choose_scale, choose_upright

if TYPE_CHECKING:
    from twin.excavations.package.paper import Drawing, Sheet
    from twin.excavations.package.profile import Profile
    from twin.excavations.package.sections import Survey
    from twin.excavations.package.words import Words

_HEADS_MM = 40.0
_ROW_MM = 8.0
_ROWS = ("station", "ground_level", "bottom_level", "depth")
_OBJECT_ROW_MM = 24.0
_HEIGHT_MM = 45.0
# How deep below the bottom objects are still in the picture.
_BELOW_M = 2.5


def draw_long_section(survey: Survey, words: Words) -> Drawing | None:
    """None where no ground is known: then nothing has a depth that could be drawn."""
    profile = survey.along
    if profile is None or profile.dig.is_empty:
        return None
    low, high = _reach(profile)
    length = survey.alignment.length_m + 2 * MARGIN_M
    paper, across = _choose_paper(length)
    room = paper[1] - 2 * BORDER_MM - STRIP_MM - 40 - len(_ROWS) * _ROW_MM - _OBJECT_ROW_MM
    upright = choose_upright(high - low, across, room, wanted_mm=_HEIGHT_MM, most=10)
    name = words.say("long_section")
    scale = words.say("scales", across=across, upright=upright, paper=paper_name(paper))
    crs = survey.report.crs
    title = Title(name, survey.report.name, scale, words.say("system", code=crs.code, name=crs.name))
    sheet, (left, bottom, right, top) = open_sheet(paper, title)
    band_top = bottom + 4 + len(_ROWS) * _ROW_MM + _OBJECT_ROW_MM
    start = left + _HEADS_MM + ((right - left - _HEADS_MM) - length * 1000 / across) / 2
    floor = band_top + 6 + max(top - 34 - band_top - (high - low) * 1000 / upright, 0) / 2
    box = shapely.box(start, floor, start + length * 1000 / across, floor + (high - low) * 1000 / upright)
    view = View(np.array([-MARGIN_M, low]), (start, floor), (float(across), float(upright)))
    ProfilePicture(survey, words, sheet, view, box).draw(profile)
    sheet.text(left + 4, top - 8, f"{name}  {scale.split(' (')[0]}", Lettering(3.6, bold=True))
    _draw_band(survey, words, sheet, view, (left, bottom + 4, right, floor))
    return sheet.finish(name, view.scales)


def _reach(profile: Profile) -> tuple[float, float]:
    """Lowest and highest elevation of the picture."""
    _, deepest, _, _ = profile.dig_deepest.bounds
    shapes = [s.shape.bounds for s in profile.seen if not s.shape.is_empty and not s.beside]
    low = min([deepest, *(max(b[1], deepest - _BELOW_M) for b in shapes)]) - 0.3
    high = max([float(profile.ground[:, 1].max()), *(b[3] for b in shapes)]) + 0.3
    return float(np.floor(low * 10) / 10), float(min(high, profile.ground[:, 1].max() + 3.0))


def _choose_paper(length_m: float) -> tuple[tuple[float, float], int]:
    """A4, unless its scale is small and that of A3 is larger."""
    small, large = (choose_scale(length_m, _width(paper), at_least=20) for paper in (A4, A3))
    return (A3, large) if small > 250 and large < small else (A4, small)


def _width(paper: tuple[float, float]) -> float:
    return paper[0] - 2 * BORDER_MM - _HEADS_MM - 8


def _draw_band(survey: Survey, words: Words, sheet: Sheet, view: View, box: tuple[float, float, float, float]) -> None:
    left, bottom, right, floor = box
    edge = left + _HEADS_MM
    heights = [*([_ROW_MM] * len(_ROWS)), _OBJECT_ROW_MM]
    y = bottom
    rows = {}
    for name, height in zip((*reversed(_ROWS), "crossing"), heights, strict=True):
        sheet.line([(left, y), (right, y)], Pen(0.25))
        sheet.text(left + 2, y + height / 2 - 0.8, words.say(name), Lettering(2.3))
        rows[name] = (y, y + height)
        y += height
    sheet.line([(left, y), (right, y)], Pen(0.35))
    sheet.line([(edge, bottom), (edge, y)], Pen(0.35))
    _write_levels(survey, words, sheet, view, rows)
    room = _Room(*rows["crossing"], edge, right, floor)
    _write_objects(survey, words, sheet, view, room)


def _write_levels(survey: Survey, words: Words, sheet: Sheet, view: View, rows: dict[str, tuple[float, float]]) -> None:
    """Figures at round stations and at both ends of the dig."""
    length = survey.alignment.length_m
    step = next(s for s in (1, 2, 5, 10, 20, 50, 100) if s * 1000 / view.scales[0] >= 14)
    closest = 11.0 * view.scales[0] / 1000
    stations = np.append(np.arange(0, max(length - closest, 0.1), step), length)
    ground = survey.relief.read(survey.alignment.place(stations))
    for station, level in zip(stations.tolist(), ground.tolist(), strict=True):
        x = float(view.map(np.array([[station, view.origin[1]]]))[0, 0])
        figures = {"station": words.number(station, 1)}
        low = _bottom(survey.along, min(max(station, 0.02), length - 0.02))
        if low is not None:
            figures["bottom_level"] = words.number(low)
        if np.isfinite(level):
            figures["ground_level"] = words.number(level)
            if low is not None:
                figures["depth"] = words.number(level - low)
        for name, figure in figures.items():
            bottom, top = rows[name]
            sheet.text(x, (bottom + top) / 2 - 0.8, figure, Lettering(2.3, anchor="middle"))
            sheet.line([(x, top - 1.2), (x, top)], Pen(0.18, GREY))


class _Room(NamedTuple):
    """The row of the crossing objects, and the foot of the section above it."""

    bottom: float
    top: float
    left: float
    right: float
    floor: float


def _bottom(profile: Profile | None, station_m: float) -> float | None:
    """The deepest reading of the bottom at a station, None beside the dig."""
    if profile is None:
        return None
    _, bottom, _, top = profile.dig_deepest.bounds
    found = shapely.intersection(
        profile.dig_deepest, shapely.LineString([(station_m, bottom - 1), (station_m, top + 1)])
    )
    return None if found.is_empty else float(found.bounds[1])


def _write_objects(survey: Survey, words: Words, sheet: Sheet, view: View, room: _Room) -> None:
    """Number, name, crown and invert of what the section cuts, written upright below it."""
    bottom, top, left, right, floor = room
    cut = sorted((s for s in (survey.along.seen if survey.along else ()) if not s.beside), key=lambda s: s.span)
    cut = [s for s in cut if -MARGIN_M <= (s.span[0] + s.span[1]) / 2 <= survey.alignment.length_m + MARGIN_M]
    places = [float(view.map(np.array([[(s.span[0] + s.span[1]) / 2, view.origin[1]]]))[0, 0]) for s in cut]
    spaced = spread(places, 6.2, (left + 4, right - 4))
    if len(cut) * 6.2 > right - left - 8:
        sheet.text(left + 3, (bottom + top) / 2, words.say("see_table"), Lettering(2.3, colour=GREY))
        return
    for seen, place, x in zip(cut, places, spaced, strict=True):
        clash = survey.clash(seen.number)
        sheet.line([(place, floor - 0.5), (place, top + 2.5), (x, top)], Pen(0.13, GREY))
        name = f"{seen.number}  {describe(clash, words, short=True)}"
        sheet.text(x - 0.6, bottom + 1.5, name, Lettering(2.2, True, angle_deg=90))
        if not seen.shape.is_empty:
            _, low, _, high = seen.shape.bounds
            levels = f"{words.number(high)} / {words.number(low)}"
            sheet.text(x + 2.1, bottom + 1.5, levels, Lettering(2.1, angle_deg=90))
        else:
            sheet.text(x + 2.1, bottom + 1.5, words.say("level_unknown"), Lettering(2.1, angle_deg=90))
