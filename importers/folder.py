"""A folder into the city.

The process that reads files is started first, and loads what it needs while this one does: of two cores, neither waits.
"""

from __future__ import annotations

import gc
import sys
import time
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from importers.options import ImportOptions, Progress
from importers.sandbox import Workers

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from importers.report import ImportReport
    from layers.database import Connection

__all__ = ["ImportOptions", "Importer", "Progress", "import_path", "open_importer"]

_READERS = "importers.dataset"

_JOB = "importers.job"


@contextmanager
def _lasting() -> Iterator[None]:
    """What is loaded within stays: no look for rubbish in it, neither now nor at the end of the process."""
    is_loaded = _JOB in sys.modules
    if not is_loaded:
        gc.disable()
    try:
        yield
    finally:
        if not is_loaded:
            gc.freeze()
            gc.enable()


@dataclass(frozen=True, slots=True)
class Importer:
    """Imports, once, by the options it was opened with; its readers load what they need from then on."""

    options: ImportOptions
    _workers: Workers

    def import_path(
        self, connection: Connection, data: Path, path: Path, on_progress: Callable[[Progress], None] = lambda _: None
    ) -> ImportReport:
        """Import a folder, or one file with its companions; archives are folders.

        Terrain comes first, for depths refer to it, then boundaries, for everything must lie within them; tables that
        name manholes come last.
        Raises: Invalid where there is nothing to import, Conflict while another import runs, Unavailable where the
        database stops: then what was loaded until then is there.
        """
        started = time.monotonic()
        path = path.resolve()
        with _lasting():
            from importers.delivery import open_delivery  # noqa: PLC0415 - while their process loads the readers

            delivery = open_delivery(path, self._workers, self.options.root)
            delivery.require(self.options.profile)
            self._workers.prepare(delivery.datasets)
            from importers.job import Import, guarded, is_one  # noqa: PLC0415
            from importers.report import ImportReport  # noqa: PLC0415
            from layers.absent import find_absent  # noqa: PLC0415
        with guarded(connection):
            job = Import(connection, data, delivery, self.options, self._workers, on_progress)
            reports = job.run()
            here = [dataset.location for dataset in delivery.datasets]
            here += [dataset.location for dataset, _ in delivery.refused]
            absent = () if is_one(path) else find_absent(connection, str(delivery.root), here)
        seconds = time.monotonic() - started
        return ImportReport(str(delivery.root), tuple(reports), delivery.documents, seconds, job.run_id or None, absent)


@contextmanager
def open_importer(options: ImportOptions) -> Iterator[Importer]:
    """An importer, best opened before the database is, which takes its time as well."""
    with Workers(limits=options.limits, module=_READERS) as workers:
        yield Importer(options, workers)


def import_path(
    connection: Connection,
    data: Path,
    path: Path,
    options: ImportOptions,
    *,
    on_progress: Callable[[Progress], None] = lambda _: None,
) -> ImportReport:
    """`Importer.import_path`, where the database is open already."""
    with open_importer(options) as importer:
        return importer.import_path(connection, data, path, on_progress)
