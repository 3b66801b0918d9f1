"""Features as CityJSON 2.0 text sequences: a line that says how to read the others, then a line a feature.

What lies on the ground has the terrain's elevation. What has no elevation has no geometry in space, for nothing is made
up: its plan stands as WKT in the attribute `plan-wkt`.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np
import orjson
import shapely
from numpy.typing import NDArray

from layers.crs import transform_points
from layers.relief import sample_ground

if TYPE_CHECKING:
    from collections.abc import Sequence

    from layers.catalog import Layer
    from layers.crs import Crs
    from layers.streams import BodyRow
    from layers.terrain import Ground

type Json = dict[str, Any]
type Floats = NDArray[np.float64]

_TYPES = {"buildings": "Building", "trees": "SolitaryVegetationObject", "roads": "Road", "parcels": "LandUse"}
_OTHER = "GenericCityObject"
# z of these is their own; the rest lies on the ground.
_UNDERGROUND = ("utility_lines", "utility_nodes")
_SCALE = 0.001
ELEVATIONS = "elevations in metres above Hòn Dấu 1992 (EPSG:5727)"
_ROUND_M = 1000.0
_LEAST_CORNERS = 3
# No column has a hyphen in its name.
_PLAN = "plan-wkt"


@dataclass(slots=True)
class _Vertices:
    """Places of a feature as whole numbers, each once."""

    places: dict[tuple[int, int, int], int] = field(default_factory=dict)

    def add(self, points: NDArray[np.int64]) -> list[int]:
        return [self.places.setdefault(tuple(point), len(self.places)) for point in points.tolist()]

    def face(self, rings: Sequence[NDArray[np.int64]]) -> list[list[int]]:
        """Rings without the last point, which is the first, and without what rounding made the same as the one before.

        A hole that rounding left no three corners of is gone; of an outer ring so small nothing is left.
        """
        corners = [ring[:-1][(ring[:-1] != np.roll(ring[:-1], 1, axis=0)).any(axis=1)] for ring in rings]
        sound = [self.add(ring) for ring in corners if len(ring) >= _LEAST_CORNERS]
        return sound if len(corners[0]) >= _LEAST_CORNERS else []


@dataclass(frozen=True, slots=True)
class CityLines:
    """Writes the lines of one layer in a projected system, about `origin` (x, y)."""

    layer: Layer
    storage: Crs
    target: Crs
    ground: Ground | None
    origin: tuple[float, float]
    title: str

    def head(self) -> bytes:
        """The first line."""
        return _line(
            {
                "type": "CityJSON",
                "version": "2.0",
                "transform": {"scale": [_SCALE] * 3, "translate": [*self.origin, 0.0]},
                "CityObjects": {},
                "vertices": [],
                "metadata": {"title": self.title, "referenceSystem": self.target.uri.replace("http:", "https:")},
            }
        )

    def lines(self, rows: Sequence[BodyRow]) -> bytes:
        """A line a row."""
        shapes = shapely.from_wkb(np.array([row.shape for row in rows], dtype=object))
        points, owner = shapely.get_coordinates(shapes, include_z=True, return_index=True)
        moved = self._move(points, self._elevations(points))
        ends = np.searchsorted(owner, np.arange(len(rows) + 1)).tolist()
        return b"".join(
            _line(self._feature(row, shape, moved[a:b]))
            for row, shape, (a, b) in zip(rows, shapes.tolist(), pairwise(ends), strict=True)
        )

    def _elevations(self, points: Floats) -> Floats:
        if self.layer.name in _UNDERGROUND:
            return points[:, 2]
        found = sample_ground(self.ground, points)
        return np.where(np.isnan(points[:, 2]), found, points[:, 2])

    def _move(self, points: Floats, z: Floats) -> Floats:
        return np.column_stack([transform_points(points[:, :2].copy(), self.storage, self.target), z])

    def _whole(self, points: Floats) -> NDArray[np.int64]:
        return np.asarray(np.round((points - (*self.origin, 0.0)) / _SCALE), dtype=np.int64)

    def _feature(self, row: BodyRow, shape: Any, points: Floats) -> Json:
        name, vertices = f"{self.layer.name}.{row.id}", _Vertices()
        kind = _TYPES.get(self.layer.name, _OTHER)
        attributes = {key: value for key, value in orjson.loads(row.attributes).items() if value is not None}
        solids = self._solids(row, shape, points, vertices) if kind == "Building" else []
        objects: Json = {name: {"type": kind, "attributes": attributes, "geometry": []}}
        if len(solids) > 1:
            parts = {f"{name}-{n}": solid for n, solid in enumerate(solids, start=1)}
            objects[name]["children"] = [*parts]
            objects |= {
                part: {"type": "BuildingPart", "parents": [name], "geometry": [solid]} for part, solid in parts.items()
            }
        elif solids:
            objects[name]["geometry"] = solids
        elif shape is not None and len(points):
            if np.isnan(points[:, 2]).any():
                attributes[_PLAN] = shapely.to_wkt(_flat(shape, points), rounding_precision=3)
            else:
                objects[name]["geometry"] = _surface(shape, self._whole(points), vertices)
        return {
            "type": "CityJSONFeature",
            "id": name,
            "CityObjects": objects,
            "vertices": [list(place) for place in vertices.places],
        }

    def _solids(self, row: BodyRow, shape: Any, points: Floats, vertices: _Vertices) -> list[Json]:
        """The surveyed solid; else the footprint raised from its ground, a solid a part, where both are known."""
        if row.solid is not None:
            faces = shapely.get_parts(shapely.from_wkb(row.solid))
            corners, owner = shapely.get_coordinates(faces, include_z=True, return_index=True)
            whole = self._whole(self._move(corners, corners[:, 2]))
            ends = np.searchsorted(owner, np.arange(len(faces) + 1)).tolist()
            shell = [
                vertices.face(_rings(face, whole[a:b]))
                for face, (a, b) in zip(faces.tolist(), pairwise(ends), strict=True)
            ]
            return [{"type": "Solid", "lod": "2", "boundaries": [[face for face in shell if face]]}]
        if row.height_m is None or shape is None or not len(points):
            return []
        base = row.ground_m if row.ground_m is not None else float(np.min(points[:, 2]))
        if np.isnan(base):
            return []
        made, at = [], 0
        for part in shapely.get_parts(shape).tolist():
            count = int(shapely.get_num_coordinates(part))
            rings = [_turned(ring, left=n == 0) for n, ring in enumerate(_rings(part, points[at : at + count]))]
            made.append(self._raise(rings, base, row.height_m, vertices))
            at += count
        return [{"type": "Solid", "lod": "1", "boundaries": [shell]} for shell in made if shell]

    def _raise(self, rings: list[Floats], base: float, height_m: float, vertices: _Vertices) -> list[Any]:
        """Floor, roof and walls between them, all facing outwards; nothing of what is too small to be seen."""
        low, high = (
            vertices.face([self._whole(np.column_stack([ring[:, :2], np.full(len(ring), z)])) for ring in rings])
            for z in (base, base + height_m)
        )
        walls = [
            [[a, b, d, c]]
            for lower, upper in zip(low, high, strict=True)
            for (a, b), (c, d) in zip(pairwise([*lower, lower[0]]), pairwise([*upper, upper[0]]), strict=True)
        ]
        return [[ring[::-1] for ring in low], high, *walls] if walls else []


def city_origin(rows: Sequence[BodyRow], storage: Crs, target: Crs) -> tuple[float, float]:
    """A round place near the first rows, so that the whole numbers of vertices are small."""
    shapes = [row.shape for row in rows if row.shape is not None][:1]
    points = shapely.get_coordinates(shapely.from_wkb(np.array(shapes, dtype=object)))[:1]
    if not len(points):
        return 0.0, 0.0
    ((x, y),) = (np.floor(transform_points(points, storage, target) / _ROUND_M) * _ROUND_M).tolist()
    return x, y


def _line(document: Json) -> bytes:
    return orjson.dumps(document) + b"\n"


def _rings(polygon: Any, points: NDArray[Any]) -> list[NDArray[Any]]:
    """Points of a polygon, ring by ring."""
    counts = [int(shapely.get_num_coordinates(ring)) for ring in shapely.get_rings(polygon).tolist()]
    return np.split(points, np.cumsum(counts)[:-1])


def _turned(ring: Floats, *, left: bool) -> Floats:
    x, y = (ring[:, :2] - ring[0, :2]).T
    is_left = float(np.sum(x[:-1] * y[1:] - x[1:] * y[:-1])) > 0
    return ring if is_left == left else ring[::-1]


def _surface(shape: Any, points: NDArray[np.int64], vertices: _Vertices) -> list[Json]:
    """Points, lines or surfaces as they lie; nothing of a surface that is too small to be seen."""
    match shapely.get_dimensions(shape):
        case 0:
            return [{"type": "MultiPoint", "lod": "0", "boundaries": vertices.add(points)}]
        case 1:
            pieces = _pieces(shape, points)
            return [{"type": "MultiLineString", "lod": "0", "boundaries": [vertices.add(piece) for piece in pieces]}]
        case _:
            parts = zip(shapely.get_parts(shape).tolist(), _pieces(shape, points), strict=True)
            surfaces = [face for part, piece in parts if (face := vertices.face(_rings(part, piece)))]
            return [{"type": "MultiSurface", "lod": "0", "boundaries": surfaces}] if surfaces else []


def _pieces(shape: Any, points: NDArray[np.int64]) -> list[NDArray[np.int64]]:
    counts = shapely.get_num_coordinates(shapely.get_parts(shape))
    return np.split(points, np.cumsum(counts)[:-1])


def _flat(shape: Any, points: Floats) -> Any:
    """The shape in plan, its points elsewhere."""
    return shapely.transform(shapely.force_2d(shape), lambda _: points[:, :2])
