"""IFC 2x3, 4 and 4.3 by ifcopenshell (extra `ifc`): buildings by their elements, pipes and cables by their axes.

Source: ISO 16739-1 (IFC). Only models with a map conversion have a place on earth.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import shapely

from importers.faults import Fault, Rejected
from importers.formats.city import City, Record
from importers.formats.ifc_map import MapFrame, read_map_frame
from importers.formats.ifc_segments import describe_segment, layer_of
from importers.formats.shell import cover_of_triangles

try:
    import ifcopenshell
    import ifcopenshell.geom
    import ifcopenshell.util.element as ifc_elements
    import ifcopenshell.util.geolocation as ifc_geolocation
    import ifcopenshell.util.unit as ifc_units
except ImportError:
    ifcopenshell = None

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from importers.source import Dataset, SourceLayer

_SCHEMA = re.compile(rb"FILE_SCHEMA\s*\(\s*\(\s*'(IFC[^']*)'", re.IGNORECASE)
_READ = re.compile(r"IFC2X3|IFC4|IFC4X3(_ADD\d|_TC\d)?")
# Below ground by their nature: no part of what a building covers, nor of its height.
_FOUNDATIONS = ("IfcFooting", "IfcPile")


@dataclass(frozen=True, slots=True)
class _Model:
    """An open model, metres in its length unit, and the way to the map."""

    file: Any
    unit_m: float
    frame: MapFrame


def is_ifc(head: bytes, _: str) -> bool:
    return head.lstrip()[:12] == b"ISO-10303-21" and _SCHEMA.search(head) is not None


def read_ifc(dataset: Dataset) -> Iterator[SourceLayer]:
    """Layers of the model, x, y and elevations by its map conversion.

    Raises: Rejected without the extra, for drafts of the standard, unsound files, and models without a map conversion.
    """
    _check_schema(dataset)
    if ifcopenshell is None:
        remedy = "install city-twin[ifc]"
        raise Rejected(Fault.UNKNOWN_FORMAT, f"{dataset.name}: IFC is read by an extra that is not installed", remedy)
    city = City()
    try:
        model = _open(dataset)
        for building in model.file.by_type("IfcBuilding"):
            _add_building(city, model, building)
        for segment in model.file.by_type("IfcFlowSegment"):
            _add_segment(city, model, segment)
    except Rejected:
        raise
    except Exception as error:  # a parser of others on a file of others may raise anything
        message = f"{dataset.name} cannot be read: {str(error) or repr(error):.200}"
        raise Rejected(Fault.UNREADABLE, message, "ask for it again, as IFC4") from error
    yield from city.layers(dataset.name, model.frame.crs, "map conversion")


def _check_schema(dataset: Dataset) -> None:
    with dataset.path.open("rb") as stream:
        schema = _SCHEMA.search(stream.read(65536))
    name = schema[1].decode("ascii", errors="replace").upper() if schema else "of no schema"
    if not _READ.fullmatch(name):
        message = f"{dataset.name} is {name}; only IFC2X3, IFC4 and IFC4X3 as published are read, no drafts"
        raise Rejected(Fault.UNKNOWN_FORMAT, message, "export it as IFC4 or IFC4X3_ADD2")


def _open(dataset: Dataset) -> _Model:
    model = ifcopenshell.open(str(dataset.path))
    unit_m = float(ifc_units.calculate_unit_scale(model))
    wcs = ifc_geolocation.get_wcs(model)
    return _Model(model, unit_m, read_map_frame(model, dataset.name, unit_m, wcs))


def _add_building(city: City, model: _Model, building: Any) -> None:
    triangles = [model.frame.place(points) for points in _triangles(model.file, _elements(building))]
    free = {
        name: value
        for held in ifc_elements.get_psets(building).values()
        for name, value in held.items()
        if name != "id"
    }
    told: dict[str, Any] = {
        "buildingid": building.GlobalId,
        "name": building.LongName or building.Name,
        "use": free.get("OccupancyType"),
        "storeys": free.get("NumberOfStoreys"),
    }
    corners = np.vstack(triangles).reshape(-1, 3, 3) if triangles else np.empty((0, 3, 3))
    if len(corners):
        low, high = float(corners[:, :, 2].min()), float(corners[:, :, 2].max())
        told |= {"groundelevation": low, "height_m": high - low}
    city.add("buildings", Record(cover_of_triangles(corners), told, free))


def _elements(building: Any) -> list[Any]:
    """Built elements of a building and its storeys, but foundations."""
    held = ifc_elements.get_decomposition(building)
    built = [e for e in held if e.is_a("IfcBuildingElement") or e.is_a("IfcBuiltElement")]
    return [e for e in built if e.Representation is not None and not any(e.is_a(kind) for kind in _FOUNDATIONS)]


def _triangles(model: Any, elements: list[Any]) -> Iterator[NDArray[np.float64]]:
    """Corners (3n, 3) of the triangles of each element, metres, in the model's coordinates."""
    if not elements:
        return
    settings = ifcopenshell.geom.settings()
    settings.set("use-world-coords", True)
    shapes = ifcopenshell.geom.iterator(settings, model, 1, include=elements)
    if not shapes.initialize():
        return
    while True:
        geometry = shapes.get().geometry
        vertices = np.array(geometry.verts, dtype=float).reshape(-1, 3)
        yield vertices[np.array(geometry.faces, dtype=int)]
        if not shapes.next():
            return


def _add_segment(city: City, model: _Model, segment: Any) -> None:
    layer = layer_of(segment, ifc_elements.get_type(segment))
    line = _axis(segment, model.frame)
    if layer is None or line is None or _is_indoors(segment):
        why = "of no utility" if layer is None else "without axis" if line is None else "inside a building"
        city.notes[f"{segment.is_a()} {why} left aside"] += 1
        return
    materials = [material.Name for material in ifc_elements.get_materials(segment) if material.Name]
    told, free = describe_segment(segment, ifc_elements.get_psets(segment), materials, model.unit_m)
    city.add(layer, Record(line, told, free))


def _is_indoors(segment: Any) -> bool:
    """Whether it belongs to a building that has walls or slabs, and is not just a folder in the model."""
    place = ifc_elements.get_container(segment)
    while place is not None:
        if place.is_a("IfcBuilding"):
            return bool(_elements(place))
        place = ifc_elements.get_aggregate(place)
    return False


def _axis(segment: Any, frame: MapFrame) -> shapely.Geometry | None:
    """The axis on the map; arcs as chords."""
    representations = segment.Representation.Representations if segment.Representation else ()
    axis = next((r for r in representations if r.RepresentationIdentifier == "Axis"), None)
    if axis is None:
        return None
    settings = ifcopenshell.geom.settings()
    settings.set("use-world-coords", True)
    settings.set("dimensionality", ifcopenshell.ifcopenshell_wrapper.CURVES)
    curve = ifcopenshell.geom.create_shape(settings, segment, axis).geometry
    vertices = frame.place(np.array(curve.verts, dtype=float).reshape(-1, 3))
    edges = np.array(curve.edges, dtype=int).reshape(-1, 2)
    if len(edges) and (edges == np.arange(len(edges))[:, None] + [0, 1]).all():
        return shapely.LineString(vertices)
    return shapely.line_merge(shapely.MultiLineString(list(vertices[edges]))) if len(edges) else None
