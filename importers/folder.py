"""A folder into the city: every file is read, decided upon and written, and none stops the others."""

from __future__ import annotations

import hashlib
import json
import logging
import time
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field, replace
from itertools import groupby
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

import psycopg

from importers.dataset import read_dataset, refuse_dataset
from importers.draft import Context, Draft, Identity
from importers.faults import Fault, Finding, Rejected
from importers.formats import recognise as recognise_format
from importers.position import City
from importers.profile import Profile
from importers.report import FileReport, ImportReport
from importers.source import Dataset, find_datasets
from importers.vocabulary import vocabulary, words_in
from layers.boundaries import read_boundary
from layers.catalog import read_versions
from layers.crs import Crs, parse_crs
from layers.database import storage_srid
from layers.errors import Invalid, TwinError
from layers.loading import close_run, find_loaded, forget_file, importing, load_file, open_run
from layers.provenance import Outcome
from layers.terrain import read_ground

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from layers.database import Connection

LOGGER = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class ImportOptions:
    """What the user adds to what the files say.

    crs: for files that declare none, and for a file that is named alone, against its own declaration.
    again: read files again that are in the city as they are.
    """

    crs: Crs | None = None
    owner: str | None = None
    layer: str | None = None
    dry_run: bool = False
    again: bool = False
    profile: Profile = field(default_factory=Profile)

    @property
    def given(self) -> dict[str, str | None]:
        crs = self.crs.code if self.crs else None
        return {"crs": crs, "owner": self.owner, "layer": self.layer, "profile": self.profile.text}


@dataclass(slots=True)
class _Import:
    connection: Connection
    data: Path
    path: Path
    options: ImportOptions
    copies: Path = Path()
    run_id: int = 0
    loaded_here: dict[str, str] = field(default_factory=dict)

    def context(self) -> Context:
        return replace(open_context(self.connection, self.data, self.path, self.options), data=self.copies)

    def circumstances(self, rank: int) -> str:
        """What beside its content the reading of a file depends on; terrain and boundaries do not on the terrain."""
        terrain = read_versions(self.connection)["terrain"] if rank == 2 else None
        return json.dumps([self.options.given, self.path.is_file(), terrain, vocabulary()])


def open_context(connection: Connection, data: Path, path: Path, options: ImportOptions) -> Context:
    """What is known of the city before a file is opened."""
    storage = parse_crs(f"EPSG:{storage_srid(connection)}")
    return Context(
        city=City(storage, read_boundary(connection)),
        ground=read_ground(connection, data),
        data=data,
        crs=options.crs,
        force_crs=path.is_file(),
        owner=options.owner,
        layer=options.layer,
        profile=options.profile,
    )


def import_path(
    connection: Connection,
    data: Path,
    path: Path,
    options: ImportOptions,
    *,
    on_file: Callable[[FileReport, int, int], None] = lambda *_: None,
) -> ImportReport:
    """Import a folder, or one file with its companions.

    Terrain comes first, for depths refer to it, then boundaries, for everything must lie within them.
    `on_file` hears of each file when it is done: its report, how many are done, how many there are.
    Raises: Invalid where there is nothing to import, Conflict while another import runs.
    """
    started = time.monotonic()
    path = path.resolve()
    datasets, documents = _find(path)
    job = _Import(connection, data, path, options)
    root = path if path.is_dir() else path.parent
    ranked = sorted(((_rank(dataset), dataset) for dataset in datasets), key=lambda pair: pair[0])
    reports: list[FileReport] = []
    with importing(connection), _folder_for_copies(data, dry_run=options.dry_run) as job.copies:
        if not options.dry_run:
            job.run_id = open_run(connection, str(root), options.given)
        for rank, members in groupby(ranked, key=lambda pair: pair[0]):
            context, circumstances = job.context(), job.circumstances(rank)
            for _, dataset in members:
                reports.append(_import_dataset(job, context, dataset, circumstances))
                on_file(reports[-1], len(reports), len(datasets))
        if not options.dry_run:
            close_run(connection, job.run_id)
    left_aside = tuple(document.relative_to(root).as_posix() for document in documents)
    return ImportReport(str(root), tuple(reports), left_aside, time.monotonic() - started, job.run_id or None)


