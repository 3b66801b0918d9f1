"""SWMM models: inverts by offsets, sections, units, and what flows."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from importers.attributes import read_attributes
from importers.elevation import read_verticals
from importers.faults import Fault, Rejected
from importers.formats.epanet import is_epanet
from importers.formats.swmm import is_swmm, read_swmm
from importers.recognition import recognise
from importers.section import read_sections
from importers.source import Dataset, find_datasets
from layers.crs import parse_crs
from layers.terrain import Ground

if TYPE_CHECKING:
    from pathlib import Path

    from importers.source import SourceLayer

NODES = """
[JUNCTIONS]
A 10 3 ; a remark
B 8 0
[OUTFALLS]
C 5 FREE
[STORAGE]
S 6 4 0 TABULAR curve
[DIVIDERS]
D1 7 P OVERFLOW 2
D2 7 P CUTOFF 1 2.5
D3 7 P WEIR 1 2 3 3.5
[COORDINATES]
A 0 0
B 100 0
C 200 0
S 0 50
D1 1 1
D2 2 2
D3 3 3
"""
PIPES = """
[CONDUITS]
P A B 100 0.01 0.5 1
Q B C 100 0.01 * *
"""


def a_model(tmp_path: Path, text: str) -> Dataset:
    path = tmp_path / "model.inp"
    path.write_text(text)
    return find_datasets(path)[0][0]


def of(path: Path) -> Dataset:
    return Dataset(path, path.parent, (path,))


def axis(layer: SourceLayer, index: int) -> list[float]:
    attributes = read_attributes("utility_lines", layer.columns, len(layer)).take([index])
    sections = read_sections(attributes, [None])
    found = read_verticals(layer.geometries[[index]], attributes, sections, Ground(parse_crs("EPSG:9214"), ()))
    return found.z.tolist()


@pytest.mark.shared_data
def test_bellinge(shared: Path) -> None:
    """All manholes stand under [STORAGE]; invert and depth give the ground; offsets of 0.1 mm are kept."""
    pipes, nodes = read_swmm(of(shared / "underground/swmm/bellinge_small.inp"))
    assert [(la.name, len(la), la.crs) for la in (pipes, nodes)] == [
        ("storm pipes", 15, None),
        ("storm nodes", 16, None),
    ]
    first = pipes.record(0)
    assert first["ownerref"] == "G72F820_G72F810_l1"
    assert (first["invertstart"], first["invertend"]) == pytest.approx((23.3691, 22.8791), abs=1e-12)
    assert (first["innerdiameter_mm"], first["shape"]) == (350.0, "circular")
    assert pipes.geometries[0].coords[0] == (583337.3699990724, 6132947.7901241835)
    outfall, manhole = nodes.record(0), nodes.record(1)
    assert (outfall["subtype"], outfall["bottomelevation"], outfall["groundlevel"]) == ("outfall", 14.419, None)
    assert (manhole["ownerref"], manhole["bottomelevation"]) == ("G72F820", 23.369)
    assert manhole["groundlevel"] == pytest.approx(26.129)
    assert axis(pipes, 0) == pytest.approx([23.5441, 23.0541])


@pytest.mark.shared_data
def test_model_in_feet(shared: Path) -> None:
    """MGD means feet: inverts, offsets and diameters are converted, state plane coordinates are not."""
    pipes, nodes = read_swmm(of(shared / "underground/swmm/model_state_plane.inp"))
    assert (len(pipes), len(nodes)) == (44, 45)
    by_name = {name: i for i, name in enumerate(pipes.columns["ownerref"])}
    raised = pipes.record(by_name["J2-024.1"])
    assert raised["invertstart"] == pytest.approx(987.421 * 0.3048, abs=1e-9)
    assert raised["invertend"] == pytest.approx((981.84 + 0.699533) * 0.3048, abs=1e-9)
    assert raised["innerdiameter_mm"] == pytest.approx(0.666667 * 304.8)
    bent = pipes.geometries[by_name["J4-001.1"]]
    assert bent.coords[1:4] == [
        (2747611.601, 1117575.004), (2747699.029, 1117568.279), (2747688.935, 1117307.575),
    ]  # fmt: skip
    junction = nodes.record(0)
    assert (junction["groundlevel"], junction["elevation"]) == (pytest.approx((970.46 + 12.938) * 0.3048), 970.46)


@pytest.mark.parametrize(
    ("option", "expected"),
    [
        ("", [(10.5, 9.0), (8.0, 5.0)]),
        ("LINK_OFFSETS DEPTH", [(10.5, 9.0), (8.0, 5.0)]),
        ("LINK_OFFSETS ELEVATION", [(0.5, 1.0), (8.0, 5.0)]),
    ],
)
def test_offsets(tmp_path: Path, option: str, expected: list[tuple[float, float]]) -> None:
    """An offset is a depth above the node's invert or an elevation; '*' is the node's invert."""
    (pipes, _) = read_swmm(a_model(tmp_path, f"[OPTIONS]\nFLOW_UNITS CMS\n{option}\n{NODES}{PIPES}"))
    found = list(zip(pipes.columns["invertstart"], pipes.columns["invertend"], strict=True))
    assert found == expected


@pytest.mark.parametrize(
    ("section", "expected"),
    [
        ("CIRCULAR 0.5 0 0 0 1", {"shape": "circular", "innerdiameter_mm": 500.0}),
        ("FORCE_MAIN 0.4 120 0 0 1", {"shape": "circular", "innerdiameter_mm": 400.0}),
        ("RECT_CLOSED 1.5 2 0 0 1", {"shape": "rectangular", "width_mm": 2000.0, "height_mm": 1500.0}),
        ("EGG 0.9 0 0 0 1", {"shape": "egg", "width_mm": 600.0, "height_mm": 900.0}),
        ("CIRCULAR 0.5 0 0 0 3", {"shape": "rectangular", "width_mm": 1500.0, "height_mm": 500.0}),
        ("TRAPEZOIDAL 1 2 1 1 1", {"subtype": "open channel"}),
        ("IRREGULAR transect", {"subtype": "open channel", "xsection": "IRREGULAR"}),
        ("GOTHIC 1.2 0 0 0 1", {"xsection": "GOTHIC", "geom1": 1.2, "subtype": "conduit"}),
        ("CUSTOM 1 curve", {"xsection": "CUSTOM", "subtype": "conduit"}),
        ("CIRCULAR", {"xsection": "CIRCULAR"}),
    ],
)
def test_sections(tmp_path: Path, section: str, expected: dict[str, object]) -> None:
    """Closed shapes have an inner size, open ones and shapes with a table of widths have none."""
    text = f"[OPTIONS]\nFLOW_UNITS LPS\n{NODES}{PIPES}[XSECTIONS]\nP {section}\n"
    pipes, _ = read_swmm(a_model(tmp_path, text))
    record = {k: v for k, v in pipes.record(0).items() if v is not None}
    assert {k: record.get(k) for k in expected} == pytest.approx(expected)
    sizes = {"shape", "innerdiameter_mm", "width_mm", "height_mm"}
    assert record.keys() & sizes == expected.keys() & sizes


def test_ground_over_every_kind_of_node(tmp_path: Path) -> None:
    """The depth stands in another column for each kind; zero and outfalls have none."""
    _, nodes = read_swmm(a_model(tmp_path, f"[OPTIONS]\nFLOW_UNITS CMS\n{NODES}{PIPES}"))
    found = dict(zip(nodes.columns["ownerref"], nodes.columns["groundlevel"], strict=True))
    assert found == {"A": 13.0, "B": None, "C": None, "S": 10.0, "D1": 9.0, "D2": 9.5, "D3": 10.5}


@pytest.mark.parametrize(
    ("sections", "name", "discipline"),
    [
        ("[SUBCATCHMENTS]\nX 1 A 1 1 1 1 0\n", "storm pipes", "storm"),
        ("[DWF]\nA FLOW 1\n", "wastewater pipes", "wastewater"),
        ("[SUBCATCHMENTS]\nX 1 A 1 1 1 1 0\n[DWF]\nA FLOW 1\n", "combined pipes", "combined"),
        ("[DWF]\n;;only a header\n", "drainage pipes", None),
    ],
)
def test_what_flows_says_what_it_is(tmp_path: Path, sections: str, name: str, discipline: str | None) -> None:
    """Rain, sewage or both; a model that lets nothing in leaves it to the folder's name."""
    dataset = a_model(tmp_path, NODES + PIPES + sections)
    pipes, nodes = read_swmm(dataset)
    targets = [recognise(layer, dataset, None) for layer in (pipes, nodes)]
    assert pipes.name == name
    assert [t.table for t in targets] == ["utility_lines", "utility_nodes"]
    assert [t.discipline for t in targets] == [discipline, discipline]


