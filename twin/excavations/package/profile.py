"""Upright sections: ground, dig and objects in u (metres along) and z (elevation)."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np
import shapely
import shapely.affinity

from twin.excavations.package.bodies import Bodies, axis_in_plan, half_width_m, is_node, section_of
from twin.excavations.package.cuts import Section, cut_line, cut_polygon, cut_shaft
from twin.excavations.package.digs import cut_dig, rim_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from twin.clash.report import Clash, ClashReport
    from twin.clash.solids import Floats
    from twin.excavations.package.alignment import Alignment
    from twin.excavations.package.cuts import Plane
    from twin.excavations.package.relief import Relief

# Plan and sections show what lies this far beside the dig.
MARGIN_M = 3.0
TOUCH_M = 0.05
_GROUND_STEP_M = 0.5
_SEAM_M = 1e-4
_BEND_M = 5e-3


@dataclass(frozen=True, slots=True, eq=False)
class Seen:
    """An object in a section, in u and z: cut by it, or `beside` and projected onto it.

    `shape` is empty where the elevation is not known; `span` is how far it reaches along u. `doubt` is the shape
    widened by its accuracy, None where its depth proves nothing.
    """

    number: int
    shape: shapely.Geometry
    span: tuple[float, float]
    doubt: shapely.Geometry | None
    beside: bool = False


@dataclass(frozen=True, slots=True, eq=False)
class Profile:
    """An upright section: `ground` (n, 2) in u and z, the dig, the objects, and by number what will be laid.

    `dig` is what is dug in any case, `dig_deepest` what is dug where the ground makes the bottom deepest.
    """

    ground: Floats
    dig: shapely.Geometry
    dig_deepest: shapely.Geometry
    seen: tuple[Seen, ...]
    laid: tuple[tuple[int, shapely.Geometry], ...] = ()


@dataclass(frozen=True, eq=False)
class Site:
    """A report with what its sections are cut from."""

    report: ClashReport
    relief: Relief
    alignment: Alignment

    @cached_property
    def bodies(self) -> Bodies:
        return Bodies(self.report.clashes)

    @cached_property
    def surroundings(self) -> shapely.Geometry:
        return rim_of(self.report).buffer(MARGIN_M)


def cut_profile(site: Site, plane: Plane) -> Profile:
    """What the plane cuts."""
    u = np.unique(np.append(np.arange(plane.start_m, plane.end_m, _GROUND_STEP_M), plane.end_m))
    heights = site.relief.read(plane.origin + u[:, None] * plane.ahead)
    ground = np.column_stack([u, heights])[np.isfinite(heights)]
    dig, deepest = cut_dig(plane, ground, site.report.excavation)
    crossed = ((n, clash, cut_polygon(body, plane)) for n, clash, body in site.bodies.cross(plane.trace))
    seen = [found for n, clash, spans in crossed if spans and (found := _see(n, clash, plane, spans)) is not None]
    return Profile(ground, dig, deepest, tuple(seen), tuple(_cut_laid(site.report, plane)))


def _cut_laid(report: ClashReport, plane: Plane) -> Iterator[tuple[int, shapely.Geometry]]:
    """What will be laid, where its elevation follows from the plans."""
    for number, laying in enumerate(report.layings, start=1):
        width, height = laying.utility.size_m
        section = Section("circular" if laying.utility.is_round else "rectangular", width, height)
        shapes = [cut_line(axis, section, plane) for axis in laying.axes if axis.shape[1] == 3]
        # Its straight pieces meet at slight bends: without closing them each would be a line in the drawing.
        shape = shapely.union_all(shapes).buffer(_BEND_M, join_style="mitre").buffer(-_BEND_M, join_style="mitre")
        if not shape.is_empty:
            yield number, shape


def _see(number: int, clash: Clash, plane: Plane, spans: list[tuple[float, float]]) -> Seen | None:
    """The object where the plane cuts it, or of unknown elevation where the plane crosses it in plan."""
    half = half_width_m(clash)
    span = (spans[0][0], spans[-1][1])
    if clash.axis.shape[1] == 2:
        return Seen(number, shapely.Polygon(), span, None)
    shape = cut_shaft(clash.axis, half, plane) if is_node(clash) else cut_line(clash.axis, section_of(clash), plane)
    return None if shape.is_empty else Seen(number, shape, span, _widen(shape, clash))


def project(site: Site, number: int) -> Iterator[Seen]:
    """An object as it is seen from the alignment's side, where it is near the dig."""
    clash, near = site.report.clashes[number - 1], site.surroundings
    if clash.axis.shape[1] == 2:
        return
    section = section_of(clash)
    if is_node(clash):
        parts = [clash.axis] if near.intersects(axis_in_plan(clash)) else []
    else:
        clipped = shapely.intersection(shapely.LineString(clash.axis), near)
        parts = [shapely.get_coordinates(p, include_z=True) for p in shapely.get_parts(clipped) if p.length > 0]
    for part in parts:
        stations, _ = site.alignment.locate(part[:, :2])
        half = half_width_m(clash) if is_node(clash) else 0.0
        rise = 0.0 if is_node(clash) else section.height_m / 2
        ends = pairwise(zip(stations.tolist(), part[:, 2].tolist(), strict=True))
        pieces = [_lay((a - half, za), (b + half, zb), rise) for (a, za), (b, zb) in ends]
        yield Seen(number, shapely.union_all(pieces), (float(stations.min()), float(stations.max())), None, beside=True)


