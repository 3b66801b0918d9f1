"""Ways out of a conflict as they are drawn: what would be dug instead, with the number that their table has."""

from __future__ import annotations

from typing import TYPE_CHECKING

import shapely

from twin.excavations.package.paper import Lettering, Pen

if TYPE_CHECKING:
    from collections.abc import Iterator

    from twin.clash.report import ClashReport
    from twin.excavations.package.paper import Sheet
    from twin.excavations.package.placing import Placing
    from twin.excavations.package.view import View
    from twin.excavations.package.words import Words

COLOUR = "#00796b"
# By rank among those that are drawn: where outlines meet, dashes tell them apart.
PENS = tuple(Pen(0.4, COLOUR, dashes) for dashes in ((2.4, 1.0), (0.9, 0.7), (5.0, 1.0, 0.8, 1.0)))
# An outline that is so much the same as that of the dig shows nothing.
_SAME_M2 = 0.05


def outlines(report: ClashReport) -> Iterator[tuple[int, shapely.Geometry]]:
    """Number and outline of each way out, best first: the changed floor, or the stretches that are dug by hand.

    What changes in height alone has no outline.
    """
    for number, way in enumerate(report.ways_out.ways if report.ways_out else (), start=1):
        shape = way.dig.polygon if way.hand_dug is None else way.hand_dug
        if shapely.symmetric_difference(shape, report.polygon).area > _SAME_M2:
            yield number, shape


def mark_of(number: int, words: Words) -> str:
    return words.say("way_mark", number=number)


def draw_proposals(
    sheet: Sheet, view: View, frame: shapely.Polygon, report: ClashReport
) -> list[tuple[int, shapely.Geometry]]:
    """The outlines of the best on paper; those that can be seen."""
    drawn = []
    for pen, (number, outline) in zip(PENS, outlines(report), strict=False):
        shape = shapely.intersection(view.draw(outline), frame)
        if not shape.is_empty:
            sheet.shape(shape, pen)
            drawn.append((number, shape))
    return drawn


def write_proposals(sheet: Sheet, drawn: list[tuple[int, shapely.Geometry]], placing: Placing, words: Words) -> None:
    """Their numbers at a corner or an end, outside of what they stand for."""
    for number, shape in drawn:
        text = mark_of(number, words)
        corners = shapely.get_coordinates(shapely.oriented_envelope(shape).buffer(3.4, join_style="mitre"))
        middles = (corners[:-1] + corners[1:]) / 2
        at = placing.place([*map(tuple, corners[:-1].tolist()), *map(tuple, middles.tolist())], 8.0, 4.4)
        if at is None:
            continue
        box = shapely.box(at[0] - 3.6, at[1] - 1.9, at[0] + 3.6, at[1] + 1.9)
        nearest = shapely.shortest_line(shapely.Point(at), shape.boundary)
        sheet.line(shapely.get_coordinates(nearest), Pen(0.18, COLOUR))
        sheet.shape(box, Pen(0.35, COLOUR), fill="#ffffff")
        sheet.text(at[0], at[1] - 0.85, text, Lettering(2.4, True, COLOUR, "middle"))


def draw_sample(sheet: Sheet, rank: int, left: float, y: float, right: float) -> None:
    """What the one of a rank looks like, for the legend."""
    sheet.shape(shapely.box(left, y - 1.3, right, y + 1.3), PENS[rank])
