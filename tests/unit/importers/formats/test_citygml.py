"""CityGML: solids by references, parts, axis orders, versions, land use, and XML that means harm."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest
import shapely

from importers.faults import Fault, Rejected
from importers.formats.citygml import is_citygml, read_citygml
from importers.source import Dataset

if TYPE_CHECKING:
    from pathlib import Path

    from importers.source import SourceLayer

CORNERS = [(x, y, z) for z in (5.0, 7.0) for x, y in ((0, 0), (4, 0), (4, 3), (0, 3))]
FACES = {
    "ground": (0, 3, 2, 1), "roof": (4, 5, 6, 7), "w1": (0, 1, 5, 4), "w2": (1, 2, 6, 5), "w3": (2, 3, 7, 6),
    "w4": (3, 0, 4, 7),
}  # fmt: skip
KINDS = {"ground": "GroundSurface", "roof": "RoofSurface"}
NAMESPACES = (
    'xmlns="http://www.opengis.net/citygml/{v}" xmlns:bldg="http://www.opengis.net/citygml/building/{v}" '
    'xmlns:luse="http://www.opengis.net/citygml/landuse/{v}" xmlns:gml="http://www.opengis.net/gml" '
    'xmlns:gen="http://www.opengis.net/citygml/generics/{v}" xmlns:xlink="http://www.w3.org/1999/xlink" '
    'xmlns:con="http://www.opengis.net/citygml/construction/{v}" xmlns:xAL="urn:oasis:names:tc:ciq:xsdschema:xAL:2.0"'
)


def a_polygon(face: str, *, swap: bool = False, shift: float = 0.0, identity: str = "") -> str:
    ring = [CORNERS[i] for i in (*FACES[face], FACES[face][0])]
    moved = [(562000 + shift + x, 1820000 + y, z) for x, y, z in ring]
    numbers = " ".join(f"{y} {x} {z}" if swap else f"{x} {y} {z}" for x, y, z in moved)
    return (
        f'<gml:Polygon gml:id="{identity or face}"><gml:exterior><gml:LinearRing><gml:posList>{numbers}</gml:posList>'
        "</gml:LinearRing></gml:exterior></gml:Polygon>"
    )


def members(*surfaces: str) -> str:
    return "".join(f"<gml:surfaceMember>{surface}</gml:surfaceMember>" for surface in surfaces)


def a_solid(*surfaces: str, lod: int = 2) -> str:
    return (
        f"<bldg:lod{lod}Solid><gml:Solid><gml:exterior><gml:CompositeSurface>{members(*surfaces)}"
        f"</gml:CompositeSurface></gml:exterior></gml:Solid></bldg:lod{lod}Solid>"
    )


def bounds(lod: int = 2, **options: float) -> str:
    """Bounding surfaces that hold the polygons themselves."""
    return "".join(
        f"<bldg:boundedBy><bldg:{(kind := KINDS.get(face, 'WallSurface'))}><bldg:lod{lod}MultiSurface>"
        f"<gml:MultiSurface>{members(a_polygon(face, **options))}</gml:MultiSurface>"  # type: ignore[arg-type]
        f"</bldg:lod{lod}MultiSurface></bldg:{kind}></bldg:boundedBy>"
        for face in FACES
    )


REFERENCES = "".join(f'<gml:surfaceMember xlink:href="#{face}"/>' for face in FACES)
REFERRED = a_solid().replace("</gml:CompositeSurface>", f"{REFERENCES}</gml:CompositeSurface>")
PART = "<bldg:consistsOfBuildingPart><bldg:BuildingPart>{}</bldg:BuildingPart></bldg:consistsOfBuildingPart>"
ITSELF = (
    '<gml:surfaceMember><gml:CompositeSurface gml:id="me"><gml:surfaceMember xlink:href="#me"/>'
    "</gml:CompositeSurface></gml:surfaceMember>"
)
BOX = a_solid(*(a_polygon(face) for face in FACES))


def a_file(*objects: str, srs: str = "EPSG:9214", version: str = "2.0", prolog: str = "") -> str:
    wrapped = "".join(f"<cityObjectMember>{thing}</cityObjectMember>" for thing in objects)
    envelope = f'<gml:boundedBy><gml:Envelope srsName="{srs}" srsDimension="3"/></gml:boundedBy>' if srs else ""
    head = f'<?xml version="1.0" encoding="UTF-8"?>{prolog}'
    return f"{head}<CityModel {NAMESPACES.format(v=version)}>{envelope}{wrapped}</CityModel>"


def a_building(content: str, identity: str = "nha-1") -> str:
    return f'<bldg:Building gml:id="{identity}">{content}</bldg:Building>'


def read(folder: Path, text: str | bytes) -> list[SourceLayer]:
    path = folder / "model.gml"
    path.write_bytes(text.encode() if isinstance(text, str) else text)
    return list(read_citygml(Dataset(path, folder, (path,))))


def refusal(folder: Path, text: str | bytes) -> Rejected:
    with pytest.raises(Rejected) as caught:
        read(folder, text)
    assert caught.value.finding.remedy
    return caught.value


@pytest.mark.parametrize("version", ["1.0", "2.0"])
@pytest.mark.parametrize("content", [BOX, bounds() + REFERRED, REFERRED + bounds(), bounds(), bounds() + BOX])
def test_box_is_a_building_however_its_faces_are_told(tmp_path: Path, mesh_of, content: str, version: str) -> None:
    """A solid with its own polygons, by references forward and back, or bounding surfaces alone: the same 24 m3."""
    (layer,) = read(tmp_path, a_file(a_building(content), version=version))
    assert (layer.name, layer.crs, layer.encoding) == ("buildings", "EPSG:9214", "Unicode")
    assert layer.geometries[0].equals(shapely.box(562000, 1820000, 562004, 1820003))
    record = layer.record(0)
    assert (record["buildingid"], record["groundelevation"], record["height_m"]) == ("nha-1", 5.0, 2.0)
    mesh = mesh_of(record["solid"])
    assert mesh.is_watertight
    assert mesh.volume == pytest.approx(24.0)


def test_names_of_version_3_are_understood(tmp_path: Path, mesh_of) -> None:
    """Boundaries and parts are called otherwise there, and GML is 3.2."""
    second = a_solid(*(a_polygon(face, shift=4.0, identity=f"b-{face}") for face in FACES))
    part = f"<bldg:buildingPart><bldg:BuildingPart>{second}</bldg:BuildingPart></bldg:buildingPart>"
    text = a_file(a_building(bounds().replace("boundedBy", "boundary") + REFERRED + part), version="3.0")
    (layer,) = read(tmp_path, text.replace("net/gml", "net/gml/3.2"))
    assert layer.geometries[0].equals(shapely.box(562000, 1820000, 562008, 1820003))
    assert mesh_of(layer.columns["solid"][0]).volume == pytest.approx(48.0)


def test_attributes_are_told_and_kept(tmp_path: Path) -> None:
    """The standard's attributes in the words of the city, generic ones by their names, the address by its words."""
    content = (
        "<gml:name>Chợ Đông Ba</gml:name><bldg:function>1030</bldg:function><bldg:function>1040</bldg:function>"
        '<bldg:storeysAboveGround>2</bldg:storeysAboveGround><bldg:measuredHeight uom="#m">8.5</bldg:measuredHeight>'
        '<gen:stringAttribute name="Mã số"><gen:value>DB-01</gen:value></gen:stringAttribute>'
        "<bldg:address><Address><xalAddress><xAL:AddressDetails><xAL:Locality><xAL:LocalityName>Huế</xAL:LocalityName>"
        "<xAL:Thoroughfare><xAL:ThoroughfareName>Trần Hưng Đạo</xAL:ThoroughfareName></xAL:Thoroughfare></xAL:Locality>"
        "</xAL:AddressDetails></xalAddress></Address></bldg:address>"
    )
    (layer,) = read(tmp_path, a_file(a_building(content + BOX)))
    record = layer.record(0)
    assert (record["name"], record["use"], record["storeys"]) == ("Chợ Đông Ba", "1030; 1040", 2.0)
    assert (record["height_m"], record["measuredHeight"], record["Mã số"]) == (8.5, "8.5", "DB-01")
    assert record["address"] == "Huế, Trần Hưng Đạo"


