"""How far an object may lie from where its record puts it: quality levels as data, each with its source."""

import hashlib
import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

from twin.clash.kernel.body import UNKNOWN, Promise
from twin.clash.solids import SIZE_M, Quality

_MOST_PROMISES = 10_000
OWN_TABLE = Path(__file__).with_name("accuracy.toml")
_NAME = re.compile(r"(?:(?P<scheme>ASCE|PAS)[\s\d:-]*)?(?:QL[\s-]*)?(?P<level>[A-D][1-4]?)(?:P|\(P\))?")


@dataclass(frozen=True, slots=True)
class Wording:
    """One text in the two languages of the city."""

    en: str
    vi: str


STATED = Wording(en="stated by the owner", vi="chủ sở hữu công bố")


class Accuracy(NamedTuple):
    """How far an object may lie from its record, to each side; without `vertical_m` its depth proves nothing."""

    horizontal_m: float
    vertical_m: float | None
    source: Wording


@dataclass(frozen=True, slots=True, kw_only=True)
class Level:
    """What one quality level promises: fixed metres or a share of the depth, whichever is greater."""

    source: Wording
    horizontal_m: float
    horizontal_share_of_depth: float = 0.0
    vertical_m: float | None = None
    vertical_share_of_depth: float = 0.0

    def __post_init__(self) -> None:
        figures = (self.horizontal_m, self.horizontal_share_of_depth, self.vertical_share_of_depth)
        if not all(0 <= figure <= 100 for figure in (*figures, self.vertical_m or 0.0)):
            raise ValueError(f"level {self.source.en!r} has a figure outside 0 to 100: correct the table")

    @property
    def follows_depth(self) -> bool:
        return self.horizontal_share_of_depth > 0 or self.vertical_share_of_depth > 0

    def at_depth(self, depth_m: float) -> Accuracy:
        depth_m = max(depth_m, 0.0)
        horizontal_m = max(self.horizontal_m, self.horizontal_share_of_depth * depth_m)
        vertical_m = self.vertical_m
        if vertical_m is not None:
            vertical_m = max(vertical_m, self.vertical_share_of_depth * depth_m)
        return Accuracy(horizontal_m, vertical_m, self.source)


@dataclass(frozen=True, slots=True, kw_only=True)
class Staleness:
    """After how many years a survey is too old to be trusted without a second look.

    The first rule whose `levels` and `materials` hold counts; None holds for all.
    """

    source: Wording
    years: float
    levels: tuple[str, ...] | None = None
    materials: tuple[str, ...] | None = None

    def __post_init__(self) -> None:
        if not 0 < self.years <= 200:
            raise ValueError(f"surveys are stale after {self.years} years: give more than 0, up to 200")

    def holds(self, level: str | None, material: str | None) -> bool:
        return (self.levels is None or level in self.levels) and (self.materials is None or material in self.materials)


# What is stated of the quality of an object: its level as its owner calls it, figures in plan and in height.
type Stated = tuple[str | None, float | None, float | None]


