"""The private folder of an import, and those that killed imports left behind."""

from __future__ import annotations

import fcntl
import os
import shutil
import tempfile
from contextlib import suppress
from pathlib import Path

_PREFIX, _LOCK = "city-twin-", "lock"


def make_folder(within: Path | None) -> tuple[Path, int]:
    """A new folder and the lock on it, held as long as this process lives; what others left is removed before."""
    above = Path(within or tempfile.gettempdir())
    _sweep(above)
    folder = Path(tempfile.mkdtemp(prefix=_PREFIX, dir=above))
    lock = os.open(folder / ".lock", os.O_CREAT | os.O_RDWR | os.O_CLOEXEC, 0o600)
    fcntl.flock(lock, fcntl.LOCK_EX)
    (folder / ".lock").rename(folder / _LOCK)  # nobody finds it before it is held
    return folder, lock


def _sweep(above: Path) -> None:
    """The process that reads files cleans up when the importing one is killed; who kills both leaves a folder."""
    for folder in above.glob(f"{_PREFIX}*"):
        with suppress(OSError):
            if folder.is_symlink() or folder.stat().st_uid != os.geteuid():
                continue
            lock = os.open(folder / _LOCK, os.O_RDWR | os.O_NOFOLLOW | os.O_CLOEXEC)
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                shutil.rmtree(folder, ignore_errors=True)
            finally:
                os.close(lock)