@pytest.mark.parametrize(
    ("measure", "height_m"),
    [
        ('<bldg:measuredHeight uom="ft">10</bldg:measuredHeight>', 3.048),
        ('<bldg:measuredHeight uom="urn:ogc:def:uom:UCUM::m">10</bldg:measuredHeight>', 10.0),
        ('<bldg:measuredHeight uom="shaku">10</bldg:measuredHeight>', 2.0),
        ('<bldg:measuredHeight uom="m">-9999</bldg:measuredHeight>', 2.0),
        ('<con:height><con:Height><con:value uom="m">9.25</con:value></con:Height></con:height>', 9.25),
    ],
)
def test_stated_height_counts_in_its_unit(tmp_path: Path, measure: str, height_m: float) -> None:
    """Feet are converted, the way of 3.0 is understood; an unknown unit or sentinel gives way to the body."""
    (layer,) = read(tmp_path, a_file(a_building(measure + BOX)))
    assert layer.columns["height_m"] == [pytest.approx(height_m)]


def test_unknown_storeys_of_iur_are_unknown(tmp_path: Path) -> None:
    """9999 storeys mean that nobody counted."""
    told = "<bldg:storeysAboveGround>9999</bldg:storeysAboveGround>"
    (layer,) = read(tmp_path, a_file(a_building(told + BOX)))
    assert "storeys" not in layer.columns


