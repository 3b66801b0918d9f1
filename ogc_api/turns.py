"""Turns at what takes seconds of a core: a few at a time, one of each caller, the rest wait without a thread."""

from __future__ import annotations

import asyncio
from collections import Counter
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING
from weakref import WeakValueDictionary

from layers.errors import Sentence
from layers.quota import Exceeded

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

# A turn takes seconds: whoever has so many requests here waits for minutes already.
MOST_WAITING = 20
_WAIT_S = 10


class Turns:
    """At most `most` at once; who asks for several at once has them one after the other, and keeps nobody waiting."""

    def __init__(self, most: int) -> None:
        self._all = asyncio.Semaphore(most)
        self._own: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()
        self._here: Counter[str] = Counter()

    @asynccontextmanager
    async def of(self, caller: str) -> AsyncIterator[None]:
        """Raises: Exceeded where too many requests of the caller are here already."""
        if self._here[caller] >= MOST_WAITING:
            raise Exceeded(
                Sentence(
                    f"{MOST_WAITING} of your requests are being worked on or wait for their turn, no more are taken:"
                    " wait for their answers first",
                    f"bạn có {MOST_WAITING} yêu cầu đang xử lý hoặc chờ đến lượt, không nhận thêm: hãy chờ trả lời"
                    " trước",
                ),
                _WAIT_S,
            )
        lock = self._own.setdefault(caller, asyncio.Lock())
        self._here[caller] += 1
        try:
            async with lock, self._all:
                yield
        finally:
            self._here[caller] -= 1
            self._here += Counter()  # drops who has nothing here
