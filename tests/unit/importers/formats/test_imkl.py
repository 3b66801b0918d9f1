"""IMKL: features that name their links, their networks and their depths."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from importers.attributes import read_attributes
from importers.faults import Fault, Rejected
from importers.formats.imkl import is_imkl, read_imkl
from importers.recognition import recognise
from importers.section import read_sections
from importers.source import Dataset
from importers.vocabulary import attributes_of, match_fields
from layers.utilities import Discipline

if TYPE_CHECKING:
    from pathlib import Path

    from importers.source import SourceLayer

HEAD = (
    '<gml:FeatureCollection xmlns:gml="http://www.opengis.net/gml/3.2" xmlns:xlink="http://www.w3.org/1999/xlink"'
    ' xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" xmlns:imkl="http://www.geostandaarden.nl/imkl/wibon"'
    ' xmlns:net="http://inspire.ec.europa.eu/schemas/net/4.0"'
    ' xmlns:us-net-common="http://inspire.ec.europa.eu/schemas/us-net-common/4.0"'
    ' xmlns:us-net-el="http://inspire.ec.europa.eu/schemas/us-net-el/4.0">'
)
LIST = "http://definities.geostandaarden.nl/imkl2015/id/waarde"
INSPIRE = "http://inspire.ec.europa.eu/codelist"


def a_link(name: str, positions: str = "155000 463000 155010 463000", *, curve: bool = False) -> str:
    listed = f"<gml:posList>{positions}</gml:posList>"
    line = f'<gml:LineString srsName="EPSG:28992">{listed}</gml:LineString>'
    if curve:
        segments = f"<gml:segments><gml:LineStringSegment>{listed}</gml:LineStringSegment></gml:segments>"
        line = f'<gml:Curve srsName="urn:ogc:def:crs:EPSG::28992" srsDimension="2">{segments}</gml:Curve>'
    return (
        f'<us-net-common:UtilityLink gml:id="{name}"><net:centrelineGeometry>{line}</net:centrelineGeometry>'
        "</us-net-common:UtilityLink>"
    )


def a_net(name: str, theme: str, owner: str = 'xlink:href="#ORG"/>') -> str:
    return (
        f'<imkl:Utiliteitsnet gml:id="{name}"><us-net-common:authorityRole {owner}'
        f'<imkl:thema xlink:href="{LIST}/Thema/{theme}"/>'
        "<imkl:technischContactpersoon><imkl:naam>J. Jansen</imkl:naam></imkl:technischContactpersoon>"
        "</imkl:Utiliteitsnet>"
    )


def a_feature(kind: str, inside: str = "", *, links: str = "L1", net: str = "N") -> str:
    refs = "".join(f'<net:link xlink:href="{link}"/>' for link in links.split())
    return f'<imkl:{kind} gml:id="F"><net:inNetwork xlink:href="{net}"/>{refs}{inside}</imkl:{kind}>'


def a_depth(name: str, metres: str, at: str = "bovenkant", *, unit: str = "m", kind: str = "DiepteTovMaaiveld") -> str:
    return (
        f'<imkl:{kind} gml:id="{name}"><imkl:dieptePeil uom="urn:ogc:def:uom:OGC::{unit}">{metres}</imkl:dieptePeil>'
        f'<imkl:diepteAangrijpingspunt xlink:href="{LIST}/DiepteAangrijpingspuntValue/{at}"/></imkl:{kind}>'
    )


ORG = (
    '<imkl:Beheerder gml:id="ORG"><imkl:Organisatie><imkl:naam>Waterbedrijf</imkl:naam></imkl:Organisatie>'
    "</imkl:Beheerder>"
)


def a_delivery(tmp_path: Path, *features: str, theme: str = "water") -> Dataset:
    members = "".join(f"<gml:featureMember>{f}</gml:featureMember>" for f in (a_net("N", theme), ORG, *features))
    path = tmp_path / "GI_levering.xml"
    path.write_text(f'<?xml version="1.0" encoding="UTF-8"?>{HEAD}{members}</gml:FeatureCollection>')
    return Dataset(path, tmp_path, (path,))


def the_layer(dataset: Dataset) -> SourceLayer:
    (layer,) = read_imkl(dataset)
    return layer


def test_water_main(tmp_path: Path) -> None:
    """Everything that the public example of a water main says, in the city's words."""
    inside = (
        f'<us-net-common:currentStatus xlink:href="{INSPIRE}/ConditionOfFacilityValue/functional"/>'
        "<us-net-common:validFrom>2001-12-17T09:30:47.00+01:00</us-net-common:validFrom>"
        '<us-net-common:pipeDiameter uom="urn:ogc:def:uom:OGC::cm">10</us-net-common:pipeDiameter>'
        '<us-net-common:pressure uom="urn:ogc:def:uom:OGC::bar">2</us-net-common:pressure>'
        f'<imkl:geoNauwkeurigheidXY xlink:href="{LIST}/NauwkeurigheidXYvalue/tot50cm"/>'
        f'<imkl:buismateriaalType xlink:href="{LIST}/PipeMaterialTypeIMKLValue/pvc"/>'
        '<imkl:dieptelegging xlink:href="D1"/>'
    )
    dataset = a_delivery(tmp_path, a_feature("Waterleiding", inside), a_link("L1"), a_depth("D1", "1.25"))
    layer = the_layer(dataset)
    assert (layer.name, layer.crs, layer.encoding) == ("water pipes", "EPSG:28992", "Unicode")
    assert layer.geometries[0].wkt == "LINESTRING (155000 463000, 155010 463000)"
    record = layer.record(0)
    assert record == {
        "ownerref": "F", "subtype": "Waterleiding", "owner": "Waterbedrijf", "status": "in_service",
        "installed": "2001-12-17T09:30:47.00+01:00", "horizontalaccuracy_m": 0.5, "thema": "water",
        "discipline": "water", "dieptePeil": "1.25", "depth_m": 1.25, "verticalreference": "crown",
        "outerdiameter_mm": 100.0, "material": "pvc", "pressure": 2.0,
    }  # fmt: skip
    understood = match_fields(layer.columns, attributes_of("utility_lines"))
    assert understood["outer_diameter"] == ("outerdiameter_mm", "mm")
    assert understood["depth_unstated"] == ("depth_m", "m")
    assert {"vertical_reference", "horizontal_accuracy_m", "pressure_bar", "valid_from", "owner"} <= understood.keys()
    section = read_sections(read_attributes("utility_lines", layer.columns, 1), ["PVC"])[0]
    assert section.outer_width_m == pytest.approx(0.1)
    target = recognise(layer, dataset, None)
    assert (target.table, target.discipline) == ("utility_lines", Discipline.WATER)


