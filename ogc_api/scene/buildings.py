"""Buildings: solids where they were surveyed, else the footprint raised by the height."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import shapely

from layers.bodies import STOREY_M
from ogc_api.meshes.mesh import Mesh, join
from ogc_api.meshes.plans import lay_out
from ogc_api.meshes.polyhedra import open_faces
from ogc_api.meshes.prisms import raise_walls
from ogc_api.meshes.table import Column
from ogc_api.scene.bodies import Shown, flag, metres
from ogc_api.scene.site import lowest

if TYPE_CHECKING:
    from ogc_api.meshes.mesh import Flags, Floats
    from ogc_api.scene.bodies import Bodies
    from ogc_api.scene.site import Site

_ASSUMED_OPACITY = 0.75
_LEAST_M = 0.1


def show_buildings(bodies: Bodies, site: Site) -> Shown:
    """Of unknown height a building has its storeys, or one; the attributes say so, and it is slightly clear."""
    given, storeys = bodies.numbers("height_m"), bodies.numbers("storeys")
    tall = np.where(np.isnan(given), np.where(storeys > 0, storeys * STOREY_M, STOREY_M), given)
    ground = bodies.numbers("ground_m")
    low, high = _levels(bodies)
    foot = np.where(np.isnan(ground), low, ground)
    solid, is_solid = _solids(bodies, site, foot)
    # A solid that is not closed is a footprint between its lowest and its highest point.
    is_broken = ~np.isnan(low) & ~is_solid
    tall = np.where(np.isnan(low), tall, np.maximum(high - low, _LEAST_M))
    stands = np.where(is_broken, low, ground)
    base = np.where(is_broken, low - foot, 0.0) if site.is_flat else stands
    walls, base = _walls(bodies, site, base, tall, ~is_solid)
    is_assumed = np.isnan(given) & np.isnan(low)
    opacity = np.where(is_assumed, _ASSUMED_OPACITY, 1.0)
    return Shown(
        join([solid, walls]),
        bodies.looks(opacity),
        (
            metres("shown_height_m", "Height as shown", tall),
            flag("height_assumed", "The height is assumed", is_assumed),
            flag("ground_unknown", "The elevation of the ground is unknown", np.isnan(base) & ~is_solid),
            Column(
                "form",
                "Form: solid as surveyed, or footprint raised",
                "string",
                np.where(is_solid, "solid", "raised").tolist(),
            ),
        ),
    )


def _levels(bodies: Bodies) -> tuple[Floats, Floats]:
    """The lowest and highest elevation of each solid, NaN where there is none."""
    points, owner = shapely.get_coordinates(bodies.solids, include_z=True, return_index=True)
    return lowest(points[:, 2], owner, len(bodies)), -lowest(-points[:, 2], owner, len(bodies))


def _solids(bodies: Bodies, site: Site, foot: Floats) -> tuple[Mesh, Flags]:
    """Meshes of the solids that are closed, and whose they are."""
    is_solid = ~shapely.is_missing(bodies.solids)
    owners = np.flatnonzero(is_solid)
    if not len(owners):
        return join([]), is_solid
    faces = open_faces(bodies.solids[is_solid])
    is_solid[owners[~faces.is_closed]] = False
    z = faces.points[:, 2]
    if site.is_flat:
        z = z - foot[owners][faces.owners]
    normals = site.turn(faces.normals, faces.points[0, :2])
    mesh = faces.at(site.place(faces.points, z), normals).of(faces.is_closed)
    return Mesh(mesh.vertices, mesh.normals, mesh.faces, owners[mesh.owners]), is_solid


def _walls(bodies: Bodies, site: Site, base: Floats, tall: Floats, raised: Flags) -> tuple[Mesh, Floats]:
    """Footprints raised from their base, where it is NaN from the lowest ground under a corner; and those bases."""
    parts, part_of = shapely.get_parts(bodies.shapes[raised], return_index=True)
    if not len(parts):
        return join([]), base
    plan = lay_out(parts, np.flatnonzero(raised)[part_of])
    points = plan.rings.points
    unknown = np.isnan(base)
    if unknown.any():
        under = unknown[plan.owners]
        heights = np.full(len(points), np.nan)
        heights[under] = site.ground_at(points[under])
        base = np.where(unknown, lowest(heights, plan.owners, len(bodies)), base)
    stands = np.nan_to_num(base)[plan.owners]
    low, high = site.place(points, stands), site.place(points, stands + tall[plan.owners])
    return raise_walls(plan, low, high), base
