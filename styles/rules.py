"""A style as plain rules: what QGIS and SLD can say of a MapLibre style, worked out of it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from styles.expression import evaluate

# Where widths that grow with the zoom are taken: a street fills the screen.
_ZOOM = 17
# Scale denominator of zoom 0 with pixels of 0.28 mm and tiles of 512 (17-083r4, annex D.1, halved).
SCALE_0 = 279_541_132.0144

KINDS = ("fill", "line", "circle", "symbol")
# What of a style is drawn in every form; the rest of MapLibre's is left out of rules.
DRAWN = frozenset(
    {
        *("fill-color", "fill-opacity", "line-color", "line-opacity", "line-width", "line-dasharray", "line-cap"),
        *("line-join", "circle-color", "circle-opacity", "circle-radius", "circle-stroke-color"),
        *("circle-stroke-width", "text-field", "text-size", "text-color", "text-halo-color", "text-halo-width"),
        "symbol-placement",
    }
)


@dataclass(frozen=True, slots=True)
class Condition:
    """A property compared with values, numbers as their text: it is one of them, or none."""

    property: str
    values: tuple[str, ...]
    is_one: bool = True


@dataclass(frozen=True, slots=True)
class Rule:
    """How features for which all conditions hold are drawn; sizes in pixels. `paint` holds values, no expressions."""

    name: str
    kind: str
    conditions: tuple[Condition, ...]
    paint: dict[str, Any]
    layout: dict[str, Any]
    # The scale denominator above which it is not drawn.
    most_scale: float | None
    # Numbers of `paint` that grow with the zoom: pairs of a zoom and a value, between which it is linear.
    grown: dict[str, list[tuple[float, float]]] = field(default_factory=dict)


def to_rules(layers: list[dict[str, Any]]) -> list[Rule]:
    """Rules of MapLibre layers in drawing order. Raises: ValueError for an expression that no rule can say."""
    return [rule for layer in layers for rule in _rules(layer)]


def _rules(layer: dict[str, Any]) -> list[Rule]:
    base = _conditions(layer.get("filter"))
    paint = layer.get("paint", {})
    matched = [m for key, value in paint.items() if key in DRAWN for m in _matches(value)]
    if not matched:
        return [_rule(layer, layer["id"], base, {})]
    (name,) = {match[1][1] for match in matched}
    values = list(dict.fromkeys(label for match in matched for label in match[2:-1:2]))
    texts = [str(value) for value in values]
    rules = [
        _rule(layer, text, (*base, Condition(name, (text,))), {name: value})
        for text, value in zip(texts, values, strict=True)
    ]
    return [*rules, _rule(layer, "other", (*base, Condition(name, tuple(texts), is_one=False)), {})]


def _rule(layer: dict[str, Any], name: str, conditions: tuple[Condition, ...], properties: dict[str, Any]) -> Rule:
    paint = {key: evaluate(value, properties, _ZOOM) for key, value in layer.get("paint", {}).items() if key in DRAWN}
    layout = {
        key: value if key == "text-field" else evaluate(value, properties, _ZOOM)
        for key, value in layer.get("layout", {}).items()
        if key in DRAWN
    }
    minzoom = layer.get("minzoom")
    scale = None if minzoom is None else SCALE_0 / 2**minzoom
    grown = {key: stops for key in paint if (stops := _stops(layer["paint"][key]))}
    return Rule(name, layer["type"], conditions, paint, layout, scale, grown)


def _stops(value: Any) -> list[tuple[float, float]]:
    """Zooms and values of a ramp of plain numbers over the zoom; none of anything else."""
    match value:
        case ["interpolate", ["linear"], ["zoom"], *stops] if all(isinstance(stop, int | float) for stop in stops):
            return list(zip(stops[::2], stops[1::2], strict=True))
        case _:
            return []


def _matches(value: Any) -> list[list[Any]]:
    if not isinstance(value, list):
        return []
    own = [value] if value and value[0] == "match" else []
    return own + [match for part in value for match in _matches(part)]


def _conditions(expression: Any) -> tuple[Condition, ...]:
    match expression:
        case None:
            return ()
        case ["all", *parts]:
            return tuple(condition for part in parts for condition in _conditions(part))
        case ["==" | "!=" as operator, ["get", str(name)], str(value)]:
            return (Condition(name, (value,), is_one=operator == "=="),)
        case _:
            raise ValueError(f"the filter {expression} is more than a rule can say")
