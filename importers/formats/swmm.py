"""SWMM models (.inp): conduits with their inverts and sections, and the nodes between them.

Source: EPA SWMM 5 User's Manual, appendix D.2 (input file format). The file has no place for a CRS.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from importers.faults import Fault, Rejected
from importers.formats.inp import declared_crs, field_at, link_points, read_inp, section_names
from importers.formats.network import (
    FOOT_M,
    Record,
    part_devices,
    scaled,
    to_layers,
    to_line,
    to_number,
    to_point,
    told_once,
)

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from importers.formats.inp import Inp
    from importers.source import Dataset, SourceLayer

# Metres in the model's unit of length, by its unit of flow.
_LENGTH_M = {"CFS": FOOT_M, "GPM": FOOT_M, "MGD": FOOT_M, "CMS": 1.0, "LPS": 1.0, "MLD": 1.0}
_OWN_SECTIONS = {"COND", "XSEC", "OUTF", "SUBC", "RAIN", "EVAP", "INFI"}
_NODES = {"JUNC": "junction", "OUTF": "outfall", "STOR": "storage", "DIVI": "divider"}
_LINKS = {"COND": "conduit", "PUMP": "pump", "ORIF": "orifice", "WEIR": "weir", "OUTL": "outlet"}
# Where the depth of a flow divider stands depends on its type.
_DIVIDER_DEPTH = {"OVERFLOW": 4, "CUTOFF": 5, "TABULAR": 5, "WEIR": 7}
_OPEN = {"RECT_OPEN", "TRAPEZOIDAL", "TRIANGULAR", "PARABOLIC", "POWER", "IRREGULAR", "STREET"}
_ROUND = {"CIRCULAR", "FORCE_MAIN", "FILLED_CIRCULAR"}
_WIDTH_GIVEN = {
    "RECT_CLOSED", "RECT_TRIANGULAR", "RECT_ROUND", "MODBASKETHANDLE", "HORIZ_ELLIPSE", "VERT_ELLIPSE", "ARCH",
}  # fmt: skip


def is_swmm(head: bytes, _: str) -> bool:
    names = section_names(head)
    return bool(names & _OWN_SECTIONS) or ("OPTI" in names and b"FLOW_UNITS" in head.upper())


def read_swmm(dataset: Dataset) -> Iterator[SourceLayer]:
    """Layers of links and of nodes. Elevations and sizes come in metres and millimetres, plan coordinates as given.

    Raises: Rejected for a unit of flow that SWMM does not have.
    """
    model = read_inp(dataset)
    units = model.option("FLOW_UNITS", "CFS")
    if units not in _LENGTH_M:
        message = f"{dataset.name}: FLOW_UNITS {units} is none of {', '.join(_LENGTH_M)}"
        raise Rejected(Fault.VALUE_REFUSED, message, "correct FLOW_UNITS in [OPTIONS]")
    (crs, origin), medium = declared_crs(dataset, model), _medium(model)
    unit = _LENGTH_M[units]
    pipes, devices = part_devices(_links(model, f"{medium} pipes", unit, crs), f"{medium} nodes")
    records = [*pipes, *_nodes(model, f"{medium} nodes", unit, crs), *devices]
    notes = (f"lengths in {'feet' if unit == FOOT_M else 'metres'} by FLOW_UNITS {units}", *model.remarks())
    yield from to_layers(records, origin, encoding=model.encoding, notes=notes)


def _medium(model: Inp) -> str:
    """What flows, by what the model lets in: rain from catchments, sewage as dry-weather flow, or both."""
    rain, sewage = bool(model.lines("SUBC")), bool(model.lines("DWF"))
    if rain and sewage:
        return "combined"
    return "storm" if rain else "wastewater" if sewage else "drainage"


def _nodes(model: Inp, layer: str, unit: float, crs: str | None) -> Iterator[Record]:
    points = model.points()
    for section, kind in _NODES.items():
        for fields in model.lines(section):
            invert, depth = to_number(field_at(fields, 1)), _depth(section, fields)
            values = {
                "ownerref": fields[0],
                "subtype": kind,
                "bottomelevation": scaled(invert, unit),
                "groundlevel": (invert + depth) * unit if invert is not None and depth else None,
                "elevation": invert,
                "maxdepth": depth,
            }
            yield Record(layer, to_point(points.get(fields[0])), values, crs)


def _depth(section: str, fields: Sequence[str]) -> float | None:
    """Depth from the ground to the invert; zero stands for "not known"."""
    if section == "OUTF":
        return None
    column = _DIVIDER_DEPTH.get((field_at(fields, 3) or "").upper(), 4) if section == "DIVI" else 2
    return to_number(field_at(fields, column)) or None


def _links(model: Inp, layer: str, unit: float, crs: str | None) -> Iterator[Record]:
    points, bends = model.points(), model.bends()
    inverts = told_once((f[0], to_number(field_at(f, 1))) for section in _NODES for f in model.lines(section))
    sections = told_once((f[0], f[1:]) for f in model.lines("XSEC"))
    by_elevation = model.option("LINK_OFFSETS", "DEPTH") == "ELEVATION"
    for section, kind in _LINKS.items():
        for fields in model.lines(section):
            name, ends = fields[0], (field_at(fields, 1) or "", field_at(fields, 2) or "")
            values: dict[str, Any] = {"ownerref": name, "subtype": kind, "startnode": ends[0], "endnode": ends[1]}
            if section == "COND":
                values |= {"length": to_number(field_at(fields, 3))}
                heights = [inverts.get(end) for end in ends]
                values |= _inverts(fields, heights, unit, by_elevation=by_elevation)
                values |= _section(sections.get(name, []), unit)
            yield Record(layer, to_line(link_points(ends, bends.get(name, []), points)), values, crs)


def _inverts(
    fields: Sequence[str], node_inverts: Sequence[float | None], unit: float, *, by_elevation: bool
) -> dict[str, Any]:
    offsets = (field_at(fields, 5), field_at(fields, 6))
    start, end = (
        _end_invert(invert, offset, by_elevation=by_elevation)
        for invert, offset in zip(node_inverts, offsets, strict=True)
    )
    return {
        "invertstart": scaled(start, unit),
        "invertend": scaled(end, unit),
        "inoffset": offsets[0],
        "outoffset": offsets[1],
    }


def _end_invert(node_invert: float | None, offset: str | None, *, by_elevation: bool) -> float | None:
    """Invert of a conduit's end: its offset above the node's invert, or an elevation itself; '*' is the node's."""
    number = to_number(offset)
    if by_elevation:
        return node_invert if number is None else number
    return None if node_invert is None else node_invert + (number or 0.0)


