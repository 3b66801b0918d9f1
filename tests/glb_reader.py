"""Binary glTF as a viewer sees it: meshes by feature, attributes by column, figures where they stand."""

from __future__ import annotations

import json
import struct
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
import trimesh

_KINDS = {5126: "<f4", 5123: "<u2", 5125: "<u4"}
_SCALARS = {"FLOAT64": "<f8", "INT32": "<i4", "UINT32": "<u4", "UINT64": "<u8", "INT8": "i1"}


class Shapes(Mapping[int, trimesh.Trimesh]):
    """The mesh of each feature, made when it is asked for."""

    def __init__(self) -> None:
        self.pieces: list[tuple[np.ndarray, np.ndarray, np.ndarray]] = []
        self._piece_of: dict[int, int] = {}

    def add(self, vertices: np.ndarray, faces: np.ndarray, owners: np.ndarray) -> None:
        for owner in np.unique(owners).tolist():
            assert owner not in self._piece_of
            self._piece_of[owner] = len(self.pieces)
        self.pieces.append((vertices, faces, owners))

    def __getitem__(self, owner: int) -> trimesh.Trimesh:
        vertices, faces, owners = self.pieces[self._piece_of[owner]]
        return weld(vertices, faces[owners[faces[:, 0]] == owner])

    def __iter__(self) -> Iterator[int]:
        return iter(self._piece_of)

    def __len__(self) -> int:
        return len(self._piece_of)

    def unsound(self) -> list[int]:
        """Features whose mesh is not closed, or not turned outwards: all at once, for trimesh takes a while for each.

        Closed: each edge, vertices at one place being one, is there once in each direction and no more.
        """
        found: set[int] = set()
        for vertices, faces, owners in self.pieces:
            _, place = np.unique(vertices, axis=0, return_inverse=True)
            corners, owner = place.reshape(-1)[faces], owners[faces[:, 0]]
            edges = np.concatenate([corners[:, [0, 1]], corners[:, [1, 2]], corners[:, [2, 0]]])
            of_edge = np.tile(owner, 3)
            keys = np.column_stack([of_edge, np.sort(edges, axis=1)])
            _, edge, used = np.unique(keys, axis=0, return_inverse=True, return_counts=True)
            edge = edge.reshape(-1)
            balance = np.bincount(edge, np.where(edges[:, 0] < edges[:, 1], 1, -1))
            found.update(of_edge[(used[edge] != 2) | (balance[edge] != 0)].tolist())
            # About a vertex of each: far from the origin differences of large numbers would decide.
            first = np.zeros((owners.max() + 1, 3))
            first[owners] = vertices
            a, b, c = (vertices[faces[:, i]] - first[owner] for i in range(3))
            volume = np.bincount(owner, (a * np.cross(b, c)).sum(axis=1) / 6)
            found.update(o for o in np.unique(owner).tolist() if volume[o] <= 0)
        return sorted(found)


