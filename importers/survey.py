"""What the values of a long layer say together: the encoding of its text, the units of its numbers."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from importers.decoding import decide
from layers.columns import Column

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from importers.attributes import Census
    from importers.source import LongLayer
    from importers.text import Decoding

# Values of a field that are counted, and texts that are looked at for their letters: more do not change a decision.
_MOST_VALUES = 20_000
_MOST_TEXTS = 20_000


@dataclass(slots=True)
class Letters:
    """The texts of a layer that are more than ASCII, from its beginning, as far as they are looked at."""

    texts: set[str] = field(default_factory=set)

    def add(self, columns: Mapping[str, Sequence[Any]]) -> None:
        """Those of some more records."""
        for values in columns.values():
            column = Column.of(values)
            if len(self.texts) < _MOST_TEXTS and not column.joined().isascii():
                self.texts.update([v for v in column.distinct if isinstance(v, str) and not v.isascii()])

    def decide(self, layer: LongLayer, told: str | None) -> Decoding:
        """How the text of the layer is read by these. Raises: Rejected as `decide`."""
        texts = self.texts | {name for name in layer.fields if not name.isascii()}
        return decide(texts or {""}, layer.encoding, layer.fonts, told)


def count_values(layer: LongLayer, names: Sequence[str]) -> Census:
    """How often each value comes, of all records; `names` are what the fields are called in Unicode.

    What is decided by that are numbers, whose digits are ASCII.
    Raises: Rejected where the layer cannot be read.
    """
    values: dict[str, Counter[Any]] = {name: Counter() for name in names}
    for chunk in layer.chunks(with_geometry=False):
        for counter, column in zip(values.values(), chunk.columns.values(), strict=True):
            _count(counter, column)  # type: ignore[arg-type] # what is read in turns comes as columns
    return {name: list(counter.items()) for name, counter in values.items()}


def _count(counter: Counter[Any], column: Column[Any]) -> None:
    if len(counter) < _MOST_VALUES:
        counter.update(dict(column.counted()))
