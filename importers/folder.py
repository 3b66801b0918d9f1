"""A folder into the city.

The process that reads files is started first, and loads what it needs while this one does: of two cores, neither waits.
"""

from __future__ import annotations

import gc
import sys
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING

from importers.options import ImportOptions, Progress
from importers.sandbox import Workers

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from importers.report import ImportReport
    from layers.database import Connection

__all__ = ["ImportOptions", "Progress", "import_path"]

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


def import_path(
    connection: Connection,
    data: Path,
    path: Path,
    options: ImportOptions,
    *,
    on_progress: Callable[[Progress], None] = lambda _: None,
) -> ImportReport:
    """Import a folder, or one file with its companions; archives are folders.

    Terrain comes first, for depths refer to it, then boundaries, for everything must lie within them; tables that
    name manholes come last.
    Raises: Invalid where there is nothing to import, Conflict while another import runs, Unavailable where the database
    stops: then what was loaded until then is there.
    """
    started = time.monotonic()
    path = path.resolve()
    with Workers(limits=options.limits, module=_READERS) as workers:
        with _lasting():
            from importers.delivery import open_delivery  # noqa: PLC0415 - while their process loads the readers

            delivery = open_delivery(path, workers)
            workers.prepare(delivery.datasets)
            from importers.job import Import, guarded, is_one  # noqa: PLC0415
            from importers.report import ImportReport  # noqa: PLC0415
            from layers.absent import find_absent  # noqa: PLC0415
        with guarded(connection):
            job = Import(connection, data, delivery, options, workers, on_progress)
            reports = job.run()
            here = [dataset.location for dataset in delivery.datasets]
            here += [dataset.location for dataset, _ in delivery.refused]
            absent = () if is_one(path) else find_absent(connection, str(delivery.root), here)
    seconds = time.monotonic() - started
    return ImportReport(str(delivery.root), tuple(reports), delivery.documents, seconds, job.run_id or None, absent)
