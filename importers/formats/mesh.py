"""OBJ, PLY and GLB: one building a mesh, put in its place by `<stem>.placement.json` (see `placement`).

Materials and textures are not read, and nothing but the file and its placement is opened.
Sources: Wavefront OBJ, PLY, glTF 2.0 (ISO/IEC 12113:2022).
"""

from __future__ import annotations

import json
import re
import struct
from dataclasses import dataclass
from io import BytesIO
from typing import TYPE_CHECKING, Any

import numpy as np
import trimesh

from importers.faults import Fault, Rejected
from importers.formats.city import City, Record, Shape, building
from importers.formats.placement import read_placement
from importers.formats.shell import make_face

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from numpy.typing import NDArray

    from importers.source import Dataset, SourceLayer

# Extensions that change what the coordinates mean, by how their names begin.
_ENCODINGS = ("KHR_draco", "KHR_meshopt", "EXT_meshopt", "KHR_mesh_quantization", "EXT_mesh_gpu")
_LAST_LINE = re.compile(rb"(?:^|\n)[vf][ \t][^\n]*\Z")
_PLY_ELEMENT = re.compile(rb"^element[ \t]+\S+[ \t]+(\d+)", re.MULTILINE)
_MOST_LINES = 1 << 40
_AGAIN = "export it again, as GLB with everything in the one file or as OBJ"


@dataclass(frozen=True, slots=True)
class _Mesh:
    """A name, and faces as vertices (n, 3) in the file's own axes."""

    name: str
    faces: Sequence[NDArray[np.float64]]


class _Cut(Exception):
    """A file has less than it says, or ends within a line."""


def read_obj(dataset: Dataset) -> Iterator[SourceLayer]:
    """A building for each object, or else group; faces may have any number of corners."""
    yield from _read(dataset, _obj_meshes)


def read_ply(dataset: Dataset) -> Iterator[SourceLayer]:
    yield from _read(dataset, _ply_meshes)


def read_gltf(dataset: Dataset) -> Iterator[SourceLayer]:
    """A building for each node with a mesh, all primitives of it together."""
    yield from _read(dataset, _glb_meshes)


def _read(dataset: Dataset, parse: Callable[[bytes], Iterable[_Mesh]]) -> Iterator[SourceLayer]:
    """Raises: Rejected without placement, and for what cannot be read without other files."""
    placement = read_placement(dataset)
    try:
        meshes = list(parse(dataset.path.read_bytes()))
    except _Cut as cut:
        raise Rejected(Fault.TRUNCATED, f"{dataset.name}: {cut}", _AGAIN) from cut
    except Exception as error:  # a parser of others on a file of others may raise anything
        raise Rejected(
            Fault.UNREADABLE, f"{dataset.name} cannot be read: {str(error) or repr(error):.200}", _AGAIN
        ) from error
    city = City()
    for mesh in meshes:
        told = {"buildingid": mesh.name or dataset.path.stem}
        try:
            faces = tuple(filter(None, (make_face([placement.place(face)]) for face in mesh.faces)))
            record = building([Shape(2, True, (faces,), faces)], told, {}, city.notes)
        except ValueError:
            city.notes["buildings with broken geometry"] += 1
            record = Record(None, told, {})
        city.add("buildings", record)
    yield from city.layers(dataset.name, placement.crs, "placement")


