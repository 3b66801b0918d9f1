"""Planned excavations against the whole city: from a polygon and a depth to the report, for one dig or for many."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from itertools import batched
from math import inf
from typing import TYPE_CHECKING, NamedTuple

from shapely.errors import ShapelyError

from layers.candidates import Asked, Drawn, Recorded, look_around
from layers.crs import CrsMismatch
from layers.errors import Invalid, Sentence, TwinError, Unavailable, say
from layers.roads import has_traffic
from twin.clash.accuracy import read_accuracies
from twin.clash.clearance import Candidate, Street, find_duties, judge_laid
from twin.clash.digest import Digest, digest, name_open
from twin.clash.floors import assume_ground, lay_excavation
from twin.clash.outcome import OUTCOMES, Outcome, conclude, open_judge
from twin.clash.records import read_body, read_utility, state
from twin.clash.report import Census, Clash, ClashReport
from twin.clash.rulefile import read_rules
from twin.clash.terrain import Soundings, read_terrains

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from layers.candidates import Near
    from layers.database import Connection
    from layers.terrain import Ground
    from twin.clash.accuracy import Wording
    from twin.clash.clearance import Laying
    from twin.clash.dig import PlannedDig
    from twin.clash.kernel.judgement import Judgement
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
        yield from desk.answer(block, desk.report, Recorded)


def digest_many(
    connection: Connection, ground: Ground, digs: Iterable[PlannedDig], book: RuleBook | None = None
) -> Iterator[Digest | TwinError]:
    """What `check_many` answers, in brief and in two thirds of its time."""
    desk = _Desk(connection, ground, book or read_rules())
    for block in batched(digs, _BLOCK, strict=False):
        if any(dig.works.laid for dig in block):
            yield from map(_brief, desk.answer(block, desk.report, Recorded))
        else:
            yield from desk.answer(block, desk.digest, Drawn)


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

    def answer[T, Row: (Recorded, Drawn)](
        self, digs: Sequence[PlannedDig], conclude: Callable[[_Site, Near[Row]], T], kind: type[Row]
    ) -> Iterator[T | TwinError]:
        """A conclusion or a refusal for each dig."""
        sites = [
            self._try_out(dig, terrain)
            for dig, terrain in zip(
                digs, read_terrains([dig.parts for dig in digs], self.ground.elevations), strict=True
            )
        ]
        asked = [self._ask(dig, site) for dig, site in zip(digs, sites, strict=True)]
        for dig, site, near in zip(digs, sites, look_around(self.connection, asked, kind), strict=True):
            refusal = site if isinstance(site, CrsMismatch) else self._refuse(dig, near)
            if refusal is None and isinstance(site, _Site):
                yield conclude(site, near)
            elif refusal is not None:
                yield refusal
            elif isinstance(site, TwinError):
                yield site

    @staticmethod
    def _refuse(dig: PlannedDig, near: Near[Recorded] | Near[Drawn]) -> TwinError | None:
        if near.is_within is False:
            return Invalid(
                Sentence(
                    f"'{dig.name}' reaches beyond the city's boundary, where nothing is recorded: cut it there",
                    f"'{dig.name}' vượt ranh giới thành phố, nơi không có hồ sơ: hãy cắt tại ranh giới",
                )
            )
        if not near.lines:
            return Unavailable(
                Sentence(
                    "no utility lines are loaded: import them first, an empty city has no clear ground",
                    "chưa nạp đường ống hay cáp nào: hãy nạp hồ sơ trước, thành phố trống không có nghĩa là an toàn",
                )
            )
        return None

    def _try_out(self, dig: PlannedDig, terrain: Terrain) -> _Site | TwinError:
        try:
            return self.lay_out(dig, terrain)
        except CrsMismatch as refusal:
            return refusal
        except Invalid as refusal:
            return Invalid(*(Sentence(fault, say(fault, "vi")).about(dig.name) for fault in refusal.faults))
        except (ValueError, ShapelyError) as fault:
            return Invalid(f"'{dig.name}': {fault}")

    def lay_out(self, dig: PlannedDig, terrain: Terrain) -> _Site:
        """The dig over its ground. Raises: CrsMismatch, Invalid, ValueError."""
        storage = self.ground.storage
        if dig.crs != storage:
            raise CrsMismatch(f"the dig is in {dig.crs.code}, the city in {storage.code}: transform it first")
        known = terrain if terrain.is_known else terrain.levelled(assume_ground(dig.parts))
        return _Site(dig, terrain, lay_excavation(dig.parts, known))

    def _ask(self, dig: PlannedDig, site: _Site | TwinError) -> Asked:
        """Of what cannot be dug only whether it lies in the city."""
        if isinstance(site, TwinError):
            return Asked(dig.polygon, 0.0, 0.0)
        return Asked(site.excavation.footprint, self._margin_m(dig, site.excavation), NEARBY_M)

    def _margin_m(self, dig: PlannedDig, excavation: Excavation) -> float:
        near_m = max(self._nearby_m, self.book.reach_m if dig.works.laid else 0.0)
        # A corner of a piece may be measured as far as a mitre goes, which its dig does not open.
        near_m += max((floor.spread_m for floor in excavation.floors), default=0.0)
        depth_m = excavation.ground_m - excavation.bottom_m[0]
        return near_m + read_accuracies().search_margin_m(depth_m + _DEEPEST_M)

    @property
    def _nearby_m(self) -> float:
        return max(NEARBY_M, self.book.zone_reach_m)

    def report(self, site: _Site, near: Near[Recorded]) -> ClashReport:
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

    def digest(self, site: _Site, near: Near[Drawn]) -> Digest:
        """The same in brief; what is clear is not measured any further."""
        found = Counter({Outcome.UNKNOWN: len(near.silences)})
        told = []
        for record, judgement, _ in _judge(site, near.found, self._nearby_m, measured_m=0.0):
            outcome = OUTCOMES[judgement.outcome]
            found[outcome] += 1
            if outcome is not Outcome.CLEAR:
                told.append(name_open(record, judgement))
        told.sort(key=lambda each: (_ORDER[each.outcome], each.plan_gap_m))
        return Digest(
            name=site.dig.name,
            is_clear=near.has_boundary and not near.silences and not told,
            counts={outcome.value: found[outcome] for outcome in Outcome},
            open=tuple(told),
            silent=tuple(silence.owner for silence in near.silences),
            has_ground=site.terrain.is_known,
            has_boundary=near.has_boundary,
            incomplete_files=near.incomplete_files,
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


def _brief(answer: ClashReport | TwinError) -> Digest | TwinError:
    return answer if isinstance(answer, TwinError) else digest(answer)


def _assess(site: _Site, records: list[Recorded], nearby_m: float) -> Iterator[tuple[Recorded, Assessment]]:
    """Each object that is not clear or this near, as the dig meets it."""
    for record, found, source in _judge(site, records, nearby_m, nearby_m):
        yield record, conclude(record.id, found, source)


def _judge[Row: (Recorded, Drawn)](
    site: _Site, records: list[Row], nearby_m: float, measured_m: float
) -> Iterator[tuple[Row, Judgement, Wording]]:
    """The same as the kernel tells it, with who promises the accuracy.

    What is clear by its plan distance is measured in space within `measured_m`.
    """
    table, heights = read_accuracies(), site.terrain.is_known
    judge = open_judge(site.excavation, table, measured_m)
    for record in records:
        promise, source = table.find_promise(state(record))
        found = judge.meet(read_body(record, heights=heights), promise, nearby_m)
        if found is not None:
            yield record, found, source
