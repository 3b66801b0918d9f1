"""Turns at what takes seconds of a core: a few at a time, one of each caller, the rest wait without a thread."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING
from weakref import WeakValueDictionary

if TYPE_CHECKING:
    from collections.abc import AsyncIterator


class Turns:
    """At most `most` at once; who asks for several at once has them one after the other, and keeps nobody waiting."""

    def __init__(self, most: int) -> None:
        self._all = asyncio.Semaphore(most)
        self._own: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()

    @asynccontextmanager
    async def of(self, caller: str) -> AsyncIterator[None]:
        lock = self._own.setdefault(caller, asyncio.Lock())
        async with lock, self._all:
            yield
