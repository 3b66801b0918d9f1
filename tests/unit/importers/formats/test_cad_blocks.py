"""DXF blocks: symbols are nodes, containers are taken apart, and nothing multiplies or circles without end."""

from __future__ import annotations

from typing import TYPE_CHECKING

import ezdxf
import pytest
import shapely

from importers.faults import Rejected
from importers.formats.cad import read_dxf
from importers.source import find_datasets

if TYPE_CHECKING:
    from pathlib import Path

    from ezdxf.document import Drawing
    from ezdxf.layouts.layout import Modelspace

    from importers.source import Dataset, SourceLayer

X0, Y0 = 562897.886, 1820978.931


def a_drawing() -> tuple[Drawing, Modelspace]:
    document = ezdxf.new()
    return document, document.modelspace()


def saved(document: Drawing, folder: Path) -> Dataset:
    path = folder / "ban-ve.dxf"
    document.saveas(path)
    ((dataset,), _) = find_datasets(path)
    return dataset


def layers(document: Drawing, folder: Path) -> dict[str, SourceLayer]:
    return {layer.name: layer for layer in read_dxf(saved(document, folder))}


def only(document: Drawing, folder: Path) -> SourceLayer:
    (layer,) = read_dxf(saved(document, folder))
    return layer


def coordinates(geometry: shapely.Geometry) -> list[list[float]]:
    return shapely.get_coordinates(geometry, include_z=True).tolist()


def a_symbol(document: Drawing, name: str = "HOGA") -> None:
    block = document.blocks.new(name)
    block.add_circle((0, 0), 0.5)
    block.add_attdef("MA", (0, 1))


def test_inserts_are_nodes_with_their_tags(tmp_path: Path) -> None:
    """A symbol is a node where it is inserted; its block is its kind, its tags are columns."""
    document, space = a_drawing()
    a_symbol(document)
    for k, code in enumerate(("007", "")):
        insert = space.add_blockref("HOGA", (X0 + k, Y0, 3.2), dxfattribs={"layer": "THOAT_NUOC"})
        insert.add_attrib("MA", code, (X0, Y0))
    layer = only(document, tmp_path)
    assert layer.name == "THOAT_NUOC HOGA"
    assert [coordinates(g) for g in layer.geometries] == [[[X0, Y0, 3.2]], [[X0 + 1, Y0, 3.2]]]
    assert layer.columns == {"layer": ["THOAT_NUOC"] * 2, "kind": ["HOGA"] * 2, "MA": ["007", None]}


def test_containers_are_taken_apart(tmp_path: Path) -> None:
    """A whole network inserted as one block gives its pipes and, nested, its nodes, where they truly are."""
    document, space = a_drawing()
    a_symbol(document)
    network = document.blocks.new("MANG_LUOI")
    network.add_line((0, 0), (100, 0), dxfattribs={"layer": "CAP_NUOC"})
    network.add_line((0, 5), (100, 5))
    network.add_blockref("HOGA", (100, 0), dxfattribs={"layer": "HO_GA"})
    space.add_blockref("MANG_LUOI", (X0, Y0), dxfattribs={"layer": "KHAC"})
    space.add_line((0, 0), (1, 0), dxfattribs={"layer": "CAP_NUOC"})
    read = layers(document, tmp_path)
    assert read.keys() == {"CAP_NUOC", "KHAC", "HO_GA HOGA"}
    assert coordinates(read["CAP_NUOC"].geometries[0]) == [[X0, Y0, 0], [X0 + 100, Y0, 0]]
    assert read["CAP_NUOC"].rows.tolist() == [3, 2], "what blocks bring is counted after all entities of the drawing"
    assert coordinates(read["KHAC"].geometries[0]) == [[X0, Y0 + 5, 0], [X0 + 100, Y0 + 5, 0]]
    assert coordinates(read["HO_GA HOGA"].geometries[0]) == [[X0 + 100, Y0, 0]]
    assert "1 inserts of blocks that reach farther than 30 m taken apart" in read["KHAC"].notes


def test_far_off_content_is_no_symbol(tmp_path: Path) -> None:
    """A small block drawn in world coordinates and inserted at the origin is not a node at the origin."""
    document, space = a_drawing()
    block = document.blocks.new("DOAN_ONG")
    block.add_line((X0, Y0), (X0 + 2, Y0))
    space.add_blockref("DOAN_ONG", (0, 0), dxfattribs={"layer": "CAP_NUOC"})
    assert coordinates(only(document, tmp_path).geometries[0]) == [[X0, Y0, 0], [X0 + 2, Y0, 0]]


def test_pipe_drawn_within_a_symbol_is_a_pipe(tmp_path: Path) -> None:
    """A house connection kept as a block is a meter and a pipe, turned and mirrored with it; strokes are neither."""
    document, space = a_drawing()
    a_symbol(document)
    block = document.blocks.new("DAU_NOI")
    block.add_line((-1, -1), (1, 1))
    block.add_line((0, 0), (20, 0), dxfattribs={"layer": "CAP_NUOC_D25"})
    block.add_lwpolyline([(0, 0), (3, 8), (6, 0)])
    block.add_blockref("HOGA", (20, 0))
    placed = {"layer": "DONG_HO", "rotation": 90, "xscale": -0.5, "yscale": 0.5}
    space.add_blockref("DAU_NOI", (X0, Y0))
    space.add_blockref("DAU_NOI", (X0, Y0), dxfattribs=placed)
    read = layers(document, tmp_path)
    assert read.keys() == {"0 DAU_NOI", "DONG_HO DAU_NOI", "CAP_NUOC_D25", "0"}
    pipes = [shapely.get_coordinates(g).round(6).tolist() for g in read["CAP_NUOC_D25"].geometries]
    assert pipes == [[[X0, Y0], [X0 + 20, Y0]], [[X0, Y0], [X0, round(Y0 - 10, 6)]]]
    assert len(read["0"]) == 1, "ends 6 m apart; 3 m in the smaller one, where it is a stroke"
    assert "3 lines of symbols, longer than 5 m, read as lines of their own" in read["CAP_NUOC_D25"].notes