@dataclass
class Glb:
    """`shapes` are a trimesh a feature, x east, y north, z up; `colours` its base colour."""

    document: dict[str, Any]
    blob: bytes
    shapes: Shapes
    colours: dict[int, tuple[float, ...]]

    def view(self, index: int) -> bytes:
        view = self.document["bufferViews"][index]
        assert view["byteOffset"] % 8 == 0
        return self.blob[view["byteOffset"] : view["byteOffset"] + view["byteLength"]]

    def accessor(self, index: int) -> np.ndarray:
        about = self.document["accessors"][index]
        values = np.frombuffer(self.view(about["bufferView"]), _KINDS[about["componentType"]])
        if about["type"] == "VEC3":
            values = values.reshape(-1, 3)
            if "min" in about:
                assert (about["min"], about["max"]) == (values.min(0).tolist(), values.max(0).tolist())
        assert len(values) == about["count"]
        return values

    @property
    def count(self) -> int:
        return int(self._table["count"])

    @property
    def _table(self) -> dict[str, Any]:
        (table,) = self.document["extensions"]["EXT_structural_metadata"]["propertyTables"]
        return table

    def rows(self) -> list[dict[str, Any]]:
        """Attributes of every feature, None where the schema says that there is none."""
        schema = self.document["extensions"]["EXT_structural_metadata"]["schema"]
        described = schema["classes"][self._table["class"]]["properties"]
        columns = {name: self._column(stored, described[name]) for name, stored in self._table["properties"].items()}
        return [dict(zip(columns, values, strict=True)) for values in zip(*columns.values(), strict=True)]

    def _column(self, stored: dict[str, Any], described: dict[str, Any]) -> list[Any]:
        content, nothing = self.view(stored["values"]), described.get("noData")
        match described["type"]:
            case "STRING":
                ends = np.frombuffer(self.view(stored["stringOffsets"]), "<u4").tolist()
                values = [content[a:b].decode() for a, b in pairwise(ends)]
            case "BOOLEAN":
                bits = np.unpackbits(np.frombuffer(content, "u1"), bitorder="little")
                values = [bool(bit) for bit in bits[: self.count]]
            case "ENUM":
                values = [{0: False, 1: True, -1: None}[v] for v in np.frombuffer(content, "i1").tolist()]
            case _:
                values = np.frombuffer(content, _SCALARS[described["componentType"]]).tolist()
        assert len(values) == self.count
        return [None if nothing is not None and value == nothing else value for value in values]

    def figures(self) -> list[tuple[np.ndarray, np.ndarray, np.ndarray]]:
        """Places and sizes (n, 3), z up, and whose, of each mesh that stands at many places."""
        found = []
        for node in self.document.get("nodes", []):
            instances = node.get("extensions", {}).get("EXT_mesh_gpu_instancing")
            if instances:
                of = instances["attributes"]
                place, size, owner = (self.accessor(of[n]) for n in ("TRANSLATION", "SCALE", "_FEATURE_ID_0"))
                found.append((z_up(place), size[:, [0, 2, 1]], owner.astype(int)))
        return found

    def points(self) -> np.ndarray:
        """All vertices, those of figures too."""
        found = [vertices for vertices, _, _ in self.shapes.pieces]
        meshes = [node["mesh"] for node in self.document.get("nodes", []) if "extensions" in node]
        for mesh, (places, sizes, _) in zip(meshes, self.figures(), strict=True):
            (primitive,) = self.document["meshes"][mesh]["primitives"]
            figure = z_up(self.accessor(primitive["attributes"]["POSITION"]))
            found.append((figure[None] * sizes[:, None] + places[:, None]).reshape(-1, 3))
        return np.concatenate(found)


def z_up(values: np.ndarray) -> np.ndarray:
    return np.column_stack([values[:, 0], -values[:, 2], values[:, 1]]).astype(float)


def read_glb(content: bytes) -> Glb:
    """Asserts what the container promises (glTF 2.0, 4.4)."""
    magic, version, length = struct.unpack("<4sII", content[:12])
    assert (magic, version, length) == (b"glTF", 2, len(content))
    size, kind = struct.unpack("<I4s", content[12:20])
    assert kind == b"JSON"
    assert (20 + size + 8) % 8 == 0
    glb = Glb(json.loads(content[20 : 20 + size]), content[28 + size :], Shapes(), {})
    for mesh in glb.document.get("meshes", []):
        for primitive in mesh["primitives"]:
            _read_primitive(glb, primitive)
    return glb


def _read_primitive(glb: Glb, primitive: dict[str, Any]) -> None:
    attributes = primitive["attributes"]
    vertices = z_up(glb.accessor(attributes["POSITION"]))
    normals = glb.accessor(attributes["NORMAL"])
    assert np.allclose(np.linalg.norm(normals, axis=1), 1, atol=1e-5)
    faces = glb.accessor(primitive["indices"]).reshape(-1, 3).astype(np.int64)
    if "_FEATURE_ID_0" not in attributes:
        return
    owners = glb.accessor(attributes["_FEATURE_ID_0"]).astype(int)
    (ids,) = primitive["extensions"]["EXT_mesh_features"]["featureIds"]
    assert ids["featureCount"] == len(np.unique(owners))
    colour = tuple(glb.document["materials"][primitive["material"]]["pbrMetallicRoughness"]["baseColorFactor"])
    glb.shapes.add(vertices, faces, owners)
    glb.colours.update(dict.fromkeys(np.unique(owners).tolist(), colour))


def weld(vertices: np.ndarray, faces: np.ndarray) -> trimesh.Trimesh:
    """Vertices at one place as one."""
    used, corners = np.unique(faces, return_inverse=True)
    shape = trimesh.Trimesh(vertices[used], corners.reshape(-1, 3), process=False)
    shape.merge_vertices(merge_norm=True, merge_tex=True)
    return shape


def is_sound(shape: trimesh.Trimesh) -> bool:
    """Closed, turned outwards."""
    return bool(shape.is_watertight and shape.is_winding_consistent and shape.volume > 0)
