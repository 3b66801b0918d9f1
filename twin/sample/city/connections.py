"""House connections: from each building to the nearest main of a discipline."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import shapely

from twin.sample.city.networks import Line, Register
from twin.sample.city.sections import Section, pipe

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from twin.sample.city.streets import Points
    from twin.sample.city.terrain import Terrain

_REACH_M = (3.0, 32.0)
_FALL = 0.015


@dataclass(frozen=True, slots=True)
class Service:
    """What runs from the main into a house; a gravity service has no cover of its own."""

    discipline: str
    subtype: str
    section: Section
    cover_m: float | None


SERVICES = (
    Service("water", "Dịch vụ", pipe("HDPE", 0.032), 0.60),
    Service("wastewater", "Đấu nối", pipe("uPVC", 0.110), None),
    Service("power", "Vào nhà", pipe("XLPE cable", 0.040), 0.55),
)


def plan_connections(
    houses: Sequence[shapely.Polygon], mains: Sequence[Line], terrain: Terrain, seed: int
) -> list[Line]:
    """Connections of all services; a house too far from the street, or behind another, has none."""
    rng = np.random.default_rng((seed, 7))
    register = Register(rng)
    lines = []
    for service in SERVICES:
        served = [main for main in mains if main.identity.discipline == service.discipline]
        for main, path in _paths(houses, served):
            identity = register.enter(service.discipline, service.subtype, main.identity.street)
            if service.cover_m is None:
                lines.append(Line(identity, path, service.section, inverts_m=_falls(main, path, terrain)))
            else:
                depth_m = round(service.cover_m + rng.uniform(0.0, 0.12), 2) + service.section.above_axis_m
                lines.append(Line(identity, path, service.section, depth_m))
    return lines


def _paths(houses: Sequence[shapely.Polygon], mains: Sequence[Line]) -> Iterator[tuple[Line, Points]]:
    shapes = np.array([main.shape for main in mains])
    nearest = shapely.STRtree(shapes).nearest(houses)
    links = shapely.shortest_line(houses, shapes[nearest])
    others = shapely.STRtree(houses)
    for house, (link, main) in enumerate(zip(links, nearest, strict=True)):
        if _REACH_M[0] < link.length < _REACH_M[1] and set(others.query(link, predicate="intersects")) <= {house}:
            yield mains[main], np.round(np.array(link.coords), 4)


def _falls(main: Line, path: Points, terrain: Terrain) -> tuple[float, float]:
    """Inverts at the house and at the main, which is entered at half its height."""
    start, end = main.inverts_m or (0.0, 0.0)
    share = float(shapely.line_locate_point(main.shape, shapely.Point(path[1]), normalized=True))
    entered_m = round(start + (end - start) * share + main.section.below_axis_m, 3)
    least_m = entered_m + _FALL * float(np.hypot(*(path[1] - path[0])))
    return round(max(least_m, float(terrain.ground(path[:1])[0]) - 0.9), 3), entered_m
