"""PostgreSQL's binary COPY format, of Arrow arrays.

What a row has in common with many others is written once for all of them, so that a million rows of thirty columns cost
little more than the four columns in which each differs.
Source: PostgreSQL, COPY, "Binary Format".
"""

from __future__ import annotations

from itertools import chain
from typing import TYPE_CHECKING

import numpy as np
import pgpq
import pyarrow as pa
import pyarrow.compute as pc

from layers.errors import Invalid

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping

    from numpy.typing import NDArray

_COUNT_BYTES, _LENGTH_BYTES = 2, 4
_HEAD = b"PGCOPY\n\xff\r\n\0" + bytes(8)
_END = b"\xff\xff"  # a row of -1 fields
_INTEGER = 23  # PostgreSQL's number of its type of 32 bits


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


def encode_row(values: Collection[bytes]) -> Iterable[bytes]:
    """A COPY of one row, in pieces; values as their types send them, none is NULL."""
    fields = ((len(value).to_bytes(_LENGTH_BYTES, "big"), value) for value in values)
    return chain((_HEAD, len(values).to_bytes(_COUNT_BYTES, "big")), chain.from_iterable(fields), (_END,))


def encode_number(value: int) -> bytes:
    """A BIGINT."""
    return value.to_bytes(8, "big", signed=True)


def encode_numbers(values: NDArray[np.int64]) -> bytes:
    """An INTEGER[]. Raises: Invalid where one has more than 32 bits."""
    elements = np.full((len(values), 2), _LENGTH_BYTES, ">i4")
    elements[:, 1] = values
    if (elements[:, 1] != values).any():
        raise Invalid("a record's number has more than 32 bits")
    return np.array([1, 0, _INTEGER, len(values), 1], ">i4").tobytes() + elements.tobytes()


def _encode(batch: pa.RecordBatch) -> tuple[bytes, bytes, bytes]:
    """The encoder keeps what is little until it is finished."""
    encoder = pgpq.ArrowToPostgresBinaryEncoder(batch.schema)
    begin, rows = encoder.write_header(), encoder.write_batch(batch)
    rest = encoder.finish()[: -len(_END)]
    return begin, rows + rest if rest else rows, _END


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
