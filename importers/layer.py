"""One layer of a file: decoded, recognised, placed, repaired, mapped into the draft of its file."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np
import shapely

from importers.attributes import read_attributes
from importers.codepages import name_encoding
from importers.draft import Context, Draft, file_records, jsonable, reject, stamped
from importers.faults import Fault, Finding, Rejected
from importers.mapping import Rows, map_rows
from importers.position import place
from importers.recognition import Target, recognise
from importers.repair import repair, usable
from importers.text import Decoding, Reason, decode_layer, has_lost_letters
from importers.vocabulary import vocabulary, words_in
from layers.catalog import find_layer
from layers.crs import transform_geometries
from layers.loading import Batch

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from importers.attributes import Attributes
    from importers.position import Placement
    from importers.profile import LayerRule
    from importers.source import Dataset, SourceLayer

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
class Understood:
    """A layer with its text in Unicode, and what was decided of it before its records are looked at one by one.

    placed: geometries in storage CRS of the records that have one; kept: positions of those that lie in the city.
    solids: shells of buildings as MultiPolygon Z in storage CRS, one a record or None.
    """

    layer: SourceLayer
    text: str
    target: Target
    placed: Placement
    kept: NDArray[np.int64]
    attributes: Attributes
    solids: NDArray[np.object_] | None
    findings: list[Finding]


def add_layer(draft: Draft, layer: SourceLayer, dataset: Dataset, context: Context) -> None:
    """Put what a layer brings into the draft of its file, or what is wrong with it."""
    report = draft.report
    is_paper = dataset.path.suffix.lower() == ".dxf" and words_in(layer.name) & set(vocabulary()["drawing"]["ignored"])
    if is_paper or context.profile.find(dataset.name, layer.name).skip:
        report.decisions.append(
            {"layer": layer.name, "left aside": "paper, not city" if is_paper else "by the profile"}
        )
        return
    report.read += len(layer)
    try:
        _map_layer(draft, understand(layer, dataset, context), context)
    except Rejected as rejected:
        reject(draft, layer, rejected)


def understand(raw: SourceLayer, dataset: Dataset, context: Context) -> Understood:
    """Decode, recognise and place a layer. Raises: Rejected where one of these is not possible."""
    rule = context.profile.find(dataset.name, raw.name)
    solids = raw.columns.get("solid")
    without_solids = {name: values for name, values in raw.columns.items() if name != "solid"}
    layer, text, findings = _decoded(replace(raw, columns=without_solids), rule.encoding)
    if rule.table is not None:
        target = Target(rule.table, rule.discipline, f"{rule.table}: by the profile")
    else:
        target = recognise(layer, dataset, context.layer)
        target = replace(target, discipline=rule.discipline or target.discipline)
    placed, kept, faults = _placed(layer, target, context, rule)
    attributes = read_attributes(target.table, layer.columns, len(layer))
    if rule.fields is not None:
        missing = [name for name, _ in rule.fields.values() if name not in layer.columns]
        if missing:
            said = f"layer '{layer.name}' has no field {', '.join(missing)}, which the profile names"
            raise Rejected(Fault.LAYER_UNKNOWN, said, "correct the profile")
        attributes = replace(attributes, fields=rule.fields)
    shells = None
    heights_count = context.city.understands_heights_of(placed.crs) and not placed.is_swapped
    if solids is not None and target.table == "buildings" and heights_count:
        shells = transform_geometries(np.array(solids, dtype=object), placed.crs, context.city.storage, strict=False)
    return Understood(layer, text, target, placed, kept, attributes, shells, [*findings, *faults, *placed.findings])


def _map_layer(draft: Draft, understood: Understood, context: Context) -> None:
    layer, target, placed, kept = understood.layer, understood.target, understood.placed, understood.kept
    sound = repair(target.table, placed.geometries[placed.inside], layer.rows[kept])
    index = kept[sound.index]
    attributes = understood.attributes.take(index.tolist())
    rows = map_rows(target, attributes, sound.geometries, context.ground, context.owner)
    columns, impossible = _possible(target.table, rows.columns)
    columns |= {
        "source_layer": [layer.name] * len(index),
        "source_row": layer.rows[index].tolist(),
        "source_part": sound.part.tolist(),
    }
    if understood.solids is not None:
        columns["solid"] = understood.solids[index]
    own = [replace(f, row=int(layer.rows[index[f.row]])) for f in rows.findings + impossible if f.row is not None]
    findings = [*understood.findings, *sound.findings, *own]
    refused = [f for f in findings if f.fault not in _REMARKS and f.row is not None]
    _load(draft, layer, Batch(target.table, _without(columns, {f.row for f in refused})), context)
    file_records(draft, layer, refused)
    draft.report.refused += len({finding.row for finding in refused})
    draft.report.note(layer.name, findings)
    draft.report.decisions.append(_decisions(understood, rows))


def _load(draft: Draft, layer: SourceLayer, batch: Batch, context: Context) -> None:
    """The rows and the records that they were made of."""
    if not len(batch):
        return
    draft.batches.append(stamped(batch, context))
    draft.report.tables.append(batch.table)
    draft.report.loaded += len(batch)
    position = {int(row): i for i, row in enumerate(layer.rows)}
    records = sorted(set(batch.columns["source_row"]))
    draft.originals += [(layer.name, row, jsonable(layer.record(position[row]))) for row in records]


def _decisions(understood: Understood, rows: Rows) -> dict[str, Any]:
    crs = understood.placed.crs
    return {
        "layer": understood.layer.name,
        "target": understood.target.reason,
        "crs": f"{crs.code if crs.has_code else crs.name}: {understood.placed.reason}",
        "text": understood.text,
        "fields": {name: source for name, (source, _) in understood.attributes.fields.items()},
        "heights and sections": rows.reasons,
        "notes": list(understood.layer.notes),
    }


def _placed(
    layer: SourceLayer, target: Target, context: Context, rule: LayerRule
) -> tuple[Placement, NDArray[np.int64], list[Finding]]:
    """Where the layer lies, which of its records lie in the city, and what is wrong with the others.

    Heights above an ellipsoid or a foreign datum are dropped here: mixed with the city's they would be metres off.
    """
    city = context.city.without_boundary() if target.table == "boundaries" else context.city
    present, findings = usable(layer.geometries, layer.rows)
    kept = np.flatnonzero(present)
    given, force = (rule.crs, True) if rule.crs is not None else (context.crs, context.force_crs)
    placed = place(layer, layer.geometries[kept], city, given, force=force)
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


def _decoded(layer: SourceLayer, told: str | None) -> tuple[SourceLayer, str, list[Finding]]:
    """The layer with its text in Unicode, the encoding and its reason, and remarks on text that is damaged."""
    values = {v for column in layer.columns.values() for v in column if isinstance(v, str)}
    texts = values.union(layer.columns)
    decoding = decode_layer(sorted(texts), declared=layer.encoding, hints=layer.fonts)
    if told is not None:
        decoding = Decoding(_encoding(told), 1.0, Reason.DECLARED, ())
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


def _encoding(told: str) -> str:
    """Raises: Rejected for an encoding that is not known."""
    name = name_encoding(told)
    if name is None:
        raise Rejected(Fault.TEXT_BROKEN, f"the profile names the encoding '{told}', which is not known", "correct it")
    return name


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
