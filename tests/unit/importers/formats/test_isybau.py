"""ISYBAU-XML: sewers with inverts at every vertex, German code lists, and eastings with and without their zone."""

from __future__ import annotations

from collections import Counter
from itertools import pairwise
from typing import TYPE_CHECKING

import pytest

from importers.attributes import read_attributes
from importers.elevation import read_verticals
from importers.faults import Fault, Rejected
from importers.formats.isybau import is_isybau, read_isybau
from importers.recognition import recognise
from importers.section import read_sections
from importers.source import Dataset
from layers.crs import parse_crs
from layers.terrain import Ground
from layers.utilities import Discipline, VerticalReference

if TYPE_CHECKING:
    from pathlib import Path

    from importers.source import SourceLayer

HEAD = '<?xml version="1.0" encoding="ISO-8859-1"?><Identifikation xmlns="http://www.bfr-abwasser.de">'


def of(path: Path) -> Dataset:
    return Dataset(path, path.parent, (path,))


def a_point(xyz: str, mark: str, tag: str = "Punkt") -> str:
    x, y, z = (*xyz.split(), "", "")[:3]
    place = f"<Rechtswert>{x}</Rechtswert><Hochwert>{y}</Hochwert>" if y else ""
    height = z or (x if not y else "")
    stated = f"<Punkthoehe>{height}</Punkthoehe>" if height else ""
    return f"<{tag}>{place}{stated}<PunktattributAbwasser>{mark}</PunktattributAbwasser></{tag}>"


def a_node(name: str, *points: str, inside: str = "<KnotenTyp>0</KnotenTyp>", crs: str = "") -> str:
    system = f"<CRSLage>{crs}</CRSLage>" if crs else ""
    return (
        f"<AbwassertechnischeAnlage><Objektbezeichnung>{name}</Objektbezeichnung><Objektart>2</Objektart>"
        f"<Knoten>{inside}</Knoten><Geometrie><Geometriedaten><Knoten>{''.join(points)}</Knoten></Geometriedaten>"
        f"{system}</Geometrie></AbwassertechnischeAnlage>"
    )


def a_pipe(*vertices: str, profile: str = "", crs: str = "", said: str = "", material: str = "B") -> str:
    edges = "".join(
        f"<Kante>{a_point(a, 'RAP', 'Start')}{a_point(b, 'RAP', 'Ende')}</Kante>" for a, b in pairwise(vertices)
    )
    polygons = f"<Polygone><Polygon><Polygonart>3</Polygonart>{edges}</Polygon></Polygone>" if edges else ""
    system = f"<CRSLage>{crs}</CRSLage>" if crs else ""
    return (
        f"<AbwassertechnischeAnlage><Objektbezeichnung>P</Objektbezeichnung><Objektart>1</Objektart>{said}<Kante>"
        "<KantenTyp>0</KantenTyp><KnotenZulauf>A</KnotenZulauf><KnotenAblauf>B</KnotenAblauf>"
        "<SohlhoeheZulauf>5</SohlhoeheZulauf><SohlhoeheAblauf>4</SohlhoeheAblauf>"
        f"<Material>{material}</Material><Profil>{profile}</Profil></Kante><Geometrie><Geometriedaten>{polygons}"
        f"</Geometriedaten>{system}</Geometrie></AbwassertechnischeAnlage>"
    )


def a_file(tmp_path: Path, *objects: str, admin: str = "", head: str = HEAD) -> Dataset:
    path = tmp_path / "kanal.xml"
    body = f"<Datenkollektive><Stammdatenkollektiv>{''.join(objects)}</Stammdatenkollektiv></Datenkollektive>"
    path.write_text(f"{head}<Admindaten>{admin}</Admindaten>{body}</Identifikation>", "iso-8859-1")
    return of(path)


def the_pipe(dataset: Dataset) -> SourceLayer:
    return next(layer for layer in read_isybau(dataset) if layer.name.startswith("wastewater pipes"))


CIRCLE = "<Profilart>0</Profilart><Profilbreite>300</Profilbreite><Profilhoehe>300</Profilhoehe>"
NODES = (a_node("A", a_point("0 0 5", "SMP")), a_node("B", a_point("10 0 4", "SMP")))


