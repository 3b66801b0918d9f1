"""LandXML 1.2 with a pipe network, as programs for road design export it: north before east, sizes in millimetres."""

from __future__ import annotations

from typing import TYPE_CHECKING
from xml.sax.saxutils import quoteattr

from layers.crs import parse_crs

if TYPE_CHECKING:
    from pathlib import Path

    import numpy as np
    import shapely
    from numpy.typing import NDArray

    from twin.sample.delivery.records import Dataset, Form, Row, Value

_MEDIA = {"wastewater": "sanitary", "storm": "storm", "water": "water"}
_MATERIALS = {"uPVC": "PVC-U", "reinforced concrete": "Reinforced Concrete"}
_SHAFT_WALL_MM = 100


def write_landxml(path: Path, file: Dataset, shapes: list[NDArray[np.object_]]) -> None:
    pipes, nodes = file.layers
    medium = _MEDIA[str(pipes.rows[0].fields["discipline"])]
    inverts: dict[Value, list[tuple[Value, str, Value]]] = {}
    for row in pipes.rows:
        inverts.setdefault(row.fields["from"], []).append((row.fields["name"], "out", row.fields["invert_start_m"]))
        inverts.setdefault(row.fields["to"], []).append((row.fields["name"], "in", row.fields["invert_end_m"]))
    structs = (
        _struct(row, shape, inverts.get(row.fields["name"], []))
        for row, shape in zip(nodes.rows, shapes[1], strict=True)
    )
    text = (
        f'{_HEAD}{_system(file.form)}<Application name="Autodesk Civil 3D" version="2023"/><PipeNetworks name="">'
        f'<PipeNetwork name={quoteattr(file.stem)} pipeNetType="{medium}"><Structs>{"".join(structs)}</Structs>'
        f"<Pipes>{''.join(map(_pipe, pipes.rows))}</Pipes></PipeNetwork></PipeNetworks></LandXML>\n"
    )
    path.write_text(text, encoding="utf-8")


_HEAD = (
    '<?xml version="1.0" encoding="UTF-8"?>\n<LandXML xmlns="http://www.landxml.org/schema/LandXML-1.2" '
    'xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" date="2025-06-30" time="08:00:00" version="1.2" '
    'language="English" readOnly="false"><Units><Metric areaUnit="squareMeter" linearUnit="meter" '
    'volumeUnit="cubicMeter" temperatureUnit="celsius" pressureUnit="milliBars" diameterUnit="millimeter" '
    'angularUnit="decimal degrees" directionUnit="decimal degrees" widthUnit="millimeter" heightUnit="millimeter"/>'
    "</Units>"
)


def _system(form: Form) -> str:
    """By its code, or in WKT, as older versions write it."""
    if form.label == "code":
        return f'<CoordinateSystem desc="VN-2000" epsgCode="{parse_crs(form.crs).srid}"/>'
    return f'<CoordinateSystem desc="VN-2000" ogcWktCode={quoteattr(parse_crs(form.crs).wkt1)}/>'


def _struct(row: Row, shape: shapely.Point, inverts: list[tuple[Value, str, Value]]) -> str:
    told = row.fields
    body = "<OutletStruct/>" if told["kind"] == "outfall" else _shaft(row)
    sump = "" if told["bottom_m"] is None else f' elevSump="{told["bottom_m"]:.3f}"'
    rim = "" if told["kind"] == "outfall" else f' elevRim="{told["cover_m"]:.3f}"'
    listed = "".join(
        f'<Invert elev="{elevation:.3f}" flowDir="{way}" refPipe={quoteattr(str(pipe))}/>'
        for pipe, way, elevation in inverts
    )
    return (
        f"<Struct name={quoteattr(str(told['name']))}{rim}{sump}{_state(row)}>"
        f"<Center>{shape.y:.4f} {shape.x:.4f}</Center>{body}{listed}</Struct>"
    )


def _shaft(row: Row) -> str:
    """A shaft by its inside, with the wall around it; an inlet has only its place."""
    if row.fields["kind"] == "inlet":
        return "<InletStruct/>"
    length, width = (float(row.fields[key] or 0.0) * 1000 - 2 * _SHAFT_WALL_MM for key in ("length_m", "width_m"))
    return (
        f'<RectStruct length="{length:g}" width="{width:g}" lengthDir="0" thickness="{_SHAFT_WALL_MM}" '
        'material="Reinforced Concrete"/>'
    )


def _state(row: Row) -> str:
    return ' state="existing"' if row.fields["status"] == "in_service" else ""


def _pipe(row: Row) -> str:
    told = row.fields
    material = _MATERIALS[str(told["material"])]
    width, height, wall = (float(told[key] or 0.0) * 1000 for key in ("inner_width_m", "inner_height_m", "wall_m"))
    size = f'diameter="{width:g}"' if told["shape"] == "circular" else f'height="{height:g}" width="{width:g}"'
    kind = "CircPipe" if told["shape"] == "circular" else "RectPipe"
    names = f"refEnd={quoteattr(str(told['to']))} refStart={quoteattr(str(told['from']))}"
    return (
        f'<Pipe name={quoteattr(str(told["name"]))} {names} length="{told["length_m"]}"{_state(row)}>'
        f'<{kind} {size} material="{material}" thickness="{wall:g}"/></Pipe>'
    )
