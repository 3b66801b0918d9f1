"""A folder into the city: every file is read, decided upon and written, and none stops the others."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from importers.dataset import Context, Draft, read_dataset
from importers.faults import Rejected
from importers.formats import recognise as recognise_format
from importers.position import City
from importers.report import FileReport, ImportReport
from importers.source import Dataset, find_datasets
from importers.vocabulary import vocabulary, words_in
from layers.boundaries import read_boundary
from layers.crs import Crs, parse_crs
from layers.database import storage_srid
from layers.errors import Invalid
from layers.loading import close_run, find_loaded, load_file, open_run
from layers.provenance import Outcome
from layers.terrain import read_ground

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from layers.database import Connection


@dataclass(frozen=True, slots=True)
class ImportOptions:
    """What the user adds to what the files say.

    crs: for files that declare none, and for a file that is named alone, against its own declaration.
    """

    crs: Crs | None = None
    owner: str | None = None
    layer: str | None = None
    dry_run: bool = False


@dataclass(slots=True)
class _Import:
    connection: Connection
    data: Path
    path: Path
    options: ImportOptions
    run_id: int = 0
    loaded_here: dict[str, str] = field(default_factory=dict)

    def context(self) -> Context:
        storage = parse_crs(f"EPSG:{storage_srid(self.connection)}")
        return Context(
            city=City(storage, read_boundary(self.connection)),
            ground=read_ground(self.connection, self.data),
            data=self.data,
            crs=self.options.crs,
            force_crs=self.path.is_file(),
            owner=self.options.owner,
            layer=self.options.layer,
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
    Raises: Invalid where the path does not exist.
    """
    if not path.exists():
        raise Invalid(f"{path} does not exist: name a folder or a file")
    started = time.monotonic()
    datasets, documents = find_datasets(path.resolve())
    job = _Import(connection, data, path.resolve(), options)
    root = str(datasets[0].root) if datasets else str(path)
    if not options.dry_run:
        given = {"crs": options.crs.code if options.crs else None, "owner": options.owner, "layer": options.layer}
        job.run_id = open_run(connection, root, given)
    reports: list[FileReport] = []
    for rank in (0, 1, 2):
        context = job.context()
        for dataset in (d for d in datasets if _rank(d) == rank):
            reports.append(_import_dataset(job, context, dataset))
            on_file(reports[-1], len(reports), len(datasets))
    if not options.dry_run:
        close_run(connection, job.run_id)
    left_aside = tuple(document.relative_to(root).as_posix() for document in documents)
    return ImportReport(root, tuple(reports), left_aside, time.monotonic() - started)


def _rank(dataset: Dataset) -> int:
    """0 for terrain, 1 for boundaries, 2 for the rest."""
    try:
        if recognise_format(dataset).read is None:
            return 0
    except Rejected:
        return 2
    return 1 if words_in(dataset.path.stem) & set(vocabulary()["layers"]["boundaries"]) else 2


def _import_dataset(job: _Import, context: Context, dataset: Dataset) -> FileReport:
    sha256 = dataset.sha256()
    repeated = _seen_before(job, dataset, sha256)
    if repeated is not None:
        return repeated
    draft = read_dataset(dataset, context, sha256)
    report = draft.report
    if not job.options.dry_run:
        _write(job, draft)
    if report.outcome in (Outcome.LOADED, Outcome.PARTLY):
        job.loaded_here[sha256] = dataset.name
    return report


def _seen_before(job: _Import, dataset: Dataset, sha256: str) -> FileReport | None:
    """Report of a file whose content is in the city already, or came with another file of this import."""
    twin = job.loaded_here.get(sha256)
    if twin is not None:
        return FileReport(dataset.name, Outcome.DUPLICATE, message=f"the same content as {twin}")
    known = find_loaded(job.connection, sha256)
    if known is None:
        return None
    if known == (str(dataset.root), dataset.name):
        return FileReport(dataset.name, "unchanged", message="imported before, nothing to do")
    return FileReport(dataset.name, Outcome.DUPLICATE, message=f"the same content as {known[1]}, imported before")


def _write(job: _Import, draft: Draft) -> None:
    """One transaction; a file that the database refuses goes to the quarantine whole."""
    try:
        load_file(job.connection, job.run_id, draft.to_load())
    except Invalid as error:
        draft.refuse_whole(str(error))
        load_file(job.connection, job.run_id, draft.to_load())
