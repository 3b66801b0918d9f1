"""A recorded node as an excavation has seen it: whole, for what is exposed of a manhole shows where it stands."""

from __future__ import annotations

from dataclasses import dataclass, replace
from math import hypot
from typing import TYPE_CHECKING, Any

import shapely

from twin.excavations.levels import Levels

if TYPE_CHECKING:
    from collections.abc import Mapping


@dataclass(frozen=True, slots=True)
class Spot:
    """A place in plan, in metres of the storage CRS, and what is known of the elevations of bottom and cover."""

    place: shapely.Point
    bottom_m: float | None
    cover_m: float | None

    @property
    def middle(self) -> shapely.Point:
        return self.place

    @property
    def lowest_m(self) -> float | None:
        return self.bottom_m

    def move(self, by_m: tuple[float, float, float]) -> Spot:
        """All of it moved by metres east, north and up."""
        east, north, up = by_m
        bottom_m, cover_m = (None if level is None else level + up for level in (self.bottom_m, self.cover_m))
        return Spot(shapely.Point(self.place.x + east, self.place.y + north), bottom_m, cover_m)

    def level(self, levels: Levels) -> Spot:
        """With the elevations that were measured."""
        return replace(
            self,
            bottom_m=self.bottom_m if levels.bottom_m is None else levels.bottom_m,
            cover_m=self.cover_m if levels.cover_m is None else levels.cover_m,
        )

    def correct(self, by_m: tuple[float, float, float], levels: Levels) -> tuple[Spot, tuple[float, float]]:
        """The node moved, with those elevations as measured that were known; how far off it was, in plan and height."""
        moved = self.move(by_m)
        moved = moved.level(
            Levels(
                bottom_m=None if self.bottom_m is None else levels.bottom_m,
                cover_m=None if self.cover_m is None else levels.cover_m,
            )
        )
        pairs = ((self.bottom_m, moved.bottom_m), (self.cover_m, moved.cover_m))
        heights = [abs(was - now) for was, now in pairs if was is not None and now is not None]
        return moved, (hypot(*by_m[:2]), max(heights, default=0.0))

    def write(self, around: Mapping[str, Any], seen: Mapping[str, Any]) -> tuple[list[dict[str, Any]], int]:
        """Values of the node, and that it was seen."""
        return [{**around, **seen, **shape_spot(self)}], 0


def shape_spot(spot: Spot) -> dict[str, Any]:
    """Columns of a node's place."""
    return {
        "geom": spot.place,
        "bottom_m": spot.bottom_m,
        "cover_m": spot.cover_m,
        "elevation_source": "none" if spot.bottom_m is None else "measured",
    }