@dataclass(frozen=True, slots=True)
class AccuracyTable:
    """The quality levels a city works with, and what stands for an unstated level or section."""

    levels: Mapping[str, Level]
    unstated: Level
    unknown_radius_m: float
    unknown_radius_source: Wording
    confidence: float = 0.95
    confidence_source: Wording = STATED
    stale: tuple[Staleness, ...] = ()
    _promises: dict[Stated, tuple[Promise, Wording]] = field(
        default_factory=dict, init=False, repr=False, compare=False
    )

    def __post_init__(self) -> None:
        if not 0.5 <= self.confidence < 1:
            raise ValueError(f"a confidence of {self.confidence}: give 0.5 to less than 1")
        if not 0 < self.unknown_radius_m <= 100:
            raise ValueError(f"unknown section of {self.unknown_radius_m} m: give a radius above 0, up to 100")

    def find_level(self, name: str | None) -> Level:
        """The level of that name; `unstated` for None and for a name the table does not know."""
        key = self.find_name(name)
        return self.unstated if key is None else self.levels[key]

    def find_name(self, name: str | None) -> str | None:
        """What the table calls a level; None for a name it does not know.

        Spellings such as `QL-B1`, `b1p`, `PAS 128 QL-A` and `ASCE 38-22 QL-D` are understood; a bare letter
        is one of PAS 128.
        """
        if name is None or name in self.levels:
            return name
        key = _read_name(name)
        return key if key in self.levels else None

    def resolve(self, quality: Quality, depth_m: float | None) -> Accuracy:
        """The accuracy of one object at a depth of its axis below ground, None where that is unknown.

        What the owner states as a figure replaces the figure of the level.
        """
        stated = (quality.level, quality.horizontal_accuracy_m, quality.vertical_accuracy_m)
        promise, source = self.find_promise(stated)
        slack_m = (quality.vertical_slack_m, quality.horizontal_slack_m)
        horizontal_m, vertical_m = (
            promise.at_no_depth(*slack_m) if depth_m is None else promise.at_depth(depth_m, *slack_m)
        )
        return Accuracy(horizontal_m, None if vertical_m < 0 else vertical_m, source)

    def find_promise(self, stated: Stated) -> tuple[Promise, Wording]:
        """What is promised of an object at any depth, and who promises it. Raises: ValueError for a wrong figure."""
        known = self._promises.get(stated)
        if known is None:
            # Owners state few figures, yet nobody promises that.
            if len(self._promises) >= _MOST_PROMISES:
                self._promises.clear()
            known = self._promises[stated] = (self._promise(stated), _name_source(stated, self.find_level(stated[0])))
        return known

    def _promise(self, stated: Stated) -> Promise:
        figures = [UNKNOWN if figure is None else figure for figure in stated[1:]]
        if not all(figure == UNKNOWN or 0 <= figure <= SIZE_M[1] for figure in figures):
            raise ValueError(f"an accuracy of {stated[1:]} m is outside 0 to {SIZE_M[1]:g}: repair it, or give None")
        level = self.find_level(stated[0])
        high_m = UNKNOWN if level.vertical_m is None else level.vertical_m
        promise = Promise(
            (level.horizontal_m, level.horizontal_share_of_depth),
            (high_m, level.vertical_share_of_depth),
            self.unstated.horizontal_m,
        )
        promise.state(*figures)
        return promise

    def find_staleness(self, level: str | None, material: str | None) -> Staleness | None:
        """The rule for the age of a survey of a quality level, as its owner calls it; None where there is none."""
        name = self.find_name(level)
        return next((rule for rule in self.stale if rule.holds(name, material)), None)

    def search_margin_m(self, depth_m: float) -> float:
        """How far from the excavation an object down to that depth may be recorded and yet be hit.

        Covers every level and an unknown section; stated accuracies and radii come on top.
        """
        levels = (self.unstated, *self.levels.values())
        return self.unknown_radius_m + max(level.at_depth(depth_m).horizontal_m for level in levels)


@cache
def _read_name(name: str) -> str:
    """The key of a level in the table; empty for a name that is none."""
    match = _NAME.fullmatch(name.strip().upper())
    if match is None:
        return ""
    return f"ASCE-{match['level']}" if match["scheme"] == "ASCE" else match["level"]


@cache
def read_accuracies(path: Path = OWN_TABLE) -> AccuracyTable:
    """The table of a TOML file, by default the one that comes with the project.

    Raises: ValueError for a figure out of range, KeyError or TypeError for a file of another form.
    """
    table = tomllib.loads(path.read_text(encoding="utf-8"))
    section, errors = table["unknown_section"], table.get("errors")
    told: dict[str, Any] = (
        {}
        if errors is None
        else {
            "confidence": float(errors["confidence"]),
            "confidence_source": Wording(en=errors["en"], vi=errors["vi"]),
        }
    )
    return AccuracyTable(
        levels={name: _read_level(level) for name, level in table["levels"].items()},
        unstated=_read_level(table["unstated"]),
        unknown_radius_m=float(section["radius_m"]),
        unknown_radius_source=Wording(en=section["en"], vi=section["vi"]),
        stale=tuple(_read_staleness(rule) for rule in table.get("stale", ())),
        **told,
    )


@cache
def digest_accuracies(path: Path = OWN_TABLE) -> str:
    """Tells tables apart."""
    return hashlib.sha256(path.read_bytes()).hexdigest()


def _read_level(level: Mapping[str, Any]) -> Level:
    figures = {key: float(value) for key, value in level.items() if key not in ("en", "vi")}
    return Level(source=Wording(en=level["en"], vi=level["vi"]), **figures)


def _read_staleness(rule: Mapping[str, Any]) -> Staleness:
    named = {key: tuple(rule[key]) for key in ("levels", "materials") if key in rule}
    return Staleness(source=Wording(en=rule["en"], vi=rule["vi"]), years=float(rule["years"]), **named)


def _name_source(stated: Stated, level: Level) -> Wording:
    figures = (stated[1] is not None, stated[2] is not None)
    if all(figures):
        return STATED
    if not any(figures):
        return level.source
    en, vi = ("horizontal", "mặt bằng") if figures[0] else ("vertical", "độ cao")
    return Wording(en=f"{en} {STATED.en}; {level.source.en}", vi=f"{vi} do {STATED.vi}; {level.source.vi}")