@pytest.mark.parametrize(
    ("srs", "crs", "swap"),
    [
        ("http://www.opengis.net/def/crs/EPSG/0/6697", "EPSG:6697", True),
        ("urn:ogc:def:crs:EPSG::4756", "EPSG:4756", True),
        ("urn:ogc:def:crs:EPSG::9214", "EPSG:9214", False),
        ("EPSG:28992", "EPSG:28992", False),
        ("urn:ogc:def:crs,crs:EPSG::25832,crs:EPSG::5783", "EPSG:25832+5783", False),
        ("urn:adv:crs:ETRS89_UTM32*DE_DHHN2016_NH", "EPSG:25832", False),
        ("urn:ogc:def:crs:EPSG::31467", "EPSG:31467", True),
        ("http://www.opengis.net/gml/srs/epsg.xml#4326", "EPSG:4326", False),
    ],
)
def test_coordinates_come_as_x_y_whatever_srsname_lays_down(tmp_path: Path, srs: str, crs: str, *, swap: bool) -> None:
    """Latitude, longitude and northing, easting are exchanged where the name binds to the authority's order."""
    solid = a_solid(*(a_polygon(face, swap=swap) for face in FACES))
    (layer,) = read(tmp_path, a_file(a_building(solid), srs=srs))
    assert layer.crs == crs
    assert layer.geometries[0].bounds == (562000, 1820000, 562004, 1820003)


def test_no_system_is_no_system(tmp_path: Path) -> None:
    """A file without srsName declares nothing, and nothing is made up."""
    (layer,) = read(tmp_path, a_file(a_building(BOX), srs=""))
    assert (layer.crs, layer.crs_origin) == (None, "")


def test_parts_are_one_building(tmp_path: Path, mesh_of) -> None:
    """A building of two parts, the second within a part of its own kind, is one record with both bodies."""
    second = a_solid(*(a_polygon(face, shift=4.0, identity=f"b-{face}") for face in FACES))
    inner = PART.format(second)
    part = PART.format(BOX + inner)
    (layer,) = read(tmp_path, a_file(a_building(part)))
    assert len(layer) == 1
    assert layer.geometries[0].equals(shapely.box(562000, 1820000, 562008, 1820003))
    assert mesh_of(layer.columns["solid"][0]).volume == pytest.approx(48.0)


def test_surface_of_a_neighbour_is_found(tmp_path: Path, mesh_of) -> None:
    """A party wall belongs to the next building, which refers to it turned round, before it comes in the file."""
    turned = '<gml:OrientableSurface orientation="-"><gml:baseSurface xlink:href="#wall"/></gml:OrientableSurface>'
    wall = a_polygon("w2", identity="wall")
    own = [a_polygon(face, shift=4.0, identity=f"b-{face}") for face in FACES if face != "w4"]
    first = a_solid(*(a_polygon(face) for face in FACES if face != "w2"), wall)
    (layer,) = read(tmp_path, a_file(a_building(a_solid(*own, turned), "b"), a_building(first, "a")))
    assert [mesh_of(solid).volume for solid in layer.columns["solid"]] == [pytest.approx(24.0)] * 2


@pytest.mark.parametrize("lod", [3, 4])
def test_level_above_2_counts_where_there_is_no_other(tmp_path: Path, mesh_of, lod: int) -> None:
    """A model of windows is better than none; interiors are not read."""
    solid = a_solid(*(a_polygon(face) for face in FACES), lod=lod)
    room = "<bldg:interiorRoom><bldg:Room><bldg:lod4Solid/><bldg:class>1</bldg:class></bldg:Room></bldg:interiorRoom>"
    (layer,) = read(tmp_path, a_file(a_building(solid + room)))
    assert mesh_of(layer.columns["solid"][0]).volume == pytest.approx(24.0)
    assert "class" not in layer.columns


