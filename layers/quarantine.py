"""What was refused, as a place to work in: listed, exported, tried again."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from layers.database import Connection


@dataclass(frozen=True, slots=True)
class QuarantinedFile:
    """A delivered file with faults: how often each, what would help, and where it lies."""

    path: str
    location: str
    fault: str
    records: int
    whole: bool
    message: str
    remedy: str


@dataclass(frozen=True, slots=True)
class QuarantinedRecord:
    """A refused record as it was delivered; `wkb` in `crs`, both None where there is no geometry."""

    path: str
    layer: str | None
    row: int | None
    fault: str
    message: str
    remedy: str
    crs: str | None
    wkb: bytes | None
    attributes: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Waiting:
    """A file with faults, and how the run that refused them was called: the folder, and what was said beside."""

    path: str
    location: str
    root: str
    given: dict[str, Any]


_PRESENT = "from quarantined_rows q join source_files f on f.id = q.source_file_id where f.replaced_by is null"


def list_quarantine(connection: Connection, *, custom: bool = True) -> list[QuarantinedFile]:
    """One line a file and fault, whole files and layers first; `custom`: those of layers that the city added, too."""
    rows = connection.execute(
        "select f.path, f.location, q.fault, count(q.row), bool_or(q.row is null), min(q.message), min(q.remedy) "
        + _PRESENT
        + ("" if custom else " and f.custom_layer is null")
        + " group by f.path, f.location, q.fault order by bool_or(q.row is null) desc, f.path, q.fault"
    ).fetchall()
    return [QuarantinedFile(*row) for row in rows]


def read_quarantine(connection: Connection) -> list[QuarantinedRecord]:
    """Every refused record and whole file, in the order of the files."""
    rows = connection.execute(
        "select f.path, q.layer, q.row, q.fault, q.message, q.remedy, q.source_crs, st_asbinary(q.geom), q.attributes "
        + _PRESENT
        + " order by f.path, q.layer, q.row nulls first, q.id"
    ).fetchall()
    return [QuarantinedRecord(*row) for row in rows]


def list_waiting(connection: Connection, text: str) -> list[Waiting]:
    """Files with faults whose path has a text, those of layers that the city added left out."""
    rows = connection.execute(
        "select distinct on (f.location) f.path, f.location, r.root, r.options from source_files f"
        " join import_runs r on r.id = f.run_id where f.replaced_by is null and f.custom_layer is null"
        " and position(%s in f.path) > 0 and exists (select from quarantined_rows q where q.source_file_id = f.id)"
        " order by f.location, f.id desc",
        (text,),
    ).fetchall()
    return [Waiting(*row) for row in rows]
