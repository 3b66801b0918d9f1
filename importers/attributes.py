"""The columns of a layer under the names that the city uses."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from importers.vocabulary import attributes_of, match_fields

if TYPE_CHECKING:
    from collections.abc import Sequence


@dataclass(frozen=True, slots=True)
class Attributes:
    """n records; `fields` maps an attribute to the field it is read from and the unit in that field's name.

    repeated: for each record, whether it is one of several parts of a record of the file.
    """

    count: int
    columns: dict[str, list[Any]]
    fields: dict[str, tuple[str, str | None]]
    repeated: tuple[bool, ...] = ()

    def __contains__(self, attribute: object) -> bool:
        return attribute in self.fields

    def values(self, attribute: str) -> list[Any]:
        """N values, all None where no field serves the attribute."""
        if attribute not in self.fields:
            return [None] * self.count
        return self.columns[self.fields[attribute][0]]

    def unit(self, attribute: str) -> str | None:
        return self.fields[attribute][1] if attribute in self.fields else None

    def take(self, index: Sequence[int]) -> Attributes:
        """The records at these positions; `repeated` says which stand for a part of a record only."""
        columns = {name: [values[i] for i in index] for name, values in self.columns.items()}
        times = Counter(index)
        return Attributes(len(index), columns, self.fields, tuple(times[i] > 1 for i in index))


def read_attributes(table: str, columns: dict[str, list[Any]], count: int) -> Attributes:
    return Attributes(count, columns, match_fields(columns, attributes_of(table)), (False,) * count)
