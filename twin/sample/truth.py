"""What must stand in the database once the sample is imported, row by row."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import shapely

from twin.sample.files.projecting import find_positions

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from twin.sample.delivery.records import Dataset, Elevations, Layer, Row, Value


@dataclass(frozen=True, slots=True, eq=False)
class Feature:
    """A row of the database: where it was delivered, its place in EPSG:9214, its axis and its columns."""

    file: str
    layer: str
    row: int
    table: str
    shape: shapely.Geometry
    axis_m: Elevations | None
    expected: dict[str, Value]

    def describe(self) -> dict[str, Any]:
        axis = None if self.axis_m is None else self.axis_m.tolist()
        place = {"file": self.file, "layer": self.layer, "row": self.row, "table": self.table}
        return place | {"position": _list(self.shape), "axis_z": axis} | self.expected


def find_features(files: Iterable[Dataset]) -> Iterator[Feature]:
    """Every row that must be accepted."""
    for file in files:
        for layer in file.layers:
            numbers = _number_rows(file, layer)
            accepted = [(number, row) for number, row in zip(numbers, layer.rows, strict=True) if row.table]
            shapes = find_positions([row for _, row in accepted], file.form)
            for (number, row), shape in zip(accepted, shapes, strict=True):
                axis = None if row.axis is None else row.axis(shapely.get_coordinates(shape))
                yield Feature(file.path, layer.name, number, row.table or "", shape, axis, row.expected)


def find_defects(files: Iterable[Dataset]) -> Iterator[dict[str, Any]]:
    """Everything planted: file, layer and row (None for the whole file), kind, and what is expected."""
    for file in files:
        if file.spoil is not None:
            whole = {"file": file.path, "layer": None, "row": None}
            yield whole | {"kind": file.spoil.kind, "expected": file.spoil.expected}
        for layer in file.layers:
            for number, row in zip(_number_rows(file, layer), layer.rows, strict=True):
                for defect in row.defects:
                    place = {"file": file.path, "layer": layer.name, "row": number}
                    yield place | {"kind": defect.kind, "expected": defect.expected}


def _number_rows(file: Dataset, layer: Layer) -> list[int]:
    """Records from 1, or as the file has them; a line of a table with one row a vertex has the number of its first."""
    if layer.numbers:
        return list(layer.numbers)
    if file.form.layout != "vertices":
        return list(range(1, len(layer.rows) + 1))
    counts = [_count_vertices(row) for row in layer.rows]
    return (np.cumsum([0, *counts[:-1]]) + 1).tolist()


def _count_vertices(row: Row) -> int:
    return int(shapely.get_num_coordinates(row.shape))


def _list(shape: shapely.Geometry) -> list[Any]:
    if shape.geom_type == "Polygon":
        return [shapely.get_coordinates(ring).tolist() for ring in (shape.exterior, *shape.interiors)]
    return list(shapely.get_coordinates(shape).tolist())
