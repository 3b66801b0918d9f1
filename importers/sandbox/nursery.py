"""The importing process's side of its workers: starting them, asking them, and learning how one ended."""

from __future__ import annotations

import os
import pickle
import pwd
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from queue import Empty, LifoQueue
from typing import TYPE_CHECKING, Any

from importers.sandbox.channel import MESSAGE_BYTES, READY, Incoming, receive, send
from importers.sandbox.confinement import Terms
from importers.sandbox.copies import give
from importers.sandbox.wire import decode
from layers.errors import Unavailable

if TYPE_CHECKING:
    from collections.abc import Sequence

    from importers.sandbox.confinement import Limits

_BOOT = (
    "import gc, os, sys; gc.disable(); sys.path[:] = sys.argv[2:]; from importers.sandbox.worker import main; main();"
    " os._exit(0)"  # what it loaded is not taken apart
)
_PATIENCE_S = 300.0
_FAILURE_BYTES = 1 << 20  # a failure may be told even where the result may take no byte
_STDERR_CHARACTERS = 2000
# Besides the filter of system calls: GDAL's and PROJ's own ways to the network, and threads beyond the workers.
_ENVIRONMENT = {
    "PATH": os.defpath,
    "LANG": "C.UTF-8",
    "PROJ_NETWORK": "OFF",
    "GDAL_SKIP": "HTTP,WMS,WCS,WMTS,OGCAPI,STACIT,STACTA,PLMOSAIC,EEDAI,NGW,DAAS",
    "OGR_SKIP": "WFS,OAPIF,CSW,PLSCENES,CARTO,ELASTIC,AMIGOCLOUD,NGW,EEDA,PostgreSQL,MySQL",
    "GML_DOWNLOAD_SCHEMA": "NO",
    "OSR_USE_NON_DEPRECATED": "NO",  # else EPSG:6957, which is refused, is silently read as EPSG:5897
    "OPENBLAS_NUM_THREADS": "1",
    "OMP_NUM_THREADS": "1",
    "ARROW_DEFAULT_MEMORY_POOL": "system",  # the others reserve a gigabyte before they use any
}
_PASSED_ON = ("PROJ_DATA", "GDAL_DATA")
_NO_ACCOUNTS = range(65533, 60000, -1)


@dataclass(slots=True)
class Worker:
    """A process that answers one job at a time; `folder` is where it may write."""

    pid: int
    channel: socket.socket
    folder: Path
    _greeting: bytes = b""

    @property
    def has_ended(self) -> bool:
        return self.channel.fileno() < 0

    def greeting(self) -> bytes:
        """READY where it waits for a job, or else what hinders it, or nothing where it has ended."""
        if not self._greeting:
            with suppress(EOFError, OSError):
                self._greeting = receive(self.channel, MESSAGE_BYTES, _PATIENCE_S)
        return self._greeting

    def tell(self, message: bytes, limits: Limits) -> None:
        """Give it a job. Raises: TimeoutError; EOFError where the worker ended."""
        self._greeting = b""
        try:
            self.channel.settimeout(limits.seconds)
            send(self.channel, message)
        except ConnectionError as error:
            raise EOFError from error

    def answer(self, limits: Limits) -> tuple[Any, ...]:
        """Its next answer. Raises: TimeoutError, TooLarge; EOFError where the worker ended; any other for nonsense."""
        try:
            message = Incoming(self.channel, limits.result_bytes + _FAILURE_BYTES, limits.seconds)
            decoded: tuple[Any, ...] = decode(message)
        except ConnectionError as error:
            raise EOFError from error
        if message.left:
            raise pickle.UnpicklingError("a message goes on behind its content")
        return decoded


