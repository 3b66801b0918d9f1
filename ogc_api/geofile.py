"""Features as a GeoPackage or FlatGeobuf file, written by GDAL a few hundred rows at a time."""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing
from datetime import UTC
from typing import TYPE_CHECKING, Any

import numpy as np
import pyogrio

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    from layers.catalog import Layer, Property
    from layers.crs import Crs

# What PostGIS calls a geometry, in the spelling of GDAL.
_TYPES = {
    "POINT": "Point",
    "LINESTRING": "LineString",
    "POLYGON": "Polygon",
    "MULTIPOINT": "MultiPoint",
    "MULTILINESTRING": "MultiLineString",
    "MULTIPOLYGON": "MultiPolygon",
    "GEOMETRY": "Unknown",
}
_DTYPES = {"integer": "i8", "number": "f8", "boolean": "?"}

type Column = tuple[NDArray[Any], NDArray[np.bool_] | None]


class FeatureFile:
    """A file in the making: a GeoPackage that grows, from which the asked format is made in the end.

    Coordinates are x, y [z] in `crs`. FlatGeobuf takes heights of all features or of none.
    """

    def __init__(self, path: Path, layer: Layer, properties: Sequence[Property], crs: Crs) -> None:
        self._path, self._layer, self._properties, self._crs = path, layer, properties, crs
        self._package = path.with_suffix(".gpkg")

    def append(self, rows: Sequence[tuple[Any, ...]], *, has_geometry: bool) -> None:
        """Rows of (id, properties …, geometry as WKB)."""
        columns = [*zip(*rows, strict=True)]
        geometry = _objects(columns.pop()) if has_geometry else None
        described = [_column(values, p) for values, p in zip(columns[1:], self._properties, strict=True)]
        self._write(geometry, np.array(columns[0], dtype="i8"), described)

    def finish(self) -> Path:
        """The whole file; one without rows has its columns all the same."""
        if not self._package.exists():
            self._write(_objects(()), np.array([], dtype="i8"), [_column((), p) for p in self._properties])
        if self._path == self._package:
            with closing(sqlite3.connect(self._path)) as package, package:
                package.execute("update gpkg_geometry_columns set z = 2 where z = 1")  # 2: some have heights
        else:
            self._convert()
        return self._path

    def _write(self, geometry: NDArray[Any] | None, ids: NDArray[Any], columns: Sequence[Column]) -> None:
        kind = f"{_TYPES[self._layer.geometry_type]}{' Z' if self._layer.has_heights else ''}"
        pyogrio.raw.write(
            self._package,
            geometry=geometry,
            field_data=[ids, *(values for values, _ in columns)],
            fields=np.array(["feature_id", *(p.name for p in self._properties)], dtype=object),
            field_mask=[None, *(mask for _, mask in columns)],
            layer=self._layer.name,
            driver="GPKG",
            geometry_type=None if geometry is None else kind,
            crs=self._crs.code,
            append=self._package.exists(),
        )

    def _convert(self) -> None:
        with pyogrio.raw.open_arrow(self._package, use_pyarrow=False) as (about, stream):
            pyogrio.write_arrow(
                stream,
                self._path,
                driver="FlatGeobuf",
                geometry_type=about["geometry_type"],
                geometry_name=about["geometry_name"],
                crs=about["crs"],
            )


def _objects(values: Sequence[Any]) -> NDArray[Any]:
    made = np.empty(len(values), dtype=object)
    made[:] = values
    return made


def _column(values: Sequence[Any], described: Property) -> Column:
    """Values of a property, and where there are none."""
    if described.format == "date":
        return np.array([value or "NaT" for value in values], dtype="datetime64[D]"), None
    if described.format == "date-time":
        moments = [None if value is None else value.astimezone(UTC).replace(tzinfo=None) for value in values]
        return np.array([moment or "NaT" for moment in moments], dtype="datetime64[ms]"), None
    if described.is_nested:
        texts = (None if value is None else json.dumps(value, ensure_ascii=False) for value in values)
        return _objects(tuple(texts)), None
    if described.type == "string":
        return _objects(values), None
    dtype = _DTYPES[described.type]
    missing = np.array([value is None for value in values], dtype=bool)
    return np.array([0 if value is None else value for value in values], dtype=dtype), missing
