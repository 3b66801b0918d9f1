"""ZIP archives of strangers."""

from __future__ import annotations

import lzma
import struct
import zipfile
import zlib
from contextlib import contextmanager
from typing import TYPE_CHECKING

from importers.faults import Fault, Rejected
from importers.formats.gdal import SEND_AGAIN

if TYPE_CHECKING:
    from collections.abc import Iterator

    from importers.source import Dataset

# What the library raises for an archive that is not sound, encrypted, or packed in a way that it does not know.
_BROKEN = (
    zipfile.BadZipFile, zlib.error, lzma.LZMAError, struct.error, EOFError, OSError, ValueError, RuntimeError,
    OverflowError,
)  # fmt: skip


@contextmanager
def open_archive(dataset: Dataset) -> Iterator[zipfile.ZipFile]:
    """The archive, open. Raises: Rejected for what turns out to be broken while it is."""
    try:
        with zipfile.ZipFile(dataset.path) as archive:
            yield archive
    except _BROKEN as error:
        raise Rejected(Fault.UNREADABLE, f"{dataset.name} cannot be read: {error}", SEND_AGAIN) from error