class Nursery:
    """The process that has loaded the readers and forks the workers; threads share it. All is done below `folder`."""

    def __init__(self, folder: Path, limits: Limits, readable: Sequence[Path], module: str) -> None:
        self._folder = folder
        self.account = _choose_account(folder)
        self._idle: LifoQueue[Worker] = LifoQueue()
        self._lock = threading.Lock()
        self._stderr = tempfile.TemporaryFile()  # noqa: SIM115 - open as long as the process runs
        self._control, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self._control.settimeout(_PATIENCE_S)
        with theirs:
            self._process = self._run(theirs)
        self._is_ready = False
        with suppress(OSError):  # the first command says why it ended
            self._control.send(pickle.dumps((Terms(limits, self.account, tuple(readable)), folder, module)))

    def _run(self, control: socket.socket) -> subprocess.Popen[bytes]:
        return subprocess.Popen(
            [sys.executable, "-I", "-c", _BOOT, str(control.fileno()), *filter(os.path.isabs, sys.path)],
            env=_ENVIRONMENT | {"HOME": str(self._folder)} | {n: os.environ[n] for n in _PASSED_ON if n in os.environ},
            cwd="/",
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=self._stderr,
            pass_fds=[control.fileno()],
            start_new_session=True,  # Ctrl-C is for the importing process, which then ends this one
        )

    def take(self) -> Worker:
        """A worker that waits for a job. Raises: Unavailable where none can be confined."""
        while True:
            try:
                worker = self._idle.get_nowait()
            except Empty:
                return self._start()
            if worker.greeting() == READY:
                return worker
            self.end(worker)  # it had grown too large

    def put_back(self, worker: Worker) -> None:
        if not worker.has_ended:
            self._idle.put(worker)

    def end(self, worker: Worker) -> int:
        """The worker's status as wait(2) has it: by a signal where it crashed, by SIGKILL where it ran till now."""
        worker.channel.close()
        status = int(self._command(str(worker.pid).encode()))
        shutil.rmtree(worker.folder / "tmp", ignore_errors=True)
        return status

    def _start(self) -> Worker:
        folder = self._make_folder()
        ours, theirs = socket.socketpair()
        try:
            with theirs:
                worker = Worker(int(self._command(os.fsencode(folder), theirs.fileno())), ours, folder)
        except Unavailable:
            ours.close()
            raise
        greeting = worker.greeting()
        if greeting != READY:
            self.end(worker)
            said = greeting.decode(errors="replace") or "it ended at once"
            raise Unavailable(f"Files cannot be read safely here, a worker cannot be confined: {said}")
        return worker

    def _make_folder(self) -> Path:
        """Where one worker may write: in what is its account's there, and in no other worker's."""
        folder = Path(tempfile.mkdtemp(dir=self._folder))
        (folder / "tmp").mkdir(mode=0o700)
        if self.account is not None:
            folder.chmod(0o711)
            give(folder / "tmp", self.account, self.account)
        return folder

    def _command(self, message: bytes, *descriptors: int) -> bytes:
        with self._lock:
            try:
                self._is_ready = self._is_ready or self._control.recv(MESSAGE_BYTES) == READY
                socket.send_fds(self._control, [message], descriptors)
                if answer := self._control.recv(MESSAGE_BYTES):
                    return answer
            except OSError:
                pass
            raise Unavailable(f"The process that reads files has ended: {self._last_words()}")

    def _last_words(self) -> str:
        self._stderr.seek(0)
        return self._stderr.read().decode(errors="replace")[-_STDERR_CHARACTERS:].strip() or "no message"

    def close(self) -> None:
        """End the process and all workers; threads that wait for one hear of it."""
        with self._lock:
            if not self._is_ready:
                self._process.kill()  # it has no workers yet
            self._control.close()
        self._process.wait()

    def forget(self) -> None:
        """Let go of what is left when no thread uses it any more."""
        self._stderr.close()
        while not self._idle.empty():
            self._idle.get().channel.close()


def _choose_account(folder: Path) -> int | None:
    """A number that no account has, where root can hand files to it; nobody's own is PostgreSQL's on some machines."""
    if os.geteuid() != 0:
        return None
    taken = {entry.pw_uid for entry in pwd.getpwall()}
    account = next(number for number in _NO_ACCOUNTS if number not in taken)
    try:
        os.chown(folder, 0, account)
    except OSError:  # root of a container that has no such number
        return None
    folder.chmod(0o710)
    return account


def describe_end(status: int, limits: Limits) -> str:
    """What a file did to the worker that read it, where it ended with this status."""
    if not os.WIFSIGNALED(status):
        return f"ends its reader (status {os.waitstatus_to_exitcode(status)})"
    number = os.WTERMSIG(status)
    if number == signal.SIGXCPU:
        return f"takes more than {limits.cpu_seconds:g} s of computing"
    memory = f"most often for want of memory ({limits.memory_bytes >> 20} MB are allowed)"
    if number == signal.SIGKILL:
        return f"lets its reader be killed by the system, {memory}"
    if number == signal.SIGABRT:
        return f"makes its reader give up (SIGABRT), {memory}"
    return f"crashes its reader ({signal.Signals(number).name})"
