"""FlatGeobuf: whole files arrive, and a file that is cut short is never taken for a smaller one."""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING

import numpy as np
import pyogrio
import pytest
import shapely

from importers.faults import Fault, Rejected
from importers.formats.flatgeobuf import is_flatgeobuf, read_flatgeobuf
from importers.source import Dataset, SourceLayer

if TYPE_CHECKING:
    from pathlib import Path

_COUNT_AT = 72  # of the number of records in a header of these fields


def a_flatgeobuf(path: Path, count: int, **options: str) -> Path:
    points = shapely.to_wkb(shapely.points(np.arange(count), np.arange(count) * 2.0))
    pyogrio.raw.write(
        path, points, [np.arange(count)], ["số"], geometry_type="Point", driver="FlatGeobuf", crs="EPSG:9214", **options
    )
    return path


def read(path: Path) -> list[SourceLayer]:
    return list(read_flatgeobuf(Dataset(path, path.parent, (path,))))


@pytest.mark.parametrize("count", [1, 2, 16, 17, 257])
def test_whole_file(tmp_path: Path, count: int) -> None:
    """Every size of the index before the records is understood; rows are numbered from 1."""
    (layer,) = read(a_flatgeobuf(tmp_path / "van.fgb", count))
    assert (len(layer), layer.crs, layer.encoding, layer.name) == (count, "EPSG:9214", "Unicode", "van")
    numbers = np.array(layer.columns["số"])
    assert (shapely.get_y(layer.geometries) == 2 * numbers).all()
    assert layer.rows.tolist() == list(range(1, count + 1))


@pytest.mark.parametrize("options", [{}, {"SPATIAL_INDEX": "NO"}])
@pytest.mark.parametrize("cut", [8, 11, 30, 90, 200, -1, -4, -100])
def test_cut_short(tmp_path: Path, options: dict[str, str], cut: int) -> None:
    """GDAL alone answers with the first records, or with none, and no error."""
    path = a_flatgeobuf(tmp_path / "a.fgb", 300, **options)
    path.write_bytes(path.read_bytes()[:cut])
    with pytest.raises(Rejected) as refused:
        read(path)
    assert refused.value.finding.fault == Fault.TRUNCATED


def test_cut_between_two_records(tmp_path: Path) -> None:
    """The number in the header tells where the records alone look whole."""
    path = a_flatgeobuf(tmp_path / "a.fgb", 300, SPATIAL_INDEX="NO")
    content = path.read_bytes()
    record = 4 + struct.unpack_from("<I", content, 12 + struct.unpack_from("<I", content, 8)[0])[0]
    path.write_bytes(content[:-record])
    with pytest.raises(Rejected, match="299 of 300"):
        read(path)


def test_streamed_file_without_a_number(tmp_path: Path) -> None:
    """Writers that stream do not know the number: 0 stands for that."""
    path = a_flatgeobuf(tmp_path / "a.fgb", 300, SPATIAL_INDEX="NO")
    content = bytearray(path.read_bytes())
    assert struct.unpack_from("<Q", content, _COUNT_AT) == (300,)
    content[_COUNT_AT : _COUNT_AT + 8] = bytes(8)
    path.write_bytes(content)
    assert len(read(path)[0]) == 300
    path.write_bytes(content[:-3])
    with pytest.raises(Rejected) as refused:
        read(path)
    assert refused.value.finding.fault == Fault.TRUNCATED


def test_number_beyond_reason(tmp_path: Path) -> None:
    """A header that announces 2^62 records costs neither time nor memory."""
    path = a_flatgeobuf(tmp_path / "a.fgb", 3)
    content = bytearray(path.read_bytes())
    content[_COUNT_AT : _COUNT_AT + 8] = struct.pack("<Q", 2**62)
    path.write_bytes(content)
    with pytest.raises(Rejected):
        read(path)


def test_known_by_content(tmp_path: Path) -> None:
    """The magic number tells, not the name."""
    head = a_flatgeobuf(tmp_path / "a.fgb", 1).read_bytes()
    assert is_flatgeobuf(head, ".x")
    assert not is_flatgeobuf(b"fgb", ".fgb")
