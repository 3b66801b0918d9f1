"""Lines that stand upright as a whole, as risers and drops do: nodes of the network from bottom to top."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import shapely

from importers.mapping import read_materials
from importers.section import read_sections
from layers.columns import Column
from layers.linestrings import LineStrings

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from importers.attributes import Attributes
    from layers.linestrings import Shapes

# What stands for the fields that such a line has not, in the report, too.
_TOP, _BOTTOM, _WIDTH = "(highest z)", "(lowest z)", "(width of the section)"


def stand_upright(shapes: Shapes) -> NDArray[np.bool_]:
    """Which of n lines have all vertices at one place in plan, and more than one height there."""
    if isinstance(shapes, LineStrings):
        if shapes.have_length():
            return np.zeros(len(shapes), dtype=bool)
        shapes = shapes.to_objects()
    west, south, east, north = shapely.bounds(shapes).T
    upright = np.isin(shapely.get_type_id(shapes), (1, 5)) & (west == east) & (south == north)
    upright[upright] = np.diff(_heights(shapes[upright]), axis=1)[:, 0] > 0
    return np.asarray(upright)


def as_nodes(lines: NDArray[np.object_], attributes: Attributes) -> tuple[NDArray[np.object_], Attributes]:
    """Points and attributes of nodes, of lines (storage CRS) that stand upright."""
    points = shapely.points(shapely.bounds(lines)[:, :2])
    bottom, top = _heights(lines).T.tolist()
    widths = [section.outer_width_m for section in read_sections(attributes, read_materials(attributes))]
    columns = {_TOP: Column.of(top), _BOTTOM: Column.of(bottom), _WIDTH: Column.of(widths)}
    fields = {name: field for name, field in attributes.fields.items() if name not in ("outer_width", "kind")}
    fields |= {"cover": (_TOP, "m"), "bottom": (_BOTTOM, "m"), "outer_diameter": (_WIDTH, "m")}
    return points, replace(attributes, columns=attributes.columns | columns, fields=fields, rivals={})


def _heights(lines: NDArray[np.object_]) -> NDArray[np.float64]:
    """(n, 2) least and greatest z, NaN where one is not known."""
    z, of = shapely.get_coordinates(lines, include_z=True, return_index=True)
    first = np.searchsorted(of, np.arange(len(lines)))
    folds = [fold.reduceat(z[:, 2], first) if len(first) else np.zeros(0) for fold in (np.minimum, np.maximum)]
    return np.column_stack(folds)
