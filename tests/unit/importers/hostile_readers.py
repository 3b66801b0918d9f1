"""Readers that do what hostile files make readers do; workers import them by name."""

from __future__ import annotations

import ctypes
import os
import resource
import signal
import socket
import subprocess
import time
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any
from xml.etree import ElementTree as ET

import numpy as np
import pyogrio
import shapely

from importers.faults import Fault, Finding, Rejected
from importers.sandbox import KEPT

if TYPE_CHECKING:
    from collections.abc import Callable

    from importers.source import Dataset

_LEAK: list[np.ndarray[Any, Any]] = []


def misbehave(dataset: Dataset, how: str) -> object:
    return _WAYS[how](dataset)


def read_blindly(dataset: Dataset) -> tuple[int, list[str]]:
    """How many features GDAL alone finds, without the checks that come before it, and the files that are there then."""
    _, _, _, values = pyogrio.raw.read(dataset.path)
    return len(values[0]) if values else 0, sorted(path.name for path in dataset.root.iterdir())


def read_xml(dataset: Dataset) -> str:
    return ET.parse(dataset.path).getroot().tag  # noqa: S314 - that is what is tested


def fetch(dataset: Dataset, how: str, where: str | int) -> object:
    if how == "tcp":
        return socket.create_connection(("127.0.0.1", int(where)), timeout=5)
    if how == "unix":
        return socket.socket(socket.AF_UNIX).connect(str(where))
    return pyogrio.list_layers(f"/vsicurl/http://127.0.0.1:{where}/{dataset.name}")


def touch(_: Dataset, path: Path, mode: str) -> str:
    with path.open(mode) as stream:
        return stream.read() if mode == "r" else str(stream.write("x"))


def scribble(dataset: Dataset) -> str:
    """Writes where GDAL writes: into the file, and beside it."""
    with dataset.path.open("ab") as stream:
        stream.write(b"scribbled")
    dataset.path.with_suffix(".gfs").write_text("side file")
    return dataset.name


def state(dataset: Dataset) -> dict[str, Any]:
    mask = os.umask(0o077)
    return {
        "user": os.getuid(),
        "environment": dict(os.environ),
        "umask": mask,
        "nice": os.getpriority(os.PRIO_PROCESS, 0),
        "core": resource.getrlimit(resource.RLIMIT_CORE),
        "folder": Path.cwd(),
        "mode": Path.cwd().stat().st_mode & 0o777,
        "path": dataset.path,
        "name": dataset.name,
    }


def leave(_: Dataset, name: str, content: str) -> Path:
    (KEPT / name).write_text(content)
    (KEPT / "folder").mkdir()
    (KEPT / "folder" / "inner").write_text(content)
    (KEPT / "link").symlink_to("/etc/passwd")
    return Path(name)


def redirect(_: Dataset, target: Path) -> str:
    """Puts a link where the importing process looks for what is to be kept."""
    KEPT.rmdir()
    KEPT.symlink_to(target)
    return "redirected"


def tell_process(_: Dataset, seconds: float) -> int:
    time.sleep(seconds)
    return os.getpid()


def return_all_kinds(_: Dataset) -> dict[str, Any]:
    return all_kinds()


def all_kinds() -> dict[str, Any]:
    lines = shapely.set_srid(shapely.linestrings([[[0, 1, 2], [3, 4, np.nan]]] * 3), 9214)
    return {
        "plain": [None, True, 1, 1.5, "chữ", b"\0", (1,), {"a": {2}}, date(2024, 2, 29)],
        "numbers": np.arange(6, dtype=np.float32).reshape(2, 3),
        "days": np.array(["2024-02-29"], dtype="datetime64[D]"),
        "scalar": np.int64(7),
        "mixed": np.array([[1, "a"], [None, (2, 3)]], dtype=object),
        "geometries": np.array([lines[0], None, shapely.Point()], dtype=object),
        "geometry": lines[0],
        "finding": Finding(Fault.REPAIRED, "said", "remedy", 3),
        "path": Path("a/b"),
    }


def _loop(_: Dataset) -> None:
    while True:
        pass


def _eat_in_steps(_: Dataset) -> None:
    eaten = []
    while True:
        eaten.append([0.5] * 100_000)


def _eat_in_c(_: Dataset) -> None:
    libc = ctypes.CDLL(None)
    libc.malloc.restype = ctypes.c_void_p
    while block := libc.malloc(ctypes.c_size_t(1 << 24)):
        ctypes.memset(block, 1, 1 << 24)
    libc.abort()


def _leak(_: Dataset) -> int:
    _LEAK.append(np.ones(12 << 20))
    return len(_LEAK)


def _recurse(dataset: Dataset) -> None:
    _recurse(dataset)


def _reject(_: Dataset) -> None:
    raise Rejected(Fault.TRUNCATED, "cut short", "send again")


_WAYS: dict[str, Callable[[Dataset], object]] = {
    "behave": lambda dataset: dataset.name,
    "reject": _reject,
    "raise": lambda _: {}["missing"],
    "segfault": lambda _: ctypes.string_at(0),
    "abort": lambda _: os.abort(),
    "exit": lambda _: os._exit(3),
    "be killed": lambda _: os.kill(os.getpid(), signal.SIGKILL),
    "loop": _loop,
    "sleep": lambda _: time.sleep(3600),
    "eat at once": lambda _: np.ones(1 << 30),
    "eat in steps": _eat_in_steps,
    "eat in C": _eat_in_c,
    "leak": _leak,
    "recurse": _recurse,
    "return much": lambda _: np.random.default_rng(1).bytes(4 << 20),
    "return an object": lambda _: object(),
    "write much": lambda _: KEPT.joinpath("much").write_bytes(bytes(9 << 20)),
    "fork": lambda _: os.fork(),
    "run": lambda _: subprocess.run(["true"], check=True),
    "kill the parent": lambda _: os.kill(os.getppid(), signal.SIGKILL),
}
