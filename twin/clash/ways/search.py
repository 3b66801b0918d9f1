"""The way out of a conflict: small changes of the dig that clear it, each held against the full check."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from layers.errors import TwinError
from layers.surroundings import find_roads
from twin.clash.feature import as_sent
from twin.clash.outcome import Outcome
from twin.clash.proposal import Change, Way, WaysOut
from twin.clash.review import review
from twin.clash.rulebook import Action
from twin.clash.rules import Verdict
from twin.clash.surroundings import Weight
from twin.clash.ways import reasons, wording
from twin.clash.ways.combined import SMALL, combined
from twin.clash.ways.detours import across, along_road, bored, by_hand
from twin.clash.ways.figures import read_figures
from twin.clash.ways.ideas import at_other_depth, narrower, sideways, steeper
from twin.clash.ways.quest import Exhausted, Quest
from twin.clash.ways.site import Site, standing_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from layers.database import Connection
    from layers.surroundings import CutRoad
    from layers.terrain import Ground
    from twin.clash.accuracy import Wording
    from twin.clash.dig import PlannedDig
    from twin.clash.report import ClashReport
    from twin.clash.rulebook import RuleBook
    from twin.clash.surroundings import Matter
    from twin.clash.ways.quest import Idea, Line

# A street whose carriageway lies this far beside the dig has another side for it.
_STREET_M = 8.0
# A parcel counts again where so much more of it is entered.
_MORE_M2 = 0.05
_WEIGHTY = (Weight.FORBIDS, Weight.DEMANDS, Weight.UNKNOWN)


def is_conflicted(report: ClashReport) -> bool:
    """Whether an object or a distance of what is laid is not clear: other matters have no way out here."""
    return not standing_of(report).score.is_clear


def find_ways_out(
    connection: Connection, ground: Ground, dig: PlannedDig, book: RuleBook, report: ClashReport
) -> WaysOut | None:
    """Changes that clear a conflicted dig, best first; None where nothing is in conflict. `report` is its review."""
    if not is_conflicted(report):
        return None
    return _Scout(connection, ground, book, report, dig).explore()


class _Scout:
    """One search: its trials are many and cheap, its full checks few."""

    def __init__(
        self, connection: Connection, ground: Ground, book: RuleBook, report: ClashReport, dig: PlannedDig
    ) -> None:
        self.connection, self.ground, self.book, self.report = connection, ground, book, report
        figures = read_figures()
        margin_m = max(figures.search.farthest_shift_m, figures.bore.beyond_m)
        site = Site(connection, ground, dig.polygon.buffer(margin_m), book)
        self.quest = Quest(dig, standing_of(report), site, figures, _depth_m(report))
        self.checks = 0
        self.before = {(m.kind, m.feature_id): m for m in report.surroundings.matters} if report.surroundings else {}

    def explore(self) -> WaysOut:
        ways: list[Way] = []
        without: list[tuple[Change, Wording]] = []
        is_exhausted = False
        for change in Change:
            if change is Change.COMBINED and any(way.is_clear and way.change in SMALL for way in ways):
                continue
            refusals: list[Wording] = []
            try:
                found = [way for line in self._lines(change) if (way := self._check(line, refusals)) is not None]
            except Exhausted:
                is_exhausted = True
                without.append((change, reasons.EXHAUSTED))
                continue
            ways += found
            if not found:
                without.append((change, refusals[0] if refusals else reasons.explain(change, self.quest)))
        ways.sort(key=lambda way: way.rank)
        return WaysOut(tuple(ways), tuple(without), self.quest.trials, self.checks, is_exhausted)

    def _lines(self, change: Change) -> list[Line]:
        makers: dict[Change, Callable[[], list[Line]]] = {
            Change.NARROW: lambda: narrower(self.quest),
            Change.SHORE: lambda: steeper(self.quest),
            Change.SHIFT: lambda: sideways(self.quest),
            Change.DEPTH: lambda: at_other_depth(self.quest),
            Change.COMBINED: lambda: combined(self.quest),
            Change.HAND: lambda: by_hand(self.quest),
            Change.SIDE: lambda: across(self.quest, self._street(), self._site_around),
            Change.BORE: lambda: bored(self.quest),
        }
        return _distinct(makers[change]())

    def _street(self) -> CutRoad | None:
        near = self.quest.dig.polygon.buffer(_STREET_M)
        return along_road(self.quest.dig, find_roads(self.connection, near, self.book.roads.unknown_width_m))

    def _site_around(self, dig: PlannedDig) -> Site:
        return Site(self.connection, self.ground, dig.polygon.buffer(_STREET_M), self.book)

    def _check(self, line: Line, refusals: list[Wording]) -> Way | None:
        """The first idea that the full check bears out. Raises: Exhausted."""
        for thought in line:
            request, dig = as_sent(thought.dig)
            idea = replace(thought, dig=dig)
            if self.checks >= self.quest.figures.search.most_checks:
                raise Exhausted
            self.checks += 1
            try:
                checked = review(self.connection, self.ground, idea.dig, self.book)
            except TwinError as error:
                refusals.append(reasons.refused(idea, error.message))
                continue
            brings = tuple(self._brought(checked))
            if any(matter.weight is Weight.FORBIDS for matter in brings):
                refusals.append(reasons.forbidden(idea, brings))
            elif self._holds(idea, checked):
                return replace(self._propose(idea, checked, brings), request=request)
            else:
                refusals.append(reasons.not_borne_out(idea))
        return None

    def _holds(self, idea: Idea, checked: ClashReport) -> bool:
        if idea.change is Change.HAND:
            by_hand = any(duty.zone.action is Action.HAND_DIG for clash in checked.clashes for duty in clash.duties)
            return not by_hand and all(clash.outcome is Outcome.CLEAR for clash in checked.clashes)
        standing = standing_of(checked)
        return standing.score.is_clear or self.quest.improves(standing)

    def _propose(self, idea: Idea, checked: ClashReport, brings: tuple[Matter, ...]) -> Way:
        figures = self.quest.figures
        burden = sum(figures.burden(matter.kind) for matter in brings)
        return Way(
            change=idea.change,
            text=idea.text,
            figures=idea.figures,
            cost=(figures.cost(idea.change, idea.amount_m) if idea.cost is None else idea.cost) + burden,
            dig=idea.dig,
            leaves=self._leaves(idea, checked),
            brings=brings,
            caveats=(*idea.caveats, *_missing_covers(idea, checked)),
            hand_dug=idea.hand_dug,
        )

    def _leaves(self, idea: Idea, checked: ClashReport) -> dict[str, int]:
        score = standing_of(checked).score
        unproven = self.quest.base.score.unproven if idea.change is Change.HAND else score.unproven
        left = {
            "possible": checked.counts["possible"],
            "unknown": checked.counts["unknown"],
            "rules": unproven,
            "exposed": idea.exposed,
            "no_boundary": int(not checked.census.has_boundary),
        }
        open_ = {name: count for name, count in left.items() if count}
        return open_ if open_ or checked.is_clear else {"unproven": 1}

    def _brought(self, checked: ClashReport) -> Iterator[Matter]:
        """What a change touches and the dig does not, or touches more of a parcel than that."""
        for matter in checked.surroundings.matters if checked.surroundings else ():
            before = self.before.get((matter.kind, matter.feature_id))
            if matter.weight in _WEIGHTY and (before is None or _is_worse(matter, before)):
                yield matter


def _depth_m(report: ClashReport) -> float | None:
    """As it was asked for, else below the highest ground."""
    if report.depth_m is not None or report.ground_m is None or report.bottom_m is None:
        return report.depth_m
    return report.ground_m[1] - report.bottom_m[0]


def _is_worse(matter: Matter, before: Matter) -> bool:
    weights = list(Weight)
    if weights.index(matter.weight) < weights.index(before.weight):
        return True
    more = matter.facts.get("entered_m2", 0.0) - before.facts.get("entered_m2", 0.0)
    return bool(more > _MORE_M2)


def _missing_covers(idea: Idea, checked: ClashReport) -> Iterator[Wording]:
    """What must be said of another depth where no rule for the cover is known."""
    covers = (cover for laying in checked.layings for cover in laying.covers)
    if idea.change is Change.DEPTH and any(cover.verdict is Verdict.NO_RULE for cover in covers):
        yield wording.NO_COVER_RULE


def _distinct(lines: list[Line]) -> list[Line]:
    """Of one kind the clear ones, each direction its own; narrowed is narrowed, whichever side is kept: the least."""
    filled = [line for line in lines if line]
    if filled and filled[0][0].change in (Change.NARROW, Change.SIDE):
        return [min(filled, key=lambda line: line[0].amount_m)]
    return filled
