"""DXF: every kind of line, areas, nodes, blocks, units and reference systems, sound and hostile."""

from __future__ import annotations

import io
import math
from typing import TYPE_CHECKING, Any

import ezdxf
import numpy as np
import pytest
import shapely

from importers.faults import Fault, Rejected
from importers.formats.cad import read_dxf
from importers.formats.dxf.curves import shape
from importers.formats.signatures import is_dxf
from importers.source import Dataset, find_datasets

if TYPE_CHECKING:
    from pathlib import Path

    from ezdxf.document import Drawing
    from ezdxf.layouts.layout import Modelspace

    from importers.source import SourceLayer

X0, Y0 = 562897.886, 1820978.931
VERSIONS = ("R12", "R2000", "R2004", "R2007", "R2010", "R2013", "R2018")
SAGITTA = 0.005


def a_drawing(version: str = "R2010", **header: Any) -> tuple[Drawing, Modelspace]:
    document = ezdxf.new(version)
    for name, value in header.items():
        document.header[f"${name}"] = value
    return document, document.modelspace()


def saved(document: Drawing, folder: Path, *, binary: bool = False) -> Dataset:
    path = folder / "ban-ve.dxf"
    document.saveas(path, fmt="bin" if binary else "asc")
    return found(path)


def found(path: Path) -> Dataset:
    ((dataset,), _) = find_datasets(path)
    return dataset


def layers(document: Drawing, folder: Path) -> dict[str, SourceLayer]:
    return {layer.name: layer for layer in read_dxf(saved(document, folder))}


def only(document: Drawing, folder: Path) -> SourceLayer:
    (layer,) = read_dxf(saved(document, folder))
    return layer


def coordinates(geometry: shapely.Geometry) -> list[list[float]]:
    return shapely.get_coordinates(geometry, include_z=True).tolist()


@pytest.mark.parametrize("binary", [False, True])
@pytest.mark.parametrize("version", VERSIONS)
def test_all_versions_are_read(tmp_path: Path, version: str, binary: bool) -> None:
    """R12 to R2018, ASCII and binary, give the same line, layer and attributes."""
    document, space = a_drawing(version)
    space.add_line((X0, Y0, 1.5), (X0 + 10, Y0, 1.25), dxfattribs={"layer": "CAP_NUOC_HDPE_D110"})
    dataset = saved(document, tmp_path, binary=binary)
    assert is_dxf(dataset.path.read_bytes()[:4096], ".dxf")
    (layer,) = read_dxf(dataset)
    assert layer.name == "CAP_NUOC_HDPE_D110"
    assert coordinates(layer.geometries[0]) == [[X0, Y0, 1.5], [X0 + 10, Y0, 1.25]]
    expected = {"layer": ["CAP_NUOC_HDPE_D110"], "diameter": ["110 mm"], "material": ["HDPE"]}
    assert layer.columns == expected
    assert (layer.rows.tolist(), layer.crs, layer.crs_origin, layer.encoding) == ([1], None, "", "Unicode")


def test_straight_lines_are_exact(tmp_path: Path) -> None:
    """Lines, flat polylines at their elevation, and spatial polylines keep every vertex; rows count all entities."""
    document, space = a_drawing()
    space.add_circle((0, 0), 1, dxfattribs={"layer": "B"})
    space.add_lwpolyline([(0, 0), (4, 0), (4, 3)], dxfattribs={"elevation": -1.2, "layer": "A"})
    space.add_polyline3d([(0, 0, 1), (1, 0, 2), (1, 1, 3)], close=True, dxfattribs={"layer": "A"})
    space.add_polyline2d([(0, 0), (2, 0)], dxfattribs={"elevation": (0, 0, 7), "layer": "A"})
    layer = layers(document, tmp_path)["A"]
    assert layer.rows.tolist() == [2, 3, 4]
    assert [coordinates(g) for g in layer.geometries] == [
        [[0, 0, -1.2], [4, 0, -1.2], [4, 3, -1.2]],
        [[0, 0, 1], [1, 0, 2], [1, 1, 3], [0, 0, 1]],
        [[0, 0, 7], [2, 0, 7]],
    ]


@pytest.mark.parametrize(
    ("bulge", "through"), [(1.0, (5, -5)), (-1.0, (5, 5)), (math.tan(math.pi / 8), (5, -2.0710678))]
)
def test_bulges_are_arcs(tmp_path: Path, bulge: float, through: tuple[float, float]) -> None:
    """A bulge bends to the right side, ends where the vertices are, and no chord strays more than the sagitta."""
    document, space = a_drawing()
    space.add_lwpolyline([(0, 0, bulge), (10, 0, 0), (20, 0, 0)], format="xyb")
    line = only(document, tmp_path).geometries[0]
    assert line.distance(shapely.Point(through)) <= SAGITTA
    assert coordinates(line)[0] == [0, 0, 0]
    assert coordinates(line)[-2:] == [[10, 0, 0], [20, 0, 0]]