@contextmanager
def _folder_for_copies(data: Path, *, dry_run: bool) -> Iterator[Path]:
    """Where copies of terrain rasters go: the data folder, or one that is gone after a dry run."""
    if not dry_run:
        yield data
        return
    with TemporaryDirectory(prefix="city-twin-") as folder:
        yield Path(folder)


def _find(path: Path) -> tuple[list[Dataset], list[Path]]:
    if not path.exists():
        raise Invalid(f"{path} does not exist: name a folder or a file")
    datasets, documents = find_datasets(path)
    if not datasets:
        raise Invalid(f"{path} holds nothing to import: name a folder with deliveries, or a file that is no companion")
    return datasets, documents


def _rank(dataset: Dataset) -> int:
    """0 for terrain, 1 for boundaries, 2 for the rest."""
    try:
        if recognise_format(dataset).read is None:
            return 0
    except (Rejected, OSError):
        return 2
    return 1 if words_in(dataset.path.stem) & set(vocabulary()["layers"]["boundaries"]) else 2


def _import_dataset(job: _Import, context: Context, dataset: Dataset, circumstances: str) -> FileReport:
    draft = _read(job, context, dataset, circumstances)
    if isinstance(draft, FileReport):
        return draft
    if not job.options.dry_run:
        _write(job, draft)
    if draft.report.outcome in (Outcome.LOADED, Outcome.PARTLY):
        job.loaded_here[draft.source.sha256] = dataset.name
    return draft.report


def _read(job: _Import, context: Context, dataset: Dataset, circumstances: str) -> Draft | FileReport:
    """The draft of a file, or the report of one that brings nothing new. No file stops the others."""
    source = Identity(dataset.location, "", "")
    try:
        sha256 = dataset.sha256()
        key = hashlib.sha256(f"{sha256} {circumstances}".encode()).hexdigest()
        source = Identity(dataset.location, sha256, key)
        return _seen_before(job, dataset, source) or read_dataset(dataset, context, source)
    except (TwinError, OSError) as error:
        finding = Finding(Fault.UNREADABLE, f"{dataset.name}: {error}", "check the file and its rights")
    except psycopg.Error:
        raise
    except Exception as error:  # a fault of a reader: it is logged, and the rest of the folder goes on
        LOGGER.exception("reading %s", dataset.name)
        message = f"{dataset.name}: the reader failed ({type(error).__name__}: {error})"
        finding = Finding(Fault.UNREADABLE, message, "deliver it in another format, and report the file as a fault")
    return refuse_dataset(dataset, source, finding)


def _seen_before(job: _Import, dataset: Dataset, source: Identity) -> FileReport | None:
    """Report of a file whose content is in the city already, or came with another file of this import."""
    known = find_loaded(job.connection, source.sha256)
    own = [file for file in known if file.location == source.location]
    if own:
        if own[0].key != source.key or job.options.again:
            return None
        job.loaded_here[source.sha256] = dataset.name
        return FileReport(dataset.name, "unchanged", message="imported before, nothing to do")
    twin = job.loaded_here.get(source.sha256) or next((file.path for file in known), None)
    if twin is None:
        return None
    if not job.options.dry_run:
        forget_file(job.connection, job.run_id, source.location)
    return FileReport(dataset.name, Outcome.DUPLICATE, message=f"the same content as {twin}")


def _write(job: _Import, draft: Draft) -> None:
    """One transaction; a file that the database refuses goes to the quarantine whole."""
    try:
        change = load_file(job.connection, job.run_id, draft.to_load())
    except Invalid as error:
        draft.refuse_whole(str(error))
        change = load_file(job.connection, job.run_id, draft.to_load())
    draft.report.change = None if change is None else asdict(change)
