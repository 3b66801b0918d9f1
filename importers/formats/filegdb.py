"""Esri file geodatabases: a folder of tables, also in a ZIP archive."""

from __future__ import annotations

import re
import shutil
import struct
from dataclasses import replace
from pathlib import Path, PurePosixPath
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from importers.faults import Fault, Rejected
from importers.formats.archives import open_archive
from importers.formats.gdal import SEND_AGAIN, Source, read_any_layers

if TYPE_CHECKING:
    from collections.abc import Iterator

    from importers.source import AnyLayer, Dataset

_TABLE = re.compile(r"a[0-9a-f]{8}\.\w+(\.\w+)*|gdb|timestamps", re.IGNORECASE)
CATALOG = "a00000001.gdbtable"
_ENTRY = re.compile(rb"PK\x03\x04.{26}(?:[^/\0]*/)?[^/\0]*\.gdb/", re.DOTALL)
_MOST_BYTES = 4 * 2**30
_HEADER_BYTES, _VERSION = 32, 3


def is_zipped_filegdb(head: bytes, _: str) -> bool:
    return head[:4] == b"PK\x03\x04" and _ENTRY.search(head) is not None


def read_filegdb(dataset: Dataset) -> Iterator[AnyLayer]:
    """Feature classes with at least one record.

    Raises: Rejected for a geodatabase that is incomplete, compressed or holds only tables.
    """
    with TemporaryDirectory(prefix="city-twin-") as folder:
        copy = Path(folder) / "delivered.gdb"
        copy.mkdir()
        for part in dataset.path.iterdir():
            if _TABLE.fullmatch(part.name):
                shutil.copyfile(part, copy / part.name.lower())
        yield from _read(copy, dataset.name)


def read_zipped_filegdb(dataset: Dataset) -> Iterator[AnyLayer]:
    """The layers of every geodatabase in the archive. Raises: Rejected as `read_filegdb`, and for broken archives."""
    with TemporaryDirectory(prefix="city-twin-") as folder:
        for copy in _unpack(dataset, Path(folder)):
            yield from _read(copy, dataset.name)


def _read(copy: Path, delivered: str) -> Iterator[AnyLayer]:
    if not (copy / CATALOG).is_file():
        remedy = "ask the department for the whole .gdb folder, zipped"
        raise Rejected(Fault.SIDECAR_MISSING, f"{delivered}: {CATALOG} is missing", remedy)
    for table in sorted(copy.glob("*.gdbtabl?")):
        _check_length(table, f"{delivered}: {table.name}")
    for layer in read_any_layers(Source(copy, "OpenFileGDB", delivered)):
        yield replace(layer, crs_origin="geodatabase" if layer.crs else "")


def _check_length(table: Path, name: str) -> None:
    """Raises: Rejected where a table or the index of its rows is shorter than it says: GDAL would find no rows in it.

    By the layout that GDAL's authors found out: a table's size at byte 24, of an index its blocks of 1,024 entries at
    byte 4 and the width of an entry at byte 12. Version 4, of ArcGIS Pro 3.2, is left to GDAL.
    """
    with table.open("rb") as stream:
        header = stream.read(_HEADER_BYTES)
    stated = _HEADER_BYTES
    if len(header) == _HEADER_BYTES and header[0] == _VERSION:
        if table.suffix == ".gdbtable":
            (stated,) = struct.unpack("<Q", header[24:32])
        else:
            blocks, _, width = struct.unpack("<3I", header[4:16])
            stated = 16 + blocks * 1024 * width
    actual = table.stat().st_size
    if actual < stated:
        raise Rejected(Fault.TRUNCATED, f"{name}: {actual} of {stated} bytes are there", SEND_AGAIN)


def _unpack(dataset: Dataset, folder: Path) -> list[Path]:
    """Private copies of the geodatabases in an archive, by flat names of our own."""
    copies: dict[PurePosixPath, Path] = {}
    with open_archive(dataset) as archive:
        entries = [entry for entry in archive.infolist() if _is_part(PurePosixPath(entry.filename))]
        size = sum(entry.file_size for entry in entries)
        if size > _MOST_BYTES:
            raise Rejected(Fault.UNREADABLE, f"{dataset.name} unpacks to {size} bytes", "deliver it in parts")
        for entry in entries:
            inside = PurePosixPath(entry.filename)
            copy = copies.setdefault(inside.parent, folder / f"delivered{len(copies)}.gdb")
            copy.mkdir(exist_ok=True)
            with archive.open(entry) as packed, (copy / inside.name.lower()).open("wb") as unpacked:
                shutil.copyfileobj(packed, unpacked)
    return list(copies.values())


def _is_part(inside: PurePosixPath) -> bool:
    return inside.parent.suffix.lower() == ".gdb" and _TABLE.fullmatch(inside.name) is not None
