"""Utility lines as tubes about their axis; one of unknown elevation hangs clear below the ground, and says so."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import shapely

from layers.bodies import LINE_DEPTH_M, LINE_M
from ogc_api.meshes.mesh import Mesh, join
from ogc_api.meshes.sections import box_section, egg_section, round_section
from ogc_api.meshes.tubes import sweep
from ogc_api.scene.bodies import ASSUMED_OPACITY, Shown, flag, metres

if TYPE_CHECKING:
    from ogc_api.meshes.mesh import Flags, Floats, Integers
    from ogc_api.meshes.sections import Section
    from ogc_api.scene.bodies import Bodies
    from ogc_api.scene.site import Site

# A straight of the map is bent on earth: 0.8 mm in 200 m. Ground is followed in steps.
_STEP_M, _GROUND_STEP_M = 200.0, 25.0


@dataclass(frozen=True, slots=True, eq=False)
class _Axes:
    """Points (n, 3) with their heights as the site counts them, whose they are, and what is not known of lines (m,)."""

    points: Floats
    starts: Integers
    is_assumed: Flags
    is_groundless: Flags


def show_lines(bodies: Bodies, site: Site) -> Shown:
    axes = _axes(bodies, site)
    sizes, is_size_assumed = _sizes(bodies)
    placed = site.place(axes.points, axes.points[:, 2])
    opacity = np.where(axes.is_assumed, ASSUMED_OPACITY, 1.0)
    return Shown(
        join([_sweep(placed, axes.starts, sizes, section, chosen) for section, chosen in _sections(bodies, sizes)]),
        bodies.looks(opacity),
        (
            metres("shown_width_m", "Width as shown", sizes[:, 0]),
            metres("shown_height_m", "Height as shown", sizes[:, 1]),
            flag("size_assumed", "The section is assumed", is_size_assumed),
            flag("elevation_assumed", f"The elevation is assumed: {LINE_DEPTH_M} m below the ground", axes.is_assumed),
            flag("ground_unknown", "The elevation of the ground is unknown", axes.is_groundless),
        ),
    )


def _axes(bodies: Bodies, site: Site) -> _Axes:
    coordinates, owner = shapely.get_coordinates(bodies.shapes, include_z=True, return_index=True)
    is_known = shapely.has_z(bodies.shapes)
    needs_ground = ~is_known if not site.is_flat else np.ones(len(bodies), dtype=bool)
    step = np.where(needs_ground & (site.around.ground is not None), _GROUND_STEP_M, _STEP_M)
    points, owner = _densify(coordinates, owner, step)
    starts = np.searchsorted(owner, np.arange(len(bodies) + 1))
    ground = np.full(len(points), np.nan)
    near = needs_ground[owner]
    ground[near] = site.ground_at(points[near])
    ground = np.where(np.isnan(ground), bodies.numbers("ground_m")[owner], ground)
    is_groundless = needs_ground & (np.bincount(owner[np.isnan(ground)], minlength=len(bodies)) > 0)
    if site.is_flat:
        # What is known to lie at an elevation, but not how far below which ground, is not known to be deep or shallow.
        is_assumed = ~is_known | is_groundless
        z = np.where(is_assumed[owner], -LINE_DEPTH_M, points[:, 2] - ground)
    else:
        is_assumed = ~is_known
        z = np.where(is_assumed[owner], np.nan_to_num(ground) - LINE_DEPTH_M, points[:, 2])
    return _Axes(np.column_stack([points[:, :2], z]), starts, is_assumed, is_groundless)


def _densify(points: Floats, owner: Integers, step_m: Floats) -> tuple[Floats, Integers]:
    """Lines with points no farther apart than the step of each."""
    ahead = np.diff(points, axis=0)
    is_inner = owner[1:] == owner[:-1]
    pieces = np.where(is_inner, np.ceil(np.hypot(ahead[:, 0], ahead[:, 1]) / step_m[owner[:-1]]), 1)
    pieces = np.append(np.maximum(pieces, 1), 1).astype(np.int64)
    at = np.repeat(np.arange(len(points)), pieces)
    share = (np.arange(len(at)) - np.repeat(np.cumsum(pieces) - pieces, pieces)) / pieces[at]
    following = np.vstack([ahead, np.zeros((1, 3))])
    inserted = points[at] + np.where(share[:, None] > 0, share[:, None] * following[at], 0.0)
    return inserted, owner[at]


def _sizes(bodies: Bodies) -> tuple[Floats, Flags]:
    """Width and height (n, 2), and whether nobody knows the width."""
    wall = np.nan_to_num(2 * bodies.numbers("wall_m"))
    width, height = bodies.numbers("outer_width_m"), bodies.numbers("outer_height_m")
    inner, inner_height = bodies.numbers("inner_width_m") + wall, bodies.numbers("inner_height_m") + wall
    known = np.where(np.isnan(width), np.where(np.isnan(inner), height, inner), width)
    is_assumed = np.isnan(width)
    width = np.where(np.isnan(known), LINE_M, known)
    height = np.where(np.isnan(height), np.where(np.isnan(inner_height), width, inner_height), height)
    return np.column_stack([width, height]), is_assumed


def _sections(bodies: Bodies, sizes: Floats) -> list[tuple[Section, Flags]]:
    shape = np.array([row["section_shape"] for row in bodies.attributes])
    is_egg = shape == "egg"
    is_box = np.isin(shape, ("rectangular", "bank")) | ((shape == "unknown") & (sizes[:, 0] != sizes[:, 1]))
    return [(round_section(), ~is_egg & ~is_box), (box_section(), is_box), (egg_section(), is_egg)]


def _sweep(points: Floats, starts: Integers, sizes: Floats, section: Section, chosen: Flags) -> Mesh:
    lengths = np.diff(starts)
    kept = np.repeat(chosen, lengths)
    begins = np.concatenate([[0], np.cumsum(lengths[chosen])])
    mesh = sweep(points[kept], begins, sizes[chosen], section)
    return Mesh(mesh.vertices, mesh.normals, mesh.faces, np.flatnonzero(chosen)[mesh.owners])
