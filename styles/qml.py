"""Styles as QGIS keeps them (QML): a rule-based renderer and rule-based labels of the same rules."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING, Any
from uuid import NAMESPACE_URL, uuid5
from xml.etree import ElementTree as ET

from styles.rules import SCALE_0, to_rules

if TYPE_CHECKING:
    from styles.rules import Condition, Rule

_CLASSES = {"circle": "SimpleMarker", "line": "SimpleLine", "fill": "SimpleFill"}
# What QGIS draws points, lines and areas with: an area takes nothing but a fill, whose outline may be all there is.
_SYMBOLS = ("marker", "line", "fill")
VERSION = "3.22.0"
DOCTYPE = b"<!DOCTYPE qgis PUBLIC 'http://mrcc.com/qgis.dtd' 'SYSTEM'>\n"
_MM = 0.28  # A pixel of a screen (05-077r4, 11.1.1).


def write_qml(name: str, layers: list[dict[str, Any]], dimension: int) -> bytes:
    """A QML document of the MapLibre layers that draw one layer of points (0), lines (1) or areas (2)."""
    root = ET.Element("qgis", version=VERSION, styleCategories="Symbology|Labeling")
    add_symbology(root, name, layers, dimension)
    content: bytes = ET.tostring(root, "utf-8")
    return DOCTYPE + content


def add_symbology(root: ET.Element, name: str, layers: list[dict[str, Any]], dimension: int) -> None:
    """What a style or a project of QGIS says of how a layer looks."""
    rules = to_rules(layers)
    drawn = [rule for rule in rules if rule.kind != "symbol"]
    renderer = ET.SubElement(
        root, "renderer-v2", type="RuleRenderer", symbollevels="0", enableorderby="0", forceraster="0"
    )
    listed = ET.SubElement(renderer, "rules", key=_key(name))
    symbols = ET.SubElement(renderer, "symbols")
    for index, rule in enumerate(drawn):
        ET.SubElement(listed, "rule", _attributes(name, index, rule) | {"symbol": str(index), "label": rule.name})
        _write_symbol(symbols, index, rule, _SYMBOLS[dimension])
    if labels := [rule for rule in rules if rule.kind == "symbol"]:
        labeling = ET.SubElement(root, "labeling", type="rule-based")
        told = ET.SubElement(labeling, "rules", key=_key(f"{name} labels"))
        for index, rule in enumerate(labels):
            _write_label(ET.SubElement(told, "rule", _attributes(f"{name} label", index, rule)), rule)
    ET.SubElement(root, "layerGeometryType").text = str(dimension)


def _attributes(name: str, index: int, rule: Rule) -> dict[str, str]:
    found = {"key": _key(f"{name} {index}")}
    if rule.conditions:
        found["filter"] = " AND ".join(map(_expression, rule.conditions))
    if rule.most_scale is not None:
        found |= {"scalemaxdenom": f"{rule.most_scale:.0f}", "scalemindenom": "1"}
    return found


def _expression(condition: Condition) -> str:
    values = ", ".join(map(_quoted, condition.values))
    name = f'"{condition.property}"'
    return f"{name} IN ({values})" if condition.is_one else f"({name} IS NULL OR {name} NOT IN ({values}))"


def _quoted(text: str) -> str:
    r"""A text in an expression of QGIS, where \ and ' have a meaning."""
    return "'{}'".format(text.replace("\\", "\\\\").replace("'", "''"))


def _write_symbol(symbols: ET.Element, index: int, rule: Rule, kind: str) -> None:
    opacity = rule.paint.get(f"{rule.kind}-opacity", 1)
    symbol = ET.SubElement(symbols, "symbol", type=kind, name=str(index), alpha=f"{opacity:g}", clip_to_extent="1")
    layer = ET.SubElement(symbol, "layer", {"class": _CLASSES[rule.kind], "enabled": "1", "pass": "0", "locked": "0"})
    options = ET.SubElement(layer, "Option", type="Map")
    for name, value in _options(rule).items():
        ET.SubElement(options, "Option", type="QString", name=name, value=value)
    _add_growth(layer, rule)


# What QGIS calls a size that may be worked out, and how many times the style's it is.
_GROWN = {"circle-radius": ("size", 2), "line-width": ("outlineWidth", 1)}
_BY_EXPRESSION = "3"


