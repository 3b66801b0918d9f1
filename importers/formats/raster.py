"""Rasters of one value a cell: GeoTIFF, ESRI ASCII grid, and XYZ text with one cell a line, opened alike.

Sources: OGC 19-008r4 (GeoTIFF 1.1); Esri ASCII raster. XYZ has no standard: x y z of a cell's centre on each line.
"""

from __future__ import annotations

import io
import re
from contextlib import contextmanager
from typing import TYPE_CHECKING

import numpy as np
import rasterio
from affine import Affine
from rasterio.io import MemoryFile

from importers.faults import Fault, Rejected

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray
    from rasterio.io import DatasetReader

    from importers.source import Dataset

# What programs write for "no value" where the format has no place to declare it.
NO_VALUE = (-9999.0, -99999.0, -32768.0, -32767.0, -3.4028234663852886e38, 3.4028234663852886e38)
_NO_VALUE_BEYOND = 1e30  # 1e38 and the largest double, as programs write them
_HEAD_BYTES = 4096
_MOST_CELLS = 100_000_000
# Points that fill less of the grid through them are no grid.
_FILLED = 0.1
_SEND_GRID = "deliver a GeoTIFF, or x y z of every cell of a regular grid"


def _line(mark: bytes, gap: bytes) -> re.Pattern[bytes]:
    """Three numbers with this decimal mark, and such gaps between them."""
    number = rb"(?:[-+]?(?:\d+" + mark + rb"?\d*|" + mark + rb"\d+)(?:e[-+]?\d+)?|nan)"
    return re.compile(rb"\s*" + gap.join([number] * 3) + rb"\s*", re.IGNORECASE)


# The lines that head an ASCII grid, in any order.
_GRID_HEAD = re.compile(
    rb"\s*(ncols|nrows|[xy]ll(?:corner|center)|cellsize|d[xy]|nodata_value)\s+[-+\d.,e]+\s*", re.IGNORECASE
)
_GRID_HEAD_LINES = 8

_POINT = _line(rb"\.", rb"[\s,;]+")
_COMMA = _line(b",", rb"[\s;]+")


def is_geotiff(head: bytes, _: str) -> bool:
    return head[:4] in (b"II*\0", b"MM\0*", b"II+\0", b"MM\0+")


def is_ascii_grid(head: bytes, _: str) -> bool:
    if re.match(rb"\s*ncols\s+\d+\s+nrows\s+\d+", head, re.IGNORECASE):
        return True
    lines = [_GRID_HEAD.fullmatch(line) for line in head.replace(b"\r", b"\n").split(b"\n")[:_GRID_HEAD_LINES]]
    keys = {match[1].lower() for match in lines if match}
    return lines[0] is not None and keys >= {b"ncols", b"nrows"}


def is_xyz(head: bytes, suffix: str) -> bool:
    """Lines of three numbers that, unless the suffix says so already, go along a grid in even steps."""
    lines = [line for line in head.replace(b"\r", b"\n").split(b"\n")[:-1] if line.strip()]
    body = lines if lines and _is_point(lines[0]) else lines[1:]
    if len(body) < 3 or not all(map(_is_point, body)):
        return False
    if suffix == ".xyz":
        return True
    points = np.array([_spaced(line).split()[:2] for line in body], dtype=float)
    steps = np.abs(np.diff(points, axis=0))  # where a line of the grid begins, they are none of its own
    usual = np.median(steps, axis=0)
    even = [(steps == [usual[0], 0]).all(axis=1), (steps == [0, usual[1]]).all(axis=1)]
    return bool(usual.any() and max(axis.mean() for axis in even) >= 0.9)


def _is_point(line: bytes) -> bool:
    return (_POINT.fullmatch(line) or _COMMA.fullmatch(line)) is not None


