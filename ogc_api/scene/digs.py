"""Excavations: what is dug out, from the ground down to the depth below its lowest corner."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import shapely

from layers.bodies import DIG_M
from ogc_api.meshes.plans import lay_out
from ogc_api.meshes.prisms import raise_walls
from ogc_api.scene.bodies import ASSUMED_OPACITY, Shown, flag, metres
from ogc_api.scene.site import lowest

if TYPE_CHECKING:
    from ogc_api.scene.bodies import Bodies
    from ogc_api.scene.site import Site


def show_digs(bodies: Bodies, site: Site) -> Shown:
    depth = bodies.numbers("depth_m")
    is_assumed = np.isnan(depth)
    depth = np.where(is_assumed, DIG_M, depth)
    parts, part_of = shapely.get_parts(bodies.shapes, return_index=True)
    plan = lay_out(parts, part_of)
    points, owners = plan.rings.points, plan.owners
    ground = np.zeros(len(points)) if site.is_flat else site.ground_at(points)
    deepest = lowest(ground, owners, len(bodies))
    top = np.where(np.isnan(ground), np.nan_to_num(deepest)[owners], ground)
    floor = np.nan_to_num(deepest) - depth
    mesh = raise_walls(plan, site.place(points, floor[owners]), site.place(points, top))
    return Shown(
        mesh,
        bodies.looks(np.full(len(bodies), ASSUMED_OPACITY)),
        (
            metres("shown_depth_m", "Depth as shown", depth),
            flag("depth_assumed", "The depth is assumed", is_assumed),
            flag("ground_unknown", "The elevation of the ground is unknown", np.isnan(deepest)),
        ),
    )
