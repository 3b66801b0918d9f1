"""A request for features, parsed and checked once."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from layers.crs import WGS84, Crs, parse_crs
from layers.errors import Invalid

if TYPE_CHECKING:
    from layers.catalog import Layer


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
class FeatureQuery:
    """Which features of a layer, in which order, and how they are to be written.

    `equals` holds (property, text) pairs that must all hold; `sort_by` holds (property, ascending).
    Raises: Invalid for limits out of range, NotFound for unknown properties.
    """

    layer: Layer
    crs: Crs
    limit: int = 10
    offset: int = 0
    box: Box | None = None
    equals: tuple[tuple[str, str], ...] = ()
    sort_by: tuple[tuple[str, bool], ...] = ()
    properties: tuple[str, ...] | None = None
    skip_geometry: bool = False

    def __post_init__(self) -> None:
        if not 0 <= self.limit <= MAX_LIMIT:
            raise Invalid(f"limit={self.limit}: give a number from 1 to {MAX_LIMIT}")
        if not 0 <= self.offset < 2**63:
            raise Invalid(f"offset={self.offset}: give a number from 0")
        for name in (*(n for n, _ in self.equals), *(n for n, _ in self.sort_by), *(self.properties or ())):
            self.layer.property(name)

    @property
    def is_filtered(self) -> bool:
        return self.box is not None or bool(self.equals)


MAX_LIMIT = 10_000
