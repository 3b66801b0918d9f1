"""DXF drawings of several versions: lines and polylines by layer, blocks with attributes, texts beside lines."""

from __future__ import annotations

import logging
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import numpy as np
import shapely
from ezdxf import options  # type: ignore[attr-defined]
from ezdxf.filemanagement import new
from ezdxf.math import bulge_to_arc

from layers.crs import parse_crs
from twin.sample.delivery.drawings import SWERVE_M, spline_points
from twin.sample.files.columns import spell
from twin.sample.files.vectors import write_columns

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from ezdxf.document import Drawing
    from ezdxf.layouts.layout import Modelspace
    from numpy.typing import NDArray

    from twin.sample.delivery.records import Dataset, Form, Row, Value

_LOGGER = logging.getLogger("ezdxf")
_LETTER_M = 0.15
_BLOCK_M = 0.5
_STYLE = "CHU"
# The font that legacy letters are drawn with, by encoding.
_FONTS = {"tcvn3": ".VnArial.ttf", "vni": "VNI-Helve.ttf"}
_FROM_HERE = ("block", "label", "TEXT", "circle_m")


def write_drawing(path: Path, file: Dataset, shapes: list[NDArray[np.object_]]) -> None:
    """One entity a row, in order, in the row's drawing layer; what speaks of rows comes after them all."""
    (layer,), form = file.layers, file.form
    if form.label != "none":
        path.with_suffix(".prj").write_text(parse_crs(form.crs).wkt1, encoding="ascii")
    if form.version == "GDAL":
        names: dict[str, list[Value]] = {"Layer": [row.drawing_layer for row in layer.rows]}
        write_columns(path, names, shapes[0], driver="DXF", crs=form.crs)
        return
    with _fixed_dates():
        document = _begin(form)
        space = document.modelspace()
        for row, shape in zip(layer.rows, shapes[0], strict=True):
            if row.drawing_layer not in document.layers:
                document.layers.add(row.drawing_layer)
            _draw(space, row, shape, form)
        for row, shape in zip(layer.rows, shapes[0], strict=True):
            if "label" in row.fields:
                _write_beside(space, row, shape, form)
        document.saveas(path)


def _begin(form: Form) -> Drawing:
    document = new(form.version)
    # The library adds these two in the order of a set, which is another in every process.
    for name in ("ACDBPLACEHOLDER", "LAYOUT"):
        if form.version != "R12":
            document.classes.add_class(name)
    if form.encoding == "cp1258":
        document.encoding = "cp1258"
    document.styles.add(_STYLE, font=_FONTS.get(form.encoding, "arial.ttf"))
    block = document.blocks.new("HO_AP")
    corners = [(-_BLOCK_M, -_BLOCK_M), (_BLOCK_M, -_BLOCK_M), (_BLOCK_M, _BLOCK_M), (-_BLOCK_M, _BLOCK_M)]
    block.add_polyline2d([*corners, corners[0]])
    return document


@contextmanager
def _fixed_dates() -> Iterator[None]:
    """One date, and no word about units, which release 12 has no place for."""
    before, heard = options.write_fixed_meta_data_for_testing, _LOGGER.level
    options.write_fixed_meta_data_for_testing = True
    _LOGGER.setLevel(logging.ERROR)
    try:
        yield
    finally:
        options.write_fixed_meta_data_for_testing = before
        _LOGGER.setLevel(heard)


def _draw(space: Modelspace, row: Row, shape: shapely.Geometry, form: Form) -> None:
    on_layer = {"layer": row.drawing_layer}
    points = shapely.get_coordinates(shape, include_z=True).tolist()
    if "curve" in row.fields:
        _draw_curve(space, row, points, on_layer)
    elif "circle_m" in row.fields:
        space.add_circle(points[0][:2], float(row.fields["circle_m"] or 0.0), dxfattribs=on_layer)
    elif "block" in row.fields:
        _insert(space, row, points[0][:2], form)
    elif shape.geom_type == "Point":
        space.add_text(str(row.fields["TEXT"]), height=5.0, dxfattribs=on_layer).set_placement(points[0][:2])
    elif not shape.has_z or len({point[2] for point in points}) == 1:
        _draw_flat(space, points, on_layer, form)
    elif len(points) == 2:
        space.add_line(points[0], points[1], dxfattribs=on_layer)
    else:
        space.add_polyline3d(points, dxfattribs=on_layer)


