"""Lines and nodes as drawings tell them: by layers, by texts beside them, and by blocks with attributes."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import shapely

from twin.sample.delivery.lines import OWNERS, Style, describe_identity, describe_line, expect_section
from twin.sample.delivery.records import Layer, Row, Value
from twin.sample.delivery.vertical import InGeometry, axis_offset, below_ground, true_axis

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from twin.sample.city.networks import Line, Node
    from twin.sample.city.streets import Points
    from twin.sample.city.terrain import Terrain
    from twin.sample.delivery.records import AxisRule, Elevations, Form

_LAYERS = {"power": "DIEN_LUC", "telecom": "VIEN_THONG", "lighting": "CHIEU_SANG"}
_MATERIALS = {"XLPE cable": "XLPE", "uPVC": "uPVC"}
CURVES = ("arc", "bulge", "spline")
SWERVE_M = 1.0
# How far a curve may be from the straight pieces that are made of it.
SAGITTA_M = 0.01
_STEPS = 400
_VOLTAGES = {"Trung thế": 22, "Hạ thế": 0.4}


def draw_lines(name: str, form: Form, lines: Sequence[Line], terrain: Terrain) -> Layer:
    """The drawing of a street: its border and title, then lines."""
    draw = {"labels": _label, "curves": _bend}.get(form.layout, _draw)
    return Layer(name, (*(_frame(lines) if form.version != "GDAL" else ()), *draw(lines, terrain)))


def _draw(lines: Sequence[Line], terrain: Terrain) -> Iterator[Row]:
    """Nothing but geometry and layers, which say what a line is; every fourth line is drawn flat."""
    for number, line in enumerate(lines):
        style = Style(vertical=InGeometry(flat=number % 4 == 3))
        row = describe_line(line, style, terrain, number)
        known = ("discipline", "material", "section_shape", "outer_width_m", "outer_height_m")
        yield replace(row, fields={}, expected={key: row.expected[key] for key in known})


def _bend(lines: Sequence[Line], terrain: Terrain) -> Iterator[Row]:
    """Lines at one height that swerve from end to end, in turns as an arc, a bulge of a polyline, and a spline."""
    for number, (line, row) in enumerate(zip(lines, _draw(lines, terrain), strict=True)):
        kind = CURVES[number % len(CURVES)]
        height_m = round(float(true_axis(line, terrain).mean()), 3)
        path = swerve(line.path[[0, -1]], kind)
        axis = np.full(len(path), height_m)
        shape = shapely.LineString(np.column_stack([path, axis]))
        told: dict[str, Value] = {"curve": kind}
        yield replace(row, shape=shape, fields=told, expected=row.expected | {"within_m": SAGITTA_M}, axis=_flat(axis))


def _flat(axis: Elevations) -> AxisRule:
    return lambda _: axis


def swerve(ends: Points, kind: str) -> Points:
    """Points along a curve between two ends, 1 m to the left of the straight way, closer than anybody measures."""
    shares = np.linspace(0.0, 1.0, _STEPS + 1)[:, None]
    if kind == "spline":
        first, second, third, last = spline_points(ends)
        rest = 1.0 - shares
        bent = rest**3 * first + 3 * rest**2 * shares * second + 3 * rest * shares**2 * third + shares**3 * last
        return np.asarray(bent)
    chord = ends[1] - ends[0]
    half_m = np.hypot(*chord) / 2
    radius_m = (half_m**2 + SWERVE_M**2) / (2 * SWERVE_M)
    left = np.array([-chord[1], chord[0]]) / (2 * half_m)
    centre = ends.mean(axis=0) - left * (radius_m - SWERVE_M)
    angles = np.arcsin(half_m / radius_m) * (1.0 - 2.0 * shares)
    along = chord / (2 * half_m)
    return np.asarray(centre + radius_m * (np.cos(angles) * left - np.sin(angles) * along))


def spline_points(ends: Points) -> Points:
    """The four control points of a cubic spline (4, 2)."""
    chord = ends[1] - ends[0]
    left = np.array([-chord[1], chord[0]]) / np.hypot(*chord) * SWERVE_M
    return np.array([ends[0], ends[0] + chord / 3 + left, ends[0] + 2 * chord / 3 + left, ends[1]])


def _label(lines: Sequence[Line], terrain: Terrain) -> Iterator[Row]:
    """Lines without heights in layers of their owner, and beside each what it is and how deep its top lies."""
    for line in lines:
        identity, section = line.identity, line.section
        offset_m = axis_offset(section, "crown")
        depth_m = round((line.depth_m or 0.0) + offset_m, 2)
        kilovolts = _VOLTAGES.get(identity.subtype)
        words = [f"{kilovolts:g}kV".replace(".", ",")] if kilovolts else []
        words += [f"{_MATERIALS[section.material]} D{(section.nominal_m or 0.0) * 1000:g}", f"h={depth_m:.2f}"]
        expected: dict[str, Value] = {"discipline": identity.discipline, "material": section.material}
        expected |= {key: value for key, value in expect_section(section).items() if key != "ducts"}
        if kilovolts:
            expected["voltage_v"] = kilovolts * 1000.0
        layer = f"{_LAYERS[identity.discipline]}_{identity.subtype.upper().replace(' ', '_')}" if kilovolts else ""
        yield Row(
            line.shape,
            {"label": " ".join(words)},
            "utility_lines",
            expected,
            below_ground(terrain, depth_m, offset_m),
            drawing_layer=_plain(layer) or _LAYERS[identity.discipline],
        )


def _plain(text: str) -> str:
    return text.replace("Ế", "E").replace("Ạ", "A")


def _frame(lines: Sequence[Line]) -> tuple[Row, Row]:
    """The sheet's border and its title: in every drawing, and no part of the city."""
    west, south, east, north = np.round(shapely.total_bounds([line.shape for line in lines]), 1)
    border = shapely.LineString([(west, south), (east, south), (east, north), (west, north), (west, south)])
    title = Row(shapely.Point(west, south), {"TEXT": "Bản vẽ hoàn công"}, None, drawing_layer="CHU_THICH")
    return Row(border, {}, None, drawing_layer="KHUNG_BAN_VE"), title


def draw_nodes(name: str, form: Form, nodes: Sequence[Node]) -> Layer:
    """Blocks with attributes, or circles that say nothing but where."""
    draw = _circle if form.layout == "circles" else _insert
    return Layer(name, tuple(map(draw, nodes)))


def _circle(node: Node) -> Row:
    discipline = node.identity.discipline
    told: dict[str, Value] = {"circle_m": node.width_m / 2}
    layer = f"TRU_{_LAYERS[discipline]}"
    return Row(shapely.Point(node.at), told, "utility_nodes", {"discipline": discipline}, drawing_layer=layer)


def _insert(node: Node) -> Row:
    identity = node.identity
    columns = {"ref": "MASO", "owner": "CHUQUANLY", "status": "HIENTRANG"}
    written, expected = describe_identity(identity, Style(columns))
    written |= {"block": "HO_AP", "RONGHO_M": node.width_m, "DAIHO_M": node.length_m}
    expected |= {"kind": node.kind, "outer_width_m": node.width_m, "outer_length_m": node.length_m}
    expected["owner"] = OWNERS[identity.discipline]
    layer = _LAYERS[identity.discipline]
    return Row(shapely.Point(node.at), written, "utility_nodes", expected, drawing_layer=layer)
