"""Files of vector formats with coordinates and text exactly as given, the same bytes every time."""

from __future__ import annotations

import json
import unicodedata
from contextlib import contextmanager
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np
import pyogrio
import pyogrio.raw
import shapely

from layers.crs import WGS84, parse_crs
from twin.sample.files.drawings import write_drawing
from twin.sample.files.legacy_text import encode_tcvn3, encode_vni
from twin.sample.files.projecting import NEIGHBOUR_ZONE, WGS84_LABEL, project_rows
from twin.sample.files.tables import write_table

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    from twin.sample.delivery.records import Dataset, Form, Layer, Value

_DBF_NAME = 10
_LABEL_IN_FILE = {"neighbour": NEIGHBOUR_ZONE}


@contextmanager
def fixed_dates() -> Iterator[None]:
    """GDAL writes one date into files instead of today's, and does not wait for the disk."""
    options = {"OGR_CURRENT_DATE": "2025-06-30T00:00:00.000Z", "OGR_SQLITE_SYNCHRONOUS": "OFF"}
    before = {name: pyogrio.get_gdal_config_option(name) for name in options}
    pyogrio.set_gdal_config_options(options)
    try:
        yield
    finally:
        pyogrio.set_gdal_config_options(before)


def write_dataset(file: Dataset, folder: Path) -> None:
    """One delivered file and its sidecars, spoilt where it is meant to be."""
    path = folder / file.path
    path.parent.mkdir(parents=True, exist_ok=True)
    swapped = file.spoil is not None and file.spoil.kind == "axes-swapped"
    for layer in file.layers:
        shapes = project_rows(layer.rows, file.form, swapped=swapped)
        _WRITERS[file.form.suffix](path, layer, file.form, shapes)
    if file.spoil is not None and file.spoil.kind == "truncated-file":
        whole = path.read_bytes()
        path.write_bytes(whole[: len(whole) * 6 // 10])
    elif file.spoil is not None and file.spoil.kind == "dbf-missing":
        path.with_suffix(".dbf").unlink()


def _write_shapefile(path: Path, layer: Layer, form: Form, shapes: NDArray[np.object_]) -> None:
    fields = {name[:_DBF_NAME]: values for name, values in _columns(layer).items()}
    text = {name: [_show_bytes(value, form.encoding) for value in values] for name, values in fields.items()}
    options = {"DBF_DATE_LAST_UPDATE": "2025-06-30"}
    _write_ogr(
        path, text, shapes, driver="ESRI Shapefile", crs=_label(form), encoding="ISO-8859-1", layer_options=options
    )
    path.with_suffix(".cpg").unlink(missing_ok=True)
    if form.cpg:
        path.with_suffix(".cpg").write_text(form.cpg, encoding="ascii")
    prj = path.with_suffix(".prj")
    if form.label == "none":
        prj.unlink()
    elif form.label == "wgs84":
        prj.write_text(WGS84_LABEL, encoding="ascii")
    elif form.label == "gdal":
        prj.write_text(parse_crs(form.crs).wkt1, encoding="ascii")


def _write_geopackage(path: Path, layer: Layer, form: Form, shapes: NDArray[np.object_]) -> None:
    text = {name: [_spell(value, form.encoding) for value in values] for name, values in _columns(layer).items()}
    _write_ogr(path, text, shapes, driver="GPKG", crs=_label(form), layer=layer.name, encoding="UTF-8")


def _write_geojson(path: Path, layer: Layer, form: Form, shapes: NDArray[np.object_]) -> None:
    """RFC 7946 in degrees; in metres with the `crs` member of 2008, as many programs still write it."""
    columns = _columns(layer)
    features = [
        {
            "type": "Feature",
            "properties": {name: values[i] for name, values in columns.items()},
            "geometry": None if shape is None else shapely.geometry.mapping(shape),
        }
        for i, shape in enumerate(shapes)
    ]
    collection: dict[str, Any] = {"type": "FeatureCollection", "name": layer.name}
    if form.crs != WGS84:
        urn = "urn:ogc:def:crs:" + form.crs.replace(":", "::")
        collection["crs"] = {"type": "name", "properties": {"name": urn}}
    text = json.dumps(collection | {"features": features}, ensure_ascii=False, allow_nan=False)
    path.write_text(text + "\n", encoding="utf-8")


def _write_csv(path: Path, layer: Layer, form: Form, shapes: NDArray[np.object_]) -> None:
    if form.label == "prj":
        path.with_suffix(".prj").write_text(parse_crs(form.crs).wkt1, encoding="ascii")
    columns = {name: [_spell(value, form.encoding) for value in values] for name, values in _columns(layer).items()}
    write_table(path, columns, form, shapes)


def _write_dxf(path: Path, layer: Layer, form: Form, shapes: NDArray[np.object_]) -> None:
    path.with_suffix(".prj").write_text(parse_crs(form.crs).wkt1, encoding="ascii")
    write_drawing(path, layer.rows, form, shapes)


_SPELLINGS: dict[str, Callable[[str], str]] = {
    "utf-8": str,
    "nfd": partial(unicodedata.normalize, "NFD"),
    "tcvn3": encode_tcvn3,
    "vni": encode_vni,
}
_WRITERS = {
    ".shp": _write_shapefile,
    ".gpkg": _write_geopackage,
    ".geojson": _write_geojson,
    ".csv": _write_csv,
    ".dxf": _write_dxf,
}


def _write_ogr(path: Path, columns: dict[str, list[Value]], shapes: NDArray[np.object_], **options: Any) -> None:
    kind = next(shape for shape in shapes if shape is not None)
    arrays = [_array(values) for values in columns.values()]
    pyogrio.raw.write(
        str(path),
        geometry=shapely.to_wkb(shapes, flavor="iso"),
        field_data=[array for array, _ in arrays],
        field_mask=[mask for _, mask in arrays],
        fields=np.array(list(columns), dtype=object),
        geometry_type=kind.geom_type + (" Z" if kind.has_z else ""),
        **options,
    )


def _array(values: Sequence[Value]) -> tuple[NDArray[Any], NDArray[np.bool_] | None]:
    """A column for GDAL: numbers with a mask where there is none, texts as they are."""
    given = [value for value in values if value is not None]
    if any(isinstance(value, str) for value in given):
        return np.array([*values, None], dtype=object)[:-1], None
    kind = np.float64 if any(isinstance(value, float) for value in given) else np.int32
    return np.array([value or 0 for value in values], dtype=kind), np.array([value is None for value in values])


def _columns(layer: Layer) -> dict[str, list[Value]]:
    """Every field that any row has, in the order in which they first come; rows without it have None."""
    names = dict.fromkeys(name for row in layer.rows for name in row.fields)
    return {name: [row.fields.get(name) for row in layer.rows] for name in names}


def _label(form: Form) -> str:
    return _LABEL_IN_FILE.get(form.label, form.crs)


def _spell(value: Value, encoding: str) -> Value:
    """A text in the letters of its encoding; those of the old fonts are seen as ISO-8859-1."""
    return _SPELLINGS[encoding](value) if isinstance(value, str) else value


def _show_bytes(value: Value, encoding: str) -> Value:
    """A text's bytes as ISO-8859-1, which GDAL writes as they are, whatever they mean."""
    if isinstance(value, str) and encoding == "utf-8":
        return value.encode("utf-8", "surrogateescape").decode("iso-8859-1")
    return _spell(value, encoding)
