"""IFC: what is refused without the extra, and, where ifcopenshell is installed, buildings and pipes on the map."""

from __future__ import annotations

from importlib.util import find_spec
from typing import TYPE_CHECKING

import numpy as np
import pytest
import shapely

from importers.faults import Fault, Rejected
from importers.formats.ifc import is_ifc, read_ifc
from importers.formats.ifc_map import MapFrame
from importers.source import Dataset

if TYPE_CHECKING:
    from pathlib import Path

    from importers.source import SourceLayer

with_extra = pytest.mark.skipif(find_spec("ifcopenshell") is None, reason="the extra city-twin[ifc] is not installed")

HEAD = (
    "ISO-10303-21;\nHEADER;\nFILE_DESCRIPTION((''),'2;1');\nFILE_NAME('','2026-01-01T00:00:00',(''),(''),'','','');\n"
)
# A building of a wall and a slab (10 x 8 m, floor at -0.3 m, 3 m high) on a footing, in millimetres.
MODEL = """
#1=IFCSIUNIT(*,.LENGTHUNIT.,.MILLI.,.METRE.);
#2=IFCSIUNIT(*,.LENGTHUNIT.,$,.METRE.);
#3=IFCCARTESIANPOINT((0.,0.,0.));
#4=IFCAXIS2PLACEMENT3D(#3,$,$);
#5=IFCGEOMETRICREPRESENTATIONCONTEXT($,'Model',3,1.E-05,#4,$);
#6=IFCGEOMETRICREPRESENTATIONSUBCONTEXT('Body','Model',*,*,*,*,#5,$,.MODEL_VIEW.,$);
#7=IFCGEOMETRICREPRESENTATIONSUBCONTEXT('Axis','Model',*,*,*,*,#5,$,.GRAPH_VIEW.,$);
#8=IFCUNITASSIGNMENT((#1));
#9=IFCPROJECT('3g7LvkohbA39mYsqpAomBY',$,'p',$,$,$,$,(#5),#8);
#14=IFCLOCALPLACEMENT($,#4);
#15=IFCSITE('2vJaGeRAjF0QncCQEtE55V',$,$,$,$,#14,$,$,$,(16,27,50),(107,35,27),$,$,$);
#19=IFCBUILDING('3w7B5BGwTE_wD$VZh1VnQg',$,'Nh\\X2\\00E0\\X0\\ A',$,$,#14,$,$,$,$,$,$);
#23=IFCBUILDINGSTOREY('3f1pUni0z2vA$jXLblAFUC',$,$,$,$,#14,$,$,$,$);
#24=IFCRELAGGREGATES('1kaYrxkZn92BNPfa9ekp4Z',$,$,$,#9,(#15));
#25=IFCRELAGGREGATES('1xdaheUvfFdRSuJas9YNs3',$,$,$,#15,(#19));
#26=IFCRELAGGREGATES('0_Qb55q0b0yeZttQgmhkoA',$,$,$,#19,(#23));
#28=IFCDIRECTION((0.,0.,1.));
#30=IFCCARTESIANPOINT((6000.,2100.));
#31=IFCAXIS2PLACEMENT2D(#30,$);
#32=IFCRECTANGLEPROFILEDEF(.AREA.,$,#31,10000.,200.);
#36=IFCEXTRUDEDAREASOLID(#32,#4,#28,3000.);
#37=IFCSHAPEREPRESENTATION(#6,'Body','SweptSolid',(#36));
#38=IFCPRODUCTDEFINITIONSHAPE($,$,(#37));
#39={wall};
#40=IFCCARTESIANPOINT((0.,0.,-300.));
#41=IFCAXIS2PLACEMENT3D(#40,$,$);
#42=IFCLOCALPLACEMENT($,#41);
#43=IFCCARTESIANPOINT((6000.,6000.));
#44=IFCAXIS2PLACEMENT2D(#43,$);
#45=IFCRECTANGLEPROFILEDEF(.AREA.,$,#44,10000.,8000.);
#49=IFCEXTRUDEDAREASOLID(#45,#4,#28,300.);
#50=IFCSHAPEREPRESENTATION(#6,'Body','SweptSolid',(#49));
#51=IFCPRODUCTDEFINITIONSHAPE($,$,(#50));
#52=IFCSLAB('2Yr9Vo2G95NuEsk5QC9Dhp',$,$,$,$,#42,#51,$,$);
#80=IFCCARTESIANPOINT((0.,0.,-2000.));
#81=IFCAXIS2PLACEMENT3D(#80,$,$);
#82=IFCLOCALPLACEMENT($,#81);
#83=IFCPRODUCTDEFINITIONSHAPE($,$,(#50));
#84=IFCFOOTING('1Yr9Vo2G95NuEsk5QC9Dhp',$,$,$,$,#82,#83,$,.USERDEFINED.);
#53=IFCRELCONTAINEDINSPATIALSTRUCTURE('11eF6J9Db5cRK2Ig15r1Dq',$,$,$,(#39,#52,#84),#23);
{more}
"""
WALL = "IFCWALL('2P_B_XUyn9CAC4ZNuwgN$3',$,$,$,$,#14,#38,$,$)"
WALL_2X3 = "IFCWALL('2P_B_XUyn9CAC4ZNuwgN$3',$,$,$,$,#14,#38,$)"
SYSTEM = "#10=IFCPROJECTEDCRS('EPSG:9214',$,$,$,$,$,#2);\n"
MAP = SYSTEM + "#11=IFCMAPCONVERSION(#5,#10,562000.,1820000.,5.,1.,0.,{scale});\n"
# A pipe of 200 mm, wall 10 mm, 20 m long, that falls 0.1 m from -1.5 m; it belongs to {place}.
PIPE = """
#55=IFCCARTESIANPOINT((20000.,0.,-100.));
#56=IFCPOLYLINE((#3,#55));
#57=IFCSHAPEREPRESENTATION(#7,'Axis','Curve3D',(#56));
#60=IFCCIRCLEHOLLOWPROFILEDEF(.AREA.,$,#31,100.,10.);
#61=IFCEXTRUDEDAREASOLID(#60,#4,#28,20000.);
#62=IFCSHAPEREPRESENTATION(#6,'Body','SweptSolid',(#61));
#58=IFCPRODUCTDEFINITIONSHAPE($,$,(#62,#57));
#63=IFCCARTESIANPOINT((0.,0.,-1500.));
#64=IFCAXIS2PLACEMENT3D(#63,$,$);
#65=IFCLOCALPLACEMENT($,#64);
#66=IFCPIPESEGMENT('2215C5sH5ELgW$uV0tMObm',$,'P1',$,$,#65,#58,'OC-7',.RIGIDSEGMENT.);
#67=IFCRELCONTAINEDINSPATIALSTRUCTURE('0Ta3QtOGf7zQ4xvW5ZatZj',$,$,$,(#66),{place});
#68=IFCDISTRIBUTIONSYSTEM('3Ta3QtOGf7zQ4xvW5ZatZj',$,'S1',$,$,$,.WATERSUPPLY.);
#69=IFCRELASSIGNSTOGROUP('1Ta3QtOGf7zQ4xvW5ZatZj',$,$,$,(#66),$,#68);
#70=IFCMATERIAL('HDPE',$,$);
#71=IFCRELASSOCIATESMATERIAL('2Ta3QtOGf7zQ4xvW5ZatZj',$,$,$,(#66),#70);
#72=IFCPROPERTYSINGLEVALUE('InnerDiameter',$,IFCPOSITIVELENGTHMEASURE(181.),$);
#73=IFCPROPERTYSET('0Sa3QtOGf7zQ4xvW5ZatZj',$,'Pset_PipeSegmentTypeCommon',$,(#72));
#74=IFCRELDEFINESBYPROPERTIES('0Ra3QtOGf7zQ4xvW5ZatZj',$,$,$,(#66),#73);
"""


