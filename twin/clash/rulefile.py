"""Rules files: the project's own, and a city's own laid over it. TOML, held to the schema of `rulebook`."""

import hashlib
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import fields, is_dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

from pydantic import TypeAdapter, ValidationError

from layers.errors import Invalid
from twin.clash.rulebook import RuleBook

OWN_FILE = Path(__file__).with_name("rules.toml")
_CITATION = ("id", "source", "clause", "evidence", "remark")
_LISTS = ("clearances", "covers", "zones", "closures")
_SINGLE = (
    *("trees", "foundations", "parcels", "roads", "moratorium", "dig_once", "neighbours", "reports"),
    *("bedding", "contact"),
)
_EDITION = ("version", "date", "status")
_SECTIONS = frozenset(
    (*_LISTS, *_SINGLE, *_EDITION, "precedence", "columns", "words", "parallels", "sources", "tables", "withdrawn")
)
_BOOK: TypeAdapter[RuleBook] = TypeAdapter(RuleBook)


def read_rules(city: Path | None = None) -> RuleBook:
    """The rules of the project, with those of a city's own file over them; a file that was changed is read anew.

    Raises: Invalid naming the file and the place of every fault.
    """
    return _read(city, _stamp(city))


def digest_rules(book: RuleBook) -> str:
    """Tells rule books apart that say different things, in every process the same."""
    return hashlib.sha256(repr(_canon(book)).encode()).hexdigest()


def _canon(value: Any) -> Any:
    """The value as tuples whose order does not depend on how a process hashes texts."""
    if is_dataclass(value):
        return tuple((each.name, _canon(getattr(value, each.name))) for each in fields(value) if each.init)
    if isinstance(value, Mapping):
        return tuple(sorted((str(key), _canon(each)) for key, each in value.items()))
    if isinstance(value, frozenset):
        return tuple(sorted(str(each) for each in value))
    if isinstance(value, tuple | list):
        return tuple(_canon(each) for each in value)
    return str(value)


def _stamp(city: Path | None) -> tuple[int, int] | None:
    """When a file was changed, and how long it is; None of one that is not there."""
    try:
        found = None if city is None else city.stat()
    except OSError:
        return None
    return None if found is None else (found.st_mtime_ns, found.st_size)


@lru_cache(maxsize=8)
def _read(city: Path | None, _: tuple[int, int] | None) -> RuleBook:
    paths = [OWN_FILE] if city is None else [OWN_FILE, city]
    try:
        return _BOOK.validate_python(_merge([(path, _load(path)) for path in paths]))
    except ValidationError as error:
        raise Invalid(*(f"rules {paths[-1]}: {_place(fault)}: {fault['msg']}" for fault in error.errors())) from error


def _load(path: Path) -> dict[str, Any]:
    try:
        document = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise Invalid(f"rules {path}: cannot be read ({error}): give a TOML file") from error
    faults = [f"rules {path}: there is no section '{name}'" for name in sorted(document.keys() - _SECTIONS)]
    faults += [
        f"rules {path}: {name}: an entry without an id cannot be cited: give each one"
        for name in (*_LISTS, "tables")
        for entry in _entries(document, name)
        if not isinstance(entry, dict) or not isinstance(entry.get("id"), str)
    ]
    if faults:
        raise Invalid(*faults)
    return document


def _entries(document: dict[str, Any], name: str) -> list[Any]:
    entries = document.get(name, [])
    return entries if isinstance(entries, list) else [entries]


def _merge(files: list[tuple[Path, dict[str, Any]]]) -> dict[str, Any]:
    """One document out of files, the later over the earlier: entries by id, sections by key."""
    sources: dict[str, Any] = {}
    merged: dict[str, Any] = {"editions": []}
    lists: dict[str, dict[str, Any]] = {name: {} for name in _LISTS}
    for path, document in files:
        sources |= document.get("sources", {})
        merged["editions"].append({"name": path.name} | {key: document.get(key) for key in _EDITION})
        merged |= {key: document[key] for key in ("precedence", *_SINGLE) if key in document}
        for key in ("columns", "words", "parallels"):
            merged[key] = merged.get(key, {}) | document.get(key, {})
        for name, entries in lists.items():
            entries.update((entry["id"], entry) for entry in _entries(document, name))
        lists["clearances"].update((cell["id"], cell) for cell in _cells(path, document))
        _withdraw(path, document, lists)
    for name, entries in lists.items():
        merged[name] = [_cite(entry, sources) for entry in entries.values()]
    return merged | {name: _cite(merged[name], sources) for name in _SINGLE if name in merged}


def _cells(path: Path, document: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """Each cell of each table as a clearance of its own, with an id that can be overridden."""
    for table in _entries(document, "tables"):
        rest = {key: value for key, value in table.items() if key != "limits_m"}
        rows = table.get("limits_m")
        if not isinstance(rows, dict) or not all(isinstance(row, dict) for row in rows.values()):
            raise Invalid(f"rules {path}: table {table['id']}: limits_m must have a row of cells for each column")
        for first, row in rows.items():
            for second, limit in row.items():
                yield rest | {"id": f"{table['id']}/{first}-{second}", "pair": [first, second], "limit_m": limit}


def _withdraw(path: Path, document: dict[str, Any], lists: dict[str, dict[str, Any]]) -> None:
    for name in _entries(document, "withdrawn"):
        if not any(entries.pop(name, None) for entries in lists.values()):
            raise Invalid(f"rules {path}: withdrawn '{name}' is no rule: see the ids in {OWN_FILE}")


def _cite(entry: dict[str, Any], sources: dict[str, Any]) -> dict[str, Any]:
    """The entry with its citation as a part; a rule without evidence of its own has that of its source."""
    source = sources.get(str(entry.get("source")))
    if source is None:
        raise Invalid(f"rules: {entry.get('id')}: source '{entry.get('source')}' is not among the sources: describe it")
    cited = {key: entry[key] for key in _CITATION if key in entry}
    if isinstance(cited.get("clause"), str):
        cited["clause"] = {"en": cited["clause"], "vi": cited["clause"]}
    rest = {key: value for key, value in entry.items() if key not in _CITATION}
    return rest | {"cited": {"evidence": source.get("evidence"), **cited, "source": source}}


def _place(fault: Any) -> str:
    return ".".join(map(str, fault["loc"])) or "file"
