"""Every file of a delivery is read by a worker, decided upon and written, and none stops the others."""

from __future__ import annotations

import hashlib
import json
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import psycopg

from importers.dataset import Identity, Postponed, identify, read_dataset, refuse_dataset, report_refusal
from importers.draft import Context, Where, refuse
from importers.faults import Fault, Finding, Rejected
from importers.joining import Manholes
from importers.layer import Announcement, Doubted
from importers.options import Progress
from importers.position import City
from importers.report import FileReport
from importers.sandbox import KEPT
from importers.source import find_delivered, is_geodatabase
from importers.terrain import compare_tiles
from importers.vocabulary import vocabulary
from layers.boundaries import read_boundary
from layers.catalog import count_all, read_versions
from layers.crs import parse_crs
from layers.database import storage_srid
from layers.errors import Invalid, Unavailable
from layers.loading import (
    FileRecord,
    Loaded,
    Loading,
    Quarantined,
    Verdict,
    close_run,
    find_loaded,
    importing,
    loading,
    note_copy,
    open_run,
    take_file_ids,
)
from layers.provenance import Outcome
from layers.rows import Records, Rows
from layers.terrain import read_ground
from layers.utility_nodes import find_places

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from importers.delivery import Delivery
    from importers.options import ImportOptions
    from importers.sandbox import Workers
    from importers.source import Dataset
    from layers.database import Connection

TERRAIN, BOUNDARIES, REST, SCHEMATIC = range(4)


def open_context(connection: Connection, data: Path, path: Path, options: ImportOptions) -> Context:
    """What is known of the city before a file is opened."""
    storage = parse_crs(f"EPSG:{storage_srid(connection)}")
    return Context(
        city=City(storage, read_boundary(connection)),
        ground=read_ground(connection, data),
        terrain=KEPT,
        crs=options.crs,
        force_crs=is_one(path) and not options.fills_gaps,
        owner=options.owner,
        layer=options.layer,
        profile=options.profile,
        features=count_all(connection),
    )


def is_one(path: Path) -> bool:
    """Whether a path is one file, or the folder that a geodatabase is."""
    return path.is_file() or is_geodatabase(path)


@contextmanager
def guarded(connection: Connection) -> Iterator[None]:
    """Holds the city's one place for an import. Raises: Conflict; Unavailable where the database stops."""
    with importing(connection):
        try:
            yield
        except (psycopg.OperationalError, psycopg.InternalError) as error:
            raise say_stopped(error) from error


def say_stopped(error: psycopg.Error) -> Unavailable:
    """What the database failed with, what that means for the city, and what to do.

    A file system's limit on the size of a file is an internal error to PostgreSQL, a full disk an operational one.
    """
    said = str(error).strip().partition("\n")[0]
    is_full = isinstance(error, psycopg.errors.DiskFull)
    remedy = "free space on the disk of the database" if is_full else "see 'twin db status', start it again"
    return Unavailable(
        f"the database stopped the import: {said}; every file is in the city as it was before or as it is now, none in"
        f" between: {remedy}, then import again"
    )


class _PutOffError(Exception):
    """The file is to be read when all manholes are known."""


class _DoubtedError(Exception):
    """The file is to be read again, thoroughly."""


