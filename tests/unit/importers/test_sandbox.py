"""Real crashes, hangs, bombs and break-outs, in real worker processes."""

from __future__ import annotations

import os
import pickle
import signal
import socket
import subprocess
import sys
import threading
import time
from functools import partial
from importlib import import_module
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
import shapely

from importers.faults import Fault, Rejected
from importers.sandbox import Limits, Workers, kernel
from importers.sandbox.channel import Incoming, send
from importers.sandbox.nursery import Worker
from importers.sandbox.wire import TooLarge, decode, encode
from importers.source import Dataset
from layers.errors import Unavailable

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

HERE = Path(__file__).parent
sys.path.append(str(HERE))  # where the nursery finds the module, too
readers: Any = import_module("hostile_readers")

LIMITS = Limits(cpu_seconds=1, seconds=120, memory_bytes=256 << 20, result_bytes=1 << 20, file_bytes=8 << 20)
needs_landlock = pytest.mark.skipif(not kernel.has_landlock(), reason="the kernel has no Landlock")


@pytest.fixture(scope="module")
def workers() -> Iterator[Workers]:
    with Workers(2, LIMITS) as opened:
        yield opened


@pytest.fixture
def dataset(tmp_path: Path) -> Dataset:
    return deliver(tmp_path / "delivered" / "pipes.txt", "pipes")


def deliver(path: Path, content: str | bytes) -> Dataset:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return Dataset(path, path.parent, (path,))


def read(workers: Workers, function: Callable[..., Any], dataset: Dataset, *arguments: object) -> Any:
    ((same, outcome),) = workers.map(function, [(dataset, *arguments)])
    assert same is dataset
    return outcome


@pytest.mark.parametrize(
    ("how", "said"),
    [
        ("raise", "makes its reader fail: KeyError: 'missing'"),
        ("segfault", "crashes its reader (SIGSEGV)"),
        ("abort", "makes its reader give up (SIGABRT), most often for want of memory (256 MB are allowed)"),
        ("exit", "ends its reader (status 3)"),
        ("be killed", "lets its reader be killed by the system, most often for want of memory (256 MB are allowed)"),
        ("loop", "takes more than 1 s of computing"),
        ("eat at once", "needs more than 256 MB of memory"),
        ("eat in steps", "needs more than 256 MB of memory"),
        ("eat in C", "makes its reader give up (SIGABRT), most often for want of memory (256 MB are allowed)"),
        ("recurse", "is nested too deeply"),
        ("return much", "brings more than 1 MB"),
        ("return an object", "makes its reader fail: TypeError: a object may not leave a worker"),
        ("write much", "makes its reader fail: OSError: [Errno 27] File too large"),
        ("fork", "makes its reader fail: PermissionError: [Errno 1] Operation not permitted"),
        ("run", "makes its reader fail: PermissionError: [Errno 1] Operation not permitted"),
        ("kill the parent", "makes its reader fail: PermissionError: [Errno 1] Operation not permitted"),
    ],
)
def test_misbehaviour_ends_as_one_rejection(workers, dataset, how, said):
    """Whatever a file does to its reader is named, and the file after it is read."""
    jobs = [(dataset, "behave"), (dataset, how), (dataset, "behave")]
    before, outcome, after = [outcome for _, outcome in workers.map(readers.misbehave, jobs)]
    assert (before, after) == ("pipes.txt", "pipes.txt")
    assert isinstance(outcome, Rejected)
    assert outcome.finding.fault is Fault.UNREADABLE
    assert outcome.finding.message == f"pipes.txt {said}"
    assert outcome.finding.remedy


def test_rejection_by_the_reader_comes_through(workers, dataset):
    """A reader's own verdict keeps its fault, words and remedy, and its trace is at hand."""
    outcome = read(workers, readers.misbehave, dataset, "reject")
    finding = outcome.finding
    assert (finding.fault, finding.message, finding.remedy) == (Fault.TRUNCATED, "cut short", "send again")
    assert "in _reject" in outcome.__notes__[0]


