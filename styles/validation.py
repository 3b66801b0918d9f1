"""What is wrong with a style: by the MapLibre specification, and by what SLD, QML and our own maps can say of it."""

from __future__ import annotations

import json
import math
import re
from functools import lru_cache
from importlib.resources import files
from typing import TYPE_CHECKING, Any, NamedTuple

from styles.rules import DRAWN, KINDS, to_rules

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

_TYPES = {"number": int | float, "color": str, "enum": str, "boolean": bool, "array": list, "formatted": str}
_COLOUR = re.compile("#[0-9a-f]{6}")
_MOST_LAYERS = 50
_MOST_LETTERS, _MOST_DEPTH, _MOST_VALUES, _MOST_DASHES = 100_000, 32, 500, 16
# Dashes and gaps together, in widths of the line: shorter ones nobody sees, and drawing them takes for ever.
_SHORTEST_DASHES = 0.5
# What neither XML nor PostgreSQL can hold: control characters, halves of letters.
_NO_LETTER = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff\ufffe\uffff]")
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
# Beyond these nothing is a symbol any more, and drawing it takes all there is of memory.
_BOUNDS = {
    "circle-radius": {"maximum": 256},
    "circle-stroke-width": {"maximum": 64},
    "line-width": {"maximum": 256},
    "text-halo-width": {"maximum": 32},
    "text-size": {"maximum": 128},
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


class Fault(NamedTuple):
    """What is wrong, in both languages."""

    en: str
    vi: str

    def about(self, thing: str) -> Fault:
        return Fault(f"{thing}: {self.en}", f"{thing}: {self.vi}")


def find_faults(layers: Any, properties: Collection[str]) -> list[Fault]:
    """Everything that keeps layers from drawing a layer of the city that has these properties."""
    if not isinstance(layers, list) or not 0 < len(layers) <= _MOST_LAYERS or not all(map(_is_layer, layers)):
        return [
            Fault(
                f"give a list of 1 to {_MOST_LAYERS} MapLibre layers with id and type",
                f"cần danh sách từ 1 đến {_MOST_LAYERS} lớp MapLibre có id và type",
            )
        ]
    if found := _plain_faults(layers):
        return found
    ids = [layer["id"] for layer in layers]
    twice = Fault("two layers have this id", "hai lớp trùng id này")
    found = [twice.about(name) for name in dict.fromkeys(ids) if ids.count(name) > 1]
    found += [fault.about(layer["id"]) for layer in layers for fault in _layer_faults(layer, properties)]
    if not found and all(layer["type"] == "symbol" for layer in layers):
        found = [Fault("there are labels only: draw the features, too", "chỉ có nhãn: cần vẽ cả đối tượng")]
    return found


def undrawn(layers: list[Json]) -> list[str]:
    """Properties of a sound style that MapLibre alone draws."""
    used = (name for layer in layers for part in ("paint", "layout") for name in layer.get(part, {}))
    return sorted({name for name in used if name not in DRAWN})


def _plain_faults(layers: list[Json]) -> list[Fault]:
    """What no style may be, before anybody looks into it: endless, or made of what cannot be written down."""
    letters, level, depth = 0, list[Any](layers), 0
    while level and depth <= _MOST_DEPTH and letters <= _MOST_LETTERS:
        texts = [value for value in level if isinstance(value, str)]
        if any(map(_NO_LETTER.search, texts)):
            return [Fault("a text holds a sign that is no letter", "có ký tự điều khiển trong chữ")]
        if not all(math.isfinite(value) for value in level if isinstance(value, float)):
            return [Fault("a number is endless", "có số vô hạn")]
        letters += len(level) + sum(map(len, texts))
        level = [part for value in level for part in _parts(value)]
        depth += 1
    if level or letters > _MOST_LETTERS:
        said = f"it is longer than {_MOST_LETTERS} letters, or nested more than {_MOST_DEPTH} times"
        return [Fault(said, f"dài hơn {_MOST_LETTERS} ký tự hoặc lồng nhau hơn {_MOST_DEPTH} lần")]
    return []


def _parts(value: Any) -> list[Any]:
    if isinstance(value, dict):
        return [*value, *value.values()]
    return value if isinstance(value, list) else []


def _is_layer(layer: Any) -> bool:
    return isinstance(layer, dict) and isinstance(layer.get("id"), str) and isinstance(layer.get("type"), str)


def _layer_faults(layer: Json, properties: Collection[str]) -> list[Fault]:
    kind, kinds = layer["type"], ", ".join(KINDS)
    if kind not in KINDS:
        said = f"type {kind} is not drawn here: use {kinds}"
        return [Fault(said, f"không vẽ được kiểu {kind}: dùng {kinds}")]
    found = [Fault(f"there is no '{n}'", f"không có “{n}”") for n in layer if n not in specification()["layer"]]
    found += [
        Fault(f"{name} is a number from 0 to 24", f"{name} là số từ 0 đến 24")
        for name in ("minzoom", "maxzoom")
        if not isinstance(layer.get(name, 0), int | float) or not 0 <= layer.get(name, 0) <= 24
    ]
    for part in ("paint", "layout"):
        known, given = specification()["properties"][f"{part}_{kind}"], layer.get(part, {})
        if not isinstance(given, dict):
            found.append(Fault(f"{part} is an object", f"{part} phải là một đối tượng JSON"))
            continue
        found += [
            Fault(f"{part} has no '{name}' in a {kind} layer", f"{part} của lớp {kind} không có “{name}”")
            for name in given
            if name not in known
        ]
        found += _faults_of({name: value for name, value in given.items() if name in known}, known)
    found += [
        Fault(f"the layer has no property '{name}'", f"lớp không có thuộc tính “{name}”")
        for name in sorted(_asked(layer) - {*properties})
    ]
    return found or _rule_faults(layer)


def _faults_of(values: Json, known: Json) -> list[Fault]:
    return [
        fault.about(name)
        for name, value in values.items()
        for fault in value_faults(value, known[name] | _BOUNDS.get(name, {}))
    ]


def _rule_faults(layer: Json) -> list[Fault]:
    """What rules, of which SLD and QML are made, cannot say."""
    if layer["type"] == "symbol":
        text = layer.get("layout", {}).get("text-field")
        if not (isinstance(text, list) and len(text) == 2 and text[0] == "get" and isinstance(text[1], str)):
            example = '["get", "name"]'
            said = f"text-field is one property, as {example}"
            return [Fault(said, f"text-field là một thuộc tính, ví dụ {example}")]
    try:
        rules = to_rules([_complete(layer)])
    except (ValueError, TypeError, KeyError, IndexError) as error:
        said = f"it cannot be told to QGIS and as SLD: {error}; match one property, and say what holds without a value"
        vi = f"không chuyển được sang QGIS và SLD: {error}; dùng match trên một thuộc tính và nêu giá trị khi thiếu"
        return [Fault(said, vi)]
    if len(rules) > _MOST_VALUES:
        said = f"it tells {len(rules) - 1} values apart: at most {_MOST_VALUES - 1} can be told"
        return [Fault(said, f"phân biệt {len(rules) - 1} giá trị: tối đa {_MOST_VALUES - 1}")]
    known = specification()["properties"][f"paint_{layer['type']}"]
    found = [fault for rule in rules for fault in _faults_of(rule.paint, known)]
    return found or [fault.about(name) for name, fault in _unsaid(layer)]


def _unsaid(layer: Json) -> Iterator[tuple[str, Fault]]:
    """Expressions whose values cannot be known beforehand, so that neither rules nor our maps could keep to them."""
    for part in ("paint", "layout"):
        for name, value in layer.get(part, {}).items():
            # One opacity holds for all that a layer draws.
            may_match = part == "paint" and not name.endswith("-opacity")
            if name in DRAWN and name != "text-field" and not _is_sayable(value, may_match=may_match):
                said = "use a plain value, interpolate over the zoom"
                vi = "dùng giá trị cố định, interpolate theo zoom"
                if may_match:
                    said, vi = f"{said}, or match of texts or whole numbers", f"{vi} hoặc match theo chữ hay số nguyên"
                yield name, Fault(said, vi)


def _is_sayable(value: Any, *, may_match: bool) -> bool:
    """Whether a value is plain, or an expression whose every value is known."""
    match value:
        case ["match", ["get", str()], *labels_and_values, otherwise] if labels_and_values:
            labels, values = labels_and_values[::2], [*labels_and_values[1::2], otherwise]
            kinds = {type(label) for label in labels}
            is_whole = kinds in ({str}, {int}) and len(labels) == len(values) - 1
            is_sound = is_whole and len({*labels}) == len(labels)
            return may_match and is_sound and all(_is_sayable(one, may_match=may_match) for one in values)
        case ["interpolate", ["linear"], ["zoom"], *stops]:
            is_rising = all(type(zoom) in (int, float) for zoom in stops[::2]) and sorted({*stops[::2]}) == stops[::2]
            return is_rising and all(_is_sayable(one, may_match=may_match) for one in stops[1::2])
        case ["literal", list()]:
            return True
        case [str(), *_]:
            return False
        case _:
            return True


def value_faults(value: Any, rule: Json) -> list[Fault]:
    """What a value, or what an expression may come to, is that the specification does not allow it to be."""
    is_list = isinstance(value, list) and bool(value)
    if rule["type"] == "array" and is_list and value[0] not in specification()["expressions"]:
        return _list_faults(value, rule)
    if is_list and isinstance(value[0], str):
        return [fault for part in _unfold(value) for fault in _part_faults(part, rule)]
    return _part_faults(value, rule)


def _list_faults(values: list[Any], rule: Json) -> list[Fault]:
    """Numbers are numbers; dashes of no length would never end."""
    if rule.get("value") != "number":
        return []
    number = {"type": "number", "minimum": rule.get("minimum", -math.inf)}
    found = [fault for value in values for fault in _part_faults(value, number)]
    if not found and "minimum" in rule and not (len(values) <= _MOST_DASHES and sum(values) >= _SHORTEST_DASHES):
        found = [
            Fault(
                f"dashes and gaps have a length: together at least {_SHORTEST_DASHES}; at most {_MOST_DASHES} of them",
                f"nét và khoảng trống phải có độ dài: tổng ít nhất {_SHORTEST_DASHES}; tối đa {_MOST_DASHES} đoạn",
            )
        ]
    return found


def _part_faults(value: Any, rule: Json) -> list[Fault]:
    if isinstance(value, list) and value and isinstance(value[0], str):
        name = value[0]
        is_known = name in specification()["expressions"]
        return [] if is_known else [Fault(f"no expression {name}", f"không có biểu thức {name}")]
    kind = rule["type"]
    wanted: Any = _TYPES.get(kind)
    if wanted is None or not isinstance(value, wanted) or (isinstance(value, bool) and kind != "boolean"):
        return [Fault(f"{value!r} is no {kind}", f"{value!r} không phải {kind}")]
    is_wrong = (
        (kind == "color" and not _COLOUR.fullmatch(value))
        or (kind == "enum" and value not in rule["values"])
        or (kind == "number" and not rule.get("minimum", -math.inf) <= value <= rule.get("maximum", math.inf))
    )
    if not is_wrong:
        return []
    if kind == "color":
        return [Fault(f"{value!r} is no colour as #rrggbb", f"{value!r} không phải màu dạng #rrggbb")]
    return [Fault(f"{value!r} is out of bounds", f"{value!r} nằm ngoài giới hạn")]


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
