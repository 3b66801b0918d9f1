"""What importers say, read from their source: each message as a text in which every value stands for itself.

A value that the source does not tell (a name, a number, what a library says) is `UNTOLD`.
"""

from __future__ import annotations

import ast
import re
from collections import defaultdict
from dataclasses import dataclass, field
from functools import cache
from itertools import islice, product
from pathlib import Path
from typing import TYPE_CHECKING, Any

import importers

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

UNTOLD = "\0"
_SOURCES = Path(importers.__file__).parent
_DEEPEST, _MOST = 5, 60
# Calls that say something to people: name -> the places of the texts in them, and the names of those arguments.
_SAYING = {
    "Rejected": {1: "message", 2: "remedy"},
    "Finding": {1: "message", 2: "remedy"},
    "_TooMuch": {1: "said"},
    "_encode_failure": {1: "said"},
    "forget": {1: "reason"},
    "decide": {4: "reason"},
    "Section": {1: "reason"},
    "Target": {2: "reason"},
    "Placement": {3: "reason"},
    "SourceLayer": {8: "notes"},
    "replace": {-1: "notes"},
    "to_layer": {-1: "notes"},
    "to_layers": {-1: "notes"},
    "build_layer": {2: "notes"},
    "Table": {3: "notes"},
}
_NOTES = "notes"
# What follows the name of a file.
_AFTER_A_NAME = {"_TooMuch", "_encode_failure"}
# The name of a table before the reason for it, which a report gives a title of its own.
_TABLE = re.compile(rf"^[\w{UNTOLD}]+(: |, )")
# Keys of what is handed on by name.
_KEYS = {"notes": "notes", "left aside": "reason"}


@dataclass(frozen=True, slots=True)
class Message:
    """A text, and where it is said."""

    where: str
    text: str


@dataclass(slots=True)
class _Module:
    name: str
    tree: ast.Module
    constants: dict[str, list[ast.expr]] = field(default_factory=lambda: defaultdict(list))
    functions: dict[str, ast.FunctionDef] = field(default_factory=dict)
    imported: dict[str, tuple[str, str]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class _Place:
    """A module and the function in it where an expression stands."""

    module: str
    function: ast.FunctionDef | None
    depth: int = 0

    def deeper(self, module: str, function: ast.FunctionDef | None) -> _Place:
        return _Place(module, function, self.depth + 1)


def all_messages() -> Iterator[Message]:
    """Every text of a finding, a refusal, a decision or a note, in the order of the source."""
    seen: set[tuple[str, str]] = set()
    for module in _modules().values():
        for node, function in _said_in(module):
            place = _Place(module.name, function)
            for text in _said(node, place) if isinstance(node, ast.Call) else _handed_on(node, place):
                if (module.name, text) not in seen:
                    seen.add((module.name, text))
                    yield Message(f"{module.name}:{node.lineno}", text)


def counted_notes() -> Iterator[Message]:
    """What is counted into a note: `notes[text] += 1` is said as "3 text"."""
    for module in _modules().values():
        for function in module.functions.values():
            for node in ast.walk(function):
                match node:
                    case ast.AugAssign(
                        target=ast.Subscript(value=ast.Name(id=name) | ast.Attribute(attr=name), slice=key)
                    ) if name in ("notes", "left_aside"):
                        aside = " left aside" if name == "left_aside" else ""
                        for text in _texts(key, _Place(module.name, function)):
                            if text:
                                yield Message(f"{module.name}:{node.lineno}", f"{UNTOLD} {text}{aside}")


def ends_of_readers() -> Iterator[Message]:
    """What a file did to the process that read it, as it is said behind the file's name."""
    for module in (m for name, m in _modules().items() if name.startswith("importers.sandbox")):
        for function in module.functions.values():
            place = _Place(module.name, function)
            is_answer = function.name == "_answer"
            texts = [v for n in ast.walk(function) for target, v in _assigned(n) if is_answer and target == "said"]
            if function.name == "describe_end":
                texts += [n.value for n in ast.walk(function) if isinstance(n, ast.Return) and n.value is not None]
            for value in texts:
                for text in _texts(value, place):
                    yield Message(f"{module.name}:{value.lineno}", f"{UNTOLD} {text}")


def _handed_on(table: ast.Dict, place: _Place) -> Iterator[str]:
    for key, value in zip(table.keys, table.values, strict=True):
        if isinstance(key, ast.Constant) and key.value in _KEYS:
            yield from _items(value, place) if key.value == _NOTES else _texts(value, place)


def _said(call: ast.Call, place: _Place) -> Iterator[str]:
    texts = _SAYING.get(_called(call), {})
    for position, name in texts.items():
        given = call.args[position] if 0 <= position < len(call.args) else None
        for argument in [given, *(k.value for k in call.keywords if k.arg == name)]:
            if argument is None:
                continue
            for text in _items(argument, place) if name == _NOTES else _texts(argument, place):
                if _called(call) == "Target":
                    yield _TABLE.sub("", text)
                else:
                    yield f"{UNTOLD} {text}" if _called(call) in _AFTER_A_NAME else text


@cache
def _modules() -> dict[str, _Module]:
    modules = {}
    for path in sorted(_SOURCES.rglob("*.py")):
        name = ".".join(("importers", *path.relative_to(_SOURCES).with_suffix("").parts)).removesuffix(".__init__")
        modules[name] = _index(name, ast.parse(path.read_text("utf-8")))
    return modules


def _index(name: str, tree: ast.Module) -> _Module:
    module = _Module(name, tree)
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef):
            module.functions[node.name] = node
        elif isinstance(node, ast.ImportFrom) and (node.module or "").startswith("importers"):
            module.imported |= {alias.asname or alias.name: (str(node.module), alias.name) for alias in node.names}
    for node in tree.body:
        for target, value in _assigned(node):
            module.constants[target].append(value)
    return module


