"""Archives with the same bytes every time: ZIP and TAR.GZ, also with names and locks as older programs made them."""

from __future__ import annotations

import gzip
import io
import tarfile
import zipfile
from typing import TYPE_CHECKING

from twin.sample.files.legacy_text import encode_cp1258

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

_MOMENT = (2025, 6, 30, 0, 0, 0)
_SECONDS = 1_751_241_600
_ENCRYPTED = 0x1


class _LegacyName(zipfile.ZipInfo):
    """A name in the code page of Windows, and no word about which it is."""

    def _encodeFilenameFlags(self) -> tuple[bytes, int]:  # noqa: N802 - the library's own name
        return encode_cp1258(self.filename).encode("iso-8859-1"), self.flag_bits


def write_zip(
    path: Path, members: Mapping[str, bytes], *, stored: frozenset[str] = frozenset(), legacy: bool = False
) -> None:
    """An archive of members in this order; those of `stored` are not packed."""
    path.write_bytes(zip_bytes(members, stored=stored, legacy=legacy))


def zip_bytes(members: Mapping[str, bytes], *, stored: frozenset[str] = frozenset(), legacy: bool = False) -> bytes:
    """An archive in memory; names of legacy letters where they are so."""
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w") as archive:
        for name, content in members.items():
            entry = (_LegacyName if legacy else zipfile.ZipInfo)(name, _MOMENT)
            entry.compress_type = zipfile.ZIP_STORED if name in stored else zipfile.ZIP_DEFLATED
            archive.writestr(entry, content)
    return made.getvalue()


def locked_zip(name: str, content: bytes) -> bytes:
    """An archive whose one entry says that it is encrypted."""
    made = bytearray(zip_bytes({name: content}))
    for mark, at in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        made[made.index(mark) + at] |= _ENCRYPTED
    return bytes(made)


def write_archive(path: Path, members: Mapping[str, bytes], kind: str) -> str:
    """Packs members: zip, legacy (names in Windows-1258), nested (a ZIP in a ZIP) or tar.gz.

    Returns the way to the members within the archive.
    """
    if kind == "nested":
        inner = f"{path.stem}.zip"
        write_zip(path, {inner: zip_bytes(members)})
        return f"{inner}/"
    if kind == "tar.gz":
        path.write_bytes(gzip.compress(tar_bytes(members), mtime=_SECONDS))
        return ""
    write_zip(path, members, legacy=kind == "legacy")
    return ""


def tar_bytes(members: Mapping[str, bytes]) -> bytes:
    made = io.BytesIO()
    with tarfile.open(fileobj=made, mode="w") as archive:
        for name, content in members.items():
            entry = tarfile.TarInfo(name)
            entry.size, entry.mtime = len(content), _SECONDS
            archive.addfile(entry, io.BytesIO(content))
    return made.getvalue()
