"""Lines of CityJSON out of rows that are in no sample: slivers, and columns that are called as ours might be."""

from __future__ import annotations

import json
from dataclasses import replace
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import pytest
import shapely

from layers.catalog import find_layer
from layers.crs import parse_crs
from layers.database import Audience
from layers.streams import BodyRow
from ogc_api.cityjson import CityLines

if TYPE_CHECKING:
    from layers.catalog import Layer

STORAGE = parse_crs("EPSG:9214")
BUILDINGS, PARCELS = (find_layer(name, Audience.OPERATOR) for name in ("buildings", "parcels"))
SLIVER_M = 2e-4
SQUARE, HOLE = [(0, 0, 2), (5, 0, 2), (5, 5, 2), (0, 5, 2)], [(1, 1, 2), (1 + SLIVER_M, 1, 2), (1, 1 + SLIVER_M, 2)]
# A tetrahedron one of whose edges is a face of 0.2 mm.
FACES = [
    [(0, 0, 0), (0, 1, 0), (1, 0, 0)],
    [(0, 0, 0), (1, 0, 0), (0, 0, 1)],
    [(0, SLIVER_M, 0), (0, 0, 1), (0, 1, 0)],
    [(0, 1, 0), (0, 0, 1), (1, 0, 0)],
    [(0, 0, 0), (0, 0, 1), (0, SLIVER_M, 0)],
]


def write(layer: Layer, row: BodyRow) -> dict[str, Any]:
    line = CityLines(layer, STORAGE, STORAGE, None, (0.0, 0.0), "city").lines([row])
    feature: dict[str, Any] = json.loads(line)["CityObjects"][f"{layer.name}.1"]
    return feature


@pytest.mark.parametrize("ring", [SQUARE, HOLE], ids=["a hole", "all of it"])
def test_what_rounding_leaves_no_corners_of_is_left_out(ring: list[tuple[float, float, float]]) -> None:
    """A hole, a whole face, a whole footprint smaller than a millimetre: neither ends a download nor is a ring of none.

    What is left of a solid is closed.
    """
    polygon = shapely.Polygon(ring, [] if ring is HOLE else [HOLE])
    flat = write(PARCELS, BodyRow(1, b"{}", shapely.to_wkb(polygon), None, None, None))
    raised = write(BUILDINGS, BodyRow(1, b"{}", shapely.to_wkb(polygon), None, 0.0, 3.0))
    if ring is HOLE:
        assert flat["geometry"] == raised["geometry"] == []
        return
    assert flat["geometry"][0]["boundaries"] == [[[0, 1, 2, 3]]]
    assert len(raised["geometry"][0]["boundaries"][0]) == 6
    solid = shapely.to_wkb(shapely.GeometryCollection([shapely.Polygon(face) for face in FACES]))
    surveyed = write(BUILDINGS, BodyRow(1, b"{}", shapely.to_wkb(polygon), solid, None, None))
    (shell,) = surveyed["geometry"][0]["boundaries"]
    edges = [edge for ((*ring, last),) in shell for edge in pairwise([last, *ring, last])]
    assert len(shell) == 4
    assert sorted(edges) == sorted((b, a) for a, b in edges)


def test_a_column_called_plan_keeps_its_value() -> None:
    """A city's own layer may have one, and the plan in space stands beside it."""
    row = BodyRow(1, b'{"plan":"QH-12"}', shapely.to_wkb(shapely.Point(3, 4)), None, None, None)
    feature = write(replace(PARCELS, name="quy_hoach"), row)
    assert feature["attributes"] == {"plan": "QH-12", "plan-wkt": "POINT (3 4)"}
