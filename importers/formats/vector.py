"""Shapefile, GeoPackage and GeoJSON, read by GDAL."""

from __future__ import annotations

import struct
from datetime import datetime
from typing import TYPE_CHECKING, Any

import numpy as np
import pyogrio
import shapely
from pyogrio.errors import DataLayerError, DataSourceError, FeatureError

from importers.faults import Fault, Rejected
from importers.source import SourceLayer

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from numpy.typing import NDArray

    from importers.source import Dataset

_SEND_AGAIN = "ask the department to deliver the file again"
# The format says so; what a department typed into it may still be legacy letters.
_UNICODE = "Unicode"


def read_shapefile(dataset: Dataset) -> Iterator[SourceLayer]:
    """The one layer of a Shapefile; its text stays an ISO-8859-1 view, for GDAL's own decoding loses letters."""
    path = dataset.path
    _check_shapefile(dataset)
    declared, origin = _prj(dataset)
    layer = _read(path, None, encoding="ISO-8859-1")
    yield SourceLayer(path.stem, *layer, crs=declared, crs_origin=origin, encoding=_dbf_encoding(dataset))


def read_geopackage(dataset: Dataset) -> Iterator[SourceLayer]:
    with dataset.path.open("rb") as stream:
        header = stream.read(100)
    page_size, pages = struct.unpack(">H", header[16:18])[0], struct.unpack(">I", header[28:32])[0]
    if dataset.path.stat().st_size < (65536 if page_size == 1 else page_size) * pages:
        raise Rejected(Fault.TRUNCATED, f"{dataset.name} ends before its {pages} pages", _SEND_AGAIN)
    for name in _layer_names(dataset.path):
        crs = pyogrio.read_info(dataset.path, layer=name)["crs"]
        yield SourceLayer(name, *_read(dataset.path, name), crs=crs, crs_origin="GeoPackage", encoding=_UNICODE)


def read_geojson(dataset: Dataset) -> Iterator[SourceLayer]:
    for name in _layer_names(dataset.path):
        crs = pyogrio.read_info(dataset.path, layer=name)["crs"]
        if crs == "EPSG:4979":
            # GDAL says so of every GeoJSON with z. RFC 7946 means heights above the ellipsoid, but nobody who delivers
            # a drawing in this format has declared anything: z is an elevation like in every other file.
            crs = "EPSG:4326"
        layer = _read(dataset.path, name)
        yield SourceLayer(dataset.path.stem, *layer, crs=crs, crs_origin="GeoJSON", encoding=_UNICODE)


def _layer_names(path: Path) -> list[str]:
    try:
        return [str(name) for name, kind in pyogrio.list_layers(path) if kind is not None]
    except DataSourceError as error:
        raise Rejected(Fault.UNREADABLE, f"{path.name}: {error}", _SEND_AGAIN) from error


def _read(
    path: Path, layer: str | None, *, encoding: str | None = None
) -> tuple[NDArray[np.object_], dict[str, list[Any]], NDArray[np.int64]]:
    try:
        meta, _, wkb, values = pyogrio.raw.read(path, layer=layer, encoding=encoding)
    except (DataSourceError, DataLayerError, FeatureError) as error:
        raise Rejected(Fault.UNREADABLE, f"{path.name}: {error}", _SEND_AGAIN) from error
    columns = {str(name): _plain(column) for name, column in zip(meta["fields"], values, strict=True)}
    count = len(wkb) if wkb is not None else len(next(iter(columns.values()), []))
    if wkb is None:
        return np.full(count, None, dtype=object), columns, np.arange(1, count + 1)
    with np.errstate(invalid="ignore"):  # coordinates that are no numbers are told from the geometry later
        return shapely.from_wkb(wkb, on_invalid="ignore"), columns, np.arange(1, count + 1)


def _plain(column: NDArray[Any]) -> list[Any]:
    """Python values; NaN and NaT, by which GDAL's readers mark NULL, become None."""
    if np.issubdtype(column.dtype, np.datetime64):
        return [None if np.isnat(v) else v.astype("datetime64[s]").item() for v in column]
    values = column.tolist()
    if column.dtype.kind == "f":
        return [None if v != v else v for v in values]  # noqa: PLR0124 - NaN
    return [_listed(v) for v in values]


def _listed(value: Any) -> Any:
    if value is None or isinstance(value, str | int | float | bool | datetime):
        return value
    return str(value.tolist() if isinstance(value, np.ndarray) else value)


def _check_shapefile(dataset: Dataset) -> None:
    """Raises: Rejected where the header's length is not the file's, or the attributes are not there."""
    with dataset.path.open("rb") as stream:
        header = stream.read(100)
    stated = 2 * struct.unpack(">I", header[24:28])[0] if len(header) == 100 else 100
    actual = dataset.path.stat().st_size
    if actual < stated:
        raise Rejected(Fault.TRUNCATED, f"{dataset.name}: {actual} of {stated} bytes are there", _SEND_AGAIN)
    for suffix in (".dbf", ".shx"):
        if dataset.sidecar(suffix) is None:
            name = dataset.path.with_suffix(suffix).name
            raise Rejected(
                Fault.SIDECAR_MISSING, f"{dataset.name}: {name} is missing", f"ask the department for {name}"
            )


def _prj(dataset: Dataset) -> tuple[str | None, str]:
    prj = dataset.sidecar(".prj")
    text = prj.read_text("utf-8", errors="replace").strip() if prj else ""
    return (text, ".prj") if text else (None, "")


def _dbf_encoding(dataset: Dataset) -> str | None:
    """What the .cpg, or else the DBF's language driver byte, declares."""
    cpg, dbf = dataset.sidecar(".cpg"), dataset.sidecar(".dbf")
    if cpg is not None and (text := cpg.read_text("ascii", errors="replace").strip()):
        return text
    if dbf is None:
        return None
    with dbf.open("rb") as stream:
        driver = stream.read(30)[29:30]
    return f"LDID/{driver[0]}" if driver and driver[0] else None