def test_circles_and_arcs_stay_within_the_sagitta(tmp_path: Path) -> None:
    """Every chord's middle is at most 5 mm inside the curve, every vertex on it, and chords are not wasted."""
    document, space = a_drawing()
    space.add_circle((X0, Y0), 50)
    space.add_arc((X0, Y0), 50, 350, 10)
    circle, arc = only(document, tmp_path).geometries
    assert circle.is_closed
    for curve in (circle, arc):
        xy = shapely.get_coordinates(curve) - [X0, Y0]
        assert np.hypot(*xy.T) == pytest.approx(50, abs=1e-6)
        middles = np.hypot(*((xy[1:] + xy[:-1]) / 2).T)
        assert (50 - middles).max() <= SAGITTA + 1e-6
        assert (50 - middles).max() > SAGITTA / 2
    ends = shapely.get_coordinates(arc)[[0, -1]] - [X0, Y0]
    c, s = 50 * math.cos(math.radians(10)), 50 * math.sin(math.radians(10))
    assert ends == pytest.approx(np.array([[c, -s], [c, s]]), abs=1e-6)


def test_ellipses_and_splines_are_close(tmp_path: Path) -> None:
    """An ellipse keeps its area and a spline through fit points passes them within the sagitta."""
    document, space = a_drawing()
    space.add_ellipse((48_000_000, 0), major_axis=(20, 0), ratio=0.5, dxfattribs={"layer": "E"})
    space.add_spline([(0, 0, 0), (10, 5, 0), (20, 0, 0)], dxfattribs={"layer": "S"})
    read = layers(document, tmp_path)
    assert shapely.Polygon(read["E"].geometries[0]).area == pytest.approx(math.pi * 200, rel=1e-3)
    assert read["S"].geometries[0].distance(shapely.Point(10, 5)) <= SAGITTA


@pytest.mark.parametrize("seed", range(4))
def test_splines_of_any_bend_stay_within_the_sagitta(seed: int) -> None:
    """No point of a spline is farther than 5 mm from its chords, S-bends and far-off coordinates included."""
    random = np.random.default_rng(seed)
    _, space = a_drawing()
    for count in range(3, 12):
        fit = np.array([48_562_897, 1_820_978, 0]) + random.uniform(0, 100, (count, 3))
        for spline in (space.add_spline(fit), space.add_open_spline(fit, degree=min(3, count - 1))):
            curve = [(v.x, v.y) for v in spline.construction_tool().approximate(2000)]
            assert shapely.distance(shape(spline, SAGITTA), shapely.points(curve)).max() <= SAGITTA + 1e-6


def test_mirrored_entities_stand_in_the_world(tmp_path: Path) -> None:
    """An entity whose extrusion points down has its x mirrored, as programs write after a MIRROR."""
    document, space = a_drawing()
    space.add_lwpolyline([(-1, 2), (-3, 4)], dxfattribs={"extrusion": (0, 0, -1), "elevation": -5})
    assert coordinates(only(document, tmp_path).geometries[0]) == [[1, 2, 5], [3, 4, 5]]


@pytest.mark.parametrize(
    ("layer", "kind"),
    [("NHA_O", "Polygon"), ("THUA_DAT", "Polygon"), ("RANH_GIOI", "Polygon"), ("CAP_NUOC", "LineString")],
)
def test_closed_lines_are_areas_where_the_layer_says_so(tmp_path: Path, layer: str, kind: str) -> None:
    """Closed polylines, flagged or drawn shut, are polygons on layers of houses, parcels and boundaries only."""
    document, space = a_drawing()
    space.add_lwpolyline([(0, 0), (4, 0), (4, 3)], close=True, dxfattribs={"layer": layer})
    space.add_lwpolyline([(0, 0), (4, 0), (4, 3), (0, 0)], dxfattribs={"layer": layer})
    assert [g.geom_type for g in only(document, tmp_path).geometries] == [kind, kind]


def test_open_lines_of_an_area_layer_stay_lines(tmp_path: Path) -> None:
    """Areas and lines of one layer come apart, so that neither is refused for the other's kind."""
    document, space = a_drawing()
    space.add_lwpolyline([(0, 0), (4, 0), (4, 3)], close=True, dxfattribs={"layer": "NHA"})
    space.add_line((0, 0), (1, 1), dxfattribs={"layer": "NHA"})
    kinds = [(layer.name, layer.geometries[0].geom_type) for layer in read_dxf(saved(document, tmp_path))]
    assert kinds == [("NHA", "Polygon"), ("NHA", "LineString")]


