"""OpenStreetMap files, as XML and as PBF: nodes first, then ways that refer to them.

Sources: the pages "OSM XML" and "PBF Format" of the OpenStreetMap wiki; Protocol Buffers encoding.
"""

from __future__ import annotations

import struct
import zlib
from dataclasses import dataclass, field
from typing import TYPE_CHECKING
from xml.sax.saxutils import quoteattr

import shapely

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    import numpy as np
    from numpy.typing import NDArray

    from twin.sample.delivery.records import Dataset

    Tags = dict[str, str]

_FIRST_NODE, _FIRST_WAY = 8_100_000_001, 1_200_000_001
_UNITS = 10_000_000  # a degree in the whole numbers of the format
_MOST_ENTITIES = 8000


@dataclass(slots=True)
class _Map:
    """Nodes at whole units of longitude and latitude, with tags; ways with their nodes and tags."""

    places: dict[tuple[int, int], int] = field(default_factory=dict)
    nodes: list[tuple[int, int, int, Tags]] = field(default_factory=list)
    ways: list[tuple[int, list[int], Tags]] = field(default_factory=list)

    def refer(self, x: float, y: float, tags: Tags | None = None) -> int:
        """The node at a place: one for all ways that meet there."""
        at = (round(x * _UNITS), round(y * _UNITS))
        if tags is None and at in self.places:
            return self.places[at]
        number = _FIRST_NODE + len(self.nodes)
        self.nodes.append((number, *at, tags or {}))
        self.places[at] = number
        return number


def _to_map(file: Dataset, shapes: list[NDArray[np.object_]]) -> _Map:
    made = _Map()
    for layer, own in zip(file.layers, shapes, strict=True):
        for row, shape in zip(layer.rows, own, strict=True):
            tags = {key: f"{v:g}" if isinstance(v, float) else str(v) for key, v in row.fields.items()}
            points = shapely.get_coordinates(shape).tolist()
            if shape.geom_type == "Point":
                made.refer(points[0][0], points[0][1], tags)
                continue
            refs = [made.refer(x, y) for x, y in points]
            made.ways.append((_FIRST_WAY + len(made.ways), refs, tags))
    return made


def write_osm(path: Path, file: Dataset, shapes: list[NDArray[np.object_]]) -> None:
    made = _to_map(file, shapes)
    said = 'visible="true" version="2" changeset="150000001" timestamp="2025-06-30T01:00:00Z" user="ktv" uid="7"'
    lines = ['<?xml version="1.0" encoding="UTF-8"?>', '<osm version="0.6" generator="JOSM">']
    for number, x, y, tags in made.nodes:
        at = f'lat="{y / _UNITS:.7f}" lon="{x / _UNITS:.7f}"'
        lines += _element(f'node id="{number}" {said} {at}', _told(tags), "node")
    for number, refs, tags in made.ways:
        members = [f'<nd ref="{ref}"/>' for ref in refs]
        lines += _element(f'way id="{number}" {said}', [*members, *_told(tags)], "way")
    path.write_text("\n".join([*lines, "</osm>"]) + "\n", encoding="utf-8")


def _told(tags: Tags) -> list[str]:
    return [f"<tag k={quoteattr(key)} v={quoteattr(value)}/>" for key, value in tags.items()]


def _element(opening: str, inside: list[str], name: str) -> list[str]:
    return [f"  <{opening}>", *(f"    {part}" for part in inside), f"  </{name}>"] if inside else [f"  <{opening}/>"]


def write_osm_pbf(path: Path, file: Dataset, shapes: list[NDArray[np.object_]]) -> None:
    """Dense nodes and ways in compressed blocks, as Osmium and Geofabrik write them."""
    made = _to_map(file, shapes)
    header = _bytes(4, b"OsmSchema-V0.6") + _bytes(4, b"DenseNodes") + _bytes(16, b"osmium/1.16.0")
    blocks = [_blob("OSMHeader", header)]
    blocks += [_blob("OSMData", _node_block(part)) for part in _parts(made.nodes)]
    blocks += [_blob("OSMData", _way_block(part)) for part in _parts(made.ways)]
    path.write_bytes(b"".join(blocks))


def _parts[T](entities: list[T]) -> Iterable[list[T]]:
    return (entities[i : i + _MOST_ENTITIES] for i in range(0, len(entities), _MOST_ENTITIES))


def _blob(kind: str, content: bytes) -> bytes:
    blob = _number(2, len(content)) + _bytes(3, zlib.compress(content, 6))
    head = _bytes(1, kind.encode()) + _number(3, len(blob))
    return struct.pack(">I", len(head)) + head + blob


class _Strings:
    """The texts of a block, each once; the first is blank."""

    def __init__(self) -> None:
        self._places: dict[str, int] = {"": 0}

    def refer(self, text: str) -> int:
        return self._places.setdefault(text, len(self._places))

    def listed(self) -> bytes:
        return _bytes(1, b"".join(_bytes(1, text.encode()) for text in self._places))


def _node_block(nodes: list[tuple[int, int, int, Tags]]) -> bytes:
    strings = _Strings()
    tags: list[int] = []
    for _, _, _, told in nodes:
        tags += [strings.refer(text) for pair in told.items() for text in pair] + [0]
    columns = zip(*((number, y, x) for number, x, y, _ in nodes), strict=True)
    dense = b"".join(_bytes(slot, _deltas(column)) for slot, column in zip((1, 8, 9), columns, strict=True)) + _bytes(
        10, b"".join(map(_varint, tags))
    )
    return strings.listed() + _bytes(2, _bytes(2, dense))


def _way_block(ways: list[tuple[int, list[int], Tags]]) -> bytes:
    strings = _Strings()
    group = b""
    for number, refs, tags in ways:
        keys, values = ([_varint(strings.refer(text)) for text in texts] for texts in (tags.keys(), tags.values()))
        way = _number(1, number) + _bytes(2, b"".join(keys)) + _bytes(3, b"".join(values)) + _bytes(8, _deltas(refs))
        group += _bytes(3, way)
    return strings.listed() + _bytes(2, group)


def _deltas(numbers: Iterable[int]) -> bytes:
    last, packed = 0, b""
    for number in numbers:
        change = number - last
        packed += _varint(2 * change if change >= 0 else -2 * change - 1)
        last = number
    return packed


def _varint(number: int) -> bytes:
    packed = bytearray()
    while number > 0x7F:
        packed.append(number & 0x7F | 0x80)
        number >>= 7
    packed.append(number)
    return bytes(packed)


def _number(slot: int, value: int) -> bytes:
    return _varint(slot << 3) + _varint(value)


def _bytes(slot: int, content: bytes) -> bytes:
    return _varint(slot << 3 | 2) + _varint(len(content)) + content