def _spaced(text: bytes) -> bytes:
    """Text with points in its numbers and blanks between them, by what its first line of numbers shows."""
    sample = next((line for line in text[:_HEAD_BYTES].splitlines() if _is_point(line)), b"")
    return text.replace(b",", b" " if _POINT.fullmatch(sample) else b".").replace(b";", b" ")


@contextmanager
def open_raster(dataset: Dataset) -> Iterator[DatasetReader]:
    """The raster, by none but the driver of its format, so that no other file is opened.

    Raises: Rejected for XYZ text that is no regular grid; RasterioError for what GDAL cannot read.
    """
    with dataset.path.open("rb") as stream:
        head = stream.read(_HEAD_BYTES)
    if is_geotiff(head, "") or is_ascii_grid(head, ""):
        with rasterio.open(dataset.path, driver="GTiff" if is_geotiff(head, "") else "AAIGrid") as source:
            yield source
        return
    heights, transform = _grid(_points(dataset), dataset)
    with MemoryFile() as memory:
        shape = {"height": heights.shape[0], "width": heights.shape[1], "count": 1}
        with memory.open(driver="GTiff", dtype="float64", nodata=np.nan, transform=transform, **shape) as target:
            target.write(heights, 1)
        with memory.open() as source:
            yield source


def _points(dataset: Dataset) -> NDArray[np.float64]:
    """Columns x y z of the text, z NaN where it stands for no value."""
    text = dataset.path.read_bytes().removeprefix(b"\xef\xbb\xbf").replace(b"\r", b"\n")
    first, _, rest = text.partition(b"\n")
    try:
        points = np.loadtxt(io.BytesIO(_spaced(text if _is_point(first) else rest)), dtype=float, ndmin=2)
    except ValueError as error:
        raise Rejected(Fault.UNREADABLE, f"{dataset.name} cannot be read: {error}", _SEND_GRID) from error
    if points.shape[1:] != (3,) or not len(points) or not np.isfinite(points[:, :2]).all():
        raise Rejected(Fault.UNREADABLE, f"{dataset.name}: not three numbers a line", _SEND_GRID)
    is_known = np.isfinite(points[:, 2]) & ~np.isin(points[:, 2], NO_VALUE) & (np.abs(points[:, 2]) < _NO_VALUE_BEYOND)
    points[~is_known, 2] = np.nan
    return np.asarray(points)


def _grid(points: NDArray[np.float64], dataset: Dataset) -> tuple[NDArray[np.float64], Affine]:
    """Heights by rows from the north, and the transform of their corners; the order of the lines does not matter."""
    x, y, z = points.T
    columns, step_x = _places(x, dataset)
    rows, step_y = _places(-y, dataset)
    shape = int(rows.max()) + 1, int(columns.max()) + 1
    cells = shape[0] * shape[1]
    if cells > _MOST_CELLS or len(points) < _FILLED * cells:
        message = f"{dataset.name}: {len(points)} points do not fill a grid of {shape[1]} x {shape[0]} cells"
        raise Rejected(Fault.UNREADABLE, message, _SEND_GRID)
    place = rows * shape[1] + columns
    if len(np.unique(place)) < len(place):
        raise Rejected(Fault.UNREADABLE, f"{dataset.name}: some cells have two values", _SEND_GRID)
    heights = np.full(shape, np.nan)
    heights.flat[place] = z
    corner = Affine.translation(x.min() - step_x / 2, y.max() + step_y / 2)
    return heights, corner @ Affine.scale(step_x, -step_y)


def _places(values: NDArray[np.float64], dataset: Dataset) -> tuple[NDArray[np.int64], float]:
    """Position of each value along an axis of even steps, and the step."""
    known = np.unique(values)
    step = float(np.diff(known).min()) if len(known) > 1 else 0.0
    places = (values - known[0]) / step if step else values
    if not step or places.max() > _MOST_CELLS or np.abs(places - places.round()).max() > 0.01:
        raise Rejected(Fault.UNREADABLE, f"{dataset.name}: its points lie on no regular grid", _SEND_GRID)
    return places.round().astype(np.int64), step
