"""EPANET models (.inp): pipes with their diameters, and the nodes between them.

Source: EPANET 2.2 User Manual, appendix C.3 (input file format) and A (units). The file has no place for a CRS.
Elevations of junctions are the ground, by the program's own advice; how deep a pipe lies is not said.
"""

from __future__ import annotations

from statistics import median
from typing import TYPE_CHECKING, Any

from importers.faults import Fault, Rejected
from importers.formats.inp import declared_crs, field_at, link_points, read_inp, section_names
from importers.formats.network import FOOT_M, Record, part_devices, scaled, to_layers, to_line, to_number, to_point

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from importers.formats.inp import Inp
    from importers.source import Dataset, SourceLayer

# (metres in the unit of elevations, millimetres in the unit of diameters) by the unit of flow.
_US, _SI = (FOOT_M, 25.4), (1.0, 1.0)
_UNITS = dict.fromkeys(("CFS", "GPM", "MGD", "IMGD", "AFD"), _US) | dict.fromkeys(
    ("LPS", "LPM", "MLD", "CMH", "CMD", "CMS"), _SI
)
_WIDEST_IN = 48.0  # of the middle one of a model's pipes
_OWN_SECTIONS = {"JUNC", "RESE", "TANK", "PIPE"}
_NO_END = "the file has no [END]: what stood behind its last line is not known"
_PIPES, _NODES = "water pipes", "water nodes"


def is_epanet(head: bytes, suffix: str) -> bool:
    """Whether sections that EPANET has begin in the head; SWMM shares some of them and is to be asked first."""
    names = section_names(head)
    return bool(names & _OWN_SECTIONS) or (suffix == ".inp" and "TITL" in names)


def read_epanet(dataset: Dataset) -> Iterator[SourceLayer]:
    """Layers of links and of nodes. Elevations and diameters come in metres and millimetres, coordinates as given.

    Raises: Rejected for a file without pipes, or with a unit of flow that EPANET does not have.
    """
    model = read_inp(dataset)
    if not model.lines("PIPE"):
        remedy = "export the network from EPANET as .inp with all its sections"
        raise Rejected(Fault.UNREADABLE, f"{dataset.name} has no [PIPES]", remedy)
    units = model.option("UNITS", "GPM")
    if units not in _UNITS:
        message = f"{dataset.name}: Units {units} is none of {', '.join(_UNITS)}"
        raise Rejected(Fault.VALUE_REFUSED, message, "correct Units in [OPTIONS]")
    crs, origin = declared_crs(dataset, model)
    (metres, millimetres), said = _factors(model, units)
    pipes, devices = part_devices(_links(model, millimetres, crs), _NODES)
    records = [*pipes, *_nodes(model, metres, crs), *devices]
    notes = (said, *(() if "END" in model.sections else (_NO_END,)), *model.remarks())
    yield from to_layers(records, origin, encoding=model.encoding, notes=notes)


def _factors(model: Inp, units: str) -> tuple[tuple[float | None, float | None], str]:
    """Metres and millimetres in the model's numbers, None where its unit is not believed, and how that was decided.

    The program's own default is US units: models drawn in metres were seen to be left at it.
    """
    sizes = [size for fields in model.lines("PIPE") if (size := to_number(field_at(fields, 4)))]
    if _UNITS[units] is not _US:
        return _SI, f"metres and millimetres by Units {units}"
    if sizes and median(sizes) > _WIDEST_IN:
        said = f"Units {units} would make half of the pipes wider than {median(sizes):g} inches"
        return (None, None), f"{said}: in which unit are sizes and levels? Neither is used"
    return _US, f"feet and inches by Units {units}"


def _links(model: Inp, millimetres: float | None, crs: str | None) -> Iterator[Record]:
    """Pumps and valves are links too, but no length of pipe: their diameter keeps its own name."""
    points, bends = model.points(), model.bends()
    for section in ("PIPE", "PUMP", "VALV"):
        for fields in model.lines(section):
            ends = (field_at(fields, 1) or "", field_at(fields, 2) or "")
            values = {"ownerref": fields[0], "startnode": ends[0], "endnode": ends[1]}
            values |= _link_values(section, fields, millimetres)
            yield Record(_PIPES, to_line(link_points(ends, bends.get(fields[0], []), points)), values, crs)


def _link_values(section: str, fields: Sequence[str], millimetres: float | None) -> dict[str, Any]:
    if section == "PUMP":
        return {"subtype": "pump"}
    if section == "VALV":
        kind = field_at(fields, 4) or ""
        return {"kind": "valve", "subtype": f"valve {kind}".strip(), "valvesize": to_number(field_at(fields, 3))}
    size = to_number(field_at(fields, 4))
    return {
        "subtype": "pipe",
        "diameter_mm": scaled(size, millimetres),
        "pipesize": size,
        "length": to_number(field_at(fields, 3)),
        "roughness": to_number(field_at(fields, 5)),
        "initialstatus": field_at(fields, 7),
    }


def _nodes(model: Inp, metres: float | None, crs: str | None) -> Iterator[Record]:
    points = model.points()
    for section, subtype in (("JUNC", "junction"), ("RESE", "reservoir"), ("TANK", "tank")):
        for fields in model.lines(section):
            number = to_number(field_at(fields, 1))
            values: dict[str, Any] = {"ownerref": fields[0], "subtype": subtype}
            if section == "JUNC":
                values |= {"groundlevel": scaled(number, metres), "elevation": number}
            else:
                # The water's head, or the floor of a tank that may stand on a tower: neither is the ground.
                values["head" if section == "RESE" else "tankfloor"] = number
            yield Record(_NODES, to_point(points.get(fields[0])), values, crs)
