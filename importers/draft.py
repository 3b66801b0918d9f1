"""What is known before a file is opened, and how its records are put aside."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from layers.loading import Quarantined, Refused
from layers.rows import plain

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from pathlib import Path

    import shapely

    from importers.faults import Finding, Rejected
    from importers.joining import Manholes
    from importers.layer_rules import Profile
    from importers.position import City
    from importers.report import FileReport
    from importers.source import LongLayer, SourceLayer
    from layers.crs import Crs
    from layers.terrain import Ground

_MOST_RECORDS = 20_000  # in one part


@dataclass(frozen=True, slots=True)
class Context:
    """What is known before a file is opened.

    terrain: the folder for rasters. nodes: the manholes of the delivery, for tables that name them; None where not all
    files that may hold some have been read. verdict: what the database said of the file, which is then refused.
    thorough: whether all records of a long layer are asked how its text is written before the first of them is read.
    features: how many each of the city's layers has.
    """

    city: City
    ground: Ground
    terrain: Path
    crs: Crs | None
    force_crs: bool
    owner: str | None
    layer: str | None
    profile: Profile
    nodes: Manholes | None = None
    verdict: str | None = None
    thorough: bool = False
    features: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Where:
    """Where a record lies as delivered."""

    crs: str | None = None
    geometry: shapely.Geometry | None = None


def refuse(layer: str | None, finding: Finding, record: dict[str, Any], where: Where) -> Refused:
    """A record, or with no row a layer or file, put aside."""
    return Refused(
        layer, finding.row, finding.fault, finding.message, finding.remedy, where.crs, where.geometry, record
    )


def reject(report: FileReport, layer: SourceLayer | LongLayer | None, rejected: Rejected) -> Iterator[Quarantined]:
    """Put a file aside, or a layer with all its records."""
    finding = rejected.finding
    name = None if layer is None else layer.name
    report.note(name, [finding])
    report.message = finding.message
    yield Quarantined((refuse(name, finding, {}, Where()),))
    for chunk in [] if layer is None else _chunks(layer):
        report.refused += len(chunk)
        yield from refuse_records(chunk, (replace(finding, row=int(row)) for row in chunk.rows))


def _chunks(layer: SourceLayer | LongLayer) -> Iterable[SourceLayer]:
    return layer.chunks() if hasattr(layer, "chunks") else (layer,)


def refuse_records(layer: SourceLayer, findings: Iterable[Finding]) -> Iterator[Quarantined]:
    """Put records aside, with all that they hold."""
    of_records = [finding for finding in findings if finding.row is not None]
    place = {row: i for i, row in enumerate(layer.rows.tolist())} if of_records else {}
    geometries = layer.geometries if of_records else ()
    records: list[Refused] = []
    for finding in of_records:
        i = place[finding.row]
        record = {name: plain(value) for name, value in layer.record(i).items()}
        records.append(refuse(layer.name, finding, record, Where(layer.crs, geometries[i])))
        if len(records) == _MOST_RECORDS:
            yield Quarantined(tuple(records))
            records = []
    if records:
        yield Quarantined(tuple(records))
