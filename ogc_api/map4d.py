"""Buildings and underground lines as Map4D's BuildingOverlay and Polyline take them: [longitude, latitude]."""

from __future__ import annotations

import math
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import styles
from styles.expression import evaluate

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

type Json = dict[str, Any]
type Position = Sequence[float]

# A Map4D polyline has one elevation: a line that falls is cut into pieces that fall no more than this.
MOST_FALL_M = 0.25
_MOST_PIECES = 200
_ZOOM = 17


def to_buildings(feature: Json) -> Iterator[Json]:
    """A building for each of a feature's polygons, its outer ring without the closing point.

    `height` is 0 where nobody knows it: the building lies flat, nothing is made up.
    """
    properties = feature["properties"]
    for index, (outer, *_) in enumerate(feature["geometry"]["coordinates"]):
        ring = [list(position[:2]) for position in outer[:-1]]
        yield {
            "id": f"{feature['id']}" if index == 0 else f"{feature['id']}.{index}",
            "name": properties.get("name") or properties.get("code") or "",
            "position": [sum(axis) / len(ring) for axis in zip(*ring, strict=True)],
            "coordinates": ring,
            "height": properties.get("height_m") or 0,
        }


def to_polylines(feature: Json) -> Iterator[Json]:
    """Pieces of a line, each with its `elevation` in metres above the ground there, below zero in the ground.

    `elevation` is null where the elevation of the line or of the ground is unknown: it may lie at any depth.
    """
    properties, line = feature["properties"], feature["geometry"]["coordinates"]
    ground_m, (layer, *_) = properties.get("ground_m"), styles.read_layers("utility_lines")
    look = {
        "id": str(feature["id"]),
        "strokeColor": evaluate(layer["paint"]["line-color"], properties, _ZOOM),
        "strokeWidth": evaluate(layer["paint"]["line-width"], properties, _ZOOM),
    }
    if ground_m is None or any(len(position) < 3 for position in line):
        yield look | {"path": [list(position[:2]) for position in line], "elevation": None}
        return
    for path, z in _level(line):
        yield look | {"path": path, "elevation": round(z - ground_m, 3)}


def _level(line: Sequence[Position]) -> Iterator[tuple[list[list[float]], float]]:
    """Pieces of a line in space that are nearly level, each with the elevation of its middle."""
    for start, end in pairwise(line):
        count = min(max(math.ceil(abs(end[2] - start[2]) / MOST_FALL_M), 1), _MOST_PIECES)
        places = [[a + (b - a) * n / count for a, b in zip(start, end, strict=True)] for n in range(count + 1)]
        for a, b in pairwise(places):
            yield [a[:2], b[:2]], (a[2] + b[2]) / 2


FORMS = {"buildings": to_buildings, "utility_lines": to_polylines}
