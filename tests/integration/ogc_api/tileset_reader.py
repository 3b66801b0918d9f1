"""3D Tiles as a viewer walks them, asserting on the way what the standard promises (OGC 22-025r4)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import urljoin

import numpy as np
import pyproj
from jsonschema import Draft202012Validator

from layers.crs import parse_crs, transform_points
from tests.glb_reader import read_glb

if TYPE_CHECKING:
    from collections.abc import Iterator

    from httpx import Client

    from tests.glb_reader import Glb

_NUMBER = {"type": "number"}
# What tileset.json may be, of what we use of it: the names, the types, what is required.
_SCHEMA = {
    "type": "object",
    "required": ["asset", "geometricError", "root"],
    "properties": {
        "asset": {"type": "object", "required": ["version"], "properties": {"version": {"const": "1.1"}}},
        "geometricError": {"type": "number", "minimum": 0},
        "root": {"allOf": [{"$ref": "#/$defs/tile"}, {"required": ["refine"]}]},
    },
    "additionalProperties": False,
    "$defs": {
        "tile": {
            "type": "object",
            "required": ["boundingVolume", "geometricError"],
            "properties": {
                "boundingVolume": {
                    "type": "object",
                    "required": ["region"],
                    "properties": {"region": {"type": "array", "items": _NUMBER, "minItems": 6, "maxItems": 6}},
                    "additionalProperties": False,
                },
                "geometricError": {"type": "number", "minimum": 0},
                "refine": {"enum": ["ADD"]},
                "transform": {"type": "array", "items": _NUMBER, "minItems": 16, "maxItems": 16},
                "content": {
                    "type": "object",
                    "required": ["uri"],
                    "properties": {"uri": {"type": "string"}},
                    "additionalProperties": False,
                },
                "children": {"type": "array", "items": {"$ref": "#/$defs/tile"}, "minItems": 1, "uniqueItems": True},
            },
            "additionalProperties": False,
        }
    },
}
_TO_DEGREES = pyproj.Transformer.from_crs(4978, 4979, always_xy=True)


@dataclass
class Content:
    """A file of a tile: where it came from, what is in it, and what takes it to earth."""

    url: str
    glb: Glb
    transform: np.ndarray
    size: int

    @property
    def layer(self) -> str:
        return self.url.split("/collections/")[1].split("/")[0]

    def to_degrees(self, points: np.ndarray) -> np.ndarray:
        """Longitude, latitude and height above the ellipsoid of places (n, 3) in the file."""
        return on_earth(self.transform, points)

    def to_storage(self, points: np.ndarray) -> np.ndarray:
        """x, y of EPSG:9214 and height."""
        degrees = self.to_degrees(points)
        return transform_points(degrees, parse_crs("EPSG:4326"), parse_crs("EPSG:9214"))


def on_earth(matrix: np.ndarray, points: np.ndarray) -> np.ndarray:
    whole = matrix @ np.column_stack([points, np.ones(len(points))]).T
    return np.column_stack(_TO_DEGREES.transform(*whole[:3]))


def walk(client: Client, path: str) -> Iterator[Content]:
    """All files below a tileset.json; asserts that everything lies in what it is said to lie in."""
    url = f"{str(client.base_url).rstrip('/')}{path}"
    document = client.get(url).raise_for_status().json()
    yield from _walk(client, url, document)


def _walk(client: Client, url: str, document: dict[str, Any]) -> Iterator[Content]:
    Draft202012Validator(_SCHEMA).validate(document)
    assert document["geometricError"] >= document["root"]["geometricError"]
    yield from _tile(client, url, document["root"])


def _tile(client: Client, url: str, tile: dict[str, Any]) -> Iterator[Content]:
    region = tile["boundingVolume"]["region"]
    if "content" in tile:
        below = urljoin(url, tile["content"]["uri"])
        answer = client.get(below).raise_for_status()
        if "tileset.json" in below:
            assert "children" not in tile
            assert answer.json()["root"]["geometricError"] <= tile["geometricError"]
            assert _holds(region, answer.json()["root"]["boundingVolume"]["region"])
            yield from _walk(client, below, answer.json())
        else:
            assert answer.headers["content-type"] == "model/gltf-binary"
            matrix = np.array(tile["transform"]).reshape(4, 4).T
            content = Content(below, read_glb(answer.content), matrix, len(answer.content))
            assert _contains(region, content.to_degrees(content.glb.points())), below
            yield content
    for child in tile.get("children", []):
        assert child["geometricError"] <= tile["geometricError"]
        assert _holds(region, child["boundingVolume"]["region"])
        yield from _tile(client, url, child)


def _holds(outer: list[float], inner: list[float]) -> bool:
    low, high = [0, 1, 4], [2, 3, 5]
    return all(outer[i] <= inner[i] for i in low) and all(outer[i] >= inner[i] for i in high)


def _contains(region: list[float], degrees: np.ndarray) -> bool:
    places = np.column_stack([np.radians(degrees[:, :2]), degrees[:, 2]])
    low, high = places.min(axis=0), places.max(axis=0)
    return _holds(region, [low[0], low[1], high[0], high[1], low[2], high[2]])
