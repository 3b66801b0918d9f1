"""The picture at the head of an import report: what was loaded, and where refused rows lie."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import groupby
from typing import TYPE_CHECKING

import numpy as np
import shapely

from importers.faults import Fault
from layers.crs import parse_crs, transform_points
from layers.database import storage_srid
from layers.errors import Invalid
from layers.overview import read_overview, read_quarantined

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from layers.database import Connection
    from layers.overview import Drawn, Overview

_MOST_MARKS = 500
_LONGEST_BAR = 0.25
# Where the reference system itself is the fault, a mark would be as wrong as the row.
_MISPLACED = (Fault.CRS_MISSING, Fault.CRS_MISLABELLED, Fault.CRS_UNUSABLE, Fault.CRS_WRONG)


@dataclass(frozen=True, slots=True)
class Picture:
    """A map of `width` by `height` units: paths, places of refused rows, and a scale bar of a round length.

    unplaced: refused rows with a geometry beyond the frame, in a doubtful reference system, or one too many to mark.
    """

    width: int
    height: int
    drawn: tuple[Drawn, ...]
    marks: tuple[tuple[int, int], ...]
    unplaced: int
    bar_m: int
    bar_units: float


def draw_map(connection: Connection, run_id: int | None = None) -> Picture | None:
    """What one import run, or every import, brought; None where there is nothing to draw."""
    overview = read_overview(connection, run_id)
    if overview is None:
        return None
    total, refused = read_quarantined(connection, run_id, _MISPLACED, _MOST_MARKS)
    marks = _mark(refused, overview, storage_srid(connection))
    bar_m = _round_length(_LONGEST_BAR * overview.width * overview.unit_m)
    return Picture(
        overview.width,
        overview.height,
        overview.drawn,
        tuple(dict.fromkeys(marks)),
        total - len(marks),
        bar_m,
        bar_m / overview.unit_m,
    )


def _mark(refused: Sequence[tuple[shapely.Geometry, str]], overview: Overview, srid: int) -> list[tuple[int, int]]:
    """Where in the picture each refused geometry begins; those without a place in it are left out."""
    marks: list[tuple[int, int]] = []
    for crs, group in groupby(sorted(refused, key=lambda pair: pair[1]), key=lambda pair: pair[1]):
        places = _places([geometry for geometry, _ in group], crs, srid)
        units = (places - (overview.west, overview.north)) / (overview.unit_m, -overview.unit_m)
        inside = ((units >= 0) & (units <= (overview.width, overview.height))).all(axis=1)
        marks += [(round(x), round(y)) for x, y in units[inside].tolist()]
    return marks


def _places(geometries: Sequence[shapely.Geometry], crs: str, srid: int) -> NDArray[np.float64]:
    """The first usable vertex of each geometry in storage CRS; NaN or infinity where it has no place there."""
    xy, index = shapely.get_coordinates(list(geometries), return_index=True)
    usable = np.isfinite(xy).all(axis=1)
    first = np.unique(index[usable], return_index=True)[1]
    try:
        return transform_points(xy[usable][first], parse_crs(crs), parse_crs(f"EPSG:{srid}"), strict=False)
    except Invalid:
        return np.empty((0, 2))


def _round_length(longest_m: float) -> int:
    """The longest of 1, 2, 5, 10, … metres that is no longer than asked, and at least one metre."""
    round_lengths = [step * int(10**power) for power in range(8) for step in (1, 2, 5)]
    return max(length for length in round_lengths if length <= max(longest_m, 1.0))
