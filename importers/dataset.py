"""One file from reading to a draft of what it brings: decoded, placed, repaired, mapped; nothing is written yet."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import numpy as np
import shapely

from importers.attributes import read_attributes
from importers.faults import Fault, Finding, Rejected
from importers.formats import recognise as recognise_format
from importers.mapping import map_rows
from importers.position import place
from importers.recognition import recognise
from importers.repair import repair, usable
from importers.report import FileReport
from importers.terrain import read_terrain
from importers.text import decode_layer, has_lost_letters
from importers.vocabulary import vocabulary, words_in
from layers.catalog import find_layer
from layers.loading import Batch, FileRecord, Load, Refused
from layers.provenance import Outcome

if TYPE_CHECKING:
    from pathlib import Path

    from importers.position import City
    from importers.source import Dataset, SourceLayer
    from layers.crs import Crs
    from layers.terrain import Ground

# Findings with which a row is loaded all the same; every other fault keeps it out.
_REMARKS = frozenset(
    {
        Fault.AXES_SWAPPED,
        Fault.TEXT_BROKEN,
        Fault.VALUE_REFUSED,
        Fault.ELEVATION_UNKNOWN,
        Fault.SECTION_UNKNOWN,
        Fault.REPAIRED,
    }
)


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


@dataclass(slots=True)
class Draft:
    """What a file will bring, and the report on it."""

    report: FileReport
    sha256: str
    bytes: int
    owner: str | None
    batches: list[Batch] = field(default_factory=list)
    originals: list[tuple[str, int, dict[str, Any]]] = field(default_factory=list)
    refused: list[Refused] = field(default_factory=list)

    def to_load(self) -> Load:
        report = self.report
        record = FileRecord(
            report.path,
            self.sha256,
            self.bytes,
            report.format,
            self.owner,
            Outcome(report.outcome),
            report.decisions,
        )
        return Load(record, self.batches, self.originals, self.refused)

    def refuse(self, layer: str | None, finding: Finding, record: dict[str, Any], where: _Where) -> None:
        """Put a record, or with no row a layer or file, aside."""
        self.refused.append(
            Refused(
                layer, finding.row, finding.fault, finding.message, finding.remedy, where.crs, where.geometry, record
            )
        )

    def refuse_whole(self, message: str) -> None:
        finding = Finding(Fault.VALUE_REFUSED, message, "correct the value, or report the rule if it is wrong")
        self.batches, self.originals, self.refused = [], [], []
        self.report.note(None, [finding])
        self.report.loaded, self.report.refused = 0, self.report.read
        self.report.outcome, self.report.message = Outcome.QUARANTINED, message
        self.refuse(None, finding, {}, _Where())


@dataclass(frozen=True, slots=True)
class _Where:
    crs: str | None = None
    geometry: shapely.Geometry | None = None


def read_dataset(dataset: Dataset, context: Context, sha256: str) -> Draft:
    """Everything that a file brings; whatever is wrong with it stands in the draft."""
    report = FileReport(dataset.name, Outcome.LOADED)
    draft = Draft(report, sha256, dataset.size, context.owner)
    try:
        form = recognise_format(dataset)
        report.format = form.name
        if form.read is None:
            _add_terrain(draft, dataset, context)
        else:
            for layer in form.read(dataset):
                _add_layer(draft, layer, dataset, context)
    except Rejected as rejected:
        _reject(draft, None, rejected)
    if report.loaded == 0:
        report.outcome = Outcome.QUARANTINED
        if not draft.refused:
            _reject(
                draft, None, Rejected(Fault.GEOMETRY_MISSING, f"{dataset.name} has no features", "check the export")
            )
    elif draft.refused:
        report.outcome = Outcome.PARTLY
    return draft


def _reject(draft: Draft, layer: str | None, rejected: Rejected) -> None:
    draft.report.note(layer, [rejected.finding])
    draft.report.message = rejected.finding.message
    draft.refuse(layer, rejected.finding, {}, _Where())


def _add_terrain(draft: Draft, dataset: Dataset, context: Context) -> None:
    batch = read_terrain(dataset, context.city, context.crs, data=context.data, sha256=draft.sha256)
    draft.batches.append(_stamped(batch, context))
    draft.report.tables.append("terrain")
    draft.report.read = draft.report.loaded = 1


def _add_layer(draft: Draft, layer: SourceLayer, dataset: Dataset, context: Context) -> None:
    report = draft.report
    if dataset.path.suffix.lower() == ".dxf" and words_in(layer.name) & set(vocabulary()["drawing"]["ignored"]):
        report.decisions.append({"layer": layer.name, "left aside": "paper, not city"})
        return
    report.read += len(layer)
    try:
        _map_layer(draft, layer, dataset, context)
    except Rejected as rejected:
        report.refused += len(layer)
        _reject(draft, layer.name, rejected)


def _map_layer(draft: Draft, raw: SourceLayer, dataset: Dataset, context: Context) -> None:
    layer, decoded, remarks = _decoded(raw)
    target = recognise(layer, dataset.name, context.layer)
    present, findings = usable(layer.geometries, layer.rows)
    kept = np.flatnonzero(present)
    placed = place(layer, layer.geometries[kept], context.city, context.crs, force=context.force_crs)
    remedy = "check the coordinates of the record"
    findings += [
        Finding(Fault.OUTSIDE_CITY, "the feature lies outside the city", remedy, int(layer.rows[i]))
        for i in kept[~placed.inside]
    ]
    kept = kept[placed.inside]
    sound = repair(target.table, placed.geometries[placed.inside], layer.rows[kept])
    index = kept[sound.index]
    attributes = read_attributes(target.table, layer.columns, len(layer)).take(index.tolist())
    rows = map_rows(target, attributes, sound.geometries, context.ground, context.owner)
    columns, impossible = _possible(target.table, rows.columns)
    own = [replace(f, row=int(layer.rows[index[f.row]])) for f in rows.findings + impossible if f.row is not None]
    findings += [*remarks, *placed.findings, *sound.findings, *own]
    columns |= {
        "source_layer": [layer.name] * len(index),
        "source_row": layer.rows[index].tolist(),
        "source_part": sound.part.tolist(),
    }
    if len(index):
        draft.batches.append(_stamped(Batch(target.table, columns), context))
        draft.report.tables.append(target.table)
    draft.originals += [(layer.name, int(layer.rows[i]), _jsonable(layer.record(i))) for i in np.unique(index).tolist()]
    _file_refused(draft, layer, [f for f in findings if f.fault not in _REMARKS])
    draft.report.loaded += len(index)
    draft.report.note(layer.name, findings)
    draft.report.decisions.append(
        {
            "layer": layer.name,
            "target": target.reason,
            "crs": f"{placed.crs.code if placed.crs.has_code else placed.crs.name}: {placed.reason}",
            "text": decoded,
            "fields": {name: source for name, (source, _) in attributes.fields.items()},
            "heights and sections": rows.reasons,
            "notes": list(layer.notes),
        }
    )


def _file_refused(draft: Draft, layer: SourceLayer, findings: list[Finding]) -> None:
    position = {int(row): i for i, row in enumerate(layer.rows)}
    for finding in findings:
        if finding.row is None:
            continue
        i = position[finding.row]
        where = _Where(layer.crs, layer.geometries[i])
        draft.refuse(layer.name, finding, _jsonable(layer.record(i)), where)
    draft.report.refused += len({finding.row for finding in findings})


def _decoded(layer: SourceLayer) -> tuple[SourceLayer, str, list[Finding]]:
    """The layer with its text in Unicode, the encoding and its reason, and remarks on text that is damaged."""
    values = {v for column in layer.columns.values() for v in column if isinstance(v, str)}
    texts = values.union(layer.columns)
    decoding = decode_layer(sorted(texts), declared=layer.encoding, hints=layer.fonts)
    words = {text: decoding.decode(text).replace("\0", "") for text in texts}
    columns = {
        words[name]: [words[v] if isinstance(v, str) else v for v in column] for name, column in layer.columns.items()
    }
    damaged = sorted(
        {
            int(layer.rows[i])
            for column in layer.columns.values()
            for i, v in enumerate(column)
            if isinstance(v, str) and (not decoding.is_lossless(v) or has_lost_letters(words[v]))
        }
    )
    remarks = [
        Finding(Fault.TEXT_BROKEN, f"letters are lost or fit no encoding; read as {decoding.encoding}", row=row)
        for row in damaged
    ]
    if not decoding.trusted:
        remarks.append(Finding(Fault.TEXT_BROKEN, f"encoding uncertain, read as {decoding.encoding}"))
    said = f"{decoding.encoding}, score {decoding.score:.2f}: {decoding.reason}"
    return replace(layer, columns=columns), said, remarks


def _possible(table: str, columns: dict[str, Any]) -> tuple[dict[str, Any], list[Finding]]:
    """Columns without the numbers that the table's rules call impossible, and a finding for each of those."""
    findings = []
    columns = dict(columns)
    for rule in find_layer(table).ranges:
        values = columns.get(rule.column)
        if values is None:
            continue
        wrong = [i for i, v in enumerate(values) if v is not None and not rule.low <= v <= rule.high]
        findings += [
            Finding(
                Fault.VALUE_REFUSED, f"{rule.column} = {values[i]:g} is not within {rule.low:g} to {rule.high:g}", row=i
            )
            for i in wrong
        ]
        columns[rule.column] = [None if i in set(wrong) else v for i, v in enumerate(values)] if wrong else values
    return columns, findings


def _stamped(batch: Batch, context: Context) -> Batch:
    """The batch with the storage SRID on its geometries."""
    srid = context.city.storage.srid
    columns = {
        name: shapely.set_srid(np.array(values, dtype=object), srid) if name in ("geom", "axis") else values
        for name, values in batch.columns.items()
    }
    return Batch(batch.table, columns)


def _jsonable(record: dict[str, Any]) -> dict[str, Any]:
    return {
        name: value if value is None or isinstance(value, bool | int | str) or _is_finite(value) else str(value)
        for name, value in record.items()
    }


def _is_finite(value: object) -> bool:
    return isinstance(value, float) and bool(np.isfinite(value))
