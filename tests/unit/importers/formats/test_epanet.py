"""EPANET models: sizes in inches or millimetres, ground levels, and no depth."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest
import shapely

from importers.faults import Fault, Rejected
from importers.formats.epanet import is_epanet, read_epanet
from importers.recognition import recognise
from importers.source import Dataset
from importers.vocabulary import attributes_of, match_fields
from layers.utilities import Discipline

if TYPE_CHECKING:
    from pathlib import Path

MODEL = """[TITLE]
a town
[JUNCTIONS]
J1 10 0 ;
J2 .5 0 ;
[RESERVOIRS]
R1 50 ;
[TANKS]
T1 40 1 0 3 20 0 ;
[PIPES]
P1 J1 J2 100 8 100 0 Open ;
[PUMPS]
U1 R1 J1 POWER 5 ;
[VALVES]
V1 J2 T1 1000 PRV 40 0 ;
[COORDINATES]
J1 0 0
J2 10 0
R1 -5 0
T1 10 5
[VERTICES]
P1 5 1
P1 7 1
"""


def a_model(tmp_path: Path, text: str) -> Dataset:
    path = tmp_path / "model.inp"
    path.write_text(text)
    return of(path)


def of(path: Path) -> Dataset:
    return Dataset(path, path.parent, (path,))


@pytest.mark.shared_data
def test_every_pipe_agrees_with_another_reader(shared: Path) -> None:
    """Course and diameter of all 1,156 pipes of a real model are those that WNTR exported from the same file."""
    pipes, nodes = read_epanet(of(shared / "underground/epanet/ky4.inp"))
    exported = json.loads((shared / "underground/epanet/ky4_pipes.geojson").read_text())["features"]
    assert (pipes.columns["subtype"].count("pipe"), len(nodes)) == (len(exported), 966) == (1156, 966)
    for index, feature in enumerate(exported):
        stated = feature["properties"]
        assert pipes.columns["ownerref"][index] == stated["name"]
        assert pipes.columns["diameter_mm"][index] == pytest.approx(stated["diameter"] * 1000)
        assert pipes.geometries[index].equals_exact(shapely.geometry.shape(feature["geometry"]), 1e-6)


@pytest.mark.shared_data
def test_ground_in_metres(shared: Path) -> None:
    """Elevations in feet are the ground at a junction; the pipe's own depth is nowhere."""
    pipes, nodes = read_epanet(of(shared / "underground/epanet/ky4.inp"))
    first = nodes.record(0)
    assert (first["ownerref"], first["elevation"]) == ("J-1", 611.3897)
    assert first["groundlevel"] == pytest.approx(186.35158056, abs=1e-9)
    understood = match_fields(pipes.columns, attributes_of("utility_lines"))
    assert not {name for name in understood if "elevation" in name or "depth" in name}
    assert understood["diameter"] == ("diameter_mm", "mm")


@pytest.mark.shared_data
def test_valve_sizes_are_no_pipe_diameters(shared: Path) -> None:
    """A model says 1,000 inches where it does not care: no pipe of 25 m comes of it."""
    pipes, nodes = read_epanet(of(shared / "underground/epanet/ky10.inp"))
    assert (len(pipes), len(nodes)) == (1043, 953)
    valves = [i for i, kind in enumerate(nodes.columns["subtype"]) if kind == "valve PRV"]
    assert len(valves) == 5
    assert {nodes.columns["valvesize"][i] for i in valves} == {1000.0}
    assert "valvesize" not in match_fields(nodes.columns, attributes_of("utility_nodes"))
    assert not {"diameter_mm", "pipesize"} & nodes.columns.keys()


