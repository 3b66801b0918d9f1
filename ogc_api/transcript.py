"""The text of features in files, so that a page is put together without being written anew.

A file holds text by row and revision. Which rows a page has the database says, under the rights of whoever asks; the
file only knows what they look like. A page of which it does not know every row is written by the database.
"""

from __future__ import annotations

import json
import os
import weakref
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING
from uuid import uuid4

import numpy as np

from layers.transcripts import Rows, writing_mark

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

    from layers.catalog import Layer

_INDEX = "index"
_ROW_BYTES = 24


@dataclass(frozen=True, slots=True)
class Head:
    """What a transcript was made of: how features were written, of which database and definitions; `text` is its file.

    `started` is when that database did, in microseconds.
    """

    writing: str
    definition: str
    started: int
    text: str


@dataclass(frozen=True, slots=True, eq=False)
class Index:
    """Where texts stand, n of each: `rows` by identifier, `starts` and `lengths` in bytes, 0 for what is not kept."""

    rows: Rows
    starts: NDArray[np.int64]
    lengths: NDArray[np.uint32]

    @classmethod
    def empty(cls) -> Index:
        rows = Rows(np.empty(0, np.int64), np.empty(0, np.uint32))
        return cls(rows, np.empty(0, np.int64), np.empty(0, np.uint32))

    def find(self, rows: Rows) -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
        """Where each of these rows is, and whether it is there in this revision."""
        if not len(self.rows):
            return np.zeros(len(rows), np.int64), np.zeros(len(rows), np.bool_)
        places = np.minimum(np.searchsorted(self.rows.ids, rows.ids), len(self.rows) - 1)
        return places, (self.rows.ids[places] == rows.ids) & (self.rows.marks[places] == rows.marks)

    def take(self, places: NDArray[np.int64] | NDArray[np.bool_]) -> Index:
        rows = Rows(self.rows.ids[places], self.rows.marks[places])
        return Index(rows, self.starts[places], self.lengths[places])

    def joined(self, others: list[Index]) -> Index:
        """These and others in one; none of them may have a row of another."""
        parts = [self, *others]
        ids = np.concatenate([part.rows.ids for part in parts])
        marks = np.concatenate([part.rows.marks for part in parts])
        starts = np.concatenate([part.starts for part in parts])
        lengths = np.concatenate([part.lengths for part in parts])
        return Index(Rows(ids, marks), starts, lengths).take(np.argsort(ids))


class Transcript:
    """A layer's texts, open for reading; it stays as it was opened, whatever takes its place."""

    def __init__(self, folder: Path) -> None:
        """Raises: OSError, ValueError where there is none, or none that can be read."""
        with (folder / _INDEX).open("rb") as file:
            self.head = Head(**json.loads(file.readline()))
            whole = np.memmap(file, np.uint8, "r", file.tell())
        n, rest = divmod(len(whole), _ROW_BYTES)
        if rest:
            raise ValueError(f"{folder / _INDEX} is torn")
        rows = Rows(whole[: 8 * n].view(np.int64), whole[16 * n : 20 * n].view(np.uint32))
        self.index = Index(rows, whole[8 * n : 16 * n].view(np.int64), whole[20 * n :].view(np.uint32))
        self._text = os.open(folder / self.head.text, os.O_RDONLY)
        weakref.finalize(self, os.close, self._text)

    def read(self, rows: Rows, started: int) -> bytes | None:
        """Text of these rows in their order, joined by commas.

        None where one is not known as it is now, or the database was started since, which was at `started`.
        """
        if started != self.head.started:
            return None
        places, known = self.index.find(rows)
        if not len(rows):
            return b""
        if not known.all():
            return None
        found = self.index.take(places)
        if not found.lengths.all():
            return None
        ends = found.starts + found.lengths
        # What stands one behind the other is read at once.
        begins = np.flatnonzero(np.append(True, found.starts[1:] != ends[:-1]))
        runs = zip(found.starts[begins].tolist(), ends[np.append(begins[1:], len(rows)) - 1].tolist(), strict=True)
        text = b"".join([os.pread(self._text, end - start, start) for start, end in runs])
        return text[:-1] if len(text) == int(found.lengths.sum()) else None


def keep_index(folder: Path, head: Head, index: Index) -> None:
    """Put an index in the place of the former one, as soon as all of it is on the disk."""
    line = json.dumps(asdict(head)).encode()
    draft = folder / f".{uuid4().hex}"
    with draft.open("wb") as file:
        file.write(line.ljust(-(-(len(line) + 1) // 64) * 64 - 1) + b"\n")
        for column in (index.rows.ids, index.starts, index.rows.marks, index.lengths):
            file.write(np.ascontiguousarray(column).tobytes())
        file.flush()
        os.fsync(file.fileno())
    draft.replace(folder / _INDEX)


def open_transcript(folder: Path) -> Transcript | None:
    try:
        return Transcript(folder)
    except (OSError, ValueError, TypeError):
        return None


class Transcripts:
    """Transcripts of all layers in a folder that all workers of a machine share, each opened again when it changed.

    `room_bytes` is what their texts may take together.
    """

    def __init__(self, folder: Path, room_bytes: int) -> None:
        self.folder, self.room_bytes = folder, room_bytes
        self._opened: dict[str, tuple[tuple[int, int], Layer, Transcript | None]] = {}

    def find(self, layer: Layer) -> Transcript | None:
        """The transcript of a layer as its features are written now."""
        try:
            status = (self.folder / layer.name / _INDEX).stat()
        except OSError:
            return None
        state = (status.st_ino, status.st_mtime_ns)
        known = self._opened.get(layer.name)
        if known is None or known[:2] != (state, layer):
            transcript = open_transcript(self.folder / layer.name)
            if transcript is not None and transcript.head.writing != writing_mark(layer):
                transcript = None
            known = self._opened[layer.name] = (state, layer, transcript)
        return known[2]
