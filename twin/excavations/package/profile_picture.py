"""What long and cross-sections have in common: ground, dig and objects within a box on paper."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import shapely

from twin.clash.outcome import Outcome
from twin.excavations.package.paper import BLACK, GREY, Lettering, Pen
from twin.excavations.package.symbols import BADGE_MM, DIG, colour_of, draw_badge, draw_body, draw_ground, draw_laid

if TYPE_CHECKING:
    from collections.abc import Sequence

    from twin.excavations.package.paper import Sheet
    from twin.excavations.package.profile import Profile, Seen
    from twin.excavations.package.sections import Survey
    from twin.excavations.package.view import View
    from twin.excavations.package.words import Words

_WORST_FIRST = list(Outcome)
_SPACING_MM = BADGE_MM + 1.2
_SMALLEST_MM = 0.9


@dataclass(frozen=True, slots=True)
class ProfilePicture:
    """`box` is the room of the section itself; badges stand in rows above it, from `box`'s top."""

    survey: Survey
    words: Words
    sheet: Sheet
    view: View
    box: shapely.Polygon

    def draw(self, profile: Profile) -> None:
        self._draw_levels()
        dig = self._clip(profile.dig)
        self.sheet.hatch(dig, Pen(0.13, DIG), 1.6, 45)
        seen = sorted(
            profile.seen, key=lambda s: (not s.beside, -_WORST_FIRST.index(self.survey.clash(s.number).outcome))
        )
        anchors = []
        for found in seen:
            anchor = self._draw_seen(found, dig)
            if anchor is not None:
                anchors.append((anchor[0], anchor[1], found.number))
        self._draw_laid(profile)
        for part in shapely.get_parts(self._clip(shapely.LineString(profile.ground))):
            if part.geom_type == "LineString":
                draw_ground(self.sheet, shapely.get_coordinates(part))
        self.sheet.shape(dig, Pen(0.7))
        deepest = self._clip(profile.dig_deepest)
        if deepest.area - dig.area > 0.2 * (dig.bounds[2] - dig.bounds[0] if not dig.is_empty else 1):
            self.sheet.shape(deepest, Pen(0.35, BLACK, (2.0, 0.8)))
        self._draw_badges(anchors)

    def _draw_laid(self, profile: Profile) -> None:
        """What will be laid, with its mark within."""
        for number, shape in profile.laid:
            body = self._clip(shape)
            colour = colour_of(self.survey.report.layings[number - 1].utility.discipline)
            draw_laid(self.sheet, body, colour)
            if not body.is_empty:
                x, y = shapely.get_coordinates(body.centroid)[0]
                style = Lettering(2.3, True, colour, "middle", halo=True)
                self.sheet.text(float(x), float(y) - 0.8, f"L{number}", style)

    def _rank(self, seen: Seen) -> tuple[bool, int]:
        """What is drawn first: what lies beside, then the harmless."""
        return not seen.beside, -_WORST_FIRST.index(self.survey.clash(seen.number).outcome)

    def _clip(self, shape: shapely.Geometry) -> shapely.Geometry:
        return shapely.intersection(self.view.draw(shape), self.box)

    def _draw_levels(self) -> None:
        """Elevations beside the section, a line across it at each."""
        left, bottom, right, top = self.box.bounds
        low, high = (self.view.unmap(np.array([[left, y]]))[0, 1] for y in (bottom, top))
        step = next(s for s in (0.1, 0.2, 0.5, 1, 2, 5, 10) if s * 1000 / self.view.scales[1] >= 7)
        for level in np.arange(np.ceil(low / step - 1e-9), np.floor(high / step + 1e-9) + 1) * step:
            y = float(self.view.map(np.array([[self.view.origin[0], level]]))[0, 1])
            self.sheet.line([(left - 1.2, y), (left, y)], Pen(0.25))
            self.sheet.line([(left, y), (right, y)], Pen(0.09, "#b5b5b5"))
            label = self.words.number(float(level), 0 if step >= 1 else 1)
            self.sheet.text(left - 1.8, y - 0.75, label, Lettering(2.1, anchor="end"))
        self.sheet.line([(left, bottom), (left, top)], Pen(0.25))

    def _draw_seen(self, seen: Seen, dig: shapely.Geometry) -> tuple[float, float] | None:
        """The object; returns where its badge's leader starts, None where nothing of it is in the picture."""
        clash = self.survey.clash(seen.number)
        colour = colour_of(clash.discipline)
        left, _, right, _ = self.box.bounds
        if seen.shape.is_empty:
            ends = self.view.map(np.array([[u, self.view.origin[1]] for u in seen.span]))[:, 0]
            start, end = max(ends.min(), left), min(ends.max(), right)
            if start >= end:
                return None
            return self._draw_unknown(start, end, colour)
        shape = self._clip(seen.shape)
        if shape.is_empty:
            return None
        if seen.doubt is not None and clash.outcome is not Outcome.CLEAR:
            self.sheet.shape(self._clip(seen.doubt), Pen(0.13, colour, (0.25, 0.9)))
        minx, miny, maxx, maxy = shape.bounds
        if max(maxx - minx, maxy - miny) < _SMALLEST_MM:
            shape = shapely.Point((minx + maxx) / 2, (miny + maxy) / 2).buffer(_SMALLEST_MM / 2)
        if seen.beside:
            self.sheet.shape(shape, Pen(0.18, colour, (2.5, 0.8)))
        else:
            draw_body(self.sheet, shape, dig, clash.outcome, colour)
        return (minx + maxx) / 2, maxy

    def _draw_unknown(self, start: float, end: float, colour: str) -> tuple[float, float]:
        """Somewhere between the ground and the end of the picture."""
        _, bottom, _, top = self.box.bounds
        for x in (start, end):
            self.sheet.line([(x, bottom), (x, top)], Pen(0.35, colour, (0.8, 0.8)))
        middle = (start + end) / 2
        for y in np.arange(bottom + 4, top - 6, 11.0):
            self.sheet.text(middle, float(y), "?", Lettering(3.2, True, colour, "middle", halo=True))
        return middle, top

    def _draw_badges(self, anchors: list[tuple[float, float, int]]) -> None:
        """In rows above the section, each over its object as near as its neighbours allow."""
        left, _, right, top = self.box.bounds
        anchors.sort()
        per_row = max(int((right - left) / _SPACING_MM), 1)
        rows = -(-len(anchors) // per_row)
        for row in range(rows):
            chosen = anchors[row::rows]
            y = top + 3.2 + row * _SPACING_MM
            for (x, z, number), at in zip(
                chosen, spread([a[0] for a in chosen], _SPACING_MM, (left, right)), strict=True
            ):
                self.sheet.line([(x, z), (x, top - 0.5), (at, y)], Pen(0.13, GREY))
                draw_badge(self.sheet, (at, y), str(number), self.survey.clash(number).outcome, link=number)


def spread(places: Sequence[float], spacing: float, limits: tuple[float, float]) -> list[float]:
    """Ascending places moved apart to at least `spacing`, as little as that takes, within the limits."""
    moved = [min(max(place, limits[0]), limits[1]) for place in places]
    for _ in range(2):
        for i in range(1, len(moved)):
            moved[i] = max(moved[i], moved[i - 1] + spacing)
        if moved and moved[-1] > limits[1]:
            moved[-1] = limits[1]
        for i in range(len(moved) - 2, -1, -1):
            moved[i] = min(moved[i], moved[i + 1] - spacing)
    return moved
