"""Which paper, scale and turn a plan gets, and into how many sheets a long one is cut."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import shapely
import shapely.affinity

from twin.excavations.package.frame import A3, A4, BORDER_MM, STRIP_MM
from twin.excavations.package.profile import MARGIN_M
from twin.excavations.package.view import SCALES, choose_scale

if TYPE_CHECKING:
    from twin.excavations.package.alignment import Alignment
    from twin.excavations.package.sections import Plan, Survey

COLUMN_MM = 72.0
EDGE_MM = 7.0
# The smallest scale at which pipes can be told apart; a longer dig gets sheets of its parts besides.
_DETAILED = 250
_PART_SCALE = 200
_OVERLAP_M = 2.0
MOST_PARTS = 12


@dataclass(frozen=True, slots=True)
class Layout:
    """Paper, scale and turn of one plan; `window` is what it shows, `stations_m` the part of the dig, None for all."""

    paper: tuple[float, float]
    scale: int
    turn_deg: float
    window: shapely.Polygon
    stations_m: tuple[float, float] | None = None


def lay_out(survey: Survey) -> list[Layout]:
    """One plan of everything, and where its scale is too small for pipes, one of each part that has a conflict."""
    whole = _whole(survey.plan, survey.alignment)
    if whole.scale <= _DETAILED:
        return [whole]
    parts = _parts(survey)
    return [whole, *parts] if parts and parts[0].scale < whole.scale else [whole]


def room_mm(paper: tuple[float, float]) -> tuple[float, float]:
    """Width and height of the map on a paper."""
    return paper[0] - 2 * (BORDER_MM + EDGE_MM) - COLUMN_MM, paper[1] - 2 * (BORDER_MM + EDGE_MM) - STRIP_MM


def _whole(plan: Plan, alignment: Alignment) -> Layout:
    """A4 where a scale of 1 : 100 fits on it, else A3; north is up where turning gains no scale."""
    turns = (0.0, -_heading_deg(alignment, 0.0, alignment.length_m))
    options = [Layout(paper, _fit(plan.window, turn, paper), turn, plan.window) for paper in (A4, A3) for turn in turns]
    large = [option for option in options if option.scale <= 100] or options[2:]
    return min((option for option in large if option.paper == large[0].paper), key=lambda option: option.scale)


def _fit(window: shapely.Polygon, turn_deg: float, paper: tuple[float, float]) -> int:
    minx, miny, maxx, maxy = shapely.affinity.rotate(window, turn_deg, origin="centroid").bounds
    width, height = room_mm(paper)
    return max(choose_scale(maxx - minx, width), choose_scale(maxy - miny, height), 20)


def _parts(survey: Survey) -> list[Layout]:
    """Sheets along the dig; of more than `MOST_PARTS` only those with a cross-section."""
    alignment = survey.alignment
    width, height = room_mm(A3)
    scale = max(_PART_SCALE, choose_scale(2 * _beside_m(survey), height))
    if scale not in SCALES:
        return []
    step = width * scale / 1000 - 2 * _OVERLAP_M
    count = int(np.ceil(alignment.length_m / step))
    bounds = np.linspace(0.0, alignment.length_m, count + 1)
    parts = list(zip(bounds[:-1].tolist(), bounds[1:].tolist(), strict=True))
    if count > MOST_PARTS:
        marked = [s.station_m for s in survey.across]
        parts = [(a, b) for a, b in parts if any(a <= station <= b for station in marked)][:MOST_PARTS]
    return [_part(survey, (a, b), scale) for a, b in parts]


def _part(survey: Survey, stations_m: tuple[float, float], scale: int) -> Layout:
    alignment = survey.alignment
    start, end = stations_m
    turn = -_heading_deg(alignment, start, end)
    line = shapely.LineString(alignment.place(np.linspace(start - _OVERLAP_M, end + _OVERLAP_M, 64)))
    window = line.buffer(_beside_m(survey), cap_style="flat")
    return Layout(A3, scale, turn, window, stations_m)


def _beside_m(survey: Survey) -> float:
    """How far to either side of the alignment a sheet shows what is there."""
    _, offsets = survey.alignment.locate(shapely.get_coordinates(survey.report.excavation.footprint))
    return float(np.abs(offsets).max()) + MARGIN_M


def _heading_deg(alignment: Alignment, start_m: float, end_m: float) -> float:
    a, b = alignment.place(np.array([start_m, end_m]))
    return float(np.degrees(np.arctan2(*(b - a)[::-1])))
