"""LandXML pipe networks: inverts, sections, units, and what is no pipe network."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest

from importers.attributes import read_attributes
from importers.elevation import read_verticals
from importers.faults import Fault, Rejected
from importers.formats.landxml import is_landxml, read_landxml
from importers.recognition import recognise
from importers.section import read_sections
from importers.source import Dataset
from layers.crs import parse_crs
from layers.terrain import Ground
from layers.utilities import Discipline

if TYPE_CHECKING:
    from pathlib import Path

    from importers.source import SourceLayer

METRIC = '<Metric linearUnit="meter" diameterUnit="millimeter"/>'
US = '<Imperial linearUnit="USSurveyFoot" diameterUnit="inch"/>'


def a_network(tmp_path: Path, pipe: str, *, units: str = METRIC, extra: str = "", kind: str = "sanitary") -> Dataset:
    """Two structures, A at north 10, east 20 and B at north 40, east 60, and a pipe P from A to B."""
    text = f"""<?xml version="1.0"?><LandXML xmlns="http://www.landxml.org/schema/LandXML-1.2" version="1.2">
    <Units>{units}</Units>{extra}
    <PipeNetworks name="n"><PipeNetwork name="net" pipeNetType="{kind}" state="existing"><Structs>
    <Struct name="A" elevRim="9" elevSump="4" state="existing"><Center>10 20</Center>
      <CircStruct diameter="1000" thickness="100"/><Invert elev="5" flowDir="out" refPipe="P"/></Struct>
    <Struct name="B" elevRim="8"><Center>40 60</Center><RectStruct width="800" length="1200"/>
      <Invert elev="4.5" flowDir="in" refPipe="P"/><Invert elev="4" flowDir="out" refPipe="Q"/></Struct>
    </Structs><Pipes><Pipe name="P" refStart="A" refEnd="B" slope="1" state="abandoned">{pipe}</Pipe></Pipes>
    </PipeNetwork></PipeNetworks></LandXML>"""
    path = tmp_path / "network.xml"
    path.write_text(text)
    return Dataset(path, tmp_path, (path,))


def of(path: Path) -> Dataset:
    return Dataset(path, path.parent, (path,))


def axis(layer: SourceLayer, index: int) -> list[float]:
    """Elevations of a line's axis, as everything after the reader finds them."""
    attributes = read_attributes("utility_lines", layer.columns, len(layer)).take([index])
    sections = read_sections(attributes, attributes.values("material"))
    found = read_verticals(layer.geometries[[index]], attributes, sections, Ground(parse_crs("EPSG:9214"), ()))
    return found.z.tolist()


@pytest.mark.shared_data
def test_finnish_storm_sewer(shared: Path) -> None:
    """Northing and easting change places; inverts come from the structures, by the pipe that they name."""
    pipes, nodes = read_landxml(of(shared / "underground/landxml/UT_DrainageSystem_1_1.xml"))
    assert [(la.name, len(la), la.crs) for la in (pipes, nodes)] == [
        ("storm pipes", 6, "EPSG:3878"), ("storm nodes", 7, "EPSG:3878"),
    ]  # fmt: skip
    first, plastic = pipes.record(0), pipes.record(4)
    assert pipes.geometries[0].coords[:] == [(24525622.894716, 6876920.244796), (24525638.85985, 6876915.184007)]
    assert (first["ownerref"], first["invertstart"], first["invertend"]) == ("8", 124.984735, 124.927521)
    assert (first["innerdiameter_mm"], first["wall_mm"], first["material"], first["status"]) == (
        400.0, 60.0, "betoni", "planned",
    )  # fmt: skip
    assert (plastic["innerdiameter_mm"], plastic["wall_mm"]) == pytest.approx((239.0, 5.5))
    assert (plastic["invertstart"], plastic["invertend"]) == (125.3, 123.944295)
    manhole = nodes.record(0)
    assert (manhole["coverelevation"], manhole["bottomelevation"]) == (126.944735, 124.984735)
    assert (manhole["kind"], manhole["diameter_mm"]) == ("manhole", pytest.approx(760.0))
    assert nodes.notes == ("elevations are in '3900'",)


@pytest.mark.shared_data
def test_ditches_are_no_pipes(shared: Path) -> None:
    """An open channel has inverts but no section; the one culvert among nine ditches has both."""
    pipes, nodes = read_landxml(of(shared / "underground/landxml/UT_DrainageSystem_2_1.xml"))
    assert (len(pipes), len(nodes)) == (10, 11)
    assert [pipes.columns["subtype"].count("open channel"), pipes.columns["shape"].count(None)] == [9, 9]
    culvert = pipes.record(9)
    assert (culvert["invertstart"], culvert["invertend"], culvert["innerdiameter_mm"]) == (125.29, 125.19, 239.0)
    assert pipes.record(0)["Channel height"] == "300.0"


