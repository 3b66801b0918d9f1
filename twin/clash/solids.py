"""The excavation and what is buried around it, as plain values.

Coordinates are x (east) and y (north) in metres of one projected CRS, z in metres above one vertical datum.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from math import hypot
from typing import NamedTuple

import numpy as np
import shapely
from numpy.typing import NDArray

from twin.clash.kernel.body import (
    FARTHEST_M,
    GREATEST_M,
    HIGHEST_M,
    LOWEST_M,
    UNKNOWN,
    Body,
    lie_within,
    list_sections,
)

Floats = NDArray[np.float64]
type Points = tuple[tuple[float, ...], ...]

PLAN_M = (-FARTHEST_M, FARTHEST_M)
ELEVATION_M = (LOWEST_M, HIGHEST_M)
SIZE_M = (0.0, GREATEST_M)
# A floor that is bent inwards by less than this is convex but for rounding.
_BENT_M = 1e-8


@dataclass(frozen=True, slots=True)
class Floor:
    """One floor of an excavation: a polygon, all that is above it, and sides that lean outwards up to the ground.

    `bottom_m` is the deepest reading of its elevation, at `origin` where it is sloped by `grade` (metres up per
    metre east and north); it may lie up to `band_m` higher. Sides lean by `slope` metres outwards for each metre
    up, for `height_m` above the floor, by default to `ground_m`, the highest ground around. The polygon may be
    concave and have holes where it is level; what is inside a hole is outside the excavation. Where it is a piece of an
    `outline` the pieces together are that, and only its corners are corners, where two leaning sides meet.

    Raises: ValueError naming every fault.
    """

    polygon: shapely.Polygon
    bottom_m: float
    ground_m: float
    band_m: float = 0.0
    grade: tuple[float, float] = (0.0, 0.0)
    origin: tuple[float, float] = (0.0, 0.0)
    slope: float = 0.0
    height_m: float | None = None
    outline: shapely.Polygon | None = None

    def __post_init__(self) -> None:
        _refuse("excavation", [*_polygon_faults(self.polygon), *self._level_faults()])

    @property
    def steepness(self) -> float:
        return hypot(*self.grade)

    @property
    def spread_m(self) -> float:
        """How far the sides reach outside the floor."""
        return self.slope * self.side_m if self.slope else 0.0

    @property
    def side_m(self) -> float:
        """How high the sides lean above the floor; what is above that is upright."""
        if self.height_m is not None:
            return self.height_m
        return max(self.ground_m - min(self.levels()), 0.0)

    @property
    def opening(self) -> shapely.Geometry:
        """The floor with its leaning sides, in plan; a piece is mitred only where its outline has a corner."""
        mitred = _widen(self.polygon, self.spread_m)
        if self.outline is None or not self.spread_m:
            return mitred
        whole = _widen(self.outline, self.spread_m)
        return shapely.union(shapely.intersection(mitred, whole), shapely.buffer(self.polygon, self.spread_m))

    def level_at(self, x: float, y: float) -> float:
        """The deepest reading of the floor's elevation."""
        return self.bottom_m + (x - self.origin[0]) * self.grade[0] + (y - self.origin[1]) * self.grade[1]

    def levels(self) -> list[float]:
        """The deepest reading at every vertex."""
        return [self.level_at(x, y) for x, y in shapely.get_coordinates(self.polygon).tolist()]

    def _level_faults(self) -> Iterator[str]:
        steepness = self.steepness
        yield from _number_faults(ELEVATION_M, bottom_m=self.bottom_m, ground_m=self.ground_m)
        yield from _number_faults(
            SIZE_M, band_m=self.band_m, slope=self.slope, steepness=steepness, height_m=self.height_m
        )
        if self.bottom_m == self.bottom_m and self.ground_m <= self.bottom_m and not steepness:
            yield f"bottom_m {self.bottom_m} is not below ground_m {self.ground_m}: give a depth greater than 0"
        if steepness and not is_convex(self.polygon):
            yield "a sloped floor is concave: cut it into convex pieces"


@dataclass(frozen=True, slots=True)
class Drive:
    """A bored hole: all points within `radius_m` of an axis of x, y, z points."""

    axis: Points
    radius_m: float

    def __post_init__(self) -> None:
        object.__setattr__(self, "axis", _points(self.axis))
        faults = [*_axis_faults(self.axis), *_number_faults(SIZE_M, radius_m=self.radius_m)]
        if self.radius_m == 0 or len(self.axis[0]) != 3:
            faults.append("a bore needs a radius and elevations: give them")
        if any(a[:2] == b[:2] for a, b in pairwise(self.axis)):
            faults.append("a bore stands still or upright between two points: leave one out, or dig a pit")
        _refuse("bore", faults)


