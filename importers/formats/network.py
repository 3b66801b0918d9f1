"""Links and nodes of a network: records that any format yields, gathered into layers."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import shapely

from importers.source import SourceLayer

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from numpy.typing import NDArray

    from importers.source import Dataset

UNICODE = "Unicode"
FOOT_M = 0.3048
US_SURVEY_FOOT_M = 1200 / 3937


@dataclass(frozen=True, slots=True)
class Record:
    """One link or node: the layer that it belongs to, its geometry (x y [z], in `crs`) and what is said of it."""

    layer: str
    geometry: shapely.Geometry | None
    values: Mapping[str, Any]
    crs: str | None = None


def to_layers(
    records: Iterable[Record], origin: str, *, encoding: str | None = UNICODE, notes: tuple[str, ...] = ()
) -> Iterator[SourceLayer]:
    """A layer for each name and CRS among the records, in order of appearance; `origin` says where the CRS stands.

    Columns without any value are left out.
    """
    groups: dict[str, dict[str | None, list[Record]]] = {}
    for record in records:
        groups.setdefault(record.layer, {}).setdefault(record.crs, []).append(record)
    for name, by_crs in groups.items():
        for crs, members in by_crs.items():
            yield SourceLayer(
                name if len(by_crs) == 1 else f"{name} ({crs or 'no CRS'})",
                _as_array([member.geometry for member in members]),
                _columns([member.values for member in members]),
                np.arange(1, len(members) + 1),
                crs=crs,
                crs_origin=origin if crs else "",
                encoding=encoding,
                notes=notes,
            )


def _as_array(geometries: Sequence[shapely.Geometry | None]) -> NDArray[np.object_]:
    array = np.empty(len(geometries), dtype=object)
    array[:] = geometries
    return array


def _columns(rows: Sequence[Mapping[str, Any]]) -> dict[str, list[Any]]:
    names = dict.fromkeys(name for row in rows for name, value in row.items() if value is not None)
    return {name: [row.get(name) for row in rows] for name in names}


def told_once[T](said: Iterable[tuple[str, T | None]]) -> dict[str, T]:
    """What is said of each name; of one that is told two different things nothing is known."""
    told: dict[str, T | None] = {}
    for name, value in said:
        if value is not None and told.setdefault(name, value) != value:
            told[name] = None
    return {name: value for name, value in told.items() if value is not None}


def to_number(text: str | None) -> float | None:
    """Finite number, None for blank, text, NaN and infinity."""
    try:
        number = float(text) if text else math.nan
    except ValueError:
        return None
    return number if math.isfinite(number) else None


def scaled(number: float | None, factor: float | None) -> float | None:
    return None if number is None or factor is None else number * factor


def to_line(points: Sequence[Sequence[float]] | NDArray[np.float64]) -> shapely.LineString | None:
    """Line through x y [z]; flat where z is not known at every vertex. None below two points."""
    if len(points) < 2:
        return None
    with np.errstate(invalid="ignore"):  # coordinates that are no numbers are told from the geometry later
        return shapely.linestrings(_flat_unless_known(np.array(points, dtype=float)))


def to_point(point: Sequence[float] | NDArray[np.float64] | None) -> shapely.Point | None:
    if point is None:
        return None
    with np.errstate(invalid="ignore"):  # coordinates that are no numbers are told from the geometry later
        return shapely.points(_flat_unless_known(np.array([point], dtype=float))[0])


def part_devices(links: Iterable[Record], nodes: str) -> tuple[list[Record], list[Record]]:
    """Links, and apart from them the pumps, valves and weirs whose two nodes are one place, as points of `nodes`."""
    lines: list[Record] = []
    devices: list[Record] = []
    for link in links:
        line, subtype = link.geometry, link.values.get("subtype")
        if line is not None and line.length == 0 and subtype not in ("pipe", "conduit"):
            devices.append(Record(nodes, shapely.get_point(line, 0), link.values, link.crs))
        else:
            lines.append(link)
    return lines, devices


def merge_lines(lines: Iterable[shapely.LineString | None]) -> shapely.Geometry | None:
    """One line as it is, several as a multi-part line, None for none."""
    known = [line for line in lines if line is not None]
    return known[0] if len(known) == 1 else shapely.multilinestrings(known) if known else None


def _flat_unless_known(points: NDArray[np.float64]) -> NDArray[np.float64]:
    return points if np.isfinite(points[:, 2:]).all() else points[:, :2]


def sidecar_crs(dataset: Dataset) -> str | None:
    """WKT of the .prj beside a file whose format has no place for a CRS."""
    prj = dataset.sidecar(".prj")
    return prj.read_text("utf-8", errors="replace").strip() or None if prj else None