def test_names_of_persons_are_not_read(tmp_path: Path) -> None:
    """A network names a contact person; the city wants the organisation alone."""
    layer = the_layer(a_delivery(tmp_path, a_feature("Waterleiding"), a_link("L1")))
    assert not any("Jansen" in str(value) for column in layer.columns.values() for value in column)


@pytest.mark.parametrize(
    ("kind", "theme", "inside", "name"),
    [
        ("Elektriciteitskabel", "middenspanning", "", "power cable lines"),
        ("ElectricityCable", "overig", "", "power cable lines"),
        ("Telecommunicatiekabel", "datatransport", "", "telecom cable lines"),
        ("ThermischePijpleiding", "warmte", "", "heat pipes"),
        ("Rioolleiding", "rioolVrijverval", "", "wastewater pipes"),
        ("Rioolleiding", "rioolVrijverval", "sewerWaterType SewerWaterTypeValue/storm", "storm pipes"),
        ("Rioolleiding", "rioolVrijverval", "sewerWaterType SewerWaterTypeValue/combined", "combined pipes"),
        ("OlieGasChemicalienPijpleiding", "gasLageDruk", "", "gas pipes"),
        ("OlieGasChemicalienPijpleiding", "overig", "oilGasChemicalsProductType P/naturalGas", "gas pipes"),
        ("OlieGasChemicalienPijpleiding", "petrochemie", "", "other pipes"),
        ("Kabelbed", "laagspanning", "", "power duct lines"),
        ("Duct", "datatransport", "", "telecom duct lines"),
        ("Mantelbuis", "gasHogeDruk", "", "gas duct lines"),
        ("Overig", "wees", "", "other pipes"),
    ],
)  # fmt: skip
def test_disciplines(tmp_path: Path, kind: str, theme: str, inside: str, name: str) -> None:
    """The class tells, or the product, or the network's theme."""
    property_, _, value = inside.partition(" ")
    stated = f'<imkl:{property_} xlink:href="{INSPIRE}/{value}"/>' if inside else ""
    dataset = a_delivery(tmp_path, a_feature(kind, stated), a_link("L1"), theme=theme)
    layer = the_layer(dataset)
    target = recognise(layer, dataset, None)
    assert (layer.name, target.table) == (name, "utility_lines")
    assert target.discipline == (None if name.startswith("other") else name.split(maxsplit=1)[0])


