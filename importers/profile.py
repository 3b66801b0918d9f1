"""A mapping that a person wrote down, as a YAML file."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

import yaml

from importers.codepages import name_encoding
from importers.layer_rules import LayerRule, Profile
from importers.recognition import TABLES
from importers.vocabulary import attributes_of, vocabulary
from layers.crs import parse_crs
from layers.errors import Invalid
from layers.utilities import Discipline

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_KEYS = {"file", "layer", "table", "discipline", "crs", "encoding", "fields", "skip"}


def read_profile(path: Path) -> Profile:
    """The profile in a YAML file as `twin inspect --profile` writes it. Raises: Invalid, naming every fault."""
    try:
        text = path.read_text("utf-8")
    except (OSError, ValueError) as error:
        raise _no_profile(str(path), error) from error
    return parse_profile(text, str(path))


def _no_profile(path: str, error: Exception) -> Invalid:
    return Invalid(f"{path} is no profile ({error}): write one with 'twin inspect FOLDER --profile FILE'")


def parse_profile(text: str, path: str) -> Profile:
    """The profile that a file at `path` holds. Raises: Invalid, naming every fault."""
    try:
        document = yaml.safe_load(text)
    except (ValueError, yaml.YAMLError) as error:
        raise _no_profile(path, error) from error
    entries = document.get("layers") if isinstance(document, dict) else None
    if not isinstance(entries, list) or not all(isinstance(entry, dict) for entry in entries):
        raise Invalid(f"{path}: 'layers' must be a list of mappings")
    faults = [f"{path}: '{name}' is not known, there is only 'layers'" for name in document if name != "layers"]
    faults += [fault for number, entry in enumerate(entries, 1) for fault in _faults(entry, f"{path}, layer {number}")]
    named = Counter((str(entry.get("file")), str(entry.get("layer"))) for entry in entries)
    faults += [f"{path}: {file}, layer '{layer}', stands {n} times" for (file, layer), n in named.items() if n > 1]
    if faults:
        raise Invalid(*faults)
    return Profile({(entry["file"], entry["layer"]): _rule(entry) for entry in entries}, text)


def write_profile(layers: list[dict[str, Any]], path: Path) -> None:
    """The profile of an inspected folder, ready to be edited."""
    head = (
        "# What each layer is and which field is which attribute. Edit it, then: twin import FOLDER --profile THIS\n"
        "# Leave a line out to let the importer decide; 'skip: true' leaves a layer aside.\n"
        f"# Tables: {', '.join(TABLES)}\n# Disciplines: {', '.join(Discipline)}\n"
        f"# Units: {', '.join(vocabulary()['units'])}\n"
    )
    path.write_text(head + yaml.safe_dump({"layers": layers}, allow_unicode=True, sort_keys=False, width=120), "utf-8")


def _faults(entry: dict[str, Any], where: str) -> Iterator[str]:
    for name in entry.keys() - _KEYS:
        yield f"{where}: '{name}' is not known, give one of {', '.join(sorted(_KEYS))}"
    for name in ("file", "layer"):
        if not isinstance(entry.get(name), str):
            yield f"{where}: '{name}' is missing, or a number or date that wants quotation marks"
    if not isinstance(entry.get("skip", False), bool):
        yield f"{where}: skip '{entry['skip']}' is neither true nor false"
    encoding = entry.get("encoding")
    if encoding is not None and (not isinstance(encoding, str) or name_encoding(encoding) is None):
        yield f"{where}: encoding '{encoding}' is not known, give one such as TCVN3, VNI-Win or UTF-8"
    table = entry.get("table")
    if table is not None and table not in TABLES:
        yield f"{where}: table '{table}' is not one of {', '.join(TABLES)}"
    if entry.get("discipline") is not None and entry["discipline"] not in list(Discipline):
        yield f"{where}: discipline '{entry['discipline']}' is not one of {', '.join(Discipline)}"
    yield from _field_faults(entry, where)
    try:
        parse_crs(str(entry["crs"])) if entry.get("crs") is not None else None
    except Invalid as error:
        yield f"{where}: {error}"


def _field_faults(entry: dict[str, Any], where: str) -> Iterator[str]:
    fields, table = entry.get("fields"), entry.get("table")
    if fields is None:
        return
    if not isinstance(fields, dict) or table not in TABLES:
        yield f"{where}: 'fields' maps attributes to fields, and needs a 'table'"
        return
    known = attributes_of(table)
    for attribute, value in fields.items():
        if attribute not in known:
            yield f"{where}: {table} has no attribute '{attribute}', it has {', '.join(known)}"
        if not isinstance(value, str | dict) or (isinstance(value, dict) and not isinstance(value.get("field"), str)):
            yield f"{where}: '{attribute}' needs the name of a field, or field and unit"
        elif isinstance(value, dict) and value.get("unit") not in (None, *vocabulary()["units"]):
            yield f"{where}: unit '{value['unit']}' of '{attribute}' is not one of {', '.join(vocabulary()['units'])}"


def _rule(entry: dict[str, Any]) -> LayerRule:
    fields = entry.get("fields")
    return LayerRule(
        table=entry.get("table"),
        discipline=Discipline(entry["discipline"]) if entry.get("discipline") else None,
        crs=parse_crs(str(entry["crs"])) if entry.get("crs") else None,
        encoding=entry.get("encoding"),
        fields=None if fields is None else {name: _field(value) for name, value in fields.items()},
        skip=bool(entry.get("skip", False)),
    )


def _field(value: str | dict[str, str]) -> tuple[str, str | None]:
    return (value, None) if isinstance(value, str) else (value["field"], value.get("unit"))
