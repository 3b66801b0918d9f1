"""Ways out of a conflict, as values: what to change, how much that is, what it leaves open and what it brings."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, Any

import numpy as np
import shapely

from layers.crs import WGS84, parse_crs, transform_geometries

if TYPE_CHECKING:
    from collections.abc import Mapping

    from twin.clash.accuracy import Wording
    from twin.clash.dig import PlannedDig
    from twin.clash.surroundings import Matter


class Change(StrEnum):
    """Kinds of changes, in the order in which they are looked for."""

    NARROW = "narrow"
    SHORE = "shore"
    SHIFT = "shift"
    DEPTH = "depth"
    COMBINED = "combined"
    HAND = "hand"
    SIDE = "side"
    BORE = "bore"


@dataclass(frozen=True, slots=True, kw_only=True)
class Way:
    """One change of a dig that the full check has been held against.

    `dig` is the changed dig, of a hand-dug stretch what is left for the machine; `hand_dug` are the stretches then, in
    plan. `request` is the feature that asks for `dig`. `figures` are metres by name. `leaves` counts what the full
    check still finds open, empty where it is clear; `brings` is what the change touches and the dig as it was asked
    for does not. `caveats` say what was assumed.
    """

    change: Change
    text: Wording
    figures: Mapping[str, float]
    cost: float
    dig: PlannedDig
    leaves: Mapping[str, int]
    request: Mapping[str, Any] = field(default_factory=dict, compare=False, repr=False)
    brings: tuple[Matter, ...] = ()
    caveats: tuple[Wording, ...] = ()
    hand_dug: shapely.Geometry | None = None
    # The document that it was read from, which says it as it was said.
    told: Mapping[str, Any] | None = field(default=None, compare=False, repr=False)

    @property
    def is_clear(self) -> bool:
        return not self.leaves

    @property
    def rank(self) -> tuple[bool, int, float]:
        """Clear before what leaves something open, small before great."""
        return bool(self.leaves), sum(self.leaves.values()), self.cost

    def to_json(self) -> dict[str, Any]:
        if self.told is not None:
            return dict(self.told)
        return {
            "change": self.change,
            "text": asdict(self.text),
            "figures": dict(self.figures),
            "cost": round(self.cost, 2),
            "is_clear": self.is_clear,
            "leaves": dict(self.leaves),
            "brings": [matter.to_json() for matter in self.brings],
            "caveats": [asdict(caveat) for caveat in self.caveats],
            "geometry": _lonlat(self.dig.polygon, self.dig),
            "request": dict(self.request),
            "hand_dug": None if self.hand_dug is None else _lonlat(self.hand_dug, self.dig),
        }


@dataclass(frozen=True, slots=True)
class WaysOut:
    """What was found, best first; `without` says of each kind of change for which there is none why.

    `trials` changes were tried on the records, `checks` of them were checked in full; `is_exhausted` where there was
    more to try.
    """

    ways: tuple[Way, ...]
    without: tuple[tuple[Change, Wording], ...]
    trials: int
    checks: int
    is_exhausted: bool = False

    def to_json(self) -> dict[str, Any]:
        return {
            "ways": [way.to_json() for way in self.ways],
            "without": [{"change": change, "reason": asdict(reason)} for change, reason in self.without],
            "trials": self.trials,
            "checks": self.checks,
            "is_exhausted": self.is_exhausted,
        }


def _lonlat(shape: shapely.Geometry, dig: PlannedDig) -> dict[str, Any]:
    moved = transform_geometries(np.array([shape], dtype=object), dig.crs, parse_crs(WGS84))[0]
    document: dict[str, Any] = shapely.geometry.mapping(moved)
    return document