def test_several_links_are_one_record(tmp_path: Path) -> None:
    """A delivery cuts a pipe at the edge of its area: the parts stay one feature, in every style of curve."""
    feature = a_feature("Waterleiding", links="L1 #L2 nowhere")
    layer = the_layer(a_delivery(tmp_path, feature, a_link("L1"), a_link("L2", "5 6 7 8", curve=True)))
    assert layer.geometries[0].wkt == "MULTILINESTRING ((155000 463000, 155010 463000), (5 6, 7 8))"


@pytest.mark.parametrize(
    ("depths", "depth_m", "reference", "given"),
    [
        ([a_depth("D1", "80", unit="cm")], 0.8, "crown", "80"),
        ([a_depth("D1", "1.4", "binnenonderkantBuis")], 1.4, "invert", "1.4"),
        ([a_depth("D1", "0.8"), a_depth("D2", "0.8")], 0.8, "crown", "0.8; 0.8"),
        ([a_depth("D1", "0.8"), a_depth("D2", "1.2")], None, None, "0.8; 1.2"),
        ([a_depth("D1", "0.8", unit="bar")], None, "crown", "0.8"),
        ([a_depth("D1", "-1.3", kind="DiepteNAP")], None, None, None),
        ([], None, None, None),
    ],
)
def test_depths(
    tmp_path: Path, depths: list[str], depth_m: float | None, reference: str | None, given: str | None
) -> None:
    """One depth for the whole length, to the top or to the inside bottom; where they differ, none is chosen."""
    refs = "".join(f'<imkl:dieptelegging xlink:href="D{i + 1}"/>' for i in range(len(depths)))
    record = the_layer(a_delivery(tmp_path, a_feature("Waterleiding", refs), a_link("L1"), *depths)).record(0)
    assert record.get("depth_m") == pytest.approx(depth_m) if depth_m else record.get("depth_m") is None
    assert (record.get("verticalreference"), record.get("dieptePeil")) == (reference, given)
    assert record.get("dieptePeil NAP") == ("-1.3" if "DiepteNAP" in "".join(depths) else None)


def test_sizes_of_cables_and_ducts(tmp_path: Path) -> None:
    """Diameter of the cable, width of the bed, number of cables, volts; nil values are none."""
    cable = a_feature(
        "Elektriciteitskabel",
        '<us-net-el:operatingVoltage uom="urn:ogc:def:uom:OGC::V">230</us-net-el:operatingVoltage>'
        '<us-net-el:nominalVoltage uom="urn:ogc:def:uom:OGC::V">400</us-net-el:nominalVoltage>'
        '<imkl:kabelDiameter uom="urn:ogc:def:uom:OGC::mm">45</imkl:kabelDiameter>',
    )
    bed = a_feature(
        "Kabelbed",
        '<us-net-common:ductWidth uom="urn:ogc:def:uom:OGC::cm">40</us-net-common:ductWidth>'
        "<imkl:aantalKabelsLeidingen>6</imkl:aantalKabelsLeidingen>"
        '<us-net-common:pipeDiameter uom="urn:ogc:def:uom:OGC::cm" xsi:nil="true"/>',
    )
    cables, beds = read_imkl(a_delivery(tmp_path, cable, bed, a_link("L1"), theme="laagspanning"))
    assert (cables.record(0)["outerdiameter_mm"], cables.record(0)["voltage"]) == (45.0, 400.0)
    assert (beds.record(0)["outerwidth_mm"], beds.record(0)["ducts"]) == (400.0, "6")
    assert beds.record(0).get("outerdiameter_mm") is None


