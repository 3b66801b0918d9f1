"""Archives as folders of files: ZIP, TAR, and single files packed by gzip, bzip2 or xz, one within another.

What comes out is bounded in bytes, number and depth, and lies below one folder whatever its names say; no link or
device is made. Python's readers of archives have had endless loops and can be made to fill memory by headers alone:
archives are for workers (`importers.sandbox`), by `unpack`.
"""

from __future__ import annotations

import errno
import lzma
import re
import shutil
import struct
import tarfile
import tempfile
import zipfile
import zlib
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING

from importers.archive.kinds import HEAD_BYTES, Kind, is_archive
from importers.archive.members import Member, open_members
from importers.archive.names import Places, climbs, decode_names
from importers.faults import Fault, Finding, Rejected
from importers.sandbox import KEPT

if TYPE_CHECKING:
    from collections.abc import Iterator

    from importers.source import Dataset

__all__ = ["HEAD_BYTES", "ArchiveLimits", "Kind", "is_archive", "open_archive", "unpack"]

_AGAIN = "ask the department to deliver it again"
_PACKED = (Kind.GZIP, Kind.BZIP2, Kind.XZ)
_PACKED_SUFFIX = re.compile(r"\.(gz|bz2|xz)$", re.IGNORECASE)
_PACKED_TAR = re.compile(r"\.t(gz|bz2?|xz)$", re.IGNORECASE)
_DAMAGE = (zipfile.BadZipFile, tarfile.TarError, zlib.error, lzma.LZMAError, struct.error, ValueError, LookupError,
           NotImplementedError, RuntimeError, OverflowError)  # fmt: skip

type Files = list[tuple[str, Path | Finding]]


@dataclass(frozen=True, slots=True)
class ArchiveLimits:
    """Bounds on one delivered archive with all archives within it.

    total_bytes: of all that comes out, on the way, too; of more than free_bytes only ratio times the archive's size
    (deflate reaches 1032, real data 100). entries: members. depth: archives within archives. name_characters: of a
    member's path.
    """

    total_bytes: int = 8 << 30
    free_bytes: int = 64 << 20
    ratio: int = 250
    entries: int = 20_000
    depth: int = 4
    name_characters: int = 400


def unpack(dataset: Dataset, token: str, limits: ArchiveLimits) -> Files:
    """`open_archive` for workers, into `KEPT`/token; paths begin with the token, names with the archive's name."""
    folder = dataset.name.removesuffix(dataset.path.name)
    files = open_archive(dataset.path, KEPT / token, limits)
    return [(folder + name, found.relative_to(KEPT) if isinstance(found, Path) else found) for name, found in files]


def open_archive(path: Path, into: Path, limits: ArchiveLimits) -> Files:
    """The files of an archive, unpacked to the new folder `into`.

    Each with its name as delivered ("delivery.zip/folder/pipes.shp") and its path, or why it was left aside.
    Raises: Rejected for an archive of another kind, encrypted, damaged, empty, or beyond a limit.
    """
    into.mkdir(parents=True)
    try:
        with tempfile.TemporaryDirectory(dir=into.parent) as scratch:
            allowed = min(limits.total_bytes, max(limits.free_bytes, limits.ratio * path.stat().st_size))
            unpacking = _Unpacking(limits, Path(scratch), allowed, limits.entries)
            return unpacking.unpack(_kind(path, path.name), path, into, path.name, 1)
    except Rejected:
        shutil.rmtree(into)
        raise


def _kind(path: Path, name: str) -> Kind | None:
    with path.open("rb") as stream:
        return is_archive(stream.read(HEAD_BYTES), name)


def _climbing(name: str) -> Finding:
    said = f"{name} is to be written outside the archive's own folder, as no program packs it by itself"
    return Finding(Fault.UNREADABLE, said, "ask who made the archive; deliver the file itself")


class _TooMuch(Rejected):
    """A limit on all that was delivered: it ends the archives around, too."""

    def __init__(self, name: str, said: str) -> None:
        super().__init__(Fault.UNREADABLE, f"{name} {said}", "deliver its files without the archive, or in several")


