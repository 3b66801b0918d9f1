"""Trees: one stem and one crown for all, stretched to the size of each."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import shapely

from layers.bodies import CROWN_M, STEM_M, TREE_M
from ogc_api.meshes.figures import crown, stem
from ogc_api.meshes.glb import Figures, Look
from ogc_api.meshes.mesh import empty
from ogc_api.scene.bodies import Shown, flag, metres

if TYPE_CHECKING:
    from ogc_api.scene.bodies import Bodies
    from ogc_api.scene.site import Site

_BARK = Look("#795548")
# Where the crown begins and where the stem ends, as shares of the height.
_CROWN_FROM, _STEM_TO = 0.3, 0.4


def show_trees(bodies: Bodies, site: Site) -> Shown:
    xy = shapely.get_coordinates(bodies.shapes)
    height, spread, thick = (bodies.numbers(n) for n in ("height_m", "crown_diameter_m", "stem_diameter_m"))
    is_assumed = np.isnan(height) | np.isnan(spread)
    height, spread = np.where(np.isnan(height), TREE_M, height), np.where(np.isnan(spread), CROWN_M, spread)
    thick = np.where(np.isnan(thick), STEM_M, thick)
    ground = np.zeros(len(xy)) if site.is_flat else site.ground_at(xy)
    base, owners = np.nan_to_num(ground), np.arange(len(bodies))
    (look, *_) = bodies.looks(np.ones(len(bodies)))
    stems = Figures(stem(), _BARK, site.place(xy, base), np.column_stack([thick, thick, _STEM_TO * height]), owners)
    crowns = Figures(
        crown(),
        look,
        site.place(xy, base + _CROWN_FROM * height),
        np.column_stack([spread, spread, (1 - _CROWN_FROM) * height]),
        owners,
    )
    return Shown(
        empty(),
        (),
        (
            metres("shown_height_m", "Height as shown", height),
            metres("shown_crown_m", "Diameter of the crown as shown", spread),
            flag("size_assumed", "Height or crown is assumed", is_assumed),
            flag("ground_unknown", "The elevation of the ground is unknown", np.isnan(ground)),
        ),
        (stems, crowns),
    )
