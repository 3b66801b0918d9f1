"""Which layers have bodies in space, what of a row makes its body, and what is assumed where nobody knows.

Expressions are SQL over a row. Elevations are metres above the city's vertical datum.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from layers.errors import NotFound

if TYPE_CHECKING:
    from layers.catalog import Layer

STOREY_M = 3.3
TREE_M, CROWN_M, STEM_M = 6.0, 4.0, 0.2
LINE_M, LINE_DEPTH_M = 0.2, 1.0
NODE_M, NODE_DEPTH_M = 0.6, 1.0
DIG_M = 1.0

_WIDTH = f"coalesce(outer_width_m, inner_width_m + 2 * coalesce(wall_m, 0), outer_height_m, {LINE_M})"
_HEIGHT = f"coalesce(outer_height_m, inner_height_m + 2 * coalesce(wall_m, 0), {_WIDTH})"
_HALF = f"sqrt(power({_WIDTH}, 2) + power({_HEIGHT}, 2)) / 2"
_PLAN = tuple(f"st_{axis}(geom)" for axis in ("xmin", "ymin", "xmax", "ymax"))
_TALL = f"coalesce(height_m, nullif(storeys, 0) * {STOREY_M}, {STOREY_M})"
_NODE_LOW = f"coalesce(bottom_m, cover_m - {NODE_DEPTH_M})"
_NODE_HIGH = f"coalesce(cover_m, bottom_m + {NODE_DEPTH_M})"


@dataclass(frozen=True, slots=True)
class Body:
    """What of a row makes its body.

    `low` and `high` are elevations, NULL where it stands on ground of unknown elevation; `below` and `above` how far it
    reaches from the ground. `ground` is the elevation of the ground where the row knows it. `reach` is how far the body
    may lie outside of `box` (minx, miny, maxx, maxy). `points` is what it costs to show.
    """

    size: str
    low: str
    high: str
    below: str
    above: str
    reach: str
    ground: str = "null::double precision"
    points: str = "st_npoints(geom)"
    shape: str = "geom"
    solid: str = "null::geometry"
    box: tuple[str, ...] = _PLAN
    # Whether, above flat ground, it is bent as the ground under it is not.
    follows_ground: bool = False


_SIZE = "greatest(st_xmax(geom) - st_xmin(geom), st_ymax(geom) - st_ymin(geom))"
_NOWHERE = "null::double precision"
_BODIES = {
    "buildings": Body(
        size=f"greatest({_SIZE}, st_zmax(solid) - st_zmin(solid), {_TALL})",
        low="coalesce(st_zmin(solid), ground_m)",
        high=f"coalesce(st_zmax(solid), ground_m + {_TALL})",
        below="coalesce(greatest(coalesce(ground_m, st_zmin(solid)) - st_zmin(solid), 0), 0)",
        above=f"coalesce(st_zmax(solid) - coalesce(ground_m, st_zmin(solid)), {_TALL})",
        reach="0",
        points="coalesce(st_npoints(solid), 4 * st_npoints(geom))",
        solid="solid",
        box=tuple(
            f"{'least' if axis.endswith('min') else 'greatest'}(st_{axis}(geom), st_{axis}(solid))"
            for axis in ("xmin", "ymin", "xmax", "ymax")
        ),
    ),
    "trees": Body(
        size=f"greatest(coalesce(height_m, {TREE_M}), coalesce(crown_diameter_m, {CROWN_M}))",
        low=_NOWHERE,
        high=_NOWHERE,
        below="0",
        above=f"coalesce(height_m, {TREE_M})",
        reach=f"greatest(coalesce(crown_diameter_m, {CROWN_M}), coalesce(stem_diameter_m, {STEM_M})) / 2",
    ),
    "utility_lines": Body(
        size=_SIZE,
        low=f"st_zmin(axis) - {_HALF}",
        high=f"st_zmax(axis) + {_HALF}",
        below=f"{LINE_DEPTH_M} + {_HALF}",
        above=f"{_HALF} - {LINE_DEPTH_M}",
        # A mitre stands out farther than the section.
        reach=f"1.2 * {_HALF}",
        ground="ground_m",
        shape="coalesce(axis, geom)",
        follows_ground=True,
    ),
    "utility_nodes": Body(
        size=f"greatest(coalesce(outer_width_m, {NODE_M}), coalesce(outer_length_m, {NODE_M}))",
        low=_NODE_LOW,
        high=_NODE_HIGH,
        below=f"coalesce({_NODE_HIGH} - {_NODE_LOW}, {NODE_DEPTH_M})",
        above="0",
        reach=f"greatest(coalesce(outer_width_m, {NODE_M}), coalesce(outer_length_m, {NODE_M}))",
        ground="ground_m",
        follows_ground=True,
    ),
    "excavations": Body(
        size=_SIZE,
        low=_NOWHERE,
        high=_NOWHERE,
        below=f"coalesce(depth_m, {DIG_M})",
        above="0",
        reach="0",
        points="4 * st_npoints(geom)",
    ),
}


def has_bodies(layer: Layer) -> bool:
    return layer.name in _BODIES


def body_of(layer: Layer) -> Body:
    """Raises: NotFound for a layer that has nothing to show in space."""
    body = _BODIES.get(layer.name)
    if body is None:
        raise NotFound(f"layer '{layer.name}' has no bodies in space: {', '.join(_BODIES)} have")
    return body