def a_file(more: str, *, schema: str = "IFC4", wall: str = WALL) -> str:
    data = MODEL.format(wall=wall, more=more)
    return f"{HEAD}FILE_SCHEMA(('{schema}'));\nENDSEC;\nDATA;{data}ENDSEC;\nEND-ISO-10303-21;\n"


def read(folder: Path, text: str) -> list[SourceLayer]:
    path = folder / "model.ifc"
    path.write_text(text)
    return list(read_ifc(Dataset(path, folder, (path,))))


def refusal(folder: Path, text: str) -> Rejected:
    with pytest.raises(Rejected) as caught:
        read(folder, text)
    assert caught.value.finding.remedy
    return caught.value


@pytest.mark.skipif(find_spec("ifcopenshell") is not None, reason="the extra is installed")
def test_without_the_extra_its_name_is_told(tmp_path: Path) -> None:
    """The reader is optional; what to install is the remedy."""
    refused = refusal(tmp_path, a_file(MAP.format(scale="0.001")))
    assert refused.finding.fault is Fault.UNKNOWN_FORMAT
    assert "city-twin[ifc]" in refused.finding.remedy


@pytest.mark.parametrize("schema", ["IFC4X3_RC3", "IFC4X3_RC2", "IFC4X1", "IFC5", "IFC2X2_FINAL"])
def test_drafts_and_other_versions_are_refused(tmp_path: Path, schema: str) -> None:
    """A draft of the standard is named, whether the extra is there or not."""
    refused = refusal(tmp_path, a_file("", schema=schema))
    assert refused.finding.fault is Fault.UNKNOWN_FORMAT
    assert schema in str(refused)


