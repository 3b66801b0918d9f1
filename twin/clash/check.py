"""Planned excavations against the whole city: from a polygon and a depth to the report, for one dig or for many."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import batched
from typing import TYPE_CHECKING

from layers.candidates import Area, find_near
from layers.coverage import read_coverage
from layers.crs import CrsMismatch
from layers.errors import Invalid, TwinError, Unavailable
from layers.owner_areas import find_silences
from layers.roads import has_traffic
from twin.clash.accuracy import read_accuracies
from twin.clash.clearance import Candidate, Street, find_duties, judge_laid
from twin.clash.floors import assume_ground, lay_excavation
from twin.clash.kernel.judgement import CLEAR
from twin.clash.outcome import Outcome, conclude, open_judge
from twin.clash.records import read_body, state, to_utility
from twin.clash.report import Census, Clash, ClashReport
from twin.clash.rulefile import read_rules
from twin.clash.terrain import Soundings, read_terrain

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from layers.candidates import Recorded
    from layers.coverage import Coverage
    from layers.database import Connection
    from layers.terrain import Ground
    from twin.clash.clearance import Laying
    from twin.clash.dig import PlannedDig
    from twin.clash.rulebook import RuleBook
    from twin.clash.solids import Excavation
    from twin.clash.terrain import Terrain

# What is found this near is reported even when it is clear.
NEARBY_M = 2.0
# No utility is looked for deeper than this below the bottom: accuracy that grows with depth ends there.
_DEEPEST_M = 15.0
_ORDER = {outcome: place for place, outcome in enumerate(Outcome)}
# So many digs share their queries: enough to forget what a query costs, few enough to keep their rows in memory.
_BLOCK = 64


def check(connection: Connection, ground: Ground, dig: PlannedDig, book: RuleBook | None = None) -> ClashReport:
    """What the dig would hit, may hit, and what is near it, held to the rules of a book, by default the project's.

    Raises: CrsMismatch where the dig's CRS is not the city's; Invalid outside the city; Unavailable where no
    utilities were loaded, for then nothing could be anything but clear.
    """
    desk = _Desk(connection, ground, book or read_rules(), read_coverage(connection, [dig.polygon]))
    site = desk.lay_out(dig, desk.coverage.within[0])
    return desk.report(site, find_near(connection, site.area))


def check_many(
    connection: Connection, ground: Ground, digs: Iterable[PlannedDig], book: RuleBook | None = None
) -> Iterator[ClashReport | TwinError]:
    """The reports of many digs in their order, in place of a report what `check` would raise; queries are shared.

    Digs that follow each other near by are read with less effort than those that jump about the city.
    """
    for block in batched(digs, _BLOCK, strict=False):
        coverage = read_coverage(connection, [dig.polygon for dig in block])
        desk = _Desk(connection, ground, book or read_rules(), coverage)
        yield from desk.answer(block)


@dataclass(frozen=True, slots=True)
class _Site:
    """A dig laid out in the ground, and where utilities count."""

    dig: PlannedDig
    terrain: Terrain
    excavation: Excavation
    area: Area


@dataclass(frozen=True, slots=True)
class _Desk:
    """What all digs of a moment are held against."""

    connection: Connection
    ground: Ground
    book: RuleBook
    coverage: Coverage

    def answer(self, digs: Sequence[PlannedDig]) -> Iterator[ClashReport | TwinError]:
        """A report or a refusal for each dig."""
        sites = [self._try_out(dig, within) for dig, within in zip(digs, self.coverage.within, strict=True)]
        for site in sites:
            yield self.report(site, find_near(self.connection, site.area)) if isinstance(site, _Site) else site

    def _try_out(self, dig: PlannedDig, within: bool | None) -> _Site | TwinError:
        try:
            return self.lay_out(dig, within)
        except TwinError as refusal:
            return refusal

    def lay_out(self, dig: PlannedDig, within: bool | None) -> _Site:
        """The dig over its ground. Raises: as `check` does."""
        storage = self.ground.storage
        if dig.crs != storage:
            raise CrsMismatch(f"the dig is in {dig.crs.code}, the city in {storage.code}: transform it first")
        if within is False:
            raise Invalid(f"'{dig.name}' reaches beyond the city's boundary, where nothing is recorded: cut it there")
        if not self.coverage.lines:
            raise Unavailable("no utility lines are loaded: import them first, an empty city has no clear ground")
        terrain = read_terrain(dig.parts, self.ground.elevations)
        known = terrain if terrain.is_known else terrain.levelled(assume_ground(dig.parts))
        excavation = lay_excavation(dig.parts, known)
        return _Site(dig, terrain, excavation, Area(excavation.footprint, self._margin_m(dig, excavation)))

    def _margin_m(self, dig: PlannedDig, excavation: Excavation) -> float:
        near_m = max(self._nearby_m, self.book.reach_m if dig.works.laid else 0.0)
        depth_m = excavation.ground_m - excavation.bottom_m[0]
        return near_m + read_accuracies().search_margin_m(depth_m + _DEEPEST_M)

    @property
    def _nearby_m(self) -> float:
        return max(NEARBY_M, self.book.zone_reach_m)

    def report(self, site: _Site, rows: list[Recorded]) -> ClashReport:
        """The report of a dig among the rows of what may be near."""
        dig, terrain, excavation = site.dig, site.terrain, site.excavation
        heights = terrain.is_known
        candidates = list(self._meet(site, rows))
        return ClashReport(
            name=dig.name,
            polygon=dig.polygon,
            crs=dig.crs,
            depth_m=dig.depth_m,
            parts=dig.parts,
            excavation=excavation,
            ground_m=(terrain.lowest_m, terrain.highest_m) if heights else None,
            bottom_m=excavation.bottom_m if heights else None,
            clashes=self._sort_out(candidates),
            census=self._census(site),
            soundings=Soundings(terrain, self.ground.elevations, dig.polygon),
            rules=self.book.editions,
            layings=self._judge_laid(dig, candidates),
        )

    def _census(self, site: _Site) -> Census:
        silences = tuple(find_silences(self.connection, site.area.shape, NEARBY_M))
        return Census(self.coverage.has_boundary, self.coverage.incomplete_files, silences)

    def _meet(self, site: _Site, rows: list[Recorded]) -> Iterator[Candidate]:
        """What is not clear, what is near, and what may be near to what is laid."""
        table, nearby_m, heights = read_accuracies(), self._nearby_m, site.terrain.is_known
        judge = open_judge(site.excavation, table, nearby_m)
        is_laid = bool(site.dig.works.laid)
        for index, row in enumerate(rows):
            body = read_body(row, heights=heights)
            promise, source = table.find_promise(state(row))
            if not is_laid and judge.is_beyond(body, promise, nearby_m):
                continue
            found = judge.judge(body, promise)
            if is_laid or found.outcome != CLEAR or found.plan <= nearby_m:
                yield Candidate(row, to_utility(index, row, body, heights=heights), conclude(index, found, source))

    def _sort_out(self, candidates: list[Candidate]) -> tuple[Clash, ...]:
        """What is not clear, and what is near, worst first."""
        told = [
            Clash.of(c.row, c.utility, c.assessment, find_duties(self.book, c))
            for c in candidates
            if c.assessment.outcome is not Outcome.CLEAR or c.assessment.plan_gap_m <= self._nearby_m
        ]
        return tuple(sorted(told, key=lambda clash: (_ORDER[clash.outcome], clash.plan_gap_m)))

    def _judge_laid(self, dig: PlannedDig, candidates: list[Candidate]) -> tuple[Laying, ...]:
        if not dig.works.laid:
            return ()
        traffic = has_traffic(self.connection, dig.polygon, self.book.roads.unknown_width_m)
        return judge_laid(dig, self.book, Street(candidates, self.ground, traffic))
