"""FlatGeobuf. Source: the specification of version 3 (flatgeobuf.org), FlatBuffers internals."""

from __future__ import annotations

import struct
from dataclasses import replace
from mmap import ACCESS_READ, mmap
from typing import TYPE_CHECKING

from importers.faults import Fault, Rejected
from importers.formats.gdal import SEND_AGAIN, Source, private_copy, read_any_layers, stem

if TYPE_CHECKING:
    from collections.abc import Iterator

    from importers.source import AnyLayer, Dataset

_HEADER_AT = 12
_NODE_BYTES = 40
_COUNT_SLOT, _NODE_SIZE_SLOT = 8, 9  # of the header's fields
_USUAL_NODE_SIZE = 16


def is_flatgeobuf(head: bytes, _: str) -> bool:
    return head[:4] == b"fgb\x03"


def read_flatgeobuf(dataset: Dataset) -> Iterator[AnyLayer]:
    """The one layer of the file. Raises: Rejected for a file that ends within its header, index or a record."""
    with dataset.path.open("rb") as stream, mmap(stream.fileno(), 0, access=ACCESS_READ) as content:
        size = len(content)
        try:
            end = _walk(content)
        except (struct.error, OverflowError):
            end = -1
    if end != size:
        raise Rejected(Fault.TRUNCATED, f"{dataset.name}: its {size} bytes do not end with a record", SEND_AGAIN)
    with private_copy(dataset, ".fgb") as path:
        for layer in read_any_layers(Source(path, "FlatGeobuf", dataset.name)):
            yield replace(layer, name=stem(dataset) if layer.name in ("", path.stem) else layer.name)


def _walk(content: mmap) -> int:
    """Where the last record that begins in the file ends. Raises: struct.error where that is in the header."""
    length = int(struct.unpack_from("<I", content, _HEADER_AT - 4)[0])
    count = _field(content, _COUNT_SLOT, "<Q", 0)
    at = _HEADER_AT + length + _index_bytes(count, _field(content, _NODE_SIZE_SLOT, "<H", _USUAL_NODE_SIZE))
    while at < len(content):
        at += 4 + int(struct.unpack_from("<I", content, at)[0])
    return at


def _field(content: mmap, slot: int, form: str, default: int) -> int:
    """A scalar of the header's table; each table points back to a list of where its fields are."""
    table = _HEADER_AT + struct.unpack_from("<I", content, _HEADER_AT)[0]
    slots = table - struct.unpack_from("<i", content, table)[0]
    if 4 + 2 * slot >= struct.unpack_from("<H", content, slots)[0]:
        return default
    (offset,) = struct.unpack_from("<H", content, slots + 4 + 2 * slot)
    return int(struct.unpack_from(form, content, table + offset)[0]) if offset else default


def _index_bytes(count: int, node_size: int) -> int:
    """Bytes of the packed tree: a node for each record, and one above each `node_size` nodes up to the root."""
    if not count or node_size < 2:
        return 0
    nodes = level = count
    while level > 1:
        level = -(-level // node_size)
        nodes += level
    return nodes * _NODE_BYTES if count > 1 else 2 * _NODE_BYTES
