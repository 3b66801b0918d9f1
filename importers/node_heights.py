"""Elevations of the cover and the bottom of nodes, from what their owner says of heights and depths."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import shapely

from importers.elevation import (
    ABOVE_GROUND_M,
    CONTRADICTION_M,
    DEEPEST_M,
    are_sentinels,
    is_sentinel,
    read_elevations,
    unsigned,
)
from importers.fields import DEPTH, parse_lengths
from importers.vocabulary import vocabulary
from layers.columns import Column

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from importers.attributes import Attributes
    from layers.terrain import Ground

    type Chosen = NDArray[np.bool_]
    type Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class NodeHeights:
    """Elevations of n nodes in metres, NaN unknown: terrain, cover, bottom; and why the bottom is known or not."""

    terrain: Floats
    cover: Floats
    bottom: Floats
    reason: Column[str]


def read_node_heights(points: NDArray[np.object_], attributes: Attributes, ground: Ground) -> NodeHeights:
    """Heights of nodes.

    The cover comes from its own field, the ground field or z; the bottom from its own field, or the depth below
    the cover or else the terrain, from neither where its field and the depth below the cover contradict each other.
    """
    xyz = shapely.get_coordinates(points, include_z=True)
    terrain = ground.elevations(xyz[:, :2])
    z = np.where(np.isin(xyz[:, 2], vocabulary()["sentinels"]["elevation"]), np.nan, xyz[:, 2])
    # z of a manhole may be its cover or its bottom: beside the ground it is the cover.
    z = np.where(np.abs(z - terrain) <= ABOVE_GROUND_M, z, np.nan)
    cover = _first_known(_heights(attributes, "cover"), _heights(attributes, "ground"), z)
    depth, depths_differ = _agreed([_node_depths(reading) for reading in attributes.readings("depth")], len(points))
    stated, bottoms_differ = _agreed(
        [_heights(reading, "bottom") for reading in attributes.readings("bottom")], len(points)
    )
    differ = depths_differ | bottoms_differ | (np.abs(stated - cover + depth) > CONTRADICTION_M)
    bottom = np.where(differ, np.nan, _first_known(stated, _first_known(cover, terrain) - depth))
    cover = np.where((cover - terrain > DEEPEST_M) | (terrain - cover > DEEPEST_M), np.nan, cover)
    high = (bottom > cover) | (bottom - terrain > ABOVE_GROUND_M)
    cases = np.select([differ, high, np.isnan(bottom)], [1, 2, 3], 0)
    return NodeHeights(terrain, cover, np.where(high, np.nan, bottom), Column(_NODE_REASONS, cases.astype(np.int32)))


_NODE_REASONS = (
    "bottom known",
    "bottoms or depths contradict each other: none is used",
    "the bottom stands above the cover or the ground: not used",
    "no bottom or depth given",
)


def _agreed(said: list[Floats], count: int) -> tuple[Floats, Chosen]:
    """(n,) the last known of several statements of one quantity, NaN where none is, and where they differ too much."""
    if not said:
        return np.full(count, np.nan), np.zeros(count, dtype=bool)
    known = _first_known(*reversed(said))
    apart = [np.abs(values - known) > CONTRADICTION_M for values in said]
    return known, np.logical_or.reduce(apart)


def _node_depths(attributes: Attributes) -> Floats:
    raw, counted = attributes.values("depth"), attributes.deciding("depth")
    known = [(unsigned(value), times) for value, times in counted if not is_sentinel(value, "depth")]
    metres = parse_lengths(raw.map(unsigned), attributes.unit("depth"), DEPTH, known).metres.floats()
    return np.where((metres > DEEPEST_M) | are_sentinels(raw), np.nan, metres)


def _heights(attributes: Attributes, key: str) -> Floats:
    return read_elevations(attributes, key).floats()


def _first_known(*columns: Floats) -> Floats:
    known = columns[0]
    for column in columns[1:]:
        known = np.where(np.isnan(known), column, known)
    return known
