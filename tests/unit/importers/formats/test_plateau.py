"""PLATEAU: axes from solids, covers, and the order of latitude and longitude."""

from __future__ import annotations

from itertools import product
from typing import TYPE_CHECKING

import numpy as np
import pytest

from importers.attributes import read_attributes
from importers.elevation import read_verticals
from importers.faults import Fault, Rejected
from importers.formats.plateau import is_plateau_utility, read_plateau
from importers.recognition import recognise
from importers.section import read_sections
from importers.source import Dataset
from layers.crs import parse_crs
from layers.terrain import Ground
from layers.utilities import Discipline, ElevationSource

if TYPE_CHECKING:
    from pathlib import Path

    from importers.source import SourceLayer

HEAD = (
    '<core:CityModel xmlns:core="http://www.opengis.net/citygml/2.0" xmlns:gml="http://www.opengis.net/gml"'
    ' xmlns:frn="http://www.opengis.net/citygml/cityfurniture/2.0" xmlns:uro="https://www.geospatial.jp/iur/uro/3.1">'
)
PLANE = "http://www.opengis.net/def/crs/EPSG/0/10169"


def of(path: Path) -> Dataset:
    return Dataset(path, path.parent, (path,))


def a_model(tmp_path: Path, *objects: str, srs: str = PLANE) -> Dataset:
    path = tmp_path / "unf.gml"
    box = f'<gml:boundedBy><gml:Envelope srsName="{srs}" srsDimension="3"/></gml:boundedBy>' if srs else ""
    members = "".join(f"<core:cityObjectMember>{o}</core:cityObjectMember>" for o in objects)
    path.write_text(f"{HEAD}{box}{members}</core:CityModel>")
    return of(path)


def a_box(east: tuple[float, float], north: tuple[float, float], up: tuple[float, float], lod: int) -> str:
    """A solid with eight corners, which stand north, east, up."""
    positions = " ".join(f"{n} {e} {z}" for e, n, z in product(east, north, up))
    surface = f"<gml:MultiSurface><gml:posList>{positions}</gml:posList></gml:MultiSurface>"
    return f"<frn:lod{lod}Geometry>{surface}</frn:lod{lod}Geometry>"


def a_utility(kind: str, *inside: str, flat: str = "0 0 0 0 10 0", shape: str = "LineString") -> str:
    positions = f"<gml:posList>{flat}</gml:posList>"
    if shape == "Polygon":
        positions = f"<gml:exterior><gml:LinearRing>{positions}</gml:LinearRing></gml:exterior>"
    drawn = f"<uro:lod0Geometry><gml:{shape}>{positions}</gml:{shape}></uro:lod0Geometry>"
    lod0 = f"<uro:frnDmAttribute>{drawn}</uro:frnDmAttribute>"
    return f'<uro:{kind} gml:id="u">{"".join(inside)}{lod0 if flat else ""}</uro:{kind}>'


def the_layer(dataset: Dataset) -> SourceLayer:
    (layer,) = read_plateau(dataset)
    return layer


@pytest.mark.shared_data
def test_water_pipes_lie_where_their_cover_says(shared: Path) -> None:
    """Ground 2.570 m, cover 1.3 m: the axis of the solid lies half its height below 1.270 m."""
    nodes, pipes = read_plateau(of(shared / "underground/plateau_unf/water_53403039_unf_6697.gml"))
    assert [(la.name, len(la), la.crs) for la in (nodes, pipes)] == [
        ("water nodes", 4, "EPSG:6668"), ("water pipes", 3, "EPSG:6668"),
    ]  # fmt: skip
    record, line = pipes.record(0), pipes.geometries[0]
    assert [c[:2] for c in line.coords] == [
        pytest.approx((140.1196098829958, 35.60981677999304), abs=1e-12),
        pytest.approx((140.11966490883427, 35.60981330513535), abs=1e-12),
    ]
    assert [c[2] for c in line.coords] == pytest.approx([1.188, 1.188], abs=1e-4)
    assert (record["outerheight_m"], record["outerwidth_m"]) == pytest.approx((0.166, 0.166), abs=2e-4)
    assert (record["shape"], record["cover_m"], record["installed"]) == ("circular", 1.3, "1986")
    ground = nodes.columns["groundlevel"][0]
    assert ground - record["cover_m"] - record["outerheight_m"] / 2 == pytest.approx(1.188, abs=2e-3)
    assert nodes.columns["kind"] == [None, "chamber", None, "chamber"]
    assert nodes.record(1)["bottomelevation"] == pytest.approx(0.8076, abs=1e-4)
    assert pipes.notes == ("heights are in EPSG:6695",)


