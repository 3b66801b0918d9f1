"""DXF drawings: lines, flat and spatial polylines by layer, and the sheet's border and title."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

import shapely
from ezdxf import options  # type: ignore[attr-defined]
from ezdxf.filemanagement import new

from layers.crs import parse_crs

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    import numpy as np
    from ezdxf.layouts.layout import Modelspace
    from numpy.typing import NDArray

    from twin.sample.delivery.records import Dataset, Row

# AutoCAD 2000 knows no UTF-8: what its code page lacks is written as \U+XXXX.
_VERSIONS = {"escapes": "R2000", "utf-8": "R2010"}


def write_drawing(path: Path, file: Dataset, shapes: list[NDArray[np.object_]]) -> None:
    """One entity a row, in order, in the row's drawing layer."""
    (layer,), form = file.layers, file.form
    path.with_suffix(".prj").write_text(parse_crs(form.crs).wkt1, encoding="ascii")
    with _fixed_dates():
        document = new(_VERSIONS[form.encoding])
        # The library adds these two in the order of a set, which is another in every process.
        for name in ("ACDBPLACEHOLDER", "LAYOUT"):
            document.classes.add_class(name)
        space = document.modelspace()
        for row, shape in zip(layer.rows, shapes[0], strict=True):
            if row.drawing_layer not in document.layers:
                document.layers.add(row.drawing_layer)
            _draw(space, row, shape)
        document.saveas(path)


@contextmanager
def _fixed_dates() -> Iterator[None]:
    before = options.write_fixed_meta_data_for_testing
    options.write_fixed_meta_data_for_testing = True
    try:
        yield
    finally:
        options.write_fixed_meta_data_for_testing = before


def _draw(space: Modelspace, row: Row, shape: shapely.Geometry) -> None:
    on_layer = {"layer": row.drawing_layer}
    points = shapely.get_coordinates(shape, include_z=True).tolist()
    if shape.geom_type == "Point":
        space.add_text(str(row.fields["TEXT"]), height=5.0, dxfattribs=on_layer).set_placement(points[0][:2])
    elif not shape.has_z:
        space.add_lwpolyline([point[:2] for point in points], dxfattribs=on_layer)
    elif len({point[2] for point in points}) == 1:
        space.add_lwpolyline([p[:2] for p in points], dxfattribs=on_layer | {"elevation": points[0][2]})
    elif len(points) == 2:
        space.add_line(points[0], points[1], dxfattribs=on_layer)
    else:
        space.add_polyline3d(points, dxfattribs=on_layer)
