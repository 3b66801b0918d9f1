"""Gravity networks: manholes along the streets, and pipes that fall from each to the next on the way to an outfall."""

from __future__ import annotations

import heapq
import itertools
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from twin.sample.city.networks import Line, Node, Register
from twin.sample.city.sections import Section, culvert, pipe
from twin.sample.city.streets import BANK, BOULEVARD, LANE, MAIN, MINOR, Profile, Street

if TYPE_CHECKING:
    from collections.abc import Iterator

    from twin.sample.city.streets import Points
    from twin.sample.city.terrain import Terrain

_SAME_PLACE_M = 1.0


@dataclass(frozen=True, slots=True)
class Design:
    """Rules of one gravity network; sizes by the number of manholes upstream, offsets in metres right of the centre."""

    discipline: str
    subtype: str
    sizes: tuple[tuple[int, Section], ...]
    cover_m: float
    fall: float
    offsets: tuple[tuple[Profile, float], ...]
    shift_m: tuple[float, float]
    to_river: bool

    def find_size(self, upstream: int) -> Section:
        return next(section for least, section in reversed(self.sizes) if upstream >= least)


WASTEWATER = Design(
    "wastewater", "Thu gom",
    ((0, pipe("uPVC", 0.250)), (12, pipe("reinforced concrete", 0.300)), (45, pipe("reinforced concrete", 0.400)),
     (140, pipe("reinforced concrete", 0.600))),
    1.55, 0.0016, ((BOULEVARD, 3.2), (MAIN, 1.8), (MINOR, 1.0), (LANE, 0.5)), (-1.9, 1.1), to_river=False,
)  # fmt: skip
STORM = Design(
    "storm", "Thoát nước mưa",
    ((0, pipe("reinforced concrete", 0.400)), (6, pipe("reinforced concrete", 0.600)), (20, culvert(0.8, 0.8, 0.12)),
     (50, culvert(1.0, 1.2, 0.15))),
    0.45, 0.0010, ((BOULEVARD, 6.5), (MAIN, 5.6), (MINOR, 2.9)), (2.6, -1.7), to_river=True,
)  # fmt: skip


@dataclass(slots=True)
class _Shaft:
    """A manhole while the network is laid out."""

    at: tuple[float, float]
    street: str
    outfall: bool = False
    linked: list[int] = field(default_factory=list)


def plan_sewers(
    streets: tuple[Street, ...], terrain: Terrain, design: Design, seed: int
) -> tuple[list[Line], list[Node]]:
    """Pipes and manholes of one gravity network; a manhole's bottom is the invert of the pipe that leaves it."""
    shafts = _lay_out(streets, design)
    points = np.array([shaft.at for shaft in shafts])
    ground_m = terrain.ground(points)
    if not design.to_river:
        shafts[int(np.argmin(ground_m))].outfall = True
    order, below = _drain(shafts, points)
    sections = [design.find_size(count) for count in _count_upstream(order, below)]
    inverts_m = ground_m - [design.cover_m + s.outer_height_m - s.wall_m for s in sections]
    for i in reversed(order):
        inverts_m[i] = _avoid_zero(round(inverts_m[i], 2))
        if i in below:
            reached_m = inverts_m[i] - design.fall * float(np.hypot(*(points[i] - points[below[i]])))
            inverts_m[below[i]] = min(inverts_m[below[i]], reached_m)
    register = Register(np.random.default_rng((seed, 5, int(design.to_river))))
    lines, nodes = [], []
    for i in sorted(order):
        street, bottom_m = shafts[i].street, float(inverts_m[i])
        if i in below:
            identity = register.enter(design.discipline, design.subtype, street)
            ends_m = (bottom_m, float(inverts_m[below[i]]))
            lines.append(Line(identity, points[[i, below[i]]], sections[i], inverts_m=ends_m))
        if i in below or not design.to_river:
            nodes.append(
                Node(register.enter(design.discipline, "Hố ga", street), "manhole", shafts[i].at, 1.2, 1.2, bottom_m)
            )
    return lines, nodes


