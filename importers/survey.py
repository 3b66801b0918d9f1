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
            self.texts.update([v for v in column.distinct if isinstance(v, str) and not v.isascii()])


def survey(layer: LongLayer, told: str | None) -> Survey:
    """Read all values of a layer, not its geometries. Raises: Rejected as `decide`, and where it cannot be read."""
    sums = _Sums()
    for chunk in layer.chunks(with_geometry=False):
        for name, column in chunk.columns.items():
            sums.add(name, column)  # type: ignore[arg-type] # what is read in turns comes as columns
    texts = sums.texts | {name for name in layer.fields if not name.isascii()}
    decoding = decide(texts or {""}, layer.encoding, layer.fonts, told)
    head, _, _ = decode(next(layer.chunks()), decoding)
    # Under the names that the fields have in Unicode; what is counted are numbers, whose digits are ASCII.
    counted = zip(head.columns, sums.values.values(), strict=True)
    return Survey(decoding, head, {name: list(counter.items()) for name, counter in counted})
