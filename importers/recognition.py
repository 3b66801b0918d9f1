"""Which table a layer belongs to, by the words of its name and path, its geometry and its fields."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import TYPE_CHECKING

import numpy as np
import shapely

from importers.faults import Fault, Rejected
from importers.vocabulary import attributes_of, best_word, match_fields, vocabulary
from layers.utilities import Discipline

if TYPE_CHECKING:
    from collections.abc import Sequence

    from importers.source import Dataset, SourceLayer

_BY_KIND = {
    0: ("trees", "utility_nodes"),
    1: ("roads", "utility_lines"),
    2: ("boundaries", "parcels", "buildings", "excavations"),
}
TABLES = tuple(table for tables in _BY_KIND.values() for table in tables)


@dataclass(frozen=True, slots=True)
class Target:
    """The table that a layer goes to, the discipline where it is a utility, and why."""

    table: str
    discipline: Discipline | None
    reason: str


def recognise(layer: SourceLayer, dataset: Dataset, forced: str | None) -> Target:
    """Where a layer belongs.

    A drawing's layers are told apart by their own names alone: everything lies in one drawing.
    Raises: Rejected where nothing points to a table.
    """
    path = PurePosixPath(dataset.root.name) / dataset.name
    is_drawing = path.suffix.lower() == ".dxf"
    places = [layer.name] if is_drawing else [layer.name, path.stem, *reversed(path.parts[:-1])]
    discipline, word = _discipline(places)
    table = forced or _table(layer, places, is_utility=discipline is not None)
    if table is None:
        raise Rejected(
            Fault.LAYER_UNKNOWN,
            f"nothing in the names of layer '{layer.name}' and its fields says what it is",
            "import this file alone with --layer",
        )
    if not table.startswith("utility_"):
        return Target(table, None, f"{table}: given" if forced else f"{table}: by names and fields")
    return Target(table, discipline, f"{table}, {discipline or 'discipline unknown'}{word}")


def _discipline(places: Sequence[str]) -> tuple[Discipline | None, str]:
    for place in places:
        hit = best_word(place, "disciplines")
        if hit is not None:
            return Discipline(hit[0]), f" (word '{hit[1]}' in '{place}')"
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
    """One for each field that the table knows, four at most; five for a word in the nearest name, less farther off."""
    fields = min(len(match_fields(layer.columns, attributes_of(table))), 4)
    words = vocabulary()["layers"].get(table, [])
    for distance, place in enumerate(places):
        hit = best_word(place, "layers")
        if hit is not None and hit[1] in words:
            return fields + max(5 - distance, 2)
    return fields
