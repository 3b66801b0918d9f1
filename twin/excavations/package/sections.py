"""What there is to draw of a checked dig: plan, long section and cross-sections, as values in metres."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import shapely

from twin.clash.outcome import Outcome
from twin.excavations.package.alignment import Alignment, align
from twin.excavations.package.bodies import axis_in_plan, half_width_m
from twin.excavations.package.cuts import Plane, cut_polygon
from twin.excavations.package.facts import Facts, read_facts
from twin.excavations.package.profile import (
    MARGIN_M,
    TOUCH_M,
    Profile,
    Site,
    cut_profile,
    join_shapes,
    merge_bends,
    project,
    shift_profile,
)
from twin.excavations.package.relief import Relief

if TYPE_CHECKING:
    from collections.abc import Iterator

    from twin.clash.report import Clash, ClashReport


@dataclass(frozen=True, slots=True, eq=False)
class Track:
    """An object in plan: `line` is its axis within the window, a point for a node; `reach_m` its plan accuracy.

    `half_width_m` is half of what is recorded of its width, or where nothing is, of what the check assumed.
    """

    number: int
    line: shapely.Geometry
    half_width_m: float
    reach_m: float


@dataclass(frozen=True, slots=True, eq=False)
class Plan:
    """`window` is what is drawn, a rectangle along the way from the alignment's start to its end."""

    window: shapely.Polygon
    tracks: tuple[Track, ...]


@dataclass(frozen=True, slots=True, eq=False)
class CrossSection:
    """Across the dig at a station, looking ahead: u is the offset to the right."""

    name: str
    station_m: float
    plane: Plane
    profile: Profile
    conflicts: tuple[int, ...]


@dataclass(frozen=True, slots=True, eq=False)
class Survey:
    """Everything that is drawn of one report. Numbers of objects count the report's clashes from 1."""

    report: ClashReport
    relief: Relief
    alignment: Alignment
    plan: Plan
    along: Profile | None
    across: tuple[CrossSection, ...]
    facts: tuple[Facts, ...]

    def clash(self, number: int) -> Clash:
        return self.report.clashes[number - 1]


def survey(report: ClashReport) -> Survey:
    """The drawings' content; without a known ground there is only the plan."""
    site = Site(report, Relief(report.surface), align(report.polygon, report.parts))
    known = report.ground_m is not None
    return Survey(
        report,
        site.relief,
        site.alignment,
        _plan(report, site.alignment),
        _long_section(site) if known else None,
        tuple(_cross_sections(site)) if known else (),
        tuple(read_facts(report, site.relief, clash) for clash in report.clashes),
    )


def _plan(report: ClashReport, alignment: Alignment) -> Plan:
    axes = np.array([alignment.towards, (alignment.towards[1], -alignment.towards[0])])
    origin = alignment.points[0]
    rim = (shapely.get_coordinates(report.excavation.footprint) - origin) @ axes.T
    (low, left), (high, right) = rim.min(axis=0) - MARGIN_M, rim.max(axis=0) + MARGIN_M
    corners = np.array([(low, left), (high, left), (high, right), (low, right)])
    window = shapely.Polygon(corners @ axes + origin)
    tracks = []
    for number, clash in enumerate(report.clashes, start=1):
        line = shapely.intersection(axis_in_plan(clash), window)
        if not line.is_empty:
            tracks.append(Track(number, line, half_width_m(clash), clash.accuracy.horizontal_m))
    return Plan(window, tuple(tracks))


