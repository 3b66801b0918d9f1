"""Styles as SLD 1.1 with Symbology Encoding 1.1 (OGC 05-078r4, 05-077r4)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from xml.etree import ElementTree as ET

from styles.rules import to_rules

if TYPE_CHECKING:
    from styles.rules import Condition, Rule

_NAMESPACES = {
    "sld": "http://www.opengis.net/sld",
    "se": "http://www.opengis.net/se",
    "ogc": "http://www.opengis.net/ogc",
}


def write_sld(drawings: dict[str, list[dict[str, Any]]]) -> bytes:
    """An SLD document of the MapLibre layers that draw each layer of the city, by its name."""
    for prefix, uri in _NAMESPACES.items():
        ET.register_namespace(prefix, uri)
    root = ET.Element(_name("sld:StyledLayerDescriptor"), version="1.1.0")
    for name, layers in drawings.items():
        named = _add(root, "sld:NamedLayer")
        _add(named, "se:Name", name)
        style = _add(named, "sld:UserStyle")
        _add(style, "se:Name", name)
        features = _add(style, "se:FeatureTypeStyle")
        for rule in to_rules(layers):
            _write_rule(_add(features, "se:Rule"), rule)
    content: bytes = ET.tostring(root, "utf-8", xml_declaration=True)
    return content


def _write_rule(element: ET.Element, rule: Rule) -> None:
    _add(element, "se:Name", rule.name)
    if rule.conditions:
        parent = _add(element, "ogc:Filter")
        if len(rule.conditions) > 1:
            parent = _add(parent, "ogc:And")
        for condition in rule.conditions:
            _write_condition(parent, condition)
    if rule.most_scale is not None:
        _add(element, "se:MaxScaleDenominator", f"{rule.most_scale:.2f}")
    _WRITERS[rule.kind](element, rule)


def _write_condition(parent: ET.Element, condition: Condition) -> None:
    if not condition.is_one:
        # A feature without a value is none of them, too.
        either = _add(parent, "ogc:Or")
        _add(_add(either, "ogc:PropertyIsNull"), "ogc:PropertyName", condition.property)
        parent = _add(either, "ogc:And") if len(condition.values) > 1 else either
    elif len(condition.values) > 1:
        parent = _add(parent, "ogc:Or")
    for value in condition.values:
        kind = "ogc:PropertyIsEqualTo" if condition.is_one else "ogc:PropertyIsNotEqualTo"
        comparison = _add(parent, kind)
        _add(comparison, "ogc:PropertyName", condition.property)
        _add(comparison, "ogc:Literal", value)


def _write_fill(element: ET.Element, rule: Rule) -> None:
    fill = _add(_add(element, "se:PolygonSymbolizer"), "se:Fill")
    _parameter(fill, "fill", rule.paint["fill-color"])
    _parameter(fill, "fill-opacity", rule.paint.get("fill-opacity", 1))


def _write_line(element: ET.Element, rule: Rule) -> None:
    stroke, width = _add(_add(element, "se:LineSymbolizer"), "se:Stroke"), rule.paint.get("line-width", 1)
    _parameter(stroke, "stroke", rule.paint["line-color"])
    _parameter(stroke, "stroke-opacity", rule.paint.get("line-opacity", 1))
    _parameter(stroke, "stroke-width", width)
    _parameter(stroke, "stroke-linecap", rule.layout.get("line-cap", "butt"))
    if dashes := rule.paint.get("line-dasharray"):
        _parameter(stroke, "stroke-dasharray", " ".join(f"{dash * width:g}" for dash in dashes))


def _write_circle(element: ET.Element, rule: Rule) -> None:
    graphic = _add(_add(element, "se:PointSymbolizer"), "se:Graphic")
    mark = _add(graphic, "se:Mark")
    _add(mark, "se:WellKnownName", "circle")
    _parameter(_add(mark, "se:Fill"), "fill", rule.paint["circle-color"])
    if "circle-stroke-color" in rule.paint:
        stroke = _add(mark, "se:Stroke")
        _parameter(stroke, "stroke", rule.paint["circle-stroke-color"])
        _parameter(stroke, "stroke-width", rule.paint.get("circle-stroke-width", 1))
    _add(graphic, "se:Opacity", f"{rule.paint.get('circle-opacity', 1):g}")
    _add(graphic, "se:Size", f"{2 * rule.paint['circle-radius']:g}")


def _write_symbol(element: ET.Element, rule: Rule) -> None:
    symbolizer = _add(element, "se:TextSymbolizer")
    _add(_add(symbolizer, "se:Label"), "ogc:PropertyName", rule.layout["text-field"][1])
    _parameter(_add(symbolizer, "se:Font"), "font-size", rule.layout["text-size"])
    if rule.layout.get("symbol-placement") == "line":
        _add(_add(symbolizer, "se:LabelPlacement"), "se:LinePlacement")
    halo = _add(symbolizer, "se:Halo")
    _add(halo, "se:Radius", f"{rule.paint.get('text-halo-width', 1):g}")
    _parameter(_add(halo, "se:Fill"), "fill", rule.paint["text-halo-color"])
    _parameter(_add(symbolizer, "se:Fill"), "fill", rule.paint["text-color"])


_WRITERS = {"fill": _write_fill, "line": _write_line, "circle": _write_circle, "symbol": _write_symbol}


def _add(parent: ET.Element, name: str, text: str | None = None) -> ET.Element:
    element = ET.SubElement(parent, _name(name))
    element.text = text
    return element


def _parameter(parent: ET.Element, name: str, value: object) -> None:
    text = f"{value:g}" if isinstance(value, int | float) else str(value)
    _add(parent, "se:SvgParameter", text).set("name", name)


def _name(text: str) -> str:
    prefix, _, local = text.partition(":")
    return f"{{{_NAMESPACES[prefix]}}}{local}"
