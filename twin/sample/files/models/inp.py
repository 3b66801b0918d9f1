"""Models of SWMM and EPANET (.inp) as the programs' own windows save them; the reference system stands beside them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import shapely

from layers.crs import parse_crs

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

    import numpy as np
    from numpy.typing import NDArray

    from twin.sample.delivery.records import Dataset, Row, Value

_FOOT_M, _INCH_M = 0.3048, 0.0254
_Section = tuple[str, str, "Iterable[Iterable[Value]]"]


def write_swmm(path: Path, file: Dataset, shapes: list[NDArray[np.object_]]) -> None:
    """Offsets of links are heights above the bottoms of nodes, or elevations, as the version says."""
    pipes, nodes = file.layers
    by_elevation = file.form.version == "ELEVATION"
    unit_m = _unit_m(file)
    bottoms = {row.fields["name"]: float(row.fields["bottom_m"] or 0.0) for row in nodes.rows}
    inner = [row for row in nodes.rows if row.fields["kind"] not in ("outfall", "storage")]
    basins = [row for row in nodes.rows if row.fields["kind"] == "storage"]
    outer = [row for row in nodes.rows if row.fields["kind"] == "outfall"]
    inlets = [row.fields["name"] for row in inner if row.fields["kind"] == "inlet"] or [inner[0].fields["name"]]
    is_storm = pipes.rows[0].fields["discipline"] == "storm"
    options = [
        ("FLOW_UNITS", "CMS" if unit_m == 1.0 else "CFS"), ("INFILTRATION", "HORTON"), ("FLOW_ROUTING", "DYNWAVE"),
        ("LINK_OFFSETS", "ELEVATION" if by_elevation else "DEPTH"), ("MIN_SLOPE", 0), ("ALLOW_PONDING", "NO"),
    ]  # fmt: skip
    sections: list[_Section] = [
        ("OPTIONS", "Option Value", options),
        ("SUBCATCHMENTS", "Name RainGage Outlet Area %Imperv Width %Slope CurbLen",
         ((f"LV-{i}", "TRAM-1", name, 0.12, 65, 30, 0.5, 0) for i, name in enumerate(inlets, start=1) if is_storm)),
        ("JUNCTIONS", "Name Elevation MaxDepth InitDepth SurDepth Aponded", (_junction(row, unit_m) for row in inner)),
        ("OUTFALLS", "Name Elevation Type StageData Gated",
         ((row.fields["name"], _in(row.fields["bottom_m"], unit_m), "FREE", "NO") for row in outer)),
        ("STORAGE", "Name Elev MaxDepth InitDepth Shape CurveParams SurDepth Fevap",
         ((*_junction(row, unit_m)[:3], 0, "FUNCTIONAL", 0, 0, 12, 0, 0) for row in basins)),
        ("CONDUITS", "Name FromNode ToNode Length Roughness InOffset OutOffset InitFlow MaxFlow",
         (_conduit(row, {} if by_elevation else bottoms, unit_m) for row in pipes.rows)),
        ("XSECTIONS", "Link Shape Geom1 Geom2 Geom3 Geom4 Barrels Culvert",
         (_section(row, unit_m) for row in pipes.rows)),
        ("DWF", "Node Constituent Baseline Patterns",
         ((row.fields["name"], "FLOW", 0.0004) for row in inner if not is_storm)),
        ("COORDINATES", "Node X-Coord Y-Coord", _places(nodes.rows, shapes[1])),
        ("VERTICES", "Link X-Coord Y-Coord", _bends(pipes.rows, shapes[0])),
    ]  # fmt: skip
    _write(path, file, sections)


def _unit_m(file: Dataset) -> float:
    return _FOOT_M if file.form.version == "US" else 1.0


def _in(value_m: Value, unit_m: float) -> str:
    """A length in a model's unit, to the millimetre, or in feet to what a computation leaves."""
    return f"{float(value_m or 0.0) / unit_m:.{3 if unit_m == 1.0 else 9}f}"


