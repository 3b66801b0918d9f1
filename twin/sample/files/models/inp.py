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

_Section = tuple[str, str, "Iterable[Iterable[Value]]"]


def write_swmm(path: Path, file: Dataset, shapes: list[NDArray[np.object_]]) -> None:
    """Offsets of links are heights above the bottoms of nodes, or elevations, as the version says."""
    pipes, nodes = file.layers
    by_elevation = file.form.version == "ELEVATION"
    bottoms = {row.fields["name"]: float(row.fields["bottom_m"] or 0.0) for row in nodes.rows}
    inner = [row for row in nodes.rows if row.fields["kind"] != "outfall"]
    outer = [row for row in nodes.rows if row.fields["kind"] == "outfall"]
    inlets = [row.fields["name"] for row in inner if row.fields["kind"] == "inlet"] or [inner[0].fields["name"]]
    is_storm = pipes.rows[0].fields["discipline"] == "storm"
    options = [
        ("FLOW_UNITS", "CMS"), ("INFILTRATION", "HORTON"), ("FLOW_ROUTING", "DYNWAVE"),
        ("LINK_OFFSETS", "ELEVATION" if by_elevation else "DEPTH"), ("MIN_SLOPE", 0), ("ALLOW_PONDING", "NO"),
    ]  # fmt: skip
    sections: list[_Section] = [
        ("OPTIONS", "Option Value", options),
        ("SUBCATCHMENTS", "Name RainGage Outlet Area %Imperv Width %Slope CurbLen",
         ((f"LV-{i}", "TRAM-1", name, 0.12, 65, 30, 0.5, 0) for i, name in enumerate(inlets, start=1) if is_storm)),
        ("JUNCTIONS", "Name Elevation MaxDepth InitDepth SurDepth Aponded", (_junction(row) for row in inner)),
        ("OUTFALLS", "Name Elevation Type StageData Gated",
         ((row.fields["name"], _fixed(row.fields["bottom_m"]), "FREE", "NO") for row in outer)),
        ("CONDUITS", "Name FromNode ToNode Length Roughness InOffset OutOffset InitFlow MaxFlow",
         (_conduit(row, {} if by_elevation else bottoms) for row in pipes.rows)),
        ("XSECTIONS", "Link Shape Geom1 Geom2 Geom3 Geom4 Barrels Culvert", map(_section, pipes.rows)),
        ("DWF", "Node Constituent Baseline Patterns",
         ((row.fields["name"], "FLOW", 0.0004) for row in inner if not is_storm)),
        ("COORDINATES", "Node X-Coord Y-Coord", _places(nodes.rows, shapes[1])),
        ("VERTICES", "Link X-Coord Y-Coord", _bends(pipes.rows, shapes[0])),
    ]  # fmt: skip
    _write(path, file, sections)


def _junction(row: Row) -> list[Value]:
    bottom, cover = (float(row.fields[key] or 0.0) for key in ("bottom_m", "cover_m"))
    return [row.fields["name"], _fixed(bottom), _fixed(cover - bottom), 0, 0, 0]


def _conduit(row: Row, bottoms: dict[Value, float]) -> list[Value]:
    told = row.fields
    offsets = [
        _fixed(float(told[key] or 0.0) - bottoms.get(told[end], 0.0))
        for key, end in (("invert_start_m", "from"), ("invert_end_m", "to"))
    ]
    return [told["name"], told["from"], told["to"], told["length_m"], 0.013, *offsets, 0, 0]


def _section(row: Row) -> list[Value]:
    told = row.fields
    if told["shape"] == "circular":
        return [told["name"], "CIRCULAR", told["inner_width_m"], 0, 0, 0, 1]
    return [told["name"], "RECT_CLOSED", told["inner_height_m"], told["inner_width_m"], 0, 0, 1]


def write_epanet(path: Path, file: Dataset, shapes: list[NDArray[np.object_]]) -> None:
    """Diameters are inside, in millimetres; elevations are those of the ground."""
    pipes, nodes = file.layers
    sections: list[_Section] = [
        ("JUNCTIONS", "ID Elev Demand Pattern",
         ((row.fields["name"], _fixed(row.fields["cover_m"]), 0.05, ";") for row in nodes.rows)),
        ("PIPES", "ID Node1 Node2 Length Diameter Roughness MinorLoss Status", map(_water_pipe, pipes.rows)),
        ("OPTIONS", "", [("Units", "LPS"), ("Headloss", "H-W"), ("Viscosity", 1)]),
        ("COORDINATES", "Node X-Coord Y-Coord", _places(nodes.rows, shapes[1])),
        ("VERTICES", "Link X-Coord Y-Coord", _bends(pipes.rows, shapes[0])),
        ("END", "", []),
    ]  # fmt: skip
    _write(path, file, sections)


def _water_pipe(row: Row) -> list[Value]:
    told = row.fields
    diameter = f"{float(told['inner_width_m'] or 0.0) * 1000:g}"
    return [told["name"], told["from"], told["to"], told["length_m"], diameter, 140, 0, "Open", ";"]


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
