"""DGN v7: elements by level, and the parcels of a cadastral map."""

from __future__ import annotations

import struct
import warnings
from typing import TYPE_CHECKING

import numpy as np
import pyogrio
import pytest
import shapely

from importers.faults import Fault, Rejected
from importers.formats.dgn import is_dgn, read_dgn
from importers.source import Dataset, SourceLayer

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

_UNITS, _ORIGIN = 100, -2_147_483_600  # units of resolution in a metre, and where 0 is, in the header that GDAL writes


def _integer(metres: float) -> bytes:
    """A coordinate as the format has it: the higher word of a 32-bit integer first, each word little endian."""
    value = (round(metres * _UNITS) + _ORIGIN) & 0xFFFFFFFF
    return struct.pack("<HH", value >> 16, value & 0xFFFF)


def element(level: int, kind: int, body: bytes) -> bytes:
    """Level and type, length in words, range, and the rest of a header without attributes."""
    body += b"\0" * (len(body) % 2)
    words = (36 + len(body)) // 2 - 2
    return struct.pack("<BBH24sHHHH", level, kind, words, bytes(24), 0, words - 14, 0, 0) + body


def line(level: int, *points: tuple[float, float]) -> bytes:
    """A line string (type 4), or with two points a line (type 3)."""
    vertices = b"".join(_integer(x) + _integer(y) for x, y in points)
    return (
        element(level, 3, vertices)
        if len(points) == 2
        else element(level, 4, struct.pack("<H", len(points)) + vertices)
    )


def text(level: int, x: float, y: float, content: bytes) -> bytes:
    size = _integer(1) + _integer(1) + _integer(0) + _integer(x) + _integer(y)
    return element(level, 17, bytes(2) + size + bytes([len(content), 0]) + content)


def a_dgn(folder: Path, elements: Sequence[bytes], end: bytes = b"\xff\xff") -> Path:
    path = folder / "tờ 12.dgn"
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # no system can be given
        pyogrio.raw.write(path, np.array([], dtype=object), [], [], geometry_type="LineString", driver="DGN")
    head = path.read_bytes().removesuffix(b"\xff\xff")
    path.write_bytes(head + b"".join(elements) + end)
    return path


def dataset(path: Path) -> Dataset:
    prj = path.with_suffix(".prj")
    return Dataset(path, path.parent, (path, prj) if prj.exists() else (path,))


def read(path: Path) -> dict[str, SourceLayer]:
    return {layer.name: layer for layer in read_dgn(dataset(path))}


FRAME = line(63, (-5, -5), (15, -5), (15, 15), (-5, 15), (-5, -5))
SQUARE = line(10, (0, 0), (10, 0), (10, 10), (0, 10), (0, 0))
NEIGHBOUR = line(10, (10, 0), (20, 0), (20, 10))


def test_parcels_closed_by_a_road_edge(tmp_path: Path) -> None:
    """Level 10 is not drawn where a road limit (23) closes a parcel; number, land use and area stand in it."""
    path = a_dgn(
        tmp_path,
        [
            SQUARE, NEIGHBOUR, line(23, (20, 10), (10, 10)),
            text(13, 4, 5, b"12"), text(2, 4, 3, b"ODT"), text(4, 4, 1, b"100.0"),
            text(13, 15, 5, b"13"), text(28, 15, 20, b"Ng\xab Quy\xd2n"),
            line(14, (2, 2), (8, 2)), FRAME,
        ],
    )  # fmt: skip
    layers = read(path)
    parcels = layers["thửa đất (parcels)"]
    assert parcels.notes == ("1 elements of the frame left aside",)
    assert parcels.columns == {"parcelno": ["12", "13"], "landuse": ["ODT", None], "area": ["100.0", None]}
    assert shapely.equals(parcels.geometries, [shapely.box(0, 0, 10, 10), shapely.box(10, 0, 20, 10)]).all()
    walls = layers["level 14 tường nhà"]
    assert shapely.to_wkt(walls.geometries[0], rounding_precision=0).startswith("LINESTRING")
    assert walls.notes == ("1 texts left aside",)
    assert list(layers) == ["thửa đất (parcels)", "level 14 tường nhà"]
    assert (parcels.crs, parcels.encoding) == (None, None)


