"""Lines as arrays: what a million of them cost as objects is saved where all are plain and sound."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Self

import numpy as np
import pyarrow as pa
import shapely

if TYPE_CHECKING:
    from numpy.typing import NDArray

# Extended WKB as PostGIS reads it: flags on the type of geometry, and the SRID behind it.
_LINESTRING, _WITH_Z, _WITH_SRID = 2, 0x80000000, 0x20000000
_ISO_Z = 1000
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
        _, offsets, content = wkb.buffers()
        ends = np.frombuffer(offsets, np.int32)[wkb.offset : wkb.offset + len(wkb) + 1]
        starts, sizes = (ends[:-1] - ends[0]).astype(np.int64), np.diff(ends)
        if (sizes < _WKB_HEAD.itemsize).any():
            return None
        content = np.frombuffer(content, np.uint8)[ends[0] : ends[-1]]
        in_head = _mark(len(content), starts, _WKB_HEAD.itemsize)
        heads = content[in_head].view(_WKB_HEAD)
        kind, counts = int(heads["kind"][0]), heads["count"].astype(np.int64)
        width = {_LINESTRING: 2, _LINESTRING + _ISO_Z: 3, _LINESTRING | _WITH_Z: 3}.get(kind, 0)
        alike = (heads["order"] == 1) & (heads["kind"] == kind) & (counts > 1)
        if not width or not (alike & (sizes == _WKB_HEAD.itemsize + 8 * width * counts)).all():
            return None
        return cls(content[~in_head].view("<f8").reshape(-1, width), counts)

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
        leads[1:] = (self.vertices[1:, :2] != self.vertices[:-1, :2]).any(axis=1)
        leads[self.first] = False
        return bool(np.logical_or.reduceat(leads, self.first).all())

    def to_objects(self) -> NDArray[np.object_]:
        """Shapely geometries, none of which may be NULL."""
        return np.asarray(shapely.linestrings(self.vertices, indices=self.of), dtype=object)

    def to_ewkb(self, srid: int) -> pa.Array:
        """Extended WKB of each line."""
        present = self.counts > 0
        counts = self.counts[present]
        kind = _LINESTRING | _WITH_SRID | (_WITH_Z if self.vertices.shape[1] == 3 else 0)
        heads = np.zeros(len(counts), dtype=_EWKB_HEAD)
        heads["order"], heads["kind"], heads["srid"], heads["count"] = 1, kind, srid, counts
        width = self.vertices.shape[1] * 8
        sizes = np.where(present, _EWKB_HEAD.itemsize + self.counts * width, 0)
        offsets = np.concatenate([[0], np.cumsum(sizes)])
        content = np.empty(offsets[-1], dtype=np.uint8)
        in_head = _mark(len(content), offsets[:-1][present], _EWKB_HEAD.itemsize)
        content[in_head] = heads.view(np.uint8)
        content[~in_head] = np.ascontiguousarray(self.vertices).view(np.uint8).ravel()
        validity = None if present.all() else pa.py_buffer(np.packbits(present, bitorder="little").tobytes())
        buffers = [validity, pa.py_buffer(offsets.astype(np.int32).tobytes()), pa.py_buffer(content.tobytes())]
        return pa.Array.from_buffers(pa.binary(), len(self.counts), buffers)


# As the readers give them: geometries of any kind, or None; or lines that are all plain.
type Shapes = NDArray[np.object_] | LineStrings


def to_objects(shapes: Shapes) -> NDArray[np.object_]:
    """Shapely geometries."""
    return shapes.to_objects() if isinstance(shapes, LineStrings) else shapes


def _mark(size: int, starts: NDArray[Any], width: int) -> NDArray[np.bool_]:
    """(size,) which bytes belong to one of the heads that begin at `starts` and are `width` long."""
    marked = np.zeros(size, dtype=bool)
    for i in range(width):
        marked[starts + i] = True
    return marked
