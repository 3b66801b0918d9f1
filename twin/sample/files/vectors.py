"""Vector formats as the programs of departments write them, most of them by GDAL, the same bytes every time."""

from __future__ import annotations

import shutil
import struct
import sys
import tempfile
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pyogrio
import pyogrio.raw
import shapely

from layers.crs import parse_crs
from twin.sample.files.columns import as_bytes, columns, spelled, to_array
from twin.sample.files.packing import write_zip
from twin.sample.files.projecting import DEPRECATED_LABEL, LABELS, VN2000_PROJ, label

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from twin.sample.delivery.records import Dataset, Form, Layer, Value

_DBF_NAME = 10
_TABLE_HEAD = 32
_DATE = b"\x7d\x06\x1e"  # 2025-06-30 in the header of a table
_LOWEST = struct.pack("<2d", -sys.float_info.max, -sys.float_info.max)
_HEIGHTS_AT = 68


@contextmanager
def fixed_dates() -> Iterator[None]:
    """GDAL writes one date into files instead of today's, numbers instead of chance, and does not wait for the disk."""
    options = {
        "OGR_CURRENT_DATE": "2025-06-30T00:00:00.000Z",
        "OGR_SQLITE_SYNCHRONOUS": "OFF",
        "OPENFILEGDB_REPRODUCIBLE_UUID": "YES",
        "OSR_USE_NON_DEPRECATED": "NO",
    }
    before = {name: pyogrio.get_gdal_config_option(name) for name in options}
    pyogrio.set_gdal_config_options(options)
    try:
        yield
    finally:
        pyogrio.set_gdal_config_options(before)


def write_shapefile(path: Path, file: Dataset, shapes: list[NDArray[np.object_]]) -> None:
    (layer,), form = file.layers, file.form
    fields = {name[:_DBF_NAME]: values for name, values in columns(layer).items()}
    text = {name: [as_bytes(value, form.encoding) for value in values] for name, values in fields.items()}
    options = {"DBF_DATE_LAST_UPDATE": "2025-06-30"}
    write_columns(
        path, text, shapes[0], driver="ESRI Shapefile", crs=form.crs, encoding="ISO-8859-1", layer_options=options
    )
    path.with_suffix(".cpg").unlink(missing_ok=True)
    if form.charset:
        path.with_suffix(".cpg").write_text(form.charset, encoding="ascii")
    prj = path.with_suffix(".prj")
    if form.label == "none":
        prj.unlink()
    elif form.label != "esri":
        prj.write_text(label_text(form), encoding="ascii")

    _overflow(path.with_suffix(".dbf"), layer)


def _overflow(path: Path, layer: Layer) -> None:
    """Stars in the place of numbers that do not fit, as dBASE has them."""
    content = bytearray(path.read_bytes())
    start, width = struct.unpack("<HH", content[8:12])
    at, place = {}, 1
    for head in range(_TABLE_HEAD, start - 1, _TABLE_HEAD):
        name = content[head : head + 11].split(b"\0")[0].decode("iso-8859-1")
        at[name], place = (place, content[head + 16]), place + content[head + 16]
    for i, row in enumerate(layer.rows):
        for name in row.overflown:
            first, size = at[name[:_DBF_NAME]]
            content[start + i * width + first : start + i * width + first + size] = b"*" * size
    path.write_bytes(content)


def forget_heights(path: Path) -> None:
    """The least and greatest z in the headers of a Shapefile, as programs leave them that never looked."""
    for part in (path, path.with_suffix(".shx")):
        content = bytearray(part.read_bytes())
        content[_HEIGHTS_AT : _HEIGHTS_AT + len(_LOWEST)] = _LOWEST
        part.write_bytes(content)


def label_text(form: Form) -> str:
    """What a .prj says of the form's system, or wrongly says."""
    stated = DEPRECATED_LABEL if form.label == "deprecated" else LABELS.get(form.label, form.crs)
    return stated if stated.startswith("PROJCS") else parse_crs(stated).wkt1


def write_geopackage(path: Path, file: Dataset, shapes: list[NDArray[np.object_]]) -> None:
    for layer, own in zip(file.layers, shapes, strict=True):
        write_columns(
            path, spelled(layer, file.form.encoding), own, driver="GPKG", crs=label(file.form), layer=layer.name
        )


def write_geodatabase(path: Path, file: Dataset, shapes: list[NDArray[np.object_]]) -> None:
    """A file geodatabase, in a ZIP where the path ends so, with its folder as Windows packs it."""
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch) / path.name.removesuffix(".zip")
        for layer, own in zip(file.layers, shapes, strict=True):
            write_columns(
                folder,
                spelled(layer, file.form.encoding),
                own,
                driver="OpenFileGDB",
                crs=label(file.form),
                layer=layer.name,
            )
        if path.suffix == ".zip":
            write_zip(path, {f"{folder.name}/{part.name}": part.read_bytes() for part in sorted(folder.iterdir())})
        else:
            shutil.move(folder, path)


