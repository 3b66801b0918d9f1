"""Gravity networks: manholes along the streets, and pipes that fall from each to the next on the way to an outfall."""

from __future__ import annotations

import heapq
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from twin.sample.networks import Line, Node, Register
from twin.sample.sections import Section, culvert, pipe
from twin.sample.streets import BANK, BOULEVARD, BRIDGE, LANE, MAIN, MINOR, Profile, Street

if TYPE_CHECKING:
    from collections.abc import Iterator

    from twin.sample.streets import Points
    from twin.sample.terrain import Terrain

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
    "wastewater", "Cống thu gom",
    ((0, pipe("uPVC", 0.250)), (12, pipe("reinforced concrete", 0.300)), (45, pipe("reinforced concrete", 0.400)),
     (140, pipe("reinforced concrete", 0.600))),
    1.55, 0.0016, ((BOULEVARD, 3.2), (MAIN, 1.8), (MINOR, 1.0), (LANE, 0.5)), (-1.9, 1.1), to_river=False,
)  # fmt: skip
STORM = Design(
    "storm", "Cống thoát nước mưa",
    ((0, pipe("reinforced concrete", 0.400)), (6, pipe("reinforced concrete", 0.600)), (20, culvert(0.8, 0.8, 0.12)),
     (50, culvert(1.0, 1.2, 0.15))),
    0.45, 0.0010, ((BOULEVARD, 10.8), (MAIN, 5.6), (MINOR, 2.9)), (2.6, -1.7), to_river=True,
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
    order, below = _drain(shafts, points)
    upstream = _count_upstream(order, below)
    sections = [design.find_size(count) for count in upstream]
    inverts = _find_inverts(order, below, sections, _Site(points, terrain.ground(points), design))
    register = Register(np.random.default_rng((seed, 5, int(design.to_river))))
    lines, nodes = [], []
    for i in sorted(order):
        street = shafts[i].street
        if i in below:
            identity = register.enter(design.discipline, design.subtype, street)
            path, ends = points[[i, below[i]]], (inverts[i], inverts[below[i]])
            lines.append(Line(identity, path, sections[i], inverts_m=ends))
        if not shafts[i].outfall or not design.to_river:
            identity = register.enter(design.discipline, "Hố ga", street)
            nodes.append(Node(identity, "manhole", shafts[i].at, 1.2, 1.2, inverts[i]))
    return lines, nodes


def plan_inlets(lines: list[Line], streets: tuple[Street, ...], terrain: Terrain, seed: int) -> tuple[list[Line], list[Node]]:
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
            identity = register.enter("storm", "Ống nối hố thu", name)
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
        if street.profile is BRIDGE or street.profile.name not in offsets:
            continue
        route = street.beside(offsets[street.profile.name])
        for first, last in street.pieces:
            at_river = street.begins_at == BANK and first == 0
            if at_river and not design.to_river:
                continue
            chain = [_junction(shafts, street, first, design)]
            chain += [_add(shafts, route[i], street.name) for i in range(first + 2, last - 1, 2)]
            chain.append(_junction(shafts, street, last, design))
            shafts[chain[0]].outfall |= at_river
            for a, b in zip(chain[:-1], chain[1:], strict=True):
                shafts[a].linked.append(b)
                shafts[b].linked.append(a)
    if not design.to_river:
        shafts[_lowest(shafts)].outfall = True
    return shafts