def test_sleeping_reader_is_ended(dataset):
    """Time on the clock is bounded, too, for a reader that waits uses no computing time."""
    with Workers(1, Limits(seconds=2)) as workers:
        outcome = read(workers, readers.misbehave, dataset, "sleep")
        assert outcome.finding.message == "pipes.txt is not read within 2 s"
        assert read(workers, readers.misbehave, dataset, "behave") == "pipes.txt"


def test_order_is_kept_and_workers_are_several_and_warm(workers, dataset):
    """Results come in the order of the jobs; two files are read at once; a worker reads many files."""
    slow, fast = [outcome for _, outcome in workers.map(readers.tell_process, [(dataset, 1), (dataset, 0)])]
    assert slow != fast
    jobs = ((dataset, 0) for _ in range(50))
    assert {outcome for _, outcome in workers.map(readers.tell_process, jobs)} <= {slow, fast}


def test_growing_worker_is_replaced(workers, dataset):
    """What readers leak does not add up: eight files that leak 96 MB each are read within 256 MB."""
    outcomes = [outcome for _, outcome in workers.map(readers.misbehave, [(dataset, "leak")] * 8)]
    assert outcomes == [1] * 8


def test_all_kinds_of_values_come_back(workers, dataset):
    """Numbers, text, dates, arrays, geometries with z and SRID, paths and records are what they were."""
    there, here = read(workers, readers.return_all_kinds, dataset), readers.all_kinds()
    for name in ("plain", "finding", "path", "scalar"):
        assert there[name] == here[name]
        assert type(there[name]) is type(here[name])
    for name in ("numbers", "days", "mixed"):
        assert there[name].dtype == here[name].dtype
        assert there[name].tolist() == here[name].tolist()
    assert shapely.get_srid(there["geometry"]) == 9214
    np.testing.assert_array_equal(
        shapely.get_coordinates(there["geometries"], include_z=True),
        shapely.get_coordinates(here["geometries"], include_z=True),
    )
    assert there["geometries"][1] is None
    assert there["geometries"][2].is_empty


def test_partial_function_brings_what_is_bound(workers, dataset):
    """What all files share is bound once."""
    assert read(workers, partial(readers.misbehave, how="behave"), dataset) == "pipes.txt"


def test_answer_cannot_run_code():
    """A worker that was taken over cannot have anything called in the importing process."""

    class Bomb:
        def __reduce__(self) -> tuple[Any, ...]:
            return os.system, ("true",)

    for hostile in (pickle.dumps(Bomb()), pickle.dumps(Workers), b"".join(encode([1], 99))[:-3], b""):
        with pytest.raises((pickle.UnpicklingError, EOFError)):
            decode(BytesIO(hostile))
    record = b"".join(encode(readers.all_kinds()["finding"], 10_000))
    for other in (b"importers.sandbox", b"layers.databases", b"subprocesssssssss"):
        with pytest.raises((TypeError, KeyError, AttributeError)):
            decode(BytesIO(record.replace(b"importers.faults", other[:16])))


@pytest.mark.parametrize(
    ("length", "content", "kind"),
    [
        (5, b"\x80\x05B\xff\xff", pickle.UnpicklingError),  # text of which the message ends before its length
        (12, b"\x80\x05B\xff\xff\xff\x00" + b"five.", pickle.UnpicklingError),  # bytes that go on behind it
        (9, b"\x80\x05(K\x01la\ni", pickle.UnpicklingError),  # a kind that is named in lines
        (99, b"\x80\x05K", EOFError),  # the worker ends within it
        (101, b"", TooLarge),
    ],
)
def test_message_is_read_to_its_end_and_no_further(length, content, kind):
    """What a worker says of the length of a message, and of what is in it, costs neither memory nor other messages."""
    ours, theirs = socket.socketpair()
    with ours:
        with theirs:
            theirs.sendall(length.to_bytes(8, "little") + content)
        with pytest.raises(kind):
            decode(Incoming(ours, 100, 5))


