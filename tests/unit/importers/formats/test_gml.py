"""GML features: INSPIRE parcels, every way to write a geometry, and the order of coordinates."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import pyogrio
import pytest
import shapely

from importers.faults import Fault, Rejected
from importers.formats.gml import is_gml, read_gml
from importers.source import Dataset, SourceLayer

if TYPE_CHECKING:
    from pathlib import Path

NAMESPACES = (
    'xmlns:gml="http://www.opengis.net/gml/3.2" xmlns:xlink="http://www.w3.org/1999/xlink" '
    'xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" xmlns:cp="http://inspire.ec.europa.eu/schemas/cp/4.0" '
    'xsi:schemaLocation="http://inspire.ec.europa.eu/schemas/cp/4.0 http://127.0.0.1:9/cp.xsd"'
)
HUE = 'srsName="urn:ogc:def:crs:EPSG::9214"'


def read(path: Path) -> list[SourceLayer]:
    return list(read_gml(Dataset(path, path.parent, (path,))))


def load(folder: Path, *members: str, before: str = "") -> list[SourceLayer]:
    path = folder / "thửa.gml"
    body = "".join(f"<gml:featureMember>{member}</gml:featureMember>" for member in members)
    path.write_text(f"<gml:FeatureCollection {NAMESPACES}>{before}{body}</gml:FeatureCollection>", "utf-8")
    return read(path)


def wkt(layer: SourceLayer) -> list[str | None]:
    return [None if g is None else shapely.to_wkt(g, rounding_precision=3) for g in layer.geometries]


def geometry(folder: Path, element: str) -> shapely.Geometry | None:
    (layer,) = load(folder, f"<cp:Thing><cp:shape>{element}</cp:shape></cp:Thing>")
    found: shapely.Geometry | None = layer.geometries[0]
    return found


def ring(positions: str, kind: str = "exterior") -> str:
    return f"<gml:{kind}><gml:LinearRing><gml:posList>{positions}</gml:posList></gml:LinearRing></gml:{kind}>"


SQUARE = ring("0 0 4 0 4 4 0 4 0 0")
HOLE = ring("1 1 2 1 2 2 1 1", "interior")


def test_names_of_properties_may_begin_with_a_capital(tmp_path: Path) -> None:
    """What QGIS and ogr2ogr write keeps the names of its fields; an object within a property has no name of its own."""
    (layer,) = load(
        tmp_path,
        "<cp:ong><cp:MaOng>CN-1</cp:MaOng><cp:DoSau_m>1.2</cp:DoSau_m>"
        "<cp:name><cp:GeographicalName><cp:text>Lê Lợi</cp:text></cp:GeographicalName></cp:name></cp:ong>",
    )
    assert layer.record(0) == {"gml_id": None, "MaOng": "CN-1", "DoSau_m": "1.2", "name.text": "Lê Lợi"}


def test_inspire_parcel(tmp_path: Path) -> None:
    """The parcel's area goes before its reference point; label and area have the city's words beside their own."""
    (layer,) = load(
        tmp_path,
        f"""<cp:CadastralParcel gml:id="p1"><cp:areaValue uom="m2">16.5</cp:areaValue>
        <cp:referencePoint><gml:Point {HUE}><gml:pos>562895 1820975</gml:pos></gml:Point></cp:referencePoint>
        <cp:geometry><gml:MultiSurface {HUE}><gml:surfaceMember><gml:Surface><gml:patches><gml:PolygonPatch>{SQUARE}
        </gml:PolygonPatch></gml:patches></gml:Surface></gml:surfaceMember></gml:MultiSurface></cp:geometry>
        <cp:inspireId><base:Identifier xmlns:base="b"><base:localId>1</base:localId></base:Identifier></cp:inspireId>
        <cp:label>012</cp:label><cp:endLifespanVersion xsi:nil="true"></cp:endLifespanVersion>
        <cp:zoning xlink:href="#z1"/></cp:CadastralParcel>""",
    )
    assert layer.name == "parcels (CadastralParcel)"
    assert wkt(layer) == ["POLYGON ((0 0, 4 0, 4 4, 0 4, 0 0))"]
    assert layer.record(0) == {
        "parcelno": "012", "area": "16.5", "gml_id": "p1", "areaValue": "16.5", "areaValue_uom": "m2",
        "inspireId.localId": "1", "label": "012", "zoning": "#z1",
    }  # fmt: skip
    assert (layer.crs, layer.crs_origin, layer.encoding) == ("EPSG:9214", "GML", "Unicode")
    assert layer.notes == ("1 features with more than one geometry: the first of the highest dimension is taken",)


@pytest.mark.parametrize(
    ("name", "position", "x_y"),
    [
        ("urn:ogc:def:crs:EPSG::4756", "16.46 107.58", "POINT (107.58 16.46)"),
        ("http://www.opengis.net/def/crs/EPSG/0/4756", "16.46 107.58", "POINT (107.58 16.46)"),
        ("urn:ogc:def:crs:EPSG::9214", "562895 1820975", "POINT (562895 1820975)"),
        ("EPSG:4756", "107.58 16.46", "POINT (107.58 16.46)"),
        ("http://www.opengis.net/gml/srs/epsg.xml#4326", "107.58 16.46", "POINT (107.58 16.46)"),
        ("urn:ogc:def:crs:OGC:1.3:CRS84", "107.58 16.46", "POINT (107.58 16.46)"),
    ],
)
def test_order_of_coordinates(tmp_path: Path, name: str, position: str, x_y: str) -> None:
    """x is east, whatever the register says; plain names always meant that."""
    found = geometry(tmp_path, f'<gml:Point srsName="{name}"><gml:pos>{position}</gml:pos></gml:Point>')
    assert shapely.to_wkt(found, rounding_precision=2) == x_y


def test_system_of_the_envelope(tmp_path: Path) -> None:
    """A geometry without a system is in that of its feature's bounds, or else of the collection's."""
    bounds = '<gml:boundedBy><gml:Envelope srsName="{}" srsDimension="3"/></gml:boundedBy>'
    point = "<gml:Point><gml:pos>1 2 3</gml:pos></gml:Point>"
    line = "<gml:LineString><gml:posList>1 2 3 4 5 6</gml:posList></gml:LineString>"
    layers = load(
        tmp_path,
        f"<A>{bounds.format('urn:ogc:def:crs:EPSG::3405')}<g>{point}</g></A>",
        f"<A><g>{line}</g></A>",
        before=bounds.format("urn:ogc:def:crs:EPSG::9214"),
    )
    assert {layer.crs: wkt(layer) for layer in layers} == {
        "EPSG:3405": ["POINT Z (1 2 3)"],
        "EPSG:9214": ["LINESTRING Z (1 2 3, 4 5 6)"],
    }


def test_compound_system_means_three_numbers(tmp_path: Path) -> None:
    """A vertical system beside the horizontal one tells the dimension."""
    name = "urn:ogc:def:crs,crs:EPSG::4756,crs:EPSG::5727"
    line = f'<gml:LineString srsName="{name}"><gml:posList>16 107 1 17 108 2</gml:posList></gml:LineString>'
    (layer,) = load(tmp_path, f"<A><g>{line}</g></A>")
    assert (layer.crs, wkt(layer)) == ("EPSG:4756+5727", ["LINESTRING Z (107 16 1, 108 17 2)"])


@pytest.mark.parametrize(
    ("element", "expected"),
    [
        (f"<gml:Polygon>{SQUARE}{HOLE}</gml:Polygon>", "POLYGON ((0 0, 4 0, 4 4, 0 4, 0 0), (1 1, 2 1, 2 2, 1 1))"),
        (
            (
                "<gml:Polygon><gml:outerBoundaryIs><gml:LinearRing><gml:coordinates>0,0 4,0 4,4 0,0</gml:coordinates>"
                "</gml:LinearRing></gml:outerBoundaryIs></gml:Polygon>"
            ),
            "POLYGON ((0 0, 4 0, 4 4, 0 0))",
        ),
        (
            '<gml:LineString><gml:coordinates decimal="," cs=";" ts="|">1,5;2|3,5;4</gml:coordinates></gml:LineString>',
            "LINESTRING (1.5 2, 3.5 4)",
        ),
        (
            (
                "<gml:LineString><gml:coord><gml:X>1</gml:X><gml:Y>2</gml:Y></gml:coord><gml:coord><gml:X>3</gml:X>"
                "<gml:Y>4</gml:Y></gml:coord></gml:LineString>"
            ),
            "LINESTRING (1 2, 3 4)",
        ),
        (
            "<gml:LineString><gml:pos>1 2 3</gml:pos><gml:pos>4 5 6</gml:pos></gml:LineString>",
            "LINESTRING Z (1 2 3, 4 5 6)",
        ),
        (
            '<gml:LineString srsDimension="3"><gml:posList>1 2 3 4 5 6</gml:posList></gml:LineString>',
            "LINESTRING Z (1 2 3, 4 5 6)",
        ),
        (
            (
                "<gml:MultiPoint><gml:pointMembers><gml:Point><gml:pos>1 2</gml:pos></gml:Point><gml:Point><gml:pos>3 4"
                "</gml:pos></gml:Point></gml:pointMembers></gml:MultiPoint>"
            ),
            "MULTIPOINT ((1 2), (3 4))",
        ),
        (
            (
                "<gml:Curve><gml:segments>"
                "<gml:LineStringSegment><gml:posList>0 0 1 0</gml:posList></gml:LineStringSegment>"
                "<gml:LineStringSegment><gml:posList>1 0 1 1</gml:posList></gml:LineStringSegment></gml:segments>"
                "</gml:Curve>"
            ),
            "LINESTRING (0 0, 1 0, 1 0, 1 1)",
        ),
        (
            (
                '<gml:OrientableCurve orientation="-"><gml:baseCurve><gml:LineString><gml:posList>0 0 1 0</gml:posList>'
                "</gml:LineString></gml:baseCurve></gml:OrientableCurve>"
            ),
            "LINESTRING (1 0, 0 0)",
        ),
        (
            (
                "<gml:Surface><gml:patches>"
                f"<gml:PolygonPatch>{ring('0 0 1 0 1 1 0 1 0 0')}</gml:PolygonPatch>"
                f"<gml:PolygonPatch>{ring('1 0 2 0 2 1 1 1 1 0')}</gml:PolygonPatch></gml:patches></gml:Surface>"
            ),
            "POLYGON ((0 0, 0 1, 1 1, 2 1, 2 0, 1 0, 0 0))",
        ),
        (
            (
                "<gml:MultiGeometry>"
                "<gml:geometryMember><gml:Point><gml:pos>1 2</gml:pos></gml:Point></gml:geometryMember>"
                "<gml:geometryMember><gml:LineString><gml:posList>0 0 1 1</gml:posList></gml:LineString>"
                "</gml:geometryMember>"
                "</gml:MultiGeometry>"
            ),
            "GEOMETRYCOLLECTION (POINT (1 2), LINESTRING (0 0, 1 1))",
        ),
    ],
)
def test_geometries(tmp_path: Path, element: str, expected: str) -> None:
    """Versions 2, 3.1 and 3.2 of the same things."""
    assert shapely.to_wkt(geometry(tmp_path, element), rounding_precision=3) == expected


@pytest.mark.parametrize(
    ("segment", "length"),
    [
        ("<gml:Arc><gml:posList>0 0 1 1 2 0</gml:posList></gml:Arc>", math.pi),
        ("<gml:Circle><gml:posList>0 0 1 1 2 0</gml:posList></gml:Circle>", 2 * math.pi),
        (
            "<gml:CircleByCenterPoint><gml:pos>1 0</gml:pos><gml:radius>3</gml:radius></gml:CircleByCenterPoint>",
            6 * math.pi,
        ),
        (
            ("<gml:ArcByCenterPoint><gml:pos>1 0</gml:pos><gml:radius>2</gml:radius><gml:startAngle>0</gml:startAngle>"
            "<gml:endAngle>90</gml:endAngle></gml:ArcByCenterPoint>"),
            math.pi,
        ),
    ],
)  # fmt: skip
def test_arcs(tmp_path: Path, segment: str, length: float) -> None:
    """Arcs by points and by centers have the length that they should."""
    found = geometry(tmp_path, f"<gml:Curve><gml:segments>{segment}</gml:segments></gml:Curve>")
    assert found is not None
    assert found.length == pytest.approx(length, rel=1e-4)


@pytest.mark.parametrize(
    "element",
    [
        "<gml:Point><gml:pos>1 x</gml:pos></gml:Point>",
        "<gml:LineString><gml:posList>1 2 3</gml:posList></gml:LineString>",
        "<gml:Curve><gml:segments><gml:Clothoid/></gml:segments></gml:Curve>",
        '<gml:MultiSurface><gml:surfaceMember xlink:href="#elsewhere"/></gml:MultiSurface>',
        "<gml:Solid><gml:exterior/></gml:Solid>",
        "<gml:Curve/>",
        "<gml:Polygon/>",
        "<gml:Curve><gml:segments><gml:Arc><gml:pos>1 2</gml:pos></gml:Arc></gml:segments></gml:Curve>",
    ],
)
def test_geometry_that_is_not_read(tmp_path: Path, element: str) -> None:
    """Nonsense, references and kinds without a meaning here leave a record without geometry, and a note."""
    (layer,) = load(tmp_path, f"<A><g>{element}</g><n>1</n></A>")
    assert wkt(layer) == [None]
    assert layer.columns["n"] == ["1"]
    assert len(layer.notes) == 1


def test_types_are_layers_and_lists_are_told(tmp_path: Path) -> None:
    """Two types make two layers; a property that is there twice is a list; all wrappers of members count."""
    path = tmp_path / "a.gml"
    path.write_text(
        f'<wfs:FeatureCollection xmlns:wfs="w" {NAMESPACES}>'
        "<wfs:member><A><n>1</n><n>2</n></A></wfs:member><wfs:member>"
        "<wfs:FeatureCollection><gml:featureMembers><B/><A/></gml:featureMembers></wfs:FeatureCollection></wfs:member>"
        "</wfs:FeatureCollection>"
    )
    (a, b) = read(path)
    assert (a.name, a.rows.tolist(), a.columns["n"]) == ("A", [1, 2], ["1; 2", None])
    assert (b.name, b.crs, b.crs_origin) == ("B", None, "")


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        (f"<gml:FeatureCollection {NAMESPACES}><gml:featureMember>", Fault.TRUNCATED),
        (f"<gml:FeatureCollection {NAMESPACES}></a>", Fault.UNREADABLE),
        (f"<gml:FeatureCollection {NAMESPACES}/>", Fault.GEOMETRY_MISSING),
        ('<!DOCTYPE a [<!ENTITY b "c">]><a/>', Fault.UNREADABLE),
    ],
)
def test_file_that_is_refused(tmp_path: Path, text: str, fault: Fault) -> None:
    """GDAL alone finds no features in a broken file, and says nothing."""
    path = tmp_path / "a.gml"
    path.write_text(text)
    with pytest.raises(Rejected) as refused:
        read(path)
    assert (refused.value.finding.fault, bool(refused.value.finding.remedy)) == (fault, True)


def test_known_by_content() -> None:
    """The namespaces of the root tell; city models belong to another reader."""
    head = f"<?xml version='1.0'?><!-- c --><x:Any {NAMESPACES}>".encode()
    assert is_gml(head, ".xml")
    assert not is_gml(head.replace(b"<x:Any", b'<x:Any xmlns:c="http://www.opengis.net/citygml/2.0"'), ".gml")
    assert not is_gml(b"<kml xmlns='http://www.opengis.net/kml/2.2'>", ".gml")
    assert not is_gml(b"\0\0", ".gml")


@pytest.mark.shared_data
def test_spanish_cadastral_zones(shared: Path) -> None:
    """235 zones; areas and outlines equal those of an independent reader."""
    (layer,) = read(shared / "parcels/zoning.gml")
    assert (len(layer), layer.name, layer.crs) == (235, "CadastralZoning", "EPSG:32628")
    assert layer.record(0)["nationalCadastalZoningReference"] == "38012A001"
    assert (layer.record(0)["label"], layer.record(0)["levelName"]) == ("001", "POLIGONO")
    assert layer.geometries[0].exterior.coords[0] == (359238.75, 3122739.75)
    _, _, wkb, _ = pyogrio.raw.read((shared / "parcels/zoning.gml").read_bytes())
    others = shapely.from_wkb(wkb)
    assert shapely.area(layer.geometries).tolist() == pytest.approx(shapely.area(others).tolist())
    assert sum(g.geom_type == "MultiPolygon" for g in layer.geometries) == 21


@pytest.mark.shared_data
def test_city_models_are_left_to_others(shared: Path) -> None:
    """None of the CityGML files is claimed."""
    for name in ("parcels/523836_luse_6668_op.gml", "underground/rotterdam/sewer.gml"):
        assert not is_gml((shared / name).read_bytes()[:4096], ".gml")


def test_geometry_in_two_systems_is_none(tmp_path: Path) -> None:
    """A part that names another zone than the whole would lie 27 km off: the inner name was read past."""
    part = "<gml:LineString srsName='{}'><gml:posList>0 0 9 0</gml:posList></gml:LineString>"
    whole = f"<gml:MultiCurve {HUE}><gml:curveMember>{part}</gml:curveMember></gml:MultiCurve>"
    assert geometry(tmp_path, whole.format("urn:ogc:def:crs:EPSG::9214")) is not None
    (layer,) = load(tmp_path, f"<cp:Thing><cp:shape>{whole.format('EPSG:9215')}</cp:shape></cp:Thing>")
    assert layer.geometries.tolist() == [None]
    assert layer.notes == ("1 geometries with parts in several reference systems",)