def _section(fields: Sequence[str], unit: float) -> dict[str, Any]:
    """Inner size of a closed conduit; open channels, and shapes whose width stands in a table, have none."""
    shape = (field_at(fields, 0) or "").upper()
    geom1, geom2, barrels = (to_number(field_at(fields, i)) for i in (1, 2, 5))
    values: dict[str, Any] = {"xsection": shape or None, "geom1": geom1, "geom2": geom2, "barrels": barrels}
    if shape in _OPEN:
        return values | {"subtype": "open channel"}
    size = _inner_size(shape, geom1, geom2)
    if size is None:
        return values
    word, width, height = size
    if barrels is not None and barrels > 1:
        # Side by side they take at least the sum of their widths.
        word, width = "rectangular", width * barrels
    if word == "circular":
        return values | {"shape": word, "innerdiameter_mm": width * unit * 1000}
    return values | {"shape": word, "width_mm": width * unit * 1000, "height_mm": height * unit * 1000}


def _inner_size(shape: str, height: float | None, width: float | None) -> tuple[str, float, float] | None:
    """(shape, width, height) in the model's unit; SWMM's egg is two thirds as wide as high."""
    if height is None:
        return None
    if shape in _ROUND:
        return "circular", height, height
    if shape == "EGG":
        return "egg", height * 2 / 3, height
    return ("rectangular", width, height) if shape in _WIDTH_GIVEN and width else None
