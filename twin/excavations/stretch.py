"""A recorded line cut where an excavation has seen it, and the seen stretch moved to where it truly lies.

Lines are shapely line strings, x, y and z where known, in metres of the storage CRS.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import shapely

# A line that passes the dig without entering it was seen so far on either side of the place that was named.
_SEEN_M = 1.0
# What is left over beside the stretch and shorter than this belongs to it.
_LEAST_M = 0.1
# From the last point that keeps its place to the moved end of the stretch.
_TRANSITION_M = 1.0


@dataclass(frozen=True, slots=True)
class Stretch:
    """A line in three parts; what lies before and after the seen part may be nothing."""

    before: shapely.LineString | None
    seen: shapely.LineString
    after: shapely.LineString | None


def cut_line(line: shapely.LineString, area: shapely.Geometry, at: shapely.Point | None) -> Stretch:
    """The line cut where it enters and leaves an area, or a metre on either side of what is nearest to a place."""
    stations = _stations(line)
    first, last = _seen_between(line, area, at)
    first = 0.0 if first < _LEAST_M else first
    last = stations[-1] if stations[-1] - last < _LEAST_M else last
    return Stretch(
        _part(line, 0.0, first) if first > 0 else None,
        _part(line, first, last),
        _part(line, last, float(stations[-1])) if last < stations[-1] else None,
    )


def move_stretch(stretch: Stretch, by_m: tuple[float, float, float]) -> Stretch:
    """The seen part moved by metres east, north and up; its neighbours follow with their last metre."""
    seen = _moved(stretch.seen, by_m)
    coords = shapely.get_coordinates(seen, include_z=bool(seen.has_z))
    return Stretch(
        None if stretch.before is None else _bend(stretch.before, coords[0]),
        seen,
        None if stretch.after is None else _bend(stretch.after.reverse(), coords[-1]).reverse(),
    )


def level_stretch(stretch: Stretch, elevation_m: float) -> Stretch:
    """The seen part at an elevation that was measured; its neighbours stay as they are."""
    xy = shapely.get_coordinates(stretch.seen)
    seen = shapely.LineString(np.column_stack([xy, np.full(len(xy), elevation_m)]))
    return Stretch(stretch.before, seen, stretch.after)


def _seen_between(line: shapely.LineString, area: shapely.Geometry, at: shapely.Point | None) -> tuple[float, float]:
    plan = shapely.force_2d(line)
    inside = shapely.intersection(plan, area)
    if inside.length > _LEAST_M:
        pieces = [piece for piece in shapely.get_parts(inside) if piece.length > 0]
        nearest = min(pieces, key=lambda piece: 0.0 if at is None else shapely.distance(piece, at))
        ends = [float(shapely.line_locate_point(plan, shapely.Point(c))) for c in shapely.get_coordinates(nearest)]
        return min(ends), max(ends)
    middle = float(shapely.line_locate_point(plan, at or area.centroid))
    return max(middle - _SEEN_M, 0.0), min(middle + _SEEN_M, plan.length)


def _stations(line: shapely.LineString) -> np.ndarray:
    steps = np.diff(shapely.get_coordinates(line), axis=0)
    return np.concatenate([[0.0], np.cumsum(np.hypot(*steps.T))])


def _part(line: shapely.LineString, first: float, last: float) -> shapely.LineString:
    """Of a line what lies between two stations, heights in proportion."""
    coords, along = shapely.get_coordinates(line, include_z=bool(line.has_z)), _stations(line)
    inner = along[(along > first + 1e-9) & (along < last - 1e-9)]
    stations = np.concatenate([[first], inner, [last]])
    return shapely.LineString(np.column_stack([np.interp(stations, along, values) for values in coords.T]))


def _moved(line: shapely.LineString, by_m: tuple[float, float, float]) -> shapely.LineString:
    coords = shapely.get_coordinates(line, include_z=bool(line.has_z))
    return shapely.LineString(coords + np.array(by_m[: coords.shape[1]]))


def _bend(line: shapely.LineString, end: np.ndarray) -> shapely.LineString:
    """The line whose last metre leads to another end."""
    length = float(_stations(line)[-1])
    kept = max(length - _TRANSITION_M, length / 2)
    coords = shapely.get_coordinates(_part(line, 0.0, kept), include_z=bool(line.has_z))
    return shapely.LineString(np.vstack([coords, end[: coords.shape[1]]]))