@pytest.mark.shared_data
def test_sewers_fall(shared: Path) -> None:
    """Measured along its slope, a sewer is as thick as it is said to be, and meets the next one in the manhole."""
    pipes, manholes = read_plateau(of(shared / "underground/plateau_unf/sewer_53403039_unf_6697.gml"))
    assert (pipes.name, manholes.name, len(pipes), len(manholes)) == ("wastewater pipes", "wastewater nodes", 3, 3)
    stated = pipes.record(1)
    assert (stated["outerdiameter_mm"], stated["innerdiameter_mm"], stated["wall_mm"]) == (318.5, 286.0, 16.25)
    assert (stated["mindepth"], stated["maxdepth"], stated.get("cover_m")) == (1.95, 2.0, None)
    assert pipes.record(0)["outerheight_m"] == pytest.approx(0.3185, abs=2e-3)
    lowest, middle, highest = ([c[2] for c in g.coords] for g in pipes.geometries)
    assert highest[0] > highest[1] == pytest.approx(middle[0], abs=0.01)
    assert middle[1] == pytest.approx(lowest[0], abs=0.01)
    assert highest[0] == pytest.approx(0.540, abs=1e-3)
    without_place = manholes.geometries[1]
    assert without_place.distance(manholes.geometries[2]) < 1e-6
    assert manholes.record(0)["coverelevation"] == pytest.approx(2.550, abs=1e-3)
    assert manholes.record(0)["bottomelevation"] == pytest.approx(-0.030, abs=1e-3)


@pytest.mark.shared_data
def test_gas_and_electricity(shared: Path) -> None:
    """Three gas pipes of 218 mm, a bundle of cables, and the duct around it along its middle line."""
    gas, _ = read_plateau(of(shared / "underground/plateau_unf/gas_53403039_unf_6697.gml"))
    assert [c[2] for g in gas.geometries for c in g.coords] == pytest.approx([0.962] * 6, abs=1e-4)
    assert gas.columns["outerheight_m"] == pytest.approx([0.218] * 3, abs=1e-4)
    assert gas.columns["cover_m"] == [1.3, 1.3, 1.3]
    duct, cable = read_plateau(of(shared / "underground/plateau_unf/elec_53403039_unf_6697.gml"))
    assert (duct.name, cable.name) == ("power duct lines", "power cable lines")
    assert (duct.record(0)["shape"], duct.record(0)["outerheight_m"]) == ("bank", pytest.approx(0.55, abs=1e-3))
    assert [c[2] for c in duct.geometries[0].coords] == pytest.approx([1.195, 1.195], abs=1e-3)
    assert (cable.record(0)["shape"], cable.record(0)["outerheight_m"]) == (
        "rectangular",
        pytest.approx(0.32, abs=1e-3),
    )
    assert np.array(duct.geometries[0].coords)[:, :2] == pytest.approx(np.array(cable.geometries[0].coords)[:, :2])


@pytest.mark.shared_data
def test_underground_building_is_for_another_reader(shared: Path) -> None:
    """i-UR also describes buildings; they are told by the first object."""
    with (shared / "underground/plateau_unf/51324378_ubld_6697.gml").open("rb") as stream:
        assert not is_plateau_utility(stream.read(4096), ".gml")
    with (shared / "underground/plateau_unf/gas_53403039_unf_6697.gml").open("rb") as stream:
        assert is_plateau_utility(stream.read(4096), ".gml")


def test_plane_coordinates_come_north_first(tmp_path: Path) -> None:
    """In Japan's plane systems x is north; metres need no scale."""
    box = a_box((7, 17), (99.9, 100.1), (-2.2, -2.0), 2)
    layer = the_layer(a_model(tmp_path, a_utility("WaterPipe", box, flat="100 7 0 100 17 0")))
    assert layer.crs == "EPSG:6676"
    assert layer.geometries[0].coords[:] == [(7.0, 100.0, pytest.approx(-2.1)), (17.0, 100.0, pytest.approx(-2.1))]
    assert (layer.record(0)["outerwidth_m"], layer.record(0)["outerheight_m"]) == pytest.approx((0.2, 0.2))


def test_lod1_is_the_ground_and_not_the_pipe(tmp_path: Path) -> None:
    """A block from the street down to the underside says nothing of the axis; the line stays flat and has its cover."""
    pipe = a_utility("WaterPipe", a_box((0, 10), (-0.1, 0.1), (-2.2, 3.0), 1), '<uro:depth uom="m">1.3</uro:depth>')
    layer = the_layer(a_model(tmp_path, pipe))
    assert layer.geometries[0].wkt == "LINESTRING (0 0, 10 0)"
    assert layer.record(0)["cover_m"] == 1.3
    assert "outerheight_m" not in layer.columns


def test_axis_reaches_the_city(tmp_path: Path) -> None:
    """Everything after the reader takes the height as the axis, and the size as stated."""
    sizes = '<uro:outerDiamiter uom="mm">200</uro:outerDiamiter><uro:innerDiamiter uom="cm">18</uro:innerDiamiter>'
    layer = the_layer(a_model(tmp_path, a_utility("WaterPipe", a_box((0, 10), (-0.1, 0.1), (1, 1.2), 3), sizes)))
    attributes = read_attributes("utility_lines", layer.columns, 1)
    (section,) = read_sections(attributes, [None])
    found = read_verticals(layer.geometries, attributes, [section], Ground(parse_crs("EPSG:9214"), ()))
    assert (section.outer_width_m, section.inner_width_m) == pytest.approx((0.2, 0.18))
    assert (found.z.tolist(), found.source.tolist()) == (pytest.approx([1.1, 1.1]), [ElevationSource.MEASURED])


