"""Keeps the text of features ready in the background: of what changed, once it has."""

from __future__ import annotations

import fcntl
import logging
import os
import shutil
import threading
import time
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING
from uuid import uuid4

import numpy as np
import psycopg

from layers.catalog import read_versions
from layers.custom import read_layers
from layers.errors import TwinError
from layers.transcripts import read_definition, read_rows, started_at, write_texts, writing_mark
from ogc_api.transcript import Head, Index, keep_index, open_transcript

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from numpy.typing import NDArray

    from layers.catalog import Layer
    from layers.database import Reader
    from layers.transcripts import Rows
    from ogc_api.transcript import Transcript, Transcripts

LOGGER = logging.getLogger(__name__)

_LOOK_EVERY_S = 10.0
# After a failure, lest a layer that takes too long to read burdens the database for ever.
_REST_S = 600.0
_BATCH = 1000
# A text file is begun anew when less than half of it is of use, but not for a few edits.
_LEAST_WASTE = 64 * 1024 * 1024


class Scribe:
    """Writes the transcripts of all layers that a reader sees. Of several on a machine one works, the others wait."""

    def __init__(self, reader: Reader, transcripts: Transcripts) -> None:
        self._reader = reader
        self._folder, self._room_bytes = transcripts.folder, transcripts.room_bytes
        self._done: dict[str, tuple[int, int]] = {}
        self._failed_until: dict[str, float] = {}
        self._stop = threading.Event()

    @contextmanager
    def at_work(self) -> Iterator[None]:
        """Looks for changes beside whatever the block does."""
        thread = threading.Thread(target=self._work, name="scribe", daemon=True)
        thread.start()
        try:
            yield
        finally:
            self._stop.set()
            thread.join()

    def _work(self) -> None:
        while not self._stop.is_set():
            try:
                self.look()
            except (OSError, TwinError, psycopg.Error) as error:
                LOGGER.warning("the text of features could not be kept ready (%s): again in %g s", error, _LOOK_EVERY_S)
            self._stop.wait(_LOOK_EVERY_S)

    def look(self) -> None:
        """Write what changed since the last look. Raises: OSError, TwinError, psycopg.Error."""
        self._folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        lock = os.open(self._folder / ".lock", os.O_RDWR | os.O_CREAT, 0o600)
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            self._look()
        except BlockingIOError:
            return
        finally:
            os.close(lock)

    def _look(self) -> None:
        with self._reader.connection() as connection:
            layers = read_layers(connection, self._reader.audience)
            versions, started = read_versions(connection), started_at(connection)
        for layer in layers:
            state = (versions.get(layer.name, 0), started)
            is_due = self._done.get(layer.name) != state and time.monotonic() >= self._failed_until.get(layer.name, 0)
            if is_due and not self._stop.is_set() and self._try(layer, started):
                self._done[layer.name] = state
        self._clear(layers)

    def _try(self, layer: Layer, started: int) -> bool:
        try:
            self._copy(layer, started)
        except (psycopg.errors.UndefinedTable, psycopg.errors.UndefinedColumn):
            # It is gone, or another one, since it was listed: the next look sees it as it is.
            return False
        except (OSError, TwinError, psycopg.Error) as error:
            LOGGER.warning("the text of layer '%s' could not be kept ready (%s): again later", layer.name, error)
            self._failed_until[layer.name] = time.monotonic() + _REST_S
            return False
        return True

    def _copy(self, layer: Layer, started: int) -> None:
        folder = self._folder / layer.name
        with self._reader.connection() as connection:
            definition, rows = read_definition(connection, layer), read_rows(connection, layer)
        head = Head(writing_mark(layer), definition, started, f"{uuid4().hex}.text")
        former = open_transcript(folder)
        if former is not None and not _is_of(former.head, head):
            former = None
        _remove_others(folder, former.head.text if former else "")
        known = Index.empty() if former is None else _still_there(former, rows)
        if former is not None and _is_worth_going_on(folder / former.head.text, known):
            head = former.head
        else:
            known = Index.empty()
        missing = rows.ids[~known.find(rows)[1]]
        if not len(missing) and former is not None and len(known.rows) == len(former.index.rows):
            return
        folder.mkdir(exist_ok=True, mode=0o700)
        index = known.joined(self._append(layer, folder / head.text, missing))
        if not self._stop.is_set():
            keep_index(folder, head, index)
            _remove_others(folder, head.text)

    def _append(self, layer: Layer, path: Path, ids: NDArray[np.int64]) -> list[Index]:
        """Text of these rows behind what a file holds, half of the time, until there is no room; on the disk."""
        parts: list[Index] = []
        room = self._room_bytes - _size(self._folder, path)
        path.touch(mode=0o600)
        with path.open("ab") as file:
            end = file.seek(0, os.SEEK_END)
            for batch in (ids[n : n + _BATCH] for n in range(0, len(ids), _BATCH)):
                began = time.monotonic()
                with self._reader.connection() as connection:
                    texts = write_texts(connection, layer, batch)
                room -= len(texts.content)
                if room < 0 or self._stop.wait(time.monotonic() - began):
                    break
                file.write(texts.content)
                starts = end + np.cumsum(texts.lengths, dtype=np.int64) - texts.lengths
                parts.append(Index(texts.rows, starts, texts.lengths))
                end += len(texts.content)
            file.flush()
            os.fsync(file.fileno())
        return parts

    def _clear(self, layers: tuple[Layer, ...]) -> None:
        """Throw away what is of layers that are gone."""
        names = {layer.name for layer in layers}
        for path in self._folder.iterdir():
            if path.is_dir() and path.name not in names:
                shutil.rmtree(path, ignore_errors=True)
                self._done.pop(path.name, None)


def _is_of(head: Head, other: Head) -> bool:
    """Whether two transcripts are of the same database and definitions."""
    return (head.writing, head.definition, head.started) == (other.writing, other.definition, other.started)


def _still_there(former: Transcript, rows: Rows) -> Index:
    places, is_known = former.index.find(rows)
    return former.index.take(places[is_known])


def _is_worth_going_on(text: Path, known: Index) -> bool:
    used = int(known.lengths.sum(dtype=np.int64))
    return text.stat().st_size - used <= max(used, _LEAST_WASTE)


def _remove_others(folder: Path, text: str) -> None:
    for path in folder.glob("*.text"):
        if path.name != text:
            path.unlink(missing_ok=True)


def _size(folder: Path, text: Path) -> int:
    """Bytes of this text and of those of other layers; what it takes the place of does not count."""
    sizes = 0
    for path in folder.glob("*/*.text"):
        with suppress(OSError):
            sizes += path.stat().st_size if path == text or path.parent != text.parent else 0
    return sizes
