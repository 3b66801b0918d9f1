"""Records that say twice where they lie, in a plane and in degrees: what contradicts itself is not believed."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import shapely

from importers.faults import Fault, Finding
from importers.position import Reading, candidates, move
from layers.crs import parse_crs

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from importers.position import City, Placement
    from importers.source import SourceLayer
    from layers.crs import Crs

# Two places of one thing are one to within this and the steps in which they are written.
_ONE_PLACE_M = 5.0
# Where a system is not said, places farther off than this are rather in another one.
_ONE_SYSTEM_M = 5_000.0
_REMEDY = "ask which of the two is right, and leave the other out"


def find_contradictions(
    layer: SourceLayer, placed: Placement, kept: NDArray[np.int64], city: City, given: Crs | None
) -> list[Finding]:
    """A finding for each record whose other coordinates lie elsewhere.

    placed: geometries of the records `kept`, in storage CRS. given: the system named by the user.
    """
    rival = layer.rival
    if rival is None or not len(kept):
        return []
    here = np.asarray(placed.geometries, dtype=object)
    readings = [_apart_m(here, rival.shapes[kept], reading, city) for reading in _readings(layer, city, given)]
    apart_m = min(readings, key=lambda apart: float(np.median(np.nan_to_num(apart, nan=np.inf))))
    tolerance_m = _ONE_PLACE_M + rival.step_m
    if not rival.crs and given is None and not np.median(np.nan_to_num(apart_m, nan=np.inf)) < _ONE_SYSTEM_M:
        return []
    return [
        Finding(
            Fault.POSITION_DISPUTED,
            f"{rival.names} place it {distance:.0f} m from where its other coordinates do",
            _REMEDY,
            int(layer.rows[i]),
        )
        for i, distance in zip(kept.tolist(), apart_m.tolist(), strict=True)
        if distance > tolerance_m
    ]


def _readings(layer: SourceLayer, city: City, given: Crs | None) -> Iterator[Reading]:
    """In which systems the other coordinates may be, either axis first."""
    rival = layer.rival
    said = [] if rival is None else [parse_crs(code) for code in rival.crs]
    for crs in said or ([given] if given is not None and not given.is_geographic else candidates(city)):
        for is_swapped in (False, True):
            yield Reading(crs, "", is_swapped=is_swapped)


def _apart_m(
    here: NDArray[np.object_], there: NDArray[np.object_], reading: Reading, city: City
) -> NDArray[np.float64]:
    """How far the two places of each record lie apart, vertex from vertex where both are drawn alike: one may have less
    detail. NaN where one is not known.
    """
    usable = ~shapely.is_missing(there)
    usable[usable] = [bool(np.isfinite(shapely.get_coordinates(shape)).all()) for shape in there[usable]]
    moved = np.full(len(there), None, dtype=object)
    moved[usable] = np.asarray(move(there[usable], reading, city).geometries, dtype=object)
    is_alike = (shapely.get_type_id(here) == shapely.get_type_id(moved)) & (
        shapely.get_num_coordinates(here) == shapely.get_num_coordinates(moved)
    )
    apart_m = np.where(is_alike, shapely.hausdorff_distance(here, moved), shapely.distance(here, moved))
    return np.asarray(apart_m, dtype=float)
