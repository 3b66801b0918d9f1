"""What departments call things: the words of `vocabulary.toml`, and the matching of names and values against them."""

from __future__ import annotations

import tomllib
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING, Any

from importers.text import fold_name

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

_DBF_NAME = 10


@cache
def vocabulary() -> dict[str, Any]:
    return tomllib.loads(files("importers").joinpath("vocabulary.toml").read_text("utf-8"))


def attributes_of(table: str) -> dict[str, list[str]]:
    """Attribute -> field names in use, for one table; for utilities what lines and nodes share comes after.

    A name that lines or nodes use themselves has no other meaning there: the depth of a manhole is its own.
    """
    fields = vocabulary()["fields"]
    own = dict(fields.get(table, {}))
    if table.startswith("utility_"):
        used = {name for names in own.values() for name in names}
        shared = fields["utility"] | fields["common"]
        own |= {k: [name for name in names if name not in used] for k, names in shared.items() if k not in own}
    return own


def match_fields(names: Iterable[str], attributes: Mapping[str, list[str]]) -> dict[str, tuple[str, str | None]]:
    """Attribute -> (field name, unit in its name or None); a field serves one attribute, the exactest match."""
    found: dict[str, tuple[str, str | None]] = {}
    ranked = sorted(
        (rank, order, attribute, name, unit)
        for name in names
        for attribute, synonyms in attributes.items()
        for order, synonym in enumerate(synonyms)
        if (match := _match(name, synonym)) is not None
        for rank, unit in [match]
    )
    used: set[str] = set()
    for _, _, attribute, name, unit in ranked:
        if attribute not in found and name not in used:
            found[attribute] = (name, unit or None)
            used.add(name)
    return found


def match_rivals(
    names: Iterable[str], attributes: Mapping[str, list[str]], found: Mapping[str, tuple[str, str | None]]
) -> dict[str, list[tuple[str, str | None]]]:
    """Attribute -> fields (with units) whose names say it too, of those that serve none in `found`."""
    used = {name for name, _ in found.values()}
    free = [name for name in names if name not in used]
    rivals: dict[str, list[tuple[str, str | None]]] = {}
    while further := match_fields(free, {attribute: attributes[attribute] for attribute in found}):
        for attribute, rival in further.items():
            rivals.setdefault(attribute, []).append(rival)
            free.remove(rival[0])
    return rivals


def _match(name: str, synonym: str) -> tuple[int, str] | None:
    folded = fold_name(name)
    if folded == synonym:
        return 0, ""
    for unit in vocabulary()["units"]:
        if folded == synonym + unit:
            return 1, unit
    if len(name) == _DBF_NAME and len(folded) > 4 and synonym.startswith(folded):
        return 2, ""
    return None


def match_value(kind: str, value: Any) -> str | None:
    """The listed value that a text means ("đỉnh ống" -> "crown"), whole or by its longest known words, or None."""
    if value is None:
        return None
    known = _values(kind)
    exact = known.get(fold_name(str(value)))
    if exact is not None:
        return exact
    hits = [word for word in words_in(str(value)) if len(word) > 1 and word in known]
    return known[max(hits, key=lambda word: (len(word), word))] if hits else None


def match_whole(kind: str, value: Any) -> str | None:
    """The listed value that a text means as a whole, or None."""
    return None if value is None else _values(kind).get(fold_name(str(value)))


def match_status(value: Any) -> str | None:
    """As `match_value`, but of a text with a word such as "chưa" only the whole counts, and so it does for "removed":
    what is removed is no longer looked for in the ground.
    """
    whole = match_whole("status", value)
    if whole is not None or value is None or words_in(str(value)) & set(vocabulary()["denials"]["words"]):
        return whole
    found = match_value("status", value)
    return None if found == "removed" else found


def match_first(kind: str, value: Any) -> str | None:
    """The first listed value of which a word occurs in a text, or None."""
    present = set() if value is None else words_in(str(value))
    return next((meaning for meaning, words in vocabulary()["values"][kind].items() if present & set(words)), None)


@cache
def _values(kind: str) -> dict[str, str]:
    table = vocabulary()["values"][kind]
    return {word: value for value, words in table.items() for word in (*words, fold_name(value))}


def words_in(text: str) -> set[str]:
    """Folded words of a name and runs of up to three of them ("ong-cap-nuoc" -> ong, cap, nuoc, ongcap, capnuoc…)."""
    words = [fold_name(part) for part in _split(text)]
    words = [word for word in words if word]
    return {"".join(words[i : i + n]) for n in (1, 2, 3) for i in range(len(words) - n + 1)}


def _split(text: str) -> list[str]:
    spaced = "".join(c if c.isalnum() else " " for c in text)
    return spaced.split()


def best_word(text: str, section: str) -> tuple[str, str] | None:
    """(meaning, word) of the longest word of a vocabulary section that occurs in a name, or None."""
    present = words_in(text)
    hits = [
        (len(word), meaning, word)
        for meaning, words in vocabulary()[section].items()
        for word in words
        if word in present
    ]
    if not hits:
        return None
    _, meaning, word = max(hits)
    return meaning, word