def _assigned(node: ast.AST) -> Iterator[tuple[str, ast.expr]]:
    """Names and what is assigned to them; in a loop over a listed table, each with all that stands in its place."""
    if isinstance(node, ast.Assign):
        for target in node.targets:
            yield from _unpacked(target, node.value)
    elif isinstance(node, ast.AugAssign) and isinstance(node.target, ast.Name):
        yield node.target.id, ast.copy_location(ast.BinOp(ast.Constant(UNTOLD), ast.Add(), node.value), node)
    elif isinstance(node, ast.AnnAssign | ast.NamedExpr) and isinstance(node.target, ast.Name):
        if node.value is not None:
            yield node.target.id, node.value
    elif isinstance(node, ast.For | ast.comprehension):
        yield from _looped(node.target, node.iter)


def _unpacked(target: ast.expr, value: ast.expr) -> Iterator[tuple[str, ast.expr]]:
    if isinstance(target, ast.Name):
        yield target.id, value
    elif isinstance(target, ast.Tuple) and isinstance(value, ast.Tuple) and len(target.elts) == len(value.elts):
        for part, own in zip(target.elts, value.elts, strict=True):
            yield from _unpacked(part, own)
    elif isinstance(target, ast.Tuple):
        for i, part in enumerate(target.elts):
            if isinstance(part, ast.Name):
                yield part.id, ast.copy_location(ast.Subscript(value, ast.Constant(i)), value)


def _looped(target: ast.expr, over: ast.expr) -> Iterator[tuple[str, ast.expr]]:
    each = ast.copy_location(ast.Starred(over), over)
    if isinstance(target, ast.Name):
        yield target.id, each
    elif isinstance(target, ast.Tuple):
        for i, part in enumerate(target.elts):
            if isinstance(part, ast.Name):
                yield part.id, ast.copy_location(ast.Subscript(each, ast.Constant(i)), over)


@cache
def _all_calls() -> dict[str, list[tuple[ast.Call, str, ast.FunctionDef | None]]]:
    calls = defaultdict(list)
    for module in _modules().values():
        for call, function in _calls_in(module):
            calls[_called(call)].append((call, module.name, function))
    return calls


def _calls_in(module: _Module) -> Iterator[tuple[ast.Call, ast.FunctionDef | None]]:
    return ((node, function) for node, function in _said_in(module) if isinstance(node, ast.Call))


