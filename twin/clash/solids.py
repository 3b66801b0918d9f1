"""The excavation and what is buried around it, as plain values.

Coordinates are x (east) and y (north) in metres of one projected CRS, z in metres above one vertical datum.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import numpy as np
import shapely
from numpy.typing import NDArray

Floats = NDArray[np.float64]

# Sentinels such as -DBL_MAX or -9999 are finite numbers that would read as "far away, hence clear".
PLAN_M = (-1e8, 1e8)
ELEVATION_M = (-500.0, 9000.0)
SIZE_M = (0.0, 100.0)


@dataclass(frozen=True, slots=True)
class Excavation:
    """A vertical-walled prism whose bottom is known only between two elevations.

    One depth below uneven ground leaves the bottom between the lowest and the highest ground less the
    depth; the top is the highest ground. The polygon may be concave and have holes; what is inside a hole
    is outside the excavation.

    Raises: ValueError naming every fault of the polygon and the elevations.
    """

    polygon: shapely.Polygon
    bottom_low_m: float
    bottom_high_m: float
    top_m: float

    def __post_init__(self) -> None:
        _refuse("excavation", [*_polygon_faults(self.polygon), *self._elevation_faults()])

    def _elevation_faults(self) -> Iterator[str]:
        low, high, top = self.bottom_low_m, self.bottom_high_m, self.top_m
        yield from _number_faults(ELEVATION_M, bottom_low_m=low, bottom_high_m=high, top_m=top)
        if low > high:
            yield f"bottom_low_m {low} is above bottom_high_m {high}: swap them"
        if high >= top:
            yield f"bottom_high_m {high} is not below top_m {top}: give a depth greater than 0"


@dataclass(frozen=True, slots=True)
class Quality:
    """How well the position of one object is known, as its owner states it; None is unstated."""

    level: str | None = None
    horizontal_accuracy_m: float | None = None
    vertical_accuracy_m: float | None = None
    # What the reading of the record adds to the vertical accuracy, whoever states that.
    vertical_slack_m: float = 0.0


UNSTATED = Quality()


@dataclass(frozen=True, slots=True, eq=False)
class Tube:
    """A pipe, cable or duct bank: all points within `outer_radius_m` of its axis.

    `axis` has shape (n, 3) in x, y, z order, or (n, 2) where the elevation is unknown. A section that is
    not round is given by the radius of its circumscribed circle, an unknown one by None.

    Raises: ValueError naming every fault; a number that is not finite is one.
    """

    id: int
    axis: Floats
    outer_radius_m: float | None
    quality: Quality = UNSTATED

    def __post_init__(self) -> None:
        axis = np.array(self.axis, dtype=np.float64)
        axis.setflags(write=False)
        object.__setattr__(self, "axis", axis)
        _refuse(f"tube {self.id}", [*_axis_faults(axis), *_body_faults(self)])

    @property
    def elevation_known(self) -> bool:
        return bool(self.axis.shape[1] == 3)


@dataclass(frozen=True, slots=True)
class Shaft:
    """A manhole, chamber or pole: a vertical cylinder about x, y, from `bottom_m` up to `top_m`.

    Its elevation is known only with both ends. A body that is not round is given by the radius of its
    circumscribed circle, an unknown one by None.

    Raises: ValueError naming every fault; a number that is not finite is one.
    """

    id: int
    x: float
    y: float
    bottom_m: float | None
    top_m: float | None
    outer_radius_m: float | None
    quality: Quality = UNSTATED

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
        """The vertical axis, from bottom to top: (2, 3), or (2, 2) where the elevation is unknown."""
        if self.bottom_m is None or self.top_m is None:
            return np.array([[self.x, self.y], [self.x, self.y]])
        return np.array([[self.x, self.y, self.bottom_m], [self.x, self.y, self.top_m]])


type Utility = Tube | Shaft


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


def _axis_faults(axis: Floats) -> Iterator[str]:
    if axis.ndim != 2 or len(axis) < 2 or axis.shape[1] not in (2, 3):
        yield f"axis has shape {axis.shape}: give at least two x, y, z, or x, y where z is unknown"
        return
    columns = zip("xyz", (PLAN_M, PLAN_M, ELEVATION_M), axis.T, strict=False)
    for name, limits_m, values in columns:
        # min and max of a column with NaN are NaN, which is in no range.
        yield from _number_faults(limits_m, **{f"least {name}": values.min(), f"greatest {name}": values.max()})


def _polygon_faults(polygon: shapely.Polygon) -> Iterator[str]:
    if not isinstance(polygon, shapely.Polygon):
        yield f"{type(polygon).__name__} is not a polygon: check each part as its own excavation"
    elif polygon.is_empty:
        yield "polygon is empty: draw its outline"
    elif not (np.abs(shapely.get_coordinates(polygon)) <= PLAN_M[1]).all():
        yield f"polygon has a coordinate beyond {PLAN_M[1]:g}: repair its outline"
    elif not polygon.is_valid:
        yield f"polygon is invalid ({shapely.is_valid_reason(polygon)}): repair its outline"
