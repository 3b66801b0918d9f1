"""Where everything came from: runs, files, original rows, and the rows that were not accepted."""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from layers.database import Connection


class Outcome(StrEnum):
    """What became of a file: all rows in, some in quarantine, the whole file in quarantine, seen before."""

    LOADED = "loaded"
    PARTLY = "partly"
    QUARANTINED = "quarantined"
    DUPLICATE = "duplicate"


def count_incomplete_files(connection: Connection) -> int:
    """Delivered files that are not, or not wholly, in the city."""
    row = connection.execute(
        "select count(*) from source_files where outcome in ('quarantined', 'partly') and replaced_by is null"
        " and custom_layer is null"
    ).fetchone()
    return int(row[0]) if row else 0