def test_circles_on_node_layers_are_nodes(tmp_path: Path) -> None:
    """A manhole drawn as a circle is a point at its centre, no ring of pipe."""
    document, space = a_drawing()
    space.add_circle((X0, Y0, 2.5), 0.5, dxfattribs={"layer": "HO_GA"})
    space.add_point((X0, Y0 + 1, 2), dxfattribs={"layer": "HO_GA"})
    layer = only(document, tmp_path)
    assert [coordinates(g) for g in layer.geometries] == [[[X0, Y0, 2.5]], [[X0, Y0 + 1, 2]]]


def test_millimetres_become_metres_only_where_they_are_true(tmp_path: Path) -> None:
    """A header of millimetres is believed if the coordinates are: the template's default is not."""
    document, space = a_drawing(INSUNITS=4)
    space.add_line((X0 * 1000, Y0 * 1000, 1500), (X0 * 1000 + 10_000, Y0 * 1000, 1500))
    layer = only(document, tmp_path)
    assert np.array(coordinates(layer.geometries[0])) == pytest.approx(
        np.array([[X0, Y0, 1.5], [X0 + 10, Y0, 1.5]]), abs=1e-6
    )
    assert "drawn in millimetres by its header, converted to metres" in layer.notes
    document, space = a_drawing(INSUNITS=4)
    space.add_line((X0, Y0), (X0 + 10, Y0))
    layer = only(document, tmp_path)
    assert coordinates(layer.geometries[0])[0] == [X0, Y0, 0]
    assert any("not converted" in note for note in layer.notes)


def test_curves_of_millimetre_drawings_have_the_same_sagitta(tmp_path: Path) -> None:
    """The 5 mm hold on the ground, whatever the drawing unit."""
    document, space = a_drawing(INSUNITS=4)
    space.add_circle((X0 * 1000, Y0 * 1000), 50_000)
    in_mm = only(document, tmp_path).geometries[0]
    document, space = a_drawing()
    space.add_circle((X0, Y0), 50)
    assert len(coordinates(in_mm)) == len(coordinates(only(document, tmp_path).geometries[0]))


def test_paper_and_hidden_layers_are_said(tmp_path: Path) -> None:
    """Paper space is left aside, a layer that is off is read; both are on record."""
    document, space = a_drawing()
    document.layers.add("AN").off()
    space.add_line((0, 0), (1, 0), dxfattribs={"layer": "AN"})
    space.add_solid([(0, 0), (1, 0), (1, 1)])
    document.paperspace().add_line((0, 0), (1, 1))
    notes = only(document, tmp_path).notes
    assert "1 entities of the paper space left aside" in notes
    assert "the layer is off in the drawing" in notes
    assert "1 SOLID left aside" in notes
    assert "curves drawn as chords within 5 mm" in notes


def test_prj_declares_the_crs(tmp_path: Path) -> None:
    """The .prj beside a drawing is its reference system."""
    document, space = a_drawing()
    space.add_line((0, 0), (1, 0))
    (tmp_path / "ban-ve.prj").write_text('PROJCS["VN-2000"]')
    layer = only(document, tmp_path)
    assert (layer.crs, layer.crs_origin) == ('PROJCS["VN-2000"]', ".prj")


@pytest.mark.parametrize(("shift", "crs"), [(0, "EPSG:3395"), (1000, None)])
def test_geodata_declares_the_crs_where_it_is_that_of_the_drawing(tmp_path: Path, shift: int, crs: str | None) -> None:
    """GEODATA with an EPSG code counts; one that moves the drawing is said, not applied."""
    document, space = a_drawing()
    space.add_line((0, 0), (1, 0))
    space.new_geodata().setup_local_grid(design_point=(0, 0), reference_point=(shift, 0))
    layer = only(document, tmp_path)
    assert layer.crs == crs
    assert any("not applied" in note for note in layer.notes) == (crs is None)


def test_nonsense_numbers_do_not_stop_the_drawing(tmp_path: Path) -> None:
    """Coordinates that are no numbers stay for the shared check, endless curves are not computed."""
    document, space = a_drawing()
    space.add_line((0, 0), (1, 7.25))
    space.add_spline([(0, 0, 0), (10, 7.25, 0), (20, 0, 0)])
    space.add_ellipse((0, 7.25), major_axis=(1e300, 0), ratio=0.5)
    space.add_circle((0, 0), 1e300)
    path = saved(document, tmp_path).path
    path.write_text(path.read_text().replace("\n7.25\n", "\nnan\n"))
    (layer,) = read_dxf(found(path))
    assert layer.rows.tolist() == [1, 2, 3, 4]
    assert [bool(np.isfinite(shapely.get_coordinates(g)).all()) for g in layer.geometries] == [
        False,
        False,
        False,
        True,
    ]


