"""Stretches of a trench by station: where its conflicts lie, and what is left between them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import shapely

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from twin.clash.dig import Trench

type Stretch = tuple[float, float]

# What is left between two stretches and is shorter than this goes with them.
_SHORTEST_M = 1.0
# Stretches begin and end at a tenth of a metre, as pegs are set.
_PEG_M = 0.1


def stretches_of(trench: Trench, spread_m: float, reaches: Iterable[tuple[shapely.Geometry, float]]) -> list[Stretch]:
    """The stretches, in order, in which axes come within their reach of the trench and its sides.

    Never shorter than they are: all of the trench between the first and the last such place of an axis's part.
    """
    dug = trench.outline.buffer(trench.sides.working_m + spread_m, join_style="mitre") if spread_m else trench.outline
    found: list[Stretch] = []
    for axis, reach_m in reaches:
        touched = shapely.intersection(shapely.buffer(axis, reach_m), dug)
        for piece in shapely.get_parts(touched):
            corners = shapely.get_coordinates(piece)
            if len(corners):
                at = shapely.line_locate_point(trench.line, shapely.points(corners))
                found.append((float(at.min()), float(at.max())))
    return _merge(found, float(trench.line.length))


def _merge(stretches: Sequence[Stretch], length_m: float) -> list[Stretch]:
    """To whole pegs, those that nearly touch as one."""
    merged: list[Stretch] = []
    for begin, end in sorted(stretches):
        first, last = _down(begin), min(_up(end), length_m)
        first = 0.0 if first < _SHORTEST_M else first
        last = length_m if length_m - last < _SHORTEST_M else last
        if merged and first - merged[-1][1] < _SHORTEST_M:
            merged[-1] = (merged[-1][0], max(merged[-1][1], last))
        else:
            merged.append((first, last))
    return merged


def rest_of(stretches: Sequence[Stretch], length_m: float) -> list[Stretch]:
    """What lies between stretches, from one end to the other."""
    edges = [0.0, *(edge for stretch in stretches for edge in stretch), length_m]
    pairs = zip(edges[::2], edges[1::2], strict=True)
    return [(begin, end) for begin, end in pairs if end - begin > _PEG_M / 2]


def length_of(stretches: Sequence[Stretch]) -> float:
    return float(sum(end - begin for begin, end in stretches))


def _down(station_m: float) -> float:
    return round(float(np.floor(station_m / _PEG_M - 1e-6)) * _PEG_M, 6)


def _up(station_m: float) -> float:
    return round(float(np.ceil(station_m / _PEG_M + 1e-6)) * _PEG_M, 6)
