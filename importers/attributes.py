"""The columns of a layer under the names that the city uses."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from importers.vocabulary import attributes_of, match_fields, match_rivals
from layers.columns import Column

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from numpy.typing import NDArray


# What is decided by all values of a field: each with how often it comes.
type Counted = Sequence[tuple[Any, int]]
type Census = Mapping[str, Counted]


@dataclass(frozen=True, slots=True)
class Attributes:
    """n records; `fields` maps an attribute to the field it is read from and the unit in that field's name.

    repeated: (n,), for each record whether it is one of several parts of a record of the file.
    census: gives the values of the whole layer, of which these n records are a part, with how often each comes.
    rivals: further fields whose names say that they are an attribute which another field serves.
    """

    count: int
    columns: dict[str, Column[Any]]
    fields: dict[str, tuple[str, str | None]]
    repeated: NDArray[np.bool_]
    census: Callable[[], Census] | None = None
    rivals: Mapping[str, Sequence[tuple[str, str | None]]] = field(default_factory=dict)

    def __contains__(self, attribute: object) -> bool:
        return attribute in self.fields

    def values(self, attribute: str) -> Column[Any]:
        """N values, all None where no field serves the attribute."""
        if attribute not in self.fields:
            return Column.constant(None, self.count)
        return self.columns[self.fields[attribute][0]]

    def counted(self, attribute: str) -> Counted:
        """The values of the whole layer."""
        if attribute not in self.fields:
            return ()
        name = self.fields[attribute][0]
        return list(self.columns[name].counted()) if self.census is None else self.census()[name]

    def deciding(self, attribute: str) -> Counted:
        """Those by which a unit is decided: none where the field's name tells it."""
        return () if self.unit(attribute) else self.counted(attribute)

    def readings(self, attribute: str) -> Iterator[Attributes]:
        """The same records with each field that says it is this attribute in turn, the one that serves it last."""
        for rival in self.rivals.get(attribute, ()):
            yield replace(self, fields=self.fields | {attribute: rival})
        if attribute in self.fields:
            yield self

    def unit(self, attribute: str) -> str | None:
        return self.fields[attribute][1] if attribute in self.fields else None

    def take(self, index: NDArray[np.int64]) -> Attributes:
        """The records at these positions; `repeated` says which stand for a part of a record only."""
        columns = {name: column.take(index) for name, column in self.columns.items()}
        times = np.bincount(index, minlength=self.count)
        return replace(self, count=len(index), columns=columns, repeated=times[index] > 1)


def read_attributes(
    table: str, columns: Mapping[str, Sequence[Any]], count: int, census: Callable[[], Census] | None = None
) -> Attributes:
    """The columns of `count` records; `census` tells of the whole layer where the records are a part of it."""
    own = {name: Column.of(values) for name, values in columns.items()}
    known = attributes_of(table)
    fields = match_fields(own, known)
    rivals = match_rivals(own, known, fields)
    return Attributes(count, own, fields, np.zeros(count, dtype=bool), census, rivals)
