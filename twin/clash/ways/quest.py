"""A conflicted dig and the search for changes that clear it: what was tried, and what is worth a full check."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass, field
from time import monotonic
from typing import TYPE_CHECKING

import numpy as np

from twin.clash.ways import wording

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

    import shapely

    from twin.clash.accuracy import Wording
    from twin.clash.dig import PlannedDig
    from twin.clash.proposal import Change
    from twin.clash.ways.figures import Figures
    from twin.clash.ways.site import Score, Site, Trial

    type Make = Callable[[float], Idea | None]

_GRAVITY = ("wastewater", "storm", "combined")
# So many clear changes are kept, should the full check not bear out the first.
_KEPT = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Idea:
    """A change that is worth a check; `amount_m` is how great it is, `exposed` how much must be dug out by hand."""

    change: Change
    text: Wording
    amount_m: float
    figures: Mapping[str, float]
    dig: PlannedDig
    caveats: tuple[Wording, ...] = ()
    hand_dug: shapely.Geometry | None = None
    exposed: int = 0
    # Of several changes at once; None where kind and amount say it.
    cost: float | None = None


type Line = tuple[Idea, ...]
"""What one kind of change came to in one direction, in the order in which it is to be checked."""


@dataclass(frozen=True, slots=True)
class Span:
    """Amounts to try, in metres: in coarse steps, and in fine ones back from the first that is clear."""

    first: float
    last: float
    coarse: float
    fine: float | None = None

    def amounts(self) -> Iterator[float]:
        return _steps(self.first, self.coarse, self.last)

    def finer(self, amount: float) -> Iterator[float]:
        return (
            iter(()) if self.fine is None else _steps(amount - self.coarse + self.fine, self.fine, amount - self.fine)
        )


class Exhausted(Exception):
    """There was more to try than is allowed."""


@dataclass(slots=True)
class Quest:
    """A conflicted dig, how it stands, and the field in which changes of it are tried."""

    dig: PlannedDig
    base: Trial
    site: Site
    figures: Figures
    # Its greatest depth below the ground, None where that is not known.
    depth_m: float | None = None
    started: float = field(default_factory=monotonic)
    trials: int = 0
    # Within an allowance of its own: so many trials, until when.
    allowance: tuple[int, float] | None = None
    # Trials that were made within one.
    apart: int = 0
    # Whether a street was found that has another side.
    crossed: bool = False

    def try_idea(self, idea: Idea, site: Site | None = None) -> Trial | None:
        """Raises: Exhausted."""
        if self._is_over():
            raise Exhausted
        self.trials += 1
        return (site or self.site).try_dig(idea.dig)

    @contextmanager
    def allowing(self, trials: int, seconds: float) -> Iterator[None]:
        """So many trials and seconds, which do not count for the rest of the search."""
        begun, before = monotonic(), self.trials
        self.allowance = before + trials, begun + seconds
        try:
            yield
        finally:
            self.allowance = None
            self.apart += self.trials - before
            self.started += monotonic() - begun

    def _is_over(self) -> bool:
        limits = self.figures.search
        most, until = self.allowance or (limits.most_trials + self.apart, self.started + limits.longest_s)
        return self.trials >= most or monotonic() > until

    def improves(self, trial: Trial) -> bool:
        """Whether nothing is hit for sure and no rule is broken any more; where that was so before, half is settled."""
        score, before = trial.score, self.base.score
        if score.definite or score.broken or not trial.open < self.base.open:
            return False
        return (
            bool(before.definite or before.broken) or 2 * (score.open + score.unproven) <= before.open + before.unproven
        )

    def scan(self, make: Make, span: Span, site: Site | None = None) -> Line:
        """The first amounts that are clear; else the least that helps."""
        clear: list[Idea] = []
        partly: list[tuple[Score, Idea]] = []
        for amount in span.amounts():
            idea = make(amount)
            trial = None if idea is None else self.try_idea(idea, site)
            if idea is None or trial is None:
                continue
            if trial.score.is_clear:
                clear += [idea, *(() if clear else self._clear_of(map(make, span.finer(amount)), site))]
            elif not clear and self.improves(trial):
                partly.append((trial.score, idea))
            if len(clear) >= _KEPT:
                break
        if clear:
            return tuple(sorted(clear, key=lambda idea: idea.amount_m)[:_KEPT])
        return tuple(idea for _, idea in sorted(partly, key=lambda each: (each[0], each[1].amount_m))[:1])

    def _clear_of(self, made: Iterable[Idea | None], site: Site | None) -> Iterator[Idea]:
        for idea in made:
            trial = None if idea is None else self.try_idea(idea, site)
            if idea is not None and trial is not None and trial.score.is_clear:
                yield idea

    def span(self, last_m: float) -> Span:
        search = self.figures.search
        return Span(search.step_m, last_m, search.step_m, search.fine_m)

    @property
    def silent(self) -> tuple[Wording, ...]:
        """What must be said where nobody says what is laid."""
        return () if self.dig.works.laid else (wording.NOTHING_LAID,)

    @property
    def gravity(self) -> tuple[Wording, ...]:
        return (wording.GRAVITY,) if any(own.discipline in _GRAVITY for own in self.dig.works.laid) else ()


def _steps(first: float, step: float, last: float) -> Iterator[float]:
    count = int(np.floor((last - first) / step + 1e-9)) + 1
    return (round(first + i * step, 6) for i in range(count))