def test_message_that_goes_on_is_nonsense(tmp_path):
    """What stands behind an answer is not taken for the next one."""
    ours, theirs = socket.socketpair()
    with ours, theirs:
        send(theirs, *encode(("done",), 99), b"more")
        with pytest.raises(pickle.UnpicklingError):
            Worker(0, ours, tmp_path).answer(LIMITS)


def test_network_is_out_of_reach(workers, dataset, tmp_path):
    """Neither Python nor GDAL reaches a listener on this machine, by TCP or a Unix socket."""
    unix = str(tmp_path / "socket")
    with socket.create_server(("127.0.0.1", 0)) as tcp, socket.socket(socket.AF_UNIX) as local:
        local.bind(unix)
        local.listen()
        port = tcp.getsockname()[1]
        for how, where in (("tcp", port), ("unix", unix), ("gdal", port)):
            assert isinstance(read(workers, readers.fetch, dataset, how, where), Rejected)
        for listener in (tcp, local):
            listener.setblocking(False)
            with pytest.raises(BlockingIOError):
                listener.accept()


@needs_landlock
def test_other_files_are_out_of_reach(workers, dataset, tmp_path):
    """A reader opens nothing but its copies and its code, and writes nowhere else, not in shared memory either."""
    secret = tmp_path / "secret"
    secret.write_text("secret")
    secret.chmod(0o666)
    elsewhere = [Path("/", *parts, "city-twin") for parts in (["tmp"], ["dev", "shm"], ["var", "tmp"])]
    for path, mode in [(p, "r") for p in (secret, Path("/etc/passwd"), dataset.path)] + [(p, "w") for p in elsewhere]:
        outcome = read(workers, readers.touch, dataset, path, mode)
        assert "PermissionError: [Errno 13]" in outcome.finding.message
    assert secret.read_text() == "secret"


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become another account")
def test_worker_of_root_is_not_root(workers, dataset, tmp_path):
    """Without Landlock, too, root's files are safe, while code below a private home can be loaded."""
    assert read(workers, readers.state, dataset)["user"] not in (0, os.getuid())
    target = tmp_path / "target"
    target.write_text("safe")
    assert "PermissionError" in read(workers, readers.touch, dataset, target, "w").finding.message


@needs_landlock
def test_readable_files_of_ours(dataset, tmp_path):
    """Files that are named can be read where they lie, as terrain rasters must be."""
    ours = tmp_path / "private" / "raster"
    deliver(ours, "ground")
    ours.parent.chmod(0o700)
    with Workers(1, LIMITS, readable=[ours.parent]) as workers:
        assert read(workers, readers.touch, dataset, ours, "r") == "ground"
        assert isinstance(read(workers, readers.touch, dataset, ours, "w"), Rejected)


def test_surroundings_are_private(monkeypatch, dataset):
    """No secret of the environment, no core dump, and a private folder that is gone afterwards."""
    monkeypatch.setenv("TWIN_DATABASE_URL", "postgresql://secret")
    with Workers(1, LIMITS) as workers:
        found = read(workers, readers.state, dataset)
        assert not found["folder"].exists()
        assert Path(found["environment"]["TMPDIR"]).is_dir()
    assert "secret" not in str(found["environment"])
    assert found["environment"]["PROJ_NETWORK"] == "OFF"
    assert (found["umask"], found["core"]) == (0o077, (0, 0))
    assert found["mode"] == (0o711 if found["user"] != os.getuid() else 0o700)
    assert (found["path"], found["name"]) == (Path("delivered/pipes.txt"), "pipes.txt")
    assert not Path(found["environment"]["TMPDIR"]).exists()


def test_nothing_stays_behind(tmp_path, dataset):
    """The private folders are removed, after a crash and a file that left much, too."""
    place = tmp_path / "place"
    place.mkdir()
    with Workers(2, LIMITS, folder=place) as workers:
        list(workers.map(readers.misbehave, [(dataset, how) for how in ("segfault", "write much", "behave")]))
        assert any(place.iterdir())
    assert list(place.iterdir()) == []


