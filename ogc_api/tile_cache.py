"""Tiles that were made, in memory and on disk, for as long as their layers stay as they were.

Whatever is looked for is looked for under the mark of its layers' present state, so nothing stale can be found, and
under the audience that it was made for.
"""

from __future__ import annotations

import shutil
from collections import OrderedDict
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING
from uuid import uuid4

if TYPE_CHECKING:
    from collections.abc import Hashable
    from pathlib import Path

_MOST_BYTES = 64 * 1024 * 1024
_MOST_OF_ONE = 8 * 1024 * 1024
_MOST_ON_DISK = 4 * 1024 * 1024 * 1024
_CHECK_EVERY = 256


@dataclass(frozen=True, slots=True)
class Made:
    """The bytes of a tile, and at most how many features that belong there are not in it."""

    content: bytes
    left_out: int = 0


class Memory:
    """Tiles of one process, the longest unasked thrown away first."""

    def __init__(self) -> None:
        self._kept: OrderedDict[Hashable, tuple[str, Made]] = OrderedDict()
        self._bytes = 0

    def find(self, key: Hashable, mark: str) -> Made | None:
        kept = self._kept.get(key)
        if kept is None or kept[0] != mark:
            return None
        self._kept.move_to_end(key)
        return kept[1]

    def keep(self, key: Hashable, mark: str, made: Made) -> None:
        self._drop(key)
        if len(made.content) > _MOST_OF_ONE:
            return
        self._kept[key] = (mark, made)
        self._bytes += len(made.content)
        while self._bytes > _MOST_BYTES:
            self._drop(next(iter(self._kept)))

    def _drop(self, key: Hashable) -> None:
        kept = self._kept.pop(key, None)
        if kept is not None:
            self._bytes -= len(kept[1].content)


class Cellar:
    """Tiles of one audience in a folder that all workers of a machine share: subject, mark of its state, tile.

    Whatever fails here fails in silence: a tile that cannot be kept is made again.
    """

    def __init__(self, folder: Path, *, most_bytes: int = _MOST_ON_DISK) -> None:
        self._folder, self._most_bytes = folder, most_bytes
        self._kept = 0

    def find(self, subject: str, mark: str, name: str) -> Made | None:
        try:
            kept = (self._folder / subject / mark / name).read_bytes()
            head, _, content = kept.partition(b"\n")
            return Made(content, int(head))
        except (OSError, ValueError):
            return None

    def keep(self, subject: str, mark: str, name: str, made: Made) -> None:
        shelf = self._folder / subject / mark
        with suppress(OSError):
            if not shelf.is_dir():
                self._begin(shelf)
            draft = shelf / f".{uuid4().hex}"
            draft.write_bytes(b"%d\n%b" % (made.left_out, made.content))
            draft.replace(shelf / name)
            self._kept += 1
            if self._kept % _CHECK_EVERY == 0:
                self._shrink()

    def _begin(self, shelf: Path) -> None:
        """Make a folder that nobody else may enter, and clear away those of earlier states."""
        self._folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        shelf.parent.mkdir(exist_ok=True, mode=0o700)
        shelf.mkdir(exist_ok=True, mode=0o700)
        for other in shelf.parent.iterdir():
            if other != shelf:
                shutil.rmtree(other, ignore_errors=True)

    def _shrink(self) -> None:
        """Throw the oldest away until a fifth of the room is free."""
        files = sorted(_files(self._folder))
        size = sum(file[1] for file in files)
        if size <= self._most_bytes:
            return
        for _, one, path in files:
            with suppress(OSError):
                path.unlink()
            size -= one
            if size <= self._most_bytes * 4 // 5:
                return


def _files(folder: Path) -> list[tuple[float, int, Path]]:
    """Time of change, size and path of all files below a folder."""
    found = []
    for path in folder.rglob("*"):
        with suppress(OSError):
            status = path.stat()
            if path.is_file():
                found.append((status.st_mtime, status.st_size, path))
    return found
