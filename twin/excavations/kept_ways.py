"""Ways out of a kept check, read again: a package shows those that were told, and does not look for others."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import shapely

from layers.crs import WGS84, parse_crs, transform_geometries
from twin.clash.accuracy import Wording
from twin.clash.proposal import Change, Way, WaysOut
from twin.clash.surroundings import Kind, Matter, Weight
from twin.excavations.request import parse_digs

if TYPE_CHECKING:
    from collections.abc import Mapping

    from layers.crs import Crs


def has_ways(report: Mapping[str, Any]) -> bool:
    """Whether a kept report (JSON) tells of ways out that can be drawn; those of earlier versions have no request."""
    found = report.get("ways_out")
    return found is not None and all(way.get("request") for way in found["ways"])


def read_ways(report: Mapping[str, Any], storage: Crs) -> WaysOut:
    """The ways out of a kept report (JSON) that has them."""
    found = report["ways_out"]
    return WaysOut(
        ways=tuple(_way(way, storage) for way in found["ways"]),
        without=tuple((Change(each["change"]), Wording(**each["reason"])) for each in found["without"]),
        trials=found["trials"],
        checks=found["checks"],
        is_exhausted=found["is_exhausted"],
    )


def _way(told: Mapping[str, Any], storage: Crs) -> Way:
    (dig,) = parse_digs(told["request"], None, storage)
    return Way(
        change=Change(told["change"]),
        text=Wording(**told["text"]),
        figures=told["figures"],
        cost=told["cost"],
        dig=dig,
        leaves=told["leaves"],
        request=told["request"],
        brings=tuple(_matter(matter) for matter in told["brings"]),
        caveats=tuple(Wording(**caveat) for caveat in told["caveats"]),
        hand_dug=None if told["hand_dug"] is None else _metres(told["hand_dug"], storage),
        told=told,
    )


def _matter(told: Mapping[str, Any]) -> Matter:
    return Matter(
        kind=Kind(told["kind"]), weight=Weight(told["weight"]), text=Wording(**told["text"]), facts=told["facts"]
    )


def _metres(geometry: Mapping[str, Any], storage: Crs) -> shapely.Geometry:
    drawn = np.array([shapely.geometry.shape(geometry)], dtype=object)
    return transform_geometries(drawn, parse_crs(WGS84), storage)[0]