@pytest.mark.shared_data
@pytest.mark.parametrize("name", ["UT_DrainageSystem_1_2.xml", "UT_DrainageSystem_2_2.xml"])
def test_surface_is_sent_back(shared: Path, name: str) -> None:
    """A terrain model is no network; the answer says what to export instead."""
    with pytest.raises(Rejected, match="a surface, not a pipe network") as caught:
        list(read_landxml(of(shared / "underground/landxml" / name)))
    assert caught.value.finding.fault is Fault.UNKNOWN_FORMAT
    assert caught.value.finding.remedy == "export the surface as GeoTIFF"


def test_invert_becomes_axis(tmp_path: Path) -> None:
    """Half the inner height above the invert, whatever the wall."""
    pipes, _ = read_landxml(a_network(tmp_path, '<CircPipe diameter="300" thickness="40" material="concrete"/>'))
    assert axis(pipes, 0) == pytest.approx([5.15, 4.65])
    assert (pipes.crs, pipes.record(0)["status"], pipes.record(0)["discipline"]) == (None, "abandoned", "wastewater")


@pytest.mark.parametrize(
    ("pipe", "expected"),
    [
        ('<CircPipe diameter="300" thickness="40"/>', ("circular", 300.0, None, None, 40.0)),
        ('<RectPipe width="2000" height="1500" thickness="200"/>', ("rectangular", None, 2000.0, 1500.0, 200.0)),
        ('<EggPipe span="600" height="900"/>', ("egg", None, 600.0, 900.0, None)),
        ('<ElliPipe span="1500" height="1000"/>', (None, None, 1500.0, 1000.0, None)),
        ('<CircPipe diameter="NaN" thickness=""/>', ("circular", None, None, None, None)),
    ],
)
def test_sections(tmp_path: Path, pipe: str, expected: tuple[object, ...]) -> None:
    """Each kind of pipe names its own sizes."""
    pipes, _ = read_landxml(a_network(tmp_path, pipe))
    record = pipes.record(0)
    assert tuple(record.get(k) for k in ("shape", "innerdiameter_mm", "width_mm", "height_mm", "wall_mm")) == expected


def test_feet_and_inches_are_converted_exactly(tmp_path: Path) -> None:
    """Elevations of a survey in US feet come in metres; coordinates stay in the unit of their system."""
    pipes, nodes = read_landxml(a_network(tmp_path, '<CircPipe diameter="12" thickness="1"/>', units=US))
    assert pipes.geometries[0].coords[:] == [(20.0, 10.0), (60.0, 40.0)]
    record = pipes.record(0)
    assert (record["invertstart"], record["invertend"]) == pytest.approx((6000 / 3937, 5400 / 3937), abs=1e-12)
    assert (record["innerdiameter_mm"], record["wall_mm"]) == pytest.approx((304.8, 25.4), abs=1e-9)
    assert record["CircPipe diameter"] == "12"
    assert nodes.record(0)["coverelevation"] == pytest.approx(9 * 1200 / 3937)


def test_size_without_unit_is_no_size(tmp_path: Path) -> None:
    """A diameter whose unit the file hides is kept as text and used for nothing."""
    units = '<Imperial linearUnit="foot"/>'
    pipes, _ = read_landxml(a_network(tmp_path, '<CircPipe diameter="12"/>', units=units))
    assert pipes.record(0)["CircPipe diameter"] == "12"
    assert "innerdiameter_mm" not in pipes.columns
    assert pipes.record(0)["invertstart"] == pytest.approx(1.524)


def test_nodes(tmp_path: Path) -> None:
    """The outside of a structure has its walls; without a sump the lowest invert is the bottom."""
    _, nodes = read_landxml(a_network(tmp_path, '<CircPipe diameter="300"/>'))
    round_one, square = nodes.record(0), nodes.record(1)
    assert (round_one["diameter_mm"], round_one["bottomelevation"]) == (1200.0, 4.0)
    assert (square["width_mm"], square["length_mm"], square["bottomelevation"]) == (800.0, 1200.0, 4.0)
    assert nodes.geometries[1].coords[0] == (60.0, 40.0)


@pytest.mark.parametrize(
    ("system", "crs"),
    [
        ('<CoordinateSystem epsgCode="9214"/>', "EPSG:9214"),
        ('<CoordinateSystem epsgCode="EPSG:9214"/>', "EPSG:9214"),
        ('<CoordinateSystem epsgCode="" name="local"/>', None),
        ("<CoordinateSystem ogcWktCode='PROJCS[\"x\"]'/>", 'PROJCS["x"]'),
        ("", None),
    ],
)
def test_reference_system(tmp_path: Path, system: str, crs: str | None) -> None:
    """A code where it is declared, and nothing where it is not."""
    pipes, _ = read_landxml(a_network(tmp_path, '<CircPipe diameter="300"/>', extra=system))
    assert pipes.crs == crs


@pytest.mark.parametrize(("kind", "discipline"), [("sanitary", "wastewater"), ("storm", "storm"), ("water", "water")])
def test_layers_are_recognised(tmp_path: Path, kind: str, discipline: str) -> None:
    """The names of the layers lead to their tables and disciplines."""
    dataset = a_network(tmp_path, '<CircPipe diameter="300"/>', kind=kind)
    targets = [recognise(layer, dataset, None) for layer in read_landxml(dataset)]
    assert [(t.table, t.discipline) for t in targets] == [
        ("utility_lines", Discipline(discipline)), ("utility_nodes", Discipline(discipline)),
    ]  # fmt: skip


