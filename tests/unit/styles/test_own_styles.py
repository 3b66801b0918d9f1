"""Styles that a city gives its own layers, and those that such layers have without one."""

from __future__ import annotations

import io
import math
from typing import Any
from xml.etree import ElementTree as ET

import pytest
from PIL import Image

import styles
from ogc_api.painting import paint
from ogc_api.vector_tile import POINT, Drawn
from styles.defaults import choose_colour, make_layers
from styles.qml import write_qml
from styles.rules import to_rules
from styles.sld import write_sld
from styles.validation import completed, find_faults, undrawn

CIRCLE: dict[str, Any] = {"id": "c", "type": "circle", "paint": {"circle-color": "#ff0000"}}

LINE: dict[str, Any] = {"id": "l", "type": "line"}

LABEL: dict[str, Any] = {"id": "t", "type": "symbol", "layout": {"text-field": ["get", "name"]}}

MATCH: list[Any] = ["match", ["get", "name"], "a", 10, 12]

MANY = [part for n in range(500) for part in (n, 5)]

RAMP: list[Any] = ["interpolate", ["linear"], ["zoom"]]


def nested(depth: int) -> list[Any]:
    condition: list[Any] = ["==", ["get", "name"], "a"]
    for _ in range(depth):
        condition = ["all", condition]
    return condition


def test_colours_are_stable_and_distinct() -> None:
    """A layer keeps its colour, and no two of a hundred share one."""
    colours: list[str] = []
    for n in range(100):
        colours.append(choose_colour(f"layer_{n}", colours))
    assert len({*colours}) == 100
    assert choose_colour("layer_0", []) == colours[0] == choose_colour("layer_0", colours[1:])


@pytest.mark.parametrize("dimension", [0, 1, 2])
def test_layers_without_a_style_are_drawn_in_every_form(dimension: int) -> None:
    """What is drawn by default is sound, and can be told as rules, SLD and QML."""
    layers = make_layers("cameras", dimension, "#c2185b", "name")
    assert find_faults(layers, {"name"}) == []
    assert undrawn(layers) == []
    assert completed("cameras", layers) == layers
    assert "#c2185b" in write_sld({"cameras": layers}).decode()
    assert b"194,24,91" in write_qml("cameras", layers, dimension)
    assert {rule.kind for rule in to_rules(layers)} == {layer["type"] for layer in layers}


def test_areas_lie_under_buildings_and_points_over_all() -> None:
    """A zone that a city adds hides no pipe, and a camera is hidden by nothing."""
    areas, lines, points = (styles.rank("x", dimension) for dimension in (2, 1, 0))
    assert areas < styles.rank("buildings", 2) < styles.rank("roads", 1) < lines < styles.rank("utility_lines", 1)
    assert points > max(styles.rank(name, 0) for name in styles.ORDER)