def test_elements_are_nodes(tmp_path: Path) -> None:
    """Manholes, cabinets and fittings stand at their own point and belong to their network."""
    point = '<gml:Point srsName="epsg:28992"><gml:pos srsDimension="2">155203.5 389052.3</gml:pos></gml:Point>'
    place = f"<net:geometry>{point}</net:geometry>"
    valve = f'<us-net-common:appurtenanceType xlink:href="{INSPIRE}/WaterAppurtenanceTypeValue/checkValve"/>'
    dataset = a_delivery(
        tmp_path,
        a_feature("Mangat", place),
        a_feature("Kast", place),
        a_feature("Appurtenance", place + valve),
        a_feature("Toren"),
    )
    layer = the_layer(dataset)
    assert (layer.name, layer.columns["kind"]) == ("water nodes", ["manhole", "cabinet", None, None])
    assert layer.columns["subtype"] == ["Mangat", "Kast", "checkValve", "Toren"]
    assert [g and g.coords[0] for g in layer.geometries] == [(155203.5, 389052.3)] * 3 + [None]
    assert recognise(layer, dataset, None).table == "utility_nodes"


def test_references_to_nothing_leave_a_record_without_geometry(tmp_path: Path) -> None:
    """A pipe whose link was not delivered stays visible."""
    layer = the_layer(a_delivery(tmp_path, a_feature("Waterleiding", links="lost", net="lost")))
    assert layer.geometries.tolist() == [None]
    assert layer.record(0)["ownerref"] == "F"


@pytest.mark.parametrize(
    ("owner", "expected"),
    [
        ('xlink:href="#ORG"/>', "Waterbedrijf"),
        ('xlink:href="gembest"/>', "gembest"),
        (">Enexis</us-net-common:authorityRole>", "Enexis"),
    ],
)
def test_owner(tmp_path: Path, owner: str, expected: str) -> None:
    """The organisation by its name where it was delivered, or else as it is called."""
    pipe = a_feature("Waterleiding", net="M")
    layer = the_layer(a_delivery(tmp_path, a_net("M", "water", owner), pipe, a_link("L1")))
    assert layer.record(0)["owner"] == expected


@pytest.mark.parametrize(
    ("content", "fault"),
    [
        (f"{HEAD}</gml:FeatureCollection>", Fault.GEOMETRY_MISSING),
        (f"{HEAD}<gml:featureMember>{ORG}</gml:featureMember></gml:FeatureCollection>", Fault.GEOMETRY_MISSING),
        (HEAD, Fault.TRUNCATED),
    ],
)
def test_what_cannot_be_read_says_so(tmp_path: Path, content: str, fault: Fault) -> None:
    """A delivery without cables, and half of one, is sent back."""
    path = tmp_path / "a.xml"
    path.write_text(content)
    with pytest.raises(Rejected) as caught:
        list(read_imkl(Dataset(path, tmp_path, (path,))))
    assert caught.value.finding.fault is fault
    assert caught.value.finding.remedy


def test_known_by_its_namespace() -> None:
    """Old and new namespaces, Dutch and Flemish; other feature collections are not for this reader."""
    for name in (
        "http://www.geostandaarden.nl/imkl/wibon",
        "http://www.geonovum.nl/wion/2015/1.0",
        "http://mir.agiv.be/cl/AGIV/IMKL2.3/",
    ):
        assert is_imkl(f'<gml:FeatureCollection xmlns:i="{name}">'.encode(), ".xml")
    assert not is_imkl(b'<gml:FeatureCollection xmlns:gml="http://www.opengis.net/gml/3.2">', ".gml")
    assert not is_imkl(b'<CityModel xmlns:i="http://imkl">', ".gml")