def _long_section(site: Site) -> Profile:
    alignment = site.alignment
    stations = alignment.stations_m
    legs = list(zip(stations[:-1], alignment.points[:-1], alignment.headings, alignment.steps_m, strict=True))
    last = len(legs) - 1
    profiles = []
    for i, (station, origin, ahead, step) in enumerate(legs):
        start = -MARGIN_M if i == 0 else 0.0
        plane = Plane(origin, ahead, start, float(step) + (MARGIN_M if i == last else 0.0))
        profiles.append(shift_profile(cut_profile(site, plane), float(station)))
    cut = merge_bends([seen for profile in profiles for seen in profile.seen])
    shown = {seen.number for seen in cut}
    beside = [
        seen
        for number in range(1, len(site.report.clashes) + 1)
        if number not in shown
        for seen in project(site, number)
    ]
    return Profile(
        np.vstack([profile.ground for profile in profiles]),
        join_shapes([profile.dig for profile in profiles]),
        join_shapes([profile.dig_deepest for profile in profiles]),
        (*beside, *cut),
        tuple(laid for profile in profiles for laid in profile.laid),
    )


def _cross_sections(site: Site) -> Iterator[CrossSection]:
    name = 0
    for station, numbers in _group(_stretches(site)):
        # Far out a leaning side may already be above the ground: the end of the floor is what is nearest then.
        for at in (station, float(np.clip(station, *_ends(site, site.report.polygon)))):
            plane = _across(site, at)
            profile = None if plane is None else cut_profile(site, plane)
            if plane is not None and profile is not None and not profile.dig.is_empty:
                break
        else:
            continue
        # What lies beyond the ends of the dig is in the long section alone.
        shown = {seen.number for seen in profile.seen}.intersection(numbers)
        if shown:
            name += 1
            yield CrossSection(str(name), at, plane, profile, tuple(sorted(shown)))


def _across(site: Site, station_m: float) -> Plane | None:
    """The plane across all that is dug at a station; None where nothing is."""
    alignment, dug = site.alignment, site.report.excavation.footprint
    _, offsets = alignment.locate(shapely.get_coordinates(dug))
    origin, rightward = alignment.place(np.array([station_m]))[0], alignment.rightward(station_m)
    wide = Plane(origin, rightward, float(offsets.min()) - MARGIN_M, float(offsets.max()) + MARGIN_M)
    spans = cut_polygon(dug, wide)
    return Plane(origin, rightward, spans[0][0] - MARGIN_M, spans[-1][1] + MARGIN_M) if spans else None


def _ends(site: Site, area: shapely.Geometry) -> tuple[float, float]:
    """The stations between which an area lies."""
    stations, _ = site.alignment.locate(shapely.get_coordinates(area))
    return float(stations.min()) + TOUCH_M, float(stations.max()) - TOUCH_M


def _stretches(site: Site) -> Iterator[tuple[float, float, int]]:
    """From which station to which each conflict is nearest to the floors, where what is dug is deepest, or in them."""
    floors = site.report.polygon
    ends = _ends(site, site.report.excavation.footprint)
    for number, clash in enumerate(site.report.clashes, start=1):
        if clash.outcome is Outcome.CLEAR:
            continue
        axis = axis_in_plan(clash)
        within = float(shapely.distance(axis, floors)) + TOUCH_M
        # What crosses a bent dig several times is cut at one of the places, not in the middle between them.
        pieces = shapely.get_parts(shapely.intersection(axis, floors.buffer(within)))
        near = max(pieces, key=shapely.length, default=shapely.Point())
        stations, _ = site.alignment.locate(shapely.get_coordinates(near))
        inside = np.clip(stations, *ends)
        if len(stations):
            yield float(inside.min()), float(inside.max()), number


def _group(stretches: Iterator[tuple[float, float, int]]) -> Iterator[tuple[float, list[int]]]:
    """The fewest stations that meet every stretch, each in the middle of what its stretches share."""
    left = sorted(stretches, key=lambda stretch: (stretch[1], stretch[0]))
    while left:
        end = left[0][1]
        met = [stretch for stretch in left if stretch[0] <= end + TOUCH_M]
        left = [stretch for stretch in left if stretch[0] > end + TOUCH_M]
        start = max(stretch[0] for stretch in met)
        yield (start + end) / 2, [number for *_, number in met]