def test_format_is_known_by_content() -> None:
    """STEP files of other schemas are no IFC."""
    assert is_ifc(a_file("").encode()[:4096], ".ifc")
    assert not is_ifc(a_file("", schema="AUTOMOTIVE_DESIGN").encode()[:4096], ".stp")


def test_map_frame_turns_about_its_origin() -> None:
    """A frame turned by a quarter takes the model's x to the north."""
    turn = np.array([[0.0, -1.0, 0.0], [1.0, 0.0, 0.0], [0.0, 0.0, 1.0]])
    frame = MapFrame("EPSG:9214", turn, np.array([100.0, 200.0, 5.0]))
    assert frame.place(np.array([[3.0, 0.0, 1.0]])).tolist() == [[100.0, 203.0, 6.0]]


@with_extra
@pytest.mark.parametrize("scale", ["0.001", "$"])
def test_building_has_footprint_and_height_on_the_map(tmp_path: Path, scale: str) -> None:
    """Millimetres become metres; the footing below counts for nothing; a scale unsaid is that of the units."""
    (layer,) = read(tmp_path, a_file(MAP.format(scale=scale)))
    assert (layer.name, layer.crs, layer.crs_origin) == ("buildings", "EPSG:9214", "map conversion")
    assert layer.geometries[0].symmetric_difference(shapely.box(562001, 1820002, 562011, 1820010)).area < 1e-6
    record = layer.record(0)
    assert (record["buildingid"], record["name"]) == ("3w7B5BGwTE_wD$VZh1VnQg", "Nhà A")
    assert record["groundelevation"] == pytest.approx(4.7)
    assert record["height_m"] == pytest.approx(3.3)


@with_extra
def test_model_is_turned_and_scaled_to_the_map(tmp_path: Path) -> None:
    """The model's x axis points north; the projection's scale of 0.9999 holds."""
    turned = MAP.replace("1.,0.,{scale}", "0.,1.,0.0009999")
    (layer,) = read(tmp_path, a_file(turned))
    bounds = (562000 - 10 * 0.9999, 1820000 + 0.9999, 562000 - 2 * 0.9999, 1820000 + 11 * 0.9999)
    assert layer.geometries[0].bounds == pytest.approx(bounds)


