"""DGN v7 as cadastral maps are drawn: boundaries once, by levels, and a number, a use and an area in each parcel.

Sources: Intergraph Standard File Formats (elements); TT 26/2024/TT-BTNMT, appendix 21 (levels).
"""

from __future__ import annotations

import struct
import warnings
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import pyogrio.raw
import shapely

from layers.crs import parse_crs

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from numpy.typing import NDArray

    from twin.sample.delivery.records import Dataset

_UNITS, _SUB_UNITS = 10_000, 1000  # of resolution, and of the unit of measure, in a metre
_BOUNDARY, _STREET, _NUMBER, _USE, _AREA, _FRAME = 10, 23, 13, 2, 4, 63
_LINE_STRING, _TEXT = 4, 17
_MOST_VERTICES = 100
_LETTER_M = 1.5
_END = b"\xff\xff"
_GRID_M = 0.0001


def write_dgn(path: Path, file: Dataset, shapes: list[NDArray[np.object_]]) -> Dataset:
    """Edges between two parcels are boundaries, edges of one those of a street; a row is where its number stands."""
    (layer,) = file.layers
    _begin(path, shapes[0])
    origin = np.array(_origin(shapes[0]))
    before = _count(path.read_bytes())
    elements = [_line(level, points - origin) for level, points in _edges(shapes[0])]
    frame = shapely.get_coordinates(shapely.box(*shapely.total_bounds(shapes[0])).buffer(20, join_style="mitre"))
    elements.append(_line(_FRAME, frame - origin))
    rows = []
    for row, shape in zip(layer.rows, shapes[0], strict=True):
        at = shapely.get_coordinates(shape.representative_point())[0] - origin
        texts = (
            (_NUMBER, row.fields["number"], 0.0),
            (_USE, row.fields["land_use"], 0.1),
            (_AREA, row.fields["area"], 0.2),
        )
        rows.append(before + len(elements) + 1)
        elements += [_text(level, at - [0.0, below], str(text)) for level, text, below in texts]
    path.write_bytes(path.read_bytes().removesuffix(_END) + b"".join(elements) + _END)
    path.with_suffix(".prj").write_text(parse_crs(file.form.crs).wkt1, encoding="ascii")
    return replace(file, layers=(replace(layer, numbers=tuple(rows)),))


def _origin(shapes: NDArray[np.object_]) -> tuple[float, float]:
    """The middle of the design plane, from which whole numbers of 32 bits count."""
    west, south, east, north = shapely.total_bounds(shapes).tolist()
    return round((west + east) / 2), round((south + north) / 2)


def _begin(path: Path, shapes: NDArray[np.object_]) -> None:
    """A drawing with nothing in it, in metres and millimetres about an origin."""
    x, y = _origin(shapes)
    options = {
        "MASTER_UNIT_NAME": "m", "SUB_UNIT_NAME": "mm", "SUB_UNITS_PER_MASTER_UNIT": str(_SUB_UNITS),
        "UOR_PER_SUB_UNIT": str(_UNITS // _SUB_UNITS), "ORIGIN": f"{-x},{-y},0",
    }  # fmt: skip
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # no system can be given
        none = np.array([], dtype=object)
        pyogrio.raw.write(str(path), none, [], [], geometry_type="LineString", driver="DGN", **options)


def _count(content: bytes) -> int:
    """Elements before the end mark."""
    at = count = 0
    while content[at : at + 2] != _END and at + 4 <= len(content):
        at += 4 + 2 * int.from_bytes(content[at + 2 : at + 4], "little")
        count += 1
    return count


def _edges(shapes: NDArray[np.object_]) -> Iterator[tuple[int, NDArray[np.float64]]]:
    """Level and vertices of each stretch of boundary between two points where boundaries meet."""
    lines = shapely.union_all(shapely.boundary(shapes), grid_size=_GRID_M)
    merged = shapely.get_parts(shapely.line_merge(lines))
    outside = shapely.union_all(shapes, grid_size=_GRID_M).boundary.buffer(_GRID_M)
    shapely.prepare(outside)
    for line in merged:
        level = _STREET if shapely.covers(outside, line) else _BOUNDARY
        points = shapely.get_coordinates(line)
        for i in range(0, len(points) - 1, _MOST_VERTICES):
            yield level, points[i : i + _MOST_VERTICES + 1]


def _integers(xy: NDArray[np.float64]) -> bytes:
    """Coordinates as the format has them: the higher word of 32 bits first, each word little endian."""
    whole = np.round(xy * _UNITS).astype(np.int64).reshape(-1) & 0xFFFFFFFF
    return b"".join(struct.pack("<HH", value >> 16, value & 0xFFFF) for value in whole.tolist())


def _element(level: int, kind: int, body: bytes) -> bytes:
    body += b"\0" * (len(body) % 2)
    words = (36 + len(body)) // 2 - 2
    return struct.pack("<BBH24sHHHH", level, kind, words, bytes(24), 0, words - 14, 0, 0) + body


def _line(level: int, points: NDArray[np.float64]) -> bytes:
    return _element(level, _LINE_STRING, struct.pack("<H", len(points)) + _integers(points))


def _text(level: int, at: NDArray[np.float64], content: str) -> bytes:
    size = _integers(np.array([_LETTER_M, _LETTER_M]))
    turned = _integers(np.array([0.0]))
    letters = content.encode("ascii")
    return _element(level, _TEXT, bytes(2) + size + turned + _integers(at) + bytes([len(letters), 0]) + letters)
