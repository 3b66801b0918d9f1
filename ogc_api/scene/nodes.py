"""Manholes, chambers, valves: shafts from their bottom to their cover."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import shapely

from layers.bodies import NODE_DEPTH_M, NODE_M
from ogc_api.meshes.plans import lay_out
from ogc_api.meshes.prisms import raise_walls
from ogc_api.scene.bodies import ASSUMED_OPACITY, Shown, flag, metres

if TYPE_CHECKING:
    from ogc_api.meshes.mesh import Flags, Floats
    from ogc_api.meshes.plans import Polygons
    from ogc_api.scene.bodies import Bodies
    from ogc_api.scene.site import Site

_CORNERS = 16
# A shaft whose bottom is its cover is drawn as a plate.
_PLATE_M = 0.05


def show_nodes(bodies: Bodies, site: Site) -> Shown:
    xy = shapely.get_coordinates(bodies.shapes)
    width, length = bodies.numbers("outer_width_m"), bodies.numbers("outer_length_m")
    is_size_assumed = np.isnan(width) & np.isnan(length)
    width = np.where(np.isnan(width), np.where(np.isnan(length), NODE_M, length), width)
    length = np.where(np.isnan(length), width, length)
    low, high, is_assumed, is_groundless = _levels(bodies, site, xy)
    plan = lay_out(_outlines(bodies, xy, width, length), np.arange(len(bodies)))
    points, owners = plan.rings.points, plan.owners
    mesh = raise_walls(plan, site.place(points, low[owners]), site.place(points, high[owners]))
    return Shown(
        mesh,
        bodies.looks(np.where(is_assumed, ASSUMED_OPACITY, 1.0)),
        (
            metres("shown_width_m", "Width as shown", width),
            metres("shown_height_m", "Height as shown", high - low),
            flag("size_assumed", "The size in plan is assumed", is_size_assumed),
            flag("elevation_assumed", "The elevation of cover or bottom is assumed", is_assumed),
            flag("ground_unknown", "The elevation of the ground is unknown", is_groundless),
        ),
    )


def _levels(bodies: Bodies, site: Site, xy: Floats) -> tuple[Floats, Floats, Flags, Flags]:
    """Bottom and cover as the site counts heights, whether one is assumed, whether it had no ground to go by."""
    cover, bottom, ground = (bodies.numbers(name) for name in ("cover_m", "bottom_m", "ground_m"))
    is_assumed = np.isnan(cover) | np.isnan(bottom)
    lost = np.isnan(cover) & np.isnan(bottom)
    needs_ground = lost | site.is_flat
    terrain = np.full(len(xy), np.nan)
    terrain[needs_ground] = site.ground_at(xy[needs_ground])
    ground = np.where(np.isnan(terrain), ground, terrain)
    high = np.where(np.isnan(cover), bottom + NODE_DEPTH_M, cover)
    is_groundless = needs_ground & np.isnan(ground)
    if site.is_flat:
        # A cover lies in the ground where nobody knows better.
        ground = np.where(np.isnan(ground), np.nan_to_num(high), ground)
    high = np.where(lost, np.nan_to_num(ground), high)
    low = np.where(np.isnan(bottom), high - NODE_DEPTH_M, bottom)
    low = np.minimum(low, high - _PLATE_M)
    shift = ground if site.is_flat else np.zeros(len(xy))
    return low - shift, high - shift, is_assumed, is_groundless


def _outlines(bodies: Bodies, xy: Floats, width: Floats, length: Floats) -> Polygons:
    angle = np.arange(_CORNERS + 1) % _CORNERS * 2 * np.pi / _CORNERS
    circle = np.column_stack([np.cos(angle), np.sin(angle)]) / 2
    square = np.array([[-0.5, -0.5], [0.5, -0.5], [0.5, 0.5], [-0.5, 0.5], [-0.5, -0.5]])
    is_box = np.array([row["section_shape"] in ("rectangular", "bank") for row in bodies.attributes])
    made = np.empty(len(bodies), dtype=object)
    for outline, chosen, across in ((square, is_box, length), (circle, ~is_box, width)):
        size = np.column_stack([width, across])[chosen]
        made[chosen] = shapely.polygons(xy[chosen][:, None] + outline * size[:, None])
    return made