@pytest.mark.parametrize(
    ("content", "fault"),
    [
        (b"0\nSECTION\n2\nENTITIES\n0\nLINE\n10\n0.0\n", Fault.TRUNCATED),
        (b"0\nSECTION\n2\nENTITIES\n0\nLINE\nrubbish\n\n0\nEOF\n", Fault.UNREADABLE),
        (b"AutoCAD Binary DXF\r\n\x1a\x00\x00\x00SECTION\x00\xff\xff", Fault.UNREADABLE),
        (b"AutoCAD Binary DXF\r\n\x1a\x00", Fault.TRUNCATED),
    ],
)
def test_broken_files_are_rejected(tmp_path: Path, content: bytes, fault: Fault) -> None:
    """A file cut short or full of nonsense ends as a finding with a remedy, never as a traceback."""
    path = tmp_path / "hong.dxf"
    path.write_bytes(content)
    with pytest.raises(Rejected) as caught:
        list(read_dxf(found(path)))
    assert caught.value.finding.fault is fault
    assert caught.value.finding.remedy


@pytest.mark.parametrize("binary", [False, True])
def test_every_truncation_is_noticed(tmp_path: Path, binary: bool) -> None:
    """Wherever a drawing is cut, it is refused: half a network must not pass for the whole."""
    document, space = a_drawing("R2000")
    space.add_line((0, 0), (1, 0))
    dataset = saved(document, tmp_path, binary=binary)
    whole = dataset.path.read_bytes()
    for share in range(1, 20):
        dataset.path.write_bytes(whole[: len(whole) * share // 20])
        with pytest.raises(Rejected):
            list(read_dxf(dataset))


def test_damaged_structure_is_recovered(tmp_path: Path) -> None:
    """A drawing without its tables and with a stray section still gives its lines."""
    path = tmp_path / "r12.dxf"
    line = "0\nLINE\n8\nCAP_NUOC\n10\n1.0\n20\n2.0\n11\n3.0\n21\n4.0\n"
    path.write_text(f"999\nremark\n0\nSECTION\n2\nENTITIES\n{line}0\nENDSEC\n0\nEOF\n")
    assert is_dxf(path.read_bytes(), "")
    (layer,) = read_dxf(found(path))
    assert shapely.get_coordinates(layer.geometries[0]).tolist() == [[1, 2], [3, 4]]


def test_drawing_without_entities_yields_nothing(tmp_path: Path) -> None:
    """An empty drawing is read, and has nothing to bring."""
    document, _ = a_drawing()
    stream = io.StringIO()
    document.write(stream)
    assert list(read_dxf(saved(document, tmp_path))) == []


def test_parallel_lines_of_one_thing_are_its_middle(tmp_path: Path) -> None:
    """A duct drawn as a multiline is one line in its middle, wherever the multiline hangs on its reference line."""
    document, space = a_drawing()
    for justification in range(3):
        y = Y0 + 10 * justification
        space.add_mline(
            [(X0, y, 1.5), (X0 + 30, y, 1.5), (X0 + 30, y + 5, 1.5)],
            dxfattribs={"layer": "CAP_NUOC", "justification": justification, "scale_factor": 0.4},
        )
    read = only(document, tmp_path)
    aside = [-0.2, 0.0, 0.2]
    expected = [
        [[X0, y + a, 1.5], [X0 + 30 - a, y + a, 1.5], [X0 + 30 - a, y + 5, 1.5]]
        for a, y in ((aside[k], Y0 + 10 * k) for k in range(3))
    ]
    assert np.allclose([coordinates(g) for g in read.geometries], expected, atol=1e-6)


def test_drawing_of_nothing_says_what_it_holds(tmp_path: Path) -> None:
    """Faces and hatches alone are no network: what was left aside is named, not "no features"."""
    document, space = a_drawing()
    space.add_3dface([(X0, Y0, 3), (X0 + 1, Y0, 3), (X0, Y0 + 1, 3), (X0, Y0 + 1, 3)])
    with pytest.raises(Rejected, match=r"no line, area or symbol in its model space: 1 3DFACE left aside") as refusal:
        layers(document, tmp_path)
    assert refusal.value.finding.fault is Fault.GEOMETRY_MISSING
