"""Greater changes of a dig: stretches dug by hand, the other side of the street, a bore under what is in the way."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

import numpy as np
import shapely

from twin.clash.dig import Bore, Depth
from twin.clash.proposal import Change
from twin.clash.ways import wording
from twin.clash.ways.bores import bore_under, hole_m
from twin.clash.ways.moves import as_trench, cut, heading, mirror, rebuild, shift
from twin.clash.ways.quest import Idea, Span
from twin.clash.ways.stretches import length_of, rest_of, stretches_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from layers.surroundings import CutRoad
    from twin.clash.dig import PlannedDig, Trench
    from twin.clash.ways.quest import Line, Quest
    from twin.clash.ways.site import Site
    from twin.clash.ways.stretches import Stretch

# Streets that run at more than 30° to a dig have no other side for it.
_ALONG_COSINE = 0.866
# On the other side of the street it may lie so much nearer to the middle, or farther from it.
_SIDEWAYS_M = 3.0
# The direction of a street is read so far to either side.
_NEAR_M = 3.0


def by_hand(quest: Quest) -> list[Line]:
    """The stretches that no machine may dig; nothing where that is all of the trench, or a rule is broken anyway."""
    trench = as_trench(quest.dig)
    if trench is None or quest.base.score.broken:
        return []
    stretches, exposed = hand_stretches(quest, trench)
    rest = rest_of(stretches, float(trench.line.length))
    if not stretches or not rest:
        return []
    parts = tuple(cut(trench, begin, end, quest.site.relief.elevations) for begin, end in rest)
    cuts = tuple(cut(trench, begin, end, quest.site.relief.elevations).outline for begin, end in stretches)
    length_m = length_of(stretches)
    idea = Idea(
        change=Change.HAND,
        text=wording.by_hand(stretches, length_of(rest)),
        amount_m=length_m,
        figures={"hand_m": round(length_m, 1), "machine_m": round(length_of(rest), 1)},
        dig=rebuild(quest.dig, parts, ()),
        caveats=(wording.EXPOSED,),
        hand_dug=shapely.union_all(cuts),
        exposed=exposed,
    )
    return [(idea,)]


def hand_stretches(quest: Quest, trench: Trench) -> tuple[list[Stretch], int]:
    """The stretches, and how many objects are not clear in them."""
    found = quest.site.needs_hand(quest.dig)
    spread_m = _spread_m(trench)
    stretches = stretches_of(trench, spread_m, [(axis, reach) for axis, reach, _ in found])
    return stretches, sum(is_open for _, _, is_open in found)


def _spread_m(trench: Trench) -> float:
    depth_m = trench.bottom.below_ground_m if isinstance(trench.bottom, Depth) else 3.0
    return trench.sides.slope_at(depth_m) * depth_m


def across(quest: Quest, road: CutRoad | None, make_site: Callable[[PlannedDig], Site]) -> list[Line]:
    """As far from the middle of the street on its other side, and a little nearer or farther."""
    if road is None:
        return []
    quest.crossed = True
    other = mirror(quest.dig, road.shape)
    start, end = (dig.polygon.centroid for dig in (quest.dig, other))
    way = np.array([end.x - start.x, end.y - start.y])
    distance_m = float(np.hypot(*way))
    way = way / distance_m
    site = make_site(other)
    straight = _crossed(quest, road, other, distance_m)
    trial = quest.try_idea(straight, site)
    if trial is not None and trial.score.is_clear:
        return [(straight,)]
    span = quest.span(_SIDEWAYS_M)
    return [
        quest.scan(
            lambda by, sign=sign: _crossed(quest, road, shift(other, way * sign * by), distance_m + sign * by),  # type: ignore[misc]
            span,
            site,
        )
        for sign in (1.0, -1.0)
    ]


def _crossed(quest: Quest, road: CutRoad, dig: PlannedDig, distance_m: float) -> Idea:
    return Idea(
        change=Change.SIDE,
        text=wording.across(distance_m, road.name),
        amount_m=distance_m,
        figures={"across_m": round(distance_m, 2)},
        dig=dig,
        caveats=(wording.ENDS, *quest.silent),
    )


def along_road(dig: PlannedDig, roads: Iterable[CutRoad]) -> CutRoad | None:
    """The nearest street that runs along a dig and whose middle line it does not cross."""
    ahead = heading(dig)
    for road in sorted(roads, key=lambda road: float(shapely.distance(road.shape, dig.polygon))):
        nearest = shapely.get_coordinates(shapely.shortest_line(road.shape, dig.polygon.centroid))[0]
        near = shapely.intersection(road.shape, shapely.Point(nearest).buffer(_NEAR_M))
        ends = shapely.get_coordinates(near)
        if len(ends) < 2 or road.shape.intersects(dig.polygon):
            continue
        step = ends[-1] - ends[0]
        if abs(step @ ahead) >= _ALONG_COSINE * np.hypot(*step):
            return road
    return None


def bored(quest: Quest) -> list[Line]:
    """A bore under all that is in the way, as deep as it must be."""
    trench = as_trench(quest.dig)
    laid, figures = quest.dig.works.laid, quest.figures.bore
    diameter_m = hole_m(laid, figures)
    if trench is None or diameter_m > figures.largest_m or any(own.path is not None for own in laid):
        return []
    conflicts = quest.site.in_the_way(quest.dig)
    stretches = stretches_of(trench, _spread_m(trench), conflicts)
    if not stretches:
        return []
    stretch = (stretches[0][0], stretches[-1][1])
    search = quest.figures.search
    first_m = round(figures.cover_m + diameter_m / 2, 2)
    make = partial(_bored, quest, trench, stretch, diameter_m)
    if not _has_room(quest, make(first_m)):
        return []
    return [quest.scan(make, Span(first_m, search.deepest_bore_m, search.bore_step_m))]


def _has_room(quest: Quest, idea: Idea | None) -> bool:
    """Whether pits and the rest of the trench are worth a bore: deeper pits meet what these meet, and more."""
    if idea is None:
        return False
    pits = rebuild(idea.dig, tuple(part for part in idea.dig.parts if not isinstance(part, Bore)), ())
    trial = quest.try_idea(replace(idea, dig=pits))
    return trial is not None and (trial.score.is_clear or quest.improves(trial))


def _bored(quest: Quest, trench: Trench, stretch: Stretch, diameter_m: float, axis_m: float) -> Idea | None:
    figures, axis_m = quest.figures.bore, round(axis_m, 2)
    dig = bore_under(quest.dig, trench, stretch, (axis_m, diameter_m), (figures, quest.site.book.bedding))
    if dig is None:
        return None
    length_m = round(stretch[1] - stretch[0], 1)
    return Idea(
        change=Change.BORE,
        text=wording.bored(stretch, axis_m, diameter_m),
        amount_m=length_m,
        figures={"axis_m": axis_m, "diameter_m": diameter_m, "length_m": length_m},
        dig=dig,
        caveats=(figures.source, *quest.gravity, *quest.silent),
    )
