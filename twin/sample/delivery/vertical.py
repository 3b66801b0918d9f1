"""How departments say how deep a line lies, and the true axis that follows from exactly what they wrote."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import shapely

if TYPE_CHECKING:
    from twin.sample.city.networks import Line
    from twin.sample.city.sections import Section
    from twin.sample.city.streets import Points
    from twin.sample.city.terrain import Terrain
    from twin.sample.delivery.records import AxisRule, Elevations, Value

_REFERENCE_WORDS = {"crown": "đỉnh ống", "axis": "tim ống", "invert": "đáy ống"}
_PER_ROW = ("crown", "axis", "invert")


@dataclass(frozen=True, slots=True)
class Told:
    """What was written about one line's height: fields, z of the vertices where it is in them, and the axis meant."""

    fields: dict[str, Value]
    axis: AxisRule | None = None
    z: Elevations | None = None
    reference: str | None = None


@dataclass(frozen=True, slots=True)
class Depth:
    """A depth below ground in a column; without `reference` the word is unstated, which means the crown.

    unit_m: the unit in metres; negative where depths are written as negative numbers.
    template: how the number stands in a text, such as "{} cm".
    reference_column: says row by row which part was measured.
    """

    column: str
    unit_m: float = 1.0
    reference: str | None = None
    template: str | None = None
    reference_column: str | None = None

    def tell(self, line: Line, terrain: Terrain, row: int) -> Told:
        stated = _PER_ROW[row % 3] if self.reference_column else self.reference
        offset_m = axis_offset(line.section, stated or "crown")
        number = round(((line.depth_m or 0.0) + offset_m) / self.unit_m, 2 if abs(self.unit_m) == 1 else 0)
        fields: dict[str, Value] = {self.column: self.template.format(f"{number:g}") if self.template else number}
        if self.reference_column:
            fields[self.reference_column] = _REFERENCE_WORDS[_PER_ROW[row % 3]]
        return Told(fields, below_ground(terrain, abs(number * self.unit_m), offset_m), reference=stated)


@dataclass(frozen=True, slots=True)
class Level:
    """One elevation for a whole line."""

    column: str
    reference: str

    def tell(self, line: Line, terrain: Terrain, row: int) -> Told:
        del row
        offset_m = axis_offset(line.section, self.reference)
        number = round(float(true_axis(line, terrain).mean()) - offset_m, 2) or 0.01
        return Told(
            {self.column: number}, lambda points: np.full(len(points), number + offset_m), reference=self.reference
        )


@dataclass(frozen=True, slots=True)
class Inverts:
    """An invert at each end; the axis runs straight between them along the plan length."""

    start: str
    end: str

    def tell(self, line: Line, terrain: Terrain, row: int) -> Told:
        del terrain, row
        start, end = line.inverts_m or (0.0, 0.0)
        offset_m = axis_offset(line.section, "invert")
        return Told(
            {self.start: start, self.end: end}, between_ends(start + offset_m, end + offset_m), reference="invert"
        )


@dataclass(frozen=True, slots=True)
class InGeometry:
    """Elevations in the vertices themselves: of the axis, or of the part that a column names; `flat` is one for all."""

    reference: str = "axis"
    column: str | None = None
    flat: bool = False

    def tell(self, line: Line, terrain: Terrain, row: int) -> Told:
        del row
        offset_m = axis_offset(line.section, self.reference)
        axis = true_axis(line, terrain)
        z = np.round((np.full_like(axis, axis.mean()) if self.flat else axis) - offset_m, 3)
        z[z == 0.0] = 0.001
        fields: dict[str, Value] = {self.column: _REFERENCE_WORDS[self.reference]} if self.column else {}
        stated = self.reference if self.column else None
        return Told(fields, lambda _: np.asarray(z + offset_m), z, stated)


@dataclass(frozen=True, slots=True)
class Untold:
    """Nothing about height."""

    def tell(self, line: Line, terrain: Terrain, row: int) -> Told:
        del line, terrain, row
        return Told({})


Manner = Depth | Level | Inverts | InGeometry | Untold


def axis_offset(section: Section, reference: str) -> float:
    """How far the axis lies above the named part of the section, in metres."""
    return {"axis": 0.0, "invert": section.below_axis_m}.get(reference, -section.above_axis_m)


def below_ground(terrain: Terrain, depth_m: float, offset_m: float) -> AxisRule:
    """The axis of a line whose named part lies at a depth under the ground at every vertex."""
    return lambda points: terrain.ground(points) - depth_m + offset_m


def between_ends(start_m: float, end_m: float) -> AxisRule:
    """The axis that runs straight from one elevation to another along the plan length."""

    def run(points: Points) -> Elevations:
        lengths = np.hypot(*np.diff(points, axis=0).T)
        shares = np.concatenate([[0.0], np.cumsum(lengths)]) / lengths.sum()
        return np.asarray(start_m + (end_m - start_m) * shares)

    return run


def true_axis(line: Line, terrain: Terrain) -> Elevations:
    """Elevations of a line's axis at its vertices before anybody wrote them down."""
    if line.depth_m is not None:
        return terrain.ground(line.path) - line.depth_m
    start, end = line.inverts_m or (0.0, 0.0)
    offset_m = axis_offset(line.section, "invert")
    return between_ends(start + offset_m, end + offset_m)(line.path)


def with_z(line: Line, told: Told) -> shapely.LineString:
    """The line as the file draws it."""
    return shapely.LineString(line.path if told.z is None else np.column_stack([line.path, told.z]))