def _junction(row: Row, unit_m: float) -> list[Value]:
    bottom, cover = (float(row.fields[key] or 0.0) for key in ("bottom_m", "cover_m"))
    return [row.fields["name"], _in(bottom, unit_m), _in(cover - bottom, unit_m), 0, 0, 0]


def _conduit(row: Row, bottoms: dict[Value, float], unit_m: float) -> list[Value]:
    told = row.fields
    offsets = [
        _in(float(told[key] or 0.0) - bottoms.get(told[end], 0.0), unit_m)
        for key, end in (("invert_start_m", "from"), ("invert_end_m", "to"))
    ]
    return [told["name"], told["from"], told["to"], _in(told["length_m"], unit_m), 0.013, *offsets, 0, 0]


def _section(row: Row, unit_m: float) -> list[Value]:
    told = row.fields
    width, height = (_in(told[key], unit_m) for key in ("inner_width_m", "inner_height_m"))
    if told["shape"] == "circular":
        return [told["name"], "CIRCULAR", width, 0, 0, 0, 1]
    return [told["name"], "RECT_CLOSED", height, width, 0, 0, 1]


def write_epanet(path: Path, file: Dataset, shapes: list[NDArray[np.object_]]) -> None:
    """Diameters are inside, in millimetres or inches; elevations are those of the ground."""
    pipes, nodes = file.layers
    unit_m = _unit_m(file)
    sections: list[_Section] = [
        ("JUNCTIONS", "ID Elev Demand Pattern",
         ((row.fields["name"], _in(row.fields["cover_m"], unit_m), 0.05, ";") for row in nodes.rows)),
        ("PIPES", "ID Node1 Node2 Length Diameter Roughness MinorLoss Status",
         (_water_pipe(row, unit_m) for row in pipes.rows)),
        ("OPTIONS", "", [("Units", "LPS" if unit_m == 1.0 else "GPM"), ("Headloss", "H-W"), ("Viscosity", 1)]),
        ("COORDINATES", "Node X-Coord Y-Coord", _places(nodes.rows, shapes[1])),
        ("VERTICES", "Link X-Coord Y-Coord", _bends(pipes.rows, shapes[0])),
        ("END", "", []),
    ]  # fmt: skip
    _write(path, file, sections)


def _water_pipe(row: Row, unit_m: float) -> list[Value]:
    told = row.fields
    small_m = 0.001 if unit_m == 1.0 else _INCH_M
    diameter = f"{float(told['inner_width_m'] or 0.0) / small_m:.10g}"
    length = _in(told["length_m"], unit_m)
    return [told["name"], told["from"], told["to"], length, diameter, 140, 0, "Open", ";"]


def _fixed(value: Value) -> str:
    return f"{value:.3f}"


def _places(rows: Iterable[Row], shapes: NDArray[np.object_]) -> Iterator[list[Value]]:
    for row, shape in zip(rows, shapes, strict=True):
        yield [row.fields["name"], _fixed(shape.x), _fixed(shape.y)]


def _bends(rows: Iterable[Row], shapes: NDArray[np.object_]) -> Iterator[list[Value]]:
    for row, shape in zip(rows, shapes, strict=True):
        for x, y in shapely.get_coordinates(shape)[1:-1].tolist():
            yield [row.fields["name"], _fixed(x), _fixed(y)]


def _write(path: Path, file: Dataset, sections: list[_Section]) -> None:
    lines = ["[TITLE]", ";;Project Title/Notes", file.stem, ""]
    for name, header, rows in sections:
        body = ["".join(f"{cell!s:<17}" for cell in row).rstrip() for row in rows]
        if body or name == "END":
            lines += [f"[{name}]", *([f";;{header}"] if header else []), *body, ""]
    path.write_bytes("\r\n".join(lines).encode())
    path.with_suffix(".prj").write_text(parse_crs(file.form.crs).wkt1, encoding="ascii")