@contextmanager
def _naming_damage(name: str) -> Iterator[None]:
    try:
        yield
    except EOFError as error:
        raise Rejected(Fault.TRUNCATED, f"{name} is cut short: {error}", _AGAIN) from error
    except OSError as error:
        if error.errno not in (None, errno.EINVAL):  # of the disk, not of the archive
            raise
        raise Rejected(Fault.UNREADABLE, f"{name} is damaged: {error}", _AGAIN) from error
    except _DAMAGE as error:
        raise Rejected(Fault.UNREADABLE, f"{name} is damaged, or one of several parts: {error}", _AGAIN) from error


@dataclass(slots=True)
class _Unpacking:
    limits: ArchiveLimits
    scratch: Path
    bytes_left: int
    entries_left: int
    numbers: Iterator[int] = field(default_factory=count)

    def unpack(self, kind: Kind | None, path: Path, into: Path, name: str, depth: int) -> Files:
        if depth > self.limits.depth:
            raise _TooMuch(name, f"lies in {self.limits.depth} archives, one in another")
        with _naming_damage(name), open_members(kind, path, name, self.entries_left) as members:
            if kind in _PACKED:
                return self._unpack_one(members[0], into, name, depth)
            return self._unpack_all(members, into, name, depth)

    def _unpack_one(self, member: Member, into: Path, name: str, depth: int) -> Files:
        """A packed TAR is one archive; another packed file stands alone in the folder."""
        unpacked = self.scratch / str(next(self.numbers))
        self._write(member, unpacked, name)
        inner = _PACKED_TAR.sub(".tar", _PACKED_SUFFIX.sub("", name.rpartition("/")[2]))
        if _kind(unpacked, inner) is Kind.TAR:
            return self.unpack(Kind.TAR, unpacked, into, name, depth)
        target = Places(into).choose(inner)
        unpacked.rename(target)
        return self._look_into(target, f"{name}/{inner}", depth)

    def _unpack_all(self, members: list[Member], into: Path, name: str, depth: int) -> Files:
        if not members:
            raise Rejected(Fault.EMPTY_FILE, f"{name} holds no files", _AGAIN)
        self.entries_left -= len(members)
        if self.entries_left < 0:
            raise _TooMuch(name, f"holds more than {self.limits.entries} files")
        if sum(member.size for member in members if member.fault is None) > self.bytes_left:
            raise self._too_large(name)
        places = Places(into)
        files: Files = []
        taken: set[str] = set()
        for member, inner in zip(members, decode_names([member.name for member in members]), strict=True):
            shown = f"{name}/{inner}"
            if len(inner) > self.limits.name_characters:
                raise _TooMuch(name, f"holds names of more than {self.limits.name_characters} characters")
            fault = _climbing(shown) if climbs(inner) else member.fault
            if fault is not None:
                files.append((shown, fault))
                continue
            target = places.choose(inner)
            self._write(member, target, name)
            # Files of one name are two files, and reports know them by their names.
            shown = f"{name}/{target.relative_to(into).as_posix()}" if inner in taken else shown
            taken.add(inner)
            files += self._look_into(target, shown, depth)
        return files

    def _look_into(self, file: Path, name: str, depth: int) -> Files:
        """The file, or what it holds where it is an archive; an archive that cannot be read stops no other."""
        kind = _kind(file, name)
        if kind is None:
            return [(name, file)]
        packed = file.rename(self.scratch / str(next(self.numbers)))
        file.mkdir()
        try:
            return self.unpack(kind, packed, file, name, depth + 1)
        except _TooMuch:
            raise
        except Rejected as rejected:
            shutil.rmtree(file)
            return [(name, rejected.finding)]
        finally:
            packed.unlink()

    def _write(self, member: Member, target: Path, name: str) -> None:
        target.parent.mkdir(parents=True, exist_ok=True)
        with target.open("xb") as stream:
            for piece in member.read():
                self.bytes_left -= len(piece)
                if self.bytes_left < 0:
                    raise self._too_large(name)
                stream.write(piece)

    def _too_large(self, name: str) -> _TooMuch:
        limits = self.limits
        return _TooMuch(name, f"unpacks to more than {limits.total_bytes >> 20} MB or {limits.ratio} times its size")
