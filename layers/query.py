"""A request for features, parsed and checked once."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from layers.crs import WGS84, Crs, parse_crs
from layers.errors import Invalid

if TYPE_CHECKING:
    from datetime import datetime

    from layers.catalog import Layer

MAX_LIMIT = 10_000


@dataclass(frozen=True, slots=True)
class Box:
    """A box in `crs`, x before y; `z` (low, high) in metres, or None for any height.

    A geographic box whose west is greater than its east spans the antimeridian (RFC 7946, 5.2).
    Raises: Invalid for numbers that make no box.
    """

    west: float
    south: float
    east: float
    north: float
    z: tuple[float, float] | None = None
    crs: Crs = field(default_factory=lambda: parse_crs(WGS84))

    def __post_init__(self) -> None:
        values = (self.west, self.south, self.east, self.north, *(self.z or ()))
        if any(value != value or abs(value) == float("inf") for value in values):  # noqa: PLR0124 - NaN
            raise Invalid(f"bbox {values}: every number must be finite")
        if self.south > self.north or (self.z and self.z[0] > self.z[1]):
            raise Invalid(f"bbox {values}: a lower bound is above its upper bound")
        if self.west > self.east and not self.crs.is_geographic:
            raise Invalid(f"bbox {values}: west is greater than east")


@dataclass(frozen=True, slots=True)
class Period:
    """A time that features must reach into, from and to inclusive; None is open."""

    start: datetime | None
    end: datetime | None


@dataclass(frozen=True, slots=True)
class Condition:
    """A CQL2 expression as CQL2 JSON text, and the reference system of its coordinates (`is_yx`: north before east)."""

    expression: str
    crs: Crs
    is_yx: bool = False


@dataclass(frozen=True, slots=True)
class Cursor:
    """A place between features: after the one with these sort keys (its id is the last), or before it."""

    keys: tuple[str | None, ...]
    is_backward: bool = False


@dataclass(frozen=True, slots=True)
class Shape:
    """How geometries are written: in `crs`, north before east where `is_yx`, heights raised by `lift_m`.

    `digits` are the decimals of a coordinate; None means a millimetre or better.
    """

    crs: Crs
    is_yx: bool = False
    lift_m: float = 0.0
    digits: int | None = None

    @property
    def decimals(self) -> int:
        return self.digits if self.digits is not None else 9 if self.crs.is_geographic else 4


@dataclass(frozen=True, slots=True)
class Filter:
    """Which features of a layer are meant; what is not given holds for all.

    `equals` holds (property, text) pairs that must all hold.
    """

    box: Box | None = None
    during: Period | None = None
    equals: tuple[tuple[str, str], ...] = ()
    condition: Condition | None = None

    @property
    def is_open(self) -> bool:
        return self.box is None and self.during is None and not self.equals and self.condition is None


@dataclass(frozen=True, slots=True)
class FeatureQuery:
    """Which features of a layer, in which order, and how they are to be written.

    `sort_by` holds (property, ascending); `properties` None means all. A limit of None, for downloads, is no limit.
    Raises: Invalid for limits out of range, NotFound for unknown properties.
    """

    layer: Layer
    shape: Shape
    filter: Filter = Filter()
    limit: int | None = 10
    offset: int = 0
    cursor: Cursor | None = None
    sort_by: tuple[tuple[str, bool], ...] = ()
    properties: tuple[str, ...] | None = None
    skip_geometry: bool = False
    is_jsonfg: bool = False

    def __post_init__(self) -> None:
        if self.limit is not None and not 0 <= self.limit < 2**31:
            raise Invalid(f"limit={self.limit}: give a number from 1")
        if not 0 <= self.offset < 2**63:
            raise Invalid(f"offset={self.offset}: give a number from 0")
        if self.cursor is not None and (self.offset or len(self.cursor.keys) != len(self.sort_by) + 1):
            raise Invalid("cursor: it belongs to another query, or stands beside an offset; follow the links of a page")
        named = (*(n for n, _ in self.filter.equals), *(n for n, _ in self.sort_by), *(self.properties or ()))
        for name in named:
            self.layer.property(name)