def _lay(start: tuple[float, float], end: tuple[float, float], rise_m: float) -> shapely.Geometry:
    """A stretch so far above and below its axis; of an upright one the box between its ends."""
    (a, za), (b, zb) = start, end
    if not rise_m:
        return shapely.box(min(a, b), min(za, zb), max(a, b), max(za, zb))
    return shapely.make_valid(shapely.Polygon([(a, za - rise_m), (b, zb - rise_m), (b, zb + rise_m), (a, za + rise_m)]))


def _widen(shape: shapely.Geometry, clash: Clash) -> shapely.Geometry | None:
    """The shape with its accuracy around it: an ellipse's share, wider than high or the other way round."""
    horizontal, vertical = clash.accuracy.horizontal_m, clash.accuracy.vertical_m
    if vertical is None:
        return None
    horizontal, vertical = max(horizontal, 1e-3), max(vertical, 1e-3)
    stretched = _stretch(shape, horizontal / vertical)
    return _stretch(stretched.buffer(horizontal, quad_segs=8), vertical / horizontal)


def _stretch(shape: shapely.Geometry, factor: float) -> shapely.Geometry:
    return shapely.transform(shape, lambda points: points * (1.0, factor))


def join_shapes(shapes: list[shapely.Geometry]) -> shapely.Geometry:
    """Shapes of neighbouring planes as one, without the seam."""
    return shapely.union_all([shape.buffer(_SEAM_M, join_style="mitre") for shape in shapes]).buffer(
        -_SEAM_M, join_style="mitre"
    )


def merge_bends(cut: list[Seen]) -> list[Seen]:
    """What a bend of the alignment shows in two planes is one object where its shapes meet."""
    merged: list[Seen] = []
    for seen in cut:
        before = next((m for m in merged if m.number == seen.number and abs(m.span[1] - seen.span[0]) < TOUCH_M), None)
        if before is None:
            merged.append(seen)
            continue
        doubt = None if before.doubt is None or seen.doubt is None else join_shapes([before.doubt, seen.doubt])
        span = (before.span[0], seen.span[1])
        merged[merged.index(before)] = Seen(seen.number, join_shapes([before.shape, seen.shape]), span, doubt)
    return merged


def shift_profile(profile: Profile, by_m: float) -> Profile:
    """The profile along the alignment instead of along one leg of it."""

    def move(shape: shapely.Geometry) -> shapely.Geometry:
        return shapely.affinity.translate(shape, by_m)

    seen = [
        Seen(s.number, move(s.shape), (s.span[0] + by_m, s.span[1] + by_m), None if s.doubt is None else move(s.doubt))
        for s in profile.seen
    ]
    ground = profile.ground.copy()
    ground[:, 0] += by_m
    laid = tuple((number, move(shape)) for number, shape in profile.laid)
    return Profile(ground, move(profile.dig), move(profile.dig_deepest), tuple(seen), laid)
