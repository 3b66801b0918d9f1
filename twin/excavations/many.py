"""Planned digs by the thousand: each held to what every door asks of a dig, each answered or refused on its own."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import shapely

from layers.crs import WGS84, CrsMismatch, parse_crs, transform_geometries
from layers.errors import Invalid, Sentence, TwinError, say
from twin.excavations.request import parse_each
from twin.excavations.validation import find_date_faults, find_level_faults, find_place_faults

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from datetime import date

    from layers.crs import Crs
    from layers.database import Connection
    from layers.terrain import Ground
    from twin.clash.dig import PlannedDig
    from twin.clash.digest import Digest

    type Answers = Iterable[tuple[int, Digest | TwinError]]


@dataclass(frozen=True, slots=True)
class Line:
    """One dig of a batch, counted from 1: its digest, or every reason why it has none."""

    number: int
    name: str
    dig: PlannedDig | None
    digest: Digest | None
    faults: tuple[str, ...] = ()

    @property
    def is_clear(self) -> bool:
        return self.digest is not None and self.digest.is_clear

    def to_json(self) -> dict[str, Any]:
        told = {"number": self.number, "name": self.name, "refused": [_both(fault) for fault in self.faults]}
        return told if self.digest is None else told | self.digest.to_json()


@dataclass(frozen=True, slots=True)
class Bench:
    """What digs are held against before they are checked."""

    connection: Connection
    ground: Ground
    today: date


def answer_each(
    bench: Bench, document: Any, depth_m: float | None, ask: Callable[[list[PlannedDig]], Answers]
) -> Iterator[Line]:
    """A line for each feature of a GeoJSON document, as answers come; faults of one stop no other.

    Raises: Invalid for what is no GeoJSON at all; Unavailable where no utilities are loaded.
    """
    digs: list[tuple[int, PlannedDig]] = []
    for number, (name, dig) in enumerate(parse_each(document, depth_m, bench.ground.storage), start=1):
        if isinstance(dig, Invalid):
            yield Line(number, name, None, None, dig.faults)
        elif faults := [*find_date_faults(dig, bench.today), *find_level_faults(dig, bench.ground)]:
            yield Line(number, name, dig, None, (*faults, *find_place_faults(bench.connection, dig)))
        else:
            digs.append((number, dig))
    for index, answer in ask([dig for _, dig in digs]):
        number, dig = digs[index]
        if not isinstance(answer, TwinError):
            yield Line(number, dig.name, dig, answer)
        elif isinstance(answer, Invalid) and not isinstance(answer, CrsMismatch):
            yield Line(number, dig.name, dig, None, tuple(find_place_faults(bench.connection, dig)) or answer.faults)
        else:
            raise answer


def collect(lines: Iterable[Line], storage: Crs) -> dict[str, Any]:
    """The lines as a GeoJSON feature collection; what could not be read has no geometry."""
    told = list(lines)
    drawn = [line for line in told if line.dig is not None]
    outlines = np.array([line.dig.polygon for line in drawn if line.dig is not None], dtype=object)
    moved = transform_geometries(outlines, storage, parse_crs(WGS84)) if drawn else outlines
    shapes = {line.number: shapely.geometry.mapping(shape) for line, shape in zip(drawn, moved, strict=True)}
    return {
        "type": "FeatureCollection",
        "features": [
            {
                "type": "Feature",
                "id": line.number,
                "geometry": shapes.get(line.number),
                "properties": line.to_json(),
            }
            for line in told
        ],
    }


def _both(fault: str) -> dict[str, str]:
    return {"en": str(fault), "vi": say(fault, "vi")}


def require_few(document: Any, most: int) -> None:
    """Raises: Invalid for more digs than a batch may have."""
    features = document.get("features") if isinstance(document, dict) else None
    count = len(features) if isinstance(features, list) else 1
    if count > most:
        raise Invalid(
            Sentence(
                f"{count:,} excavations, at most {most:,} in one batch: split it",
                f"{count:,} công trình đào, tối đa {most:,} trong một lô: hãy chia nhỏ",
            )
        )