@dataclass(frozen=True, slots=True)
class Excavation:
    """All that one dig takes out: floors and bores, which may touch and overlap.

    Raises: ValueError where it has neither.
    """

    floors: tuple[Floor, ...]
    bores: tuple[Drive, ...] = ()

    def __post_init__(self) -> None:
        _refuse("excavation", [] if self.floors or self.bores else ["has no floor and no bore: give one"])

    @property
    def ground_m(self) -> float:
        """The highest ground around a floor, or the highest point of a bore."""
        tops = [floor.ground_m for floor in self.floors] or [z + b.radius_m for b in self.bores for _, _, z in b.axis]
        return max(tops)

    @property
    def bottom_m(self) -> tuple[float, float]:
        """The lowest and the highest that a floor, or the underside of a bore, may lie."""
        lows = [(level, level + floor.band_m) for floor in self.floors for level in floor.levels()]
        lows += [(z - bore.radius_m, z - bore.radius_m) for bore in self.bores for _, _, z in bore.axis]
        return min(low for low, _ in lows), max(high for _, high in lows)

    @property
    def footprint(self) -> shapely.Geometry:
        """All that is dug, in plan: floors with their sides, and bores."""
        bores = [shapely.buffer(shapely.LineString([p[:2] for p in b.axis]), b.radius_m) for b in self.bores]
        return shapely.union_all([self.opening, *bores]) if bores else self.opening

    @property
    def opening(self) -> shapely.Geometry:
        """What is open at the surface: floors with their sides; nothing of a mere bore."""
        found = [f.opening if f.spread_m else f.outline or f.polygon for f in self.floors]
        shapes = list({id(shape): shape for shape in found}.values())
        return shapes[0] if len(shapes) == 1 else shapely.union_all(shapes)

    @property
    def origin(self) -> tuple[float, float]:
        """A point near all of it."""
        if self.floors:
            x, y, _, _ = self.floors[0].polygon.bounds
            return x, y
        return self.bores[0].axis[0][0], self.bores[0].axis[0][1]


@dataclass(frozen=True, slots=True)
class Quality:
    """How well the position of one object is known, as its owner states it; None is unstated."""

    level: str | None = None
    horizontal_accuracy_m: float | None = None
    vertical_accuracy_m: float | None = None
    # What the reading of the record adds to the vertical accuracy, whoever states that.
    vertical_slack_m: float = 0.0
    # What the drawing of curves as chords adds to the horizontal accuracy.
    horizontal_slack_m: float = 0.0


UNSTATED = Quality()


class Section(NamedTuple):
    """All points within `swept_m` of those that lie within `wide_m` in plan and `high_m` in height of an axis."""

    swept_m: float
    wide_m: float = 0.0
    high_m: float = 0.0

    @property
    def plan_m(self) -> float:
        return self.swept_m + self.wide_m


@dataclass(frozen=True, slots=True)
class Tube:
    """A pipe, cable or duct bank: all points within `outer_radius_m` of its axis and, where given, within a box.

    `points` of the axis are in x, y, z order, or x, y where the elevation is unknown. `outer_radius_m` is the radius of
    the circle around the section, None where it is unknown; `box_m` half the width and half the height of a section
    that is not round, upright about the axis.

    Raises: ValueError naming every fault; a number that is not finite is one.
    """

    id: int
    points: Points
    outer_radius_m: float | None
    quality: Quality = UNSTATED
    box_m: tuple[float, float] | None = None

    def __post_init__(self) -> None:
        points = _points(self.points)
        object.__setattr__(self, "points", points)
        if not (lie_within(points) and _is_sound(self)):
            _refuse(f"tube {self.id}", [*_axis_faults(points), *_body_faults(self)])

    @property
    def elevation_known(self) -> bool:
        return len(self.points[0]) == 3

    @property
    def axis(self) -> Floats:
        """(n, 3) in x, y, z order, or (n, 2)."""
        return np.array(self.points)

    @property
    def body(self) -> Body:
        body = Body(self.points, UNKNOWN if self.outer_radius_m is None else self.outer_radius_m)
        if self.box_m is not None:
            body.box(*self.box_m)
        body.doubt(self.quality.vertical_slack_m, self.quality.horizontal_slack_m)
        return body

    @property
    def sections(self) -> tuple[Section, ...]:
        """What the object lies within, each of them; empty where its section is unknown."""
        return tuple(Section(*section) for section in list_sections(self.body))


