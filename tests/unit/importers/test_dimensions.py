"""Layers of several kinds of geometry: each kind goes to its own table, and nothing of a collection is lost."""

from __future__ import annotations

import numpy as np
import shapely

from importers.dataset import by_dimension
from importers.source import SourceLayer


def test_collections_are_parted() -> None:
    """A pipe drawn together with its valves is a pipe and its valves, under the number of the record."""
    shapes = np.array(
        [
            shapely.from_wkt("GEOMETRYCOLLECTION (LINESTRING (0 0, 9 0), POINT (0 0), POINT (9 0))"),
            shapely.from_wkt("LINESTRING (0 5, 9 5)"),
            None,
            shapely.from_wkt("GEOMETRYCOLLECTION (GEOMETRYCOLLECTION (LINESTRING (0 7, 9 7)))"),
        ],
        dtype=object,
    )
    layer = SourceLayer("ong", shapes, {"ma": ["a", "b", "c", "d"]}, np.arange(1, 5))
    parts = [
        (part.rows.tolist(), [None if g is None else g.wkt for g in part.geometries], list(part.columns["ma"]))
        for part in by_dimension(layer, None)
    ]
    assert parts == [
        ([1], ["MULTIPOINT ((0 0), (9 0))"], ["a"]),
        (
            [1, 2, 3, 4],
            ["LINESTRING (0 0, 9 0)", "LINESTRING (0 5, 9 5)", None, "LINESTRING (0 7, 9 7)"],
            ["a", "b", "c", "d"],
        ),
    ]
    assert by_dimension(layer, "utility_lines") == [layer]
