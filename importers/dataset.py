"""One file from reading to what it brings, part by part; nothing is written yet."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING

import numpy as np
import shapely

from importers.decoding import decode, decode_names
from importers.draft import Where, refuse, refuse_records, reject
from importers.faults import Fault, Finding, Rejected
from importers.formats import recognise as recognise_format
from importers.formats.coordinates import gather
from importers.joining import draw_lines, index_nodes, is_schematic
from importers.layer import Doubted, read_layer, read_long_layer
from importers.recognition import find_discipline
from importers.report import FileReport
from importers.source import AnyLayer, LongLayer, SourceLayer
from importers.terrain import compare_terrain, read_terrain
from importers.vocabulary import vocabulary, words_in
from layers.loading import Quarantined
from layers.provenance import Outcome
from layers.rows import encode_rows
from layers.terrain import Ground, Raster

if TYPE_CHECKING:
    from collections.abc import Iterator

    from importers.draft import Context
    from importers.layer import Announcement
    from importers.source import Dataset
    from layers.loading import Part

_COLLECTION = 7


@dataclass(frozen=True, slots=True)
class Identity:
    """The hash of a file's content, and the place of its kind in an import: 0 terrain, 1 boundaries, 2 the rest."""

    sha256: str
    rank: int


@dataclass(frozen=True, slots=True)
class Postponed:
    """The file has tables that name manholes: it is to be read again when those of the whole delivery are known."""


def identify(dataset: Dataset) -> Identity:
    """Content and kind of a file; what is in no known format is of the rest."""
    sha256 = dataset.sha256()
    try:
        if recognise_format(dataset).read is None:
            return Identity(sha256, 0)
    except Rejected:
        return Identity(sha256, 2)
    is_boundary = words_in(dataset.path.stem) & set(vocabulary()["layers"]["boundaries"])
    return Identity(sha256, 1 if is_boundary else 2)


def read_dataset(
    dataset: Dataset, sha256: str, *, context: Context
) -> Iterator[Part | Announcement | Postponed | Doubted | FileReport]:
    """Everything that a file brings; last comes the report on it, whatever is wrong with the file.

    Instead of the report comes last, where the file is to be read otherwise, what says so: then no part may count.

    Raises: Rejected where reading fails after parts were given: then none of them may count.
    """
    report = FileReport(dataset.name, Outcome.LOADED)
    has_refused = False
    try:
        form = recognise_format(dataset)
        report.format = form.name
        if form.read is None:
            yield _read_terrain(report, dataset, sha256, context)
        else:
            for part in _read_layers(report, form.read(dataset), dataset, context):
                has_refused |= isinstance(part, Quarantined)
                yield part
                if isinstance(part, Postponed | Doubted):
                    return
    except Rejected as rejected:
        if report.loaded:
            raise
        has_refused = True
        yield from reject(report, None, rejected)
    if report.loaded == 0:
        report.outcome = Outcome.QUARANTINED
        if not has_refused:
            nothing = Rejected(Fault.GEOMETRY_MISSING, f"{dataset.name} has no features", "check the export")
            yield from reject(report, None, nothing)
        report.message = report.message or next((finding["message"] for finding in report.findings), "")
    elif has_refused:
        report.outcome = Outcome.PARTLY
    yield report


def refuse_dataset(dataset: Dataset, *, context: Context) -> Iterator[Part | FileReport]:
    """A file that the database refuses for `context.verdict`, with every record of it."""
    finding = Finding(Fault.VALUE_REFUSED, str(context.verdict), "correct the value, or report the rule if it is wrong")
    form = recognise_format(dataset)
    report = report_refusal(dataset, finding)
    report.format = form.name
    yield Quarantined((refuse(None, finding, {}, Where()),))
    for layer in form.read(dataset) if form.read else ():
        for chunk in layer.chunks() if isinstance(layer, LongLayer) else [layer]:
            report.read += len(chunk)
            yield from refuse_records(chunk, (replace(finding, row=int(row)) for row in chunk.rows))
    report.refused = report.read
    yield report


def report_refusal(dataset: Dataset, finding: Finding) -> FileReport:
    """The report of a file that is put aside whole."""
    report = FileReport(dataset.name, Outcome.QUARANTINED, message=finding.message)
    report.note(None, [finding])
    return report


