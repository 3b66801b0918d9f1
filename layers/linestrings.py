"""Lines as arrays: what a million of them cost as objects is saved where all are plain and sound."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Self

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import shapely

if TYPE_CHECKING:
    from numpy.typing import NDArray

# Extended WKB as PostGIS reads it: flags on the type of geometry, and the SRID behind it.
_LINESTRING, _WITH_Z, _WITH_SRID = 2, 0x80000000, 0x20000000
_ISO_Z = 1000
_END = 2**31 - 1  # beyond every value of an array
_EWKB_HEAD = np.dtype([("order", "u1"), ("kind", "<u4"), ("srid", "<u4"), ("count", "<u4")])
_WKB_HEAD = np.dtype([("order", "u1"), ("kind", "<u4"), ("count", "<u4")])


@dataclass(frozen=True, slots=True)
class LineStrings:
    """n lines in one CRS; `vertices` (m, 2 or 3) in their order, `counts` (n,) how many each has, 0 for NULL."""

    vertices: NDArray[np.float64]
    counts: NDArray[np.int64]

    @classmethod
    def from_wkb(cls, wkb: pa.BinaryArray) -> Self | None:
        """Lines of little-endian WKB; None where one is missing, empty, or another kind or dimension than the first."""
        if not len(wkb) or wkb.null_count or not pa.types.is_binary(wkb.type):
            return None
        sizes = pc.binary_length(wkb).to_numpy()
        if (sizes < _WKB_HEAD.itemsize).any():
            return None
        heads = np.frombuffer(_content(pc.binary_slice(wkb, 0, _WKB_HEAD.itemsize)), _WKB_HEAD)
        kind, counts = int(heads["kind"][0]), heads["count"].astype(np.int64)
        width = {_LINESTRING: 2, _LINESTRING + _ISO_Z: 3, _LINESTRING | _WITH_Z: 3}.get(kind, 0)
        alike = (heads["order"] == 1) & (heads["kind"] == kind) & (counts > 1)
        if not width or not (alike & (sizes == _WKB_HEAD.itemsize + 8 * width * counts)).all():
            return None
        vertices = np.frombuffer(_content(pc.binary_slice(wkb, _WKB_HEAD.itemsize, _END)), "<f8")
        return cls(vertices.reshape(-1, width), counts)

    def __len__(self) -> int:
        return len(self.counts)

    @property
    def first(self) -> NDArray[np.int64]:
        """(n,) where the vertices of each line begin."""
        return np.cumsum(self.counts) - self.counts

    @property
    def of(self) -> NDArray[np.int64]:
        """(m,) the line of each vertex."""
        return np.repeat(np.arange(len(self)), self.counts)

    def take(self, index: NDArray[np.int64]) -> LineStrings:
        """The lines at these positions."""
        starts, counts = self.first[index], self.counts[index]
        at = np.repeat(starts - (np.cumsum(counts) - counts), counts) + np.arange(counts.sum())
        return LineStrings(self.vertices[at], counts)

    def in_plan(self) -> LineStrings:
        """The same without z."""
        return LineStrings(self.vertices[:, :2], self.counts)

    def have_length(self) -> bool:
        """Whether each line has two vertices that differ in plan."""
        if not len(self):
            return True
        leads = np.zeros(len(self.vertices), dtype=bool)
        x, y = self.vertices.T[:2]
        leads[1:] = (x[1:] != x[:-1]) | (y[1:] != y[:-1])
        leads[self.first] = False
        return bool(np.logical_or.reduceat(leads, self.first).all())

    def to_objects(self) -> NDArray[np.object_]:
        """Shapely geometries, none of which may be NULL."""
        return np.asarray(shapely.linestrings(self.vertices, indices=self.of), dtype=object)

    def to_ewkb(self, srid: int) -> pa.Array:
        """Extended WKB of each line."""
        width = self.vertices.shape[1]
        heads = np.zeros(len(self), dtype=_EWKB_HEAD)
        heads["order"], heads["srid"], heads["count"] = 1, srid, self.counts
        heads["kind"] = _LINESTRING | _WITH_SRID | (_WITH_Z if width == 3 else 0)
        each = np.full(len(self), _EWKB_HEAD.itemsize)
        joined = pc.binary_join_element_wise(_binary(heads, each), _binary(self.vertices, self.counts * width * 8), b"")
        return joined if self.counts.all() else pc.if_else(self.counts > 0, joined, None)


def _content(array: pa.BinaryArray) -> pa.Buffer:
    """The bytes of all elements of an array that no other shares them with."""
    _, offsets, content = array.buffers()
    return content.slice(0, int(np.frombuffer(offsets, np.int32)[len(array)]))


def _binary(content: NDArray[Any], sizes: NDArray[np.int64]) -> pa.BinaryArray:
    """The bytes of an array, of which each element of the result has so many."""
    offsets = np.concatenate([[0], np.cumsum(sizes)]).astype(np.int32)
    buffers = [None, pa.py_buffer(offsets), pa.py_buffer(np.ascontiguousarray(content))]
    return pa.Array.from_buffers(pa.binary(), len(sizes), buffers)


# As the readers give them: geometries of any kind, or None; or lines that are all plain.
type Shapes = NDArray[np.object_] | LineStrings


def to_objects(shapes: Shapes) -> NDArray[np.object_]:
    """Shapely geometries."""
    return shapes.to_objects() if isinstance(shapes, LineStrings) else shapes
