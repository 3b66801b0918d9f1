"""Binary glTF 2.0 with feature ids (EXT_mesh_features, EXT_instance_features) and attributes.

glTF's y is up: x is east, y up, z south.
"""

from __future__ import annotations

import json
import struct
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from ogc_api.meshes.mesh import Mesh
from ogc_api.meshes.table import Table, write_table

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from ogc_api.meshes.mesh import Floats, Integers

type Json = dict[str, Any]

_FLOAT, _SHORT, _LONG = 5126, 5123, 5125
_ARRAY, _ELEMENTS = 34962, 34963
_TOO_MANY_FOR_SHORT = 65_535
# Property tables want their views at multiples of 8 bytes of the file.
_ALIGNED = 8
_ROUGHNESS = 0.85
_PER_M = 8192


@dataclass(frozen=True, slots=True)
class Look:
    """A colour as styles write it (#rrggbb), and how much of what lies behind it hides."""

    colour: str
    opacity: float = 1.0


@dataclass(frozen=True, slots=True, eq=False)
class Figures:
    """A mesh that stands at many places: `places` and `sizes` (n, 3) in metres, x east, y north, z up."""

    mesh: Mesh
    look: Look
    places: Floats
    sizes: Floats
    owners: Integers


@dataclass(frozen=True, slots=True, eq=False)
class Model:
    """What a file shows: a mesh whose owner i has `looks[i]`, figures, and the table of all owners."""

    mesh: Mesh
    looks: Sequence[Look]
    table: Table
    figures: tuple[Figures, ...] = ()
    extras: Json = field(default_factory=dict)


def write_glb(model: Model) -> bytes:
    """A file of one mesh; a primitive for each look, so that each is one call to draw."""
    return _File(model).write()


def to_linear(colour: str) -> list[float]:
    """#rrggbb as glTF wants it: shares of light, not of voltage (IEC 61966-2-1)."""
    shares = np.array([int(colour[i : i + 2], 16) for i in (1, 3, 5)]) / 255
    linear = np.where(shares <= 0.04045, shares / 12.92, ((shares + 0.055) / 1.055) ** 2.4)
    return [float(share) for share in np.round(linear, 4)]


def y_up(vectors: Floats) -> NDArray[np.float32]:
    """Vectors (n, 3) as glTF turns them; nothing of them is minus zero."""
    return np.asarray(np.column_stack([vectors[:, 0], vectors[:, 2], -vectors[:, 1]]) + 0.0, dtype="<f4")