@pytest.mark.shared_data
def test_net3(shared: Path) -> None:
    """The textbook network: 117 pipes and 2 pumps, 92 junctions, 2 reservoirs and 3 tanks."""
    pipes, nodes = read_epanet(of(shared / "underground/epanet/Net3.inp"))
    assert [pipes.columns["subtype"].count(kind) for kind in ("pipe", "pump")] == [117, 2]
    assert [nodes.columns["subtype"].count(kind) for kind in ("junction", "reservoir", "tank")] == [92, 2, 3]
    assert (pipes.columns["diameter_mm"][0], pipes.columns["pipesize"][0]) == (pytest.approx(99 * 25.4), 99.0)
    assert pipes.geometries[0].coords[:] == [(29.41, 27.27), (29.44, 26.91)]


@pytest.mark.parametrize(
    ("units", "diameter_mm", "ground_m"),
    [("", 203.2, 3.048), ("Units GPM", 203.2, 3.048), ("UNITS lps", 8.0, 10.0), ("Units CMH", 8.0, 10.0)],
)
def test_units_follow_the_unit_of_flow(tmp_path: Path, units: str, diameter_mm: float, ground_m: float) -> None:
    """Gallons mean feet and inches, litres mean metres and millimetres; the default is gallons."""
    pipes, nodes = read_epanet(a_model(tmp_path, f"{MODEL}[OPTIONS]\n{units}\n"))
    assert pipes.columns["diameter_mm"][0] == pytest.approx(diameter_mm)
    assert nodes.columns["groundlevel"][:2] == pytest.approx([ground_m, ground_m / 20])


def test_tanks_and_reservoirs_stand_at_no_ground(tmp_path: Path) -> None:
    """A head, or the floor of a water tower, is not the street."""
    _, nodes = read_epanet(a_model(tmp_path, MODEL))
    assert nodes.columns["groundlevel"][2:] == [None, None]
    assert (nodes.columns["head"][2], nodes.columns["tankfloor"][3]) == (50.0, 40.0)


def test_course_and_layers(tmp_path: Path) -> None:
    """Vertices lie between the nodes, in order; the layers lead to their tables."""
    dataset = a_model(tmp_path, MODEL)
    pipes, nodes = read_epanet(dataset)
    assert pipes.geometries[0].coords[:] == [(0, 0), (5, 1), (7, 1), (10, 0)]
    targets = [recognise(layer, dataset, None) for layer in (pipes, nodes)]
    assert [(t.table, t.discipline) for t in targets] == [
        ("utility_lines", Discipline.WATER), ("utility_nodes", Discipline.WATER),
    ]  # fmt: skip
    assert (pipes.crs, pipes.encoding) == (None, "utf-8")


@pytest.mark.parametrize(
    ("text", "fault", "said"),
    [
        ("", Fault.UNREADABLE, r"has no \[PIPES\]"),
        ("[JUNCTIONS]\nJ1 1\n", Fault.UNREADABLE, r"has no \[PIPES\]"),
        (f"{MODEL}[OPTIONS]\nUnits BUCKETS\n", Fault.VALUE_REFUSED, "Units BUCKETS is none of CFS"),
    ],
)
def test_what_cannot_be_read_says_so(tmp_path: Path, text: str, fault: Fault, said: str) -> None:
    """No pipes, or an unknown unit, is a reason to ask, not to guess."""
    with pytest.raises(Rejected, match=said) as caught:
        list(read_epanet(a_model(tmp_path, text)))
    assert caught.value.finding.fault is fault


def test_half_a_file_is_read_as_far_as_it_goes(tmp_path: Path) -> None:
    """Pipes whose coordinates were cut off have no geometry and stay visible."""
    pipes, nodes = read_epanet(a_model(tmp_path, MODEL[: MODEL.index("J2 10 0")]))
    assert pipes.geometries.tolist() == [None, None, None]
    assert sum(g is not None for g in nodes.geometries) == 1


def test_known_by_content() -> None:
    """A model begins with its junctions."""
    assert is_epanet(b"[JUNCTIONS]\n", ".txt")
    assert not is_epanet(b"no sections", ".inp")