def test_symbol_away_from_its_insertion_point_is_where_it_is_drawn(tmp_path: Path) -> None:
    """A manhole drawn 14 m from the base point of its block is not there, turned, mirrored and nested, too."""
    document, space = a_drawing()
    a_symbol(document)
    away = document.blocks.new("GA_XA", base_point=(5, 0))
    away.add_blockref("HOGA", (15, 10))
    space.add_blockref("GA_XA", (X0, Y0, 3.2), dxfattribs={"layer": "HO_GA"})
    space.add_blockref("GA_XA", (X0, Y0), dxfattribs={"layer": "HO_GA", "rotation": 90, "xscale": -1})
    space.add_blockref("HOGA", (-X0, Y0, 1.0), dxfattribs={"layer": "HO_GA", "extrusion": (0, 0, -1)})
    found = layers(document, tmp_path)
    assert [shapely.get_coordinates(g, include_z=True).round(6).tolist() for g in found["HO_GA GA_XA"].geometries] == [
        [[round(X0 + 10, 6), round(Y0 + 10, 6), 3.2]],
        [[round(X0 - 10, 6), round(Y0 - 10, 6), 0]],
    ]
    assert coordinates(found["HO_GA HOGA"].geometries[0]) == [[X0, Y0, -1.0]]


def test_arrays_are_many_nodes(tmp_path: Path) -> None:
    """An insert with rows and columns is as many nodes, each with its own row."""
    document, space = a_drawing()
    a_symbol(document)
    array = {"layer": "CAY", "column_count": 3, "column_spacing": 5, "row_count": 2, "row_spacing": 7}
    space.add_blockref("HOGA", (0, 0), dxfattribs=array)
    layer = only(document, tmp_path)
    assert sorted(p[0][:2] for p in map(coordinates, layer.geometries)) == [[x, y] for x in (0, 5, 10) for y in (0, 7)]
    assert len(set(layer.rows.tolist())) == 6


def test_block_that_holds_itself_is_refused(tmp_path: Path) -> None:
    """No program draws such a block: what stands in it nobody can say."""
    document, space = a_drawing()
    a, b = document.blocks.new("A"), document.blocks.new("B")
    a.add_line((0, 0), (100, 0))
    a.add_blockref("B", (50, 0))
    b.add_blockref("A", (50, 0))
    space.add_blockref("A", (0, 0), dxfattribs={"layer": "CAP_NUOC"})
    with pytest.raises(Rejected, match=r"block [AB] holds itself"):
        layers(document, tmp_path)


def test_nesting_has_a_limit(tmp_path: Path) -> None:
    """Containers within containers are opened eight deep; what lies deeper is counted, not lost in silence."""
    document, space = a_drawing()
    for level in range(10):
        block = document.blocks.new(f"L{level}")
        block.add_line((0, level), (100, level))
        if level < 9:
            block.add_blockref(f"L{level + 1}", (0, 0))
    space.add_blockref("L0", (0, 0))
    layer = only(document, tmp_path)
    assert [coordinates(g)[0][1] for g in layer.geometries] == list(range(8))
    assert "1 inserts nested deeper than 8 left aside" in layer.notes


@pytest.mark.parametrize("width", [10, 2])
def test_multiplying_blocks_are_refused(tmp_path: Path, width: int) -> None:
    """Blocks that multiply into billions are refused, not computed."""
    document, space = a_drawing()
    depth = 7 if width == 10 else 40
    for level in range(depth):
        for twin in "AB":
            block = document.blocks.new(f"{twin}{level}")
            block.add_line((0, 0), (100, 0))
            for k in range(width if level + 1 < depth else 0):
                block.add_blockref(f"{'AB'[k % 2]}{level + 1}", (k, 0))
    space.add_blockref("A0", (0, 0))
    with pytest.raises(Rejected, match=r"without end|multiply"):
        list(read_dxf(saved(document, tmp_path)))


def test_external_references_are_said(tmp_path: Path) -> None:
    """A drawing that only refers to another one says which kind of thing is missing, and makes no node of it."""
    document, space = a_drawing()
    document.add_xref_def("nen.dwg", "NEN")
    space.add_blockref("NEN", (0, 0))
    space.add_line((0, 0), (1, 0))
    layer = only(document, tmp_path)
    assert len(layer) == 1
    assert "1 external references (deliver those drawings too) left aside" in layer.notes


def test_scaled_and_turned_containers_are_true(tmp_path: Path) -> None:
    """What lies in a turned, scaled block stands where the insert puts it, arcs of unequal scale too."""
    document, space = a_drawing()
    block = document.blocks.new("MANG")
    block.add_line((0, 0), (100, 0))
    block.add_circle((50, 0), 10)
    space.add_blockref("MANG", (1000, 2000), dxfattribs={"xscale": 2, "yscale": 1, "rotation": 90, "layer": "ONG"})
    line, circle = only(document, tmp_path).geometries
    assert shapely.get_coordinates(line).round(6).tolist() == [[1000, 2000], [1000, 2200]]
    assert circle.bounds == pytest.approx((990, 2080, 1010, 2120), abs=0.01)
