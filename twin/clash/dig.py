"""A planned excavation as it is asked for: what is dug where, how deep, with which sides. Storage CRS, metres.

Outlines are those of the floor. What shoring, working space and battered sides take is outside of them.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from functools import cached_property
from itertools import pairwise
from typing import TYPE_CHECKING

import shapely

from twin.clash.soils import read_soils
from twin.clash.works import NO_WORKS, Works

if TYPE_CHECKING:
    from datetime import date

    from layers.crs import Crs

# A mitred joint of a trench reaches at most this many half widths from its centre line, then it is cut off.
_MITRE_LIMIT = 2.0
# Less than this is rounding.
_LOST_M2 = 1e-6


@dataclass(frozen=True, slots=True)
class Depth:
    """So far below the ground, wherever that lies."""

    below_ground_m: float


@dataclass(frozen=True, slots=True)
class Elevation:
    """Level, at one elevation above the vertical datum."""

    elevation_m: float


@dataclass(frozen=True, slots=True)
class Stations:
    """Straight between (station, elevation) pairs; a station is the length along the centre line, increasing."""

    points_m: tuple[tuple[float, float], ...]


@dataclass(frozen=True, slots=True)
class Grade:
    """Straight from a start down the centre line; `fall` is metres down per metre along, less than 0 where it rises."""

    start: Depth | Elevation
    fall: float


type Bottom = Depth | Elevation | Stations | Grade


class Support(StrEnum):
    VERTICAL = "vertical"
    SHORED = "shored"
    BATTERED = "battered"


@dataclass(frozen=True, slots=True)
class Sides:
    """How the sides stand.

    `working_m` is what shoring and working space take outside the floor's outline. A battered side goes
    `slope` metres outwards for each metre up; without it the soil's class decides.
    """

    support: Support = Support.VERTICAL
    working_m: float = 0.0
    slope: float | None = None
    soil: str | None = None

    def slope_at(self, height_m: float) -> float:
        """Metres outwards for each metre up of a side of that height; 0 where it stands upright."""
        if self.support is not Support.BATTERED:
            return 0.0
        if self.slope is not None:
            return self.slope
        return read_soils()[self.soil].slope_at(height_m) if self.soil else 0.0


VERTICAL = Sides()


@dataclass(frozen=True, slots=True)
class Pit:
    """An excavation over a polygon, which may be concave and have holes."""

    outline: shapely.Polygon
    bottom: Depth | Elevation
    sides: Sides = VERTICAL


@dataclass(frozen=True)
class Trench:
    """An excavation along a centre line, as wide at its floor as `width_m`, with square ends."""

    line: shapely.LineString
    width_m: float
    bottom: Bottom
    sides: Sides = VERTICAL

    @cached_property
    def outline(self) -> shapely.Polygon:
        half = self.width_m / 2
        drawn = shapely.buffer(self.line, half, cap_style="flat", join_style="mitre", mitre_limit=_MITRE_LIMIT)
        if len(self.straights) == 1:
            return drawn
        # GEOS loses some of a line whose pieces are shorter than it is wide.
        straights = shapely.union_all([shapely.buffer(piece, half, cap_style="flat") for piece in self.straights])
        is_whole = shapely.difference(straights, drawn).area <= _LOST_M2
        return drawn if is_whole else shapely.union(drawn, straights)

    @property
    def straights(self) -> list[shapely.LineString]:
        """The pieces of the centre line, each straight and none without length."""
        points = shapely.get_coordinates(self.line)
        return [shapely.LineString(ends) for ends in pairwise(points) if (ends[0] != ends[1]).any()]


@dataclass(frozen=True)
class Bore:
    """A trenchless bore: all points within its radius, over-cut included, of an axis over `line`."""

    line: shapely.LineString
    axis: Bottom
    diameter_m: float
    overcut_m: float = 0.0

    @property
    def radius_m(self) -> float:
        return self.diameter_m / 2 + self.overcut_m

    @cached_property
    def outline(self) -> shapely.Polygon:
        return shapely.buffer(self.line, self.radius_m)


type Part = Pit | Trench | Bore


@dataclass(frozen=True, slots=True)
class PlannedDig:
    """One planned excavation: one part, or several dug one after the other.

    `polygon` holds the floors of all parts in plan (a MultiPolygon where they lie apart), `depth_m` is what was
    asked for below ground, None where the bottom was given as an elevation. Without `parts` it is one pit with
    vertical sides over the polygon.
    """

    name: str
    polygon: shapely.Polygon | shapely.MultiPolygon
    depth_m: float | None
    crs: Crs
    parts: tuple[Part, ...] = ()
    starts_on: date | None = None
    ends_on: date | None = None
    works: Works = NO_WORKS

    def __post_init__(self) -> None:
        if not self.parts and self.depth_m is not None:
            pits = [Pit(outline, Depth(self.depth_m)) for outline in shapely.get_parts(self.polygon)]
            object.__setattr__(self, "parts", tuple(pits))
        if not self.parts:
            raise ValueError(f"dig '{self.name}' has neither parts nor a depth: give one of them")

    @classmethod
    def of(
        cls,
        name: str,
        parts: tuple[Part, ...],
        crs: Crs,
        *,
        starts_on: date | None = None,
        ends_on: date | None = None,
    ) -> PlannedDig:
        """A dig of these parts; its depth is the greatest that one of them states below ground."""
        depths = [depth for part in parts if not isinstance(part, Bore) and (depth := stated_depth(part.bottom))]
        polygon = shapely.union_all([part.outline for part in parts])
        return cls(name, polygon, max(depths, default=None), crs, parts, starts_on, ends_on)


def stated_depth(bottom: Bottom) -> float | None:
    """The depth below ground that a bottom states, at its start where it is sloped; None where it states elevations."""
    start = bottom.start if isinstance(bottom, Grade) else bottom
    return start.below_ground_m if isinstance(start, Depth) else None
