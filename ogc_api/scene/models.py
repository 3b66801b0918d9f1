"""The bodies of a layer as one binary glTF."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import shapely

from ogc_api.meshes.glb import Model, write_glb
from ogc_api.meshes.mesh import empty
from ogc_api.meshes.table import Table
from ogc_api.scene.bodies import Shown, read_bodies
from ogc_api.scene.buildings import show_buildings
from ogc_api.scene.digs import show_digs
from ogc_api.scene.lines import show_lines
from ogc_api.scene.nodes import show_nodes
from ogc_api.scene.trees import show_trees

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from typing import Any

    from layers.blocks import Row
    from layers.catalog import Layer
    from ogc_api.scene.bodies import Bodies
    from ogc_api.scene.site import Site, Surroundings

# Another one whenever the same rows make other files.
EDITION = "2"
_VERTICAL_DATUM = "EPSG:5727"

_SHOWN: Mapping[str, Callable[[Bodies, Site], Shown]] = {
    "buildings": show_buildings,
    "trees": show_trees,
    "utility_lines": show_lines,
    "utility_nodes": show_nodes,
    "excavations": show_digs,
}


def write_model(layer: Layer, rows: Sequence[Row], site: Site, extras: dict[str, Any] | None = None) -> bytes:
    """A file of the rows' bodies in the frame of the site, with the layer's attributes."""
    bodies = read_bodies(layer, rows)
    shown = _SHOWN[layer.name](bodies, site) if len(bodies) else Shown(empty(), (), ())
    table = Table(layer.name, (*bodies.columns(), *shown.columns), len(bodies))
    return write_glb(Model(shown.mesh, shown.looks, table, shown.figures, extras or {}))


def write_object(layer: Layer, row: Row, around: Surroundings) -> bytes:
    """A file of one body about an origin of its own, which the extras of its asset place on earth and on the map."""
    x, y = (float(value) for value in np.floor(shapely.get_coordinates(shapely.from_wkb(row.shape))[0, :2]))
    site = around.at(x, y)
    return write_model(layer, [row], site, _georeference(around, site, x, y) | {"feature": f"{layer.name}/{row.id}"})


def _georeference(around: Surroundings, site: Site, x: float, y: float) -> dict[str, Any]:
    longitude, latitude, height_m = site.origin
    (east,) = site.turn(np.array([[1.0, 0.0, 0.0]]), np.array([x, y]))
    return {
        "heights": around.heights.value,
        "crs": around.storage.code,
        "vertical_datum": _VERTICAL_DATUM,
        "geoid_m": around.geoid_m,
        "origin": {"east_m": x, "north_m": y, "elevation_m": 0.0},
        "wgs84": {"longitude": longitude, "latitude": latitude, "height_m": height_m},
        "to_ecef": site.frame.matrix,
        # By how much the map's east is turned to the left of true east.
        "convergence_degrees": float(np.degrees(np.arctan2(east[1], east[0]))),
        "axes": "x true east, y up, z true south, metres from the origin",
    }
