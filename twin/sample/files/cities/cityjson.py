"""CityJSON 1.1 and 2.0 and CityJSON text sequences, with whole millimetres as vertices."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import numpy as np
import shapely

from twin.sample.delivery.solids import body

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

    from twin.sample.delivery.records import Dataset, Form, Row

_SCALE = 0.001


class _Vertices:
    """Distinct vertices as whole millimetres from an origin, in the order in which faces first use them."""

    def __init__(self, origin: NDArray[np.float64]) -> None:
        self._origin = origin
        self._places: dict[tuple[int, ...], int] = {}

    def refer(self, ring: NDArray[np.float64]) -> list[int]:
        counts = np.round((ring - self._origin) / _SCALE).astype(int).tolist()
        return [self._places.setdefault(tuple(vertex), len(self._places)) for vertex in counts]

    def listed(self) -> list[list[int]]:
        return [list(vertex) for vertex in self._places]


def write_cityjson(path: Path, file: Dataset, shapes: list[NDArray[np.object_]]) -> None:
    """A building is one object; in version 1.1 its surfaces are no solid, as older exporters wrote them."""
    (layer,), form = file.layers, file.form
    vertices = _Vertices(origin := _origin(shapes[0]))
    objects = {}
    for row, shape in zip(layer.rows, shapes[0], strict=True):
        geometry = _geometry(
            shape, row, vertices, solid=form.version != "1.1", lod="2" if form.version == "1.1" else "2.2"
        )
        objects[str(row.fields["name"])] = {"type": "Building", "attributes": _attributes(row), "geometry": [geometry]}
    document = _header(form, origin) | {"CityObjects": objects, "vertices": vertices.listed()}
    path.write_text(json.dumps(document, ensure_ascii=False, separators=(",", ":")) + "\n", encoding="utf-8")


def write_cityjson_lines(path: Path, file: Dataset, shapes: list[NDArray[np.object_]]) -> None:
    """A building is one line, its body that of its one part, beside a foot print that tells no height."""
    (layer,) = file.layers
    origin = _origin(shapes[0])
    lines = [_header(file.form, origin) | {"CityObjects": {}, "vertices": []}]
    for row, shape in zip(layer.rows, shapes[0], strict=True):
        vertices = _Vertices(origin)
        name, part = str(row.fields["name"]), f"{row.fields['name']}-0"
        foot = body(shape, row)[0][1][::-1]
        outline = {"type": "MultiSurface", "lod": "0", "boundaries": [[vertices.refer(foot)]]}
        solid = _geometry(shape, row, vertices, solid=True, lod="2.2")
        objects = {
            name: {"type": "Building", "attributes": _attributes(row), "geometry": [outline], "children": [part]},
            part: {"type": "BuildingPart", "attributes": {}, "geometry": [solid], "parents": [name]},
        }
        lines.append({"type": "CityJSONFeature", "id": name, "CityObjects": objects, "vertices": vertices.listed()})
    texts = (json.dumps(line, ensure_ascii=False, separators=(",", ":")) for line in lines)
    path.write_text("".join(f"{text}\n" for text in texts), encoding="utf-8")


def _origin(shapes: NDArray[np.object_]) -> NDArray[np.float64]:
    west, south, _, _ = shapely.total_bounds(shapes).tolist()
    return np.array([np.floor(west), np.floor(south), 0.0])


def _header(form: Form, origin: NDArray[np.float64]) -> dict[str, Any]:
    code = form.crs.rpartition(":")[2]
    return {
        "type": "CityJSON",
        "version": form.version or "2.0",
        "metadata": {"referenceSystem": f"https://www.opengis.net/def/crs/EPSG/0/{code}"},
        "transform": {"scale": [_SCALE] * 3, "translate": origin.tolist()},
    }


def _attributes(row: Row) -> dict[str, Any]:
    told = row.fields
    return {
        "measuredHeight": told["height_m"],
        "storeysAboveGround": told["storeys"],
        "function": told["use"],
        "roofType": "flat" if told["eaves_m"] is None else "tent",
    }


def _geometry(shape: shapely.Polygon, row: Row, vertices: _Vertices, *, solid: bool, lod: str) -> dict[str, Any]:
    faces = body(shape, row)
    kinds = list(dict.fromkeys(kind for kind, _ in faces))
    surfaces = [[vertices.refer(ring)] for _, ring in faces]
    values = [kinds.index(kind) for kind, _ in faces]
    semantics = {"surfaces": [{"type": kind} for kind in kinds], "values": [values] if solid else values}
    kind = "Solid" if solid else "MultiSurface"
    return {"type": kind, "lod": lod, "boundaries": [surfaces] if solid else surfaces, "semantics": semantics}
