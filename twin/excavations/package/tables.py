"""The tables of the package: objects, owners, and the facts of the dig, in words."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from twin.clash.chance_words import tell_chance
from twin.clash.outcome import REASONS, Outcome
from twin.excavations.package.captions import describe
from twin.excavations.package.lettering import compose

if TYPE_CHECKING:
    from collections.abc import Mapping

    from twin.clash.report import Clash, ClashReport
    from twin.excavations.package.sections import Survey
    from twin.excavations.package.words import Words

OBJECT_COLUMNS = (
    "number",
    "object",
    "owner",
    "crown",
    "cover",
    "plan_gap",
    "vertical_gap",
    "space_gap",
    "accuracy",
    "why",
)


@dataclass(frozen=True, slots=True)
class Contact:
    """Whom to ask at an owner's, as the city knows it."""

    phone: str | None = None
    email: str | None = None
    note: str | None = None

    @property
    def text(self) -> str:
        return " · ".join(compose(detail) for detail in (self.phone, self.email, self.note) if detail)


@dataclass(frozen=True, slots=True)
class ObjectRow:
    """One object in words; `cells` in the order of `OBJECT_COLUMNS`, `sections` that show it."""

    number: int
    outcome: Outcome
    cells: tuple[str, ...]
    source: str
    sections: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class OwnerRow:
    """An owner in reach, with the numbers of its objects and the worst of their outcomes."""

    owner: str | None
    numbers: tuple[int, ...]
    worst: Outcome
    disciplines: tuple[str, ...]
    contact: Contact | None


def list_objects(survey: Survey, words: Words) -> list[ObjectRow]:
    shown: dict[int, list[str]] = {}
    for section in survey.across:
        for number in section.conflicts:
            shown.setdefault(number, []).append(section.name)
    return [
        _object_row(survey, number, tuple(shown.get(number, ())), words)
        for number in range(1, len(survey.report.clashes) + 1)
    ]


def _object_row(survey: Survey, number: int, sections: tuple[str, ...], words: Words) -> ObjectRow:
    clash, facts = survey.clash(number), survey.facts[number - 1]
    crown = "?" if facts.crown_m is None else words.number(facts.crown_m)
    cover = "?" if facts.cover_m is None else words.number(facts.cover_m)
    cells = (
        str(number),
        _name(clash, words),
        compose(clash.owner) if clash.owner else words.say("owner_unknown"),
        crown,
        cover,
        words.number(clash.plan_gap_m),
        *("–" if gap is None else words.number(gap) for gap in (clash.vertical_gap_m, clash.gap_m)),
        _accuracy(clash, words),
        _why(clash, words),
    )
    return ObjectRow(number, clash.outcome, cells, _source(clash), sections)


def _why(clash: Clash, words: Words) -> str:
    """The reason, the probability, and what makes the record doubtful: a position drawn as a scheme, an old survey."""
    texts = [words.wording(REASONS[clash.reason])]
    if clash.chance is not None:
        texts.append(words.say("chance", figure=words.wording(tell_chance(clash.chance))))
    if clash.record.schematic:
        texts.append(words.say("schematic"))
    if clash.age is not None and clash.age.text is not None:
        texts.append(f"{words.wording(clash.age.text)[0].upper()}{words.wording(clash.age.text)[1:]}.")
    return " ".join(texts)


def _name(clash: Clash, words: Words) -> str:
    """The object with what it carries, its state where that is not "in service", and its owner's number."""
    record = clash.record
    volts = None if record.voltage_v is None else f"{words.number(record.voltage_v / 1000, 1)} kV"
    bars = None if record.pressure_bar is None else f"{words.number(record.pressure_bar, 1)} bar"
    ducts = None if record.ducts is None else words.say("ducts", count=record.ducts)
    state = None if clash.status in ("in_service", "unknown") else words.name("status", clash.status)
    parts = (describe(clash, words), volts, bars, ducts, state, compose(record.owner_ref or "") or None)
    return ", ".join(part for part in parts if part)