def test_centre_may_name_a_survey_point(tmp_path: Path) -> None:
    """A structure's place may stand among the coordinate geometry points."""
    dataset = a_network(
        tmp_path, '<CircPipe diameter="300"/>', extra="<CgPoints><CgPoint name='7'>1 2 3</CgPoint></CgPoints>"
    )
    dataset.path.write_text(dataset.path.read_text().replace("<Center>10 20</Center>", '<Center pntRef="7"/>'))
    pipes, nodes = read_landxml(dataset)
    assert nodes.geometries[0].coords[0] == (2.0, 1.0)
    assert pipes.geometries[0].coords[0] == (2.0, 1.0)


def test_missing_parts_are_told_record_by_record(tmp_path: Path) -> None:
    """A pipe to a structure that is not there, and coordinates that are none, have no geometry; the rest is read."""
    dataset = a_network(tmp_path, "")
    text = dataset.path.read_text().replace('refEnd="B"', 'refEnd="Z"').replace("<Center>10 20", "<Center>here")
    dataset.path.write_text(text)
    pipes, nodes = read_landxml(dataset)
    assert pipes.geometries.tolist() == [None]
    assert [g is None for g in nodes.geometries] == [True, False]
    assert np.array_equal(nodes.rows, [1, 2])


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("<LandXML/>", "no pipe network"),
        ("<LandXML><Alignments/></LandXML>", "no pipe network"),
        ("<LandXML><PipeNetworks><PipeNetwork/></PipeNetworks></LandXML>", "no unit of length"),
        (
            "<LandXML><Units><Metric linearUnit='li'/></Units><PipeNetworks><PipeNetwork/></PipeNetworks></LandXML>",
            "no unit of length",
        ),
        ("<LandXML><PipeNetworks>", "no complete XML"),
        ("", "no complete XML"),
    ],
)  # fmt: skip
def test_what_cannot_be_read_says_so(tmp_path: Path, content: str, said: str) -> None:
    """Every refusal has a reason and a remedy."""
    path = tmp_path / "a.xml"
    path.write_text(content)
    with pytest.raises(Rejected, match=said) as caught:
        list(read_landxml(of(path)))
    assert caught.value.finding.remedy


def test_known_by_content() -> None:
    """The root element tells, not the name of the file."""
    assert is_landxml(b'<?xml version="1.0"?><LandXML xmlns="x">', ".txt")
    assert not is_landxml(b"<CityModel/>", ".xml")


def test_structures_of_one_name_at_two_places_end_no_pipe(tmp_path: Path) -> None:
    """Which of the two a pipe means nobody can say: it has no course, and both structures are there."""
    dataset = a_network(tmp_path, '<CircPipe diameter="300"/>')
    text = dataset.path.read_text().replace("</Structs>", '<Struct name="B"><Center>90 90</Center></Struct></Structs>')
    dataset.path.write_text(text)
    pipes, nodes = read_landxml(dataset)
    assert pipes.geometries.tolist() == [None]
    assert [(g.x, g.y) for g in nodes.geometries] == [(20, 10), (60, 40), (90, 90)]


def test_curved_pipes_bend_around_their_centre(tmp_path: Path) -> None:
    """A quarter of a circle of 40 m lies 12 m beside its chord: drawn straight, a dig would miss it."""
    body = '<CircPipe diameter="300"/><Center>10 60</Center>'
    (pipe, *_), nodes = (layer.geometries for layer in read_landxml(a_network(tmp_path, body)))
    assert (pipe.coords[0], pipe.coords[-1]) == ((20, 10), (60, 40))
    assert len(pipe.coords) == 2, "the ends are 40 and 30 m from that centre"
    dataset = a_network(tmp_path, body)
    dataset.path.write_text(dataset.path.read_text().replace("<Center>40 60</Center>", "<Center>50 60</Center>"))
    (pipe, *_), nodes = (layer.geometries for layer in read_landxml(dataset))
    assert (pipe.coords[0], pipe.coords[-1]) == ((20, 10), (60, 50))
    away = np.hypot(*(np.array(pipe.coords) - (60, 10)).T)
    assert np.allclose(away, 40, atol=1e-6)
    assert pipe.length == pytest.approx(np.pi / 2 * 40, rel=1e-4)
    assert len(nodes) == 2


def test_two_inverts_of_one_pipe_in_a_structure_are_none(tmp_path: Path) -> None:
    """The last one won: the pipe's end lay a metre off; the structure's bottom is the lower one."""
    dataset = a_network(tmp_path, '<CircPipe diameter="300"/>')
    told = '<Invert elev="5" flowDir="out" refPipe="P"/>'
    text = dataset.path.read_text().replace(told, f"{told}{told.replace('5', '3.5')}").replace(' elevSump="4"', "")
    dataset.path.write_text(text)
    pipes, nodes = read_landxml(dataset)
    assert (pipes.record(0).get("invertstart"), pipes.record(0)["invertend"]) == (None, 4.5)
    assert nodes.record(0)["bottomelevation"] == 3.5