def _read_layers(
    report: FileReport, layers: Iterator[SourceLayer] | Iterator[AnyLayer], dataset: Dataset, context: Context
) -> Iterator[Part | Announcement | Postponed | Doubted]:
    """Layer by layer; tables that name manholes come last, drawn between those of this file and of the delivery."""
    schematic: list[SourceLayer] = []
    points: list[SourceLayer] = []
    names: list[str] = []
    for layer in layers:
        names.append(layer.name)
        if isinstance(layer, LongLayer):
            yield from read_long_layer(report, layer, dataset, context)
        elif is_schematic(layer):
            schematic.append(layer)
        else:
            for part in by_dimension(layer, context.layer):
                points += [part] if _holds_points(part) else []
                yield from read_layer(report, part, dataset, context)
    if lost := context.profile.layers_of(dataset.name).difference(names):
        said = (
            f"{dataset.name} has no layer {', '.join(sorted(lost))}, which the profile names; it has {', '.join(names)}"
        )
        raise Rejected(Fault.LAYER_UNKNOWN, said, "correct the profile")
    if not schematic:
        return
    if context.nodes is None:
        yield Postponed()
        return
    own = index_nodes(_decoded(layer) for layer in points)
    for layer in map(_decoded, schematic):
        nodes = context.nodes.near(dataset.location, find_discipline(layer.name, dataset)).and_those_of(own)
        yield from read_layer(report, draw_lines(layer, nodes), dataset, context)


def _holds_points(layer: SourceLayer) -> bool:
    return bool((shapely.get_type_id(layer.geometries) == 0).any())


def _decoded(layer: SourceLayer) -> SourceLayer:
    decoding = decode_names(layer.columns, layer.encoding, layer.fonts, None)
    return replace(decode(layer, decoding)[0], encoding="Unicode")


def by_dimension(layer: SourceLayer, forced: str | None) -> list[SourceLayer]:
    """Points, lines and areas of one layer apart, for they go to different tables, those of one collection too; records
    keep their numbers.

    forced: the table that the user names: then all stay together. Records without geometry stay with the kind that most
    of the layer is.
    """
    geometries = layer.geometries
    dimensions = np.asarray(shapely.get_dimensions(geometries))
    mixed = shapely.get_type_id(geometries) == _COLLECTION
    kinds, counts = np.unique(dimensions[dimensions >= 0], return_counts=True)
    if forced is not None or (len(kinds) < 2 and not mixed.any()):
        return [layer]
    missing = dimensions < 0
    dimensions = np.where(missing, kinds[counts.argmax()], dimensions)
    if not mixed.any():
        return [layer.take(np.flatnonzero(dimensions == kind)) for kind in kinds]
    parted = []
    for kind in range(3):
        shapes = np.array([_of_dimension(shape, kind) for shape in geometries], dtype=object)
        own = np.flatnonzero(~shapely.is_missing(shapes) | (missing & (dimensions == kind)))
        parted += [replace(layer.take(own), shapes=shapes[own])] if len(own) else []
    return parted


def _of_dimension(shape: shapely.Geometry | None, dimension: int) -> shapely.Geometry | None:
    """What of a geometry is points (0), lines (1) or areas (2); a collection may be of all three."""
    if shape is None or shape.geom_type != "GeometryCollection":
        return shape if shapely.get_dimensions(shape) == dimension else None
    return gather([part for part in map(partial(_of_dimension, dimension=dimension), shape.geoms) if part is not None])


def _read_terrain(report: FileReport, dataset: Dataset, sha256: str, context: Context) -> Part:
    target = context.terrain / f"{sha256}.tif"
    batch, findings = read_terrain(dataset, context.city, context.crs, force=context.force_crs, target=target)
    report.note(None, findings)
    report.count("terrain", 1)
    report.read = 1
    (extent,), (resolution_m,) = (np.asarray(batch[name], dtype=object) for name in ("geom", "resolution_m"))
    here = Ground(context.city.storage, (Raster(target, extent, resolution_m, None),))
    if context.ground.rasters and (differs := compare_terrain(here, context.ground)):
        report.note(None, [differs])
        report.message = differs.message
    return encode_rows("terrain", batch, context.city.storage.srid)
