"""OBJ, PLY and GLB with a placement beside them, and what never happens with them."""

from __future__ import annotations

import json
import socket
import struct
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
import shapely
import trimesh

from importers.faults import Fault, Rejected
from importers.formats.mesh import read_gltf, read_obj, read_ply
from importers.formats.placement import Placement
from importers.formats.signatures import is_gltf, is_obj, is_ply
from importers.source import Dataset

if TYPE_CHECKING:
    from pathlib import Path

    from importers.source import SourceLayer

PLACEMENT = {"crs": "EPSG:9214", "origin": [562000, 1820000, 5], "up": "z"}
# A box of 4 x 3 x 2 as six quadrilaterals, and a second of three times its height beside it as an object of its own.
OBJ = """# box
mtllib house.mtl
o nha-1
v 0 0 0
v 4 0 0
v 4 3 0
v 0 3 0
v 0 0 2
v 4 0 2
v 4 3 2
v 0 3 2
usemtl wall
f 1/1 4/1 3/1 2/1
f 5 6 7 8
f 1 2 6 5
f 2 3 7 6
f 3 4 8 7
f 4 1 5 8
o nha-2
v 10 0 0
v 14 0 0
v 14 3 0
v 10 3 0
v 10 0 6
v 14 0 6
v 14 3 6
v 10 3 6
f -8 -5 -6 -7
f -4 -3 -2 -1
f -8 -7 -3 -4
f -7 -6 -2 -3
f -6 -5 -1 -2
f -5 -8 -4 -1
"""
READERS = {".obj": read_obj, ".ply": read_ply, ".glb": read_gltf, ".gltf": read_gltf}


def read(folder: Path, content: str | bytes, suffix: str, placement: Any = PLACEMENT) -> list[SourceLayer]:
    path, beside = folder / f"model{suffix}", folder / "model.placement.json"
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    beside.write_text(placement if isinstance(placement, str) else json.dumps(placement))
    return list(READERS[suffix](Dataset(path, folder, (path, beside))))


def refusal(folder: Path, content: str | bytes, suffix: str, placement: Any = PLACEMENT) -> Rejected:
    with pytest.raises(Rejected) as caught:
        read(folder, content, suffix, placement)
    assert caught.value.finding.remedy
    return caught.value


def a_glb(**more: Any) -> bytes:
    """Two boxes of 4 x 3 x 2 with y up, the first of two primitives; the second is moved 10 east and three as high."""
    box = trimesh.creation.box(extents=(4, 2, 3))
    box.apply_translation((2, 1, -1.5))
    corners, faces = box.vertices.astype("<f4"), box.faces.astype("<u2")
    binary = corners.tobytes() + faces.tobytes()
    parts = [(0, 0, len(corners.tobytes())), (1, len(corners.tobytes()), 36), (2, len(corners.tobytes()) + 36, 36)]
    moved = {"name": "nha-2", "mesh": 1, "translation": [10, 0, 0], "scale": [1, 3, 1]}
    header = {
        "asset": {"version": "2.0"},
        "scene": 0,
        "scenes": [{"nodes": [0, 1]}],
        "nodes": [{"name": "nha-1", "mesh": 0}, moved],
        "meshes": [
            {"primitives": [{"attributes": {"POSITION": 0}, "indices": i} for i in (1, 2)]},
            {"primitives": [{"attributes": {"POSITION": 0}, "indices": 3}]},
        ],
        "accessors": [
            {"bufferView": 0, "componentType": 5126, "count": 8, "type": "VEC3", "min": [0, 0, -3], "max": [4, 2, 0]},
            {"bufferView": 1, "componentType": 5123, "count": 18, "type": "SCALAR"},
            {"bufferView": 2, "componentType": 5123, "count": 18, "type": "SCALAR"},
            {"bufferView": 1, "componentType": 5123, "count": 36, "type": "SCALAR"},
        ],
        "bufferViews": [
            {"buffer": 0, "byteOffset": parts[0][1], "byteLength": parts[0][2]},
            {"buffer": 0, "byteOffset": parts[1][1], "byteLength": 72},
            {"buffer": 0, "byteOffset": parts[2][1], "byteLength": 36},
        ],
        "buffers": [{"byteLength": len(binary)}],
        **more,
    }  # fmt: skip
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 4)
    chunks = struct.pack("<I4s", len(text), b"JSON") + text + struct.pack("<I4s", len(binary), b"BIN\0") + binary
    return struct.pack("<4sII", b"glTF", 2, 12 + len(chunks)) + chunks


