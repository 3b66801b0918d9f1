"""CQL2 (OGC 21-065r2) as SQL: every value is bound, every name is one of the layer's queryables."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from psycopg import sql

from layers import spatial, temporal
from layers.errors import Invalid
from layers.term import SQL_TYPES, Kind, Scope, Term

if TYPE_CHECKING:
    from layers.catalog import Layer, Property
    from layers.crs import Crs
    from layers.query import Condition
    from layers.statement import Values

type Compiler = Callable[[str, list[Any], Scope], Term]

GEOMETRY = "geometry"
MOST_DEPTH = 40
_KINDS: dict[str, Kind] = {"integer": "number", "number": "number", "boolean": "boolean", "string": "text"}
_COMPARISONS = {"=": "=", "<>": "<>", "<": "<", ">": ">", "<=": "<=", ">=": ">="}
# A division by zero has no value, so the feature does not match; it is no fault of the query.
_ARITHMETIC = {
    "+": "({} + {})",
    "-": "({} - {})",
    "*": "({} * {})",
    "/": "({} / nullif({}, 0))",
    "%": "mod({}::numeric, nullif({}::numeric, 0))::double precision",
    "div": "div({}::numeric, nullif({}::numeric, 0))::double precision",
    "^": "power({}, {})",
}


def compile_condition(layer: Layer, condition: Condition, storage: Crs, values: Values) -> sql.Composable:
    """A condition for a WHERE clause. Raises: Invalid for what is no truth about the layer's queryables."""
    scope = Scope(layer, condition, storage, values)
    expression = json.loads(condition.expression)
    _check_depth(expression)
    return _want("boolean", _compile(expression, scope), "a filter").text


def _check_depth(expression: Any) -> None:
    """Level by level, for an expression nested too deep is what must not be walked by recursion."""
    level = [expression]
    for _ in range(MOST_DEPTH):
        level = [part for value in level for part in _parts(value)]
        if not level:
            return
    raise Invalid(f"filter: it is nested more than {MOST_DEPTH} levels deep")


def _parts(value: Any) -> list[Any]:
    return [*value.values()] if isinstance(value, dict) else value if isinstance(value, list) else []


def _compile(part: Any, scope: Scope) -> Term:
    match part:
        case bool() | int() | float() | str():
            return _read_literal(part, scope)
        case {"property": name}:
            return _read_property(str(name), scope)
        case {"op": operation, "args": list(arguments)}:
            return _operate(str(operation).lower(), arguments, scope)
        case {"bbox": numbers}:
            return spatial.read_bbox(numbers, scope)
        case {"type": _}:
            return spatial.read_geometry(part, scope)
        case _:
            return _read_time(part, scope)


def _read_literal(value: bool | float | str, scope: Scope) -> Term:
    if isinstance(value, bool):
        return Term(scope.values.bind(value, "boolean"), "boolean")
    if isinstance(value, str):
        return Term(scope.values.bind(_text(value), "text"), "text")
    return Term(scope.values.bind(repr(float(value)), "double precision"), "number")


def _read_time(part: Any, scope: Scope) -> Term:
    match part:
        case {"date": text}:
            return temporal.read_date(text, scope)
        case {"timestamp": text}:
            return temporal.read_timestamp(text, scope)
        case {"interval": ends}:
            return temporal.read_interval(ends, scope, lambda end: _compile(end, scope))
        case _:
            raise Invalid(f"filter: {str(part)[:80]} means nothing here")


def _text(text: str) -> str:
    if "\0" in text or any("\ud800" <= letter <= "\udfff" for letter in text):
        raise Invalid("filter: a text holds a letter that no text may hold")
    return text


def _read_property(name: str, scope: Scope) -> Term:
    if name == GEOMETRY:
        return Term(sql.Identifier("geom"), "geometry")
    described: Property | None = next((p for p in scope.layer.queryables if p.name == name), None)
    if described is None:
        known = ", ".join((GEOMETRY, *(p.name for p in scope.layer.queryables)))
        raise Invalid(f"filter: there is no property '{name[:80]}', there are {known}")
    column = sql.Identifier(name)
    if described.format == "date":
        return Term(column, "date")
    if described.format == "date-time":
        return Term(column, "timestamp")
    if described.type == "integer":
        # Sums of whole numbers are reckoned like all others, so none overflows.
        return Term(sql.SQL("{}::double precision").format(column), "number")
    return Term(column, _KINDS[described.type])


def _operate(operation: str, arguments: list[Any], scope: Scope) -> Term:
    compiler, least, most = _OPERATIONS.get(operation, (None, 0, 0))
    if compiler is None:
        raise Invalid(f"filter: the function '{operation[:40]}' is not known here")
    if not least <= len(arguments) <= most:
        raise Invalid(f"filter: '{operation}' was given {len(arguments)} arguments")
    return compiler(operation, arguments, scope)


def _want(kind: Kind, term: Term, who: str) -> Term:
    if term.kind != kind:
        raise Invalid(f"filter: {who} takes a {kind}, not a {term.kind}")
    return term


def _wanted(kind: Kind, arguments: list[Any], scope: Scope, who: str) -> list[sql.Composable]:
    return [_want(kind, _compile(part, scope), f"'{who}'").text for part in arguments]