def test_what_closes_nothing_is_said(tmp_path: Path) -> None:
    """A gap merges two parcels: neither is made up, and the loose ends are counted."""
    path = a_dgn(
        tmp_path,
        [
            line(10, (0, 0), (20, 0), (20, 10), (0, 10), (0, 0)), line(10, (10, 0), (10, 9)),
            line(10, (30, 0), (40, 0), (40, 10), (30, 10), (30, 0)), line(10, (50, 0), (60, 0), (60, 10), (50, 0)),
            text(13, 4, 5, b"12"), text(13, 15, 5, b"13"), text(13, 35, 5, b"14"), text(13, 99, 99, b"15"),
        ],
    )  # fmt: skip
    (parcels,) = read(path).values()
    assert parcels.columns["parcelno"] == ["14"]
    assert parcels.notes == (
        "1 closed areas without a parcel number left aside",
        "1 areas with several parcel numbers left aside: their boundaries do not close",
        "1 parcel numbers stand in no closed area",
        "1 pieces of boundary close nothing",
    )


def test_parcel_within_a_parcel(tmp_path: Path) -> None:
    """The outer one has a hole; of two land uses in it neither is taken."""
    path = a_dgn(
        tmp_path,
        [
            SQUARE, line(10, (4, 4), (6, 4), (6, 6), (4, 6), (4, 4)),
            text(13, 1, 1, b"1"), text(13, 5, 5, b"2"), text(2, 1, 2, b"ODT"), text(2, 1, 3, b"CLN"),
        ],
    )  # fmt: skip
    (parcels,) = read(path).values()
    assert parcels.columns == {"parcelno": ["1", "2"], "landuse": [None, None], "area": [None, None]}
    assert shapely.area(parcels.geometries).tolist() == [96, 4]


def test_levels_of_any_other_drawing_have_no_meaning(tmp_path: Path) -> None:
    """Without numbers in boundaries nothing says that the levels are those of a cadastral map."""
    path = a_dgn(tmp_path, [SQUARE, line(31, (0, 0), (5, 5)), line(31, (7, 7), (7, 7))])
    layers = read(path)
    assert list(layers) == ["level 10", "level 31"]
    water = layers["level 31"]
    assert [g.geom_type for g in water.geometries] == ["LineString", "Point"]
    assert np.diff(water.rows).tolist() == [1]
    assert (water.columns["Level"], water.columns["Type"]) == ([31, 31], [3, 3])


def test_text_keeps_its_bytes(tmp_path: Path) -> None:
    """TCVN3 reaches the text decoder as it stands in the file."""
    path = a_dgn(tmp_path, [SQUARE, text(13, 4, 5, b"12"), text(2, 4, 6, b"\xa7\xca\x74")])
    (parcels,) = read(path).values()
    assert parcels.columns["landuse"] == ["§Êt"]


def test_prj_beside_the_drawing(tmp_path: Path) -> None:
    """The format has no system: only a .prj declares one."""
    path = a_dgn(tmp_path, [line(5, (0, 0), (1, 1))])
    path.with_suffix(".prj").write_text("EPSG:9214")
    assert {(layer.crs, layer.crs_origin) for layer in read(path).values()} == {("EPSG:9214", ".prj")}


@pytest.mark.parametrize("cut", [1, 7, 30])
def test_cut_short(tmp_path: Path, cut: int) -> None:
    """GDAL alone reads as far as it gets, and says nothing."""
    path = a_dgn(tmp_path, [line(5, (i, 0), (i, 1)) for i in range(10)], end=b"")
    path.write_bytes(path.read_bytes()[:-cut])
    with pytest.raises(Rejected) as refused:
        read(path)
    assert refused.value.finding.fault == Fault.TRUNCATED


def test_without_end_mark(tmp_path: Path) -> None:
    """A file that is cut between two elements looks whole but for its end: half a map is no map."""
    path = a_dgn(tmp_path, [line(5, (0, 0), (1, 1))], end=b"")
    with pytest.raises(Rejected, match="without an end mark") as refused:
        read(path)
    assert refused.value.finding.fault == Fault.TRUNCATED


def test_known_by_content(tmp_path: Path) -> None:
    """Version 7 by its header element; version 8, a compound document, is another matter."""
    assert is_dgn(a_dgn(tmp_path, []).read_bytes(), ".dat")
    assert not is_dgn(b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", ".dgn")


@pytest.mark.shared_data
def test_underlay(shared: Path) -> None:
    """3,986 elements that are drawn, on 17 levels, four of them texts; it is no cadastral map."""
    layers = read(shared / "parcels/underlay.dgn")
    assert len(layers) == 17
    assert sum(len(layer) for layer in layers.values()) == 3982
    assert (len(layers["level 7"]), len(layers["level 38"]), len(layers["level 1"])) == (1440, 283, 236)
    first = layers["level 38"]
    assert shapely.to_wkt(first.geometries[0], rounding_precision=4) == (
        "LINESTRING Z (179.9145 133.1545 0.0052, 179.9145 109.8211 0.0052)"
    )
    assert first.rows[0] == 21
    assert first.record(0)["ColorIndex"] == 45
