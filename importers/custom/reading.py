"""One layer of a file, whatever it is, as a table of its own: typed by its values, placed, repaired, encoded."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from itertools import islice
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

import numpy as np
import shapely

from importers.custom.choosing import Choice, choose
from importers.custom.kinds import Sort, reader, to_text
from importers.custom.names import name_columns, spell
from importers.decoding import decide, decode
from importers.draft import refuse_records
from importers.faults import Fault, Finding, Rejected
from importers.formats import recognise as recognise_format
from importers.layer import REMARKS, locate
from importers.position import place, read_long
from importers.repair import find_repeats, repair_custom, usable
from importers.report import FileReport
from importers.source import LongLayer
from layers.columns import Column
from layers.custom import GEOMETRIES, HEIGHTS, Draft
from layers.custom import Field as TableField
from layers.linestrings import to_objects
from layers.provenance import Outcome
from layers.rows import encode_custom, encode_records

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from importers.draft import Context
    from importers.position import Reading
    from importers.source import AnyLayer, Dataset, SourceLayer
    from importers.text import Decoding
    from layers.loading import Part

# Formats whose values are all text, whatever they mean.
_UNTYPED = frozenset({"CSV", "XLSX", "ODS", "KML", "KMZ", "GML", "DXF", "OSM XML", "OSM PBF", "dBASE table"})
MOST_FIELDS = 400
_MOST_TEXTS = 20_000


@dataclass(frozen=True, slots=True)
class Wish:
    """What a city wants of a file: the id of the new layer; which layer, and what of it; what is not said in it.

    zone: of moments that name none. encoding: of its text, against the file's own declaration.
    """

    name: str
    choice: Choice
    zone: str
    encoding: str | None = None


@dataclass(slots=True)
class _Seen:
    """What all records of a layer say together."""

    sorts: dict[str, Sort] = field(default_factory=dict)
    texts: set[str] = field(default_factory=set)
    single: bool = True
    heights: bool = False

    def add(self, chunk: SourceLayer, *, is_typed: bool) -> None:
        for name, values in chunk.columns.items():
            distinct = Column.of(values).distinct
            self.sorts.setdefault(name, Sort(is_typed)).narrow(distinct)
            self.texts.update(v for v in distinct if isinstance(v, str) and not v.isascii())
        if len(self.texts) > _MOST_TEXTS:
            self.texts = set(sorted(self.texts)[:_MOST_TEXTS])
        shapes = chunk.geometries
        self.single &= not (shapely.get_num_geometries(shapes) > 1).any()
        self.heights |= bool(shapely.has_z(shapes).any())


@dataclass(frozen=True, slots=True)
class _Settled:
    """What was decided before the records are taken one by one; `columns` are those of the fields in Unicode."""

    wish: Wish
    dimension: int
    reading: Reading
    decoding: Decoding
    draft: Draft
    columns: dict[str, str]


def read_custom(dataset: Dataset, sha256: str, *, wish: Wish, context: Context) -> Iterator[Draft | Part | FileReport]:
    """What the table is made of, what goes into it, what is refused, and last the report.

    Raises: Rejected for a file of which no layer can be made.
    """
    del sha256
    report = FileReport(dataset.name, Outcome.LOADED)
    form = recognise_format(dataset)
    report.format = form.name
    if form.read is None:
        raise Rejected(Fault.LAYER_UNKNOWN, f"{dataset.name} is a raster, not features", "load it with twin import")
    place, dimension = choose(form.read(dataset), wish.choice, dataset.name)
    # What a reader opened is closed when it goes on: it waits at the layer until that is read to its end.
    layers = form.read(dataset)
    layer = next(islice(layers, place, None))
    settled = _settle(layer, dimension, wish, context, is_typed=form.name not in _UNTYPED)
    yield settled.draft
    for chunk in _chunks(layer, dimension):
        yield from _take(report, chunk, settled, context)
    if report.refused:
        report.outcome = Outcome.PARTLY
    if not report.loaded:
        said = report.findings[0]["message"] if report.findings else "it has no features"
        raise Rejected(Fault.GEOMETRY_MISSING, f"{dataset.name}: no record can be shown: {said}", "check the export")
    yield report


def _chunks(layer: AnyLayer, dimension: int) -> Iterator[SourceLayer]:
    """The records; of a layer of several kinds of geometry those of one."""
    for turn in layer.chunks() if isinstance(layer, LongLayer) else (layer,):
        chunk = replace(turn, shapes=turn.geometries)
        found = np.asarray(shapely.get_dimensions(chunk.geometries))
        yield chunk if (found[found >= 0] == dimension).all() else chunk.take(np.flatnonzero(found == dimension))


def _settle(layer: AnyLayer, dimension: int, wish: Wish, context: Context, *, is_typed: bool) -> _Settled:
    seen = _Seen()
    for chunk in _chunks(layer, dimension):
        seen.add(chunk, is_typed=is_typed)
    if len(seen.sorts) > MOST_FIELDS:
        said = f"{layer.name} has {len(seen.sorts)} fields, more than a table may have"
        raise Rejected(Fault.UNREADABLE, said, f"export it with at most {MOST_FIELDS}")
    decoding = decide(seen.texts.union(seen.sorts) or {""}, layer.encoding, layer.fonts, wish.encoding)
    reading = _read(layer, dimension, context)
    names = {field: str(_unicode(field, decoding)) for field in seen.sorts}
    columns = name_columns(names.values())
    fields = tuple(TableField(columns[names[f]], sort.kind, spell(names[f])) for f, sort in seen.sorts.items())
    has_heights = seen.heights and context.city.takes_heights_of(reading.crs) and not reading.is_swapped
    geometry = GEOMETRIES[2 * dimension + (not seen.single)]
    return _Settled(wish, dimension, reading, decoding, Draft(geometry, has_heights, fields), columns)


def _unicode(name: str, decoding: Decoding) -> str:
    return name if name.isascii() and "\0" not in name else decoding.decode(name).replace("\0", "")


def _read(layer: AnyLayer, dimension: int, context: Context) -> Reading:
    """How the coordinates are read. Raises: Rejected where that cannot be told."""
    if isinstance(layer, LongLayer):
        return read_long(layer, context.city, context.crs, force=context.force_crs)
    (chunk,) = _chunks(layer, dimension)
    sound = chunk.geometries[usable(chunk.geometries, chunk.rows)[0]]
    return place(chunk, sound, context.city, context.crs, force=context.force_crs).reading


def _take(report: FileReport, chunk: SourceLayer, settled: _Settled, context: Context) -> Iterator[Part]:
    """Rows of some records, the records as delivered, and those that are refused."""
    wish, draft = settled.wish, settled.draft
    report.read += len(chunk)
    layer, text, findings = decode(chunk, settled.decoding)
    placed, kept, faults = locate(layer, settled.reading, context.city)
    sound = repair_custom(
        wish.name,
        settled.dimension,
        to_objects(placed.geometries)[placed.inside],
        layer.rows[kept],
        single=_is_single(draft),
    )
    index = kept[sound.index]
    repeats = find_repeats(layer.geometries, layer.columns, layer.rows)
    findings = [*findings, *faults, *repeats, *sound.findings, *placed.findings, *_broken(layer)]
    refused = [finding for finding in findings if finding.fault not in REMARKS and finding.row is not None]
    report.refused += len({finding.row for finding in refused})
    report.note(layer.name, findings)
    report.decide(_decisions(layer, text, settled))
    if len(index):
        report.count(wish.name, len(index))
        values = _values(layer, settled, index) | _shapes(draft, to_objects(sound.geometries))
        yield encode_custom(wish.name, draft, values, context.city.storage.srid)
        delivered = {name: Column.of(v).take(index) for name, v in layer.columns.items()}
        yield encode_records(layer.name, layer.rows[index], delivered)
    yield from refuse_records(layer, refused)


def _is_single(draft: Draft) -> bool:
    return not draft.geometry.startswith("MULTI")


def _values(layer: SourceLayer, settled: _Settled, index: NDArray[np.int64]) -> dict[str, Any]:
    zone = ZoneInfo(settled.wish.zone)
    kinds = {column.name: column.kind for column in settled.draft.fields}
    values: dict[str, Any] = {}
    for name, column in settled.columns.items():
        given: Column[Any] = (
            Column.of(layer.columns[name]) if name in layer.columns else Column.constant(None, len(layer))
        )
        values[column] = given.map(reader(kinds[column], zone)).take(index)
    values["source_layer"] = Column.constant(layer.name.replace("\0", ""), len(index))
    values["source_row"] = layer.rows[index]
    return values


def _shapes(draft: Draft, geometries: NDArray[np.object_]) -> dict[str, Any]:
    """The plan of each feature, and where heights are known the geometry with them."""
    shapes = {"geom": shapely.force_2d(geometries)}
    if draft.has_heights:
        lifted = geometries.copy()
        lifted[~shapely.has_z(geometries)] = None
        shapes[HEIGHTS] = lifted
    return shapes


def _broken(layer: SourceLayer) -> Iterator[Finding]:
    """Records with text that holds half a letter."""
    damaged = np.zeros(len(layer), dtype=bool)
    for values in layer.columns.values():
        damaged |= Column.of(values).where(lambda v: isinstance(v, str) and not v.isascii() and to_text(v) != v)
    return (Finding(Fault.TEXT_BROKEN, "a letter is cut in half", row=int(row)) for row in layer.rows[damaged])


def _decisions(layer: SourceLayer, text: str, settled: _Settled) -> dict[str, Any]:
    crs = settled.reading.crs
    return {
        "layer": layer.name,
        "target": f"{settled.wish.name}: a layer of its own",
        "crs": f"{crs.code if crs.has_code else crs.name}: {settled.reading.reason}",
        "text": text,
        "fields": {field.name: field.label for field in settled.draft.fields},
        "kinds": {field.name: str(field.kind) for field in settled.draft.fields},
        "heights and sections": [],
        "notes": list(layer.notes),
    }
