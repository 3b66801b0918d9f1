"""Lines as arrays say the same as the geometries that they stand for."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest
import shapely

from layers.linestrings import LineStrings

PLANS = ["LINESTRING (1 2, 3 4)", "LINESTRING (5 6, 7 8, 9 10)", "LINESTRING (0 0, 0 0)"]
LIFTED = ["LINESTRING Z (1 2 3, 4 5 6)", "LINESTRING Z (5 6 -1, 7 8 -2, 9 10 -3)"]


def wkb(*wkt: str | None, flavor: str = "iso", byte_order: int = 1) -> pa.Array:
    shapes = [None if text is None else shapely.from_wkt(text) for text in wkt]
    return pa.array([None if s is None else shapely.to_wkb(s, flavor=flavor, byte_order=byte_order) for s in shapes])


@pytest.mark.parametrize("flavor", ["iso", "extended"])
@pytest.mark.parametrize("wkt", [PLANS, LIFTED])
def test_plain_lines_are_read_and_written(wkt: list[str], flavor: str) -> None:
    """WKB of either flavour, also as a slice of a longer array, comes back as the same geometries and EWKB."""
    true = shapely.from_wkt(wkt)
    read = LineStrings.from_wkb(wkb(wkt[0], *wkt, wkt[0], flavor=flavor).slice(1, len(wkt)))
    assert read is not None
    assert [shapely.to_wkt(line) for line in read.to_objects()] == [shapely.to_wkt(line) for line in true]
    ewkb = shapely.to_wkb(shapely.set_srid(true, 9214), include_srid=True, byte_order=1)
    assert read.to_ewkb(9214).to_pylist() == ewkb.tolist()
    assert read.take(np.array([1, 0])).to_ewkb(9214).to_pylist() == ewkb[[1, 0]].tolist()
    assert read.have_length() == bool((shapely.length(true) > 0).all())


@pytest.mark.parametrize(
    "other", [None, "POINT (1 2)", "LINESTRING EMPTY", "LINESTRING Z (1 2 3, 4 5 6)", "MULTILINESTRING ((1 2, 3 4))"]
)
def test_what_is_no_plain_line_is_left_to_others(other: str | None) -> None:
    """One record that is missing, empty, or of another kind or dimension, and none is taken."""
    assert LineStrings.from_wkb(wkb(*PLANS, other)) is None


def test_broken_wkb_is_left_to_others() -> None:
    """Bytes that are cut, promise more than they hold, have one vertex or the other order are never made lines of."""
    (whole,) = wkb(PLANS[1]).to_pylist()
    single = whole[:5] + (1).to_bytes(4, "little") + whole[9:25]
    many = whole[:5] + (2**32 - 1).to_bytes(4, "little") + whole[9:]
    for broken in (b"", whole[:4], whole[:-1], whole + b"\0", single, many):
        assert LineStrings.from_wkb(pa.array([whole, broken])) is None
    assert LineStrings.from_wkb(wkb(*PLANS, byte_order=0)) is None
    assert LineStrings.from_wkb(pa.array([], pa.binary())) is None
