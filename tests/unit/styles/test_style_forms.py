"""Styles hold by the MapLibre specification, and SLD and QML say the same as they do."""

from __future__ import annotations

from xml.etree import ElementTree as ET

import pytest

import styles
from layers.catalog import LAYERS, find_layer
from layers.utilities import Discipline
from ogc_api.drawing import dimension
from styles.expression import evaluate
from styles.qml import write_qml
from styles.rules import to_rules
from styles.sld import write_sld
from styles.validation import find_faults, undrawn

DIMENSIONS = {layer.name: dimension(layer) for layer in LAYERS}
SE = {"se": "http://www.opengis.net/se", "ogc": "http://www.opengis.net/ogc"}


@pytest.mark.parametrize("name", styles.ORDER)
def test_styles_hold_by_the_specification(name: str) -> None:
    """Every layer, property, expression and value is one that MapLibre knows."""
    layers = styles.read_layers(name)
    assert find_faults(layers, {p.name for p in find_layer(name).properties}) == []
    assert undrawn(layers) == []


def test_expressions_are_worked_out_as_maplibre_does() -> None:
    """Zoom, choice, comparison and what is missing come out as the specification says."""
    ramp = ["interpolate", ["linear"], ["zoom"], 10, 1, 20, 11]
    assert [evaluate(ramp, {}, zoom) for zoom in (5, 10, 15, 25)] == [1, 1, 6, 11]
    match = ["match", ["get", "x"], ["a", "b"], 1, "c", 2, 3]
    assert [evaluate(match, {"x": x}, 0) for x in ("a", "b", "c", "d", None)] == [1, 1, 2, 3, 3]
    assert evaluate(["all", ["!=", ["get", "x"], "a"], ["has", "y"]], {"y": 1}, 0) is True
    assert evaluate(["coalesce", ["get", "x"], ["case", ["<", ["get", "y"], 2], "low", "high"]], {"y": 2}, 0) == "high"
    with pytest.raises(ValueError, match="'pi' is not known"):
        evaluate(["pi"], {}, 0)


def colours_of_sld(document: ET.Element) -> set[tuple[str, str, bool]]:
    found = set()
    for rule in document.iterfind(".//se:Rule", SE):
        stroke = {p.get("name"): p.text for p in rule.iterfind(".//se:Stroke/se:SvgParameter", SE)}
        found.add((rule.findtext("se:Name", "", SE), str(stroke["stroke"]), "stroke-dasharray" in stroke))
    return found


def test_other_forms_draw_the_same() -> None:
    """Each discipline has one colour in MapLibre, SLD and QML, and what has no elevation is dashed in each."""
    layers = styles.read_layers("utility_lines")
    expected = set()
    for layer, dashed in zip(layers, (False, True), strict=True):
        for discipline in Discipline:
            colour = evaluate(layer["paint"]["line-color"], {"discipline": discipline.value}, 15)
            expected.add((discipline.value, colour, dashed))
    assert len(expected) == 2 * len(Discipline)
    assert colours_of_sld(ET.fromstring(write_sld({"utility_lines": layers}))) == expected  # noqa: S314 - our own
    qml = ET.fromstring(write_qml("utility_lines", layers, 1))  # noqa: S314 - our own
    drawn = set()
    for rule in qml.iterfind("renderer-v2/rules/rule"):
        symbol = qml.find(f"renderer-v2/symbols/symbol[@name='{rule.get('symbol')}']")
        assert symbol is not None
        options = {o.get("name"): o.get("value") for o in symbol.iterfind("layer/Option/Option")}
        red, green, blue, _ = map(int, str(options["line_color"]).split(","))
        drawn.add((rule.get("label"), f"#{red:02x}{green:02x}{blue:02x}", "customdash" in options))
        assert "elevation_source" in str(rule.get("filter"))
    assert drawn == expected


@pytest.mark.parametrize("name", styles.ORDER)
def test_every_style_exists_in_every_form(name: str) -> None:
    """No style says what rules, SLD or QML cannot, and each feature falls under some rule."""
    layers = styles.read_layers(name)
    rules = to_rules(layers)
    assert {rule.kind for rule in rules} == {layer["type"] for layer in layers}
    document = ET.fromstring(write_sld({name: layers}))  # noqa: S314 - our own
    assert len(document.findall(".//se:Rule", SE)) == len(rules)
    assert name.encode() in write_sld({name: layers})
    assert write_qml(name, layers, DIMENSIONS[name]).count(b"<symbol ") == len(
        [rule for rule in rules if rule.kind != "symbol"]
    )
