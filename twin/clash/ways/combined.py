"""Two small changes at once, where neither alone clears a dig: the cheapest first, bounded in number and time."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from twin.clash.accuracy import Wording
from twin.clash.compass import compass
from twin.clash.dig import Bore
from twin.clash.proposal import Change
from twin.clash.ways import wording
from twin.clash.ways.ideas import least_width_m
from twin.clash.ways.moves import as_trench, heading, lift, narrow, rebuild, shift, shore
from twin.clash.ways.quest import Exhausted, Idea, Span

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from twin.clash.dig import PlannedDig
    from twin.clash.solids import Floats
    from twin.clash.ways.quest import Line, Quest

# What costs more than so many times the cheapest pair is not worth looking for.
_DEARER = 1.5
SMALL = (Change.NARROW, Change.SHORE, Change.SHIFT, Change.DEPTH)


@dataclass(frozen=True, slots=True)
class _Knob:
    """One change that can be turned: the amounts in metres, the changed dig, and its words and figures."""

    change: Change
    amounts: tuple[float, ...]
    turn: Callable[[PlannedDig, float], PlannedDig | None]
    tell: Callable[[float], tuple[Wording, dict[str, float]]]
    caveats: tuple[Wording, ...] = ()


@dataclass(frozen=True, slots=True)
class _Pair:
    """Two knobs with their amounts."""

    first: _Knob
    second: _Knob
    amounts: tuple[float, float]

    def cost(self, quest: Quest) -> float:
        costs = quest.figures.cost
        return costs(self.first.change, self.amounts[0]) + costs(self.second.change, self.amounts[1])

    def make(self, quest: Quest) -> Idea | None:
        dig = self.first.turn(quest.dig, self.amounts[0])
        dig = None if dig is None else self.second.turn(dig, self.amounts[1])
        if dig is None:
            return None
        told = [knob.tell(amount) for knob, amount in zip((self.first, self.second), self.amounts, strict=True)]
        (one, figures), (two, more) = told
        return Idea(
            change=Change.COMBINED,
            text=Wording(en=f"{one.en}; and at once: {two.en}", vi=f"{one.vi}; đồng thời: {two.vi}"),
            amount_m=sum(self.amounts),
            figures={**figures, **more},
            dig=dig,
            caveats=tuple(dict.fromkeys((*self.first.caveats, *self.second.caveats, *quest.silent))),
            cost=self.cost(quest),
        )


def combined(quest: Quest) -> list[Line]:
    """The cheapest pairs that are clear, of different kinds or directions. Raises: Exhausted where none was found."""
    limits = quest.figures.search
    found: list[Line] = []
    with quest.allowing(limits.most_combined, limits.longest_combined_s):
        try:
            found.extend(_search(quest))
        except Exhausted:
            if not found:
                raise
    return found


def _search(quest: Quest) -> Iterator[Line]:
    """Yields each as it is found; ends with those that cost much more than the first. Raises: Exhausted."""
    settled: dict[tuple[int, int], float] = {}
    for pair in sorted(_pairs(quest), key=lambda pair: pair.cost(quest)):
        cost = pair.cost(quest)
        if len(settled) >= quest.figures.search.most_pairs or cost > _DEARER * min(settled.values(), default=cost):
            return
        kinds = id(pair.first), id(pair.second)
        idea = None if kinds in settled else pair.make(quest)
        trial = None if idea is None else quest.try_idea(idea)
        if idea is not None and trial is not None and trial.score.is_clear:
            settled[kinds] = cost
            yield (_refine(quest, pair) or idea, idea)


def _refine(quest: Quest, pair: _Pair) -> Idea | None:
    """The pair with either amount less by fine steps, as long as that is clear."""
    best = None
    for side in (0, 1):
        while (less := _less(quest, pair, side)) is not None:
            idea = less.make(quest)
            trial = None if idea is None else quest.try_idea(idea)
            if idea is None or trial is None or not trial.score.is_clear:
                break
            pair, best = less, idea
    return best


def _less(quest: Quest, pair: _Pair, side: int) -> _Pair | None:
    amounts = list(pair.amounts)
    amounts[side] = round(amounts[side] - quest.figures.search.fine_m, 6)
    return None if amounts[side] <= 0 else _Pair(pair.first, pair.second, (amounts[0], amounts[1]))


def _pairs(quest: Quest) -> Iterator[_Pair]:
    knobs = list(_knobs(quest))
    for i, first in enumerate(knobs):
        for second in knobs[i + 1 :]:
            if first.change is not second.change:
                yield from (_Pair(first, second, (a, b)) for a in first.amounts for b in second.amounts)


def _knobs(quest: Quest) -> Iterator[_Knob]:
    """In the order in which they are turned: a trench is shored and narrowed where it lies, then moved and raised."""
    figures = quest.figures
    if shore(quest.dig, figures.shoring_m) is not None:
        yield _Knob(Change.SHORE, (0.0,), lambda dig, _: shore(dig, figures.shoring_m), _tell_shored(quest))
    trench = as_trench(quest.dig)
    if trench is not None:
        least_m, width_m = least_width_m(quest, trench), trench.width_m
        yield _Knob(
            Change.NARROW,
            _amounts(quest, width_m - least_m),
            _narrowed,
            lambda by: (
                wording.narrowed(width_m, round(width_m - by, 3), 0.0, compass(0.0, 1.0)),
                {"width_m": round(width_m - by, 3), "narrower_m": by},
            ),
            (figures.narrowest.source,),
        )
    ahead = heading(quest.dig)
    for way in (np.array([-ahead[1], ahead[0]]), np.array([ahead[1], -ahead[0]])):
        yield _sideways(quest, way)
    if not any(isinstance(part, Bore) for part in quest.dig.parts):
        most_m = (quest.depth_m or 0.0) - figures.search.least_depth_m
        amounts = _amounts(quest, most_m)
        yield _Knob(Change.DEPTH, amounts, lift, lambda by: (wording.lifted(by), {"higher_m": by}), quest.gravity)


def _tell_shored(quest: Quest) -> Callable[[float], tuple[Wording, dict[str, float]]]:
    working_m = quest.figures.shoring_m
    return lambda _: (wording.shored(working_m), {"working_m": working_m})


def _narrowed(dig: PlannedDig, by_m: float) -> PlannedDig | None:
    trench = as_trench(dig)
    return None if trench is None else rebuild(dig, (narrow(trench, round(trench.width_m - by_m, 3)),))


def _sideways(quest: Quest, way: Floats) -> _Knob:
    east, north = way.tolist()
    return _Knob(
        Change.SHIFT,
        _amounts(quest, quest.figures.search.farthest_shift_m),
        lambda dig, by: shift(dig, way * by),
        lambda by: (
            wording.shifted(by, compass(east, north)),
            {"shift_m": by, "east_m": round(east * by, 3), "north_m": round(north * by, 3)},
        ),
        (wording.ENDS,),
    )


def _amounts(quest: Quest, most_m: float) -> tuple[float, ...]:
    """Steps up to the most, which is one of them."""
    step_m, most_m = quest.figures.search.combined_step_m, round(most_m, 6)
    if most_m <= 0:
        return ()
    return (*(amount for amount in Span(step_m, most_m, step_m).amounts() if amount < most_m), most_m)
