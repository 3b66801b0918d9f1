"""One file from reading to a draft of what it brings; nothing is written yet."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import shapely

from importers.draft import Context, Draft, Identity, Where, reject, stamped
from importers.faults import Fault, Finding, Rejected
from importers.formats import recognise as recognise_format
from importers.layer import add_layer
from importers.report import FileReport
from importers.terrain import read_terrain
from layers.provenance import Outcome

if TYPE_CHECKING:
    from importers.source import Dataset, SourceLayer


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
                for part in by_dimension(layer, context):
                    add_layer(draft, part, dataset, context)
    except Rejected as rejected:
        reject(draft, None, rejected)
    if report.loaded == 0:
        report.outcome = Outcome.QUARANTINED
        if not draft.refused:
            nothing = f"{dataset.name} has no features"
            reject(draft, None, Rejected(Fault.GEOMETRY_MISSING, nothing, "check the export"))
    elif draft.refused:
        report.outcome = Outcome.PARTLY
    return draft


def refuse_dataset(dataset: Dataset, source: Identity, finding: Finding) -> Draft:
    """The draft of a file that could not even be opened."""
    report = FileReport(dataset.name, Outcome.QUARANTINED, message=finding.message)
    report.note(None, [finding])
    draft = Draft(report, source, 0, None)
    draft.refuse(None, finding, {}, Where())
    return draft


def by_dimension(layer: SourceLayer, context: Context) -> list[SourceLayer]:
    """Points, lines and areas of one layer apart, for they go to different tables; records keep their numbers.

    Records without geometry stay with the kind that most of the layer is.
    """
    dimensions = np.asarray(shapely.get_dimensions(layer.geometries))
    kinds, counts = np.unique(dimensions[dimensions >= 0], return_counts=True)
    if len(kinds) < 2 or context.layer is not None:
        return [layer]
    dimensions = np.where(dimensions < 0, kinds[counts.argmax()], dimensions)
    return [layer.take(np.flatnonzero(dimensions == kind)) for kind in kinds]


def _add_terrain(draft: Draft, dataset: Dataset, context: Context) -> None:
    target = context.data / "terrain" / f"{draft.source.sha256}.tif"
    batch = read_terrain(dataset, context.city, context.crs, force=context.force_crs, target=target)
    draft.batches.append(stamped(batch, context))
    draft.report.tables.append("terrain")
    draft.report.read = draft.report.loaded = 1