def check_boxes(layer: SourceLayer, mesh_of: Any) -> None:
    """The two boxes where they belong, closed, to the millimetre."""
    assert (layer.name, layer.crs, layer.crs_origin) == ("buildings", "EPSG:9214", "placement")
    assert layer.columns["buildingid"] == ["nha-1", "nha-2"]
    assert layer.columns["groundelevation"] == pytest.approx([5.0, 5.0])
    assert layer.columns["height_m"] == pytest.approx([2.0, 6.0])
    assert [g.bounds for g in layer.geometries] == [
        pytest.approx((562000 + x, 1820000, 562004 + x, 1820003)) for x in (0, 10)
    ]
    assert [g.area for g in layer.geometries] == pytest.approx([12.0, 12.0])
    for solid, volume in zip(layer.columns["solid"], (24.0, 72.0), strict=True):
        mesh = mesh_of(solid)
        assert mesh.is_watertight
        assert mesh.volume == pytest.approx(volume)


def test_objects_of_an_obj_are_buildings(tmp_path: Path, mesh_of) -> None:
    """Quadrilaterals, indexes with textures, and indexes that count back; materials are not looked for."""
    (layer,) = read(tmp_path, OBJ, ".obj")
    check_boxes(layer, mesh_of)


def test_nodes_of_a_glb_are_buildings(tmp_path: Path, mesh_of) -> None:
    """Y is up and -z north; primitives of one node are one body, and its transformation holds."""
    (layer,) = read(tmp_path, a_glb(), ".glb", PLACEMENT | {"up": "y"})
    check_boxes(layer, mesh_of)


@pytest.mark.parametrize("encoding", ["ascii", "binary"])
def test_ply_is_one_building_by_the_name_of_its_file(tmp_path: Path, mesh_of, encoding: str) -> None:
    """The format has no objects and no names."""
    box = trimesh.creation.box(extents=(4, 3, 2))
    box.apply_translation((2, 1.5, 1))
    (layer,) = read(tmp_path, box.export(file_type="ply", encoding=encoding), ".ply")
    assert layer.columns["buildingid"] == ["model"]
    assert layer.geometries[0].equals(shapely.box(562000, 1820000, 562004, 1820003))
    assert mesh_of(layer.columns["solid"][0]).volume == pytest.approx(24.0)


def test_groups_count_where_there_are_no_objects(tmp_path: Path) -> None:
    """Some programs write g instead of o."""
    (layer,) = read(tmp_path, OBJ.replace("o nha", "g nha"), ".obj")
    assert layer.columns["buildingid"] == ["nha-1", "nha-2"]


def test_turned_and_scaled_by_its_placement(tmp_path: Path) -> None:
    """A quarter turn clockwise takes north to east; a unit of a foot makes 4 feet 1.2192 m."""
    (layer,) = read(tmp_path, OBJ, ".obj", PLACEMENT | {"rotation_deg": 90, "scale": 0.3048})
    assert layer.geometries[0].bounds == pytest.approx((562000, 1820000 - 1.2192, 562000.9144, 1820000))
    assert layer.columns["height_m"] == pytest.approx([0.6096, 1.8288])


def test_placement_turns_clockwise_from_north() -> None:
    """North goes east, east goes south, up stays up."""
    placement = Placement("EPSG:9214", (100.0, 200.0, 10.0), "z", rotation_deg=90.0, scale=2.0)
    placed = placement.place(np.array([[0.0, 1.0, 0.0], [1.0, 0.0, 0.0], [0.0, 0.0, 1.0]]))
    assert placed == pytest.approx(np.array([[102, 200, 10], [100, 198, 10], [100, 200, 12]]))


def test_open_mesh_has_footprint_and_height(tmp_path: Path) -> None:
    """Without its floor a mesh is no solid, but still covers ground."""
    (layer,) = read(tmp_path, OBJ.replace("f 1/1 4/1 3/1 2/1\n", ""), ".obj")
    assert layer.columns["solid"][0] is None
    assert layer.geometries[0].area == 12.0


def test_vertex_of_no_number_costs_one_building_its_geometry(tmp_path: Path) -> None:
    """The other object is read all the same."""
    (layer,) = read(tmp_path, OBJ.replace("v 14 3 6", "v 14 nan 6"), ".obj")
    assert layer.geometries[0].area == 12.0
    assert layer.geometries[1] is None


def test_without_placement_the_form_of_it_is_told(tmp_path: Path) -> None:
    """A mesh says nowhere on earth; the remedy is the file to write."""
    path = tmp_path / "house.obj"
    path.write_text(OBJ)
    with pytest.raises(Rejected) as caught:
        list(read_obj(Dataset(path, tmp_path, (path,))))
    assert caught.value.finding.fault is Fault.CRS_MISSING
    assert "house.placement.json" in caught.value.finding.message
    assert '"origin": [x, y, z]' in caught.value.finding.remedy


