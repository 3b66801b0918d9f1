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

    from numpy.typing import NDArray

    from importers.position import City, Placement
    from importers.recognition import Target
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

    def refuse(self, layer: str | None, finding: Finding, record: dict[str, Any], where: _Where) -> None:
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
            self.refuse(layer, replace(finding, row=row), attributes, _Where())
        self.batches, self.originals = [], []
        self.report.note(None, [finding])
        self.report.loaded, self.report.refused = 0, self.report.read
        self.report.outcome, self.report.message = Outcome.QUARANTINED, message
        self.refuse(None, finding, {}, _Where())


@dataclass(frozen=True, slots=True)
class _Where:
    crs: str | None = None
    geometry: shapely.Geometry | None = None


def read_dataset(dataset: Dataset, context: Context, source: Identity) -> Draft:
    """Everything that a file brings; whatever is wrong with it stands in the draft."""
    report = FileReport(dataset.name, Outcome.LOADED)
    draft = Draft(report, source, dataset.size, context.owner)
    try:
        form = recognise_format(dataset)
        report.format = form.name
        if form.read is None:
            _add_terrain(draft, dataset, context)
        else:
            for layer in form.read(dataset):
                for part in _by_dimension(layer, context):
                    _add_layer(draft, part, dataset, context)
    except Rejected as rejected:
        _reject(draft, None, rejected)
    if report.loaded == 0:
        report.outcome = Outcome.QUARANTINED
        if not draft.refused:
            nothing = f"{dataset.name} has no features"
            _reject(draft, None, Rejected(Fault.GEOMETRY_MISSING, nothing, "check the export"))
    elif draft.refused:
        report.outcome = Outcome.PARTLY
    return draft


def refuse_dataset(dataset: Dataset, source: Identity, finding: Finding) -> Draft:
    """The draft of a file that could not even be opened."""
    report = FileReport(dataset.name, Outcome.QUARANTINED, message=finding.message)
    report.note(None, [finding])
    draft = Draft(report, source, 0, None)
    draft.refuse(None, finding, {}, _Where())
    return draft


def _by_dimension(layer: SourceLayer, context: Context) -> list[SourceLayer]:
    """Points, lines and areas of one layer apart, for they go to different tables; records keep their numbers.

    Records without geometry stay with the kind that most of the layer is.
    """
    dimensions = np.asarray(shapely.get_dimensions(layer.geometries))
    kinds, counts = np.unique(dimensions[dimensions >= 0], return_counts=True)
    if len(kinds) < 2 or context.layer is not None:
        return [layer]
    dimensions = np.where(dimensions < 0, kinds[counts.argmax()], dimensions)
    return [layer.take(np.flatnonzero(dimensions == kind)) for kind in kinds]


def _reject(draft: Draft, layer: SourceLayer | None, rejected: Rejected) -> None:
    """Put a file aside, or a layer with all its records."""
    finding = rejected.finding
    name = None if layer is None else layer.name
    draft.report.note(name, [finding])
    draft.report.message = finding.message
    draft.refuse(name, finding, {}, _Where())
    if layer is not None:
        draft.report.refused += len(layer)
        _file_records(draft, layer, [replace(finding, row=int(row)) for row in layer.rows])


def _add_terrain(draft: Draft, dataset: Dataset, context: Context) -> None:
    batch = read_terrain(dataset, context.city, context.crs, data=context.data, sha256=draft.source.sha256)
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
        _reject(draft, layer, rejected)


def _map_layer(draft: Draft, raw: SourceLayer, dataset: Dataset, context: Context) -> None:
    layer, decoded, remarks = _decoded(raw)
    target = recognise(layer, dataset, context.layer)
    placed, kept, findings = _placed(layer, target, context)
    sound = repair(target.table, placed.geometries[placed.inside], layer.rows[kept])
    index = kept[sound.index]
    attributes = read_attributes(target.table, layer.columns, len(layer)).take(index.tolist())
    rows = map_rows(target, attributes, sound.geometries, context.ground, context.owner)
    columns, impossible = _possible(target.table, rows.columns)
    columns |= {
        "source_layer": [layer.name] * len(index),
        "source_row": layer.rows[index].tolist(),
        "source_part": sound.part.tolist(),
    }
    own = [replace(f, row=int(layer.rows[index[f.row]])) for f in rows.findings + impossible if f.row is not None]
    findings += [*remarks, *placed.findings, *sound.findings, *own]
    refused = [f for f in findings if f.fault not in _REMARKS]
    columns = _without(columns, {f.row for f in refused})
    loaded = Batch(target.table, columns)
    if len(loaded):
        draft.batches.append(_stamped(loaded, context))
        draft.report.tables.append(target.table)
    whole = sorted(set(columns["source_row"]))
    position = {int(row): i for i, row in enumerate(layer.rows)}
    draft.originals += [(layer.name, row, _jsonable(layer.record(position[row]))) for row in whole]
    _file_records(draft, layer, refused)
    draft.report.refused += len({finding.row for finding in refused})
    draft.report.loaded += len(loaded)
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


def _placed(layer: SourceLayer, target: Target, context: Context) -> tuple[Placement, NDArray[np.int64], list[Finding]]:
    """Where the layer lies, which of its records lie in the city, and what is wrong with the others.

    Heights above an ellipsoid or a foreign datum are dropped here: mixed with the city's they would be metres off.
    """
    city = context.city.without_boundary() if target.table == "boundaries" else context.city
    present, findings = usable(layer.geometries, layer.rows)
    kept = np.flatnonzero(present)
    placed = place(layer, layer.geometries[kept], city, context.crs, force=context.force_crs)
    remedy = "check the coordinates of the record"
    findings += [
        Finding(Fault.OUTSIDE_CITY, "the feature lies outside the city", remedy, int(layer.rows[i]))
        for i in kept[~placed.inside]
    ]
    if not city.understands_heights_of(placed.crs):
        reason = f"{placed.reason}; z refers to {placed.crs.vertical} and is not used"
        placed = replace(placed, geometries=shapely.force_2d(placed.geometries), reason=reason)
    return placed, kept[placed.inside], findings


def _without(columns: dict[str, Any], rows: set[int | None]) -> dict[str, Any]:
    """The columns without the records of the file that were refused."""
    if not rows:
        return columns
    keep = [i for i, row in enumerate(columns["source_row"]) if row not in rows]
    return {name: [values[i] for i in keep] for name, values in columns.items()}


def _file_records(draft: Draft, layer: SourceLayer, findings: list[Finding]) -> None:
    position = {int(row): i for i, row in enumerate(layer.rows)}
    for finding in findings:
        if finding.row is not None:
            i = position[finding.row]
            where = _Where(layer.crs, layer.geometries[i])
            draft.refuse(layer.name, finding, _jsonable(layer.record(i)), where)


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