@with_extra
def test_pipe_of_the_site_is_a_line(tmp_path: Path) -> None:
    """Axis, sizes by profile and properties, material, system and its own number."""
    _, layer = read(tmp_path, a_file(MAP.format(scale="0.001") + PIPE.format(place="#15")))
    assert layer.name == "pipes"
    axis = shapely.get_coordinates(layer.geometries[0], include_z=True)
    assert axis == pytest.approx(np.array([[562000, 1820000, 3.5], [562020, 1820000, 3.4]]))
    record = layer.record(0)
    told = {"outerdiameter_mm": 200.0, "innerdiameter_mm": 181.0, "wall_mm": 10.0, "material": "HDPE"}
    told |= {"discipline": "water", "ownerref": "OC-7", "subtype": "RIGIDSEGMENT", "attribute name": "P1"}
    assert {name: record[name] for name in told} == told


@with_extra
def test_pipe_of_a_storey_is_plumbing(tmp_path: Path) -> None:
    """What lies within a building is no utility of the street."""
    (layer,) = read(tmp_path, a_file(MAP.format(scale="0.001") + PIPE.format(place="#23")))
    assert layer.name == "buildings"
    assert layer.notes == ("1 IfcPipeSegment inside a building left aside",)


@with_extra
def test_property_sets_place_a_model_of_2x3(tmp_path: Path) -> None:
    """The older version says in property sets what the newer has entities for."""
    values = {"Eastings": 562000.0, "Northings": 1820000.0, "OrthogonalHeight": 5.0, "Scale": 0.001}
    lines = [f"#{100 + i}=IFCPROPERTYSINGLEVALUE('{k}',$,IFCREAL({v}),$);" for i, (k, v) in enumerate(values.items())]
    more = "\n".join(lines) + (
        "\n#110=IFCPROPERTYSINGLEVALUE('Name',$,IFCLABEL('EPSG:9214'),$);"
        "\n#111=IFCPROPERTYSINGLEVALUE('MapUnit',$,IFCLABEL('METRE'),$);"
        "\n#112=IFCPROPERTYSET('0Xa3QtOGf7zQ4xvW5ZatZj',$,'ePSet_MapConversion',$,(#100,#101,#102,#103));"
        "\n#113=IFCPROPERTYSET('0Ya3QtOGf7zQ4xvW5ZatZj',$,'ePSet_ProjectedCRS',$,(#110,#111));\n"
    )
    (layer,) = read(tmp_path, a_file(more, schema="IFC2X3", wall=WALL_2X3))
    assert layer.geometries[0].bounds == pytest.approx((562001, 1820002, 562011, 1820010))
    assert layer.columns["groundelevation"] == pytest.approx([4.7])


@with_extra
@pytest.mark.parametrize(
    ("more", "fault", "words"),
    [
        ("", Fault.CRS_MISSING, "16.4639, 107.5908"),
        (MAP.format(scale="1."), Fault.CRS_UNUSABLE, "scale of 1"),
        (MAP.format(scale="0.001").replace("EPSG:9214", "EPSG:4326"), Fault.CRS_UNUSABLE, "not projected in metres"),
        (MAP.format(scale="0.001").replace("EPSG:9214", "somewhere"), Fault.CRS_UNUSABLE, "somewhere"),
    ],
)
def test_model_without_a_place_on_earth_is_refused(tmp_path: Path, more: str, fault: Fault, words: str) -> None:
    """The site's degrees are a hint for a person; a scale against the units would make a building of kilometres."""
    refused = refusal(tmp_path, a_file(more))
    assert refused.finding.fault is fault
    assert words in str(refused)


@with_extra
@pytest.mark.parametrize("cut", [400, 1500, 3000])
def test_cut_file_is_refused(tmp_path: Path, cut: int) -> None:
    """Wherever it ends."""
    refusal(tmp_path, a_file("")[:cut])
