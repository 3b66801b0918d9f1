"""Rows that share what they have in common are the rows that each would be alone."""

from __future__ import annotations

from datetime import date

import numpy as np
import pgpq
import pyarrow as pa

from layers.copy_format import encode


def plainly(columns: dict[str, pa.Array]) -> bytes:
    batch = pa.record_batch(columns)
    encoder = pgpq.ArrowToPostgresBinaryEncoder(batch.schema)
    return b"".join((encoder.write_header(), encoder.write_batch(batch), encoder.finish()))


def test_shared_columns_give_the_same_bytes() -> None:
    """Every type of column, with and without NULL, as one each row has for itself and as one that many have."""
    values = {
        "big": pa.array([1, None, -(2**62)], pa.int64()),
        "small": pa.array([1, None, -7], pa.int16()),
        "whole": pa.array([1, None, -7], pa.int32()),
        "real": pa.array([0.5, None, -1e300], pa.float64()),
        "yes": pa.array([True, None, False]),
        "day": pa.array([date(1999, 12, 31), None, date(2026, 1, 1)]),
        "moment": pa.array([0, None, 1], pa.timestamp("us", tz="UTC")),
        "text": pa.array(["Gang dẻo", None, ""]),
        "bytes": pa.array([b"\x01", None, b""]),
    }
    codes = np.array([2, 0, 1, 1, 2], dtype=np.int32)
    spread = {name: array.take(pa.array(codes)) for name, array in values.items()}
    for name in values:
        few = {other: array for other, array in values.items() if other != name}
        written = b"".join(encode({name: spread[name]}, few, codes))
        assert written == plainly({name: spread[name]} | {other: spread[other] for other in few}), name
    assert b"".join(encode(spread, {}, codes)) == plainly(spread)
