"""Which layer of a file, and of it points, lines or areas."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import shapely

from importers.faults import Fault, Rejected
from importers.source import LongLayer
from importers.text import fold_name

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from importers.source import AnyLayer

KINDS = ("points", "lines", "areas")
_MOST_NAMED = 30


@dataclass(frozen=True, slots=True)
class Choice:
    """The layer by its name and one of `KINDS`; None takes what there is, as long as that is one."""

    layer: str | None = None
    kind: str | None = None


@dataclass(frozen=True, slots=True)
class _Candidate:
    place: int
    layer: AnyLayer
    dimension: int
    count: int

    def __str__(self) -> str:
        return f"'{self.layer.name}' ({self.count} {KINDS[self.dimension]})"


def choose(layers: Iterable[AnyLayer], choice: Choice, file: str) -> tuple[int, int]:
    """Which of the layers, counted from 0, and 0, 1 or 2 for points, lines or areas.

    Raises: Rejected where that is none, or not one.
    """
    candidates = [candidate for place, layer in enumerate(layers) for candidate in _candidates(place, layer)]
    if not candidates:
        raise Rejected(Fault.GEOMETRY_MISSING, f"{file} has no features with geometry", "check the export")
    fitting = [c for c in candidates if choice.kind in (None, KINDS[c.dimension])]
    if choice.layer is not None:
        exact = [c for c in fitting if c.layer.name == choice.layer]
        fitting = exact or [c for c in fitting if fold_name(c.layer.name) == fold_name(choice.layer)]
    if len(fitting) == 1:
        return fitting[0].place, fitting[0].dimension
    listed = ", ".join(map(str, (fitting or candidates)[:_MOST_NAMED]))
    if not fitting:
        raise Rejected(Fault.LAYER_UNKNOWN, f"{file} has no such layer; it holds {listed}", "choose one of them")
    one_name = len({c.layer.name for c in fitting}) == 1 and len({c.dimension for c in fitting}) == len(fitting)
    remedy = "choose one with --geometry, and add the others as layers of their own" if one_name else _BY_NAME
    raise Rejected(Fault.LAYER_UNKNOWN, f"{file} holds {listed}", remedy)


_BY_NAME = "choose one with --layer, and where that is not enough with --geometry"


def _candidates(place: int, layer: AnyLayer) -> Iterator[_Candidate]:
    if isinstance(layer, LongLayer):
        yield _Candidate(place, layer, layer.dimension, len(layer))
        return
    dimensions = np.asarray(shapely.get_dimensions(layer.geometries))
    counts = np.bincount(dimensions[dimensions >= 0], minlength=3)
    for dimension in np.flatnonzero(counts).tolist():
        yield _Candidate(place, layer, dimension, int(counts[dimension]))
