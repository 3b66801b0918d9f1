"""Files that are nothing the city reads, and files that mean harm to whoever reads them."""

from __future__ import annotations

import gzip
import struct

from twin.sample.files.packing import tar_bytes, zip_bytes

_BOMB_BYTES = 80 << 20
_BRACKETS = 100_000
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


def bomb(kind: str) -> bytes:
    """Zeros that fill the disk: kind is zip or gz."""
    zeros = bytes(_BOMB_BYTES)
    if kind == "gz":
        return gzip.compress(zeros, compresslevel=9, mtime=0)
    return zip_bytes({"ong-cap-nuoc.csv": zeros})


def climbing_archive(kind: str) -> bytes:
    """An archive whose one file is to be written above its folder: kind is zip or tar."""
    name, content = "../../../tuyen-ong.csv", b"X,Y,MaOng\n1820000,562000,CN-1\n"
    return zip_bytes({name: content}) if kind == "zip" else tar_bytes({name: content})


def laughs(root: str, namespace: str) -> bytes:
    """XML in which each of ten entities is ten of the one before."""
    entities = "".join(f'<!ENTITY e{i} "{f"&e{i - 1};" * 10}">' for i in range(1, 11))
    return f'<?xml version="1.0"?><!DOCTYPE x [<!ENTITY e0 "ha">{entities}]><{root} {namespace}>&e10;</{root}>'.encode()


def outside_entity(root: str, namespace: str) -> bytes:
    """XML that has a file of the reader's own machine put into it."""
    system = '<!ENTITY e SYSTEM "file:///etc/passwd">'
    return f'<?xml version="1.0"?><!DOCTYPE x [{system}]><{root} {namespace}>&e;</{root}>'.encode()


def brackets(head: str) -> bytes:
    """JSON that is nested a hundred thousand times."""
    return (head + "[" * _BRACKETS + "]" * _BRACKETS + "}").encode()


def circle_of_blocks(*names: str) -> bytes:
    """A drawing whose blocks hold each other, the last the first."""
    following = [*names[1:], names[0]]
    blocks = "".join(
        f"0\nBLOCK\n8\n0\n2\n{name}\n70\n0\n10\n0\n20\n0\n30\n0\n"
        f"0\nINSERT\n8\n0\n2\n{inner}\n10\n1\n20\n1\n30\n0\n0\nENDBLK\n8\n0\n"
        for name, inner in zip(names, following, strict=True)
    )
    insert = f"0\nINSERT\n8\nHO_GA\n2\n{names[0]}\n10\n562000\n20\n1820000\n30\n0\n"
    return f"0\nSECTION\n2\nBLOCKS\n{blocks}0\nENDSEC\n0\nSECTION\n2\nENTITIES\n{insert}0\nENDSEC\n0\nEOF\n".encode()


def boastful_shapefile() -> bytes:
    """401 bytes that say they are four gigabytes."""
    return struct.pack(">i20xi", 9994, 0x7FFFFFFF) + bytes(373)


def boastful_table() -> bytes:
    """401 bytes of dBASE that say they have four thousand million rows."""
    return struct.pack("<BBBBIHH20x", 3, 125, 6, 30, 0xFFFFFFFF, 65, 11).ljust(401, b"\0")