def processes_of(session: int) -> list[int]:
    """Processes of a session that are more than a zombie."""
    found = []
    for path in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = path.read_text().rpartition(")")[2].split()
        except (FileNotFoundError, ProcessLookupError):
            continue
        if int(fields[3]) == session and fields[0] != "Z":
            found.append(int(path.parent.name))
    return found


def await_that(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 60
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def test_killed_parent_leaves_nothing(dataset, tmp_path):
    """After kill -9 of the importing process no worker runs on, nor what forks them, and their folders are gone."""
    place = tmp_path / "place"
    place.mkdir()
    script = f"""
import sys
sys.path.append({str(HERE)!r})
import hostile_readers
from importers.sandbox import Workers
from importers.source import find_datasets
from pathlib import Path
dataset = find_datasets(Path({str(dataset.path)!r}))[0][0]
with Workers(2, folder=Path({str(place)!r})) as workers:
    next(workers.map(hostile_readers.misbehave, [(dataset, "behave")]))
    print(workers._nursery._process.pid, flush=True)
    list(workers.map(hostile_readers.misbehave, [(dataset, "sleep")] * 2))
"""
    with subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE, text=True) as parent:
        assert parent.stdout is not None
        session = int(parent.stdout.readline())
        await_that(lambda: len(processes_of(session)) == 3)
        assert any(place.iterdir())
        parent.kill()
    await_that(lambda: processes_of(session) == [])
    assert list(place.iterdir()) == []


@pytest.mark.parametrize("both", [False, True], ids=["parent", "both"])
def test_import_that_is_killed_at_its_start_leaves_nothing(tmp_path, both):
    """While the readers are loaded nobody is there to be told; who kills both leaves it to the next import."""
    place = tmp_path / "place"
    place.mkdir()
    script = f"""
import sys, time
sys.path.append({str(HERE)!r})
from importers.sandbox import Workers
from pathlib import Path
with Workers(2, folder=Path({str(place)!r}), module="hostile_readers") as workers:
    print(workers._nursery._process.pid, flush=True)
    time.sleep(60)
"""
    with subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE, text=True) as parent:
        assert parent.stdout is not None
        session = int(parent.stdout.readline())
        with Workers(1, folder=place):
            assert len(list(place.iterdir())) == 2  # that of a running import stays
        if both:
            os.kill(session, signal.SIGKILL)
        parent.kill()
    await_that(lambda: processes_of(session) == [])
    if both:
        assert len(list(place.iterdir())) == 1
        with Workers(1, folder=place):
            pass
    assert list(place.iterdir()) == []


def test_interrupted_import_ends_its_workers(dataset, request):
    """Ctrl-C waits for no reader."""
    # A shell starts what runs in its background deaf to it.
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    request.addfinalizer(lambda: signal.signal(signal.SIGINT, before))
    with Workers(2) as workers:
        assert read(workers, readers.misbehave, dataset, "behave") == "pipes.txt"
        session = workers._nursery._process.pid
        threading.Timer(0.5, os.kill, [os.getpid(), signal.SIGINT]).start()
        with pytest.raises(KeyboardInterrupt):
            read(workers, readers.misbehave, dataset, "sleep")
    assert processes_of(session) == []


def test_lost_nursery_is_told(dataset):
    """Where the process that forks the workers dies, the import stops and says so."""
    with Workers(1) as workers:
        assert read(workers, readers.misbehave, dataset, "behave") == "pipes.txt"
        os.kill(workers._nursery._process.pid, signal.SIGKILL)
        workers._nursery._process.wait()
        with pytest.raises(Unavailable, match="has ended"):
            read(workers, readers.misbehave, dataset, "behave")


def test_the_process_that_reads_is_started_before_what_else_an_import_needs_is_loaded() -> None:
    """Half of three seconds is saved as long as what begins an import loads neither models nor readers."""
    code = "import sys, importers.folder, layers.database; print(*sys.modules)"
    loaded = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True).stdout.split()
    assert {"importers.sandbox", "psycopg"} <= set(loaded)
    assert {"sqlalchemy", "pyarrow", "importers.formats", "importers.job"}.isdisjoint(loaded)
