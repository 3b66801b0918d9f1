"""The line along a dig by which places in it are named: stations from its start, offsets to its right."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import shapely

from twin.clash.dig import Pit

if TYPE_CHECKING:
    from collections.abc import Sequence

    from twin.clash.dig import Part
    from twin.clash.solids import Floats

_SAME_M = 1e-6
# Where one line ends and the next begins, both in one pit, they may pass each other by so much.
_JOINED_M = 1.0


@dataclass(frozen=True, slots=True, eq=False)
class Alignment:
    """`points` (n, 2), x y in the report's CRS; stations and offsets in metres. Beyond its ends it goes straight on."""

    points: Floats

    @property
    def steps_m(self) -> Floats:
        """(n - 1) lengths of its legs."""
        return np.asarray(np.hypot(*np.diff(self.points, axis=0).T))

    @property
    def stations_m(self) -> Floats:
        """(n) stations of its points."""
        return np.concatenate([[0.0], np.cumsum(self.steps_m)])

    @property
    def length_m(self) -> float:
        return float(self.steps_m.sum())

    @property
    def headings(self) -> Floats:
        """(n - 1, 2) unit vectors along its legs."""
        return np.asarray(np.diff(self.points, axis=0) / self.steps_m[:, None])

    @property
    def towards(self) -> Floats:
        """Unit vector (2) from its start to its end, along its first leg where it ends where it starts."""
        way = self.points[-1] - self.points[0]
        length_m = np.hypot(*way)
        return np.asarray(way / length_m) if length_m > _SAME_M else self.headings[0]

    def locate(self, xy: Floats) -> tuple[Floats, Floats]:
        """Stations and offsets (m) of points (m, 2), by the nearest leg."""
        ahead, steps = self.headings, self.steps_m
        relative = xy[:, None, :2] - self.points[None, :-1]
        along = (relative * ahead).sum(axis=2)
        low, high = np.zeros(len(steps)), steps.copy()
        low[0], high[-1] = -np.inf, np.inf
        clipped = np.clip(along, low, high)
        miss = relative - clipped[..., None] * ahead
        nearest = np.hypot(miss[..., 0], miss[..., 1]).argmin(axis=1)
        row = np.arange(len(xy))
        right = relative[..., 0] * ahead[:, 1] - relative[..., 1] * ahead[:, 0]
        return self.stations_m[nearest] + clipped[row, nearest], right[row, nearest]

    def place(self, stations_m: Floats, offset_m: float = 0.0) -> Floats:
        """Points (m, 2) at stations."""
        leg = self._leg(stations_m)
        ahead = self.headings[leg]
        along = (stations_m - self.stations_m[leg])[:, None]
        right = np.column_stack([ahead[:, 1], -ahead[:, 0]])
        return np.asarray(self.points[leg] + along * ahead + offset_m * right)

    def rightward(self, station_m: float) -> Floats:
        """Unit vector (2) to the right at a station."""
        x, y = self.headings[self._leg(np.array([station_m]))[0]]
        return np.array([y, -x])

    def _leg(self, stations_m: Floats) -> np.ndarray[tuple[int], np.dtype[np.intp]]:
        legs = np.searchsorted(self.stations_m, stations_m, side="right") - 1
        return np.clip(legs, 0, len(self.points) - 2)


def align(polygon: shapely.Geometry, parts: Sequence[Part]) -> Alignment:
    """The centre lines of trenches and bores one after the other, through the pits at either end; else the long middle.

    That of the outline runs from west to east, or from south to north where it is nearer to that; it stands for lines
    that branch or cross, too.
    """
    lines = [shapely.remove_repeated_points(part.line, _SAME_M) for part in parts if not isinstance(part, Pit)]
    chain = _chain([shapely.get_coordinates(line) for line in lines])
    if chain is None:
        return _long_middle(polygon)
    pits = [shapely.get_coordinates(part.outline) for part in parts if isinstance(part, Pit)]
    return _extend(Alignment(chain), np.concatenate(pits)) if pits else Alignment(chain)


def _chain(lines: list[Floats]) -> Floats | None:
    """Lines end to end in their order, each turned so that it goes on; None where one begins elsewhere."""
    if not lines:
        return None
    chain = lines[0]
    if len(lines) > 1 and _between(chain[0], lines[1]) < _between(chain[-1], lines[1]):
        chain = chain[::-1]
    for line in lines[1:]:
        ahead = line if _apart(chain[-1], line[0]) <= _apart(chain[-1], line[-1]) else line[::-1]
        apart = float(shapely.distance(shapely.LineString(chain), shapely.LineString(line)))
        if _apart(chain[-1], ahead[0]) > apart + _JOINED_M:
            return None
        chain = np.vstack([chain, ahead[_apart(chain[-1], ahead[0]) <= _SAME_M :]])
    return chain if len(lines) == 1 or shapely.LineString(chain).is_simple else None


def _apart(a: Floats, b: Floats) -> float:
    return float(np.hypot(*(a - b)))


def _between(point: Floats, line: Floats) -> float:
    return float(shapely.distance(shapely.Point(point), shapely.LineString(line)))


def _extend(alignment: Alignment, points: Floats) -> Alignment:
    """The alignment straight on as far as some points lie beyond its ends."""
    stations, _ = alignment.locate(points)
    first, last = min(float(stations.min()), 0.0), max(float(stations.max()), alignment.length_m)
    ends = alignment.place(np.array([first, last]))
    return Alignment(np.vstack([ends[:1], alignment.points[1:-1], ends[1:]]))


def _long_middle(polygon: shapely.Geometry) -> Alignment:
    # Full projected coordinates would cost the rectangle its direction's last digits.
    origin = np.floor(shapely.get_coordinates(polygon)[0])
    points = shapely.get_coordinates(polygon) - origin
    corners = shapely.get_coordinates(shapely.minimum_rotated_rectangle(shapely.MultiPoint(points)))
    sides = np.diff(corners[:3], axis=0)
    longer = sides[int(np.hypot(*sides[1]) > np.hypot(*sides[0]))]
    ahead = longer / np.hypot(*longer)
    ahead = ahead * np.sign(ahead[np.abs(ahead).argmax()])
    right = np.array([ahead[1], -ahead[0]])
    along, across = points @ ahead, points @ right
    middle = origin + (across.min() + across.max()) / 2 * right
    return Alignment(np.stack([middle + along.min() * ahead, middle + along.max() * ahead]))
