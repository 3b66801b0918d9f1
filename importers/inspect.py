"""What files seem to be, before anything is imported: the proposals that a person corrects in a profile."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np
import shapely

from importers.dataset import by_dimension
from importers.delivery import open_delivery
from importers.faults import Fault, Rejected
from importers.fields import parse_number
from importers.formats import recognise as recognise_format
from importers.layer import Settled, Understood, settle, understand
from importers.source import AnyLayer, LongLayer
from importers.terrain import read_terrain
from importers.text import fold_name
from importers.vocabulary import attributes_of
from layers.columns import Column

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from importers.draft import Context
    from importers.sandbox import Workers
    from importers.source import Dataset, SourceLayer

_SAMPLES = 3
# A name that is one of the vocabulary's; the same with a unit behind it; only the ten letters that a DBF leaves of it.
_EXACT, _WITH_UNIT, _SHORTENED = 1.0, 0.95, 0.7
_NUMERIC = (
    "_m",
    "depth",
    "elevation",
    "diameter",
    "width",
    "height",
    "length",
    "wall",
    "ducts",
    "ground",
    "storeys",
    "year",
)


@dataclass(frozen=True, slots=True)
class Proposal:
    """A field for an attribute; `confidence` is how sure the name is, times the share of values that can be read."""

    attribute: str
    field: str
    unit: str | None
    confidence: float
    samples: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class LayerView:
    """What a layer seems to be; `fault` where it would be refused as it stands."""

    file: str
    layer: str
    format: str
    records: int
    geometry: dict[str, int]
    z: tuple[float, float] | None
    table: str | None = None
    discipline: str | None = None
    target: str = ""
    crs: str | None = None
    crs_reason: str = ""
    text: str = ""
    proposals: tuple[Proposal, ...] = ()
    unused: tuple[str, ...] = ()
    fault: str = ""

    def to_rule(self) -> dict[str, Any]:
        """The layer as an entry of a profile."""
        entry: dict[str, Any] = {"file": self.file, "layer": self.layer}
        if self.fault:
            entry["skip"] = False
        entry |= {"table": self.table} if self.table else {}
        entry |= {"discipline": str(self.discipline)} if self.discipline else {}
        entry |= {"crs": self.crs} if self.crs else {}
        if self.proposals:
            entry["fields"] = {
                p.attribute: p.field if p.unit is None else {"field": p.field, "unit": p.unit} for p in self.proposals
            }
        return entry


def inspect_path(path: Path, context: Context, workers: Workers) -> Iterator[LayerView]:
    """Every layer of every file below a path. Raises: Invalid where there is nothing to read."""
    delivery = open_delivery(path.resolve(), workers)
    for dataset, finding in delivery.refused:
        yield _refused(dataset, f"{finding.message}; {finding.remedy}")
    jobs = ((dataset,) for dataset in delivery.datasets)
    for dataset, views in workers.map(partial(inspect_dataset, context=context), jobs):
        yield from [_refused(dataset, str(views))] if isinstance(views, Rejected) else views


def _refused(dataset: Dataset, fault: str) -> LayerView:
    return LayerView(dataset.name, dataset.path.stem, "?", 0, {}, None, fault=fault)


def inspect_dataset(dataset: Dataset, *, context: Context) -> list[LayerView]:
    """Every layer of a file; of a long one the first records are shown.

    Raises: Rejected for a file that cannot be read.
    """
    form = recognise_format(dataset)
    if form.read is None:
        return [_inspect_terrain(dataset, form.name, context)]
    return [view for layer in form.read(dataset) for view in _inspect_any(layer, dataset, form.name, context)]


def _inspect_any(layer: AnyLayer, dataset: Dataset, form: str, context: Context) -> list[LayerView]:
    if not isinstance(layer, LongLayer):
        return [_inspect_layer(part, dataset, form, context) for part in by_dimension(layer, context.layer)]
    first = next(layer.chunks())
    try:
        view = _inspect_layer(first, dataset, form, context, settle(layer, first, dataset, context))
    except Rejected as rejected:
        view = replace(
            _inspect_layer(first, dataset, form, context),
            fault=f"{rejected.finding.message}; {rejected.finding.remedy}",
        )
    return [replace(view, records=layer.count)]


def _inspect_terrain(dataset: Dataset, form: str, context: Context) -> LayerView:
    view = LayerView(dataset.name, dataset.path.stem, form, 1, {}, None)
    try:
        row, _ = read_terrain(dataset, context.city, context.crs, force=context.force_crs, target=None)
    except Rejected as rejected:
        return replace(view, fault=f"{rejected.finding.message}; {rejected.finding.remedy}")
    width = row["resolution_m"]
    said = f"terrain: a pixel is {width[0]:g} m wide" if isinstance(width, Column) else "terrain"
    return replace(view, table="terrain", target=said)


def _inspect_layer(
    layer: SourceLayer, dataset: Dataset, form: str, context: Context, settled: Settled | None = None
) -> LayerView:
    kinds, counts = np.unique([g.geom_type if g is not None else "none" for g in layer.geometries], return_counts=True)
    geometry = dict(zip(kinds.tolist(), counts.tolist(), strict=True))
    heights = shapely.get_coordinates(layer.geometries, include_z=True)[:, 2]
    known = heights[np.isfinite(heights)]
    z = (float(known.min()), float(known.max())) if len(known) else None
    basis = (dataset.name, layer.name, form, len(layer), geometry, z)
    try:
        understood = understand(layer, dataset, context, settled)
    except Rejected as rejected:
        return LayerView(*basis, fault=f"{rejected.finding.message}; {rejected.finding.remedy}")
    fields = {name for name, _ in understood.attributes.fields.values()}
    crs = understood.placed.crs
    return LayerView(
        *basis,
        table=understood.target.table,
        discipline=understood.target.discipline,
        target=understood.target.reason,
        crs=crs.code if crs.has_code else None,
        crs_reason=understood.placed.reason,
        text=understood.text,
        proposals=tuple(_proposals(understood)),
        unused=tuple(name for name in understood.layer.columns if name not in fields),
        fault="; ".join(sorted({f.message for f in understood.findings if f.fault is Fault.OUTSIDE_CITY})),
    )


def _proposals(understood: Understood) -> Iterator[Proposal]:
    attributes = understood.attributes
    synonyms = attributes_of(understood.target.table)
    for attribute, (name, unit) in attributes.fields.items():
        values = [value for value in attributes.values(attribute) if value not in (None, "")]
        sure = _EXACT if fold_name(name) in synonyms[attribute] else _WITH_UNIT if unit else _SHORTENED
        samples = tuple(dict.fromkeys(str(value) for value in values))[:_SAMPLES]
        yield Proposal(attribute, name, unit, round(sure * _readable(attribute, values), 2), samples)


def _readable(attribute: str, values: list[Any]) -> float:
    """Share of the values that can be what the attribute needs; text can be anything."""
    if not values or not any(part in attribute for part in _NUMERIC):
        return 1.0
    numbers = [parse_number(value) is not None or any(c.isdigit() for c in str(value)) for value in values]
    return sum(numbers) / len(numbers)
