"""What is wrong with a style: by the MapLibre specification, and by what SLD, QML and our own maps can say of it."""

from __future__ import annotations

import json
import re
from functools import lru_cache
from importlib.resources import files
from typing import TYPE_CHECKING, Any

from styles.rules import DRAWN, KINDS, to_rules

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

_TYPES = {"number": int | float, "color": str, "enum": str, "boolean": bool, "array": list, "formatted": str}
_COLOUR = re.compile("#[0-9a-f]{6}")
_MOST_LAYERS = 50
# What MapLibre takes where a style says nothing (style specification 8).
_DEFAULTS: dict[str, dict[str, dict[str, Any]]] = {
    "fill": {"paint": {"fill-color": "#000000"}},
    "line": {"paint": {"line-color": "#000000", "line-width": 1}},
    "circle": {"paint": {"circle-color": "#000000", "circle-radius": 5}},
    "symbol": {
        "paint": {"text-color": "#000000", "text-halo-color": "#ffffff", "text-halo-width": 0},
        "layout": {"text-size": 16},
    },
}
type Json = dict[str, Any]


@lru_cache(maxsize=1)
def specification() -> Json:
    """Names, types, values and bounds of the MapLibre style specification 8."""
    spec: Json = json.loads(files("styles").joinpath("style_spec_8.json").read_text("utf-8"))
    return spec


def completed(name: str, layers: list[Json]) -> list[Json]:
    """Layers that draw from the source of that name, with what MapLibre takes where they say nothing."""
    return [_complete(layer) | {"source": name} for layer in layers]


def _complete(layer: Json) -> Json:
    defaults = _DEFAULTS.get(str(layer.get("type")), {})
    parts = {part: defaults.get(part, {}) | layer.get(part, {}) for part in {*defaults, *("paint",)}}
    return {name: value for name, value in layer.items() if name != "source-layer"} | parts


def find_faults(layers: Any, properties: Collection[str]) -> list[str]:
    """Everything that keeps layers from drawing a layer of the city that has these properties."""
    if not isinstance(layers, list) or not 0 < len(layers) <= _MOST_LAYERS or not all(map(_is_layer, layers)):
        return [f"give a list of 1 to {_MOST_LAYERS} MapLibre layers with id and type"]
    ids = [layer["id"] for layer in layers]
    found = [f"{name}: two layers have this id" for name in dict.fromkeys(ids) if ids.count(name) > 1]
    found += [f"{layer['id']}: {fault}" for layer in layers for fault in _layer_faults(layer, properties)]
    if not found and all(layer["type"] == "symbol" for layer in layers):
        found = ["there are labels only: draw the features, too"]
    return found


def undrawn(layers: list[Json]) -> list[str]:
    """Properties of a sound style that MapLibre alone draws."""
    used = (name for layer in layers for part in ("paint", "layout") for name in layer.get(part, {}))
    return sorted({name for name in used if name not in DRAWN})


def _is_layer(layer: Any) -> bool:
    return isinstance(layer, dict) and isinstance(layer.get("id"), str) and isinstance(layer.get("type"), str)


def _layer_faults(layer: Json, properties: Collection[str]) -> list[str]:
    if layer["type"] not in KINDS:
        return [f"type {layer['type']} is not drawn here: use {', '.join(KINDS)}"]
    found = [f"there is no '{name}'" for name in layer if name not in specification()["layer"]]
    found += [
        f"{name} is a number from 0 to 24"
        for name in ("minzoom", "maxzoom")
        if not isinstance(layer.get(name, 0), int | float) or not 0 <= layer.get(name, 0) <= 24
    ]
    for part in ("paint", "layout"):
        known, given = specification()["properties"][f"{part}_{layer['type']}"], layer.get(part, {})
        if not isinstance(given, dict):
            found.append(f"{part} is an object")
            continue
        found += [f"{part} has no '{name}' in a {layer['type']} layer" for name in given if name not in known]
        found += [
            f"{n}: {fault}" for n, value in given.items() if n in known for fault in value_faults(value, known[n])
        ]
    found += [f"the layer has no property '{name}'" for name in sorted(_asked(layer) - {*properties})]
    return found or _rule_faults(layer)


def _rule_faults(layer: Json) -> list[str]:
    """What rules, of which SLD and QML are made, cannot say."""
    if layer["type"] == "symbol":
        text = layer.get("layout", {}).get("text-field")
        if not (isinstance(text, list) and len(text) == 2 and text[0] == "get"):
            return ['text-field is one property, as ["get", "name"]']
    try:
        rules = to_rules([_complete(layer)])
    except (ValueError, TypeError, KeyError, IndexError) as error:
        return [
            f"it cannot be told to QGIS and as SLD: {error}; match one property, and say what holds without a value"
        ]
    known = specification()["properties"][f"paint_{layer['type']}"]
    return [
        f"{name}: {fault}"
        for rule in rules
        for name, value in rule.paint.items()
        for fault in value_faults(value, known[name])
    ]


def value_faults(value: Any, rule: Json) -> list[str]:
    """What a value, or what an expression may come to, is that the specification does not allow it to be."""
    if rule["type"] == "array" and isinstance(value, list) and value and value[0] not in specification()["expressions"]:
        return []
    if isinstance(value, list) and value and isinstance(value[0], str):
        return [fault for part in _unfold(value) for fault in _part_faults(part, rule)]
    return _part_faults(value, rule)


def _part_faults(value: Any, rule: Json) -> list[str]:
    if isinstance(value, list) and value and isinstance(value[0], str):
        return [] if value[0] in specification()["expressions"] else [f"no expression {value[0]}"]
    wanted: Any = _TYPES.get(rule["type"])
    if wanted is None or not isinstance(value, wanted) or (isinstance(value, bool) and rule["type"] != "boolean"):
        return [f"{value!r} is no {rule['type']}"]
    is_wrong = (
        (rule["type"] == "color" and not _COLOUR.fullmatch(value))
        or (rule["type"] == "enum" and value not in rule["values"])
        or (rule["type"] == "number" and not rule.get("minimum", value) <= value <= rule.get("maximum", value))
    )
    how = " (colours are written #rrggbb)" if rule["type"] == "color" else ""
    return [f"{value!r} is out of bounds{how}"] if is_wrong else []


def _unfold(expression: list[Any]) -> Iterator[Any]:
    """An expression, those in it, and the plain values that it may come to."""
    yield expression
    operator, *operands = expression
    results = {
        "match": [*operands[2:-1:2], *operands[-1:]],
        "case": [*operands[1:-1:2], *operands[-1:]],
        "interpolate": operands[3::2],
        "coalesce": operands,
    }.get(str(operator), [])
    for place, operand in enumerate(operands):
        # How an interpolation goes is no expression, and what a match looks for are plain values.
        is_plain = (operator == "interpolate" and place == 0) or (operator == "match" and _is_label(place, operands))
        if not is_plain and isinstance(operand, list) and operand and isinstance(operand[0], str):
            yield from _unfold(operand)
    yield from (result for result in results if not isinstance(result, list))


def _is_label(place: int, operands: list[Any]) -> bool:
    return place % 2 == 1 and place < len(operands) - 1


def _asked(value: Any) -> set[str]:
    """Names of the properties that a layer asks for."""
    if isinstance(value, dict):
        return set().union(*map(_asked, value.values()))
    if not isinstance(value, list):
        return set()
    own = {value[1]} if len(value) == 2 and value[0] in ("get", "has") and isinstance(value[1], str) else set()
    return own.union(*map(_asked, value))