@dataclass(frozen=True, slots=True)
class Shaft:
    """A manhole, chamber or pole: a vertical cylinder about x, y, from `bottom_m` up to `top_m`.

    Its elevation is known only with both ends. A body that is not round is given by the radius of its
    circumscribed circle, an unknown one by None; as nobody records which way it is turned, only what is within
    `inner_radius_m` is surely there.

    Raises: ValueError naming every fault; a number that is not finite is one.
    """

    id: int
    x: float
    y: float
    bottom_m: float | None
    top_m: float | None
    outer_radius_m: float | None
    quality: Quality = UNSTATED
    inner_radius_m: float | None = None

    def __post_init__(self) -> None:
        faults = [
            *_number_faults(PLAN_M, x=self.x, y=self.y),
            *_number_faults(ELEVATION_M, bottom_m=self.bottom_m, top_m=self.top_m),
        ]
        if self.bottom_m is not None and self.top_m is not None and self.bottom_m > self.top_m:
            faults.append(f"bottom_m {self.bottom_m} is above top_m {self.top_m}: swap them")
        _refuse(f"shaft {self.id}", [*faults, *_body_faults(self)])

    @property
    def elevation_known(self) -> bool:
        return self.bottom_m is not None and self.top_m is not None

    @property
    def axis(self) -> Floats:
        """(2, 3) in x, y, z order, or (2, 2)."""
        return np.array(self.points)

    @property
    def points(self) -> Points:
        """The vertical axis, from bottom to top; x, y twice where the elevation is unknown."""
        if self.bottom_m is None or self.top_m is None:
            return ((self.x, self.y), (self.x, self.y))
        return ((self.x, self.y, self.bottom_m), (self.x, self.y, self.top_m))

    @property
    def body(self) -> Body:
        body = Body(self.points, UNKNOWN if self.outer_radius_m is None else self.outer_radius_m)
        body.stand(UNKNOWN if self.inner_radius_m is None else self.inner_radius_m)
        body.doubt(self.quality.vertical_slack_m, self.quality.horizontal_slack_m)
        return body

    @property
    def sections(self) -> tuple[Section, ...]:
        return tuple(Section(*section) for section in list_sections(self.body))


type Utility = Tube | Shaft


def _widen(polygon: shapely.Polygon, by_m: float) -> shapely.Polygon:
    return shapely.buffer(polygon, by_m, join_style="mitre", mitre_limit=2.0) if by_m else polygon


def is_convex(polygon: shapely.Polygon) -> bool:
    """Whether nothing of the polygon is bent inwards, but for rounding."""
    hull = shapely.convex_hull(polygon)
    return bool(hull.area - polygon.area <= _BENT_M * hull.length)


def _refuse(thing: str, faults: Iterable[str]) -> None:
    if message := "; ".join(faults):
        raise ValueError(f"{thing}: {message}")


def _number_faults(limits_m: tuple[float, float], **numbers: float | None) -> Iterator[str]:
    low, high = limits_m
    for name, value in numbers.items():
        if value is not None and not low <= value <= high:
            yield f"{name} {value} is outside {low:g} to {high:g}: repair it, or give None where unknown"


def _body_faults(utility: Utility) -> Iterator[str]:
    radius_m, quality = utility.outer_radius_m, utility.quality
    if radius_m == 0:
        yield "outer_radius_m is 0: give None where the section is unknown"
    yield from _number_faults(
        SIZE_M,
        outer_radius_m=radius_m,
        horizontal_accuracy_m=quality.horizontal_accuracy_m,
        vertical_accuracy_m=quality.vertical_accuracy_m,
    )


def _is_sound(utility: Utility) -> bool:
    """Whether `_body_faults` has nothing to say, told in less time."""
    radius_m, quality = utility.outer_radius_m, utility.quality
    wide_m, high_m = quality.horizontal_accuracy_m, quality.vertical_accuracy_m
    return (
        (radius_m is None or 0 < radius_m <= SIZE_M[1])
        and (wide_m is None or 0 <= wide_m <= SIZE_M[1])
        and (high_m is None or 0 <= high_m <= SIZE_M[1])
    )


def _points(axis: Points | Floats | Sequence[Sequence[float]]) -> Points:
    return tuple(map(tuple, axis.tolist() if isinstance(axis, np.ndarray) else axis))


def _axis_faults(axis: Points) -> Iterator[str]:
    sizes = {len(point) for point in axis}
    if len(axis) < 2 or sizes not in ({2}, {3}):
        yield f"axis has {len(axis)} points of {sorted(sizes)} numbers: give at least two x, y, z, or x, y"
        return
    for name, limits_m, values in zip("xyz", (PLAN_M, PLAN_M, ELEVATION_M), zip(*axis, strict=True), strict=False):
        low, high = limits_m
        if not all(low <= value <= high for value in values):
            worst = next(value for value in values if not low <= value <= high)
            yield from _number_faults(limits_m, **{name: worst})


def _polygon_faults(polygon: shapely.Polygon) -> Iterator[str]:
    if not isinstance(polygon, shapely.Polygon):
        yield f"{type(polygon).__name__} is not a polygon: check each part as its own excavation"
    elif polygon.is_empty:
        yield "polygon is empty: draw its outline"
    elif not np.abs(shapely.get_coordinates(polygon)).max() <= PLAN_M[1]:
        yield f"polygon has a coordinate beyond {PLAN_M[1]:g}: repair its outline"
    elif not polygon.is_valid:
        yield f"polygon is invalid ({shapely.is_valid_reason(polygon)}): repair its outline"
