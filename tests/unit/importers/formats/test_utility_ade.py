"""CityGML Utility Network ADE: components of a network, their media, materials and sizes."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

import pytest

from importers.attributes import read_attributes
from importers.elevation import read_verticals
from importers.faults import Fault, Rejected
from importers.formats.utility_ade import is_utility_ade, read_utility_ade
from importers.node_heights import read_node_heights
from importers.recognition import recognise
from importers.section import read_sections
from importers.source import Dataset
from layers.crs import parse_crs
from layers.terrain import Ground
from layers.utilities import Discipline, ElevationSource, SectionShape

if TYPE_CHECKING:
    from pathlib import Path

HEAD = (
    '<core:CityModel xmlns:core="http://www.opengis.net/citygml/2.0" xmlns:gml="http://www.opengis.net/gml"'
    ' xmlns:xlink="http://www.w3.org/1999/xlink" xmlns:u="http://www.citygml.org/ade/utility/0.9.3">'
)
NO_GROUND = Ground(parse_crs("EPSG:9214"), ())


def of(path: Path) -> Dataset:
    return Dataset(path, path.parent, (path,))


def a_city(tmp_path: Path, *components: str, medium: str = "", extra: str = "", srs: str = "EPSG:9214") -> Dataset:
    path = tmp_path / "city.gml"
    parts = "".join(f"<u:component>{c}</u:component>" for c in components)
    box = f'<gml:boundedBy><gml:Envelope srsName="{srs}" srsDimension="3"/></gml:boundedBy>' if srs else ""
    carried = f"<u:transportedMedium>{medium}</u:transportedMedium>" if medium else ""
    network = f"<core:cityObjectMember><u:Network>{carried}{parts}</u:Network></core:cityObjectMember>"
    path.write_text(f"{HEAD}{box}{network}{extra}</core:CityModel>")
    return of(path)


def a_line(inside: str = "", srs: str = "", kind: str = "RoundPipe", xyz: str = "1 2 3 4 5 6") -> str:
    name = f' srsName="{srs}"' if srs else ""
    return (
        f'<u:{kind} gml:id="p1">{inside}<u:lod1Geometry><gml:LineString{name} srsDimension="3">'
        f"<gml:posList>{xyz}</gml:posList></gml:LineString></u:lod1Geometry></u:{kind}>"
    )


@pytest.mark.shared_data
def test_rotterdam(shared: Path) -> None:
    """246 sewers and 231 manholes in RD; heights of 0 stand as delivered; the street gives the covers."""
    pipes, nodes = read_utility_ade(of(shared / "underground/rotterdam/sewer.gml"))
    assert [(la.name, len(la), la.crs) for la in (pipes, nodes)] == [
        ("wastewater pipes", 246, "EPSG:28992"), ("wastewater nodes", 231, "EPSG:28992"),
    ]  # fmt: skip
    first = pipes.record(0)
    assert pipes.geometries[0].coords[:] == [
        (83419.8290909091, 431566.309090909, 0.0), (83438.025, 431587.985, 0.0),
    ]  # fmt: skip
    assert (first["innerdiameter"], first["shape"], first["material"]) == (315.0, "circular", "PVC")
    assert (first["status"], first["description"]) == ("in_service", "Rond 315")
    assert Counter(pipes.columns["innerdiameter"]) == {300: 13, 315: 27, 400: 73, 500: 65, 600: 12, None: 56}
    assert Counter(pipes.columns["material"]) == {"BT": 208, "PVC": 38}
    assert nodes.record(0)["kind"] == "manhole"
    assert nodes.columns["coverelevation"][:2] == [1.56572016439651, 1.59350596535194]
    assert None not in nodes.columns["coverelevation"]


def test_boxes_are_no_banks(tmp_path: Path) -> None:
    """A rectangular pipe says its shape by its kind, and its outside and inside."""
    sizes = {"interiorWidth": 800, "interiorHeight": 600, "exteriorWidth": 1040, "exteriorHeight": 840}
    inside = "".join(f'<u:{name} uom="mm">{value}</u:{name}>' for name, value in sizes.items())
    (layer,) = read_utility_ade(a_city(tmp_path, a_line(inside, kind="RectangularPipe")))
    (section,) = read_sections(read_attributes("utility_lines", layer.columns, 1), ["reinforced concrete"])
    assert (section.shape, section.wall_m) == (SectionShape.RECTANGULAR, pytest.approx(0.12))
    assert (section.outer_width_m, section.inner_height_m) == pytest.approx((1.04, 0.6))


@pytest.mark.shared_data
def test_rotterdam_height_of_zero_is_no_height(shared: Path) -> None:
    """Everything after the reader knows the sizes, refuses the zeros and finds the covers."""
    pipes, nodes = read_utility_ade(of(shared / "underground/rotterdam/sewer.gml"))
    attributes = read_attributes("utility_lines", pipes.columns, len(pipes))
    sections = read_sections(attributes, attributes.values("material"))
    found = read_verticals(pipes.geometries, attributes, sections, NO_GROUND)
    assert set(found.source) == {ElevationSource.NONE}
    assert sections[0].inner_width_m == pytest.approx(0.315)
    heights = read_node_heights(
        nodes.geometries, read_attributes("utility_nodes", nodes.columns, len(nodes)), NO_GROUND
    )
    assert heights.cover[0] == pytest.approx(1.56572016439651)


@pytest.mark.parametrize(
    ("medium", "name", "discipline"),
    [
        ("<u:LiquidMedium><u:type>wasteWater</u:type></u:LiquidMedium>", "wastewater pipes", Discipline.WASTEWATER),
        ("<u:LiquidMedium><u:type>rainWater</u:type></u:LiquidMedium>", "storm pipes", Discipline.STORM),
        ("<u:LiquidMedium><u:type>freshWater</u:type></u:LiquidMedium>", "water pipes", Discipline.WATER),
        ("<u:GaseousMedium/>", "gas pipes", Discipline.GAS),
        ("<u:ElectricalMedium/>", "power pipes", Discipline.POWER),
        ("<u:OpticalMedium/>", "telecom pipes", Discipline.TELECOM),
        ("<u:LiquidMedium><u:type>beer</u:type></u:LiquidMedium>", "utility pipes", None),
        ("", "utility pipes", None),
    ],
)
def test_medium_is_the_discipline(tmp_path: Path, medium: str, name: str, discipline: Discipline | None) -> None:
    """What a network transports says whose it is; what is not known stays open."""
    dataset = a_city(tmp_path, a_line(), medium=medium)
    (pipes,) = read_utility_ade(dataset)
    target = recognise(pipes, dataset, None)
    assert (pipes.name, target.table, target.discipline) == (name, "utility_lines", discipline)


@pytest.mark.parametrize(
    ("inside", "expected"),
    [
        ('<u:exteriorDiameter uom="cm">40</u:exteriorDiameter>', {"outerdiameter_mm": 400.0}),
        ('<u:interiorDiameter uom="m">0.3</u:interiorDiameter>', {"innerdiameter_mm": 300.0}),
        ("<u:interiorDiameter>0.3</u:interiorDiameter>", {"innerdiameter": 0.3}),
        ('<u:exteriorWidth uom="ell">3</u:exteriorWidth>', {"outerwidth_mm": None}),
        ("<u:interiorWidth>wide</u:interiorWidth>", {"width": None}),
    ],
)
def test_sizes(tmp_path: Path, inside: str, expected: dict[str, float | None]) -> None:
    """A stated unit is converted, a plain number keeps none, and an unknown unit is no size."""
    (pipes,) = read_utility_ade(a_city(tmp_path, a_line(inside)))
    assert {k: pipes.record(0).get(k) for k in expected} == expected


def test_two_styles_of_names_are_one_system(tmp_path: Path) -> None:
    """The short name, the URN and what the envelope says for those without are the same place."""
    lines = [a_line(srs=srs) for srs in ("epsg:9214", "urn:ogc:def:crs:EPSG::9214", "")]
    (pipes,) = read_utility_ade(a_city(tmp_path, *lines))
    assert (len(pipes), pipes.crs) == (3, "EPSG:9214")
    assert {tuple(g.coords[0]) for g in pipes.geometries} == {(1.0, 2.0, 3.0)}


def test_latitude_comes_second(tmp_path: Path) -> None:
    """Under a URN a geographic system comes latitude first; x is longitude all the same."""
    line = a_line(srs="urn:ogc:def:crs:EPSG::4326", xyz="16.46 107.59 1 16.47 107.6 2")
    (pipes,) = read_utility_ade(a_city(tmp_path, line, srs=""))
    assert pipes.geometries[0].coords[:] == [(107.59, 16.46, 1.0), (107.6, 16.47, 2.0)]


def test_material_inside_or_by_reference(tmp_path: Path) -> None:
    """A material may stand in the pipe or be named; one that is nowhere is none."""
    inline = "<u:hasMaterial><u:ExteriorMaterial><u:type>steel</u:type></u:ExteriorMaterial></u:hasMaterial>"
    named, lost = '<u:hasMaterial xlink:href="#m"/>', '<u:hasMaterial xlink:href="#lost"/>'
    pvc = '<u:ExteriorMaterial gml:id="m"><u:type>PVC</u:type></u:ExteriorMaterial>'
    extra = f"<core:cityObjectMember>{pvc}</core:cityObjectMember>"
    (pipes,) = read_utility_ade(a_city(tmp_path, a_line(inline), a_line(named), a_line(lost), extra=extra))
    assert pipes.columns["material"] == ["steel", "PVC", None]


def test_missing_and_broken_geometry_stays_visible(tmp_path: Path) -> None:
    """A component without a shape, and one whose numbers are none, are records without geometry."""
    (pipes,) = read_utility_ade(a_city(tmp_path, "<u:Cable/>", a_line(xyz="1 2 drei"), a_line(xyz="1 2 3")))
    assert pipes.geometries.tolist() == [None, None, None]


@pytest.mark.parametrize(
    ("content", "fault"),
    [(f"{HEAD}</core:CityModel>", Fault.GEOMETRY_MISSING), (HEAD, Fault.TRUNCATED), ("", Fault.TRUNCATED)],
)
def test_what_cannot_be_read_says_so(tmp_path: Path, content: str, fault: Fault) -> None:
    """A city model without a network, or half of one, is sent back."""
    path = tmp_path / "a.gml"
    path.write_text(content)
    with pytest.raises(Rejected) as caught:
        list(read_utility_ade(of(path)))
    assert caught.value.finding.fault is fault


def test_known_by_its_namespace() -> None:
    """Other city models are not for this reader."""
    assert is_utility_ade(HEAD.encode(), ".xml")
    assert not is_utility_ade(b'<CityModel xmlns="http://www.opengis.net/citygml/2.0">', ".gml")
