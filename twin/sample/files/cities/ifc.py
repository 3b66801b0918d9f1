"""IFC 4 and IFC 2x3 (STEP): houses as blocks in millimetres about an origin, with the way from there to the map."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import shapely

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

    from twin.sample.delivery.records import Dataset, Row

_GUIDS = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz_$"


class _Step:
    """Instances of a STEP file, numbered as they are added."""

    def __init__(self) -> None:
        self.lines: list[str] = []
        person = self.add("IFCPERSON($,'KTV',$,$,$,$,$,$)")
        company = self.add("IFCORGANIZATION($,'TVTK',$,$,$)")
        member = self.add(f"IFCPERSONANDORGANIZATION({person},{company},$)")
        program = self.add(f"IFCAPPLICATION({company},'2023','Autodesk Revit 2023 (ENU)','Revit')")
        self.owner = self.add(f"IFCOWNERHISTORY({member},{program},$,.ADDED.,$,$,$,1751241600)")

    def add(self, text: str) -> str:
        self.lines.append(f"#{len(self.lines) + 1}={text};")
        return f"#{len(self.lines)}"

    def root(self) -> str:
        """A name that no other instance has, and whose it is."""
        number = len(self.lines) + 1
        return "'2TwinSampleWard0000" + "".join(_GUIDS[number // 64**i % 64] for i in (2, 1, 0)) + f"',{self.owner}"


def write_ifc(path: Path, file: Dataset, shapes: list[NDArray[np.object_]]) -> None:
    """The older version says in property sets what the newer has entities for."""
    (layer,), form = file.layers, file.form
    old = form.version == "IFC2X3"
    west, south, _, _ = shapely.total_bounds(shapes[0]).tolist()
    east_m, north_m = float(np.floor(west)), float(np.floor(south))
    step = _Step()
    millimetre = step.add("IFCSIUNIT(*,.LENGTHUNIT.,.MILLI.,.METRE.)")
    origin = step.add("IFCCARTESIANPOINT((0.,0.,0.))")
    axes = step.add(f"IFCAXIS2PLACEMENT3D({origin},$,$)")
    context = step.add(f"IFCGEOMETRICREPRESENTATIONCONTEXT($,'Model',3,1.E-05,{axes},$)")
    shape_of = step.add(f"IFCGEOMETRICREPRESENTATIONSUBCONTEXT('Body','Model',*,*,*,*,{context},$,.MODEL_VIEW.,$)")
    units = step.add(f"IFCUNITASSIGNMENT(({millimetre}))")
    project = step.add(f"IFCPROJECT({step.root()},'{_text(file.stem)}',$,$,$,$,({context}),{units})")
    place = step.add(f"IFCLOCALPLACEMENT($,{axes})")
    site = step.add(f"IFCSITE({step.root()},$,$,$,{place},$,$,.ELEMENT.,$,$,$,$,$)")
    step.add(f"IFCRELAGGREGATES({step.root()},$,$,{project},({site}))")
    up = step.add("IFCDIRECTION((0.,0.,1.))")
    if old:
        _map_properties(step, site, form.crs, east_m, north_m)
    else:
        metre = step.add("IFCSIUNIT(*,.LENGTHUNIT.,$,.METRE.)")
        system = step.add(f"IFCPROJECTEDCRS('{form.crs}',$,$,$,$,$,{metre})")
        step.add(f"IFCMAPCONVERSION({context},{system},{east_m:.1f},{north_m:.1f},0.,1.,0.,0.001)")
    for row, shape in zip(layer.rows, shapes[0], strict=True):
        local = shapely.transform(shape, lambda points: (points - [east_m, north_m]) * 1000)
        _add_building(step, row, local, (shape_of, place, up, site))
    schema = "IFC2X3" if old else "IFC4"
    head = (
        "ISO-10303-21;\nHEADER;\nFILE_DESCRIPTION(('ViewDefinition [CoordinationView]'),'2;1');\n"
        f"FILE_NAME('{_text(path.name)}','2025-06-30T08:00:00',(''),(''),'','Autodesk Revit 2023','');\n"
        f"FILE_SCHEMA(('{schema}'));\nENDSEC;\nDATA;\n"
    )
    path.write_text(head + "\n".join(step.lines) + "\nENDSEC;\nEND-ISO-10303-21;\n", encoding="ascii")


def _map_properties(step: _Step, site: str, crs: str, east_m: float, north_m: float) -> None:
    values = {"Eastings": east_m, "Northings": north_m, "OrthogonalHeight": 0.0, "Scale": 0.001}
    numbers = [step.add(f"IFCPROPERTYSINGLEVALUE('{name}',$,IFCREAL({value!r}),$)") for name, value in values.items()]
    labels = [
        step.add(f"IFCPROPERTYSINGLEVALUE('{name}',$,IFCLABEL('{value}'),$)")
        for name, value in (("Name", crs), ("MapUnit", "METRE"))
    ]
    for name, held in (("ePSet_MapConversion", numbers), ("ePSet_ProjectedCRS", labels)):
        properties = step.add(f"IFCPROPERTYSET({step.root()},'{name}',$,({','.join(held)}))")
        step.add(f"IFCRELDEFINESBYPROPERTIES({step.root()},$,$,({site}),{properties})")


def _add_building(step: _Step, row: Row, shape: shapely.Polygon, within: tuple[str, str, str, str]) -> None:
    """A block over the foot print, as the mass of a building is drawn before its walls are."""
    shape_of, place, up, site = within
    told = row.fields
    points = [step.add(f"IFCCARTESIANPOINT(({x:.1f},{y:.1f}))") for x, y in shapely.get_coordinates(shape).tolist()]
    curve = step.add(f"IFCPOLYLINE(({','.join([*points[:-1], points[0]])}))")
    profile = step.add(f"IFCARBITRARYCLOSEDPROFILEDEF(.AREA.,$,{curve})")
    foot = step.add(f"IFCCARTESIANPOINT((0.,0.,{float(told['ground_m'] or 0.0) * 1000:.1f}))")
    axes = step.add(f"IFCAXIS2PLACEMENT3D({foot},$,$)")
    solid = step.add(f"IFCEXTRUDEDAREASOLID({profile},{axes},{up},{float(told['height_m'] or 0.0) * 1000:.1f})")
    body = step.add(f"IFCSHAPEREPRESENTATION({shape_of},'Body','SweptSolid',({solid}))")
    drawn = step.add(f"IFCPRODUCTDEFINITIONSHAPE($,$,({body}))")
    building = step.add(f"IFCBUILDING('{told['name']}',{step.owner},$,$,$,{place},$,$,.ELEMENT.,$,$,$)")
    step.add(f"IFCRELAGGREGATES({step.root()},$,$,{site},({building}))")
    mass = step.add(f"IFCBUILDINGELEMENTPROXY({step.root()},'Mass',$,$,{place},{drawn},$,$)")
    step.add(f"IFCRELCONTAINEDINSPATIALSTRUCTURE({step.root()},$,$,({mass}),{building})")
    use = step.add(f"IFCPROPERTYSINGLEVALUE('OccupancyType',$,IFCLABEL('{_text(str(told['use']))}'),$)")
    storeys = step.add(f"IFCPROPERTYSINGLEVALUE('NumberOfStoreys',$,IFCINTEGER({told['storeys']}),$)")
    common = step.add(f"IFCPROPERTYSET({step.root()},'Pset_BuildingCommon',$,({use},{storeys}))")
    step.add(f"IFCRELDEFINESBYPROPERTIES({step.root()},$,$,({building}),{common})")


def _text(text: str) -> str:
    """Letters beyond ASCII as ISO 10303-21 has them."""
    return "".join(
        letter if letter.isascii() else f"\\X2\\{letter.encode('utf-16-be').hex().upper()}\\X0\\" for letter in text
    ).replace("'", "''")
