"""How layers look, and that every style speaks of what the layer has."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

import styles
from layers.catalog import LAYERS, find_layer
from layers.tiling import tiled_properties, tiling
from layers.utilities import Discipline

if TYPE_CHECKING:
    from collections.abc import Iterator

DRAWN_AS = {"POINT": {"circle"}, "MULTILINESTRING": {"line"}, "LINESTRING": {"line"}}


def expressions(value: Any) -> Iterator[list[Any]]:
    if isinstance(value, list):
        yield value
        for part in value:
            yield from expressions(part)
    elif isinstance(value, dict):
        for part in value.values():
            yield from expressions(part)


def test_every_layer_is_drawn_once() -> None:
    """A layer without a style, or a style without a layer, would be a hole in the map."""
    assert sorted(styles.ORDER) == sorted(layer.name for layer in LAYERS)


@pytest.mark.parametrize("name", styles.ORDER)
def test_styles_draw_what_the_layer_is(name: str) -> None:
    """Kinds of drawing fit the geometry, properties exist, identifiers are unique, sources are the layer's own."""
    layer, drawings = find_layer(name), styles.read_layers(name)
    names = {p.name for p in layer.properties}
    allowed = DRAWN_AS.get(layer.geometry_type, {"fill", "line"}) | {"symbol"}
    assert {drawing["type"] for drawing in drawings} <= allowed
    assert {drawing["source"] for drawing in drawings} == {name}
    assert len({drawing["id"] for drawing in drawings}) == len(drawings)
    for drawing in drawings:
        prefix = "text" if drawing["type"] == "symbol" else drawing["type"]
        assert all(key.startswith(f"{prefix}-") for key in drawing["paint"])
        used = {e[1] for e in expressions(drawing) if e and e[0] == "get"}
        assert used <= names
        # Tiles have them from where they are drawn, and labels from where tiles have more.
        zoom = drawing.get("minzoom", 0) + 1
        assert used <= {p.name for p in tiled_properties(layer, zoom)}
        assert zoom >= tiling(layer).first_zoom or "minzoom" not in drawing


def test_every_discipline_has_its_colour() -> None:
    """No utility is drawn in the colour of "anything else" but what is other."""
    (drawing, _) = styles.read_layers("utility_lines")
    coloured = set(drawing["paint"]["line-color"][2:-1:2])
    assert coloured == {d.value for d in Discipline} - {Discipline.OTHER}


def test_unknown_elevation_is_seen() -> None:
    """What has no elevation is dashed, and every line is either one or the other."""
    known, unknown = styles.read_layers("utility_lines")
    assert known["filter"][0] == "!="
    assert unknown["filter"][0] == "=="
    assert known["filter"][1:] == unknown["filter"][1:] == [["get", "elevation_source"], "none"]
    assert "line-dasharray" in unknown["paint"]
