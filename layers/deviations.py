"""What was found in the ground other than the records say, and what was laid: reports from excavations."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Any

import shapely
from psycopg.rows import class_row
from psycopg.types.json import Jsonb

from layers.database import storage_srid
from layers.errors import NotFound, Sentence

if TYPE_CHECKING:
    from datetime import datetime

    from layers.database import Connection


class Deviation(StrEnum):
    """What an excavator says of an object; `as_built` is what was laid."""

    AS_RECORDED = "as_recorded"
    SHIFTED = "shifted"
    NOT_FOUND = "not_found"
    UNKNOWN_FIND = "unknown_find"
    AS_BUILT = "as_built"


class DeviationState(StrEnum):
    """What the object's owner, or the city's desk in its place, says of the report."""

    REPORTED = "reported"
    CONFIRMED = "confirmed"
    CONTESTED = "contested"


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """What is reported of which object; `shape` in storage CRS, where it is."""

    excavation_id: int
    kind: Deviation
    detail: dict[str, Any]
    layer: str | None = None
    feature_id: int | None = None
    owner: str | None = None
    shape: shapely.Geometry | None = None


@dataclass(frozen=True, slots=True)
class KeptReport:
    """A report as it stands; `undone_at` is when what it changed was taken back."""

    id: int
    excavation_id: int
    number: int
    kind: str
    layer: str | None
    feature_id: int | None
    owner: str | None
    shape: shapely.Geometry | None
    detail: dict[str, Any]
    reported_at: datetime
    reported_by: str
    organisation: str | None
    run_id: int | None
    state: str
    settled_at: datetime | None
    settled_by: str | None
    remarks: str | None
    undone_at: datetime | None

    def __post_init__(self) -> None:
        if isinstance(self.shape, bytes):
            object.__setattr__(self, "shape", shapely.from_wkb(self.shape))


_SELECT = (
    "select d.id, d.excavation_id, d.number, d.kind, d.layer, d.feature_id, d.owner, st_asbinary(d.geom) as shape,"
    " d.detail, d.reported_at, d.reported_by, d.organisation, d.run_id, d.state, d.settled_at, d.settled_by, d.remarks,"
    " r.undone_at from excavation_deviations d left join import_runs r on r.id = d.run_id where d.excavation_id = %s"
)


def insert_report(connection: Connection, report: Report, by: tuple[str, str | None]) -> int:
    """Its number within its excavation; `by` is a name and an organisation."""
    shape = None if report.shape is None else shapely.to_wkb(report.shape, output_dimension=2)
    row = connection.execute(
        "insert into excavation_deviations (excavation_id, number, kind, layer, feature_id, owner, geom, detail,"
        " reported_by, organisation) values (%s, 1 + (select count(*) from excavation_deviations where excavation_id ="
        " %s), %s, %s, %s, %s, st_setsrid(%s::geometry, %s), %s, %s, %s) returning number",
        (
            report.excavation_id, report.excavation_id, report.kind, report.layer, report.feature_id, report.owner,
            shape, storage_srid(connection), Jsonb(report.detail), *by,
        ),
    ).fetchone()  # fmt: skip
    return int(row[0]) if row else 0


def note_run(connection: Connection, kept: KeptReport, run_id: int, feature_id: int | None = None) -> None:
    """What a report changed lies in a run; it speaks of another feature from now on where one is named."""
    connection.execute(
        "update excavation_deviations set run_id = %s, feature_id = coalesce(%s, feature_id) where id = %s",
        (run_id, feature_id, kept.id),
    )


def settle_report(
    connection: Connection, kept: KeptReport, state: DeviationState, by: str, *, remarks: str | None = None
) -> None:
    connection.execute(
        "update excavation_deviations set state = %s, settled_at = now(), settled_by = %s, remarks = %s where id = %s",
        (state, by, remarks, kept.id),
    )


def set_owner(connection: Connection, kept: KeptReport, owner: str) -> None:
    connection.execute("update excavation_deviations set owner = %s where id = %s", (owner, kept.id))


def find_report(connection: Connection, excavation_id: int, number: int, *, lock: bool = False) -> KeptReport:
    """Raises: NotFound."""
    with connection.cursor(row_factory=class_row(KeptReport)) as cursor:
        found = cursor.execute(
            f"{_SELECT} and d.number = %s{' for update of d' if lock else ''}", (excavation_id, number)
        ).fetchone()
    if found is None:
        raise NotFound(
            Sentence(
                f"excavation {excavation_id} has no report {number}",
                f"công trình đào {excavation_id} không có báo cáo {number}",
            )
        )
    return found


def list_reports(connection: Connection, excavation_id: int) -> list[KeptReport]:
    with connection.cursor(row_factory=class_row(KeptReport)) as cursor:
        return cursor.execute(f"{_SELECT} order by d.number", (excavation_id,)).fetchall()


def has_begun(connection: Connection, excavation_id: int) -> bool:
    """Whether somebody ever began to dig."""
    row = connection.execute(
        "select exists (select 1 from excavation_events where excavation_id = %s and to_status = 'in_progress')",
        (excavation_id,),
    ).fetchone()
    return bool(row and row[0])