def _add_growth(layer: ET.Element, rule: Rule) -> None:
    """Sizes that follow the scale of the map; where a legend knows none they are those of the options."""
    found = [(*_GROWN[key], stops) for key, stops in rule.grown.items() if key in _GROWN]
    if not found:
        return
    whole = ET.SubElement(ET.SubElement(layer, "data_defined_properties"), "Option", type="Map")
    ET.SubElement(whole, "Option", type="QString", name="name", value="")
    properties = ET.SubElement(whole, "Option", type="Map", name="properties")
    for name, times, stops in found:
        one = ET.SubElement(properties, "Option", type="Map", name=name)
        ET.SubElement(one, "Option", type="bool", name="active", value="true")
        ET.SubElement(one, "Option", type="QString", name="expression", value=_ramp(stops, times * _MM))
        ET.SubElement(one, "Option", type="int", name="type", value=_BY_EXPRESSION)
    ET.SubElement(whole, "Option", type="QString", name="type", value="collection")


def _ramp(stops: list[tuple[float, float]], factor: float) -> str:
    """An expression of QGIS: linear between the stops, level before and behind them."""
    zoom = f"ln({SCALE_0:.4f} / @map_scale) / ln(2)"
    pieces = [
        (end, f"scale_linear({zoom}, {start:g}, {end:g}, {low * factor:g}, {high * factor:g})")
        for (start, low), (end, high) in pairwise(stops)
    ]
    if not pieces:
        return f"{stops[0][1] * factor:g}"
    cases = "".join(f"WHEN {zoom} <= {end:g} THEN {piece} " for end, piece in pieces[:-1])
    return f"CASE {cases}ELSE {pieces[-1][1]} END" if cases else pieces[-1][1]


def _options(rule: Rule) -> dict[str, str]:
    paint = rule.paint
    if rule.kind == "fill":
        return {"color": _colour(paint["fill-color"]), "style": "solid", "outline_style": "no"}
    if rule.kind == "circle":
        edge = paint.get("circle-stroke-color")
        return {
            "name": "circle",
            "color": _colour(paint["circle-color"]),
            "size": f"{2 * paint['circle-radius'] * _MM:.3f}",
            "size_unit": "MM",
            "outline_style": "solid" if edge else "no",
            "outline_color": _colour(edge or "#ffffff"),
            "outline_width": f"{paint.get('circle-stroke-width', 0) * _MM:.3f}",
            "outline_width_unit": "MM",
        }
    width_mm = paint.get("line-width", 1) * _MM
    found = {
        "line_color": _colour(paint["line-color"]),
        "line_width": f"{width_mm:.3f}",
        "line_width_unit": "MM",
        "line_style": "solid",
        "capstyle": {"butt": "flat"}.get(cap := rule.layout.get("line-cap", "butt"), cap),
        "joinstyle": rule.layout.get("line-join", "miter").replace("miter", "bevel"),
    }
    if dashes := paint.get("line-dasharray"):
        dash = ";".join(f"{part * width_mm:.3f}" for part in dashes)
        found |= {"use_custom_dash": "1", "customdash": dash, "customdash_unit": "MM"}
    return found


def _write_label(element: ET.Element, rule: Rule) -> None:
    settings = ET.SubElement(element, "settings", calloutType="simple")
    style = ET.SubElement(
        settings,
        "text-style",
        fieldName=rule.layout["text-field"][1],
        isExpression="0",
        fontSize=f"{rule.layout['text-size'] * 0.75:g}",
        fontSizeUnit="Point",
        fontWeight="50",
        textColor=_colour(rule.paint["text-color"]),
    )
    ET.SubElement(
        style,
        "text-buffer",
        bufferDraw="1",
        bufferColor=_colour(rule.paint["text-halo-color"]),
        bufferSize=f"{rule.paint.get('text-halo-width', 1) * _MM:.3f}",
        bufferSizeUnits="MM",
    )
    # 2 lies along a line, 1 over a point or an area.
    ET.SubElement(settings, "placement", placement="2" if rule.layout.get("symbol-placement") == "line" else "1")
    # As on our own maps, labels keep clear of each other, and of nothing else.
    ET.SubElement(settings, "rendering", obstacle="0", drawLabels="1")


def _colour(text: str) -> str:
    """A colour as QGIS writes it: red,green,blue,alpha."""
    red, green, blue = bytes.fromhex(text.removeprefix("#"))
    return f"{red},{green},{blue},255"


def _key(text: str) -> str:
    return f"{{{uuid5(NAMESPACE_URL, f'city-twin {text}')}}}"