@pytest.mark.parametrize(
    "placement",
    [
        "{", "[]", "7", "[" * 100_000,
        {"crs": "EPSG:9214", "origin": [1, 2, 3]},
        PLACEMENT | {"up": "x"},
        PLACEMENT | {"origin": [1, 2]},
        PLACEMENT | {"origin": "here"},
        PLACEMENT | {"origin": [1, 2, float("nan")]},
        PLACEMENT | {"scale": 0},
        PLACEMENT | {"rotation": 30},
        PLACEMENT | {"crs": "EPSG:4326"},
        PLACEMENT | {"crs": "EPSG:2263"},
        PLACEMENT | {"crs": "somewhere"},
        PLACEMENT | {"crs": 9214},
    ],
)  # fmt: skip
def test_placement_of_another_form_is_refused(tmp_path: Path, placement: Any) -> None:
    """A missing, misspelt or impossible member is never passed over: the building would stand elsewhere."""
    refused = refusal(tmp_path, OBJ, ".obj", placement)
    assert refused.finding.fault is Fault.CRS_UNUSABLE
    assert '"up"' in refused.finding.remedy


@pytest.mark.parametrize(
    "more",
    [
        {"buffers": [{"byteLength": 10, "uri": "http://example.org/house.bin"}]},
        {"buffers": [{"byteLength": 10, "uri": "../../secret.bin"}]},
        {"images": [{"uri": "file:///etc/passwd"}]},
        {"extensionsRequired": ["KHR_draco_mesh_compression"]},
        {"accessors": [{"componentType": 5126, "count": 10**12, "type": "VEC3"}]},
        {"accessors": [{"componentType": 5126, "count": 8, "type": "VEC3", "sparse": {}}]},
        {"bufferViews": [{"buffer": 0, "byteLength": 10**9}]},
        {"meshes": 7},
        {"nodes": [{"mesh": 99}]},
    ],
)
def test_glb_that_needs_or_claims_more_than_it_has_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, more: dict[str, Any]
) -> None:
    """Nothing is opened or fetched for it, and no memory is taken for numbers that are not there."""
    monkeypatch.setattr(socket, "socket", None)
    assert refusal(tmp_path, a_glb(**more), ".glb").finding.fault is Fault.UNREADABLE


@pytest.mark.parametrize("cut", [5, 16, 40, 700, 1100])
def test_cut_glb_is_refused(tmp_path: Path, cut: int) -> None:
    """Wherever it ends."""
    assert refusal(tmp_path, a_glb()[:cut], ".glb").finding.fault is Fault.UNREADABLE


def test_gltf_is_refused(tmp_path: Path) -> None:
    """Its coordinates lie in other files."""
    assert "other files" in str(refusal(tmp_path, '{"asset": {"version": "2.0"}, "buffers": []}', ".gltf"))


def test_half_a_mesh_is_none(tmp_path: Path) -> None:
    """Text without its end, or with fewer lines than it announces, is refused where it can be told."""
    box = trimesh.creation.box().export(file_type="ply", encoding="ascii").decode()
    for content, suffix in ((OBJ[:-3], ".obj"), (box[:-20], ".ply"), (box[: box.index("end_header") + 14], ".ply")):
        assert refusal(tmp_path, content, suffix).finding.fault is Fault.TRUNCATED


@pytest.mark.parametrize(
    ("content", "suffix"),
    [
        ("", ".obj"), ("v 1 2\nf 1 1 1\n", ".obj"), ("v 0 0 0\nf 1 2 3\n", ".obj"), ("v a b c\n", ".obj"),
        ("v 0 0 0\nf 0 0 0\n", ".obj"), ("v 0 0 0\nf x y z\n", ".obj"), ("v 0 0 0\n", ".obj"),
        ("ply\n", ".ply"), ("ply\nformat ascii 1.0\nelement vertex 1000000000000\nend_header\n1 2 3\n", ".ply"),
        ("ply\nformat ascii 1.0\nelement vertex 1\nproperty float x\nend_header\n1\n", ".ply"),
        ("ply\nformat binary_little_endian 1.0\nelement vertex 99999999\nproperty float x\nend_header\n", ".ply"),
    ],
)  # fmt: skip
def test_nonsense_is_refused(tmp_path: Path, content: str, suffix: str) -> None:
    """Missing vertices, words for numbers, counts without end: an answer, never a traceback."""
    refusal(tmp_path, content, suffix)


def test_formats_are_known_by_content() -> None:
    """An OBJ by its vertices, a PLY and a GLB by their first bytes; GeoJSON is none of them."""
    assert is_obj(b"# Blender\nv 1.0 -2.5e3 3\nvn 0 0 1\n", ".obj")
    assert is_obj(b"v 1 2 3\nv 1 2 4\nv 1 2 5\nf 1//1 2//1 3//1\n", "")
    assert not is_obj(b"v 1 2 3\n", ".txt")
    assert not is_obj(b"x y z\n1 2 3\n", ".obj")
    assert is_ply(b"ply\r\nformat ascii 1.0", "")
    assert is_gltf(b"glTF\2\0\0\0", "")
    assert is_gltf(b'{"asset": {}}', ".gltf")
    assert not is_gltf(b'{"type": "FeatureCollection"}', ".json")
