"""One layer of a file: decoded, recognised, placed, repaired, mapped to the rows of its table."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cache, partial
from itertools import chain
from typing import TYPE_CHECKING, Any

import numpy as np
import shapely

from importers.attributes import read_attributes
from importers.contradiction import find_contradictions
from importers.decoding import decode, decode_names, describe
from importers.draft import refuse_records, reject
from importers.faults import Fault, Finding, Rejected
from importers.mapping import map_rows
from importers.position import move, move_lines, place, read_long
from importers.recognition import Target, kind_of_names, recognise
from importers.repair import find_repeats, repair, usable
from importers.survey import Letters, count_values
from importers.uprights import as_nodes, stand_upright
from importers.vocabulary import vocabulary, words_in
from layers.bulk import is_bulk
from layers.catalog import find_layer
from layers.columns import Column
from layers.crs import transform_geometries
from layers.linestrings import LineStrings, to_objects
from layers.reach import state_reach
from layers.rows import encode_records, encode_rows

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from numpy.typing import NDArray

    from importers.attributes import Attributes, Census
    from importers.draft import Context
    from importers.layer_rules import LayerRule
    from importers.mapping import Columns, Rows
    from importers.position import City, Placement, Reading
    from importers.report import FileReport
    from importers.source import Dataset, LongLayer, SourceLayer
    from importers.text import Decoding
    from layers.linestrings import Shapes
    from layers.loading import Part

_MOST_REASONS = 1000  # of one part of a layer

# Findings with which a row is loaded all the same; every other fault keeps it out.
REMARKS = frozenset(
    {
        Fault.AXES_SWAPPED,
        Fault.TEXT_BROKEN,
        Fault.VALUE_REFUSED,
        Fault.ELEVATION_UNKNOWN,
        Fault.SECTION_UNKNOWN,
        Fault.REPAIRED,
        Fault.REPEATED,
    }
)


@dataclass(frozen=True, slots=True)
class Settled:
    """What was decided of a long layer as a whole, before its records are looked at in turns.

    letters: those by which the decoding was decided.
    """

    letters: Letters
    decoding: Decoding
    target: Target
    reading: Reading
    census: Callable[[], Census]


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

    @property
    def within(self) -> Shapes:
        """Geometries in storage CRS of the records that are kept."""
        shapes = self.placed.geometries  # plain lines are all inside
        return shapes if isinstance(shapes, LineStrings) else shapes[self.placed.inside]


@dataclass(frozen=True, slots=True)
class Announcement:
    """How many rows of a table will come; `alone` where they need the table for themselves."""

    table: str
    rows: int
    alone: bool


@dataclass(frozen=True, slots=True)
class Doubted:
    """How text is read was decided by the first records, and others contradict: the file is to be read thoroughly."""


def read_layer(report: FileReport, layer: SourceLayer, dataset: Dataset, context: Context) -> Iterator[Part]:
    """What a layer brings, or what is wrong with it; its report is written along."""
    if _is_left_aside(report, layer.name, dataset, context, is_drawing=layer.drawing):
        return
    report.read += len(layer)
    try:
        understood = understand(layer, dataset, context)
    except Rejected as rejected:
        yield from reject(report, layer, rejected)
    else:
        yield from _map_layer(report, understood, context)


def read_long_layer(
    report: FileReport, layer: LongLayer, dataset: Dataset, context: Context
) -> Iterator[Part | Announcement | Doubted]:
    """The same of a layer that is read in turns; after a `Doubted` nothing more comes, and nothing may count.

    Raises: Rejected where reading it fails midway: then nothing of the file may count.
    """
    if _is_left_aside(report, layer.name, dataset, context):
        return
    turns = layer.chunks()
    try:
        head = _first(turns, layer)
        settled = settle(layer, head, dataset, context)
    except Rejected as rejected:
        report.read += len(layer)
        yield from reject(report, layer, rejected)
        return
    table = settled.target.table
    alone = is_bulk(len(layer), context.features.get(table, 0))
    yield Announcement(table, len(layer), alone)
    known = len(settled.letters.texts)
    for chunk in chain([head], turns):
        report.read += len(chunk)
        settled.letters.add(chunk.columns)
        yield from _map_layer(report, understand(chunk, dataset, context, settled), context, alone=alone)
    if len(settled.letters.texts) > known:
        yield from _confirm(report, layer, settled, context.profile.find(dataset.name, layer.name))


def _first(turns: Iterator[SourceLayer], layer: LongLayer) -> SourceLayer:
    head = next(turns, None)
    if head is None:
        raise Rejected(Fault.GEOMETRY_MISSING, f"{layer.name} has no features", "check the export")
    return head


def _confirm(report: FileReport, layer: LongLayer, settled: Settled, rule: LayerRule) -> Iterator[Doubted]:
    """Whether all records say of their text what the first said; how surely is written into the report."""
    decoding = settled.letters.decide(layer, rule.encoding)
    if (decoding.encoding, decoding.trusted) != (settled.decoding.encoding, settled.decoding.trusted):
        yield Doubted()
    for decision in report.decisions:
        if decision["layer"] == layer.name:
            decision["text"] = describe(decoding)


def _is_left_aside(
    report: FileReport, name: str, dataset: Dataset, context: Context, *, is_drawing: bool = False
) -> bool:
    is_paper = is_drawing and bool(words_in(name) & set(vocabulary()["drawing"]["ignored"]))
    if not is_paper and not context.profile.find(dataset.name, name).skip:
        return False
    report.decisions.append({"layer": name, "left aside": "paper, not city" if is_paper else "by the profile"})
    return True


def settle(layer: LongLayer, head: SourceLayer, dataset: Dataset, context: Context) -> Settled:
    """Decide on a long layer: by its first records, `head`, what it is and, unless thorough, how its text is read; by
    all values in which unit numbers are; by all places where it lies, if its extent does not tell.

    Raises: Rejected where that is not possible.
    """
    rule = context.profile.find(dataset.name, layer.name)
    letters = Letters()
    for chunk in layer.chunks(with_geometry=False) if context.thorough else (head,):
        letters.add(chunk.columns)
    decoding = letters.decide(layer, rule.encoding)
    decoded, _, _ = decode(head, decoding)
    target = _target(decoded, dataset, context, rule)
    city = context.city.without_boundary() if target.table == "boundaries" else context.city
    given, force = (rule.crs, True) if rule.crs is not None else (context.crs, context.force_crs)
    census = cache(partial(count_values, layer, tuple(decoded.columns)))
    return Settled(letters, decoding, target, read_long(layer, city, given, force=force), census)


def understand(raw: SourceLayer, dataset: Dataset, context: Context, settled: Settled | None = None) -> Understood:
    """Decode, recognise and place a layer. Raises: Rejected where one of these is not possible."""
    rule = context.profile.find(dataset.name, raw.name)
    solids = raw.columns.get("solid")
    without_solids = {name: values for name, values in raw.columns.items() if name != "solid"}
    decoding = settled.decoding if settled else decode_names(without_solids, raw.encoding, raw.fonts, rule.encoding)
    layer, text, findings = decode(replace(raw, columns=without_solids), decoding)
    target = settled.target if settled else _target(layer, dataset, context, rule)
    placed, kept, faults = _placed(layer, target, context, rule, settled)
    if settled is None:  # what comes in turns is compared in the city, by the check of the network
        faults += find_repeats(layer.geometries, layer.columns, layer.rows)
    census = settled.census if settled else None
    attributes = read_attributes(target.table, layer.columns, len(layer), census)
    if rule.fields is not None:
        missing = [name for name, _ in rule.fields.values() if name not in layer.columns]
        if missing:
            said = f"layer '{layer.name}' has no field {', '.join(missing)}, which the profile names"
            raise Rejected(Fault.LAYER_UNKNOWN, said, "correct the profile")
        attributes = replace(attributes, fields=rule.fields, rivals={})
    shells = None
    heights_count = context.city.takes_heights_of(placed.crs) and not placed.is_swapped
    if solids is not None and target.table == "buildings" and heights_count:
        shells = transform_geometries(np.array(solids, dtype=object), placed.crs, context.city.storage, strict=False)
    return Understood(layer, text, target, placed, kept, attributes, shells, [*findings, *faults, *placed.findings])


def _target(layer: SourceLayer, dataset: Dataset, context: Context, rule: LayerRule) -> Target:
    if rule.table is not None:
        kind = kind_of_names([layer.name, dataset.path.stem])
        return Target(rule.table, rule.discipline, f"{rule.table}: by the profile", kind)
    target = recognise(layer, dataset, context.layer)
    return replace(target, discipline=rule.discipline or target.discipline)


def _placed(
    layer: SourceLayer, target: Target, context: Context, rule: LayerRule, settled: Settled | None
) -> tuple[Placement, NDArray[np.int64], list[Finding]]:
    """Where the layer lies, which of its records lie in the city, and what is wrong with the others.

    Heights above an ellipsoid or a foreign datum are dropped here: mixed with the city's they would be metres off.
    """
    city = context.city.without_boundary() if target.table == "boundaries" else context.city
    if settled is not None:
        return locate(layer, settled.reading, city)
    present, findings = usable(layer.geometries, layer.rows)
    kept = np.flatnonzero(present)
    given, force = (rule.crs, True) if rule.crs is not None else (context.crs, context.force_crs)
    placed = place(layer, layer.geometries[kept], city, given, force=force)
    findings += find_contradictions(layer, placed, kept, city, given)
    return _in_city(layer, placed, kept, findings, city)


def locate(layer: SourceLayer, reading: Reading, city: City) -> tuple[Placement, NDArray[np.int64], list[Finding]]:
    """As above, where it is known how the coordinates are read."""
    placed = move_lines(layer.shapes, reading, city) if isinstance(layer.shapes, LineStrings) else None
    if placed is not None:
        return _in_city(layer, placed, np.arange(len(layer)), [], city)
    geometries = layer.geometries
    present, findings = usable(geometries, layer.rows)
    kept = np.flatnonzero(present)
    return _in_city(layer, move(geometries[kept], reading, city), kept, findings, city)


def _in_city(
    layer: SourceLayer, placed: Placement, kept: NDArray[np.int64], findings: list[Finding], city: City
) -> tuple[Placement, NDArray[np.int64], list[Finding]]:
    remedy = "check the coordinates of the record"
    findings += [
        Finding(Fault.OUTSIDE_CITY, "the feature lies outside the city", remedy, int(layer.rows[i]))
        for i in kept[~placed.inside]
    ]
    if not city.takes_heights_of(placed.crs):
        reason = f"{placed.reason}; z refers to {placed.crs.vertical} and is not used"
        if city.understands_heights_of(placed.crs):
            reason = f"{placed.reason}; z is in no metres, as x and y, or as its system says, and is not used"
        reading = replace(placed.reading, reason=reason)
        shapes = placed.geometries
        flat = shapes.in_plan() if isinstance(shapes, LineStrings) else shapely.force_2d(shapes)
        placed = replace(placed, geometries=flat, reading=reading)
    return placed, kept[placed.inside], findings


def _map_layer(report: FileReport, understood: Understood, context: Context, *, alone: bool = False) -> Iterator[Part]:
    upright = _uprights(understood)
    if upright.any():
        lines, nodes = _apart(understood, upright)
        yield from _map_alike(report, lines, context, alone=alone)
        yield from _map_alike(report, nodes, context, alone=False)
    else:
        yield from _map_alike(report, understood, context, alone=alone)


def _uprights(understood: Understood) -> NDArray[np.bool_]:
    if understood.target.table != "utility_lines":
        return np.zeros(0, dtype=bool)
    return stand_upright(understood.within)


def _apart(understood: Understood, upright: NDArray[np.bool_]) -> tuple[Understood, Understood]:
    """The lines that lead somewhere, and those that stand upright, as nodes."""
    shapes, placed, at = to_objects(understood.within), understood.placed, understood.kept[upright]
    lines = _of(placed, shapes[~upright])
    points, attributes = as_nodes(shapes[upright], understood.attributes.take(at))
    layer = understood.layer.take(at)
    said = "a line that stands upright is kept as a node, from its bottom to its top"
    target = Target("utility_nodes", understood.target.discipline, "utility_nodes: lines that stand upright")
    findings = [Finding(Fault.REPAIRED, said, row=int(row)) for row in layer.rows]
    nodes = Understood(
        layer, understood.text, target, _of(placed, points), np.arange(len(at)), attributes, None, findings
    )
    return replace(understood, placed=lines, kept=understood.kept[~upright]), nodes


def _of(placed: Placement, geometries: NDArray[np.object_]) -> Placement:
    return replace(placed, geometries=geometries, inside=np.ones(len(geometries), dtype=bool))


def _map_alike(report: FileReport, understood: Understood, context: Context, *, alone: bool) -> Iterator[Part]:
    layer, target, kept = understood.layer, understood.target, understood.kept
    sound = repair(target.table, understood.within, layer.rows[kept])
    index = kept[sound.index]
    rows = map_rows(target, understood.attributes.take(index), sound.geometries, context.ground, context.owner)
    columns, impossible = _possible(target.table, rows.columns)
    columns |= state_reach(target.table, columns) | {
        "source_layer": Column.constant(layer.name, len(index)),
        "source_row": layer.rows[index],
        "source_part": sound.part,
    }
    if understood.solids is not None:
        columns["solid"] = understood.solids[index]
    own = [replace(f, row=int(layer.rows[index[f.row]])) for f in rows.findings + impossible if f.row is not None]
    findings = [*understood.findings, *sound.findings, *own]
    refused = [f for f in findings if f.fault not in REMARKS and f.row is not None]
    numbers = {finding.row for finding in refused if finding.row is not None}
    report.refused += len(numbers)
    report.note(layer.name, findings)
    report.decide(_decisions(understood, rows))
    loaded = index if not numbers else index[~np.isin(layer.rows[index], list(numbers))]
    if len(loaded):
        report.count(target.table, len(loaded))
        if len(loaded) < len(index):
            columns = _take(columns, np.flatnonzero(np.isin(index, loaded)))
        yield encode_rows(target.table, columns, context.city.storage.srid, apart=alone)
        yield _records(layer, np.unique(loaded))
    yield from refuse_records(layer, refused)


def _records(layer: SourceLayer, index: NDArray[np.int64]) -> Part:
    """The records that rows were made of, as delivered."""
    return encode_records(
        layer.name, layer.rows[index], {name: Column.of(v).take(index) for name, v in layer.columns.items()}
    )


def _take(columns: Columns, keep: NDArray[np.int64]) -> Columns:
    return {
        name: values[keep] if isinstance(values, np.ndarray) else values.take(keep) for name, values in columns.items()
    }


def _decisions(understood: Understood, rows: Rows) -> dict[str, Any]:
    crs = understood.placed.crs
    return {
        "layer": understood.layer.name,
        "target": understood.target.reason,
        "crs": f"{crs.code if crs.has_code else crs.name}: {understood.placed.reason}",
        "text": understood.text,
        "fields": {name: source for name, (source, _) in understood.attributes.fields.items()},
        "heights and sections": rows.reasons[:_MOST_REASONS],
        "notes": list(understood.layer.notes),
    }


def _possible(table: str, columns: Columns) -> tuple[Columns, list[Finding]]:
    """Columns without the numbers that the table's rules call impossible, and a finding for each of those."""
    findings = []
    columns = dict(columns)
    for rule in find_layer(table).ranges:
        values = columns.get(rule.column)
        if values is None or isinstance(values, LineStrings):
            continue
        numbers = values.floats() if isinstance(values, Column) else np.asarray(values, dtype=np.float64)
        wrong = np.flatnonzero((numbers < rule.low) | (numbers > rule.high)).tolist()
        if not wrong:
            continue
        findings += [
            Finding(
                Fault.VALUE_REFUSED,
                f"{rule.column} = {numbers[i]:g} is not within {rule.low:g} to {rule.high:g}",
                row=i,
            )
            for i in wrong
        ]
        possible = [None if value is None or not rule.low <= value <= rule.high else value for value in values]
        columns[rule.column] = Column.of(possible)
    return columns, findings
