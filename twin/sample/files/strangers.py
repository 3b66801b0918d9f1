"""Files that are nothing the city reads: what their first bytes say, and what is expected of them."""

from __future__ import annotations

import struct

_SECTOR = 512
_FREE, _CHAIN_END, _FAT = 0xFFFFFFFF, 0xFFFFFFFE, 0xFFFFFFFD


def drawing_of_autocad(version: str) -> bytes:
    """The head of a DWG, and what looks like the rest of one."""
    return version.encode() + bytes(5) + b"\x01" + bytes(range(256)) * 8


def database_of_access(engine: str) -> bytes:
    """The head of an MDB ("Jet") or ACCDB ("ACE")."""
    return b"\0\x01\0\0" + f"Standard {engine} DB".encode() + b"\0\x01" + bytes(4096)


def compound_document(*streams: str) -> bytes:
    """A compound document (MS-CFB, version 3) with streams of these names and a sector of zeros in each."""
    count = len(streams)
    sectors = [_FAT, _CHAIN_END, *[_CHAIN_END] * count]
    table = b"".join(struct.pack("<I", sector) for sector in sectors).ljust(_SECTOR, b"\xff")
    header = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(16)
    header += struct.pack("<HHHHH6xIIIIIIIII", 0x3E, 3, 0xFFFE, 9, 6, 0, 1, 1, 0, 0, _CHAIN_END, 0, _CHAIN_END, 0)
    header += struct.pack("<I", 0) + b"\xff" * (_SECTOR - len(header) - 4)
    entries = [_entry("Root Entry", 5, 1, _CHAIN_END, 0)]
    entries += [_entry(name, 2, 0, 2 + i, _SECTOR) for i, name in enumerate(streams)]
    directory = b"".join(entries).ljust(_SECTOR, b"\0")
    return header + table + directory[:_SECTOR] + bytes(_SECTOR) * count


def _entry(name: str, kind: int, child: int, start: int, size: int) -> bytes:
    text = (name + "\0").encode("utf-16-le")
    links = struct.pack("<III", _FREE, _FREE, child or _FREE)
    return (
        text.ljust(64, b"\0")
        + struct.pack("<HBB", len(text), kind, 1)
        + links
        + bytes(36)
        + struct.pack("<IQ", start, size)
    )
