"""Which table a layer belongs to, by the words of its name and path, its geometry and its fields."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import TYPE_CHECKING

import numpy as np
import shapely

from importers.faults import Fault, Rejected
from importers.text import fold_name
from importers.vocabulary import attributes_of, best_word, match_fields, match_value, vocabulary, words_in
from layers.errors import Invalid
from layers.utilities import Discipline, NodeKind

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from importers.source import Dataset, SourceLayer

_BY_KIND = {
    0: ("trees", "utility_nodes", "citizen_reports"),
    1: ("roads", "utility_lines"),
    2: ("boundaries", "parcels", "buildings", "excavations", "restricted_zones"),
}
# Attributes whose values, where most of them are listed, tell what a layer is.
_TELLING = {"utility_nodes": ("kind", "discipline"), "utility_lines": ("discipline",)}
_LEAST_TELLING = 4
TABLES = tuple(table for tables in _BY_KIND.values() for table in tables)


def require_table(name: str | None) -> str | None:
    """The name, where it is one of `TABLES`. Raises: Invalid."""
    if name is not None and name not in TABLES:
        raise Invalid(f"--layer {name}: give one of {', '.join(TABLES)}")
    return name


@dataclass(frozen=True, slots=True)
class Target:
    """The table that a layer goes to, the discipline where it is a utility, and why.

    kind: what nodes are of which the records do not say it.
    """

    table: str
    discipline: Discipline | None
    reason: str
    kind: NodeKind = NodeKind.OTHER


def recognise(layer: SourceLayer, dataset: Dataset, forced: str | None) -> Target:
    """Where a layer belongs.

    A drawing's layers are told apart by their own names alone: everything lies in one drawing.
    Raises: Rejected where nothing points to a table, or to something that the city does not keep.
    """
    path = PurePosixPath(dataset.folder) / dataset.name
    places = [layer.name] if layer.drawing else [layer.name, path.stem, *reversed(path.parts[:-1])]
    discipline, word = _discipline(places)
    if forced is None:
        _refuse_others(layer, places[:2])
    table = forced or _table(layer, places, is_utility=discipline is not None)
    if table is None and shapely.is_missing(layer.geometries).all():
        said = f"no record of layer '{layer.name}' has a geometry: {'; '.join(layer.notes) or 'none is in the file'}"
        raise Rejected(Fault.GEOMETRY_MISSING, said, "ask for the layer with the coordinates of its records")
    if table is None:
        raise Rejected(
            Fault.LAYER_UNKNOWN,
            f"nothing in the names of layer '{layer.name}' and its fields says what it is",
            "import this file alone with --layer",
        )
    if not table.startswith("utility_"):
        return Target(table, None, f"{table}: given" if forced else f"{table}: by names and fields")
    kind = kind_of_names(places[:2])
    if discipline is None:
        found = match_fields(layer.columns, attributes_of(table))
        if _tells(layer, found, "discipline"):
            return Target(table, None, f"{table}, discipline by the field '{found['discipline'][0]}'", kind)
        discipline, word = _discipline_of_values(layer, table)
    return Target(table, discipline, f"{table}, {discipline or 'discipline unknown'}{word}", kind)


def kind_of_names(names: Sequence[str]) -> NodeKind:
    """What nodes are by the first of these names that tells it; short words mean too much else ("an-van", "dau-tu")."""
    told = vocabulary()["values"]["kind"]
    for name in names:
        words = {word for word in words_in(name) if len(word) >= _LEAST_TELLING}
        hits = [(len(word), kind) for kind, known in told.items() for word in words.intersection((kind, *known))]
        if hits:
            return NodeKind(max(hits)[1])
    return NodeKind.OTHER


def find_discipline(name: str, dataset: Dataset) -> Discipline | None:
    """The discipline that the names of a layer, its file and the folders above say, or None."""
    path = PurePosixPath(dataset.folder) / dataset.name
    return _discipline([name, path.stem, *reversed(path.parts[:-1])])[0]


def _refuse_others(layer: SourceLayer, names: Sequence[str]) -> None:
    """Raises: Rejected for what is named as something else than the city keeps, in the layer's or the file's name."""
    for name in names:
        words = words_in(name)
        for what, entry in vocabulary()["not_kept"].items():
            if words & set(entry["words"]):
                message = f"layer '{layer.name}' holds {what}"
                remedy = f"{entry['instead']}; if it is what the city keeps, import this file alone with --layer"
                raise Rejected(Fault.LAYER_UNKNOWN, message, remedy)
        if any(best_word(name, section) for section in ("layers", "disciplines")):
            return


def _discipline(places: Sequence[str]) -> tuple[Discipline | None, str]:
    for place in places:
        hit = best_word(place, "disciplines")
        if hit is not None:
            return Discipline(hit[0]), f" (word '{hit[1]}' in '{place}')"
    return None, ""


def _discipline_of_values(layer: SourceLayer, table: str) -> tuple[Discipline | None, str]:
    """The one discipline that the kinds of a layer's records speak of ("Knooppunt Riolering"), or None."""
    fields = match_fields(layer.columns, attributes_of(table))
    for attribute in ("kind", "subtype"):
        if attribute not in fields:
            continue
        name = fields[attribute][0]
        values = {value for value in layer.columns[name] if isinstance(value, str)}
        hits = {hit for value in values if (hit := best_word(value, "disciplines"))}
        if len({meaning for meaning, _ in hits}) == 1:
            meaning, word = min(hits)
            return Discipline(meaning), f" (word '{word}' in the values of '{name}')"
    return None, ""


