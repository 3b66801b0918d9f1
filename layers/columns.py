"""A field's values, each distinct one once: what a value means is decided once, however many records have it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, overload

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from numpy.typing import NDArray


@dataclass(frozen=True, slots=True, eq=False)
class Column[T](Sequence[T]):
    """n values; `distinct` holds m values, `codes` (n,) where in it each record's value stands.

    Equal values may stand in `distinct` more than once, and some may be no record's.
    """

    distinct: Sequence[T]
    codes: NDArray[np.int32]

    @classmethod
    def of(cls, values: Iterable[T]) -> Column[T]:
        """The values in columnar form; 1, 1.0 and True are three values."""
        if isinstance(values, Column):
            return values
        places: dict[tuple[type, T], int] = {}
        codes = np.fromiter((places.setdefault((type(v), v), len(places)) for v in values), np.int32)
        return cls([value for _, value in places], codes)

    @classmethod
    def constant(cls, value: T, count: int) -> Column[T]:
        return cls([value], np.zeros(count, np.int32))

    def __len__(self) -> int:
        return len(self.codes)

    @overload
    def __getitem__(self, index: int) -> T: ...
    @overload
    def __getitem__(self, index: slice) -> Column[T]: ...
    def __getitem__(self, index: int | slice) -> T | Column[T]:
        if isinstance(index, slice):
            return Column(self.distinct, self.codes[index])
        return self.distinct[int(self.codes[index])]

    def __iter__(self) -> Iterator[T]:
        return map(self.distinct.__getitem__, self.codes.tolist())

    def __eq__(self, other: object) -> bool:
        return list(self) == list(other) if isinstance(other, Sequence) else NotImplemented

    __hash__ = None  # type: ignore[assignment]

    def map[R](self, function: Callable[[T], R]) -> Column[R]:
        """What the function makes of each value."""
        return Column([function(value) for value in self.distinct], self.codes)

    def take(self, index: NDArray[np.int64] | Sequence[int]) -> Column[T]:
        """The records at these positions."""
        return Column(self.distinct, self.codes[np.asarray(index, dtype=np.int64)])

    def where(self, test: Callable[[T], bool]) -> NDArray[np.bool_]:
        """Which records have a value that passes the test."""
        return np.fromiter(map(test, self.distinct), bool, len(self.distinct))[self.codes]

    def given(self) -> NDArray[np.bool_]:
        """Which records have a value."""
        return self.where(lambda value: value is not None)

    def floats(self: Column[float] | Column[float | None]) -> NDArray[np.float64]:
        """The numbers, NaN for None."""
        numbers = np.array([np.nan if value is None else value for value in self.distinct], dtype=np.float64)
        return numbers[self.codes]

    def objects(self) -> NDArray[np.object_]:
        return _objects(self.distinct)[self.codes]

    def joined(self) -> str:
        """All texts among the distinct values as one: whether they hold a letter is found out at once."""
        try:
            return "".join(filter(None, self.distinct))  # type: ignore[arg-type] # most columns have text or none
        except TypeError:
            return "".join([value for value in self.distinct if isinstance(value, str)])

    def counted(self) -> Iterator[tuple[T, int]]:
        """The values that records have, and how many have each."""
        counts = np.bincount(self.codes, minlength=len(self.distinct)).tolist()
        return ((value, n) for value, n in zip(self.distinct, counts, strict=True) if n)


class Slots[T]:
    """n values that are filled in by and by: `put` gives some records a value each."""

    __slots__ = ("_codes", "_distinct")

    def __init__(self, value: T, count: int) -> None:
        self._distinct: list[T] = [value]
        self._codes = np.zeros(count, np.int32)

    def put(self, chosen: NDArray[np.bool_], values: Column[T] | T) -> None:
        """Give the chosen records (n,) one value, or each its own of n."""
        column = values if isinstance(values, Column) else Column.constant(values, len(self._codes))
        self._codes[chosen] = column.codes[chosen] + len(self._distinct)
        self._distinct.extend(column.distinct)

    @property
    def column(self) -> Column[T]:
        return Column(self._distinct, self._codes)

    def __getitem__(self, index: int) -> T:
        return self.column[index]

    def tolist(self) -> list[T]:
        return list(self.column)


def combine(*columns: Column[Any]) -> Column[tuple[Any, ...]]:
    """Rows of several columns of equal length as one column of tuples."""
    key, size = np.zeros(len(columns[0]), dtype=np.int64), 1
    first = np.zeros(0, dtype=np.int64)
    for column in columns:
        first, key = number(key * max(len(column.distinct), 1) + column.codes, size * max(len(column.distinct), 1))
        size = len(first)
    distinct = [tuple(column[i] for column in columns) for i in first.tolist()]
    return Column(distinct, key.astype(np.int32))


_SPARSE = 4


def number(keys: NDArray[np.int64], size: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Keys (n,) from 0, below `size`, numbered anew in their order without gaps: where each first stands, and (n,)."""
    if size > _SPARSE * len(keys) + 1000:
        _, first, numbers = np.unique(keys, return_index=True, return_inverse=True)
        return first, numbers
    place = np.full(size, -1, dtype=np.int64)
    place[keys[::-1]] = np.arange(len(keys))[::-1]
    present = np.flatnonzero(place >= 0)
    numbers = np.zeros(size, dtype=np.int64)
    numbers[present] = np.arange(len(present))
    return place[present], numbers[keys]


def _objects(values: Sequence[Any]) -> NDArray[np.object_]:
    array = np.empty(len(values), dtype=object)
    array[:] = values
    return array
