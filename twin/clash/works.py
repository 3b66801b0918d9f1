"""What a dig is dug for: what will be laid in it, for what reason, at which hours."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from math import hypot
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from datetime import time

    import shapely


class Reference(StrEnum):
    CROWN = "crown"
    AXIS = "axis"
    INVERT = "invert"


@dataclass(frozen=True, slots=True, kw_only=True)
class PlannedUtility:
    """A pipe, cable or bank that will be laid.

    `size_m` is its outer width and height, `diameter_m` what the rules take for its D. `path` is in storage CRS; None
    is the middle of each part of the dig. `depth_m` is that of its `reference` below ground; None is on a bed on the
    bottom, in a bore its axis.
    """

    discipline: str
    size_m: tuple[float, float]
    is_round: bool = True
    subtype: str | None = None
    material: str | None = None
    voltage_v: float | None = None
    pressure_bar: float | None = None
    path: shapely.LineString | None = None
    depth_m: float | None = None
    reference: Reference = Reference.CROWN

    @property
    def diameter_m(self) -> float:
        return self.size_m[0]

    @property
    def radius_m(self) -> float:
        """Of the circle around the section."""
        return max(self.size_m) / 2 if self.is_round else hypot(*self.size_m) / 2

    @property
    def crown_m(self) -> float | None:
        """The depth of its crown below ground; None where it follows from the bottom."""
        if self.depth_m is None:
            return None
        height = self.size_m[1]
        return (
            self.depth_m - {Reference.CROWN: 0.0, Reference.AXIS: height / 2, Reference.INVERT: height}[self.reference]
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Works:
    """Why and when a dig is dug: `purpose` is a key of the exceptions from a moratorium, `hours` from and to.

    `excavation_id` is its own row in the layer of excavations, which is no neighbour of itself.
    """

    laid: tuple[PlannedUtility, ...] = ()
    purpose: str | None = None
    hours: tuple[time, time] | None = None
    excavation_id: int | None = None


NO_WORKS = Works()