def test_edge_of_the_roof_tells_an_outline_only(tmp_path: Path) -> None:
    """Level 0 by its roof has no elevation, by its foot print it has."""
    surface = f"<gml:MultiSurface>{members(a_polygon('roof'))}</gml:MultiSurface>"
    roof = a_building(f"<bldg:lod0RoofEdge>{surface}</bldg:lod0RoofEdge>", "roof")
    foot = a_building(f"<bldg:lod0FootPrint>{surface}</bldg:lod0FootPrint>", "foot")
    (layer,) = read(tmp_path, a_file(roof, foot.replace('gml:id="roof"', 'gml:id="r2"')))
    assert [geometry.area for geometry in layer.geometries] == [12.0, 12.0]
    assert layer.columns["groundelevation"] == [None, 7.0]
    assert "height_m" not in layer.columns


def test_land_use_is_parcels(tmp_path: Path) -> None:
    """Pieces of land use with their holes, under a name that says so; other objects are counted in the notes."""
    hole = (
        "<gml:interior><gml:LinearRing><gml:posList>562001 1820001 5 562001 1820002 5 562002 1820002 5 562001 1820001 5"
    )
    polygon = a_polygon("ground").replace(
        "</gml:Polygon>", f"{hole}</gml:posList></gml:LinearRing></gml:interior></gml:Polygon>"
    )
    thing = (
        '<luse:LandUse gml:id="l1"><luse:class>215</luse:class><luse:lod1MultiSurface><gml:MultiSurface>'
        f"{members(polygon)}</gml:MultiSurface></luse:lod1MultiSurface></luse:LandUse>"
    )
    (layer,) = read(tmp_path, a_file(thing, "<gen:GenericCityObject/>"))
    assert layer.name == "land use"
    assert layer.geometries[0].area == 11.5
    assert layer.columns["landuse"] == ["215"]
    assert layer.notes == ("1 GenericCityObject left aside",)


@pytest.mark.parametrize(
    "surfaces",
    [
        '<gml:surfaceMember xlink:href="#nowhere"/>',
        '<gml:surfaceMember xlink:href="http://example.org/other.gml#w1"/>',
        '<gml:surfaceMember xlink:href="other.gml#w1"/>',
        ITSELF,
        members(a_polygon("roof").replace("562000", "five")),
        members(a_polygon("roof").replace("562000", "NaN")),
        members(a_polygon("roof").replace("<gml:posList>", "<gml:posList>1 ")),
        members(a_polygon("roof").replace("<gml:posList>", '<gml:posList srsDimension="2">')),
        "<gml:surfaceMember>" * 60 + a_polygon("roof") + "</gml:surfaceMember>" * 60,
    ],
)
def test_broken_geometry_costs_one_record_its_geometry(tmp_path: Path, surfaces: str) -> None:
    """References out of the file or without end, and coordinates that are none, never stop the other records."""
    broken = a_solid().replace("</gml:CompositeSurface>", f"{surfaces}</gml:CompositeSurface>", 1)
    (layer,) = read(tmp_path, a_file(a_building(broken, "broken"), a_building(BOX, "sound")))
    assert layer.geometries[0] is None
    assert layer.geometries[1].area == 12.0
    assert layer.notes == ("1 buildings with broken geometry",)


def test_references_that_double_at_every_step_come_to_an_end(tmp_path: Path) -> None:
    """Forty surfaces that each name the next one twice stand for 2^40 faces."""
    chain = "".join(
        f'<gml:surfaceMember><gml:CompositeSurface gml:id="s{i}"><gml:surfaceMember xlink:href="#s{i + 1}"/>'
        f'<gml:surfaceMember xlink:href="#s{i + 1}"/></gml:CompositeSurface></gml:surfaceMember>'
        for i in range(40)
    )
    (layer,) = read(tmp_path, a_file(a_building(a_solid().replace("</gml:Comp", f"{chain}</gml:Comp", 1))))
    assert layer.geometries[0] is None


BOMB = '<!DOCTYPE CityModel [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;">]>'
STEAL = '<!DOCTYPE CityModel SYSTEM "file:///etc/passwd">'


