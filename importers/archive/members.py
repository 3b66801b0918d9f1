"""The members of an archive of any kind, each as pieces of bytes; nothing is written here."""

from __future__ import annotations

import bz2
import gzip
import lzma
import stat
import tarfile
import zipfile
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from itertools import islice
from typing import IO, TYPE_CHECKING

from importers.archive.kinds import Kind
from importers.faults import Fault, Finding, Rejected

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

AS_ZIP = "pack it as one ordinary ZIP without a password and deliver that"
_PIECE_BYTES = 1 << 20
_XZ_MEMORY_BYTES = 256 << 20  # xz -9 takes 65 MB
_ENCRYPTED, _UTF_8 = 0x1, 0x800  # bits of a ZIP entry's flags
_METHODS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2)
_BLOCK_BYTES = 512


@dataclass(frozen=True, slots=True)
class Member:
    """A file in an archive.

    name: bytes where its encoding is not known. size: as the archive claims. fault: why it is left aside.
    """

    name: bytes | str
    size: int
    read: Callable[[], Iterator[bytes]]
    fault: Finding | None = None


@contextmanager
def open_members(kind: Kind | None, path: Path, name: str, most: int) -> Iterator[list[Member]]:
    """The files of an archive, or `most` + 1 of them where there are more.

    Raises: Rejected for encrypted archives and kinds that are not read; many others for a damaged one.
    """
    match kind:
        case Kind.ZIP:
            with zipfile.ZipFile(path) as archive:
                yield _zip_members(archive, name)
        case Kind.TAR:
            with path.open("rb") as stream, tarfile.open(fileobj=stream, mode="r:", encoding="utf-8") as tar:
                yield _tar_members(tar, stream, most)
        case Kind.GZIP:
            yield [Member(name, 0, lambda: _pieces(gzip.GzipFile(path)))]
        case Kind.BZIP2:
            yield [Member(name, 0, lambda: _pieces(bz2.BZ2File(path)))]
        case Kind.XZ:
            yield [Member(name, 0, lambda: _xz_pieces(path))]
        case _:
            raise Rejected(Fault.UNKNOWN_FORMAT, f"{name} is {kind}, which is not read", AS_ZIP)


def _zip_members(archive: zipfile.ZipFile, name: str) -> list[Member]:
    entries = [entry for entry in archive.infolist() if not entry.is_dir()]
    if any(entry.flag_bits & _ENCRYPTED for entry in entries):
        raise Rejected(Fault.UNREADABLE, f"{name} is encrypted", AS_ZIP)
    return [
        Member(_zip_name(entry), entry.file_size, partial(_open_zipped, archive, entry), _zip_fault(entry))
        for entry in entries
    ]


def _open_zipped(archive: zipfile.ZipFile, entry: zipfile.ZipInfo) -> Iterator[bytes]:
    return _pieces(archive.open(entry))


def _zip_name(entry: zipfile.ZipInfo) -> bytes | str:
    """Bytes where neither flag nor extra field says UTF-8; zipfile has read those as cp437, which keeps all."""
    undecided = entry.orig_filename.partition("\0")[0]
    if entry.flag_bits & _UTF_8 or undecided != entry.filename:
        return entry.filename
    return undecided.encode("cp437")


def _zip_fault(entry: zipfile.ZipInfo) -> Finding | None:
    if stat.S_ISLNK(entry.external_attr >> 16):
        return _link(entry.filename)
    if entry.compress_type not in _METHODS:
        said = f"{entry.filename} is packed by method {entry.compress_type}, which is not read"
        return Finding(Fault.UNREADABLE, said, AS_ZIP)
    return None


def _link(name: str) -> Finding:
    return Finding(Fault.UNREADABLE, f"{name} is no file, but a link or device", "deliver the file itself")


def _tar_members(archive: tarfile.TarFile, stream: IO[bytes], most: int) -> list[Member]:
    """Raises: ReadError where the archive ends without the two empty blocks that end it (POSIX pax, section 4)."""
    entries = list(islice(archive, most + 1))
    if len(entries) <= most:
        stream.seek(archive.offset)
        if stream.read(_BLOCK_BYTES) != bytes(_BLOCK_BYTES):
            raise EOFError("its end is missing")
    return [
        Member(
            entry.name.encode("utf-8", "surrogateescape"),
            entry.size,
            partial(_open_tarred, archive, entry),
            None if entry.isreg() else _link(entry.name),
        )
        for entry in entries
        if not entry.isdir()
    ]


def _open_tarred(archive: tarfile.TarFile, entry: tarfile.TarInfo) -> Iterator[bytes]:
    stream = archive.extractfile(entry)
    return iter(()) if stream is None else _pieces(stream)


def _pieces(stream: IO[bytes] | gzip.GzipFile) -> Iterator[bytes]:
    with stream:
        while piece := stream.read(_PIECE_BYTES):
            yield piece


def _xz_pieces(path: Path) -> Iterator[bytes]:
    """Bounded in memory, which `lzma.open` is not."""
    unpacker = lzma.LZMADecompressor(lzma.FORMAT_XZ, memlimit=_XZ_MEMORY_BYTES)
    with path.open("rb") as stream:
        while not unpacker.eof:
            packed = stream.read(_PIECE_BYTES) if unpacker.needs_input else b""
            if unpacker.needs_input and not packed:
                raise EOFError("its end is missing")
            yield unpacker.decompress(packed, _PIECE_BYTES)
        if (unpacker.unused_data + stream.read()).strip(b"\0"):
            raise lzma.LZMAError("more follows its end")
