"""Small changes of a dig, the smallest first: moved, narrowed, shored, less deep."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

import numpy as np
import shapely

from twin.clash.compass import compass
from twin.clash.dig import Bore, Depth
from twin.clash.proposal import Change
from twin.clash.ways import wording
from twin.clash.ways.moves import as_trench, heading, lift, narrow, rebuild, shift, shore
from twin.clash.ways.quest import Idea

if TYPE_CHECKING:
    from twin.clash.dig import Trench
    from twin.clash.solids import Floats
    from twin.clash.ways.quest import Line, Quest

# What is shorter is moved along itself, too.
_SHORT_M = 3.0


def sideways(quest: Quest) -> list[Line]:
    """Shifts to both sides; of what is about as wide as long, to all four."""
    ahead = heading(quest.dig)
    left = np.array([-ahead[1], ahead[0]])
    ways = [left, -left]
    if as_trench(quest.dig) is None or quest.dig.polygon.length < 4 * _SHORT_M:
        ways += [ahead, -ahead]
    farthest = quest.figures.search.farthest_shift_m
    return [quest.scan(partial(_shifted, quest, way), quest.span(farthest)) for way in ways]


def _shifted(quest: Quest, way: Floats, by_m: float) -> Idea:
    moved = shift(quest.dig, way * by_m)
    return Idea(
        change=Change.SHIFT,
        text=wording.shifted(by_m, compass(*way.tolist())),
        amount_m=by_m,
        figures={"shift_m": by_m, "east_m": round(float(way[0]) * by_m, 3), "north_m": round(float(way[1]) * by_m, 3)},
        dig=moved,
        caveats=(wording.ENDS, *quest.silent),
    )


def narrower(quest: Quest) -> list[Line]:
    """From both sides, and from either."""
    trench = as_trench(quest.dig)
    if trench is None:
        return []
    ahead = heading(quest.dig)
    most_m = trench.width_m - least_width_m(quest, trench)
    sides = (np.zeros(2), np.array([-ahead[1], ahead[0]]), np.array([ahead[1], -ahead[0]]))
    return [quest.scan(partial(_narrowed, quest, trench, side), quest.span(most_m)) for side in sides]


def least_width_m(quest: Quest, trench: Trench) -> float:
    laid_m = max((own.size_m[0] for own in quest.dig.works.laid), default=None)
    depth_m = trench.bottom.below_ground_m if isinstance(trench.bottom, Depth) else None
    return quest.figures.narrowest.width_m(laid_m, depth_m)


def _narrowed(quest: Quest, trench: Trench, side: Floats, by_m: float) -> Idea:
    width_m = round(trench.width_m - by_m, 3)
    line = shapely.transform(trench.line, lambda points: points + side * by_m / 2)
    dig = rebuild(quest.dig, (narrow(replace(trench, line=line), width_m),))
    return Idea(
        change=Change.NARROW,
        text=wording.narrowed(trench.width_m, width_m, float(abs(side).max()), compass(*side.tolist())),
        amount_m=by_m,
        figures={"width_m": width_m, "narrower_m": by_m},
        dig=dig,
        caveats=(quest.figures.narrowest.source, *quest.silent),
    )


def steeper(quest: Quest) -> list[Line]:
    working_m = quest.figures.shoring_m
    dig = shore(quest.dig, working_m)
    if dig is None:
        return []
    idea = Idea(
        change=Change.SHORE, text=wording.shored(working_m), amount_m=0.0, figures={"working_m": working_m}, dig=dig
    )
    trial = quest.try_idea(idea)
    return [(idea,)] if trial is not None and (trial.score.is_clear or quest.improves(trial)) else []


def at_other_depth(quest: Quest) -> list[Line]:
    """Less deep; what is bored throughout also deeper."""
    dig, search = quest.dig, quest.figures.search
    is_bored = all(isinstance(part, Bore) for part in dig.parts)
    most_m = (quest.depth_m or 0.0) - search.least_depth_m
    lines = [quest.scan(partial(_lifted, quest), quest.span(most_m))]
    if is_bored:
        lines.append(quest.scan(lambda by: _lifted(quest, -by), quest.span(search.deepest_bore_m)))
    return lines


def _lifted(quest: Quest, by_m: float) -> Idea | None:
    dig = lift(quest.dig, by_m)
    if dig is None:
        return None
    is_bored = all(isinstance(part, Bore) for part in dig.parts)
    return Idea(
        change=Change.DEPTH,
        text=wording.raised_bore(by_m) if is_bored else wording.lifted(by_m),
        amount_m=abs(by_m),
        figures={"higher_m": by_m, **({} if dig.depth_m is None else {"depth_m": dig.depth_m})},
        dig=dig,
        caveats=(*quest.gravity, *quest.silent),
    )
