"""What rules and surroundings ask, in words: duties, distances of what will be laid, matters, the rules' editions."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from layers.catalog import find_layer
from twin.clash.citing import cite, tell
from twin.clash.rules import Verdict
from twin.clash.surroundings import Kind
from twin.excavations.package.lettering import compose

if TYPE_CHECKING:
    from twin.clash.clearance import Laying
    from twin.clash.report import ClashReport
    from twin.clash.rulebook import Zone
    from twin.clash.rules import Finding
    from twin.clash.works import PlannedUtility
    from twin.excavations.package.words import Words


@dataclass(frozen=True, slots=True)
class DutyRow:
    """What the digger must do near some objects, by which rule."""

    text: str
    numbers: tuple[int, ...]
    notice: str
    rule: str


@dataclass(frozen=True, slots=True)
class DistanceRow:
    """One distance or cover of what will be laid; `number` is that of the object, None of one that is farther off."""

    verdict: Verdict
    number: int | None
    thing: str
    sentence: str


@dataclass(frozen=True, slots=True)
class LaidTable:
    """One thing that will be laid, and its distances, worst first; `kept` more of them are kept."""

    name: str
    rows: tuple[DistanceRow, ...]
    kept: int


@dataclass(frozen=True, slots=True)
class MatterRow:
    """Something else that the dig touches; `letter` is its mark in the plan, empty where it has no place there."""

    letter: str
    weight: str
    kind: str
    text: str
    rule: str


def list_duties(report: ClashReport, words: Words) -> list[DutyRow]:
    """One row a rule, with the objects that it is about."""
    zones: dict[str, Zone] = {}
    numbers: dict[str, list[int]] = {}
    for number, clash in enumerate(report.clashes, start=1):
        for duty in clash.duties:
            key = duty.zone.cited.id
            zones[key] = duty.zone
            numbers.setdefault(key, []).append(number)
    rows = []
    for key, zone in zones.items():
        notice = "" if zone.notice_days is None else words.say("notice", days=zone.notice_days)
        rule = words.wording(cite(zone.cited))
        rows.append(DutyRow(words.wording(zone.text), tuple(dict.fromkeys(numbers[key])), notice, rule))
    return rows


def list_laid(report: ClashReport, words: Words) -> list[LaidTable]:
    """Every distance that is not kept, and how many are."""
    places = {(clash.layer, clash.feature_id): n for n, clash in enumerate(report.clashes, start=1)}
    return [_laid_table(number, laying, places, words) for number, laying in enumerate(report.layings, start=1)]


def _laid_table(number: int, laying: Laying, places: dict[tuple[str, int], int], words: Words) -> LaidTable:
    rows = [_row(cover, None, words.say("cover_of"), words) for cover in laying.covers]
    kept = 0
    for distance in laying.distances:
        if distance.finding.verdict is Verdict.KEPT:
            kept += 1
            continue
        thing = ", ".join(filter(None, (words.name("discipline", distance.discipline), distance.owner)))
        rows.append(_row(distance.finding, places.get((distance.layer, distance.feature_id)), compose(thing), words))
    return LaidTable(name_laid(number, laying.utility, words), tuple(rows), kept)


def _row(finding: Finding, number: int | None, thing: str, words: Words) -> DistanceRow:
    return DistanceRow(finding.verdict, number, thing, words.wording(tell(finding)))


def name_laid(number: int, utility: PlannedUtility, words: Words) -> str:
    """Its mark in the drawings, and what it is."""
    sides = "×".join(f"{side * 1000:.0f}" for side in dict.fromkeys(utility.size_m))
    size = f"Ø{sides}" if utility.is_round else sides
    material = words.name("material", utility.material) if utility.material else None
    name = " ".join(filter(None, (words.name("discipline", utility.discipline), utility.subtype, size, material)))
    return compose(f"L{number}: {name}")


def list_matters(report: ClashReport, words: Words) -> list[MatterRow]:
    if report.surroundings is None:
        return []
    letters = letter_matters(report)
    return [
        MatterRow(
            letters.get(index, ""),
            words.name("weight", matter.weight),
            words.name("matter", matter.kind),
            words.wording(matter.text),
            "" if matter.cited is None else words.wording(cite(matter.cited)),
        )
        for index, matter in enumerate(report.surroundings.matters)
    ]


def letter_matters(report: ClashReport) -> dict[int, str]:
    """Marks a, b, … z, aa, ab … of the matters that have a place of their own in the plan, by their position."""
    if report.surroundings is None:
        return {}
    placed = [i for i, m in enumerate(report.surroundings.matters) if m.shape is not None and m.kind not in UNPLACED]
    return {index: _letters(count) for count, index in enumerate(placed)}


UNPLACED = (Kind.WARD, Kind.HOURS, Kind.CLOSURE, Kind.MORATORIUM)
"""Kinds that are about the whole dig."""


def _letters(count: int) -> str:
    more, last = divmod(count, 26)
    return (_letters(more - 1) if more else "") + chr(ord("a") + last)


def list_not_loaded(report: ClashReport, words: Words) -> str | None:
    """The layers of which nothing is known, in one sentence; None where there is none."""
    if report.surroundings is None or not report.surroundings.not_loaded:
        return None
    titles = [find_layer(name).title for name in report.surroundings.not_loaded]
    return words.say(
        "not_loaded", layers=", ".join(title.vi if words.language == "vi" else title.en for title in titles)
    )


def list_editions(report: ClashReport, words: Words) -> list[str]:
    """The rule files that were held against the dig."""
    return [
        words.say(
            "edition", name=e.name, version=e.version, date=e.date.isoformat(), status=words.name("edition", e.status)
        )
        for e in report.rules
    ]
