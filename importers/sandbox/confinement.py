"""What a worker gives up before it sees its first file."""

from __future__ import annotations

import os
import resource
import sys
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from importers.sandbox import kernel

if TYPE_CHECKING:
    from collections.abc import Iterator

_OPEN_FILES = 256
# File maps and shared memory count as address space only; GDAL and SQLite map what they read.
_ADDRESSES_PER_BYTE = 4
_SYSTEM = ("/usr", "/lib", "/lib64", "/etc/ld.so.cache", "/etc/localtime", "/proc/self", "/proc/meminfo",
           "/sys/devices/system/cpu", "/dev/urandom")  # fmt: skip
_PAGE_BYTES = resource.getpagesize()


@dataclass(frozen=True, slots=True)
class Limits:
    """Bounds on one file.

    cpu_seconds: computing time, however loaded the machine is, and cpu_seconds_per_mb more for a large file.
    seconds: time on the clock between two answers, for a reader that waits.
    memory_bytes: beyond what the loaded code takes. result_bytes: of an answer. file_bytes: of each file it writes.
    """

    cpu_seconds: float = 120.0
    cpu_seconds_per_mb: float = 0.0
    seconds: float = 600.0
    memory_bytes: int = 4 << 30
    result_bytes: int = 1 << 30
    file_bytes: int = 8 << 30

    def cpu_seconds_for(self, size_bytes: int) -> float:
        return self.cpu_seconds + self.cpu_seconds_per_mb * (size_bytes >> 20)


@dataclass(frozen=True, slots=True)
class Terms:
    """What holds for all workers: their limits, the account that root hands them to, what of ours they may read."""

    limits: Limits
    account: int | None
    readable: tuple[Path, ...]


def confine(terms: Terms, folder: Path, parent: int) -> None:
    """Leave this process its own folder to write in, its code to read, bounded resources, and nobody to talk to.

    Raises: OSError where the kernel cannot confine it, or where it could not load its code afterwards.
    """
    os.umask(0o077)
    Path("/proc/self/oom_score_adj").write_text("1000", "ascii")  # of all processes the first to go
    _bound(terms.limits)
    if terms.account is not None:
        kernel.become(terms.account)
    kernel.die_with_parent()
    if os.getppid() != parent:
        sys.exit("orphaned")
    kernel.confine_files([*_code(), *terms.readable], [folder, Path("/dev/null")])
    kernel.confine_calls()
    for path in (Path(os.__file__), *terms.readable):
        with suppress(FileNotFoundError):
            os.close(os.open(path, os.O_RDONLY))


def _bound(limits: Limits) -> None:
    """Memory is counted from here: a worker starts with its code loaded."""
    addresses, data = _memory()
    _set(resource.RLIMIT_CORE, 0)
    _set(resource.RLIMIT_NOFILE, _OPEN_FILES)
    _set(resource.RLIMIT_FSIZE, limits.file_bytes)
    _set(resource.RLIMIT_DATA, data + limits.memory_bytes)
    _set(resource.RLIMIT_AS, addresses + _ADDRESSES_PER_BYTE * limits.memory_bytes)


def _set(kind: int, value: int, *, for_good: bool = True) -> None:
    hard = resource.getrlimit(kind)[1]
    allowed = value if hard == resource.RLIM_INFINITY else min(value, hard)
    resource.setrlimit(kind, (allowed, allowed if for_good else hard))


def _memory() -> tuple[int, int]:
    """Bytes of address space and of data in use."""
    pages = Path("/proc/self/statm").read_text("ascii").split()
    return int(pages[0]) * _PAGE_BYTES, int(pages[5]) * _PAGE_BYTES


def data_bytes() -> int:
    return _memory()[1]


def allow_cpu(seconds: float) -> None:
    """The process is ended by SIGXCPU after so many seconds of computing from now."""
    used = resource.getrusage(resource.RUSAGE_SELF)
    end = int(used.ru_utime + used.ru_stime + seconds) + 1
    _set(resource.RLIMIT_CPU, end, for_good=False)


def _code() -> Iterator[Path]:
    """Where Python, its packages and their tables lie: modules are loaded, and projections looked up, when needed."""
    yield from map(Path, (sys.prefix, sys.base_prefix, *_SYSTEM))
    for name in ("GDAL_DATA", "PROJ_DATA"):
        if os.environ.get(name):
            yield Path(os.environ[name])
    files = {str(getattr(module, "__file__", None) or __file__) for module in list(sys.modules.values())}
    folders = {Path(file).parent for file in files}
    yield from (f for f in folders if not f.is_relative_to(sys.prefix) and not f.is_relative_to(sys.base_prefix))