@pytest.mark.shared_data
def test_example_of_the_authority(shared: Path) -> None:
    """150 pipes and 168 nodes in UTM 32 with the zone in front; one object forgot its system and stands apart."""
    layers = list(read_isybau(of(shared / "underground/isybau/ISYBAU_XML-2017-Stammdaten.xml")))
    assert [(la.name, len(la), la.crs) for la in layers] == [
        ("wastewater nodes (EPSG:4647)", 167, "EPSG:4647"),
        ("wastewater nodes (no CRS)", 1, None),
        ("wastewater pipes", 150, "EPSG:4647"),
    ]
    nodes, pipes = layers[0], layers[2]
    first = pipes.record(0)
    assert pipes.geometries[0].coords[:] == [
        (32570396.421, 5827963.079, 37.59), (32570396.820, 5827963.381, 37.59),
        (32570429.299, 5827987.977, 37.44), (32570429.698, 5827988.279, 37.44),
    ]  # fmt: skip
    assert (first["ownerref"], first["invertstart"], first["invertend"]) == ("119001", 37.59, 37.44)
    assert (first["innerdiameter_mm"], first["material"], first["discipline"]) == (250.0, "concrete", "storm")
    assert (first["status"], first["installed"], first["verticalreference"]) == ("in_service", "1979", "invert")
    manhole = nodes.record(0)
    assert nodes.geometries[0].coords[0] == (32570396.421, 5827963.079)
    assert (manhole["coverelevation"], manhole["bottomelevation"]) == (38.48, 37.59)
    assert manhole["diameter_m"] == pytest.approx(1.0 + 0.3), "two walls beside the inside that is stated"
    assert Counter(pipes.columns["discipline"]) == {"storm": 93, "wastewater": 57}
    assert pipes.notes == ("elevations are in 'DE_DHHN2016_NH'",)


@pytest.mark.shared_data
def test_outer_diameter_gives_the_wall(shared: Path) -> None:
    """Three pipes of the example state their outside: the wall is what lies between."""
    *_, pipes = read_isybau(of(shared / "underground/isybau/ISYBAU_XML-2017-Stammdaten.xml"))
    stated = [
        (pipes.columns["innerdiameter_mm"][i], outer, pipes.columns["wall_mm"][i])
        for i, outer in enumerate(pipes.columns["outerdiameter_mm"])
        if outer
    ]
    assert sorted(stated) == [(100.0, 110.0, 5.0), (100.0, 110.0, 5.0), (150.0, 160.0, 5.0)]


@pytest.mark.shared_data
def test_plan_without_reference_system(shared: Path) -> None:
    """A planned network whose file names no system: none is invented, though the numbers look familiar."""
    nodes, pipes = read_isybau(of(shared / "underground/isybau/randomUTM.xml"))
    assert [(len(la), la.crs, la.crs_origin) for la in (nodes, pipes)] == [(107, None, ""), (64, None, "")]
    assert pipes.geometries[0].coords[:] == [(496774.110, 5369755.141, 336.68), (496763.351, 5369751.682, 336.55)]
    assert (pipes.record(0)["material"], pipes.record(0)["discipline"]) == ("uPVC", "combined")
    assert Counter(nodes.columns["kind"]) == {"manhole": 20, "inlet": 8, None: 79}
    assert all(geometry.has_z for geometry in pipes.geometries)


def test_height_along_a_pipe_is_its_invert(tmp_path: Path) -> None:
    """The axis lies half the inner height above every vertex, not only above the ends."""
    pipes = the_pipe(a_file(tmp_path, a_pipe("0 0 5", "4 0 4.2", "10 0 4", profile=CIRCLE)))
    attributes = read_attributes("utility_lines", pipes.columns, 1)
    sections = read_sections(attributes, attributes.values("material"))
    found = read_verticals(pipes.geometries, attributes, sections, Ground(parse_crs("EPSG:9214"), ()))
    assert found.z == pytest.approx([5.15, 4.35, 4.15])
    assert found.reference.tolist() == [VerticalReference.INVERT]


@pytest.mark.parametrize(
    ("crs", "easting", "code"),
    [
        ("ETRS89_UTM32", "32570396.4", "EPSG:4647"),
        ("ETRS89_UTM32", "570396.4", "EPSG:25832"),
        ("ETRS89_UTM33", "33388000", "EPSG:5650"),
        ("ETRS89_UTM33", "32570396.4", "EPSG:25833"),
        ("DE_DHDN_3GK3_NI200", "3570000", "EPSG:31467"),
        ("DE_DHDN_3GK4", "4470000", "EPSG:31468"),
        ("Soldner-Berlin", "25000", "Soldner-Berlin"),
        ("", "570396.4", None),
    ],
)
def test_reference_systems(tmp_path: Path, crs: str, easting: str, code: str | None) -> None:
    """The zone in front of an easting is part of the system; a name that is not known is handed on, not guessed."""
    pipes = the_pipe(a_file(tmp_path, a_pipe(f"{easting} 0 1", f"{float(easting) + 5} 0 1", profile=CIRCLE, crs=crs)))
    assert pipes.crs == code


