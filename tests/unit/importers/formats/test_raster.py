"""ASCII grids and XYZ text: which are grids, in whatever order and writing, and which are not."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest
from rasterio.errors import RasterioError

from importers.faults import Fault, Rejected
from importers.formats.raster import is_ascii_grid, is_geotiff, is_xyz, open_raster
from importers.source import Dataset

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

# Three columns and two rows of 2.5 m; the cell in the south-east has no line.
POINTS = [(561000.0, 1820002.5, 1.5), (561002.5, 1820002.5, 2.5), (561005.0, 1820002.5, 3.5),
          (561000.0, 1820000.0, 4.5), (561002.5, 1820000.0, -9999.0)]  # fmt: skip
HEIGHTS = [[1.5, 2.5, 3.5], [4.5, np.nan, np.nan]]
CORNER = (561000.0 - 1.25, 1820002.5 + 1.25)


def written(points: list[tuple[float, float, float]], separator: str = " ", comma: str = ".") -> str:
    return "".join(separator.join(f"{v:.1f}".replace(".", comma) for v in point) + "\n" for point in points)


def read(folder: Path, text: str, name: str = "dem.xyz") -> tuple[NDArray[np.float64], tuple[float, ...]]:
    path = folder / name
    path.write_text(text, newline="")
    with open_raster(Dataset(path, folder, (path,))) as source:
        return source.read(1, masked=True).astype(float).filled(np.nan), tuple(source.transform)[:6]


@pytest.mark.parametrize(
    "text",
    [
        written(POINTS),
        written(POINTS[::-1]),
        written([POINTS[i] for i in (3, 0, 4, 2, 1)]),
        written(POINTS, ","),
        written(POINTS, ", "),
        written(POINTS, ";"),
        written(POINTS, "\t"),
        written(POINTS, ";", ","),
        written(POINTS, " ", ","),
        "x y z\n" + written(POINTS),
        "X;Y;H\r\n" + written(POINTS, ";").replace("\n", "\r\n"),
        written(POINTS).replace("-9999.0", "nan"),
        written(POINTS).replace("-9999.0", "-3.4028234663852886e+38"),
    ],
)
def test_grid_is_the_same_however_it_is_written(tmp_path: Path, text: str) -> None:
    """Rows from north or south, by columns or in no order, any separator, decimal commas, a header or none."""
    heights, transform = read(tmp_path, text)
    assert np.array_equal(heights, HEIGHTS, equal_nan=True)
    assert transform == (2.5, 0.0, CORNER[0], 0.0, -2.5, CORNER[1])


@pytest.mark.parametrize("comma", [".", ","])
@pytest.mark.parametrize("origin", ["corner", "center"])
def test_ascii_grid_by_corner_or_centre(tmp_path: Path, comma: str, origin: str) -> None:
    """xllcorner is the corner of the first cell, xllcenter its middle; the value for no data is not a height."""
    x, y = (560998.75, 1819998.75) if origin == "corner" else (561000.0, 1820000.0)
    text = (
        f"NCOLS 3\nNROWS 2\nXLL{origin.upper()} {x}\nYLL{origin.upper()} {y}\nCELLSIZE 2.5\nNODATA_VALUE -9999\n"
        "1.5 2.5 3.5\n4.5 -9999 -9999\n"
    ).replace(".", comma)
    heights, transform = read(tmp_path, text, "dem.asc")
    assert np.array_equal(heights, HEIGHTS, equal_nan=True)
    assert transform == (2.5, 0.0, CORNER[0], 0.0, -2.5, CORNER[1])


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (written([*POINTS, (561007.3, 1820000.0, 5.0)]), "no regular grid"),
        (written([*POINTS, (561000.0, 1820000.0, 9.0)]), "two values"),
        (written([*POINTS, (0.0, 0.0, 1.0)]), "6 points do not fill a grid of 224403 x 728002 cells"),
        (written([(float(i), float(i), 1.0) for i in range(60)]), "60 points do not fill a grid of 60 x 60 cells"),
        (written(POINTS[:1]), "no regular grid"),
        (written(POINTS[:3]), "no regular grid"),
        (written(POINTS) + "end of file\n", "could not convert"),
        (written(POINTS).replace("1820002.5", "nan"), "three numbers"),
        ("x y z\n", "three numbers"),
    ],
)
@pytest.mark.filterwarnings("ignore:loadtxt")
def test_scattered_points_are_no_grid(tmp_path: Path, text: str, words: str) -> None:
    """A survey's points, doubled cells and words are refused with what to deliver instead."""
    with pytest.raises(Rejected) as caught:
        read(tmp_path, text)
    assert caught.value.finding.fault is Fault.UNREADABLE
    assert words in str(caught.value)
    assert "regular grid" in caught.value.finding.remedy


@pytest.mark.parametrize(
    "text",
    ["ncols 3\nnrows 2\n", "ncols 999999999\nnrows 999999999\nxllcorner 0\nyllcorner 0\ncellsize 1\n1 2 3\n"],
)
def test_cut_ascii_grid_is_an_error_of_the_reader(tmp_path: Path, text: str) -> None:
    """A grid with less than it announces never becomes heights."""
    with pytest.raises(RasterioError):
        read(tmp_path, text, "dem.asc")


def test_formats_are_known_by_content() -> None:
    """Three numbers a line are a grid by suffix, or by even steps; a table of manholes and GeoJSON are none."""
    assert is_geotiff(b"II*\0", "")
    assert is_ascii_grid(b"ncols 12\r\nnrows 3\n", ".txt")
    assert is_xyz(written(POINTS).encode(), ".xyz")
    even = [(561000.0 + i, 1820000.0, 1.0) for i in range(50)]
    assert is_xyz(written(even).encode(), ".txt")
    assert is_xyz(b"x,y,z\n" + written(even, ",").encode(), ".csv")
    scattered = [(561000.3 * i, 1820000.7 * i, 2.0) for i in range(50)]
    assert not is_xyz(b"x,y,z\n" + written(scattered, ",").encode(), ".csv")
    assert not is_xyz(b"1.2.3 4 5\n1 2 3\n4 5 6\n7 8 9\n", ".csv")
    assert not is_xyz(b"MaHoGa;X;Y;Z\nH1;1;2;3\nH2;1;2;3\n", ".csv")
    assert not is_xyz(b"", ".xyz")
    assert not is_xyz(b'{"type": "FeatureCollection"}\n' * 5, ".xyz")