@pytest.mark.parametrize(
    ("inside", "cover_m"),
    [
        ('<uro:depth uom="m">1.3</uro:depth>', 1.3),
        ('<uro:depth uom="cm">130</uro:depth>', 1.3),
        ('<uro:depth uom="fathom">1</uro:depth>', None),
        ('<uro:minDepth uom="m">2</uro:minDepth><uro:maxDepth uom="m">2</uro:maxDepth>', 2.0),
        ('<uro:minDepth uom="m">1</uro:minDepth><uro:maxDepth uom="m">2</uro:maxDepth>', None),
        ("", None),
    ],
)
def test_cover(tmp_path: Path, inside: str, cover_m: float | None) -> None:
    """One number for the whole length is a cover; a range is not."""
    assert the_layer(a_model(tmp_path, a_utility("WaterPipe", inside))).record(0).get("cover_m") == cover_m


@pytest.mark.parametrize(
    ("kind", "occupier", "name", "discipline"),
    [
        ("WaterPipe", "", "water pipes", "water"),
        ("SewerPipe", "", "wastewater pipes", "wastewater"),
        ("ThermalPipe", "", "heat pipes", "heat"),
        ("TelecommunicationsCable", "", "telecom cable lines", "telecom"),
        ("Duct", "300", "power duct lines", "power"),
        ("Duct", "999", "utility duct lines", None),
        ("Manhole", "600", "wastewater nodes", "wastewater"),
        ("Handhole", "", "utility nodes", None),
    ],
)
def test_disciplines(tmp_path: Path, kind: str, occupier: str, name: str, discipline: str | None) -> None:
    """The class tells, or the kind of occupier; a code that is not known tells nothing."""
    stated = f"<uro:occupierType>{occupier}</uro:occupierType>" if occupier else ""
    flat, shape = ("0 0 0", "Point") if kind.endswith("hole") else ("0 0 0 0 10 0", "LineString")
    dataset = a_model(tmp_path, a_utility(kind, stated, flat=flat, shape=shape))
    layer = the_layer(dataset)
    target = recognise(layer, dataset, None)
    assert (layer.name, target.discipline) == (name, discipline and Discipline(discipline))
    assert target.table == ("utility_nodes" if shape == "Point" else "utility_lines")


def test_outline_of_another_shape_stays_an_outline(tmp_path: Path) -> None:
    """Only a rectangle has an obvious middle line; what is no rectangle is for a person to draw."""
    ring = "0 0 0 0 10 0 5 10 0 9 5 0 5 0 0 0 0 0"
    layer = the_layer(a_model(tmp_path, a_utility("Duct", flat=ring, shape="Polygon")))
    assert layer.geometries[0].geom_type == "Polygon"


@pytest.mark.parametrize("flat", ["", "0 0", "zero 0 0 0 1 0", "nan 0 0 0 1 0", "0 0 0"])
@pytest.mark.parametrize("shape", ["LineString", "Polygon"])
@pytest.mark.parametrize(
    "solid", ["", a_box((0, 10), (-1, 1), (0, 1), 2), a_box((0, 10), (-1, 1), (0, 1), 2).replace("10", "x")]
)
def test_nonsense_is_no_crash(tmp_path: Path, flat: str, shape: str, solid: str) -> None:
    """Coordinates that are missing, cut or no numbers give no geometry or one that is told to be none."""
    layer = the_layer(a_model(tmp_path, a_utility("WaterPipe", solid, flat=flat, shape=shape)))
    (geometry,) = layer.geometries
    assert geometry is None or np.isnan(np.array(geometry.coords)[:, :2]).any()


@pytest.mark.parametrize(("srs", "crs"), [("EPSG:6697", "EPSG:6668"), ("", None), ("urn:x:local", "urn:x:local")])
def test_reference_system_is_what_is_declared(tmp_path: Path, srs: str, crs: str | None) -> None:
    """The horizontal part of a compound code; nothing, or an unknown name, is handed on as it is."""
    assert the_layer(a_model(tmp_path, a_utility("WaterPipe", flat="35 140 0 35 141 0"), srs=srs)).crs == crs


@pytest.mark.parametrize(
    ("content", "fault"),
    [
        (f"{HEAD}</core:CityModel>", Fault.GEOMETRY_MISSING),
        (f"{HEAD}<core:cityObjectMember><uro:WaterPipe>", Fault.TRUNCATED),
    ],
)
def test_what_cannot_be_read_says_so(tmp_path: Path, content: str, fault: Fault) -> None:
    """A model without utilities, and half of one, is sent back."""
    path = tmp_path / "a.gml"
    path.write_text(content)
    with pytest.raises(Rejected) as caught:
        list(read_plateau(of(path)))
    assert caught.value.finding.fault is fault
