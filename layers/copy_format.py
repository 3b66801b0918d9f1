"""PostgreSQL's binary COPY format, of Arrow arrays.

What a row has in common with many others is written once for all of them, so that a million rows of thirty columns cost
little more than the four columns in which each differs.
Source: PostgreSQL, COPY, "Binary Format".
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pgpq
import pyarrow as pa
import pyarrow.compute as pc

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

_COUNT_BYTES, _LENGTH_BYTES = 2, 4
_END = b"\xff\xff"  # a row of -1 fields


def encode(
    many: Mapping[str, pa.Array], few: Mapping[str, pa.Array], codes: NDArray[np.int32]
) -> tuple[bytes, bytes, bytes]:
    """Head, rows and end of a COPY of the columns of both, those of `many` first.

    many: columns of n values, at least one. few: columns of k values; codes: (n,) which of them each row has.
    """
    begin, rows, end = _encode(pa.record_batch(many))
    if not few:
        return begin, rows, end
    own = _split(rows, pa.record_batch(many), len(many) + len(few))
    _, shared, _ = _encode(pa.record_batch(few))
    ends = np.cumsum(_sizes(pa.record_batch(few))).tolist()
    starts = [0, *ends[:-1]]
    pieces = pa.array([shared[a + _COUNT_BYTES : b] for a, b in zip(starts, ends, strict=True)], pa.binary())
    joined = pc.binary_join_element_wise(own, pieces.take(pa.array(codes)), b"")
    return begin, joined.buffers()[2].to_pybytes(), end


def _encode(batch: pa.RecordBatch) -> tuple[bytes, bytes, bytes]:
    """The encoder keeps what is little until it is finished."""
    encoder = pgpq.ArrowToPostgresBinaryEncoder(batch.schema)
    begin, rows = encoder.write_header(), encoder.write_batch(batch)
    rows += encoder.finish()
    return begin, rows[: -len(_END)], _END


def _split(rows: bytes, batch: pa.RecordBatch, fields: int) -> pa.BinaryArray:
    """Each encoded row of a batch, which now begins a row of so many fields."""
    ends = np.cumsum(_sizes(batch))
    offsets = np.concatenate([[0], ends]).astype(np.int32)
    content = np.frombuffer(rows, np.uint8).copy()
    if ends[-1] != len(content):
        raise ValueError(f"rows of {len(content)} bytes where {ends[-1]} are expected")
    for i, byte in enumerate(fields.to_bytes(_COUNT_BYTES, "big")):
        content[offsets[:-1] + i] = byte
    return pa.Array.from_buffers(pa.binary(), len(ends), [None, pa.py_buffer(offsets), pa.py_buffer(content)])


def _sizes(batch: pa.RecordBatch) -> NDArray[np.int64]:
    """(n,) bytes of each encoded row."""
    sizes = np.full(batch.num_rows, _COUNT_BYTES + _LENGTH_BYTES * batch.num_columns, np.int64)
    for array in batch.columns:
        if pa.types.is_string(array.type) or pa.types.is_binary(array.type):
            sizes += pc.fill_null(pc.binary_length(array), 0).to_numpy(zero_copy_only=False)
        else:
            width = max(array.type.bit_width // 8, 1)
            sizes += width * array.is_valid().to_numpy(zero_copy_only=False)
    return sizes
