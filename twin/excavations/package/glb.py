"""The dig and the objects around it as binary glTF 2.0, a closed mesh each.

glTF's y is up: x is east, y the elevation, −z north. Positions are metres from the scene's origin, which stands with
the reference system in the extras of the asset.
"""

from __future__ import annotations

import json
import struct
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from twin.clash.outcome import Outcome
from twin.excavations.package.meshes import laid_mesh, object_mesh
from twin.excavations.package.solids import dig_meshes
from twin.excavations.package.symbols import colour_of

if TYPE_CHECKING:
    from twin.clash.report import Clash, ClashReport
    from twin.clash.solids import Floats
    from twin.excavations.package.meshes import Mesh
    from twin.excavations.package.sections import Survey

_FLOAT, _UNSIGNED, _ARRAY, _ELEMENTS = 5126, 5125, 34962, 34963
_DIG = (0.70, 0.35, 0.0, 0.35)
_ALPHA = {Outcome.CLEAR: 0.45}


@dataclass(slots=True)
class _Buffer:
    """Collects binary views and the accessors onto them."""

    blob: bytearray
    views: list[dict[str, Any]]
    accessors: list[dict[str, Any]]

    def add(self, values: np.ndarray[Any, np.dtype[Any]], kind: str, target: int) -> int:
        offset = len(self.blob)
        self.blob += values.tobytes()
        self.blob += b"\0" * (-len(self.blob) % 4)
        self.views.append({"buffer": 0, "byteOffset": offset, "byteLength": values.nbytes, "target": target})
        component = _FLOAT if values.dtype == np.float32 else _UNSIGNED
        accessor = {"bufferView": len(self.views) - 1, "componentType": component, "count": len(values), "type": kind}
        if kind == "VEC3":
            accessor |= {"min": values.min(axis=0).tolist(), "max": values.max(axis=0).tolist()}
        self.accessors.append(accessor)
        return len(self.accessors) - 1


def write_glb(survey: Survey) -> bytes:
    """Objects of unknown elevation have no place in space: they are named in the extras, not drawn."""
    report = survey.report
    origin = np.array([*np.floor(report.polygon.centroid.coords[0]), 0.0])
    things: list[tuple[str, Mesh, tuple[float, float, float, float], dict[str, Any]]] = [
        (f"excavation {i}", mesh, _DIG, {"role": "excavation"})
        for i, mesh in enumerate(dig_meshes(report, survey.relief), start=1)
    ]
    undrawn = []
    for number, clash in enumerate(report.clashes, start=1):
        mesh = object_mesh(clash)
        extras = {"role": "object", "number": number, **_describe(clash)}
        if mesh is None:
            undrawn.append(extras)
        else:
            things.append((f"object {number}", mesh, _colour(clash), extras))
    for number, laying in enumerate(report.layings, start=1):
        utility = laying.utility
        for part, axis in enumerate(laying.axes, start=1):
            mesh = laid_mesh(utility.size_m, axis, is_round=utility.is_round)
            name = f"laid {number}" + (f".{part}" if len(laying.axes) > 1 else "")
            extras = {"role": "laid", "number": f"L{number}", "discipline": utility.discipline}
            if mesh is None:
                undrawn.append(extras)
            else:
                things.append((name, mesh, (*_linear(colour_of(utility.discipline)), 0.8), extras))
    return _pack(things, origin, _georeference(report, origin) | {"without_elevation": undrawn})


def _georeference(report: ClashReport, origin: Floats) -> dict[str, Any]:
    return {
        "crs": report.crs.code,
        "crs_name": report.crs.name,
        "vertical_datum": "EPSG:5727",
        "origin": {"east_m": origin[0], "north_m": origin[1], "elevation_m": origin[2]},
        "axes": "x east, y up, z south, from the origin",
    }


def _describe(clash: Clash) -> dict[str, Any]:
    return {
        "outcome": clash.outcome.value, "discipline": clash.discipline, "owner": clash.owner,
        "feature": f"{clash.layer}/{clash.feature_id}", "plan_gap_m": clash.plan_gap_m, "gap_m": clash.gap_m,
    }  # fmt: skip


def _colour(clash: Clash) -> tuple[float, float, float, float]:
    """The discipline's, as glTF wants it: linear."""
    return *_linear(colour_of(clash.discipline)), _ALPHA.get(clash.outcome, 1.0)


def _linear(code: str) -> tuple[float, float, float]:
    shares = np.array([int(code[i : i + 2], 16) for i in (1, 3, 5)]) / 255
    linear = np.where(shares <= 0.04045, shares / 12.92, ((shares + 0.055) / 1.055) ** 2.4)
    red, green, blue = np.round(linear, 4).tolist()
    return red, green, blue


def _pack(
    things: list[tuple[str, Mesh, tuple[float, float, float, float], dict[str, Any]]],
    origin: Floats,
    extras: dict[str, Any],
) -> bytes:
    buffer = _Buffer(bytearray(), [], [])
    materials = list(dict.fromkeys(colour for _, _, colour, _ in things))
    meshes, nodes = [], []
    for index, (name, mesh, colour, properties) in enumerate(things):
        local = mesh.vertices - origin
        # z up becomes y up; a rotation, so the faces keep facing outwards.
        turned = np.column_stack([local[:, 0], local[:, 2], -local[:, 1]]).astype("<f4")
        position = buffer.add(turned, "VEC3", _ARRAY)
        indices = buffer.add(mesh.faces.astype("<u4").reshape(-1), "SCALAR", _ELEMENTS)
        primitive = {"attributes": {"POSITION": position}, "indices": indices, "material": materials.index(colour)}
        meshes.append({"name": name, "primitives": [primitive]})
        nodes.append({"name": name, "mesh": index, "extras": properties})
    document = {
        "asset": {"version": "2.0", "generator": "City twin", "extras": extras},
        "scene": 0,
        "scenes": [{"nodes": list(range(len(nodes)))}],
        "nodes": nodes,
        "meshes": meshes,
        "materials": [_material(colour) for colour in materials],
        "accessors": buffer.accessors,
        "bufferViews": buffer.views,
        "buffers": [{"byteLength": len(buffer.blob)}],
    }
    text = json.dumps(document, ensure_ascii=False, separators=(",", ":")).encode()
    text += b" " * (-len(text) % 4)
    chunks = struct.pack("<I4s", len(text), b"JSON") + text
    chunks += struct.pack("<I4s", len(buffer.blob), b"BIN\0") + bytes(buffer.blob)
    return struct.pack("<4sII", b"glTF", 2, 12 + len(chunks)) + chunks


def _material(colour: tuple[float, float, float, float]) -> dict[str, Any]:
    surface = {"baseColorFactor": list(colour), "metallicFactor": 0.0, "roughnessFactor": 0.8}
    return {"pbrMetallicRoughness": surface} | ({"alphaMode": "BLEND"} if colour[3] < 1 else {})