@pytest.mark.parametrize(
    ("layers", "fault"),
    [
        ({}, "give a list"),
        ([], "give a list"),
        ([{"id": "a"}], "give a list"),
        ([CIRCLE, CIRCLE], "two layers have this id"),
        ([CIRCLE | {"type": "heatmap"}], "is not drawn here"),
        ([CIRCLE | {"type": "nix"}], "is not drawn here"),
        ([CIRCLE | {"nix": 1}], "there is no 'nix'"),
        ([CIRCLE | {"minzoom": "1"}], "minzoom is a number"),
        ([CIRCLE | {"paint": []}], "paint is an object"),
        ([CIRCLE | {"paint": {"line-width": 1}}], "has no 'line-width'"),
        ([CIRCLE | {"paint": {"circle-color": "red"}}], "'red' is no colour"),
        ([CIRCLE | {"paint": {"circle-radius": -1}}], "-1 is out of bounds"),
        ([CIRCLE | {"paint": {"circle-radius": True}}], "True is no number"),
        ([CIRCLE | {"paint": {"circle-radius": ["nix", 1]}}], "no expression nix"),
        ([CIRCLE | {"paint": {"circle-radius": ["get", "height"]}}], "no property 'height'"),
        ([CIRCLE | {"paint": {"circle-radius": ["get", "name"]}}], "None is no number"),
        (
            [CIRCLE | {"paint": {"circle-color": ["match", ["get", "name"], "a", "rot", "#ffffff"]}}],
            "'rot' is no colour",
        ),
        ([CIRCLE | {"paint": {"circle-color": ["case", ["has", "name"], "rot", "#ffffff"]}}], "'rot' is no colour"),
        ([CIRCLE | {"paint": {"circle-radius": 1e9}}], "is out of bounds"),
        ([LINE | {"paint": {"line-dasharray": [0, 0]}}], "have a length"),
        ([LINE | {"paint": {"line-dasharray": [1, "x"]}}], "'x' is no number"),
        ([LINE | {"paint": {"line-dasharray": [1, -1]}}], "-1 is out of bounds"),
        ([CIRCLE | {"filter": [">", ["get", "name"], 1]}], "more than a rule can say"),
        ([CIRCLE | {"paint": {"circle-radius": ["sqrt", 4]}}], "'sqrt' is not known"),
        ([{"id": "t", "type": "symbol", "layout": {"text-field": ["get", "name"]}}], "labels only"),
        ([CIRCLE, {"id": "t", "type": "symbol", "layout": {"text-field": ["get", 5]}}], "text-field is one property"),
        # A painter would never come to their end.
        ([LINE | {"paint": {"line-dasharray": [1e-9, 1e-9]}}], "together at least 0.5"),
        ([LINE | {"paint": {"line-dasharray": [1] * 17}}], "at most 16"),
        ([LINE | {"paint": {"line-dasharray": ["case", ["has", "name"], [0, 0], [1, 1]]}}], "use a plain value"),
        ([LINE | {"paint": {"line-dasharray": ["match", ["get", "name"], "a", [0, 0], [1, 1]]}}], "have a length"),
        ([LINE | {"paint": {"line-dasharray": [math.inf, 1]}}], "endless"),
        # What a feature says would become a colour or a size.
        ([CIRCLE | {"paint": {"circle-color": ["coalesce", ["get", "name"], "#ffffff"]}}], "use a plain value"),
        ([CIRCLE | {"paint": {"circle-radius": ["coalesce", ["get", "name"], 5]}}], "use a plain value"),
        # One opacity holds for a whole layer, one size for all labels.
        ([CIRCLE | {"paint": {"circle-opacity": ["match", ["get", "name"], "a", 1, 0.5]}}], "use a plain value"),
        ([CIRCLE, LABEL | {"layout": LABEL["layout"] | {"text-size": MATCH}}], "use a plain value"),
        ([CIRCLE | {"paint": {"circle-radius": ["match", ["get", "name"], True, 1, 2]}}], "whole numbers"),
        ([CIRCLE | {"paint": {"circle-radius": ["match", ["get", "name"], "a", 1, "a", 2, 3]}}], "whole numbers"),
        ([CIRCLE | {"paint": {"circle-radius": ["match", ["get", "name"], *MANY, 3]}}], "at most 499"),
        ([CIRCLE | {"paint": {"circle-radius": [*RAMP, 12, 1, 10, 2]}}], "use a plain value"),
        ([CIRCLE | {"id": "a\x01"}], "no letter"),
        ([CIRCLE | {"filter": ["==", ["get", "name"], "a\ud800"]}], "no letter"),
        ([CIRCLE | {"filter": nested(40)}], "nested more than"),
        ([CIRCLE | {"metadata": {"a": "x" * 100_001}}], "longer than"),
        ([CIRCLE, {"id": "t", "type": "symbol", "layout": {"text-field": "{name}"}}], "text-field is one property"),
    ],
)
def test_faults_of_styles_are_named(layers: Any, fault: str) -> None:
    """Whatever could not be drawn, or not in every form, is refused before it is kept."""
    faults = find_faults(layers, {"name"})
    assert any(fault in one.en for one in faults), faults
    assert all(one.vi != one.en for one in faults)