def test_pumps_orifices_and_weirs_are_links_without_section(tmp_path: Path) -> None:
    """They connect, they have a name, and nothing is made up about their size."""
    text = f"{NODES}{PIPES}[PUMPS]\nP1 A B curve ON\n[ORIFICES]\nO1 B C SIDE 0 0.65\n[WEIRS]\nW1 A S TRANSVERSE 0\n"
    pipes, _ = read_swmm(a_model(tmp_path, text))
    assert pipes.columns["subtype"] == ["conduit", "conduit", "pump", "orifice", "weir"]
    assert pipes.columns["invertstart"][2:] == [None, None, None]
    assert pipes.geometries[4].coords[:] == [(0.0, 0.0), (0.0, 50.0)]


def test_prj_beside_the_model_is_its_reference_system(tmp_path: Path) -> None:
    """The format has no place for a CRS; a .prj has."""
    (tmp_path / "model.prj").write_text("EPSG:9214\n")
    layers = list(read_swmm(a_model(tmp_path, NODES + PIPES)))
    assert {(la.crs, la.crs_origin) for la in layers} == {("EPSG:9214", ".prj")}


def test_quotes_case_and_old_letters(tmp_path: Path) -> None:
    """Names may hold spaces, sections any case, text any code page."""
    path = tmp_path / "model.inp"
    path.write_bytes(b'[junctions]\r\n"M 1" 10 3\r\n"M\xf62" 9 3\r\n[Coordinates]\r\n"M 1" 1 2\r\n"M\xf62" 3 4\r\n')
    (nodes,) = read_swmm(of(path))
    assert nodes.columns["ownerref"] == ["M 1", "Mö2"]
    assert nodes.encoding is None
    assert nodes.geometries[0].coords[0] == (1.0, 2.0)


