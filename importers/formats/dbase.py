"""dBASE tables without shapes: their coordinates where they have any, else what is missing beside them.

Source: the header of dBASE III to 7 and FoxPro tables.
"""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING, Any

import numpy as np

from importers.faults import Fault, Rejected
from importers.formats.gdal import SEND_AGAIN, Source, declared_prj, private_copy, read_layer, stem
from importers.formats.tabular.grid import Table
from importers.formats.tabular.layer import Origin, build_layer, is_placed
from importers.text import decode_layer

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from importers.source import Dataset, SourceLayer

_HEADER_BYTES, _LAST_FIELD = 32, 0x0D
_SHOWN = 5
# dBASE III, IV, V and 7 without and with memos, FoxPro, Visual FoxPro.
_VERSIONS = frozenset(b"\x02\x03\x04\x05\x30\x31\x32\x83\x8b\x8c\xf5\xfb")


def is_dbase(head: bytes, suffix: str) -> bool:
    return suffix == ".dbf" and head[0] in _VERSIONS


def read_dbase(dataset: Dataset) -> Iterator[SourceLayer]:
    """The table as one layer, its text an ISO-8859-1 view.

    Raises: Rejected for a table that is cut short, and for one without a place: most likely a Shapefile's.
    """
    check_table(dataset.path, dataset.name)
    encoding = declared_encoding(dataset.sidecar(".cpg"), dataset.path)
    with private_copy(dataset, ".dbf") as path:
        delivered = read_layer(Source(path, "ESRI Shapefile", dataset.name, "ISO-8859-1", numbered=True), path.stem)
    texts = {v for column in delivered.columns.values() for v in column if isinstance(v, str)}
    readable = decode_layer([*delivered.columns, *texts], declared=encoding).decode
    cells = [[_cell(value) for value in row] for row in zip(*delivered.columns.values(), strict=True)]
    table = Table(list(delivered.columns), cells, [], (*delivered.notes, *find_overflows(dataset.path)))
    origin = Origin(stem(dataset), declared_prj(dataset)[0], readable, encoding)
    if not cells or not is_placed(table, origin):
        raise _shapeless(dataset)
    yield build_layer(table, origin)


def check_table(path: Path, name: str) -> int:
    """Rows of a table. Raises: Rejected where it is shorter than its header says."""
    with path.open("rb") as stream:
        header = stream.read(_HEADER_BYTES)
    if len(header) < _HEADER_BYTES:
        raise Rejected(Fault.TRUNCATED, f"{name}: {len(header)} bytes are no table", SEND_AGAIN)
    rows, start, width = struct.unpack("<IHH", header[4:12])
    stated, actual = start + rows * width, path.stat().st_size
    if actual < stated:
        raise Rejected(Fault.TRUNCATED, f"{name}: {actual} of {stated} bytes are there", SEND_AGAIN)
    return int(rows)


def find_overflows(path: Path) -> tuple[str, ...]:
    """What is said of stars in the place of numbers: so dBASE shows one that does not fit, and GDAL one not given."""
    with path.open("rb") as stream:
        rows, start, width = struct.unpack("<IHH", stream.read(12)[4:])
    notes = []
    table = np.memmap(path, np.uint8, "r", start, (rows, width)) if rows else np.empty((0, width), np.uint8)
    for name, kind, place in _fields(path, start):
        if kind not in "NF":
            continue
        found = (np.flatnonzero((table[:, place] == ord("*")).any(axis=1)) + 1).tolist()
        if found:
            shown = ", ".join(map(str, found[:_SHOWN])) + (" …" if len(found) > _SHOWN else "")
            told = (
                f"{len(found)} numbers of {name} are stars (*****), not given or too long for the field: rows {shown}"
            )
            notes.append(told)
    return tuple(notes)


def _fields(path: Path, start: int) -> Iterator[tuple[str, str, slice]]:
    """Name, kind and place within a row of each field."""
    with path.open("rb") as stream:
        head = stream.read(start)
    place = 1
    for at in range(_HEADER_BYTES, start - 1, _HEADER_BYTES):
        field = head[at : at + _HEADER_BYTES]
        if len(field) < _HEADER_BYTES or field[0] == _LAST_FIELD:
            return
        yield field[:11].split(b"\0")[0].decode("iso-8859-1"), chr(field[11]), slice(place, place + field[16])
        place += field[16]


def declared_encoding(cpg: Path | None, table: Path | None) -> str | None:
    """What the .cpg, or else the table's language driver byte, declares."""
    if cpg is not None and (text := cpg.read_text("ascii", errors="replace").strip()):
        return text
    if table is None:
        return None
    with table.open("rb") as stream:
        driver = stream.read(30)[29:30]
    return f"LDID/{driver[0]}" if driver and driver[0] else None


def _cell(value: Any) -> str | None:
    """Text as it was typed; a number at its shortest."""
    if value is None:
        return None
    return (str(int(value)) if isinstance(value, float) and value.is_integer() else str(value)).strip() or None


def _shapeless(dataset: Dataset) -> Rejected:
    shapes = f"{stem(dataset)}.shp"
    if dataset.path.with_suffix(".shp").exists():
        return Rejected(Fault.GEOMETRY_MISSING, f"{dataset.name} is the table of {shapes}", f"import {shapes}")
    return Rejected(
        Fault.SIDECAR_MISSING,
        f"{dataset.name} is a table without coordinates: {shapes} is missing",
        f"ask the department for {shapes} and the files of the same name",
    )
