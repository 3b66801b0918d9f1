"""A folder into the city.

The process that reads files is started first, and loads what it needs while this one does: of two cores, neither waits.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from importers.options import ImportOptions, Progress
from importers.sandbox import Workers

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from importers.report import ImportReport
    from layers.database import Connection

__all__ = ["ImportOptions", "Progress", "import_path"]

_READERS = "importers.dataset"


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
        from importers.delivery import open_delivery  # noqa: PLC0415 - while their process loads the readers
        from importers.job import Import, guarded  # noqa: PLC0415
        from importers.report import ImportReport  # noqa: PLC0415

        with guarded(connection):
            delivery = open_delivery(path, workers)
            job = Import(connection, data, delivery, options, workers, on_progress)
            reports = job.run()
    seconds = time.monotonic() - started
    return ImportReport(str(delivery.root), tuple(reports), delivery.documents, seconds, job.run_id or None)
