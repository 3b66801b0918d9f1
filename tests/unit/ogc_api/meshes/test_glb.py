"""Frames on the ellipsoid and the file: what is written is what is read, and nothing known is lost."""

from __future__ import annotations

import numpy as np
import pyproj
import pytest

from ogc_api.meshes.frame import frame_at, to_geocentric
from ogc_api.meshes.glb import Figures, Look, Model, to_linear, write_glb
from ogc_api.meshes.mesh import empty, join
from ogc_api.meshes.sections import round_section
from ogc_api.meshes.table import Column, Table
from ogc_api.meshes.tubes import sweep
from tests.glb_reader import read_glb

PLACES = np.array([[107.59, 16.46, 12.5], [107.6, 16.5, -3.0], [-70.0, -33.0, 2500.0]])


def test_positions_on_earth_are_projs() -> None:
    """EPSG:4979 to 4978 to a hundredth of a millimetre; a frame's matrix takes its places back."""
    proj = np.column_stack(pyproj.Transformer.from_crs(4979, 4978, always_xy=True).transform(*PLACES.T))
    assert np.abs(to_geocentric(PLACES) - proj).max() < 1e-5
    frame = frame_at(107.59, 16.46)
    local = frame.to_local(proj)
    assert local[0] == pytest.approx([0, 0, 12.5], abs=1e-5)
    matrix = np.array(frame.matrix).reshape(4, 4).T
    back = (matrix @ np.column_stack([local, np.ones(3)]).T).T[:, :3]
    assert np.abs(back - proj).max() < 1e-5


def test_attributes_come_back_with_their_types_and_gaps() -> None:
    """Text in Vietnamese, numbers, dates, flags: None is None, and an identifier beyond 32 bits is whole."""
    columns = (
        Column("id", "Identifier", "identifier", [1, 2**40]),
        Column("name", "Name", "string", ["Trường Quốc Học", None]),
        Column("height_m", "Height (m)", "number", [0.1, None], "Chiều cao"),
        Column("storeys", "Storeys", "integer", [None, 3]),
        Column("known", "Known", "boolean", [True, False]),
        Column("maybe", "Maybe", "boolean", [None, True]),
    )
    tube = sweep(np.array([(0.0, 0, 0), (1, 0, 0)]), np.array([0, 2]), np.ones((1, 2)), round_section())
    glb = read_glb(write_glb(Model(tube, [Look("#0057b8"), Look("#0057b8")], Table("things", columns, 2))))
    assert glb.rows() == [{column.name: column.values[row] for column in columns} for row in range(2)]
    described = glb.document["extensions"]["EXT_structural_metadata"]["schema"]["classes"]["things"]["properties"]
    assert described["height_m"]["description"] == "Chiều cao"
    assert described["id"]["componentType"] == "UINT64"


def test_what_is_too_small_to_be_seen_takes_nothing_else_along() -> None:
    """A line without length and one of a hundredth of a millimetre, each alone in its look: rows, but no primitives."""
    points = np.array([(0.0, 0, 0), (1, 0, 0), (5, 0, 0), (5, 0, 0), (9, 0, 0), (9.001, 0, 0)])
    tubes = sweep(points, np.array([0, 2, 4, 6]), np.array([[0.1] * 2, [0.1] * 2, [1e-5] * 2]), round_section())
    table = Table("pipes", (Column("id", "Identifier", "identifier", [7, 8, 9]),), 3)
    glb = read_glb(write_glb(Model(tubes, [Look("#ff0000"), Look("#00ff00"), Look("#0000ff")], table)))
    assert len(glb.document["meshes"][0]["primitives"]) == 1
    assert set(glb.colours) == {0}
    assert [row["id"] for row in glb.rows()] == [7, 8, 9]
    assert all(accessor["count"] for accessor in glb.document["accessors"])


def test_each_look_is_one_primitive_and_clear_ones_blend() -> None:
    """Three features in two looks; colours are linear."""
    points = np.array([(0.0, 0, 0), (1, 0, 0), (0, 5, 0), (1, 5, 0), (0, 9, 0), (1, 9, 0)])
    tubes = sweep(points, np.array([0, 2, 4, 6]), np.full((3, 2), 0.1), round_section())
    looks = [Look("#ff0000"), Look("#ff0000", 0.4), Look("#ff0000")]
    glb = read_glb(write_glb(Model(tubes, looks, Table("pipes", (), 3))))
    assert len(glb.document["meshes"][0]["primitives"]) == 2
    assert glb.colours == {0: (1, 0, 0, 1), 2: (1, 0, 0, 1), 1: (1, 0, 0, 0.4)}
    assert [material.get("alphaMode") for material in glb.document["materials"]] == [None, "BLEND"]
    assert to_linear("#808080") == [0.2159] * 3


def test_figures_stand_where_they_are_put() -> None:
    """Instances with their sizes and whose they are; a file of nothing is a file, too."""
    figure = sweep(np.array([(0.0, 0, 0), (0, 0, 1)]), np.array([0, 2]), np.ones((1, 2)), round_section())
    places, sizes = np.array([(1.0, 2, 3), (4, 5, 6)]), np.array([(1.0, 1, 8), (2, 2, 9)])
    stems = Figures(figure, Look("#795548"), places, sizes, np.array([0, 1]))
    glb = read_glb(write_glb(Model(empty(), (), Table("trees", (), 2), (stems,))))
    ((at, size, owners),) = glb.figures()
    assert (at.tolist(), size.tolist(), owners.tolist()) == (places.tolist(), sizes.tolist(), [0, 1])
    assert glb.document["extensionsRequired"] == ["EXT_mesh_gpu_instancing"]
    assert glb.points().max(axis=0) == pytest.approx([5, 6, 15])
    nothing = read_glb(write_glb(Model(join([]), (), Table("trees", (), 0))))
    assert (nothing.count, nothing.shapes) == (0, {})