class _File:
    """A file in the making."""

    def __init__(self, model: Model) -> None:
        self._model = model
        self._blob = bytearray()
        self._views: list[Json] = []
        self._accessors: list[Json] = []
        self._looks: list[Look] = []
        self._extensions = {"EXT_structural_metadata"}

    def write(self) -> bytes:
        table = self._model.table
        metadata = write_table(table, self._add)
        primitives = list(self._primitives())
        meshes: list[Json] = [{"name": table.layer, "primitives": primitives}] if primitives else []
        nodes: list[Json] = [{"name": table.layer, "mesh": 0}] if primitives else []
        for figures in self._model.figures:
            nodes.append({"mesh": len(meshes), "extensions": self._instances(figures)})
            meshes.append({"primitives": [self._primitive(_sound(figures.mesh), figures.look)]})
        document: Json = {
            "asset": {"version": "2.0", "generator": "City twin"} | _given(extras=self._model.extras),
            "extensionsUsed": sorted(self._extensions),
            **_given(extensionsRequired=sorted(self._extensions & {"EXT_mesh_gpu_instancing"})),
            "extensions": {"EXT_structural_metadata": metadata},
            "scene": 0,
            "scenes": [_given(nodes=list(range(len(nodes))))],
            **_given(nodes=nodes, meshes=meshes, materials=[_material(look) for look in self._looks]),
            **_given(accessors=self._accessors),
            "bufferViews": self._views,
            "buffers": [{"byteLength": len(self._blob)}],
        }
        return _frame(document, bytes(self._blob))

    def _primitives(self) -> Sequence[Json]:
        """One for each look that is seen: what is too small for the file has none."""
        mesh, looks = _sound(self._model.mesh), self._model.looks
        parts = [(look, mesh.of(np.array([one == look for one in looks], dtype=bool))) for look in dict.fromkeys(looks)]
        return [self._primitive(part, look, with_features=True) for look, part in parts if len(part.faces)]

    def _primitive(self, mesh: Mesh, look: Look, *, with_features: bool = False) -> Json:
        if look not in self._looks:
            self._looks.append(look)
        positions = y_up(mesh.vertices)
        attributes = {
            "POSITION": self._accessor(positions, "VEC3", bounds=True),
            "NORMAL": self._accessor(y_up(mesh.normals), "VEC3"),
        }
        index: NDArray[Any] = mesh.faces.reshape(-1).astype("<u2" if len(positions) < _TOO_MANY_FOR_SHORT else "<u4")
        primitive: Json = {"attributes": attributes, "material": self._looks.index(look), "mode": 4}
        if with_features:
            attributes["_FEATURE_ID_0"] = self._accessor(mesh.owners.astype("<f4"), "SCALAR")
            self._extensions.add("EXT_mesh_features")
            ids = {"featureCount": len(np.unique(mesh.owners)), "attribute": 0, "propertyTable": 0}
            primitive["extensions"] = {"EXT_mesh_features": {"featureIds": [ids]}}
        return primitive | {"indices": self._accessor(index, "SCALAR", _ELEMENTS)}

    def _instances(self, figures: Figures) -> Json:
        self._extensions |= {"EXT_mesh_gpu_instancing", "EXT_instance_features"}
        sizes = np.column_stack([figures.sizes[:, 0], figures.sizes[:, 2], figures.sizes[:, 1]]).astype("<f4")
        attributes = {
            "TRANSLATION": self._accessor(y_up(figures.places), "VEC3", bounds=True),
            "SCALE": self._accessor(sizes, "VEC3"),
            "_FEATURE_ID_0": self._accessor(figures.owners.astype("<f4"), "SCALAR"),
        }
        ids = {"featureCount": len(np.unique(figures.owners)), "attribute": 0, "propertyTable": 0}
        return {
            "EXT_mesh_gpu_instancing": {"attributes": attributes},
            "EXT_instance_features": {"featureIds": [ids]},
        }

    def _accessor(self, values: NDArray[Any], kind: str, target: int = _ARRAY, *, bounds: bool = False) -> int:
        component = {"f": _FLOAT, "u": _SHORT if values.dtype.itemsize == 2 else _LONG}[values.dtype.kind]
        view = self._add(values, target)
        accessor: Json = {"bufferView": view, "componentType": component, "count": len(values), "type": kind}
        if bounds:
            accessor |= {"min": values.min(axis=0).tolist(), "max": values.max(axis=0).tolist()}
        self._accessors.append(accessor)
        return len(self._accessors) - 1

    def _add(self, values: NDArray[Any], target: int | None = None) -> int:
        offset = len(self._blob)
        self._blob += values.tobytes()
        self._blob += b"\0" * (-len(self._blob) % _ALIGNED)
        view: Json = {"buffer": 0, "byteOffset": offset, "byteLength": values.nbytes}
        self._views.append(view | ({"target": target} if target else {}))
        return len(self._views) - 1


def _sound(mesh: Mesh) -> Mesh:
    """As the file rounds it, with the faces whose corners are at three places: a flat one between others holds nothing.

    Eighths of a millimetre: exact in single precision to 2 km, and what is one place stays one.
    """
    places = (np.round(mesh.vertices * _PER_M) / _PER_M).astype(np.float32).astype(np.float64)
    a, b, c = (places[mesh.faces[:, i]] for i in range(3))
    flat = (a == b).all(axis=1) | (b == c).all(axis=1) | (c == a).all(axis=1)
    return Mesh(places, mesh.normals, mesh.faces[~flat], mesh.owners)


def _material(look: Look) -> Json:
    surface = {
        "baseColorFactor": [*to_linear(look.colour), look.opacity],
        "metallicFactor": 0.0,
        "roughnessFactor": _ROUGHNESS,
    }
    return {"pbrMetallicRoughness": surface} | ({"alphaMode": "BLEND"} if look.opacity < 1 else {})


def _given(**members: Any) -> Json:
    """Members that hold something: glTF knows no empty lists."""
    return {name: value for name, value in members.items() if value}


def _frame(document: Json, blob: bytes) -> bytes:
    text = json.dumps(document, ensure_ascii=False, separators=(",", ":")).encode()
    # The buffer begins at a multiple of 8 bytes: behind the header, the head of this piece, and its own.
    text += b" " * (-(len(text) + 28) % _ALIGNED)
    chunks = struct.pack("<I4s", len(text), b"JSON") + text + struct.pack("<I4s", len(blob), b"BIN\0") + blob
    return struct.pack("<4sII", b"glTF", 2, 12 + len(chunks)) + chunks
