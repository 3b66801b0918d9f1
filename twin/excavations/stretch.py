"""A recorded line cut where an excavation has seen it, and the seen stretch moved to where it truly lies.

Lines are shapely line strings, x, y and z where known, in metres of the storage CRS.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from math import hypot
from typing import TYPE_CHECKING, Any

import numpy as np
import shapely

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from twin.excavations.levels import Levels

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

    @property
    def middle(self) -> shapely.Point:
        return shapely.line_interpolate_point(shapely.force_2d(self.seen), 0.5, normalized=True)

    @property
    def lowest_m(self) -> float | None:
        """The lowest elevation of the line, where it is known."""
        lines = [line for line in (self.before, self.seen, self.after) if line is not None]
        return float(min(_coords(line)[:, 2].min() for line in lines)) if self.seen.has_z else None

    def move(self, by_m: tuple[float, float, float]) -> Stretch:
        """The seen part moved by metres east, north and up; its neighbours follow with their last metre."""
        coords = _coords(self.seen)
        moved = coords + np.array(by_m[: coords.shape[1]])
        return Stretch(
            None if self.before is None else _bend(self.before, moved[0]),
            shapely.LineString(moved),
            None if self.after is None else _bend(self.after.reverse(), moved[-1]).reverse(),
        )

    def level(self, levels: Levels) -> Stretch:
        """The seen part at an elevation that was measured; its neighbours stay as they are."""
        if levels.axis_m is None:
            return self
        xy = shapely.get_coordinates(self.seen)
        return replace(self, seen=shapely.LineString(np.column_stack([xy, np.full(len(xy), levels.axis_m)])))

    def correct(self, by_m: tuple[float, float, float], levels: Levels) -> tuple[Stretch, tuple[float, float]]:
        """The line moved, and levelled where an elevation was known; how far off it was, in plan and in height."""
        moved = self.move(by_m)
        if not self.seen.has_z:
            return moved, (hypot(*by_m[:2]), 0.0)
        moved = moved.level(levels)
        heights = np.abs(_coords(moved.seen)[:, 2] - _coords(self.seen)[:, 2])
        return moved, (hypot(*by_m[:2]), float(heights.max()))

    def write(self, around: Mapping[str, Any], seen: Mapping[str, Any]) -> tuple[list[dict[str, Any]], int]:
        """Values of each part of the line, and which of them was seen."""
        parts = [
            (part, values)
            for part, values in ((self.before, {}), (self.seen, seen), (self.after, {}))
            if part is not None
        ]
        return [{**around, **values, **shape_line(part)} for part, values in parts], 0 if self.before is None else 1


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


def whole_line(line: shapely.LineString) -> Stretch:
    """All of a line as seen."""
    return Stretch(None, line, None)


def shape_line(line: shapely.LineString) -> dict[str, Any]:
    """Columns of a line's place."""
    if not line.has_z:
        return {"geom": line, "axis": None, "elevation_source": "none"}
    return {"geom": line, "axis": line, "elevation_source": "measured"}


def _coords(line: shapely.LineString) -> NDArray[np.float64]:
    return np.asarray(shapely.get_coordinates(line, include_z=bool(line.has_z)))


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
    coords, along = _coords(line), _stations(line)
    inner = along[(along > first + 1e-9) & (along < last - 1e-9)]
    stations = np.concatenate([[first], inner, [last]])
    return shapely.LineString(np.column_stack([np.interp(stations, along, values) for values in coords.T]))


def _bend(line: shapely.LineString, end: np.ndarray) -> shapely.LineString:
    """The line whose last metre leads to another end."""
    length = float(_stations(line)[-1])
    kept = max(length - _TRANSITION_M, length / 2)
    coords = _coords(_part(line, 0.0, kept))
    return shapely.LineString(np.vstack([coords, end[: coords.shape[1]]]))
