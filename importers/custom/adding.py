"""A file into the city as a layer of its own: read by a worker, loaded in one transaction, served when that ends."""

from __future__ import annotations

import hashlib
import json
import re
from dataclasses import asdict, dataclass, replace
from functools import partial
from typing import TYPE_CHECKING, Any

import psycopg

from importers.custom.names import spell
from importers.custom.reading import MOST_FIELDS, Wish, read_custom
from importers.dataset import identify
from importers.delivery import open_delivery
from importers.faults import Fault, Rejected
from importers.job import open_context, say_stopped
from importers.options import ImportOptions
from importers.phrases import in_both
from importers.report import FileReport
from importers.sandbox import Workers
from layers.custom import GEOMETRIES, RESERVED, CustomLayer, Draft, Kind
from layers.custom_loading import Plan, loading_layer
from layers.custom_tables import check_name
from layers.errors import Invalid, Sentence, Unavailable
from layers.loading import FileRecord, Quarantined, Verdict, close_run, importing, open_run, take_file_ids
from layers.provenance import Outcome
from layers.rows import Records, Rows

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from importers.source import Dataset
    from layers.change import Change
    from layers.crs import Crs
    from layers.custom_loading import LayerLoading
    from layers.database import Connection


@dataclass(frozen=True, slots=True)
class Addition:
    """What a city adds: a file, the layer whose draft it makes, how it is read, who delivered it.

    former: the layer as it was when `layer` was made of it; what is the same in both gives way to what is said later.
    """

    path: Path
    layer: CustomLayer
    wish: Wish
    crs: Crs | None = None
    owner: str | None = None
    former: CustomLayer | None = None


@dataclass(frozen=True, slots=True)
class Added:
    """What became of it; `change` is None where the layer is new, and `run_id` where it is as it was."""

    layer: CustomLayer
    report: FileReport
    run_id: int | None
    change: Change | None


class _AsItWas(Exception):
    """Nothing of the layer would change."""


def open_workers() -> Workers:
    """Those that read the files of additions."""
    return Workers(limits=ImportOptions().limits, module=read_custom.__module__)


def add_layer(
    connection: Connection,
    data: Path,
    addition: Addition,
    workers: Workers,
    *,
    on_rows: Callable[[int], None] = lambda _: None,
) -> Added:
    """Make a layer of a file, or make it anew; everybody sees the one or the other, whatever stops it.

    Raises: Invalid for a file that no layer can be made of, Conflict for a name that is taken, or while an import runs,
    Unavailable where the database stops.
    """
    check_name(connection, addition.layer.name)
    with importing(connection):
        dataset = _only_dataset(addition.path.resolve(), workers)
        try:
            return _Adding(connection, data, dataset, addition, on_rows).run(workers)
        except Rejected as rejected:
            message, remedy = (in_both(text) for text in (rejected.finding.message, rejected.finding.remedy))
            said = Sentence(f"{message.en}: {remedy.en}", f"{message.vi}: {remedy.vi}")
            raise Invalid(said) from rejected
        except (psycopg.OperationalError, psycopg.InternalError) as error:
            raise say_stopped(error) from error


def _only_dataset(path: Path, workers: Workers) -> Dataset:
    """Raises: Invalid for anything but one file, or an archive with one."""
    delivery = open_delivery(path, workers)
    if delivery.refused and not delivery.datasets:
        finding = delivery.refused[0][1]
        raise Invalid(f"{finding.message}: {finding.remedy}")
    if len(delivery.datasets) != 1:
        names = ", ".join(dataset.name for dataset in delivery.datasets[:20])
        raise Invalid(
            Sentence(
                f"{path.name} holds {len(delivery.datasets)} files ({names}): unpack it and name one",
                f"{path.name} có {len(delivery.datasets)} tệp ({names}): giải nén rồi chọn một tệp",
            )
        )
    return delivery.datasets[0]


@dataclass(slots=True)
class _Adding:
    connection: Connection
    data: Path
    dataset: Dataset
    addition: Addition
    on_rows: Callable[[int], None]

    def run(self, workers: Workers) -> Added:
        """Raises: Rejected."""
        options = ImportOptions(self.addition.crs, self.addition.owner)
        context = open_context(self.connection, self.data, self.addition.path.resolve(), options)
        ((_, identity),) = list(workers.map(identify, [(self.dataset,)]))
        if isinstance(identity, Rejected):
            raise identity
        reading = partial(read_custom, wish=self.addition.wish, context=context)
        for _, parts in workers.stream(reading, [(self.dataset, identity.sha256)]):
            return self._load(parts, identity.sha256)
        raise Unavailable("no worker took the file: try again")

    def _load(self, parts: Iterator[object], sha256: str) -> Added:
        """One transaction, in which also the run is noted: nothing is left of what fails."""
        layer = replace(self.addition.layer, draft=_checked(next(parts)))
        key = hashlib.sha256(json.dumps([sha256, layer.definition, self._options]).encode()).hexdigest()
        dataset = self.dataset
        record = FileRecord(dataset.name, dataset.location, sha256, key, dataset.size)
        (file_id,) = take_file_ids(self.connection, 1)
        plan = Plan(layer, self.addition.former)
        try:
            with self.connection.transaction():
                run_id = open_run(self.connection, str(dataset.root), self._options)
                with loading_layer(self.connection, run_id, record, file_id, plan) as loading:
                    report = self._take(parts, loading)
                    verdict = Verdict(report.format, self.addition.owner, Outcome(report.outcome), report.decisions)
                    change = loading.finish(verdict)
                    _require_change(change, loading)
                close_run(self.connection, run_id)
        except _AsItWas:
            return Added(layer, report, None, change)
        report.change = None if change is None else asdict(change)
        return Added(loading.layer, report, run_id, change)

    def _take(self, parts: Iterator[object], loading: LayerLoading) -> FileReport:
        for part in parts:
            match part:
                case FileReport():
                    return part
                case Rows() | Records() | Quarantined():
                    loading.add(part)
                    self.on_rows(loading.features)
        raise Rejected(Fault.UNREADABLE, f"{self.dataset.name} is read without an end", "report the file as a fault")

    @property
    def _options(self) -> dict[str, str | None]:
        wish, crs = self.addition.wish, self.addition.crs
        chosen = {"layer": wish.choice.layer, "kind": wish.choice.kind, "encoding": wish.encoding, "zone": wish.zone}
        return {"custom_layer": wish.name, "crs": crs.code if crs else None, "owner": self.addition.owner, **chosen}


def _require_change(change: Change | None, loading: LayerLoading) -> None:
    """Raises: _AsItWas, which undoes the transaction."""
    if change is not None and not change and loading.former == loading.layer:
        raise _AsItWas


def _checked(draft: object) -> Draft:
    """What a worker says that a table is made of, held to what one may be. Raises: Rejected."""
    if isinstance(draft, Draft) and draft.geometry in GEOMETRIES and len(draft.fields) <= MOST_FIELDS:
        names = [field.name for field in draft.fields]
        parts: list[tuple[Any, Any]] = [(field.kind, field.label) for field in draft.fields]
        kinds = [isinstance(kind, Kind) and isinstance(label, str) and spell(label) == label for kind, label in parts]
        is_sound = all(_NAME.fullmatch(name) and name not in RESERVED for name in names) and all(kinds)
        if is_sound and len({*names}) == len(names):
            return draft
    raise Rejected(Fault.UNREADABLE, "its reader describes no table", "report the file as a fault")


_NAME = re.compile(r"[a-z][a-z0-9_]{0,62}")