@dataclass(slots=True)
class Import:
    """contents: location -> hash of each file that is delivered, "" where it cannot be read.

    moved: file -> those in the city that held its content, where that does not lie any more.
    """

    connection: Connection
    data: Path
    delivery: Delivery
    options: ImportOptions
    workers: Workers
    on_progress: Callable[[Progress], None]
    run_id: int = 0
    reports: dict[str, FileReport] = field(default_factory=dict)
    loaded: dict[str, str] = field(default_factory=dict)
    contents: dict[str, str] = field(default_factory=dict)
    moved: dict[str, tuple[int, ...]] = field(default_factory=dict)
    postponed: list[tuple[Dataset, Identity]] = field(default_factory=list)
    done_bytes: int = 0
    of_bytes: int = 0
    done_rows: int = 0

    def run(self) -> list[FileReport]:
        """The report of each file, in the order of their names."""
        self.of_bytes = self.delivery.size
        if not self.options.dry_run:
            forced = self.options.crs and is_one(self.delivery.path) and not self.options.fills_gaps
            given = self.options.given | ({"forced": True} if forced else {})
            self.run_id = open_run(self.connection, str(self.delivery.root), given)
        self.contents = {dataset.location: "" for dataset, _ in self.delivery.refused}
        for dataset, finding in self.delivery.refused:
            self._refuse(dataset, Identity("", REST), finding)
        ranks: list[list[tuple[Dataset, Identity]]] = [[], [], []]
        for dataset, identity in self.workers.map(identify, ((d,) for d in self.delivery.datasets), again=True):
            if isinstance(identity, Rejected):
                self.contents[dataset.location] = ""
                self._refuse(dataset, Identity("", REST), identity.finding)
            else:
                self.contents[dataset.location] = identity.sha256
                ranks[identity.rank].append((dataset, identity))
        for rank, files in enumerate(ranks):
            self._read_all(files, rank)
            if rank == TERRAIN and len(files) > 1 and not self.options.dry_run:
                self._compare_tiles()
        self._read_all(self.postponed, SCHEMATIC)
        if not self.options.dry_run:
            close_run(self.connection, self.run_id)
        return [self.reports[name] for name in sorted(self.reports)]

    def _read_all(self, files: list[tuple[Dataset, Identity]], rank: int) -> None:
        """Files of one rank; of the same content the second is read only where the first was not loaded."""
        if not files:
            return
        context, circumstances = self._context(rank), self._circumstances(rank)
        first: dict[str, tuple[Dataset, Identity]] = {}
        again = []
        for dataset, identity in files:
            if first.setdefault(identity.sha256, (dataset, identity))[0] is not dataset:
                again.append((dataset, identity))
        self._read_new(first.values(), context, circumstances)
        for dataset, identity in again:
            self._read_new([(dataset, identity)], context, circumstances)

    def _compare_tiles(self) -> None:
        """Rasters that came together may contradict each other; what was there before, each is held against alone."""
        new = {key: name for key, name in self.loaded.items() if self.reports[name].outcome == Outcome.LOADED}
        for name, finding in compare_tiles(read_ground(self.connection, self.data), new):
            self.reports[name].note(None, [finding])
            self.reports[name].message = finding.message

    def _read_new(self, files: Iterable[tuple[Dataset, Identity]], context: Context, circumstances: str) -> None:
        """Those files that are not in the city as they are."""
        jobs = {}
        for dataset, identity in files:
            key = hashlib.sha256(f"{identity.sha256} {circumstances}".encode()).hexdigest()
            if seen := self._seen_before(dataset, identity.sha256, key):
                self._end(dataset, seen)
            else:
                jobs[dataset.name] = (dataset, identity, key)
        reading = partial(read_dataset, context=context)
        todo = ((dataset, identity.sha256) for dataset, identity, _ in jobs.values())
        for dataset, parts in self.workers.stream(reading, todo, keep_in=self._terrain):
            _, identity, key = jobs[dataset.name]
            self._load(dataset, identity, key, parts, context)

    @property
    def _terrain(self) -> Path | None:
        return None if self.options.dry_run else self.data / "terrain"

    def _context(self, rank: int) -> Context:
        context = open_context(self.connection, self.data, self.delivery.path, self.options)
        rasters = tuple(replace(r, path=self.workers.share(r.path)) for r in context.ground.rasters)
        context = replace(context, ground=replace(context.ground, rasters=rasters))
        if rank != SCHEMATIC:
            return context
        places = find_places(self.connection, str(self.delivery.root))
        return replace(context, nodes=Manholes(tuple(places), context.city.storage.code))

    def _circumstances(self, rank: int) -> str:
        """What beside its content the reading of a file depends on; terrain and boundaries do not on the terrain."""
        terrain = read_versions(self.connection)["terrain"] if rank >= REST else None
        return json.dumps([self.options.given, is_one(self.delivery.path), terrain, vocabulary()])

    def _seen_before(self, dataset: Dataset, sha256: str, key: str) -> FileReport | None:
        """Report of a file whose content is in the city already, and stays there under this name or another."""
        known = find_loaded(self.connection, sha256)
        own = [file for file in known if file.location == dataset.location]
        if own:
            if own[0].key != key or self.options.again:
                return None
            self.loaded[sha256] = dataset.name
            return FileReport(dataset.name, "unchanged", message="imported before, nothing to do")
        staying = (file.path for file in known if self._stays(file, sha256))
        twin = self.loaded.get(sha256) or next(staying, None)
        if twin is None:
            self.moved[dataset.name] = tuple(file.id for file in known)
            return None
        if not self.options.dry_run:
            record = FileRecord(dataset.name, dataset.location, sha256, "", dataset.size)
            (file_id,) = take_file_ids(self.connection, 1)
            note_copy(self.connection, self.run_id, record, file_id, delivered=self.contents)
        return FileReport(dataset.name, Outcome.DUPLICATE, message=f"the same content as {twin}")

    def _stays(self, file: Loaded, sha256: str) -> bool:
        """Whether a file of an earlier import lies where it lay, as it was: else its content was moved, or copied."""
        if file.location in self.contents:
            return self.contents[file.location] == sha256
        in_folder = not is_one(self.delivery.path) and file.location.startswith(f"{self.delivery.root}/")
        return not in_folder and find_delivered(Path(file.location)) is not None

    def _load(self, dataset: Dataset, identity: Identity, key: str, parts: Iterator[object], context: Context) -> None:
        """One transaction; what the database refuses goes to the quarantine whole."""
        try:
            report = self._write(dataset, identity, key, parts)
        except _PutOffError:
            self.postponed.append((dataset, identity))
            return
        except _DoubtedError:
            thorough = partial(read_dataset, context=replace(context, thorough=True))
            for _, again in self.workers.stream(thorough, [(dataset, identity.sha256)], keep_in=self._terrain):
                self._load(dataset, identity, key, again, context)
            return
        except Rejected as rejected:
            self._refuse(dataset, identity, rejected.finding)
            return
        except Invalid as error:
            reading = partial(refuse_dataset, context=replace(context, verdict=str(error)))
            for _, again in self.workers.stream(reading, [(dataset,)]):
                report = self._write(dataset, identity, key, again)
        if report.outcome in (Outcome.LOADED, Outcome.PARTLY):
            self.loaded[identity.sha256] = dataset.name
        self._end(dataset, report)

    def _write(self, dataset: Dataset, identity: Identity, key: str, parts: Iterator[object]) -> FileReport:
        """Raises: Rejected where the parts end without a report, _PutOffError and _DoubtedError as they say."""
        if self.options.dry_run:
            return self._take(dataset, parts, None)
        moved = self.moved.get(dataset.name, ())
        record = FileRecord(dataset.name, dataset.location, identity.sha256, key, dataset.size, moved)
        (file_id,) = take_file_ids(self.connection, 1)
        with loading(self.connection, self.run_id, record, file_id, delivered=self.contents) as file:
            report = self._take(dataset, parts, file)
            verdict = Verdict(report.format, self.options.owner, Outcome(report.outcome), report.decisions)
            file.finish(verdict)
        report.change = None if file.change is None else asdict(file.change)
        return report

    def _take(self, dataset: Dataset, parts: Iterator[object], file: Loading | None) -> FileReport:
        """The report on a file, whose parts go into the city where there is a place for them.

        All parts are taken, for what a reader leaves (a terrain raster) is kept at their end.
        """
        report: FileReport | None = None
        rows = expected = 0
        for part in parts:
            match part:
                case FileReport():
                    report = part
                case Postponed():
                    raise _PutOffError
                case Doubted():
                    raise _DoubtedError
                case Announcement():
                    expected += part.rows
                    if file is not None:
                        file.announce(part.table, part.rows, alone=part.alone)
                case Rows() | Records() | Quarantined():
                    rows += part.count if isinstance(part, Rows) else 0
                    if file is not None:
                        file.add(part)
                    self._tell(dataset, rows, rows / max(expected, rows, 1) if expected else 0.0)
        if report is None:
            raise Rejected(Fault.UNREADABLE, f"{dataset.name} is read without an end", "report the file as a fault")
        return report

    def _refuse(self, dataset: Dataset, identity: Identity, finding: Finding) -> None:
        """Put a file aside that could not be read."""
        report = report_refusal(dataset, finding)
        if not self.options.dry_run:
            record = FileRecord(dataset.name, dataset.location, identity.sha256, "", dataset.size)
            (file_id,) = take_file_ids(self.connection, 1)
            with loading(self.connection, self.run_id, record, file_id) as file:
                file.add(Quarantined((refuse(None, finding, {}, Where()),)))
                file.finish(Verdict(None, self.options.owner, Outcome.QUARANTINED, []))
        self._end(dataset, report)

    def _end(self, dataset: Dataset, report: FileReport) -> None:
        self.reports[dataset.name] = report
        self.done_bytes += dataset.size
        self.done_rows += report.loaded
        self._tell(dataset, 0, 0.0)

    def _tell(self, dataset: Dataset, rows: int, share: float) -> None:
        """Progress: of the file at hand so many rows are loaded, which are a share of it."""
        loaded = self.done_rows + rows
        files = len(self.delivery.datasets) + len(self.delivery.refused)
        done = self.done_bytes + int(share * dataset.size)
        progress = Progress(len(self.reports), files, done, self.of_bytes, loaded, dataset.name)
        self.on_progress(progress)