def plan_inlets(
    lines: list[Line], streets: tuple[Street, ...], terrain: Terrain, seed: int
) -> tuple[list[Line], list[Node]]:
    """Road inlets at both kerbs of every other storm manhole, each with its pipe."""
    register = Register(np.random.default_rng((seed, 6)))
    by_name = {street.name: street for street in streets}
    pipes, inlets = [], []
    for line in lines[::2]:
        if line.inverts_m is None or line.identity.street not in by_name:
            continue
        street = by_name[line.identity.street]
        for at in _kerbs(street, line.path[0]):
            ground_m = float(terrain.ground(at[None, :])[0])
            name = street.name
            start, end = round(ground_m - 0.75, 2), round(line.inverts_m[0] + 0.15, 2)
            inlets.append(Node(register.enter("storm", "Hố thu", name), "inlet", (at[0], at[1]), 0.5, 0.9, start - 0.2))
            identity = register.enter("storm", "Nối hố thu", name)
            path = np.array([at, line.path[0]])
            pipes.append(Line(identity, path, pipe("uPVC", 0.200), inverts_m=(max(start, end + 0.02), end)))
    return pipes, inlets


def _kerbs(street: Street, at: Points) -> Iterator[Points]:
    """Points at both kerbs beside a point, where the street's own kerb is really there."""
    nearest = int(np.argmin(np.hypot(*(street.points - at).T)))
    if nearest in street.breaks:
        return
    half = street.profile.carriageway_m / 2
    for side in (half, -half):
        yield np.round(street.beside(side)[nearest], 4)


def _lay_out(streets: tuple[Street, ...], design: Design) -> list[_Shaft]:
    offsets = {profile.name: offset for profile, offset in design.offsets}
    shafts: list[_Shaft] = []
    for street in streets:
        if street.profile.name not in offsets:
            continue
        route = np.round(street.beside(offsets[street.profile.name]), 4)
        for first, last in street.pieces:
            at_river = street.begins_at == BANK and first == 0
            if at_river and not design.to_river:
                continue
            chain = [_add(shafts, route[0], street, outfall=True) if at_river else _join(shafts, street, first, design)]
            chain += [_add(shafts, route[i], street) for i in range(first + 2, last - 1, 2)]
            chain.append(_join(shafts, street, last, design))
            for a, b in itertools.pairwise(chain):
                shafts[a].linked.append(b)
                shafts[b].linked.append(a)
    return shafts


def _add(shafts: list[_Shaft], at: Points, street: Street, *, outfall: bool = False) -> int:
    shafts.append(_Shaft((float(at[0]), float(at[1])), street.name, outfall))
    return len(shafts) - 1


def _join(shafts: list[_Shaft], street: Street, vertex: int, design: Design) -> int:
    """The manhole at a crossing, one for all streets that meet there."""
    at = np.round(street.points[vertex] + design.shift_m, 4)
    near = (i for i, shaft in enumerate(shafts) if np.hypot(*(at - shaft.at)) < _SAME_PLACE_M)
    found = next(near, None)
    return _add(shafts, at, street) if found is None else found


def _drain(shafts: list[_Shaft], points: Points) -> tuple[list[int], dict[int, int]]:
    """Manholes from the outfalls upwards, and the next manhole on the shortest way down of each."""
    queue = [(0.0, i, i) for i, shaft in enumerate(shafts) if shaft.outfall]
    heapq.heapify(queue)
    order: list[int] = []
    below: dict[int, int] = {}
    seen: set[int] = set()
    while queue:
        distance, i, down = heapq.heappop(queue)
        if i in seen:
            continue
        seen.add(i)
        order.append(i)
        if down != i:
            below[i] = down
        for up in shafts[i].linked:
            heapq.heappush(queue, (distance + float(np.hypot(*(points[up] - points[i]))), up, i))
    return order, below


def _count_upstream(order: list[int], below: dict[int, int]) -> list[int]:
    counts = [0] * (max(order) + 1)
    for i in reversed(order):
        if i in below:
            counts[below[i]] += counts[i] + 1
    return counts


def _avoid_zero(elevation_m: float) -> float:
    """An elevation that is exactly 0 would be read as a missing one."""
    return elevation_m or -0.01
