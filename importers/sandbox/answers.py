"""What a worker makes of one file, on its way from the thread that hears it to the one that uses it."""

from __future__ import annotations

import threading
from queue import Empty, Full, Queue
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator

_AT_ONCE = 4  # parts that may wait
_PATIENCE_S = 0.2


class Answers:
    """Parts of one file in their order; a full queue makes the worker wait."""

    def __init__(self) -> None:
        self._parts: Queue[tuple[bool, Any]] = Queue(_AT_ONCE)
        self._abandoned = threading.Event()

    @property
    def is_abandoned(self) -> bool:
        return self._abandoned.is_set()

    def put(self, part: Any) -> bool:
        """Whether anybody still waits for parts."""
        return self._put((False, part))

    def put_end(self, error: Exception | None) -> None:
        self._put((True, error))

    def _put(self, entry: tuple[bool, Any]) -> bool:
        while not self._abandoned.is_set():
            try:
                self._parts.put(entry, timeout=_PATIENCE_S)
            except Full:
                continue
            return True
        return False

    def abandon(self) -> None:
        """Nobody takes parts any more."""
        self._abandoned.set()

    def __iter__(self) -> Iterator[Any]:
        """Raises: what kept the reader from its end; RuntimeError where the parts were given up before it."""
        while True:
            if self._abandoned.is_set():
                raise RuntimeError("the parts of this file were given up: take them before the next file's")
            try:
                is_end, part = self._parts.get(timeout=_PATIENCE_S)
            except Empty:
                continue
            if not is_end:
                yield part
            elif part is None:
                return
            else:
                raise part
