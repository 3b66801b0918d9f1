"""What is an archive, by its content; a name decides only where the content cannot."""

from __future__ import annotations

import re
from enum import StrEnum

HEAD_BYTES = 4096

# The first entries of what Office and OpenDocument programs write.
_DOCUMENT = re.compile(rb"\[Content_Types\]\.xml|mimetype$|_rels/|docProps/|xl/|word/|ppt/|customXml/")
_DOCUMENT_NAMES = (".xlsx", ".xlsm", ".ods", ".kmz")
_GEODATABASE = re.compile(rb"[^/]+\.gdb/", re.IGNORECASE)
_PART = re.compile(r"\.(z\d\d|r\d\d|part\d+\.rar|(zip|7z|rar|tar|t?gz|t?bz2|t?xz)\.\d{2,3})$", re.IGNORECASE)
_BZIP2 = re.compile(rb"BZh[1-9](1AY&SY|\x17rE8P\x90)")


class Kind(StrEnum):
    """Kinds of archives, in the words of a message; those below XZ are refused."""

    ZIP = "a ZIP archive"
    TAR = "a TAR archive"
    GZIP = "a file packed by gzip"
    BZIP2 = "a file packed by bzip2"
    XZ = "a file packed by xz"
    SEVEN_ZIP = "a 7z archive"
    RAR = "a RAR archive"
    CABINET = "a CAB archive"
    ZSTANDARD = "a file packed by zstd"
    PART = "one part of an archive in several parts"


_MAGIC: tuple[tuple[bytes, Kind], ...] = (
    (b"PK\x03\x04", Kind.ZIP),
    (b"PK\x05\x06", Kind.ZIP),  # without entries
    (b"PK\x07\x08", Kind.PART),
    (b"\x1f\x8b\x08", Kind.GZIP),
    (b"\xfd7zXZ\0", Kind.XZ),
    (b"7z\xbc\xaf\x27\x1c", Kind.SEVEN_ZIP),
    (b"Rar!\x1a\x07", Kind.RAR),
    (b"MSCF\0\0\0\0", Kind.CABINET),
    (b"\x28\xb5\x2f\xfd", Kind.ZSTANDARD),
)


def is_archive(head: bytes, name: str) -> Kind | None:
    """The kind of an archive by its first 4096 bytes; None for other files.

    None, too, for what readers take as one file though it is a ZIP: XLSX, ODS and other documents, KMZ, and a file
    geodatabase that is called .gdb.zip.
    """
    if _PART.search(name):
        return Kind.PART
    kind = next((kind for magic, kind in _MAGIC if head.startswith(magic)), None)
    if kind is Kind.ZIP and _is_one_file(head, name.lower()):
        return None
    if kind is not None:
        return kind
    if _BZIP2.match(head):
        return Kind.BZIP2
    return Kind.TAR if head[257:262] == b"ustar" or (head and name.lower().endswith(".tar")) else None


def _is_one_file(head: bytes, name: str) -> bool:
    first = head[30 : 30 + int.from_bytes(head[26:28], "little")]
    if name.endswith(_DOCUMENT_NAMES) or _DOCUMENT.match(first):
        return True
    return name.endswith(".gdb.zip") and _GEODATABASE.match(first) is not None
