"""Rules as values: clearances, covers, zones, and what is asked of a dig by trees, foundations, roads and other digs.

`rulefile` reads them, `rules` and `surroundings` apply them. Lengths in metres, from outside to outside.
The annotations are the schema of a rules file.
"""

from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum
from typing import Annotated, Any, Literal

from pydantic import ConfigDict, Field

from twin.clash.accuracy import Wording

_SCHEMA = ConfigDict(extra="forbid")
Metres = Annotated[float, Field(strict=True, ge=0, le=100)]
Degrees = Annotated[float, Field(strict=True, gt=0, lt=90)]
Number = Annotated[float, Field(strict=True, ge=0, le=1e7)]
Flag = Annotated[bool, Field(strict=True)]
Days = Annotated[int, Field(strict=True, ge=0, le=3650)]
# The topics of citizens' reports; `layers.citizen_reports` has the same.
Topic = Literal[
    "water", "gas", "power", "collapse", "sewer", "flooding", "telecom", "lighting", "road", "tree", "waste", "other"
]
Name = Annotated[str, Field(min_length=1)]


class Aspect(StrEnum):
    """What is measured, from outside to outside: in plan, in height, in space; cover is from ground to crown."""

    PLAN = "plan"
    VERTICAL = "vertical"
    SPACE = "space"
    COVER = "cover"


class Arrangement(StrEnum):
    """How two objects lie to each other in plan; `beside` is neither parallel nor crossing, such as an end near by."""

    ALONGSIDE = "alongside"
    CROSSING = "crossing"
    BESIDE = "beside"


class Evidence(StrEnum):
    """How well a figure is known to be that of its source."""

    OFFICIAL = "official"
    SECONDARY = "secondary"
    MEMORY = "memory"


class Action(StrEnum):
    HAND_DIG = "hand_dig"
    TRIAL_TRENCH = "trial_trench"
    NOTIFY_OWNER = "notify_owner"


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """A document, who speaks in it, and how its figures came here."""

    __pydantic_config__ = _SCHEMA
    authority: Name
    title: Wording
    evidence: Evidence
    in_force_from: date | None = None
    remark: Wording | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Citation:
    """What a finding quotes: the rule's id, its source and clause, and how well its figure is known."""

    __pydantic_config__ = _SCHEMA
    id: Name
    source: Source
    evidence: Evidence
    clause: Wording | None = None
    remark: Wording | None = None

    @property
    def is_verified(self) -> bool:
        return self.evidence is Evidence.OFFICIAL


@dataclass(frozen=True, slots=True, kw_only=True)
class Condition:
    """When a rule holds: by a property of one of the two (`of` a column), of the `larger`, or of the only one."""

    __pydantic_config__ = _SCHEMA
    property: Literal["diameter_m", "voltage_v", "pressure_bar", "drinking", "traffic"]
    of: str | None = None
    at_least: Number | None = None
    above: Number | None = None
    at_most: Number | None = None
    below: Number | None = None
    equals: Flag | None = None

    def __post_init__(self) -> None:
        is_flag = self.property in ("drinking", "traffic")
        has_limit = any(limit is not None for limit in (self.at_least, self.above, self.at_most, self.below))
        if is_flag != (self.equals is not None) or is_flag == has_limit:
            raise ValueError(f"{self.property}: drinking and traffic take 'equals', everything else takes limits")
        if self.of == "larger" and is_flag:
            raise ValueError(f"{self.property}: of the larger one cannot be asked for")