def _said_in(module: _Module) -> Iterator[tuple[ast.Call | ast.Dict, ast.FunctionDef | None]]:
    """Calls and dictionaries, with the function that each stands in."""

    def walk(node: ast.AST, function: ast.FunctionDef | None) -> Iterator[tuple[Any, ast.FunctionDef | None]]:
        for child in ast.iter_child_nodes(node):
            if isinstance(child, ast.Call | ast.Dict):
                yield child, function
            yield from walk(child, child if isinstance(child, ast.FunctionDef) else function)

    return walk(module.tree, None)


def _called(call: ast.Call) -> str:
    function = call.func
    return function.id if isinstance(function, ast.Name) else getattr(function, "attr", "")


def _texts(node: ast.expr, place: _Place) -> list[str]:
    """What an expression may say; [UNTOLD] where the source does not tell."""
    found = list(dict.fromkeys(islice(_evaluate(node, place), _MOST)))
    return found or [UNTOLD]


def _evaluate(node: ast.expr, place: _Place) -> Iterator[str]:
    """What is put together here; names and calls are looked up."""
    match node:
        case _ if place.depth > _DEEPEST:
            yield UNTOLD
        case ast.Constant(value=None):
            pass
        case ast.Constant(value=str(text)):
            yield text
        case ast.JoinedStr():
            parts = [_texts(v.value if isinstance(v, ast.FormattedValue) else v, place) for v in node.values]
            yield from ("".join(choice) for choice in product(*parts))
        case ast.BinOp(op=ast.Add()):
            yield from ("".join(pair) for pair in product(_texts(node.left, place), _texts(node.right, place)))
        case ast.IfExp():
            yield from (*_evaluate(node.body, place), *_evaluate(node.orelse, place))
        case ast.BoolOp():
            yield from (text for value in node.values for text in _evaluate(value, place))
        case _:
            yield from _looked_up(node, place)


def _looked_up(node: ast.expr, place: _Place) -> Iterable[str]:
    match node:
        case ast.Name():
            return _named(node.id, place)
        case ast.Subscript(value=ast.Call() as call, slice=ast.Constant(value=int(at))):
            return _returned_at(call, at, place)
        case ast.Subscript(slice=ast.Constant(value=int(at))):
            return [text for row in _items_of(node.value, place) for text in _element(row, at, place)]
        case ast.Starred():
            return [text for item in _items_of(node.value, place) for text in _evaluate(item, place)]
        case ast.Call():
            return _returned(node, place)
    return [UNTOLD]


def _element(row: ast.expr, at: int, place: _Place) -> Iterable[str]:
    if isinstance(row, ast.Tuple) and at < len(row.elts):
        return _evaluate(row.elts[at], place)
    return [UNTOLD]


def _items_of(node: ast.expr, place: _Place) -> Iterator[ast.expr]:
    """The listed elements of a table: of a tuple, list or set, the pairs of a dictionary, or what a name stands for."""
    match node:
        case ast.Starred():
            yield from _items_of(node.value, place)
        case ast.Tuple() | ast.List() | ast.Set():
            yield from node.elts
        case ast.Dict():
            yield from (ast.Tuple([k, v]) for k, v in zip(node.keys, node.values, strict=True) if k is not None)
        case ast.Call(func=ast.Attribute(attr="items", value=value)):
            yield from _items_of(value, place)
        case ast.Call(func=ast.Name(id="Counter" | "sorted"), args=[value]):
            yield from _items_of(value, place)
        case ast.Name():
            for value, _ in _values_of(node.id, place):
                if not isinstance(value, ast.Name):
                    yield from _items_of(value, place)


def _values_of(name: str, place: _Place) -> list[tuple[ast.expr, _Place]]:
    """What a name stands for: in its function, its module, or the module that it comes from."""
    module = _modules()[place.module]
    if place.function is not None:
        own = [value for node in ast.walk(place.function) for target, value in _assigned(node) if target == name]
        if own:
            return [(value, place.deeper(place.module, place.function)) for value in own]
    if name in module.constants:
        return [(value, place.deeper(place.module, None)) for value in module.constants[name]]
    if name in module.imported:
        source, original = module.imported[name]
        known = _modules().get(source)
        return [] if known is None else [(v, place.deeper(source, None)) for v in known.constants.get(original, [])]
    return []


def _named(name: str, place: _Place) -> Iterable[str]:
    values = _values_of(name, place)
    if not values and place.function is not None:
        values = list(_arguments(name, place.function, place))
    # What is added to a text later stands behind what it was before.
    return [text for value, where in values for text in _evaluate(value, where)] or [UNTOLD]