def _obj_meshes(raw: bytes) -> Iterator[_Mesh]:
    """Objects of an OBJ file, or else its groups.

    Raises: ValueError for no number, and for a missing vertex; _Cut where the last vertex or face has no end of line.
    """
    vertices: list[list[float]] = []
    objects: dict[str, list[list[int]]] = {}
    groups: dict[str, list[list[int]]] = {}
    current = {"o": "", "g": ""}
    if _LAST_LINE.search(raw):
        raise _Cut("its last line has no end, so that a number may be cut short")
    for line in raw.decode("utf-8", errors="replace").replace("\\\n", " ").splitlines():
        keyword, *words = line.split() or [""]
        if keyword == "v":
            vertices.append([float(word) for word in words[:3]])
        elif keyword in current:
            current[keyword] = " ".join(words)
        elif keyword == "f":
            face = [_resolve(int(word.partition("/")[0]), len(vertices)) for word in words]
            objects.setdefault(current["o"], []).append(face)
            groups.setdefault(current["g"], []).append(face)
    xyz = np.array(vertices, dtype=float).reshape(-1, 3)
    for name, faces in (groups if objects.keys() == {""} else objects).items():
        yield _Mesh(name, [xyz[face] for face in faces])


def _resolve(number: int, count: int) -> int:
    """Position of a vertex that is counted from 1, or back from the last of `count` so far where it is negative."""
    index = number - 1 if number > 0 else count + number
    if not 0 <= index < count:
        raise ValueError(f"a face names vertex {number} of {count}")
    return index


def _ply_meshes(raw: bytes) -> Iterator[_Mesh]:
    """Raises: _Cut where text has fewer lines than the header announces: the library would take what there is."""
    head, _, body = raw.partition(b"end_header")
    announced = sum(int(count) for count in _PLY_ELEMENT.findall(head))
    lines = body.count(b"\n") - 1
    if b"format ascii" in head and announced < _MOST_LINES and lines < announced:
        raise _Cut(f"{max(lines, 0)} of {announced} lines are there")
    scene = trimesh.load_scene(BytesIO(raw), file_type="ply", skip_materials=True, process=False)
    for mesh in scene.geometry.values():
        if isinstance(mesh, trimesh.Trimesh):
            yield _Mesh("", list(mesh.vertices[mesh.faces]))


def _glb_meshes(raw: bytes) -> Iterator[_Mesh]:
    names = [str(node.get("name", i)) for i, node in enumerate(_read_header(raw).get("nodes", []))]
    scene = trimesh.load_scene(BytesIO(raw), file_type="glb", skip_materials=True)
    nodes: dict[str, list[NDArray[np.float64]]] = {}
    for frame in scene.graph.nodes_geometry:
        matrix, name = scene.graph[frame]
        mesh = scene.geometry[name]
        if isinstance(mesh, trimesh.Trimesh):
            # A node with several primitives has a frame for each of them below its own.
            owner = scene.graph.transforms.parents[frame] if mesh.metadata.get("from_gltf_primitive") else frame
            # Column by column: a matrix product may round one corner of two faces in two ways.
            xyz = matrix[:3, 3] + sum(mesh.vertices[:, [i]] * matrix[:3, i] for i in range(3))
            nodes.setdefault(owner, []).extend(xyz[mesh.faces])
    for node in sorted(nodes, key=lambda name: names.index(name) if name in names else len(names)):
        yield _Mesh(node, nodes[node])


def _read_header(raw: bytes) -> dict[str, Any]:
    """The JSON of a GLB. Raises: ValueError for what needs other files, or claims more than it has."""
    if raw[:4] != b"glTF":
        raise ValueError("glTF keeps its coordinates in other files, which are not opened")
    size, length = struct.unpack("<8xII", raw[:16])
    if len(raw) < size:
        raise ValueError(f"{len(raw)} of {size} bytes are there")
    header: dict[str, Any] = json.loads(raw[20 : 20 + length])
    for kind in ("buffers", "images"):
        if any(not part.get("uri", "data:").startswith("data:") for part in header.get(kind, [])):
            raise ValueError(f"its {kind} lie in other files, which are not opened")
    if any(name.startswith(_ENCODINGS) for name in header.get("extensionsRequired", [])):
        raise ValueError(f"it is compressed ({', '.join(header['extensionsRequired'])})")
    if any("sparse" in part or not 0 <= part["count"] <= len(raw) for part in header.get("accessors", [])):
        raise ValueError("it has sparse accessors, or more numbers than bytes")
    return header
