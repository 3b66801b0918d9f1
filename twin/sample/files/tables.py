"""Tables: points, degrees, lines with one row a vertex, geometries in WKT; as text here, as workbooks elsewhere."""

from __future__ import annotations

import csv
import io
from dataclasses import dataclass
from typing import TYPE_CHECKING

import shapely

from layers.crs import parse_crs
from twin.sample.files.columns import LEGACY, spelled
from twin.sample.files.projecting import DEGREE_DECIMALS, LABELS, METRE_DECIMALS, label

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    import numpy as np
    from numpy.typing import NDArray

    from twin.sample.delivery.records import Dataset, Form, Layer, Value


@dataclass(frozen=True, slots=True)
class Sheet:
    """A table laid out: names of columns, rows of as many cells, and decimals of the last columns, which are places."""

    names: list[str]
    rows: list[list[Value]]
    decimals: list[int | None]


def write_table(path: Path, file: Dataset, shapes: list[NDArray[np.object_]]) -> None:
    """Text with the geometry in columns of its own. X is north and Y east, as surveyors here have it."""
    (layer,), form = file.layers, file.form
    if form.label == "prj":
        path.with_suffix(".prj").write_text(parse_crs(form.crs).wkt1, encoding="ascii")
    sheet = lay_out(layer, form, shapes[0])
    text = io.StringIO()
    text.write(f"# {remark}\n" if (remark := name_system(form)) else "")
    writer = csv.writer(text, delimiter=form.delimiter, lineterminator="\r\n" if form.mark else "\n")
    writer.writerow(sheet.names)
    free = len(sheet.names) - len(sheet.decimals)
    for row in sheet.rows:
        places = [_fixed(cell, n, form) for cell, n in zip(row[free:], sheet.decimals, strict=True)]
        writer.writerow([*(_cell(value, form) for value in row[:free]), *places])
    path.write_bytes(_encoded(text.getvalue(), form))


def _encoded(text: str, form: Form) -> bytes:
    if form.version == "UTF-16":
        return text.encode("utf-16")
    encoding = "iso-8859-1" if form.encoding in LEGACY else "utf-8"
    return b"\xef\xbb\xbf" * form.mark + text.encode(encoding)


def lay_out(layer: Layer, form: Form, shapes: NDArray[np.object_]) -> Sheet:
    """The rows of a layer with their geometry; a line may take several of them."""
    fields = spelled(layer, form.encoding)
    places, decimals, rows = _LAYOUTS[form.layout](shapes)
    cells = [[*(values[i] for values in fields.values()), *geometry] for i, geometry in rows]
    return Sheet([*fields, *places], cells, decimals)


_Laid = tuple[list[str], list[int | None], "Iterator[tuple[int, list[Value]]]"]


def _lay_points(shapes: NDArray[np.object_]) -> _Laid:
    xy = shapely.get_coordinates(shapes).tolist()
    return ["X", "Y"], [METRE_DECIMALS] * 2, ((i, [y, x]) for i, (x, y) in enumerate(xy))


def _lay_degrees(shapes: NDArray[np.object_]) -> _Laid:
    xy = shapely.get_coordinates(shapes).tolist()
    return ["kinhDo", "viDo"], [DEGREE_DECIMALS] * 2, ((i, [x, y]) for i, (x, y) in enumerate(xy))


def _lay_wkt(shapes: NDArray[np.object_]) -> _Laid:
    texts = ((i, [shapely.to_wkt(shape, rounding_precision=METRE_DECIMALS)]) for i, shape in enumerate(shapes))
    return ["WKT"], [None], texts


def _lay_vertices(shapes: NDArray[np.object_]) -> _Laid:
    has_z = bool(shapely.has_z(shapes).all())
    points, lines = shapely.get_coordinates(shapes, include_z=has_z, return_index=True)

    def rows() -> Iterator[tuple[int, list[Value]]]:
        order = 0
        for k, (line, (x, y, *z)) in enumerate(zip(lines.tolist(), points.tolist(), strict=True)):
            order = order + 1 if k and line == lines[k - 1] else 1
            yield line, [line + 1, order, y, x, *z]

    heights = ["Z"] if has_z else []
    decimals: list[int | None] = [0, 0, METRE_DECIMALS, METRE_DECIMALS, *([3] if has_z else [])]
    return ["MaDoiTuong", "ThuTuDinh", "X", "Y", *heights], decimals, rows()


def _lay_nothing(shapes: NDArray[np.object_]) -> _Laid:
    return [], [], ((i, []) for i in range(len(shapes)))


_LAYOUTS = {
    "points": _lay_points,
    "degrees": _lay_degrees,
    "wkt": _lay_wkt,
    "vertices": _lay_vertices,
    "ends": _lay_nothing,
}


def name_system(form: Form) -> str:
    """What stands above the header, where the table itself says its CRS."""
    if form.label in ("code", *LABELS):
        return label(form)
    if form.label == "comment" and form.layout == "degrees":
        return "VN-2000, kinh độ và vĩ độ"
    if form.label == "comment":
        meridian = parse_crs(form.crs).parameters["Longitude of natural origin"]
        return f"VN-2000, KTT {int(meridian)}°{round(meridian % 1 * 60):02d}', múi 3°"
    return ""


def _fixed(value: Value, decimals: int | None, form: Form) -> str:
    return str(value) if decimals is None else f"{value:.{decimals}f}".replace(".", form.decimal)


def _cell(value: Value, form: Form) -> str:
    if value is None:
        return ""
    return f"{value:.10g}".replace(".", form.decimal) if isinstance(value, float) else str(value)
