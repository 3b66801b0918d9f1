"""Answers kept in memory for as long as their layer stays at its version: whoever asks the same is told the same."""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Hashable

    from starlette.responses import Response

_MOST_BYTES = 256 * 1024 * 1024
_MOST_OF_ONE = 8 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Kept:
    """An answer, and the version of the layer that it was made of."""

    version: int
    response: Response


class Shelf:
    """Answers by what was asked, the longest unasked thrown away first.

    The database is asked for the version before each use, so what is kept is never stale.
    """

    def __init__(self) -> None:
        self._kept: OrderedDict[Hashable, Kept] = OrderedDict()
        self._bytes = 0

    def find(self, key: Hashable) -> Kept | None:
        kept = self._kept.get(key)
        if kept is not None:
            self._kept.move_to_end(key)
        return kept

    def keep(self, key: Hashable, version: int, response: Response) -> None:
        self.drop(key)
        size = len(response.body)
        if size > _MOST_OF_ONE:
            return
        self._kept[key] = Kept(version, response)
        self._bytes += size
        while self._bytes > _MOST_BYTES:
            self.drop(next(iter(self._kept)))

    def drop(self, key: Hashable) -> None:
        kept = self._kept.pop(key, None)
        if kept is not None:
            self._bytes -= len(kept.response.body)
