"""Drawings on a PDF page, as vectors with embedded letters."""

from __future__ import annotations

from functools import cache
from io import BytesIO
from typing import TYPE_CHECKING

import shapely
from reportlab.lib.colors import HexColor
from reportlab.lib.units import mm
from reportlab.pdfbase import pdfmetrics
from reportlab.pdfbase.ttfonts import TTFont

from twin.excavations.package.lettering import read_face
from twin.excavations.package.paper import HALO_OPACITY, WHITE, Area, Hatching, Text

if TYPE_CHECKING:
    from reportlab.pdfgen.canvas import Canvas

    from twin.clash.solids import Floats
    from twin.excavations.package.paper import Drawing

REGULAR, BOLD = "SourceSansPro", "SourceSansPro-Bold"


def register_faces() -> None:
    """Make the typeface known to ReportLab; once is enough."""
    if REGULAR in pdfmetrics.getRegisteredFontNames():
        return
    for name, bold in ((REGULAR, False), (BOLD, True)):
        pdfmetrics.registerFont(TTFont(name, BytesIO(read_face(bold=bold))))
    pdfmetrics.registerFontFamily(REGULAR, normal=REGULAR, bold=BOLD, italic=REGULAR, boldItalic=BOLD)


def draw_marks(canvas: Canvas, drawing: Drawing) -> None:
    """The drawing with its lower left corner at the canvas's origin."""
    canvas.saveState()
    canvas.scale(mm, mm)
    canvas.setLineJoin(1)
    for mark in drawing.marks:
        if isinstance(mark, Text):
            if mark.style.halo:
                _fill(canvas, Area((shapely.get_coordinates(mark.outline),), WHITE, HALO_OPACITY))
            _letter(canvas, mark)
        elif isinstance(mark, Area):
            _fill(canvas, mark)
        else:
            stroke = mark.stroke if isinstance(mark, Hatching) else mark
            dashes = " ".join(f"{d:g}" for d in stroke.pen.dashes_mm)
            canvas.addLiteral(f"{_colour(stroke.pen.colour)} RG {stroke.pen.width_mm:g} w [{dashes}] 0 d")
            canvas.addLiteral(f"{_path(stroke.lines)} S")
    canvas.setFillAlpha(1.0)
    canvas.restoreState()


def _fill(canvas: Canvas, area: Area) -> None:
    canvas.setFillAlpha(area.opacity)
    canvas.addLiteral(f"{_colour(area.colour)} rg {_path(area.rings)} f*")


@cache
def _colour(code: str) -> str:
    return " ".join(f"{int(code[i : i + 2], 16) / 255:.3f}" for i in (1, 3, 5))


def _path(lines: tuple[Floats, ...]) -> str:
    """PDF's path operators, to the thousandth of a millimetre."""
    steps = []
    for line in lines:
        points = [f"{x:.3f} {y:.3f}" for x, y in line.tolist()]
        closed = len(points) > 2 and points[0] == points[-1]
        steps.append(f"{' l '.join([f'{points[0]} m {points[1]}', *points[2 : -1 if closed else None]])} l")
        if closed:
            steps.append("h")
    return " ".join(steps)


def _letter(canvas: Canvas, text: Text) -> None:
    style = text.style
    shift = {"start": 0.0, "middle": -0.5, "end": -1.0}[style.anchor] * text.width_mm
    canvas.saveState()
    canvas.setFillAlpha(1.0)
    canvas.translate(text.x, text.y)
    canvas.rotate(style.angle_deg)
    line = canvas.beginText(shift, 0)
    line.setFont(BOLD if style.bold else REGULAR, style.size_mm)
    line.setFillColor(HexColor(style.colour))
    line.textOut(text.text)
    canvas.drawText(line)
    if text.link is not None:
        box = (shift - 1, -1.5, shift + text.width_mm + 1, style.size_mm)
        canvas.linkRect("", f"object-{text.link}", box, relative=1, thickness=0, dashArray=None)
    canvas.restoreState()
