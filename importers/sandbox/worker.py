"""The other side: a process that loads the readers once, and forks the workers that read.

It is started as a program of its own, so that neither the connection to the database nor any secret of the importing
process is in a worker's memory. It ends with that process, for its socket closes then; the workers end with it.
"""

from __future__ import annotations

import gc
import os
import pickle
import shutil
import signal
import socket
import sys
import tempfile
import traceback
from collections.abc import Iterator
from contextlib import suppress
from functools import lru_cache
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any

from importers.faults import Rejected
from importers.sandbox.channel import MESSAGE_BYTES, READY, receive, send
from importers.sandbox.confinement import allow_cpu, confine, data_bytes
from importers.sandbox.wire import TooLarge, encode

if TYPE_CHECKING:
    from collections.abc import Callable

    from importers.sandbox.confinement import Limits, Terms

_TRACE_CHARACTERS = 4000
_GROWN = 0.25  # share of the memory limit; a worker that keeps more after a file is replaced


def main() -> None:
    """Serve a socket: a folder's name with a file descriptor forks a worker, a number ends that worker."""
    control = socket.socket(fileno=int(sys.argv[1]))
    terms, folder, module = pickle.loads(control.recv(MESSAGE_BYTES))  # noqa: S301 - from the process that began this
    workers: set[int] = set()
    try:
        import_module(module)
        gc.freeze()
        gc.enable()  # while all that was loaded only to stay, every look for rubbish was in vain
        with suppress(BrokenPipeError):  # the importing process was killed meanwhile
            control.send(READY)
            _serve_control(control, terms, workers)
    finally:
        for pid in workers:
            _end(pid)
        shutil.rmtree(folder, ignore_errors=True)  # the importing process may have been killed


def _serve_control(control: socket.socket, terms: Terms, workers: set[int]) -> None:
    while True:
        message, descriptors, _, _ = socket.recv_fds(control, MESSAGE_BYTES, 1)
        if not message:
            return
        if descriptors:
            pid = _fork(control, terms, Path(os.fsdecode(message)), descriptors[0])
            workers.add(pid)
            control.send(str(pid).encode())
        else:
            pid = int(message)
            workers.discard(pid)
            control.send(str(_end(pid)).encode())


def _end(pid: int) -> int:
    """Status of a worker as wait(2) has it; one that ran till now was killed."""
    os.kill(pid, signal.SIGKILL)
    return os.waitpid(pid, 0)[1]


def _fork(control: socket.socket, terms: Terms, folder: Path, descriptor: int) -> int:
    parent = os.getpid()
    pid = os.fork()
    if pid:
        os.close(descriptor)
        return pid
    status = 1
    try:
        control.close()
        serve(socket.socket(fileno=descriptor), terms, folder, parent)
        status = 0
    finally:
        os._exit(status)


def serve(channel: socket.socket, terms: Terms, folder: Path, parent: int) -> None:
    """Answer jobs until the channel closes; before each stands READY, or else what hinders the worker."""
    _settle(folder)
    try:
        confine(terms, folder, parent)
    except OSError as error:
        send(channel, str(error).encode())
        return
    start = data_bytes()
    with suppress(EOFError):
        while data_bytes() - start < _GROWN * terms.limits.memory_bytes:
            send(channel, READY)
            for answer in _answers(receive(channel), terms.limits):
                send(channel, *answer)


def _settle(folder: Path) -> None:
    """Nothing is read from or written to the terminal, and temporary files lie in the worker's own folder."""
    null = os.open(os.devnull, os.O_RDWR)
    for stream in range(3):
        os.dup2(null, stream)
    for name in ("HOME", "TMPDIR", "CPL_TMPDIR", "SQLITE_TMPDIR"):
        os.environ[name] = str(folder / "tmp")
    tempfile.tempdir = os.environ["TMPDIR"]  # the module may have found another before


def _answers(message: bytes, limits: Limits) -> Iterator[list[bytes]]:
    """("part", what a generator yields) as it comes; at last ("done", result), which a generator has none of,
    ("rejected", finding, trace), or ("failed", what happened, trace).
    """
    folder, function, job, size = pickle.loads(message)  # noqa: S301 - from the importing process
    os.chdir(folder)
    allow_cpu(limits.cpu_seconds_for(size))
    try:
        result = _load(function)(*job)
        if isinstance(result, Iterator):
            for part in result:
                yield encode(("part", part), limits.result_bytes)
            yield encode(("done",), limits.result_bytes)
        else:
            yield encode(("done", result), limits.result_bytes)
    except Rejected as rejected:
        yield _encode_failure("rejected", rejected.finding, rejected)
    except TooLarge as error:
        yield _encode_failure("failed", f"brings more than {limits.result_bytes >> 20} MB", error)
    except MemoryError as error:
        yield _encode_failure("failed", f"needs more than {limits.memory_bytes >> 20} MB of memory", error)
    except RecursionError as error:
        yield _encode_failure("failed", "is nested too deeply", error)
    except Exception as error:  # noqa: BLE001 - whatever a file makes a reader do, the next file is read
        said = f"makes its reader fail: {type(error).__name__}: {error}"
        yield _encode_failure("failed", said[:_TRACE_CHARACTERS], error)


@lru_cache(maxsize=1)
def _load(function: bytes) -> Callable[..., Any]:
    """The function with what is bound to it, once for all files of an import."""
    loaded: Callable[..., Any] = pickle.loads(function)  # noqa: S301 - from the importing process
    return loaded


def _encode_failure(kind: str, said: object, error: Exception) -> list[bytes]:
    traceback.clear_frames(error.__traceback__)  # their values may fill all memory there is
    trace = "".join(traceback.format_exception(error))[-_TRACE_CHARACTERS:]
    return encode((kind, said, trace), sys.maxsize)