def _table(layer: SourceLayer, places: Sequence[str], *, is_utility: bool) -> str | None:
    shapes = layer.geometries[~shapely.is_missing(layer.geometries)]
    if not len(shapes):
        return None
    dimension = int(np.bincount(shapely.get_dimensions(shapes).clip(0)).argmax())
    scores = {table: _score(table, layer, places) for table in _BY_KIND[dimension]}
    if is_utility:
        for table in scores.keys() & {"utility_lines", "utility_nodes"}:
            scores[table] += 3
    best = max(scores, key=lambda table: scores[table])
    return best if scores[best] >= 2 and list(scores.values()).count(scores[best]) == 1 else None


def _score(table: str, layer: SourceLayer, places: Sequence[str]) -> int:
    """One for each field that the table knows and not every table has, two for values of its kind, four at most; and
    five for a word in the nearest name, less farther off.
    """
    found = match_fields(layer.columns, attributes_of(table))
    general = _general(table)
    specific = sum(fold_name(name) not in general for name, _ in found.values())
    told = sum(2 for kind in _TELLING.get(table, ()) if _tells(layer, found, kind))
    fields = min(specific + told, 4)
    words = vocabulary()["layers"].get(table, [])
    for distance, place in enumerate(places):
        hit = best_word(place, "layers")
        if hit is not None and hit[1] in words:
            return fields + max(5 - distance, 2)
    return fields


def _general(table: str) -> set[str]:
    """Fields that say nothing of what a layer is, folded."""
    anything = vocabulary()["fields_of_anything"]
    if table == "citizen_reports":
        return {*anything["words"], *anything["reports"]}
    return set(anything["words"]) if table.startswith("utility_") else set()


def _tells(layer: SourceLayer, found: Mapping[str, tuple[str, str | None]], attribute: str) -> bool:
    """Whether most of the different values of an attribute's field mean one of those that it can have."""
    if attribute not in found:
        return False
    values = {value for value in layer.columns[found[attribute][0]] if isinstance(value, str) and value.strip()}
    known = [
        best_word(value, "disciplines") if attribute == "discipline" else match_value(attribute, value)
        for value in values
    ]
    return bool(values) and 2 * sum(hit is not None for hit in known) >= len(values)