def _arguments(name: str, function: ast.FunctionDef, place: _Place) -> Iterator[tuple[ast.expr, _Place]]:
    """What a parameter is given by all who call the function."""
    names = [argument.arg for argument in function.args.args]
    if name not in [*names, *(argument.arg for argument in function.args.kwonlyargs)]:
        return
    for call, module, caller in _all_calls().get(function.name, []):
        at = names.index(name) - (names[:1] in (["self"], ["cls"])) if name in names else len(call.args)
        given = [call.args[at]] if at < len(call.args) else [k.value for k in call.keywords if k.arg == name]
        yield from ((value, place.deeper(module, caller)) for value in given)


def _returned(call: ast.Call, place: _Place) -> Iterable[str]:
    """What a function of ours returns, or a method of a text makes of it; UNTOLD of all others."""
    match call.func:
        case ast.Attribute(attr="strip" | "rstrip" | "removeprefix" | "removesuffix", value=value):
            return _evaluate(value, place)
        case ast.Attribute(attr="get", value=ast.Name(id=table)) if table.isupper() or table.startswith("_"):
            pairs = _items_of(ast.Name(table), place)
            return [text for pair in pairs for text in _element(pair, 1, place)] or [UNTOLD]
        case ast.Call():
            return [UNTOLD]
    function, module = _function(_called(call), place)
    if function is None:
        return [UNTOLD]
    inside = place.deeper(module, function)
    found = [n.value for n in ast.walk(function) if isinstance(n, ast.Return) and n.value is not None]
    return [text for value in found for text in _evaluate(value, inside)]


def _returned_at(call: ast.Call, at: int, place: _Place) -> Iterable[str]:
    """One of several values that a function of ours returns together."""
    function, module = _function(_called(call), place)
    if function is None:
        return [UNTOLD]
    inside = place.deeper(module, function)
    rows = [n.value for n in ast.walk(function) if isinstance(n, ast.Return) and n.value is not None]
    return [text for row in rows for text in _element(row, at, inside)]


def _function(name: str, place: _Place) -> tuple[ast.FunctionDef | None, str]:
    module = _modules()[place.module]
    if name in module.imported:
        source, original = module.imported[name]
        known = _modules().get(source)
        return (known.functions.get(original) if known else None), source
    return module.functions.get(name), place.module


def _items(node: ast.expr, place: _Place) -> Iterator[str]:
    """The texts in a collection of notes."""
    match node:
        case _ if place.depth > _DEEPEST:
            pass
        case ast.Tuple() | ast.List():
            for part in node.elts:
                yield from _items(part.value, place) if isinstance(part, ast.Starred) else _texts(part, place)
        case ast.IfExp():
            yield from (*_items(node.body, place), *_items(node.orelse, place))
        case ast.ListComp() | ast.GeneratorExp():
            yield from _texts(node.elt, place)
        case ast.Name():
            yield from (*_items_named(node.id, place), *_appended(node.id, place))
        case ast.Call(func=ast.Name(id="tuple" | "sorted" | "list" | "filter"), args=[*_, value]):
            yield from _items(value, place)
        case ast.Call():
            yield from _yielded(node, place)


def _items_named(name: str, place: _Place) -> Iterator[str]:
    values = _values_of(name, place)
    if not values and place.function is not None:
        values = list(_arguments(name, place.function, place))
    for value, where in values:
        yield from _items(value, where)


def _appended(name: str, place: _Place) -> Iterator[str]:
    for node in ast.walk(place.function) if place.function else ():
        match node:
            case ast.Call(func=ast.Attribute(attr="append", value=ast.Name(id=own)), args=[value]) if own == name:
                yield from _texts(value, place)


def _yielded(call: ast.Call, place: _Place) -> Iterator[str]:
    function, module = _function(_called(call), place)
    if function is None:
        return
    inside = place.deeper(module, function)
    for node in ast.walk(function):
        match node:
            case ast.Yield(value=value) if value is not None:
                yield from _texts(value, inside)
            case ast.YieldFrom(value=value):
                yield from _items(value, inside)
            case ast.Return(value=value) if value is not None:
                yield from _items(value, inside)