def test_file_may_name_the_system_for_all(tmp_path: Path) -> None:
    """An object without its own system has that of the file."""
    admin = "<Geometrie><CRSLage>ETRS89_UTM32</CRSLage></Geometrie>"
    assert the_pipe(a_file(tmp_path, a_pipe("500000 0 1", "500005 0 1"), admin=admin)).crs == "EPSG:25832"


@pytest.mark.parametrize("vertices", [("0.1 0 5", "9.9 0 4"), ("9.9 0 4", "0.1 0 5")])
def test_line_runs_with_its_inverts(tmp_path: Path, vertices: tuple[str, str]) -> None:
    """The first vertex belongs to the inflow node, whichever way the line was drawn."""
    pipes = the_pipe(a_file(tmp_path, *NODES, a_pipe(*vertices)))
    assert [c[2] for c in pipes.geometries[0].coords] == [5.0, 4.0]
    assert (pipes.record(0)["invertstart"], pipes.record(0)["invertend"]) == (5.0, 4.0)


def test_pipe_without_course_runs_between_its_nodes(tmp_path: Path) -> None:
    """The network is enough to draw a line; its height stays with the inverts."""
    pipes = the_pipe(a_file(tmp_path, *NODES, a_pipe()))
    assert pipes.geometries[0].wkt == "LINESTRING (0 0, 10 0)"
    assert the_pipe(a_file(tmp_path, a_pipe())).geometries.tolist() == [None]


def test_one_vertex_without_height_leaves_the_line_flat(tmp_path: Path) -> None:
    """Half a profile is none."""
    pipes = the_pipe(a_file(tmp_path, a_pipe("0 0 5", "4 0", "10 0 4")))
    assert not pipes.geometries[0].has_z
    assert len(pipes.geometries[0].coords) == 3


@pytest.mark.parametrize(
    ("kind", "width", "height", "expected"),
    [
        ("0", "300", "300", ("circular", 300.0, None, None)),
        ("4", "", "300", ("circular", 300.0, None, None)),
        ("1", "600", "900", ("egg", None, 600.0, 900.0)),
        ("1", "", "900", ("egg", None, 600.0, 900.0)),
        ("3", "2000", "1500", ("rectangular", None, 2000.0, 1500.0)),
        ("2", "800", "664", (None, None, 800.0, 664.0)),
        ("8", "800", "664", (None, None, None, None)),
        ("0", "", "weit", ("circular", None, None, None)),
        ("", "", "", (None, None, None, None)),
    ],
)
def test_profiles(tmp_path: Path, kind: str, width: str, height: str, expected: tuple[object, ...]) -> None:
    """Circle, egg, box and mouth have an inner size, a trapezoidal ditch has none."""
    profile = f"<Profilart>{kind}</Profilart><Profilbreite>{width}</Profilbreite><Profilhoehe>{height}</Profilhoehe>"
    record = the_pipe(a_file(tmp_path, a_pipe("0 0", "1 0", profile=profile))).record(0)
    assert tuple(record.get(k) for k in ("shape", "innerdiameter_mm", "width_mm", "height_mm")) == expected


@pytest.mark.parametrize(
    ("system", "status", "discipline", "state"),
    [
        ("KR", 0, "storm", "in_service"),
        ("DS", 1, "wastewater", "planned"),
        ("GM", 3, "combined", "disused"),
        ("KW", 4, "storm", "abandoned"),
        ("", 6, None, "removed"),
        ("KS", 2, "wastewater", None),
    ],
)
def test_codes_become_words(tmp_path: Path, system: str, status: int, discipline: str, state: str) -> None:
    """What flows and what state it is in, in the words that the city uses."""
    said = f"<Status>{status}</Status><Entwaesserungsart>{system}</Entwaesserungsart>"
    record = the_pipe(a_file(tmp_path, a_pipe("0 0", "1 0", said=said))).record(0)
    assert (record.get("discipline"), record.get("status")) == (discipline, state)