def test_what_a_style_leaves_out_is_what_maplibre_takes() -> None:
    """A sound style is kept with MapLibre's defaults written out, so that every form draws the same."""
    own = CIRCLE | {"source": "elsewhere", "source-layer": "x", "paint": {"circle-blur": 1}}
    text = {"id": "t", "type": "symbol", "layout": {"text-field": ["get", "name"], "text-font": ["A"]}}
    assert find_faults([own, text], {"name"}) == []
    assert undrawn([own, text]) == ["circle-blur", "text-font"]
    circle, label = completed("cameras", [own, text])
    assert circle["source"] == label["source"] == "cameras"
    assert "source-layer" not in circle
    assert circle["paint"] == {"circle-color": "#000000", "circle-radius": 5, "circle-blur": 1}
    assert label["layout"] == {"text-size": 16} | text["layout"]
    write_qml("cameras", [circle, label], 0)
    write_sld({"cameras": [circle, label]})


def test_numbers_are_told_apart_in_every_form() -> None:
    """A match of whole numbers is a rule for each in QGIS and SLD, and a dot of its colour on a map."""
    colours = ["match", ["get", "lanes"], 2, "#ff0000", 4, "#00ff00", "#0000ff"]
    layers = completed("x", [CIRCLE | {"paint": {"circle-color": colours}}])
    assert find_faults(layers, {"lanes"}) == []
    qml, sld = write_qml("x", layers, 0).decode(), write_sld({"x": layers}).decode()
    assert "filter=\"&quot;lanes&quot; IN ('2')\"" in qml
    assert "<ogc:Literal>4</ogc:Literal>" in sld
    dots = [Drawn(POINT, [[(1000 * n, 2000)]], {"lanes": n}, n) for n in (1, 2, 4)]
    picture = Image.open(io.BytesIO(paint({(0, 0): {"x": dots}}, [("x", layers[0])], 16, {})))
    assert {(255, 0, 0, 255), (0, 255, 0, 255), (0, 0, 255, 255)} <= {c for _, c in picture.getcolors(70_000) or []}


def test_quotes_stay_in_their_text() -> None:
    """A value with a quote or a backslash is that value in QGIS, not the end of it and more of an expression."""
    layer = CIRCLE | {"filter": ["==", ["get", "name"], "a' OR 1=1 OR 'b\\"]}
    root = ET.fromstring(write_qml("x", completed("x", [layer]), 0))  # noqa: S314 - our own
    assert [rule.get("filter") for rule in root.iter("rule")] == ["\"name\" IN ('a'' OR 1=1 OR ''b\\\\')"]


def test_what_only_maplibre_draws_stands_in_no_way() -> None:
    """Maps leave out what they cannot draw, a label of no size and one of more letters than a tile has pixels."""
    circle = CIRCLE | {"paint": {"circle-blur": ["sqrt", ["get", "n"]]}}
    moved = {"id": "t", "type": "symbol", "paint": {"text-translate": [0, 5]}, "layout": LABEL["layout"]}
    small = LABEL | {"id": "s", "layout": LABEL["layout"] | {"text-size": [*RAMP, 10, 0, 18, 0.2]}}
    layers = [circle, moved, small]
    assert find_faults(layers, {"name", "n"}) == []
    drawn = [("x", layer) for layer in completed("x", layers)]

    def draw(name: str, number: int) -> bytes:
        dot = Drawn(POINT, [[(2000, 2000)]], {"name": name, "n": 4}, 1)
        return paint({(0, 0): {"x": [dot]}}, drawn[:number], 16, {})

    bare = draw("a", 1)
    assert draw("ab", 3) == draw("ab", 2) != bare
    assert draw("a" * 1_000_000, 3) == bare


def test_sizes_follow_the_scale_in_qgis() -> None:
    """What grows with the zoom does so in QGIS, with any number of stops; what does not is plain."""
    ramp = ["interpolate", ["linear"], ["zoom"], 10, 1, 14, 2, 18, 8]
    qml = write_qml("x", [LINE | {"source": "x", "paint": {"line-color": "#000000", "line-width": ramp}}], 1).decode()
    zoom = "ln(279541132.0144 / @map_scale) / ln(2)"
    first, last = f"scale_linear({zoom}, 10, 14, 0.28, 0.56)", f"scale_linear({zoom}, 14, 18, 0.56, 2.24)"
    assert f"CASE WHEN {zoom} &lt;= 14 THEN {first} ELSE {last} END" in qml
    plain = write_qml("x", [LINE | {"source": "x", "paint": {"line-color": "#000000", "line-width": 2}}], 1)
    assert b"data_defined_properties" not in plain
