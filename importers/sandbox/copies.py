"""What goes to a worker and what comes back: private copies, for readers write beside a file and must not alter any."""

from __future__ import annotations

import os
import shutil
import stat
import tempfile
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING
from uuid import uuid4

from importers.faults import Fault, Rejected

if TYPE_CHECKING:
    from collections.abc import Iterator

    from importers.source import Dataset

COPIES = "delivered"
_CHUNK_BYTES = 64 << 20


@dataclass(frozen=True, slots=True)
class Copy:
    """A dataset in a folder that is ours alone until a worker is given it; its paths are relative to the folder."""

    folder: Path
    dataset: Dataset


def make_copy(dataset: Dataset, within: Path) -> Copy:
    """A copy in a new folder. Raises: Rejected as `copy_dataset`, OSError."""
    folder = Path(tempfile.mkdtemp(dir=within))
    try:
        return Copy(folder, copy_dataset(dataset, folder / COPIES))
    except BaseException:
        shutil.rmtree(folder, ignore_errors=True)
        raise


def make_known_copy(dataset: Dataset, within: Path) -> Copy:
    """The same with the hash of what was copied. Raises: Rejected as `copy_dataset`, OSError."""
    copy = make_copy(dataset, within)
    parts = tuple(copy.folder / part for part in copy.dataset.parts)
    return replace(copy, dataset=replace(copy.dataset, digest=replace(copy.dataset, parts=parts).sha256()))


def copy_dataset(dataset: Dataset, folder: Path) -> Dataset:
    """The dataset with all its parts in a folder, under the same name; paths are relative to the folder's parent.

    No hard links, for what is written through one is written into the delivery; where the file system can share
    blocks until they are written to, it does.
    Raises: Rejected for a link that leads out of the delivered folder, and for what cannot be read.
    """
    root = dataset.root.resolve()
    for file in (file for part in dataset.parts for file in _files(part)):
        try:
            real = file.resolve()
            if not real.is_relative_to(root):
                raise _refused(dataset, f"{file.name} is a link that leads out of the delivered folder")
            _copy(real, folder / file.relative_to(dataset.root))
        except OSError as error:
            raise _refused(dataset, f"{file.name} cannot be copied: {error.strerror}") from error
    copied = Path(folder.name)
    places = {path: copied / path.relative_to(dataset.root) for path in (dataset.path, *dataset.parts)}
    parts = tuple(places[part] for part in dataset.parts)
    return replace(dataset, path=places[dataset.path], root=copied, parts=parts, is_copy=True)


def give(path: Path, user: int, group: int) -> None:
    """Hand a file, or a folder with all that is in it, to an account."""
    for folder, folders, files in os.walk(path, topdown=False):
        for name in (*folders, *files):
            os.chown(Path(folder, name), user, group, follow_symlinks=False)
    os.chown(path, user, group, follow_symlinks=False)


def has_left(folder: Path) -> bool:
    """Whether a worker left something in a folder that it has not replaced."""
    return folder.is_dir() and not folder.is_symlink() and any(folder.iterdir())


def keep(folder: Path, target: Path) -> None:
    """Move files and folders to another folder, where each appears whole or not at all.

    What is there already stays as it is, and links are not kept.
    """
    for entry in sorted(folder.iterdir()):
        if (target / entry.name).exists() or entry.is_symlink():
            continue
        target.mkdir(parents=True, exist_ok=True)
        partial = target / f".{entry.name}.{uuid4().hex}.partial"
        try:
            _move(entry, partial)
            if os.geteuid() == 0:
                give(partial, 0, 0)
            if partial.is_file():
                partial.chmod(0o644)
            partial.rename(target / entry.name)
        finally:
            shutil.rmtree(partial, ignore_errors=True)
            partial.unlink(missing_ok=True)


def _move(entry: Path, partial: Path) -> None:
    try:
        entry.rename(partial)
    except OSError:  # another file system
        for file in _files(entry):
            _copy(file, partial / file.relative_to(entry))


def _files(part: Path) -> Iterator[Path]:
    """The file itself, or all files below a folder that is delivered as one."""
    if not part.is_dir():
        yield part
        return
    for path, _, names in os.walk(part):
        yield from (Path(path, name) for name in names)


def _copy(source: Path, target: Path) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    reading = os.open(source, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    try:
        if not stat.S_ISREG(os.fstat(reading).st_mode):
            raise OSError(None, "it is no file")
        writing = os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
        try:
            _pump(reading, writing)
        finally:
            os.close(writing)
    finally:
        os.close(reading)


def _pump(reading: int, writing: int) -> None:
    with suppress(OSError):  # the two file systems have no short way between them
        while os.copy_file_range(reading, writing, _CHUNK_BYTES):
            pass
        return
    while os.sendfile(writing, reading, None, _CHUNK_BYTES):
        pass


def _refused(dataset: Dataset, said: str) -> Rejected:
    return Rejected(Fault.UNREADABLE, f"{dataset.name}: {said}", "deliver the file itself, readable")
