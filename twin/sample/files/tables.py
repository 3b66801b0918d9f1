"""CSV tables: points, degrees, lines with one row a vertex, geometries in WKT."""

from __future__ import annotations

import csv
import io
from typing import TYPE_CHECKING

import shapely

from layers.crs import parse_crs
from twin.sample.files.projecting import DEGREE_DECIMALS, METRE_DECIMALS

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    import numpy as np
    from numpy.typing import NDArray

    from twin.sample.delivery.records import Form, Value


def write_table(path: Path, columns: dict[str, list[Value]], form: Form, shapes: NDArray[np.object_]) -> None:
    """A table with the geometry in columns of its own. X is north and Y east, as surveyors here have it."""
    text = io.StringIO()
    text.write(_remark(form))
    writer = csv.writer(text, delimiter=form.delimiter, lineterminator="\r\n" if form.mark else "\n")
    header, rows = _LAYOUTS[form.layout](form, shapes)
    writer.writerow([*columns, *header])
    for i, geometry in rows:
        writer.writerow([*(_cell(values[i], form) for values in columns.values()), *geometry])
    encoding = "iso-8859-1" if form.encoding in ("tcvn3", "vni") else "utf-8"
    path.write_bytes(b"\xef\xbb\xbf" * form.mark + text.getvalue().encode(encoding))


_Rows = tuple[list[str], "Iterator[tuple[int, list[str]]]"]


def _lay_points(form: Form, shapes: NDArray[np.object_]) -> _Rows:
    xy = shapely.get_coordinates(shapes)
    return ["X", "Y"], ((i, [_metres(y, form), _metres(x, form)]) for i, (x, y) in enumerate(xy))


def _lay_degrees(form: Form, shapes: NDArray[np.object_]) -> _Rows:
    del form
    xy = shapely.get_coordinates(shapes)
    return ["kinhDo", "viDo"], (
        (i, [f"{x:.{DEGREE_DECIMALS}f}", f"{y:.{DEGREE_DECIMALS}f}"]) for i, (x, y) in enumerate(xy)
    )


def _lay_wkt(form: Form, shapes: NDArray[np.object_]) -> _Rows:
    del form
    return ["WKT"], ((i, [shapely.to_wkt(shape, rounding_precision=METRE_DECIMALS)]) for i, shape in enumerate(shapes))


def _lay_vertices(form: Form, shapes: NDArray[np.object_]) -> _Rows:
    has_z = bool(shapely.has_z(shapes).all())
    points, lines = shapely.get_coordinates(shapes, include_z=has_z, return_index=True)

    def rows() -> Iterator[tuple[int, list[str]]]:
        order = 0
        for k, (line, (x, y, *z)) in enumerate(zip(lines, points, strict=True)):
            order = order + 1 if k and line == lines[k - 1] else 1
            z_cells = [f"{z[0]:.3f}".replace(".", form.decimal)] if z else []
            yield int(line), [str(line + 1), str(order), _metres(y, form), _metres(x, form), *z_cells]

    return ["MaDoiTuong", "ThuTuDinh", "X", "Y", *(["Z"] if has_z else [])], rows()


_LAYOUTS = {"points": _lay_points, "degrees": _lay_degrees, "wkt": _lay_wkt, "vertices": _lay_vertices}


def _remark(form: Form) -> str:
    """The first line, which says the CRS where the table does so itself."""
    if form.label == "code":
        return f"# {form.crs}\n"
    if form.label == "comment":
        meridian = parse_crs(form.crs).parameters["Longitude of natural origin"]
        return f"# VN-2000, KTT {int(meridian)}°{round(meridian % 1 * 60):02d}', múi 3°\n"
    return ""


def _metres(value: float, form: Form) -> str:
    return f"{value:.{METRE_DECIMALS}f}".replace(".", form.decimal)


def _cell(value: Value, form: Form) -> str:
    if value is None:
        return ""
    return f"{value:.10g}".replace(".", form.decimal) if isinstance(value, float) else str(value)
