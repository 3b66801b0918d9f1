"""Files from anywhere are read in worker processes, so that none can crash, stall, fill or rob the import.

A worker writes in a private folder that is removed, opens private copies of what was delivered and its own code,
reaches no network, starts no process, and ends with the importing process. Where root imports, its workers become an
account that owns nothing. Linux 5.13 or later confines which files they open; with Landlock switched off only the
rights of their account do, and root's Python must lie where everybody can read it.
"""

from __future__ import annotations

import errno
import os
import pickle
import shutil
from collections import deque
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

from importers.faults import Fault, Finding, Rejected
from importers.sandbox.answers import Answers
from importers.sandbox.confinement import Limits
from importers.sandbox.copies import COPIES, Copy, give, has_left, keep, make_copy, make_known_copy
from importers.sandbox.folders import make_folder
from importers.sandbox.nursery import Nursery, Worker, describe_end
from importers.sandbox.wire import TooLarge
from layers.errors import Unavailable

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from importers.source import Dataset

__all__ = ["KEPT", "Limits", "Workers"]

KEPT = Path("kept")
_FULL_BYTES = 1 << 20
_AHEAD = 2  # jobs for each worker that may be done before the first of them is taken
_REMEDY = "open it in QGIS and export it again; where it is sound, deliver it in smaller parts or allow more"

type Job = tuple[Dataset, *tuple[Any, ...]]


class Workers:
    """Processes that read files.

    count: how many at once, by default one for each core. readable: files and folders of ours that functions open.
    folder: where private folders are made, by default the system's for temporary files; every account must reach it.
    unpacked: a folder of ours beside theirs, which is gone with them.
    module: loaded once for all workers, from the beginning of the `with` on; by default that of the first function.
    Raises: Unavailable from `map` where workers cannot be confined, or the disk is full.
    """

    def __init__(
        self,
        count: int | None = None,
        limits: Limits | None = None,
        *,
        readable: Sequence[Path] = (),
        folder: Path | None = None,
        module: str | None = None,
    ) -> None:
        self._count = count or len(os.sched_getaffinity(0))
        self._limits = limits or Limits()
        self._folder, self._lock = make_folder(folder)
        self._shared, self.unpacked = self._folder / "shared", self._folder / "unpacked"
        self._shared.mkdir(mode=0o755)
        self.unpacked.mkdir(mode=0o700)
        self._readable = (self._shared, *(path.resolve() for path in readable))
        self._module = module
        self._nursery: Nursery | None = None
        self._copies: dict[Dataset, Future[Copy]] = {}
        self._threads = ThreadPoolExecutor(self._count, "sandbox")

    def __enter__(self) -> Self:
        if self._module is not None:
            self._nursery = self._begin(self._module)
        return self

    def __exit__(self, *_: object) -> None:
        self._threads.shutdown(wait=False, cancel_futures=True)
        if self._nursery is not None:
            self._nursery.close()
        self._threads.shutdown()
        if self._nursery is not None:
            self._nursery.forget()
        shutil.rmtree(self._folder, ignore_errors=True)
        os.close(self._lock)

    def _begin(self, module: str) -> Nursery:
        return Nursery(self._folder, self._limits, self._readable, module)

    def share(self, file: Path) -> Path:
        """Where all workers may read a file of ours, whose own folder may be closed to them."""
        shared = self._shared / file.name
        if not shared.exists():
            try:
                shared.hardlink_to(file)
            except OSError:  # another file system, or one without links
                shutil.copyfile(file, shared)
            shared.chmod(0o644)
        return shared

    def prepare(self, datasets: Iterable[Dataset]) -> None:
        """Copy and hash the first of these for their readers, which may still be starting."""
        for dataset in islice(datasets, self._count):
            self._copies[dataset] = self._threads.submit(make_known_copy, dataset, self._folder)

    def map[R](
        self, function: Callable[..., R], jobs: Iterable[Job], *, keep_in: Path | None = None, again: bool = False
    ) -> Iterator[tuple[Dataset, R | Rejected]]:
        """Each job's dataset with `function(dataset, *rest of the job)`, in the order of the jobs.

        function: at the top level of its module, or a `partial` of such; what is bound to it is unpickled once a
        worker. Files and folders that it leaves in `KEPT`, below its working directory, are moved to `keep_in`, never
        over what is there. Its result: numbers, text, dates, arrays, shapely geometries, paths, and dataclasses
        and enumerations of `importers` and `layers`.
        again: the same files are asked about next, so that a few copies are kept for that.
        A file whose reader raises, crashes, hangs or goes beyond its limits gives a `Rejected` that says so; the
        reader's trace is a note on it.
        """
        for dataset, answers in self.stream(function, jobs, keep_in=keep_in, again=again):
            try:
                *_, outcome = answers
            except Rejected as rejected:
                outcome = rejected
            yield dataset, outcome

    def stream(
        self, function: Callable[..., Any], jobs: Iterable[Job], *, keep_in: Path | None = None, again: bool = False
    ) -> Iterator[tuple[Dataset, Iterator[Any]]]:
        """The same of a function that is a generator: what it yields comes as it is made, while other files are read.

        An iterator that is not read to its end is abandoned when the next is asked for. It raises: Rejected.
        """
        if self._nursery is None:
            self._nursery = self._begin((function.func if isinstance(function, partial) else function).__module__)
        most = self._count if again else 0
        reading = _Reading(
            self._nursery, self._limits, pickle.dumps(function), keep_in, self._folder, self._copies, most
        )
        waiting: deque[tuple[Dataset, Answers]] = deque()

        def begin(job: Job) -> None:
            answers = Answers()
            waiting.append((job[0], answers))
            self._threads.submit(reading.read, job, answers)

        try:
            for job in jobs:
                begin(job)
                if len(waiting) > _AHEAD * self._count:
                    yield from _take(waiting)
            while waiting:
                yield from _take(waiting)
        finally:
            for _, answers in waiting:
                answers.abandon()