@pytest.mark.parametrize(
    "text", ["[CONDUITS]\nP\nQ A\n", "[JUNCTIONS]\nA\n[COORDINATES]\nA\nB x y\n", "[XSECTIONS]\nP\n", "[\n"]
)
def test_lines_cut_short_are_records_without_geometry(tmp_path: Path, text: str) -> None:
    """Half a line is no crash; what lacks coordinates is told later, record by record."""
    for layer in read_swmm(a_model(tmp_path, text)):
        assert set(layer.geometries.tolist()) == {None}


def test_unknown_unit_of_flow_is_refused(tmp_path: Path) -> None:
    """Feet or metres must be known before anything is believed."""
    with pytest.raises(Rejected, match="FLOW_UNITS FURLONGS is none of CFS") as caught:
        list(read_swmm(a_model(tmp_path, f"[OPTIONS]\nFLOW_UNITS furlongs\n{NODES}")))
    assert caught.value.finding.fault is Fault.VALUE_REFUSED


def test_told_from_epanet_by_sections() -> None:
    """Both are .inp; their sections differ, and SWMM is asked first."""
    swmm, epanet = b"[TITLE]\nx\n[OPTIONS]\nFLOW_UNITS LPS\n", b"[TITLE]\nx\n\n[JUNCTIONS]\n;ID\n 10 147\n"
    assert is_swmm(swmm, ".inp")
    assert not is_swmm(epanet, ".inp")
    assert is_epanet(epanet, ".inp")
    assert is_epanet(b"[TITLE]\n" + b"long " * 800, ".inp")
    assert not is_epanet(b"[OPTIONS]\nUnits=GPM\n", ".ini")
    assert not is_epanet(b"*HEADING\n*NODE\n1, 0, 0\n", ".inp")


@pytest.mark.shared_data
def test_code_in_the_title_of_a_real_model(shared: Path) -> None:
    """A model in state plane feet names EPSG:2817, which counts in metres: it is handed on as it is said."""
    layers = list(read_swmm(of(shared / "underground/swmm/model_state_plane.inp")))
    assert {(layer.crs, layer.crs_origin) for layer in layers} == {("EPSG:2817", "its title")}
