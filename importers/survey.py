"""A long layer read once for what its values say together: the encoding of its text, the units of its numbers."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from importers.decoding import decide, decode

if TYPE_CHECKING:
    from importers.attributes import Census
    from importers.source import LongLayer, SourceLayer
    from importers.text import Decoding
    from layers.columns import Column

# Values of a field that are counted, and texts that are looked at for their letters: more do not change a decision.
_MOST_VALUES = 20_000
_MOST_TEXTS = 20_000


@dataclass(frozen=True, slots=True)
class Survey:
    """How the text of a layer is read, its first records in Unicode, and how often each value comes."""

    decoding: Decoding
    head: SourceLayer
    census: Census


@dataclass(slots=True)
class _Sums:
    texts: set[str] = field(default_factory=set)
    values: dict[str, Counter[Any]] = field(default_factory=dict)

    def add(self, name: str, column: Column[Any]) -> None:
        counter = self.values.setdefault(name, Counter())
        if len(counter) < _MOST_VALUES:
            counter.update(dict(column.counted()))
        if len(self.texts) < _MOST_TEXTS:
            self.texts.update(v for v in column.distinct if isinstance(v, str) and not v.isascii())


def survey(layer: LongLayer, told: str | None) -> Survey:
    """Read all values of a layer, not its geometries. Raises: Rejected as `decide`, and where it cannot be read."""
    sums, first = _Sums(), None
    for chunk in layer.chunks(with_geometry=False):
        first = first or chunk
        for name, column in chunk.columns.items():
            sums.add(name, column)  # type: ignore[arg-type] # what is read in turns comes as columns
    texts = sums.texts | {name for name in layer.fields if not name.isascii()}
    decoding = decide(texts or {""}, layer.encoding, layer.fonts, told)
    head = next(layer.chunks())
    return Survey(decoding, decode(head, decoding)[0], _decode_census(sums, head, decoding))


def _decode_census(sums: _Sums, head: SourceLayer, decoding: Decoding) -> Census:
    """Under the names that the fields have in Unicode; what is counted are numbers, whose digits are ASCII."""
    names = decode(head, decoding)[0].columns
    return {name: list(counter.items()) for name, counter in zip(names, sums.values.values(), strict=True)}