def test_pump_without_length_is_a_node(tmp_path: Path) -> None:
    """A pump between two junctions of one place is a thing in the ground, not a line of no length."""
    pipes, nodes = read_epanet(a_model(tmp_path, MODEL.replace("R1 -5 0", "R1 0 0").replace("T1 10 5", "T1 10 0")))
    assert pipes.columns["ownerref"] == ["P1"]
    assert [nodes.columns[name][-2:] for name in ("ownerref", "subtype", "kind")] == [
        ["U1", "V1"], ["pump", "valve PRV"], [None, "valve"],
    ]  # fmt: skip
    assert shapely.to_wkt(nodes.geometries[-2:].tolist(), rounding_precision=0).tolist() == [
        "POINT (0 0)", "POINT (10 0)",
    ]  # fmt: skip


def test_code_in_the_title(tmp_path: Path) -> None:
    """The format has no place for a reference system: people write it into the title; a .prj goes before it."""
    model = a_model(tmp_path, MODEL.replace("a town", "a town, EPSG:9214"))
    assert {(layer.crs, layer.crs_origin) for layer in read_epanet(model)} == {("EPSG:9214", "its title")}
    prj = tmp_path / "model.prj"
    prj.write_text("EPSG:9215")
    beside = Dataset(model.path, tmp_path, (model.path, prj))
    assert {(layer.crs, layer.crs_origin) for layer in read_epanet(beside)} == {("EPSG:9215", ".prj")}
    assert {layer.crs_origin for layer in read_epanet(a_model(tmp_path, MODEL))} == {""}


@pytest.mark.shared_data
def test_pumps_of_a_real_model(shared: Path) -> None:
    """Both pumps of a town stand where their junctions do; its 1,156 pipes have a length."""
    pipes, nodes = read_epanet(of(shared / "underground/epanet/ky4.inp"))
    assert (len(pipes), len(nodes), nodes.columns["subtype"].count("pump")) == (1156, 966, 2)
    assert all(line.length > 0 for line in pipes.geometries)


def test_node_at_two_places_stands_nowhere(tmp_path: Path) -> None:
    """Of two coordinates of one node neither is taken: the last one won, and moved the pipes to it."""
    pipes, nodes = read_epanet(a_model(tmp_path, f"{MODEL}[COORDINATES]\nJ1 500 0\nJ2 10 0\n[END]\n"))
    assert [None if g is None else shapely.get_coordinates(g).tolist() for g in pipes.geometries] == [
        None, None, [[10, 0], [10, 5]],
    ]  # fmt: skip
    assert dict(zip(nodes.columns["ownerref"], shapely.is_missing(nodes.geometries).tolist(), strict=True)) == {
        "J1": True, "J2": False, "R1": False, "T1": False,
    }  # fmt: skip
    assert "1 nodes stand at several places: J1" in pipes.notes


def test_metric_model_left_at_us_units_has_no_sizes(tmp_path: Path) -> None:
    """Pipes of 150 inches, and ground in feet, are numbers of a metric model: neither is used, and that is said."""
    pipes, nodes = read_epanet(a_model(tmp_path, MODEL.replace("100 8 100", "100 150 100")))
    assert "diameter_mm" not in pipes.columns
    assert "groundlevel" not in nodes.columns
    assert "Units GPM would make half of the pipes wider than 150 inches" in pipes.notes[0]


def test_model_without_coordinates_says_so(tmp_path: Path) -> None:
    """What is missing is named with the remedy, and not that the layer could not be recognised."""
    dataset = a_model(tmp_path, MODEL.partition("[COORDINATES]")[0])
    pipes, _ = read_epanet(dataset)
    with pytest.raises(Rejected, match=r"'water pipes' has a geometry: .*export it with \[COORDINATES\]") as refusal:
        recognise(pipes, dataset, None)
    assert refusal.value.finding.fault is Fault.GEOMETRY_MISSING