def _accuracy(clash: Clash, words: Words) -> str:
    vertical = clash.accuracy.vertical_m
    up = "?" if vertical is None else words.number(vertical)
    return f"±{words.number(clash.accuracy.horizontal_m)} / ±{up}"


def _source(clash: Clash) -> str:
    if clash.source_file is None:
        return "–"
    row = "" if clash.source_row is None else f" #{clash.source_row}"
    return compose(f"{clash.source_file}{row}")


def list_owners(report: ClashReport, contacts: Mapping[str, Contact]) -> list[OwnerRow]:
    """The owners of all objects in reach, the worst concerned first, then those known to be here without records."""
    owned: dict[str | None, list[int]] = {}
    for number, clash in enumerate(report.clashes, start=1):
        owned.setdefault(compose(clash.owner) if clash.owner else None, []).append(number)
    order = list(Outcome)
    rows = []
    for owner, numbers in owned.items():
        clashes = [report.clashes[number - 1] for number in numbers]
        worst = min((clash.outcome for clash in clashes), key=order.index)
        disciplines = tuple(dict.fromkeys(clash.discipline for clash in clashes))
        rows.append(OwnerRow(owner, tuple(numbers), worst, disciplines, contacts.get(owner or "")))
    rows.sort(key=lambda row: (order.index(row.worst), row.numbers[0]))
    silent = (compose(silence.owner) for silence in report.census.silences)
    return rows + [OwnerRow(owner, (), Outcome.UNKNOWN, (), contacts.get(owner)) for owner in silent]


def list_facts(survey: Survey, words: Words) -> list[tuple[str, str]]:
    """What the dig is: sizes, levels, place."""
    report = survey.report
    x, y = report.polygon.centroid.coords[0]
    facts = [("depth_asked", words.metres(report.depth_m))] if report.depth_m is not None else []
    facts += [
        ("size", words.say("size_of", length=words.number(survey.alignment.length_m),
                           area=words.number(report.polygon.area, 1))),
        ("ground", _range(report.ground_m, words)),
        ("bottom", _range(report.bottom_m, words)),
        ("place", words.say("place_of", east=words.number(x), north=words.number(y), code=report.crs.code)),
    ]  # fmt: skip
    return [(words.say(name), text) for name, text in facts]


def _range(levels_m: tuple[float, float] | None, words: Words) -> str:
    if levels_m is None:
        return words.say("level_unknown")
    low, high = (words.number(level) for level in levels_m)
    return f"{low} m" if low == high else f"{low} … {high} m"


def verdict(report: ClashReport, words: Words) -> tuple[str, str]:
    """The answer in one line, and what to do."""
    says, advice = _answer(report, words)
    demands = report.surroundings.counts["demands"] if report.surroundings else 0
    return says, f"{advice} {words.say('demands', count=demands)}" if demands else advice


def _answer(report: ClashReport, words: Words) -> tuple[str, str]:
    counts = report.counts
    if counts["definite"]:
        return words.say("verdict_hit", count=counts["definite"]), words.say("advice_hit")
    if _is_forbidden(report):
        return words.say("verdict_forbidden"), words.say("advice_hit")
    if open_ := counts["possible"] + counts["unknown"]:
        return words.say("verdict_open", count=open_), words.say("advice_open")
    if unproven := sum(not laying.is_proven for laying in report.layings):
        return words.say("verdict_rules", count=unproven), words.say("advice_hit")
    if not report.is_clear:
        return words.say("verdict_unproven"), words.say("advice_open")
    return words.say("verdict_clear"), words.say("advice_clear")


def _is_forbidden(report: ClashReport) -> bool:
    return report.surroundings is not None and report.surroundings.is_forbidden


def verdict_kind(report: ClashReport) -> str:
    """One of "definite", "open" and "clear": the colour of the answer."""
    if report.counts["definite"] or _is_forbidden(report):
        return "definite"
    return "clear" if report.is_clear else "open"