@pytest.mark.parametrize("prolog", [BOMB, STEAL])
def test_document_types_are_refused(tmp_path: Path, prolog: str) -> None:
    """No entity is expanded and no other file opened: a document type alone is reason enough."""
    refused = refusal(tmp_path, a_file(a_building(BOX), prolog=prolog))
    assert refused.finding.fault is Fault.UNREADABLE
    assert "document type" in str(refused)


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        (a_file(a_building(BOX))[:-30], Fault.TRUNCATED),
        (a_file(a_building(BOX))[:700], Fault.TRUNCATED),
        (b"", Fault.TRUNCATED),
        ("no xml <at all", Fault.UNREADABLE),
        (a_file(a_building(BOX)).encode("utf-16")[:-3], Fault.UNREADABLE),
        ('<?xml version="1.0" encoding="klingon"?><CityModel/>', Fault.UNREADABLE),
        (a_file(), Fault.LAYER_UNKNOWN),
        (a_file("<gen:GenericCityObject/>"), Fault.LAYER_UNKNOWN),
        (a_file(a_building(BOX.replace("<gml:Solid>", '<gml:Solid srsName="EPSG:4756">'))), Fault.CRS_UNUSABLE),
    ],
)
def test_unusable_files_are_refused_with_a_remedy(tmp_path: Path, text: str | bytes, fault: Fault) -> None:
    """Cut short, no XML, in an unknown encoding, in two systems at once, or without anything for the city."""
    assert refusal(tmp_path, text).finding.fault is fault


def test_endless_nesting_comes_to_an_end(tmp_path: Path) -> None:
    """A hundred thousand elements within each other are an answer, not a crash."""
    deep = "<gml:a>" * 100_000 + "</gml:a>" * 100_000
    (layer,) = read(tmp_path, a_file(a_building(BOX + deep)))
    assert layer.geometries[0].area == 12.0


def test_format_is_known_by_its_root() -> None:
    """With any prefix; other GML is not taken."""
    assert is_citygml(b'<?xml version="1.0"?>\n<core:CityModel xmlns:core="..."', ".gml")
    assert is_citygml(b"<CityModel\n", ".xml")
    assert not is_citygml(b"<gml:FeatureCollection>", ".gml")


def a_dataset(path: Path) -> Dataset:
    return Dataset(path, path.parent, (path,))


@pytest.mark.shared_data
def test_plateau_underground_building_is_a_closed_solid(shared: Path, mesh_of) -> None:
    """Latitude first, solid of level 2 by 206 references, levels 3 and 4 and the rooms within left aside."""
    (layer,) = read_citygml(a_dataset(shared / "underground" / "plateau_unf" / "51324378_ubld_6697.gml"))
    assert (len(layer), layer.crs) == (1, "EPSG:6697")
    assert layer.geometries[0].is_valid
    assert layer.geometries[0].bounds == pytest.approx((132.47581, 34.397713, 132.476342, 34.398229), abs=1e-6)
    record = layer.record(0)
    assert not {"groundelevation", "height_m"} & layer.columns.keys()
    heights = shapely.get_coordinates(record["solid"], include_z=True)[:, 2]
    assert (heights.min(), heights.max()) == pytest.approx((-20.7868, -9.9472), abs=1e-4)
    mesh = mesh_of(record["solid"])
    assert mesh.is_watertight
    metres = mesh.apply_scale(1)
    metres.vertices *= np.array([111_320 * np.cos(np.radians(34.398)), 110_940, 1])
    assert 0 < metres.volume < metres.bounding_box.volume
    assert layer.notes == (
        "2 CityObjectGroup left aside",
        "1 underground buildings: their floor is no ground, heights left aside",
    )


@pytest.mark.shared_data
def test_plateau_land_use_comes_as_longitude_latitude(shared: Path) -> None:
    """225 pieces, two of them of two polygons, and two bow-ties that are delivered as they are."""
    (layer,) = read_citygml(a_dataset(shared / "parcels" / "523836_luse_6668_op.gml"))
    assert (len(layer), layer.crs, layer.name) == (225, "EPSG:6697", "land use")
    assert not shapely.is_missing(layer.geometries).any()
    assert shapely.is_valid(layer.geometries).sum() == 223
    assert shapely.total_bounds(layer.geometries) == pytest.approx((138.807, 34.974, 138.877, 35.002), abs=1e-3)
    assert set(layer.columns["landuse"]) >= {"215"}
