"""The expressions of MapLibre styles (style specification 8) that ours use, worked out for one feature."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

type Properties = Mapping[str, Any]

_COMPARISONS: dict[str, Callable[[Any, Any], bool]] = {
    "==": lambda a, b: bool(a == b),
    "!=": lambda a, b: bool(a != b),
    "<": lambda a, b: a is not None and bool(a < b),
    "<=": lambda a, b: a is not None and bool(a <= b),
    ">": lambda a, b: a is not None and bool(a > b),
    ">=": lambda a, b: a is not None and bool(a >= b),
}


def evaluate(expression: Any, properties: Properties, zoom: float) -> Any:
    """The value of an expression; what is none stands for itself.

    Raises: ValueError for an operator that our styles do not use.
    """
    if not isinstance(expression, list) or not expression or not isinstance(expression[0], str):
        return expression
    operator, *operands = expression
    if operator in _COMPARISONS:
        return _COMPARISONS[operator](*(evaluate(o, properties, zoom) for o in operands))
    known = _OPERATORS.get(operator)
    if known is None:
        raise ValueError(f"the expression '{operator}' is not known here")
    return known(operands, properties, zoom)


def _get(operands: list[Any], properties: Properties, _: float) -> Any:
    return properties.get(operands[0])


def _has(operands: list[Any], properties: Properties, _: float) -> bool:
    return properties.get(operands[0]) is not None


def _literal(operands: list[Any], _: Properties, __: float) -> Any:
    return operands[0]


def _zoom(_: list[Any], __: Properties, zoom: float) -> float:
    return zoom


def _all(operands: list[Any], properties: Properties, zoom: float) -> bool:
    return all(evaluate(o, properties, zoom) for o in operands)


def _any(operands: list[Any], properties: Properties, zoom: float) -> bool:
    return any(evaluate(o, properties, zoom) for o in operands)


def _not(operands: list[Any], properties: Properties, zoom: float) -> bool:
    return not evaluate(operands[0], properties, zoom)


def _coalesce(operands: list[Any], properties: Properties, zoom: float) -> Any:
    values = (evaluate(o, properties, zoom) for o in operands)
    return next((value for value in values if value is not None), None)


def _match(operands: list[Any], properties: Properties, zoom: float) -> Any:
    asked, *cases, otherwise = operands
    value = evaluate(asked, properties, zoom)
    for label, result in zip(cases[::2], cases[1::2], strict=True):
        if value in label if isinstance(label, list) else value == label:
            return evaluate(result, properties, zoom)
    return evaluate(otherwise, properties, zoom)


def _case(operands: list[Any], properties: Properties, zoom: float) -> Any:
    *cases, otherwise = operands
    for condition, result in zip(cases[::2], cases[1::2], strict=True):
        if evaluate(condition, properties, zoom):
            return evaluate(result, properties, zoom)
    return evaluate(otherwise, properties, zoom)


def _interpolate(operands: list[Any], properties: Properties, zoom: float) -> float:
    _, asked, *rest = operands
    at = float(evaluate(asked, properties, zoom))
    stops = [(float(x), float(evaluate(y, properties, zoom))) for x, y in zip(rest[::2], rest[1::2], strict=True)]
    if at <= stops[0][0]:
        return stops[0][1]
    for (x0, y0), (x1, y1) in pairwise(stops):
        if at <= x1:
            return y0 + (y1 - y0) * (at - x0) / (x1 - x0)
    return stops[-1][1]


_OPERATORS: dict[str, Callable[[list[Any], Properties, float], Any]] = {
    "get": _get,
    "has": _has,
    "literal": _literal,
    "zoom": _zoom,
    "all": _all,
    "any": _any,
    "!": _not,
    "coalesce": _coalesce,
    "match": _match,
    "case": _case,
    "interpolate": _interpolate,
}
