"""Vector tiles read (MVT 2.1): what the map that is drawn here is made of."""

from __future__ import annotations

import struct
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator

type Points = list[tuple[int, int]]

POINT, LINE, POLYGON = 1, 2, 3


@dataclass(frozen=True, slots=True)
class Drawn:
    """A feature: its kind, its parts in units of the tile, y down, and its properties. Rings are closed implicitly."""

    kind: int
    parts: list[Points]
    properties: dict[str, Any]
    id: int = 0


def read_tile(content: bytes) -> dict[str, list[Drawn]]:
    """Features of each layer. Meant for tiles of our own: anything else ends in an IndexError or a ValueError."""
    found = {}
    for field, value in _fields(content):
        if field == 3:
            name, features = _read_layer(value)
            found[name] = features
    return found


def _read_layer(content: bytes) -> tuple[str, list[Drawn]]:
    name, keys, values, features = "", [], [], []
    for field, value in _fields(content):
        match field:
            case 1:
                name = value.decode()
            case 2:
                features.append(value)
            case 3:
                keys.append(value.decode())
            case 4:
                values.append(_read_value(value))
    return name, [_read_feature(feature, keys, values) for feature in features]


def _read_feature(content: bytes, keys: list[str], values: list[Any]) -> Drawn:
    number, kind, tags, commands = 0, 0, [], []
    for field, value in _fields(content):
        match field:
            case 1:
                number = value
            case 2:
                tags = list(_varints(value))
            case 3:
                kind = value
            case 4:
                commands = list(_varints(value))
    properties = {keys[k]: values[v] for k, v in zip(tags[::2], tags[1::2], strict=True)}
    return Drawn(kind, _read_parts(commands, is_points=kind == POINT), properties, number)


def _read_parts(commands: list[int], *, is_points: bool) -> list[Points]:
    parts: list[Points] = []
    x = y = at = 0
    while at < len(commands):
        command, count = commands[at] & 7, commands[at] >> 3
        at += 1
        if command == 7:
            continue
        for _ in range(count):
            x, y = x + _signed(commands[at]), y + _signed(commands[at + 1])
            at += 2
            if command == 1 or (is_points and not parts):
                parts.append([(x, y)])
            else:
                parts[-1].append((x, y))
    return parts


def _read_value(content: bytes) -> Any:
    ((field, value),) = _fields(content)
    match field:
        case 1:
            return value.decode()
        case 2:
            return struct.unpack("<f", value)[0]
        case 3:
            return struct.unpack("<d", value)[0]
        case 6:
            return _signed(value)
        case 7:
            return bool(value)
        case _:
            return value


def _signed(value: int) -> int:
    return (value >> 1) ^ -(value & 1)


def _fields(content: bytes) -> Iterator[tuple[int, Any]]:
    """Numbers and values of the fields of a message (Protocol Buffers)."""
    at, end = 0, len(content)
    while at < end:
        key, at = _varint(content, at)
        match key & 7:
            case 0:
                value, at = _varint(content, at)
                yield key >> 3, value
            case 2:
                size, at = _varint(content, at)
                yield key >> 3, content[at : at + size]
                at += size
            case wire:
                size = {1: 8, 5: 4}[wire]
                yield key >> 3, content[at : at + size]
                at += size


def _varints(content: bytes) -> Iterator[int]:
    value = shift = 0
    for byte in content:
        value |= (byte & 127) << shift
        if byte < 128:
            yield value
            value = shift = 0
        else:
            shift += 7


def _varint(content: bytes, at: int) -> tuple[int, int]:
    value = shift = 0
    while True:
        byte = content[at]
        at += 1
        value |= (byte & 127) << shift
        if byte < 128:
            return value, at
        shift += 7
