"""Files that a folder had when it was imported before, and has no more: what they brought is in the city still."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

    from layers.database import Connection


@dataclass(frozen=True, slots=True)
class Absent:
    """A file by its name when it was imported, and the run that brought it."""

    path: str
    run_id: int


def find_absent(connection: Connection, folder: str, delivered: Iterable[str]) -> tuple[Absent, ...]:
    """Files below a folder whose features are in the city, and which are not among the locations that it has now."""
    rows = connection.execute(
        "select path, run_id from source_files where starts_with(location, %s || '/') and location <> all(%s)"
        " and outcome in ('loaded', 'partly') and replaced_by is null and custom_layer is null order by path, id",
        (folder, list(delivered)),
    ).fetchall()
    return tuple(Absent(*row) for row in rows)