@dataclass(frozen=True, slots=True, kw_only=True)
class Clearance:
    """The least distance of two columns; `limit_m` "none" says that the source asks for no distance."""

    __pydantic_config__ = _SCHEMA
    cited: Citation
    pair: tuple[Name, Name]
    aspect: Literal[Aspect.PLAN, Aspect.VERTICAL, Aspect.SPACE]
    limit_m: Metres | Literal["none"]
    arrangements: frozenset[Arrangement] = frozenset(Arrangement)
    when: tuple[Condition, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Cover:
    """The least depth of the crown of a column below ground."""

    __pydantic_config__ = _SCHEMA
    cited: Citation
    column: Name
    limit_m: Metres
    when: tuple[Condition, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Zone:
    """What a dig nearer than `limit_m` to an object asks of the digger; `columns` None is every object."""

    __pydantic_config__ = _SCHEMA
    cited: Citation
    action: Action
    measure: Literal[Aspect.PLAN, Aspect.SPACE]
    limit_m: Metres
    text: Wording
    columns: tuple[Name, ...] | None = None
    except_levels: tuple[str, ...] = ()
    notice_days: Days | None = None
    enabled: Flag = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Parallels:
    """From when on two lines count as parallel, and as joined."""

    __pydantic_config__ = _SCHEMA
    angle_deg: Degrees
    length_m: Metres
    within_m: Metres
    joined_within_m: Metres


@dataclass(frozen=True, slots=True, kw_only=True)
class RootRule:
    """Radius to be kept free around a tree: a multiple of its stem's diameter, up to a cap."""

    __pydantic_config__ = _SCHEMA
    cited: Citation
    factor: Metres
    cap_m: Metres


@dataclass(frozen=True, slots=True, kw_only=True)
class FoundationRule:
    """The line that falls outwards from a foundation's foot: what digs below it takes its support away."""

    __pydantic_config__ = _SCHEMA
    cited: Citation
    angle_deg: Degrees
    foot_depth_m: Metres


@dataclass(frozen=True, slots=True, kw_only=True)
class ParcelRule:
    """Parcels of which less than `least_m2` is entered are touched by the survey's inaccuracy alone."""

    __pydantic_config__ = _SCHEMA
    cited: Citation
    least_m2: Metres


@dataclass(frozen=True, slots=True, kw_only=True)
class RoadRule:
    """The width that stands for one that is not recorded."""

    __pydantic_config__ = _SCHEMA
    cited: Citation
    unknown_width_m: Metres


@dataclass(frozen=True, slots=True, kw_only=True)
class Moratorium:
    """How long a new surface may not be cut, and for what it may be nevertheless (key and wording)."""

    __pydantic_config__ = _SCHEMA
    cited: Citation
    months: Annotated[int, Field(strict=True, ge=0, le=600)]
    exceptions: Mapping[str, Wording]


@dataclass(frozen=True, slots=True, kw_only=True)
class Nearness:
    """Other digs within this distance count, of joint ones those within these days that share so much length."""

    __pydantic_config__ = _SCHEMA
    cited: Citation
    within_m: Metres
    within_days: Days = 0
    least_shared_m: Metres = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportRule:
    """Open reports of citizens are told within a distance; those of some topics are signs, farther off, too.

    `signs`: topic -> what such a report may mean for a dig; what follows from a sign is `weight`.
    """

    __pydantic_config__ = _SCHEMA
    cited: Citation
    within_m: Metres
    signs_within_m: Metres
    signs: Mapping[Topic, Wording]
    weight: Literal["warns", "demands"] = "warns"


@dataclass(frozen=True, slots=True, kw_only=True)
class Closure:
    """Days on which nothing may be dug, both ends included; `road_classes` None is everywhere."""

    __pydantic_config__ = _SCHEMA
    cited: Citation
    first: date
    last: date
    text: Wording
    road_classes: tuple[str, ...] | None = None

    def __post_init__(self) -> None:
        if self.last < self.first:
            raise ValueError(f"last {self.last} is before first {self.first}: swap them")


@dataclass(frozen=True, slots=True, kw_only=True)
class Words:
    """How records are read, compared after folding: what is a channel, what water is not for drinking.

    Materials `named_by_inside` give a pipe's D by its inner width.
    """

    __pydantic_config__ = _SCHEMA
    channel: tuple[Name, ...]
    not_drinking: tuple[Name, ...]
    named_by_inside: tuple[Name, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Bedding:
    """How high above the bottom of its trench lies what is laid at no stated depth."""

    __pydantic_config__ = _SCHEMA
    cited: Citation
    height_m: Metres


@dataclass(frozen=True, slots=True, kw_only=True)
class Contact:
    """What is cited where two objects share one place, whatever distance the table asks, or does not ask, of them."""

    __pydantic_config__ = _SCHEMA
    cited: Citation


@dataclass(frozen=True, slots=True, kw_only=True)
class Edition:
    """A rules file: version, date, and whether somebody answers for its figures (`in_force`) or not yet (`draft`)."""

    __pydantic_config__ = _SCHEMA
    name: str
    version: Name
    date: date
    status: Literal["draft", "in_force"]


@dataclass(frozen=True, slots=True, kw_only=True)
class RuleBook:
    """All rules of a city. `editions` are the files they come from, the project's own first.

    Raises: ValueError for a column or an authority that is used and not named.
    """

    __pydantic_config__ = _SCHEMA
    editions: tuple[Edition, ...]
    precedence: tuple[Name, ...]
    columns: Mapping[str, tuple[Name, ...]]
    words: Words
    parallels: Parallels
    clearances: tuple[Clearance, ...]
    covers: tuple[Cover, ...]
    zones: tuple[Zone, ...]
    trees: RootRule
    foundations: FoundationRule
    parcels: ParcelRule
    roads: RoadRule
    moratorium: Moratorium
    dig_once: Nearness
    neighbours: Nearness
    reports: ReportRule
    bedding: Bedding
    contact: Contact
    closures: tuple[Closure, ...] = ()
    by_pair: Mapping[tuple[str, str], tuple[Clearance, ...]] = field(init=False, repr=False, compare=False)
    # The greatest distance that any clearance, and any zone, asks for: what is further away breaks none.
    reach_m: float = field(init=False, repr=False, compare=False)
    zone_reach_m: float = field(init=False, repr=False, compare=False)
    # What was chosen for pairs of subjects before; `rules` keeps it.
    chosen: dict[Any, Any] = field(default_factory=dict, init=False, repr=False, compare=False)
    _zones: dict[tuple[tuple[str, ...], str | None], tuple[Zone, ...]] = field(
        default_factory=dict, init=False, repr=False, compare=False
    )

    def __post_init__(self) -> None:
        by_pair: dict[tuple[str, str], list[Clearance]] = defaultdict(list)
        for rule in self.clearances:
            by_pair[_ordered(*rule.pair)].append(rule)
        object.__setattr__(self, "by_pair", {pair: tuple(rules) for pair, rules in by_pair.items()})
        clearances = (rule.limit_m for rule in self.clearances if rule.limit_m != "none")
        object.__setattr__(self, "reach_m", max(clearances, default=0.0))
        object.__setattr__(self, "zone_reach_m", max((z.limit_m for z in self.zones if z.enabled), default=0.0))
        if faults := "; ".join(dict.fromkeys(self._unknown_names())):
            raise ValueError(faults)

    def find_zones(self, columns: tuple[str, ...], level: str | None) -> tuple[Zone, ...]:
        """The zones around an object of these columns and of a quality level."""
        found = self._zones.get((columns, level))
        if found is None:
            found = tuple(zone for zone in self.zones if zone.enabled and _concerns(zone, columns, level))
            self._zones[columns, level] = found
        return found

    def find_pair(self, a: str, b: str) -> tuple[Clearance, ...]:
        return self.by_pair.get(_ordered(a, b), ())

    def _unknown_names(self) -> Iterator[str]:
        known = {"channel", "larger", *(column for columns in self.columns.values() for column in columns)}
        used = [(rule.cited, {*rule.pair, *(c.of for c in rule.when)}) for rule in self.clearances]
        used += [(rule.cited, {rule.column}) for rule in self.covers]
        used += [(zone.cited, set(zone.columns or ())) for zone in self.zones]
        for cited, columns in used:
            for name in sorted(map(str, columns - known)):
                yield f"{cited.id}: no discipline has a column '{name}'"
            if cited.source.authority not in self.precedence:
                yield f"{cited.id}: precedence does not name the authority '{cited.source.authority}'"


def _concerns(zone: Zone, columns: tuple[str, ...], level: str | None) -> bool:
    named = zone.columns is None or not set(zone.columns).isdisjoint(columns)
    return named and level not in zone.except_levels


def _ordered(a: str, b: str) -> tuple[str, str]:
    return (a, b) if a <= b else (b, a)
