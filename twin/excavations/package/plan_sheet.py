"""The plan of a checked dig at a usual scale."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING

import numpy as np
import shapely

from twin.clash.outcome import Outcome
from twin.clash.ways.wording import CHANGES
from twin.excavations.package.bodies import axis_in_plan, is_node
from twin.excavations.package.captions import Shown, describe, draw_key, draw_legend
from twin.excavations.package.context import draw_context, write_marks
from twin.excavations.package.digs import rim_of
from twin.excavations.package.frame import Title, draw_north, draw_scale_bar, open_sheet, paper_name
from twin.excavations.package.grid import draw_grid
from twin.excavations.package.paper import BLACK, WHITE, Lettering, Pen, Text
from twin.excavations.package.placing import Placing, go_along, go_around, read_along
from twin.excavations.package.plan_layout import COLUMN_MM, EDGE_MM, lay_out
from twin.excavations.package.proposals import draw_proposals, write_proposals
from twin.excavations.package.symbols import BADGE_MM, DIG, colour_of, draw_badge, draw_body, draw_laid, outline_of
from twin.excavations.package.view import View

if TYPE_CHECKING:
    from twin.excavations.package.paper import Box, Drawing, Sheet
    from twin.excavations.package.plan_layout import Layout
    from twin.excavations.package.sections import CrossSection, Survey, Track
    from twin.excavations.package.words import Words

# Bodies narrower than this on paper are drawn as a line.
_THIN_MM = 0.9
_WORST_FIRST = list(Outcome)
# Where many lines lie close, most of their names find no room; numbers always do.
_MOST_TRIES = 12


def draw_plans(survey: Survey, words: Words) -> list[Drawing]:
    """The plan of the whole dig, then those of its parts where it is long."""
    layouts = lay_out(survey)
    # Of several sheets those of the parts have the section marks: the whole is too small for them.
    marked = layouts[1:] or layouts
    return [_draw_plan(survey, words, layout, marked=layout in marked) for layout in layouts]


def _draw_plan(survey: Survey, words: Words, layout: Layout, *, marked: bool) -> Drawing:
    name = words.say("plan")
    if layout.stations_m is not None:
        start, end = (words.station(station) for station in layout.stations_m)
        name = words.say("plan_part", start=start, end=end)
    scale = words.say("scale", scale=layout.scale, paper=paper_name(layout.paper))
    crs = survey.report.crs
    title = Title(name, survey.report.name, scale, words.say("system", code=crs.code, name=crs.name))
    sheet, (left, bottom, right, top) = open_sheet(layout.paper, title)
    edge = right - COLUMN_MM
    sheet.line([(edge, bottom), (edge, top)], Pen(0.5))
    middle = shapely.get_coordinates(layout.window.centroid)[0]
    view = View(middle, ((left + edge) / 2, (bottom + top) / 2), (float(layout.scale),) * 2, layout.turn_deg)
    frame = shapely.box(left, bottom, edge, top).buffer(1.5 - EDGE_MM, join_style="mitre")
    picture = _Picture(survey, words, sheet, view, frame, Placing(frame.bounds))
    if layout.stations_m is not None:
        picture.join(layout.stations_m)
    shown = picture.draw(marked=marked)
    _draw_column(words, sheet, (edge, bottom, right, top), (layout, shown))
    return sheet.finish(name, view.scales)


@dataclass(frozen=True, slots=True)
class _Picture:
    """The map within `frame`, a box on paper."""

    survey: Survey
    words: Words
    sheet: Sheet
    view: View
    frame: shapely.Polygon
    placing: Placing

    def draw(self, *, marked: bool) -> Shown:
        """Returns what is in the picture."""
        around = draw_context(self.survey, self.sheet, self.view, self.frame)
        draw_grid(self.sheet, self.view, self.frame, self.placing, self.words)
        dig = shapely.intersection(self.view.draw(self.survey.report.polygon), self.frame)
        tracks = sorted(self.survey.plan.tracks, key=lambda t: -_WORST_FIRST.index(self.survey.clash(t.number).outcome))
        lines = {track.number: self._line(track) for track in tracks}
        tracks = [track for track in tracks if not lines[track.number].is_empty]
        for track in tracks:
            self._draw_doubt(track, lines[track.number])
        self.sheet.hatch(dig, Pen(0.13, DIG), 1.6, 45)
        for track in tracks:
            self._draw_track(track, lines[track.number], dig)
        self.sheet.shape(dig, Pen(0.7))
        self._draw_rim(dig)
        proposals = draw_proposals(self.sheet, self.view, self.frame, self.survey.report)
        laid = self._draw_laid()
        for section in self.survey.across if marked else ():
            self._mark(section)
        for track in reversed(tracks):
            self._number(track, lines[track.number], dig)
        for track in reversed(tracks):
            self._name(track, lines[track.number], dig)
        write_proposals(self.sheet, proposals, self.placing, self.words)
        write_marks(self.sheet, around, self.placing)
        numbers = sorted(track.number for track in tracks)
        kinds = frozenset(kind for kind, _, _ in around)
        return Shown({n: self.survey.clash(n) for n in numbers}, kinds, laid, self._changes(proposals))

    def _changes(self, proposals: list[tuple[int, shapely.Geometry]]) -> dict[int, str]:
        """The kinds of the ways out that are drawn, by their numbers."""
        found = self.survey.report.ways_out
        ways = found.ways if found else ()
        return {number: self.words.wording(CHANGES[ways[number - 1].change]) for number, _ in proposals}

    def _draw_rim(self, dig: shapely.Geometry) -> None:
        """Where battered sides and working space open the ground beyond the floor."""
        rim = shapely.intersection(self.view.draw(rim_of(self.survey.report)), self.frame)
        if rim.area > dig.area + 0.3 * dig.length:
            self.sheet.shape(rim, Pen(0.25, DIG, (2.0, 0.8)))

    def _draw_laid(self) -> bool:
        """What will be laid, with its mark; says whether there is any."""
        drawn = False
        for number, laying in enumerate(self.survey.report.layings, start=1):
            colour = colour_of(laying.utility.discipline)
            for axis in laying.axes:
                line = shapely.intersection(self.view.draw(shapely.LineString(axis[:, :2])), self.frame)
                draw_laid(self.sheet, line, colour)
                drawn = drawn or not line.is_empty
                for x, y, angle in islice(read_along(line, 6.0, shapely.Point()), _MOST_TRIES):
                    style = Lettering(2.6, True, colour, "middle", angle, halo=True)
                    text = Text(x, y + 0.8, f"L{number}", style)
                    if self.placing.claim_text(text):
                        self.sheet.text(text.x, text.y, text.text, style)
                        break
        return drawn

    def join(self, stations_m: tuple[float, float]) -> None:
        """Lines where the sheets before and after begin."""
        alignment = self.survey.alignment
        for station in stations_m:
            if 0.0 < station < alignment.length_m - 1e-6:
                middle, right = alignment.place(np.array([station])), alignment.rightward(station)
                ends = self.view.map(middle + np.array([[-1.0], [1.0]]) * right * 500.0)
                line = shapely.intersection(shapely.LineString(ends), self.frame)
                self.sheet.shape(line, Pen(0.5, BLACK, (8.0, 1.5, 1.5, 1.5)))
                (x, y), *_ = sorted(shapely.get_coordinates(line).tolist(), key=lambda p: -p[1])
                text = Text(x + 1.2, y - 3.5, self.words.station(station), Lettering(2.3, halo=True))
                self.placing.claim_text(text)
                self.sheet.text(text.x, text.y, text.text, text.style)

    def _line(self, track: Track) -> shapely.Geometry:
        return shapely.intersection(self.view.draw(axis_in_plan(self.survey.clash(track.number))), self.frame)

    def _on_paper(self, length_m: float) -> float:
        return length_m * 1000 / self.view.scales[0]

    def _draw_doubt(self, track: Track, line: shapely.Geometry) -> None:
        """How far a conflict may lie from its record."""
        clash = self.survey.clash(track.number)
        if clash.outcome is not Outcome.CLEAR and track.reach_m > 0:
            band = shapely.intersection(line.buffer(self._on_paper(track.half_width_m + track.reach_m)), self.frame)
            self.sheet.shape(band, Pen(0.13, colour_of(clash.discipline), (0.25, 0.9)))

    def _draw_track(self, track: Track, line: shapely.Geometry, dig: shapely.Geometry) -> None:
        """Pale beside the dig, by its outcome within; what is too thin for that as a line."""
        clash = self.survey.clash(track.number)
        colour = colour_of(clash.discipline)
        node = is_node(clash)
        radius = self._on_paper(track.half_width_m)
        if not node and 2 * radius < _THIN_MM:
            pen = outline_of(clash.outcome, colour)
            self.sheet.shape(line, Pen(1.0, WHITE))
            self.sheet.shape(line, pen)
            if clash.outcome is not Outcome.CLEAR:
                self.sheet.shape(shapely.intersection(line, dig), Pen(2 * pen.width_mm, pen.colour, pen.dashes_mm))
            return
        style = "round" if node else "flat"
        body = line.buffer(max(radius, 0.8 if node else 0.0), cap_style=style, join_style="round" if node else "mitre")
        draw_body(self.sheet, shapely.intersection(body, self.frame), dig, clash.outcome, colour)

    def _mark(self, section: CrossSection) -> None:
        """Where a cross-section is, with arrows that look along the dig."""
        dug = self.survey.report.excavation.footprint
        within = shapely.get_coordinates(shapely.intersection(section.plane.trace, dug))
        u = section.plane.measure(within)
        ends = self.view.map(section.plane.origin + np.array([[u.min()], [u.max()]]) * section.plane.ahead)
        outward = (ends[1] - ends[0]) / np.hypot(*(ends[1] - ends[0]))
        ahead = np.array([-outward[1], outward[0]])
        for end, way in ((ends[0], -outward), (ends[1], outward)):
            reach = next((r for r in (5.0, 9.0, 13.0, 17.0) if self._claim_mark(end + (r + 2.2) * way)), None)
            if reach is None:
                continue
            outer = end + reach * way
            tip = outer + 2.6 * ahead
            # One that had to give way to its neighbour keeps a stroke at the dig, for none may cross a name.
            self.sheet.line(np.stack([end + 1.2 * way, end + 2.6 * way]), Pen(0.5))
            self.sheet.line(np.stack([outer - 2.4 * way, outer]), Pen(0.5))
            self.sheet.line(np.stack([outer, tip]), Pen(0.25))
            wings = np.stack([tip, tip - 1.3 * ahead + 0.45 * outward, tip - 1.3 * ahead - 0.45 * outward])
            self.sheet.shape(shapely.Polygon(wings), fill=BLACK)
            x, y = outer + 2.2 * way
            self.sheet.text(
                float(x), float(y) - 0.9, section.name, Lettering(2.8, bold=True, anchor="middle", halo=True)
            )

    def _claim_mark(self, at: np.ndarray[tuple[int], np.dtype[np.float64]]) -> bool:
        return self.placing.place([(float(at[0]), float(at[1]))], 4.0, 3.4) is not None

    def _number(self, track: Track, line: shapely.Geometry, dig: shapely.Geometry) -> None:
        clash = self.survey.clash(track.number)
        size = BADGE_MM + 0.7
        at = self.placing.place(go_along(line, dig, 9.0), size, size)
        if at is None:
            anchor = shapely.get_coordinates(shapely.line_interpolate_point(line, 0.5, normalized=True)
                                             if line.geom_type == "LineString" else line)[0]  # fmt: skip
            at = self.placing.place(go_around(anchor), size, size) or (float(anchor[0]), float(anchor[1]))
            self.sheet.line([(float(anchor[0]), float(anchor[1])), at], Pen(0.18))
        draw_badge(self.sheet, at, str(track.number), clash.outcome, link=track.number)

    def _name(self, track: Track, line: shapely.Geometry, dig: shapely.Geometry) -> None:
        """What it is, written along the line where there is room."""
        clash = self.survey.clash(track.number)
        words = describe(clash, self.words, short=True)
        lift = max(self._on_paper(track.half_width_m), 0.3) + 0.7
        width = Text(0, 0, words, Lettering(2.1)).width_mm
        for x, y, angle in islice(read_along(line, width, dig), _MOST_TRIES):
            turned = np.radians(angle)
            style = Lettering(2.1, False, colour_of(clash.discipline), "middle", angle, halo=True)
            text = Text(float(x - np.sin(turned) * lift), float(y + np.cos(turned) * lift), words, style)
            if self.placing.claim_text(text):
                self.sheet.text(text.x, text.y, words, style)
                return


def _draw_column(words: Words, sheet: Sheet, box: Box, content: tuple[Layout, Shown]) -> None:
    left, bottom, right, top = box
    layout, shown = content
    draw_north(sheet, (right - 13, top - 14), layout.turn_deg, words)
    sheet.text(left + 4, top - 8, words.say("scale_plain", scale=layout.scale), Lettering(3.6, bold=True))
    draw_scale_bar(sheet, (left + 5, top - 16), layout.scale, words)
    y = draw_legend(sheet, (left + 4, top - 30), shown, words)
    draw_key(sheet, (left, bottom, right, y - 2), shown.clashes, words)
