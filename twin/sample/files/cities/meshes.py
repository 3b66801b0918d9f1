"""OBJ, PLY and GLB around an origin of their own, as modelling programs export them, with a placement beside them."""

from __future__ import annotations

import json
import struct
from typing import TYPE_CHECKING, Any

import numpy as np
import shapely

from twin.sample.delivery.solids import body

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from numpy.typing import NDArray

    from twin.sample.delivery.records import Dataset, Form, Row

    # Rings (n, 3) of a house, in the mesh's own axes.
    Faces = list[NDArray[np.float64]]

_ARRAY_BUFFER, _FLOAT, _UNSIGNED = 34962, 5126, 5125


def _place(path: Path, form: Form, shapes: NDArray[np.object_], up: str) -> NDArray[np.float64]:
    """Writes where the mesh stands, and gives its origin."""
    west, south, _, _ = shapely.total_bounds(shapes).tolist()
    origin = np.array([np.floor(west), np.floor(south), 0.0])
    placement = {"crs": form.crs, "origin": origin.tolist(), "up": up}
    path.with_suffix(".placement.json").write_text(json.dumps(placement) + "\n", encoding="utf-8")
    return origin


def _meshes(file: Dataset, shapes: NDArray[np.object_], origin: NDArray[np.float64]) -> Iterator[tuple[Row, Faces]]:
    for row, shape in zip(file.layers[0].rows, shapes, strict=True):
        yield row, [ring - origin for _, ring in body(shape, row)]


def write_obj(path: Path, file: Dataset, shapes: list[NDArray[np.object_]]) -> None:
    """An object a house; y is up, and -z is north."""
    origin = _place(path, file.form, shapes[0], "y")
    lines, count = ["# Blender v3.6.2", "mtllib none.mtl"], 0
    for row, faces in _meshes(file, shapes[0], origin):
        lines.append(f"o {row.fields['name']}")
        points: dict[tuple[float, ...], int] = {}
        indexes = [[points.setdefault(tuple(vertex), len(points)) for vertex in ring.tolist()] for ring in faces]
        lines += [f"v {x:.4f} {z:.4f} {-y:.4f}" for x, y, z in points]
        lines += ["s off", *(f"f {' '.join(str(count + i + 1) for i in face)}" for face in indexes)]
        count += len(points)
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")


def _triangles(faces: Faces) -> NDArray[np.float64]:
    """Corners (n, 3, 3) of triangles that make up the faces, of which only the level ones may be bent inwards."""
    made: list[NDArray[np.float64]] = []
    for ring in faces:
        if len(ring) == 3 or np.ptp(ring[:, 2]) > 0:
            made += [ring[[0, i, i + 1]] for i in range(1, len(ring) - 1)]
            continue
        parts = shapely.get_parts(shapely.constrained_delaunay_triangles(shapely.Polygon(ring[:, :2])))
        upward = shapely.is_ccw(shapely.Polygon(ring[:, :2]).exterior)
        for part in shapely.orient_polygons(parts):
            corners = np.column_stack([shapely.get_coordinates(part)[:3], np.full(3, ring[0, 2])])
            made.append(corners if upward else corners[::-1])
    return np.array(made)


def write_ply(path: Path, file: Dataset, shapes: list[NDArray[np.object_]]) -> None:
    """One house: as text, or in binary where the version says so; z is up."""
    origin = _place(path, file.form, shapes[0], "z")
    ((_, faces),) = _meshes(file, shapes[0], origin)
    corners = _triangles(faces)
    vertices, index = np.unique(corners.reshape(-1, 3), axis=0, return_inverse=True)
    triangles = index.reshape(-1, 3)
    kind = "binary_little_endian" if file.form.version == "binary" else "ascii"
    head = (
        f"ply\nformat {kind} 1.0\ncomment exported by MeshLab\nelement vertex {len(vertices)}\nproperty double x\n"
        f"property double y\nproperty double z\nelement face {len(triangles)}\n"
        "property list uchar int vertex_indices\nend_header\n"
    )
    if file.form.version == "binary":
        content = vertices.astype("<f8").tobytes() + b"".join(struct.pack("<B3i", 3, *t) for t in triangles.tolist())
    else:
        lines = [f"{x:.4f} {y:.4f} {z:.4f}" for x, y, z in vertices.tolist()]
        lines += [f"3 {a} {b} {c}" for a, b, c in triangles.tolist()]
        content = ("\n".join(lines) + "\n").encode()
    path.write_bytes(head.encode() + content)


def write_glb(path: Path, file: Dataset, shapes: list[NDArray[np.object_]]) -> None:
    """A node a house, y up; positions are floats of 32 bits, each mesh about the corner of its own house."""
    origin = _place(path, file.form, shapes[0], "y")
    buffer = b""
    document: dict[str, Any] = {
        "asset": {"version": "2.0", "generator": "Khronos glTF Blender I/O v3.6.27"},
        "scene": 0, "scenes": [{"nodes": []}], "nodes": [], "meshes": [], "accessors": [], "bufferViews": [],
    }  # fmt: skip
    for row, faces in _meshes(file, shapes[0], origin):
        corners, index = np.unique(_triangles(faces).reshape(-1, 3), axis=0, return_inverse=True)
        at = np.floor(corners.min(axis=0))
        local = (corners - at)[:, [0, 2, 1]] * [1, 1, -1]
        number = len(document["nodes"])
        document["nodes"].append({"name": row.fields["name"], "mesh": number, "translation": [at[0], at[2], -at[1]]})
        document["scenes"][0]["nodes"].append(number)
        attributes = {"POSITION": 2 * number}
        document["meshes"].append({"primitives": [{"attributes": attributes, "indices": 2 * number + 1}]})
        positions = local.astype("<f4")
        limits = {"min": positions.min(axis=0).tolist(), "max": positions.max(axis=0).tolist()}
        for content, told in (
            (positions.tobytes(), {"componentType": _FLOAT, "type": "VEC3", "count": len(positions), **limits}),
            (index.astype("<u4").tobytes(), {"componentType": _UNSIGNED, "type": "SCALAR", "count": index.size}),
        ):
            document["bufferViews"].append({"buffer": 0, "byteOffset": len(buffer), "byteLength": len(content)})
            document["accessors"].append({"bufferView": len(document["bufferViews"]) - 1, **told})
            buffer += content
    document["buffers"] = [{"byteLength": len(buffer)}]
    text = json.dumps(document, separators=(",", ":")).encode()
    text += b" " * (-len(text) % 4)
    size = 12 + 8 + len(text) + 8 + len(buffer)
    head = struct.pack("<4sII", b"glTF", 2, size) + struct.pack("<I4s", len(text), b"JSON")
    path.write_bytes(head + text + struct.pack("<I4s", len(buffer), b"BIN\0") + buffer)