def _full(folder: Path) -> Unavailable | None:
    """Where a folder has no space left, that is what failed, and no file is to be blamed for it."""
    return _say_full(folder) if shutil.disk_usage(folder).free < _FULL_BYTES else None


def _say_full(folder: Path) -> Unavailable:
    return Unavailable(f"the disk that holds {folder} is full: free space, or choose another (TMPDIR, TWIN_DATA)")


def _take(waiting: deque[tuple[Dataset, Answers]]) -> Iterator[tuple[Dataset, Iterator[Any]]]:
    dataset, answers = waiting.popleft()
    try:
        yield dataset, iter(answers)
    finally:
        answers.abandon()


@dataclass(frozen=True, slots=True)
class _Reading:
    nursery: Nursery
    limits: Limits
    function: bytes
    keep_in: Path | None
    folder: Path
    copies: dict[Dataset, Future[Copy]]
    most_kept: int

    def read(self, job: Job, answers: Answers) -> None:
        """Put what a file gives, part by part, and at last None or why there is no more of it."""
        try:
            end = self._read(job, answers)
        except Exception as error:  # noqa: BLE001 - it is raised where the answers are taken
            end = error
        answers.put_end(end)

    def _read(self, job: Job, answers: Answers) -> Exception | None:
        dataset, *rest = job
        if answers.is_abandoned:
            return None
        try:
            made = self.copies.pop(dataset, None)
            copy = made.result() if made else make_copy(dataset, self.folder)
        except (Rejected, OSError) as error:
            return self._explain(error, dataset)
        worker = self.nursery.take()
        folder = self._hand_over(copy, worker)
        try:
            worker_job = pickle.dumps((folder, self.function, (copy.dataset, *rest), dataset.size))
            for answer in self._ask(worker, worker_job, dataset.name):
                if not answers.put(answer):
                    self.nursery.end(worker)  # it is in the middle of a file that nobody waits for
                    return None
            if (full := _full(folder)) is not None:  # a reader may have taken that for a fault of the file
                return full
            if self.keep_in is not None and has_left(folder / KEPT):
                self.nursery.end(worker)  # so that it can change nothing any more
                keep(folder / KEPT, self.keep_in)
        except (Rejected, OSError) as error:
            return self._explain(error, dataset)
        else:
            if len(self.copies) < self.most_kept:
                self.copies[dataset] = self._take_back(copy, folder)
            return None
        finally:
            self.nursery.put_back(worker)
            shutil.rmtree(folder, ignore_errors=True)

    def _explain(self, error: Rejected | OSError, dataset: Dataset) -> Exception:
        """What failed: the file, what it left, or a disk."""
        is_refused = isinstance(error, Rejected)
        cause = error.__cause__ if is_refused else error
        if isinstance(cause, OSError) and cause.errno in (errno.ENOSPC, errno.EDQUOT):
            return _say_full(self.folder if is_refused else self.keep_in or self.folder)
        if is_refused:
            return _full(self.folder) or error
        return Rejected(Fault.UNREADABLE, f"{dataset.name} brings files that cannot be kept: {error}", _REMEDY)

    def _hand_over(self, copy: Copy, worker: Worker) -> Path:
        """Where the worker finds a copy. It cannot put a link where we look, for the folder above its two is ours."""
        folder = copy.folder.rename(worker.folder / copy.folder.name)
        (folder / KEPT).mkdir(exist_ok=True)
        if (account := self.nursery.account) is not None:
            folder.chmod(0o711)
            give(folder / COPIES, account, account)
            give(folder / KEPT, account, account)
        return folder

    def _take_back(self, copy: Copy, folder: Path) -> Future[Copy]:
        """The copy where no worker has it, as it was before."""
        folder.chmod(0o700)
        folder.rename(copy.folder)
        kept: Future[Copy] = Future()
        kept.set_result(copy)
        return kept

    def _ask(self, worker: Worker, message: bytes, name: str) -> Iterator[Any]:
        """What the function yields, or what it returned. Raises: Rejected for the rest; the worker may be no more."""
        answer = self._answer(worker, message)
        while answer[0] == "part" and len(answer) == 2:
            yield answer[1]
            answer = self._answer(worker)
        match answer:
            case ("done",):
                return
            case "done", result:
                yield result
                return
            case "rejected", Finding() as finding, str(trace):
                rejected = Rejected(finding.fault, finding.message, finding.remedy)
            case "failed", str(said), str(trace):
                rejected = Rejected(Fault.UNREADABLE, f"{name} {said}", _REMEDY)
            case _:
                trace = ""
                rejected = Rejected(Fault.UNREADABLE, f"{name} makes its reader answer nonsense", _REMEDY)
        rejected.add_note(trace)
        raise rejected

    def _answer(self, worker: Worker, message: bytes | None = None) -> tuple[Any, ...]:
        """The worker's next answer, to a job where one is given, or what the file did to it."""
        try:
            if message is not None:
                worker.tell(message, self.limits)
            return worker.answer(self.limits)
        except EOFError:
            return "failed", describe_end(self.nursery.end(worker), self.limits), ""
        except TimeoutError:
            said = f"is not read within {self.limits.seconds:g} s"
        except TooLarge:
            said = f"brings more than {self.limits.result_bytes >> 20} MB"
        except Exception as error:  # noqa: BLE001 - a worker that was taken over may answer anything
            said = f"makes its reader answer nonsense: {error}"
        self.nursery.end(worker)
        return "failed", said, ""
