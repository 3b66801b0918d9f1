"""Planned excavations against the whole city: from a polygon and a depth to the report, for one dig or for many."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import batched
from math import inf
from typing import TYPE_CHECKING, NamedTuple

from shapely.errors import ShapelyError

from layers.candidates import Asked, look_around
from layers.crs import CrsMismatch
from layers.errors import Invalid, TwinError, Unavailable
from layers.roads import has_traffic
from twin.clash.accuracy import read_accuracies
from twin.clash.clearance import Candidate, Street, find_duties, judge_laid
from twin.clash.floors import assume_ground, lay_excavation
from twin.clash.kernel.judgement import CLEAR
from twin.clash.outcome import Outcome, conclude, open_judge
from twin.clash.records import read_body, read_utility, state
from twin.clash.report import Census, Clash, ClashReport
from twin.clash.rulefile import read_rules
from twin.clash.terrain import Soundings, read_terrain

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from layers.candidates import Near, Recorded
    from layers.database import Connection
    from layers.terrain import Ground
    from twin.clash.clearance import Laying
    from twin.clash.dig import PlannedDig
    from twin.clash.outcome import Assessment
    from twin.clash.rulebook import RuleBook
    from twin.clash.solids import Excavation
    from twin.clash.terrain import Terrain

# What is found this near is reported even when it is clear.
NEARBY_M = 2.0
# No utility is looked for deeper than this below the bottom: accuracy that grows with depth ends there.
_DEEPEST_M = 15.0
_ORDER = {outcome: place for place, outcome in enumerate(Outcome)}
# So many digs share a query: enough to forget what a query costs, few enough to keep their rows in memory.
_BLOCK = 64


def check(connection: Connection, ground: Ground, dig: PlannedDig, book: RuleBook | None = None) -> ClashReport:
    """What the dig would hit, may hit, and what is near it, held to the rules of a book, by default the project's.

    Raises: CrsMismatch where the dig's CRS is not the city's; Invalid outside the city and where its floor is none;
    Unavailable where no utilities were loaded, for then nothing could be anything but clear.
    """
    (answer,) = check_many(connection, ground, [dig], book)
    if isinstance(answer, TwinError):
        raise answer
    return answer


def check_many(
    connection: Connection, ground: Ground, digs: Iterable[PlannedDig], book: RuleBook | None = None
) -> Iterator[ClashReport | TwinError]:
    """The reports of many digs in their order, in place of a report what `check` would raise; queries are shared.

    Digs that follow each other near by are read with less effort than those that jump about the city.
    """
    desk = _Desk(connection, ground, book or read_rules())
    for block in batched(digs, _BLOCK, strict=False):
        yield from desk.answer(block)


class _Site(NamedTuple):
    """A dig laid out in the ground."""

    dig: PlannedDig
    terrain: Terrain
    excavation: Excavation


@dataclass(frozen=True, slots=True)
class _Desk:
    """What all digs of a moment are held against."""

    connection: Connection
    ground: Ground
    book: RuleBook

    def answer(self, digs: Sequence[PlannedDig]) -> Iterator[ClashReport | TwinError]:
        """A report or a refusal for each dig."""
        sites = [self._try_out(dig) for dig in digs]
        asked = [self._ask(dig, site) for dig, site in zip(digs, sites, strict=True)]
        for dig, site, near in zip(digs, sites, look_around(self.connection, asked), strict=True):
            yield self._answer_one(dig, site, near)

    def _answer_one(self, dig: PlannedDig, site: _Site | TwinError, near: Near) -> ClashReport | TwinError:
        refusal = site if isinstance(site, CrsMismatch) else self._refuse(dig, near)
        if refusal is not None:
            return refusal
        return site if isinstance(site, TwinError) else self.report(site, near)

    @staticmethod
    def _refuse(dig: PlannedDig, near: Near) -> TwinError | None:
        if near.is_within is False:
            return Invalid(f"'{dig.name}' reaches beyond the city's boundary, where nothing is recorded: cut it there")
        if not near.lines:
            return Unavailable("no utility lines are loaded: import them first, an empty city has no clear ground")
        return None

    def _try_out(self, dig: PlannedDig) -> _Site | TwinError:
        try:
            return self.lay_out(dig)
        except TwinError as refusal:
            return refusal
        except (ValueError, ShapelyError) as fault:
            return Invalid(f"'{dig.name}': {fault}")

    def lay_out(self, dig: PlannedDig) -> _Site:
        """The dig over its ground. Raises: CrsMismatch, Invalid, ValueError."""
        storage = self.ground.storage
        if dig.crs != storage:
            raise CrsMismatch(f"the dig is in {dig.crs.code}, the city in {storage.code}: transform it first")
        terrain = read_terrain(dig.parts, self.ground.elevations)
        known = terrain if terrain.is_known else terrain.levelled(assume_ground(dig.parts))
        return _Site(dig, terrain, lay_excavation(dig.parts, known))

    def _ask(self, dig: PlannedDig, site: _Site | TwinError) -> Asked:
        """Of what cannot be dug only whether it lies in the city."""
        if isinstance(site, TwinError):
            return Asked(dig.polygon, dig.polygon, 0.0, 0.0)
        return Asked(dig.polygon, site.excavation.footprint, self._margin_m(dig, site.excavation), NEARBY_M)

    def _margin_m(self, dig: PlannedDig, excavation: Excavation) -> float:
        near_m = max(self._nearby_m, self.book.reach_m if dig.works.laid else 0.0)
        depth_m = excavation.ground_m - excavation.bottom_m[0]
        return near_m + read_accuracies().search_margin_m(depth_m + _DEEPEST_M)

    @property
    def _nearby_m(self) -> float:
        return max(NEARBY_M, self.book.zone_reach_m)

    def report(self, site: _Site, near: Near) -> ClashReport:
        """The report of a dig among what is near."""
        dig, terrain, excavation = site
        heights = terrain.is_known
        return ClashReport(
            name=dig.name,
            polygon=dig.polygon,
            crs=dig.crs,
            depth_m=dig.depth_m,
            parts=dig.parts,
            excavation=excavation,
            ground_m=(terrain.lowest_m, terrain.highest_m) if heights else None,
            bottom_m=excavation.bottom_m if heights else None,
            clashes=self._meet(site, near.found),
            census=Census(near.has_boundary, near.incomplete_files, near.silences),
            soundings=Soundings(terrain, self.ground.elevations, dig.polygon),
            rules=self.book.editions,
            layings=self._judge_laid(site, near.found) if dig.works.laid else (),
        )

    def _meet(self, site: _Site, records: list[Recorded]) -> tuple[Clash, ...]:
        """What is not clear, and what is near, worst first."""
        nearby_m, heights = self._nearby_m, site.terrain.is_known
        told = [
            Clash(record, found, heights, find_duties(self.book, record, found))
            for record, found in _assess(site, records, nearby_m)
        ]
        return tuple(sorted(told, key=lambda clash: (_ORDER[clash.outcome], clash.plan_gap_m)))

    def _judge_laid(self, site: _Site, records: list[Recorded]) -> tuple[Laying, ...]:
        dig, terrain, _ = site
        candidates = [
            Candidate(record, read_utility(record.id, record, heights=terrain.is_known), found)
            for record, found in _assess(site, records, inf)
        ]
        traffic = has_traffic(self.connection, dig.polygon, self.book.roads.unknown_width_m)
        return judge_laid(dig, self.book, Street(candidates, self.ground, traffic))


def _assess(site: _Site, records: list[Recorded], nearby_m: float) -> Iterator[tuple[Recorded, Assessment]]:
    """Each object that is not clear or this near, as the dig meets it."""
    table, heights = read_accuracies(), site.terrain.is_known
    judge = open_judge(site.excavation, table, nearby_m)
    for record in records:
        body = read_body(record, heights=heights)
        promise, source = table.find_promise(state(record))
        if judge.is_beyond(body, promise, nearby_m):
            continue
        found = judge.judge(body, promise)
        if found.outcome != CLEAR or found.plan <= nearby_m:
            yield record, conclude(record.id, found, source)
