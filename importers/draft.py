"""What a file will bring, before anything is written."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import numpy as np
import shapely

from importers.faults import Fault, Finding, Rejected
from layers.loading import Batch, FileRecord, Load, Refused
from layers.provenance import Outcome

if TYPE_CHECKING:
    from pathlib import Path

    from importers.position import City
    from importers.profile import Profile
    from importers.report import FileReport
    from importers.source import SourceLayer
    from layers.crs import Crs
    from layers.terrain import Ground


@dataclass(frozen=True, slots=True)
class Context:
    """What is known before a file is opened."""

    city: City
    ground: Ground
    data: Path
    crs: Crs | None
    force_crs: bool
    owner: str | None
    layer: str | None
    profile: Profile


@dataclass(frozen=True, slots=True)
class Identity:
    """Where a file lies, the hash of its content, and of that with all that its reading depends on."""

    location: str
    sha256: str
    key: str


@dataclass(slots=True)
class Draft:
    """What a file will bring, and the report on it."""

    report: FileReport
    source: Identity
    bytes: int
    owner: str | None
    batches: list[Batch] = field(default_factory=list)
    originals: list[tuple[str, int, dict[str, Any]]] = field(default_factory=list)
    refused: list[Refused] = field(default_factory=list)

    def to_load(self) -> Load:
        report = self.report
        record = FileRecord(
            report.path,
            self.source.location,
            self.source.sha256,
            self.source.key,
            self.bytes,
            report.format,
            self.owner,
            Outcome(report.outcome),
            report.decisions,
        )
        return Load(record, self.batches, self.originals, self.refused)

    def refuse(self, layer: str | None, finding: Finding, record: dict[str, Any], where: Where) -> None:
        """Put a record, or with no row a layer or file, aside."""
        self.refused.append(
            Refused(
                layer, finding.row, finding.fault, finding.message, finding.remedy, where.crs, where.geometry, record
            )
        )

    def refuse_whole(self, message: str) -> None:
        """Put the whole file aside, every record of it."""
        finding = Finding(Fault.VALUE_REFUSED, message, "correct the value, or report the rule if it is wrong")
        for layer, row, attributes in self.originals:
            self.refuse(layer, replace(finding, row=row), attributes, Where())
        self.batches, self.originals = [], []
        self.report.note(None, [finding])
        self.report.loaded, self.report.refused = 0, self.report.read
        self.report.outcome, self.report.message = Outcome.QUARANTINED, message
        self.refuse(None, finding, {}, Where())


@dataclass(frozen=True, slots=True)
class Where:
    crs: str | None = None
    geometry: shapely.Geometry | None = None


def reject(draft: Draft, layer: SourceLayer | None, rejected: Rejected) -> None:
    """Put a file aside, or a layer with all its records."""
    finding = rejected.finding
    name = None if layer is None else layer.name
    draft.report.note(name, [finding])
    draft.report.message = finding.message
    draft.refuse(name, finding, {}, Where())
    if layer is not None:
        draft.report.refused += len(layer)
        file_records(draft, layer, [replace(finding, row=int(row)) for row in layer.rows])


def file_records(draft: Draft, layer: SourceLayer, findings: list[Finding]) -> None:
    position = {int(row): i for i, row in enumerate(layer.rows)}
    for finding in findings:
        if finding.row is not None:
            i = position[finding.row]
            where = Where(layer.crs, layer.geometries[i])
            draft.refuse(layer.name, finding, jsonable(layer.record(i)), where)


def stamped(batch: Batch, context: Context) -> Batch:
    """The batch with the storage SRID on its geometries."""
    srid = context.city.storage.srid
    columns = {
        name: shapely.set_srid(np.array(values, dtype=object), srid) if name in ("geom", "axis", "solid") else values
        for name, values in batch.columns.items()
    }
    return Batch(batch.table, columns)


def jsonable(record: dict[str, Any]) -> dict[str, Any]:
    return {
        name: value if value is None or isinstance(value, bool | int | str) or _is_finite(value) else str(value)
        for name, value in record.items()
    }


def _is_finite(value: object) -> bool:
    return isinstance(value, float) and bool(np.isfinite(value))