def _draw_curve(space: Modelspace, row: Row, points: list[list[float]], on_layer: dict[str, str]) -> None:
    """An arc, which runs against the clock, a polyline with a bulge, or a spline by its control points."""
    ends = np.array([points[0][:2], points[-1][:2]])
    height = points[0][2]
    bulge = -2 * SWERVE_M / float(np.hypot(*(ends[1] - ends[0])))
    if row.fields["curve"] == "arc":
        first, last = ends.tolist()
        centre, start, stop, radius = bulge_to_arc(first, last, bulge)
        begin, end = np.degrees([start, stop]).tolist()
        space.add_arc((centre.x, centre.y, height), radius, begin, end, dxfattribs=on_layer)
    elif row.fields["curve"] == "bulge":
        corners = [(*ends[0], bulge), (*ends[1], 0.0)]
        space.add_lwpolyline(corners, format="xyb", dxfattribs=on_layer | {"elevation": height})
    else:
        spline = space.add_spline(degree=3, dxfattribs=on_layer)
        spline.control_points = [(x, y, height) for x, y in spline_points(ends).tolist()]
        spline.knots = [0.0] * 4 + [1.0] * 4


def _draw_flat(space: Modelspace, points: list[list[float]], on_layer: dict[str, str], form: Form) -> None:
    """A polyline at one height; release 12 knows no light ones."""
    flat, height = [point[:2] for point in points], points[0][2]
    known = not np.isnan(height)
    if form.version == "R12":
        space.add_polyline2d(flat, dxfattribs=on_layer | ({"elevation": (0, 0, height)} if known else {}))
    else:
        space.add_lwpolyline(flat, dxfattribs=on_layer | ({"elevation": height} if known else {}))


def _insert(space: Modelspace, row: Row, at: list[float], form: Form) -> None:
    """A block, and what is known of it as attributes that stand beside it."""
    insert = space.add_blockref(str(row.fields["block"]), at, dxfattribs={"layer": row.drawing_layer})
    told = {name: value for name, value in row.fields.items() if name not in _FROM_HERE}
    for i, (tag, value) in enumerate(told.items()):
        text = f"{value:g}" if isinstance(value, float) else _letters(str(value), form)
        place = (at[0] + 1.0, at[1] - 0.4 * i)
        insert.add_attrib(tag, text, place, dxfattribs={"height": 0.25, "style": _STYLE, "layer": row.drawing_layer})


def _letters(text: str, form: Form) -> str:
    """Text as a program holds it that writes the letters of a code page, or of a font."""
    spelled = str(spell(text, form.encoding))
    return spelled.encode("iso-8859-1").decode("cp1258") if form.encoding == "cp1258" else spelled


def _write_beside(space: Modelspace, row: Row, shape: shapely.LineString, form: Form) -> None:
    """What a line is, along its longest stretch, in its layer."""
    points = shapely.get_coordinates(shape)
    sides = np.diff(points, axis=0)
    longest = int(np.argmax(np.hypot(*sides.T)))
    middle = (points[longest] + points[longest + 1]) / 2
    angle = float(np.degrees(np.arctan2(sides[longest, 1], sides[longest, 0])))
    text = str(row.fields["label"])
    looks: dict[str, Any] = {"layer": row.drawing_layer, "style": _STYLE}
    if form.version == "R2018":
        looks |= {"insert": tuple(middle), "char_height": _LETTER_M, "rotation": angle, "attachment_point": 7}
        space.add_mtext(f"{{\\fArial|b0|i0;{text}}}", dxfattribs=looks)
    else:
        written = space.add_text(text, height=_LETTER_M, rotation=angle, dxfattribs=looks)
        written.set_placement(tuple(middle))
