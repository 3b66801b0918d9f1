"""Mains, cables and banks that keep a depth below ground, and what stands on them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import shapely
from shapely.ops import substring

from twin.sample.city.networks import Line, Node, Register
from twin.sample.city.sections import Section, bank, pipe
from twin.sample.city.streets import BANK, BOULEVARD, LANE, MAIN, MINOR, Profile, Street

if TYPE_CHECKING:
    from collections.abc import Iterator

    from twin.sample.city.streets import Points

_JOIN_M = 32.0


@dataclass(frozen=True, slots=True)
class Run:
    """One kind of main: its cover, and for each kind of street its place (metres right of the centre) and section."""

    discipline: str
    subtype: str
    cover_m: float
    places: tuple[tuple[Profile, float, Section], ...]

    def find_place(self, street: Street) -> tuple[float, Section] | None:
        return next(((offset, section) for profile, offset, section in self.places if profile is street.profile), None)


_RUNS = (
    Run("water", "Phân phối", 0.95, (
        (BOULEVARD, 13.6, pipe("ductile iron", 0.400)), (MAIN, 8.6, pipe("HDPE", 0.225)),
        (MINOR, 4.9, pipe("HDPE", 0.110)), (LANE, -0.9, pipe("HDPE", 0.063)))),
    Run("water", "Phân phối", 0.90, ((BOULEVARD, -13.9, pipe("HDPE", 0.160)),)),
    Run("power", "Trung thế", 0.80, (
        (BOULEVARD, -15.6, bank(0.50, 0.40, 4)), (MAIN, -9.6, pipe("XLPE cable", 0.090)),
        (MINOR, -5.7, pipe("XLPE cable", 0.090)))),
    Run("power", "Hạ thế", 0.70, (
        (BOULEVARD, -16.6, pipe("XLPE cable", 0.063)), (MAIN, -10.6, pipe("XLPE cable", 0.063)),
        (MINOR, -6.3, pipe("XLPE cable", 0.063)), (LANE, -1.8, pipe("XLPE cable", 0.050)))),
    Run("telecom", "Cống bể", 0.70, (
        (BOULEVARD, 16.0, bank(0.60, 0.45, 12)), (MAIN, 10.6, bank(0.45, 0.35, 6)),
        (MINOR, 6.1, pipe("uPVC", 0.110)), (LANE, 2.0, pipe("fibre cable", 0.025)))),
    Run("lighting", "Chiếu sáng", 0.65, (
        (BOULEVARD, -12.8, pipe("XLPE cable", 0.040)), (MAIN, -7.6, pipe("XLPE cable", 0.040)),
        (MINOR, -4.5, pipe("XLPE cable", 0.040)))),
)  # fmt: skip


def plan_mains(streets: tuple[Street, ...], seed: int) -> tuple[list[Line], list[Node]]:
    """Every main of the ward in pieces between crossings, joined to those of the streets it ends at, and its nodes."""
    rng = np.random.default_rng((seed, 4))
    register = Register(rng)
    lines: list[Line] = []
    nodes: list[Node] = []
    for run in _RUNS:
        routes = {street.name: _route(street, run) for street in streets if run.find_place(street)}
        for street in streets:
            place = run.find_place(street)
            if place is None:
                continue
            depth_m = round(run.cover_m + rng.uniform(-0.05, 0.10), 2) + place[1].above_axis_m
            for path in _pieces(street, routes):
                lines.append(Line(register.enter(run.discipline, run.subtype, street.name), path, place[1], depth_m))
                nodes.extend(_nodes(lines[-1], register))
    return lines, nodes


def _route(street: Street, run: Run) -> shapely.LineString:
    place = run.find_place(street)
    return shapely.LineString(street.beside(place[0] if place else 0.0))


def _pieces(street: Street, routes: dict[str, shapely.LineString]) -> Iterator[Points]:
    """The route of a street between its crossings, cut off or drawn out to the routes that it ends at."""
    route = routes[street.name]
    line_up = np.concatenate([[0.0], np.cumsum(np.hypot(*np.diff(np.array(route.coords), axis=0).T))])
    stations = line_up[list(street.breaks)]
    head, begin = _join(route, routes.get(street.begins_at or ""), 0.0)
    tail, end = _join(route, routes.get(street.ends_at or ""), route.length)
    stations[0], stations[-1] = begin, end
    last = len(stations) - 2
    for i in range(1 if street.begins_at == BANK else 0, last + 1):
        path = shapely.get_coordinates(substring(route, stations[i], stations[i + 1]))
        path = np.vstack([*([head] if i == 0 else []), path, *([tail] if i == last else [])])
        yield np.round(path, 4)


def _join(route: shapely.LineString, other: shapely.LineString | None, end: float) -> tuple[Points, float]:
    """Vertices to add beyond an end of a route so that it meets another, and the distance along it to cut it at."""
    none = np.empty((0, 2))
    if other is None:
        return none, end
    tip = shapely.line_interpolate_point(route, end)
    met = shapely.get_parts(shapely.intersection(route, other))
    near = [float(shapely.line_locate_point(route, point)) for point in met if shapely.distance(point, tip) < _JOIN_M]
    if near:
        return none, min(near, key=lambda station: abs(station - end))
    target = shapely.get_point(shapely.shortest_line(tip, other), 1)
    return (shapely.get_coordinates(target), end) if shapely.distance(tip, target) < _JOIN_M else (none, end)


def _nodes(line: Line, register: Register) -> Iterator[Node]:
    """Valves and hydrants, cabinets, chambers or lamp posts along one piece."""
    identity, shape = line.identity, line.shape
    if shape.length < 30:
        return
    kinds = {
        "water": (("valve", 4.0, 0.6), ("hydrant", shape.length * 0.55, 0.3)),
        "power": (("cabinet", shape.length * 0.4, 0.8),),
        "telecom": tuple(("chamber", float(s), 1.0) for s in np.arange(6.0, shape.length - 4, 64.0)),
        "lighting": tuple(("pole", float(s), 0.3) for s in np.arange(12.0, shape.length - 8, 44.0)),
    }[identity.discipline]
    if identity.subtype == "Trung thế" or (identity.discipline == "water" and line.section.outer_width_m < 0.1):
        kinds = kinds[:1]
    for kind, station, width_m in kinds:
        point = shapely.line_interpolate_point(shape, station)
        at = (round(point.x, 4), round(point.y, 4))
        length_m = 1.2 if kind == "chamber" else 0.5 if kind == "cabinet" else None
        entered = register.enter(identity.discipline, identity.subtype, identity.street)
        yield Node(entered, kind, at, width_m, length_m)