def write_flatgeobuf(path: Path, file: Dataset, shapes: list[NDArray[np.object_]]) -> Dataset:
    """With the index, which puts the records in another order: the dataset in that order."""
    (layer,) = file.layers
    text = spelled(layer, file.form.encoding)
    number = np.arange(len(layer.rows), dtype=np.int32)
    write_columns(path, text, shapes[0], driver="FlatGeobuf", crs=label(file.form), layer=layer.name, number=number)
    _, _, _, (order,) = pyogrio.raw.read(path, columns=["fid_goc"], read_geometry=False)
    return replace(file, layers=(replace(layer, rows=tuple(layer.rows[i] for i in order.tolist())),))


def write_gml(path: Path, file: Dataset, shapes: list[NDArray[np.object_]]) -> None:
    """GML 3.2 or 2 with its schema beside it, as QGIS and ogr2ogr write it."""
    for layer, own in zip(file.layers, shapes, strict=True):
        text = spelled(layer, file.form.encoding)
        options = {"FORMAT": file.form.version or "GML3.2"}
        write_columns(path, text, own, driver="GML", crs=label(file.form), layer=layer.name, dataset_options=options)


def write_jsonfg(path: Path, file: Dataset, shapes: list[NDArray[np.object_]]) -> None:
    (layer,) = file.layers
    text = spelled(layer, file.form.encoding)
    write_columns(path, text, shapes[0], driver="JSONFG", crs=label(file.form), layer=layer.name)


def write_geojson_lines(path: Path, file: Dataset, shapes: list[NDArray[np.object_]]) -> None:
    """A feature a line; with record separators where the version says so."""
    (layer,) = file.layers
    options = {"RS": "YES" if file.form.version == "RFC 8142" else "NO"}
    text = spelled(layer, file.form.encoding)
    write_columns(path, text, shapes[0], driver="GeoJSONSeq", crs=label(file.form), layer_options=options)


def write_kml(path: Path, file: Dataset, shapes: list[NDArray[np.object_]]) -> None:
    (layer,) = file.layers
    text = spelled(layer, file.form.encoding)
    write_columns(path, text, shapes[0], driver="LIBKML", crs=label(file.form), layer=layer.name)


def write_kmz(path: Path, file: Dataset, shapes: list[NDArray[np.object_]]) -> None:
    """An archive with doc.kml, as Google Earth packs it."""
    with tempfile.TemporaryDirectory() as scratch:
        document = Path(scratch) / "doc.kml"
        write_kml(document, file, shapes)
        write_zip(path, {"doc.kml": document.read_bytes()})


def write_mapinfo(path: Path, file: Dataset, shapes: list[NDArray[np.object_]]) -> None:
    """A table of MapInfo, which knows VN-2000 by its shift; its text is the bytes of the code page that it names.

    Coordinates of a .tab are whole numbers within bounds: those of a city make tenths of a millimetre of them.
    """
    (layer,), form = file.layers, file.form
    text = {name: [as_bytes(value, form.encoding) for value in values] for name, values in columns(layer).items()}
    crs = form.crs if form.label == "wgs84" else VN2000_PROJ.format(**_projection(form.crs))
    bounds = {"BOUNDS": "300000,1600000,900000,2000000"} if path.suffix == ".tab" else {}
    write_columns(path, text, shapes[0], driver="MapInfo File", crs=crs, encoding="ISO-8859-1", layer_options=bounds)
    if path.suffix == ".tab":
        _settle_table(path.with_suffix(".dat"))
    head = path.read_bytes()
    path.write_bytes(head.replace(b'"Neutral"', f'"{form.charset or "Neutral"}"'.encode()))


def _settle_table(path: Path) -> None:
    """Gives the date to a table, and zeros to what GDAL leaves behind the names of its fields."""
    content = bytearray(path.read_bytes())
    content[1:4] = _DATE
    for at in range(_TABLE_HEAD, int.from_bytes(content[8:10], "little") - 1, _TABLE_HEAD):
        name = content[at : at + 11].split(b"\0")[0]
        content[at : at + 11] = name.ljust(11, b"\0")
    path.write_bytes(content)


def _projection(code: str) -> dict[str, float]:
    known = parse_crs(code).parameters
    return {
        "meridian": known["Longitude of natural origin"],
        "scale": known["Scale factor at natural origin"],
        "easting": known["False easting"],
    }


def write_columns(
    path: Path,
    fields: dict[str, list[Value]],
    shapes: NDArray[np.object_],
    number: NDArray[np.int32] | None = None,
    **options: Any,
) -> None:
    """A layer by GDAL. `number`: a further column, of the places at which the rows were delivered."""
    kind = next(shape for shape in shapes if shape is not None)
    arrays = [to_array(values) for values in fields.values()]
    arrays += [] if number is None else [(number, None)]
    names = [*fields, *([] if number is None else ["fid_goc"])]
    pyogrio.raw.write(
        str(path),
        geometry=shapely.to_wkb(shapes, flavor="iso"),
        field_data=[array for array, _ in arrays],
        field_mask=[mask for _, mask in arrays],
        fields=np.array(names, dtype=object),
        geometry_type=kind.geom_type + (" Z" if kind.has_z else ""),
        **({"encoding": "UTF-8"} | options),
    )
