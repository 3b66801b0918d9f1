"""Shapefiles: what their three files say of each other is checked before GDAL reads them.

Source: ESRI Shapefile Technical Description (1998).
"""

from __future__ import annotations

import struct
from dataclasses import replace
from typing import TYPE_CHECKING

from importers.faults import Fault, Rejected
from importers.formats.dbase import check_table, declared_encoding, find_overflows
from importers.formats.gdal import SEND_AGAIN, Source, declared_prj, private_copy, read_any_layers, stem

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from importers.source import AnyLayer, Dataset

_MAGIC = b"\0\0\x27\x0a"
_HEADER_BYTES, _RECORD_HEADER_BYTES = 100, 8
_MULTIPATCH = 31


def is_shapefile(head: bytes, _: str) -> bool:
    return head[:4] == _MAGIC


def read_shapefile(dataset: Dataset) -> Iterator[AnyLayer]:
    """The one layer of a Shapefile; its text stays an ISO-8859-1 view, for GDAL's own decoding loses letters.

    Rows count deleted records too. A missing .shx is made anew from the record headers.
    Raises: Rejected for a file that is cut short, without .dbf, or whose rows and shapes are not as many.
    """
    shapes = _count_shapes(dataset)
    _check_rows(dataset, shapes)
    crs, origin = declared_prj(dataset)
    with private_copy(dataset, ".shp", ".shx", ".dbf") as path:
        notes = find_overflows(path.with_suffix(".dbf"))
        notes += () if dataset.sidecar(".shx") else (_rebuild_index(dataset, path),)
        source = Source(
            path,
            "ESRI Shapefile",
            dataset.name,
            encoding="ISO-8859-1",
            numbered=True,
            solid=_kind(path) == _MULTIPATCH,
        )
        for layer in read_any_layers(source):
            yield replace(
                layer,
                name=stem(dataset),
                crs=crs,
                crs_origin=origin,
                encoding=declared_encoding(dataset.sidecar(".cpg"), dataset.sidecar(".dbf")),
                notes=(*notes, *layer.notes),
            )


def _kind(path: Path) -> int:
    with path.open("rb") as stream:
        return int(struct.unpack("<i", stream.read(36)[32:])[0])


def _count_shapes(dataset: Dataset) -> int | None:
    """Shapes by the .shx, None without one. Raises: Rejected where a header's length is not the file's."""
    index = dataset.sidecar(".shx")
    _check_length(dataset.path, dataset.name)
    if index is None:
        return None
    return (_check_length(index, f"{stem(dataset)}.shx") - _HEADER_BYTES) // _RECORD_HEADER_BYTES


def _check_length(path: Path, name: str) -> int:
    """Bytes that the header states. Raises: Rejected where there are fewer."""
    with path.open("rb") as stream:
        header = stream.read(_HEADER_BYTES)
    stated = max(2 * struct.unpack(">I", header[24:28])[0] if len(header) == _HEADER_BYTES else 0, _HEADER_BYTES)
    actual = path.stat().st_size
    if actual < stated or header[:4] != _MAGIC:
        raise Rejected(Fault.TRUNCATED, f"{name}: {actual} of {stated} bytes are there", SEND_AGAIN)
    return stated


def _check_rows(dataset: Dataset, shapes: int | None) -> None:
    """Raises: Rejected where there are no attributes, or not those of each shape."""
    name = f"{stem(dataset)}.dbf"
    dbf = dataset.sidecar(".dbf")
    if dbf is None:
        raise Rejected(Fault.SIDECAR_MISSING, f"{dataset.name}: {name} is missing", f"ask the department for {name}")
    rows = check_table(dbf, name)
    if shapes is not None and rows != shapes:
        raise Rejected(
            Fault.UNREADABLE,
            f"{dataset.name}: {name} has {rows} rows for {shapes} shapes, so no row is certain to belong to its shape",
            "ask the department to export the Shapefile again; a .dbf must not be edited by itself",
        )


def _rebuild_index(dataset: Dataset, path: Path) -> str:
    """Writes the .shx of a private copy, and says so.

    Raises: Rejected where the records do not follow each other as they are numbered.
    """
    content = path.read_bytes()
    entries: list[bytes] = []
    at = _HEADER_BYTES
    while at + _RECORD_HEADER_BYTES <= len(content):
        number, words = struct.unpack_from(">Ii", content, at)
        if number != len(entries) + 1 or not 2 <= words <= (len(content) - at - _RECORD_HEADER_BYTES) // 2:
            break
        entries.append(struct.pack(">ii", at // 2, words))
        at += _RECORD_HEADER_BYTES + 2 * words
    rows = struct.unpack("<I", path.with_suffix(".dbf").read_bytes()[4:8])[0]
    if at != len(content) or rows != len(entries):
        name = f"{stem(dataset)}.shx"
        raise Rejected(
            Fault.SIDECAR_MISSING,
            f"{dataset.name}: {name} is missing, and cannot be made anew: the records are not in order",
            f"ask the department for {name}",
        )
    length = struct.pack(">i", (_HEADER_BYTES + _RECORD_HEADER_BYTES * len(entries)) // 2)
    path.with_suffix(".shx").write_bytes(content[:24] + length + content[28:100] + b"".join(entries))
    return ".shx was missing: made anew from the record headers"
