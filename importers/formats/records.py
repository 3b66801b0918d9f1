"""Records of a free schema, gathered one by one, as a layer."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
import shapely

from importers.source import SourceLayer

if TYPE_CHECKING:
    from numpy.typing import NDArray

_UNKNOWN_Z = 1e30  # Esri writes -DBL_MAX and the like


@dataclass(slots=True)
class Records:
    """Geometries, attributes and places in the file, one each a record."""

    geometries: list[shapely.Geometry | None] = field(default_factory=list)
    attributes: list[dict[str, Any]] = field(default_factory=list)
    rows: list[int] = field(default_factory=list)

    def add(self, geometry: shapely.Geometry | None, attributes: dict[str, Any], row: int | None = None) -> None:
        """Without a row, the record counts after those that are there."""
        self.geometries.append(geometry)
        self.attributes.append(attributes)
        self.rows.append(len(self.rows) + 1 if row is None else row)

    def to_layer(self, name: str, **declared: Any) -> SourceLayer:
        """A layer with a column for every attribute that any record has; `declared` are its other members."""
        shapes = np.empty(len(self.geometries), dtype=object)
        shapes[:] = self.geometries
        names = dict.fromkeys(name for record in self.attributes for name in record)
        columns = {name: [record.get(name) for record in self.attributes] for name in names}
        return SourceLayer(name, without_unknown_z(shapes), columns, np.array(self.rows), **declared)


def without_unknown_z(shapes: NDArray[np.object_]) -> NDArray[np.object_]:
    """Shapes of which a height is not known lose them all; in place."""
    coordinates, of = shapely.get_coordinates(shapes, include_z=True, return_index=True)
    unknown = np.unique(of[~(np.abs(coordinates[:, 2]) < _UNKNOWN_Z)])
    shapes[unknown] = shapely.force_2d(shapes[unknown])
    return shapes


def are_heights(z: NDArray[np.float64]) -> bool:
    """Whether all are heights that are known."""
    return bool((np.abs(z) < _UNKNOWN_Z).all())


def swap_axes(geometry: shapely.Geometry) -> shapely.Geometry:
    """X and y in each other's place, z as it was."""
    return shapely.transform(geometry, lambda c: c[:, [1, 0, *range(2, c.shape[1])]], include_z=geometry.has_z)
