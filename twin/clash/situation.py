"""A dig as its surroundings meet it: what is open at the surface, how deep, when, for what."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import shapely

from twin.clash.dig import Bore

if TYPE_CHECKING:
    from datetime import date, time

    from twin.clash.dig import PlannedDig
    from twin.clash.rulebook import RuleBook


@dataclass(frozen=True, slots=True, kw_only=True)
class Situation:
    """`opening` is what is open at the surface, sides included, empty of a mere bore; `area` is all that is dug.

    `depth_m` is the greatest below the highest ground, None where the bottom has an elevation and the ground has not.
    """

    book: RuleBook
    opening: shapely.Geometry
    area: shapely.Geometry
    depth_m: float | None
    starts_on: date | None
    ends_on: date | None
    purpose: str | None
    hours: tuple[time, time] | None
    excavation_id: int | None

    @classmethod
    def of(
        cls, dig: PlannedDig, depth_m: float | None, book: RuleBook, opening: shapely.Geometry | None = None
    ) -> Situation:
        """By the opening that was checked; without one each side leans as if all of it were that deep."""
        opened = _open_surface(dig, depth_m or 0.0) if opening is None else opening
        return cls(
            book=book,
            opening=opened,
            area=shapely.union_all([opened, dig.polygon]),
            depth_m=depth_m,
            starts_on=dig.starts_on,
            ends_on=dig.ends_on,
            purpose=dig.works.purpose,
            hours=dig.works.hours,
            excavation_id=dig.works.excavation_id,
        )


def _open_surface(dig: PlannedDig, depth_m: float) -> shapely.Geometry:
    opened = [
        part.outline.buffer(part.sides.working_m + part.sides.slope_at(depth_m) * depth_m, join_style="mitre")
        for part in dig.parts
        if not isinstance(part, Bore)
    ]
    return shapely.union_all(opened) if opened else shapely.Polygon()