def _alike(arguments: list[Any], scope: Scope, who: str) -> list[sql.Composable]:
    """Values that may be compared: of one kind, where a text may be a date's and a date a timestamp's."""
    # What is bound and then not used has no type to PostgreSQL, so a text is read once it is known what for.
    known = {n: _compile(part, scope) for n, part in enumerate(arguments) if not isinstance(part, str)}
    has_dates = any(term.kind in ("date", "timestamp") for term in known.values())
    read = temporal.read_date if has_dates else _compile
    terms = [known[n] if n in known else read(part, scope) for n, part in enumerate(arguments)]
    kinds = {term.kind for term in terms}
    if kinds == {"date", "timestamp"}:
        return [temporal.as_timestamp(term) for term in terms]
    if len(kinds) != 1 or not kinds <= SQL_TYPES.keys() - {"geometry"}:
        raise Invalid(f"filter: '{who}' cannot compare {' with '.join(sorted(kinds))}")
    return [term.text for term in terms]


def _connect(operation: str, arguments: list[Any], scope: Scope) -> Term:
    joined = sql.SQL(f" {operation} ").join(_wanted("boolean", arguments, scope, operation))
    return Term(sql.SQL("({})").format(joined), "boolean")


def _negate(operation: str, arguments: list[Any], scope: Scope) -> Term:
    return Term(sql.SQL("(not {})").format(*_wanted("boolean", arguments, scope, operation)), "boolean")


def _compare(operation: str, arguments: list[Any], scope: Scope) -> Term:
    first, second = _alike(arguments, scope, operation)
    sign = sql.SQL(_COMPARISONS[operation])
    return Term(sql.SQL("({} {} {})").format(first, sign, second), "boolean")


def _match(operation: str, arguments: list[Any], scope: Scope) -> Term:
    pattern = arguments[1]
    if isinstance(pattern, str) and (len(pattern) - len(pattern.rstrip("\\"))) % 2:
        raise Invalid("filter: a pattern of LIKE must not end with a single backslash")
    return Term(sql.SQL("({} like {})").format(*_wanted("text", arguments, scope, operation)), "boolean")


def _between(operation: str, arguments: list[Any], scope: Scope) -> Term:
    return Term(sql.SQL("({} between {} and {})").format(*_alike(arguments, scope, operation)), "boolean")


def _among(operation: str, arguments: list[Any], scope: Scope) -> Term:
    value, members = arguments
    if not isinstance(members, list) or not members:
        raise Invalid("filter: 'in' takes a list of values")
    first, *rest = _alike([value, *members], scope, operation)
    return Term(sql.SQL("({} in ({}))").format(first, sql.SQL(", ").join(rest)), "boolean")


def _is_null(_operation: str, arguments: list[Any], scope: Scope) -> Term:
    return Term(sql.SQL("({} is null)").format(_compile(arguments[0], scope).text), "boolean")


def _ignore_case(operation: str, arguments: list[Any], scope: Scope) -> Term:
    # ICU's rules, whatever collation the database was made with: 'Đ' is the capital of 'đ'.
    (text,) = _wanted("text", arguments, scope, operation)
    return Term(sql.SQL('lower({} collate "und-x-icu")').format(text), "text")


def _ignore_accents(operation: str, arguments: list[Any], scope: Scope) -> Term:
    """Letters without their marks; đ has no mark that Unicode would take off, but is a d with a bar."""
    (text,) = _wanted("text", arguments, scope, operation)
    return Term(
        sql.SQL("translate(regexp_replace(normalize({}, nfd), {}, '', 'g'), 'đĐ', 'dD')").format(
            text, sql.Literal("[\u0300-\u036f]")
        ),
        "text",
    )


def _reckon(operation: str, arguments: list[Any], scope: Scope) -> Term:
    numbers = _wanted("number", arguments, scope, operation)
    return Term(sql.SQL(_ARITHMETIC[operation]).format(*numbers), "number")


def _relate_places(operation: str, arguments: list[Any], scope: Scope) -> Term:
    first, second = (_compile(part, scope) for part in arguments)
    return spatial.relate(operation, first, second)


def _relate_times(operation: str, arguments: list[Any], scope: Scope) -> Term:
    first, second = (_compile(part, scope) for part in arguments)
    return temporal.relate(operation, first, second)


# Who compiles an operation, and how many arguments it has at least and at most.
_OPERATIONS: dict[str, tuple[Compiler, int, int]] = {
    "and": (_connect, 2, 1000),
    "or": (_connect, 2, 1000),
    "not": (_negate, 1, 1),
    "like": (_match, 2, 2),
    "between": (_between, 3, 3),
    "in": (_among, 2, 2),
    "isnull": (_is_null, 1, 1),
    "casei": (_ignore_case, 1, 1),
    "accenti": (_ignore_accents, 1, 1),
    **dict.fromkeys(_COMPARISONS, (_compare, 2, 2)),
    **dict.fromkeys(_ARITHMETIC, (_reckon, 2, 2)),
    **dict.fromkeys(spatial.RELATIONS, (_relate_places, 2, 2)),
    **dict.fromkeys(temporal.RELATIONS, (_relate_times, 2, 2)),
}
