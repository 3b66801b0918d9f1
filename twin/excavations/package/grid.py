"""The coordinate grid of a plan: crosses at round coordinates, figures at the frame."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import shapely

from twin.excavations.package.paper import GREY, Lettering, Pen, Text

if TYPE_CHECKING:
    from twin.clash.solids import Floats
    from twin.excavations.package.paper import Sheet
    from twin.excavations.package.placing import Placing
    from twin.excavations.package.view import View
    from twin.excavations.package.words import Words

_STEPS_M = (1, 2, 5, 10, 20, 50, 100, 200, 500, 1000)
_CLOSEST_MM = 28.0
_FIGURE = Lettering(2.0, colour=GREY, halo=True)


def draw_grid(sheet: Sheet, view: View, frame: shapely.Polygon, placing: Placing, words: Words) -> None:
    """Figures that would cover another one are left out."""
    step = next(s for s in _STEPS_M if s * 1000 / view.scales[0] >= _CLOSEST_MM)
    minx, miny, maxx, maxy = shapely.transform(frame, view.unmap).bounds
    xs, ys = (np.arange(np.ceil(low / step), high / step) * step for low, high in ((minx, maxx), (miny, maxy)))
    _draw_crosses(sheet, view, frame, np.stack(np.meshgrid(xs, ys), axis=-1).reshape(-1, 2))
    lines = [([(x, miny), (x, maxy)], f"{x:.0f} {words.say('east')}") for x in xs]
    lines += [([(minx, y), (maxx, y)], f"{y:.0f} {words.say('north')}") for y in ys]
    for ends, figure in lines:
        _draw_figure(sheet, shapely.intersection(view.draw(shapely.LineString(ends)), frame), figure, placing)
    sheet.shape(frame, Pen(0.25))


def _draw_crosses(sheet: Sheet, view: View, frame: shapely.Polygon, points: Floats) -> None:
    if not len(points):
        return
    east, north = (view.map(view.origin + way) - view.at_mm for way in (np.array([[1.0, 0.0]]), np.array([[0.0, 1.0]])))
    arms = [1.5 * arm[0] / np.hypot(*arm[0]) for arm in (east, north)]
    for point in view.map(points):
        if shapely.contains_xy(frame, *point):
            for arm in arms:
                sheet.line(np.stack([point - arm, point + arm]), Pen(0.18, GREY))


def _draw_figure(sheet: Sheet, line: shapely.Geometry, figure: str, placing: Placing) -> None:
    """Along the grid line, where it comes in from the left or from below."""
    if line.geom_type != "LineString" or line.length < 20:
        return
    ends = shapely.get_coordinates(line)[[0, -1]]
    start, end = ends if (ends[0] <= ends[1]).sum() > 0 and ends[0, 0] <= ends[1, 0] + 1e-6 else ends[::-1]
    ahead = (end - start) / np.hypot(*(end - start))
    x, y = start + 2.8 * ahead + 0.5 * np.array([-ahead[1], ahead[0]])
    angle = float(np.degrees(np.arctan2(ahead[1], ahead[0])))
    style = Lettering(_FIGURE.size_mm, colour=_FIGURE.colour, angle_deg=angle, halo=True)
    if placing.claim_text(Text(float(x), float(y), figure, style)):
        sheet.line(np.stack([start, start + 2.2 * ahead]), Pen(0.25))
        sheet.text(float(x), float(y), figure, style)