def test_nodes_of_every_kind(tmp_path: Path) -> None:
    """A shaft's middle is its place, its cover and ground are heights; connections and structures have their own."""
    inlet = "<KnotenTyp>1</KnotenTyp><Anschlusspunkt><Punktkennung>SE</Punktkennung></Anschlusspunkt>"
    slide = "<KnotenTyp>2</KnotenTyp><Bauwerk><Bauwerkstyp>9</Bauwerkstyp></Bauwerk>"
    shaft = (
        "<KnotenTyp>0</KnotenTyp><Schacht><Schachttiefe>2.5</Schachttiefe><Unterteil><Unterteilform>E</Unterteilform>"
        "<LaengeUnterteil>3.63</LaengeUnterteil><BreiteUnterteil>1.2</BreiteUnterteil></Unterteil></Schacht>"
    )
    (nodes,) = read_isybau(
        a_file(
            tmp_path,
            a_node("S", a_point("1 1 9", "DMP"), a_point("2 2 6.5", "SMP"), inside=shaft),
            a_node("I", a_point("3 3 7", "SE"), a_point("8.1", "GOK"), inside=inlet),
            a_node("V", a_point("4 4 5", "KOP"), a_point("8.2", "SBD"), inside=slide),
            a_node("N", a_point("8.3", "GOK"), inside="<KnotenTyp>1</KnotenTyp>"),
        )
    )
    assert [g and g.coords[0] for g in nodes.geometries] == [(2.0, 2.0), (3.0, 3.0), (4.0, 4.0), None]
    assert nodes.columns["kind"] == ["manhole", "inlet", "valve", None]
    assert nodes.columns["coverelevation"] == [9.0, None, 8.2, None]
    assert nodes.columns["groundlevel"] == [None, 8.1, None, 8.3]
    assert nodes.columns["bottomelevation"] == [6.5, 7.0, 5.0, None]
    assert (nodes.columns["length_m"][0], nodes.columns["width_m"][0]) == pytest.approx((3.63 + 0.3, 1.2 + 0.3))


def test_version_of_2013_has_another_namespace(tmp_path: Path) -> None:
    """The format moved from one authority's address to another's."""
    head = HEAD.replace("http://www.bfr-abwasser.de", "http://www.ofd-hannover.la/Identifikation")
    assert len(the_pipe(a_file(tmp_path, a_pipe("0 0", "1 0"), head=head))) == 1
    assert is_isybau(head.encode(), ".xml")
    assert is_isybau(HEAD.encode(), ".txt")
    assert not is_isybau(b'<Identifikation xmlns="urn:other">', ".xml")


def test_layers_are_recognised(tmp_path: Path) -> None:
    """The names of the layers lead to their tables."""
    dataset = a_file(tmp_path, *NODES, a_pipe("0 0", "1 0"))
    targets = [recognise(layer, dataset, None) for layer in read_isybau(dataset)]
    assert [(t.table, t.discipline) for t in targets] == [
        ("utility_nodes", Discipline.WASTEWATER), ("utility_lines", Discipline.WASTEWATER),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("content", "fault"),
    [
        (f"{HEAD}</Identifikation>", Fault.UNREADABLE),
        (f"{HEAD}<Datenkollektive><Zustandsdatenkollektiv/></Datenkollektive></Identifikation>", Fault.UNREADABLE),
        (f"{HEAD}<Datenkollektive>", Fault.TRUNCATED),
    ],
)
def test_what_cannot_be_read_says_so(tmp_path: Path, content: str, fault: Fault) -> None:
    """Inspections without the network, and half a file, are sent back."""
    path = tmp_path / "a.xml"
    path.write_text(content)
    with pytest.raises(Rejected) as caught:
        list(read_isybau(of(path)))
    assert caught.value.finding.fault is fault
    assert caught.value.finding.remedy


def test_nodes_of_one_name_at_two_places_end_no_pipe(tmp_path: Path) -> None:
    """A pipe without a course of its own has none where its manhole stands at two places."""
    nodes = (a_node("A", a_point("10 20 3", "SMP")), a_node("B", a_point("30 40 3", "SMP")))
    assert len(the_pipe(a_file(tmp_path, a_pipe(), *nodes)).geometries[0].coords) == 2
    torn = a_node("A", a_point("90 20 3", "SMP"))
    assert the_pipe(a_file(tmp_path, a_pipe(), *nodes, torn)).geometries.tolist() == [None]
