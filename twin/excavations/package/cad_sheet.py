"""A drawing as a layout of a CAD document, in millimetres of its paper."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import shapely
from ezdxf.enums import TextEntityAlignment
from ezdxf.lldxf.const import VALID_DXF_LINEWEIGHTS

from twin.excavations.package.lettering import compose
from twin.excavations.package.paper import Area, Hatching, Stroke

if TYPE_CHECKING:
    from ezdxf.document import Drawing as Document
    from ezdxf.layouts.layout import Paperspace

    from twin.excavations.package.paper import Drawing, Pen, Text

STYLE = "TWIN"
_LAYER = "SHEET"
# Capitals of the drawings' typeface take this share of its em, and CAD measures text by its capitals.
_CAPITALS = 0.66
_NAMES = str.maketrans('<>/\\":;?*|=,`', "-" * 13)
_ALIGN = {"start": TextEntityAlignment.LEFT, "middle": TextEntityAlignment.CENTER, "end": TextEntityAlignment.RIGHT}


def add_sheet(document: Document, drawing: Drawing, index: int) -> None:
    """A layout with the drawing's strokes, fills and texts in their colours and weights."""
    if _LAYER not in document.layers:
        document.layers.add(_LAYER)
    name = clean(f"{index:02d} {drawing.title}").translate(_NAMES)[:60]
    layout = document.layouts.new(name)
    layout.page_setup(size=(drawing.width_mm, drawing.height_mm), margins=(0, 0, 0, 0), units="mm")
    for mark in drawing.marks:
        if isinstance(mark, Stroke):
            _stroke(layout, mark, _attributes(document, mark.pen))
        elif isinstance(mark, Hatching):
            _hatch(layout, mark)
        elif isinstance(mark, Area):
            _fill(layout, mark)
        else:
            _letter(layout, mark)


def clean(text: str) -> str:
    """Without what CAD programs take for control codes."""
    return compose(text).replace("%%", "%").replace("^", "ˆ").replace("\\", "/")


def _attributes(document: Document, pen: Pen) -> dict[str, object]:
    weight = min(VALID_DXF_LINEWEIGHTS, key=lambda known: abs(known - pen.width_mm * 100))
    linetype = "CONTINUOUS"
    if pen.dashes_mm:
        linetype = "MM_" + "_".join(f"{d:g}" for d in pen.dashes_mm).replace(".", "P")
        if linetype not in document.linetypes:
            pattern = [sum(pen.dashes_mm), *(d * (-1) ** i for i, d in enumerate(pen.dashes_mm))]
            document.linetypes.add(linetype, pattern)
    return {"layer": _LAYER, "true_color": _number(pen.colour), "lineweight": weight, "linetype": linetype}


def _stroke(layout: Paperspace, stroke: Stroke, attributes: dict[str, object]) -> None:
    for points in stroke.lines:
        if len(points) == 2:
            start, end = np.round(points, 4).tolist()
            layout.add_line(start, end, dxfattribs=attributes)
        else:
            layout.add_lwpolyline(np.round(points, 4), dxfattribs=attributes)


def _hatch(layout: Paperspace, hatching: Hatching) -> None:
    """A pattern of one family of lines, which CAD programs can edit as one."""
    pen = hatching.pen
    weight = min(VALID_DXF_LINEWEIGHTS, key=lambda known: abs(known - pen.width_mm * 100))
    attributes = {"layer": _LAYER, "true_color": _number(pen.colour), "lineweight": weight}
    turned = np.radians(hatching.angle_deg)
    step = (-hatching.spacing_mm * float(np.sin(turned)), hatching.spacing_mm * float(np.cos(turned)))
    for polygon in shapely.get_parts(hatching.shape):
        hatch = layout.add_hatch(dxfattribs=attributes)
        hatch.set_pattern_fill("TWIN", definition=[[hatching.angle_deg, (0.0, 0.0), step, []]])
        for index, ring in enumerate((polygon.exterior, *polygon.interiors)):
            points = np.round(shapely.get_coordinates(ring)[:-1], 4)
            hatch.paths.add_polyline_path(points, is_closed=True, flags=1 if index == 0 else 16)


def _fill(layout: Paperspace, area: Area) -> None:
    hatch = layout.add_hatch(dxfattribs={"layer": _LAYER, "true_color": _number(area.colour)})
    if area.opacity < 1:
        hatch.transparency = 1 - area.opacity
    for index, ring in enumerate(area.rings):
        hatch.paths.add_polyline_path(np.round(ring[:-1], 4), is_closed=True, flags=1 if index == 0 else 16)


def _letter(layout: Paperspace, text: Text) -> None:
    style = text.style
    attributes = {"layer": _LAYER, "true_color": _number(style.colour), "style": STYLE, "rotation": style.angle_deg}
    entity = layout.add_text(clean(text.text), height=style.size_mm * _CAPITALS, dxfattribs=attributes)
    entity.set_placement((text.x, text.y), align=_ALIGN[style.anchor])


def _number(colour: str) -> int:
    return int(colour[1:], 16)
