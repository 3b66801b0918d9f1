"""Houses as city models and maps of the world tell them: bodies with a ground and a height, by their own names."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import shapely

from twin.sample.delivery.places import USES
from twin.sample.delivery.records import Row, Value

if TYPE_CHECKING:
    from twin.sample.city.blocks import House
    from twin.sample.city.terrain import Terrain

# What a map of the world calls the uses of buildings.
_TAGS = {"ODT": "house", "TMD": "commercial", "DGD": "school", "DYT": "hospital", "TSC": "government"}
_IFC_ALPHABET = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz_$"
# Where the walls of a house with a pitched roof end, as a share of its height.
_EAVES = 0.75


@dataclass(frozen=True, slots=True)
class Modelling:
    """What a format tells of a house.

    name: how houses are called there: plain, globally (IFC), or as the file, which holds one.
    map: whether uses are the words of a map of the world.
    roof: whether a convex house has a pitched roof; else all are flat.
    solid: whether a closed shell arrives; faces: of triangles, or of polygons as drawn.
    """

    name: str = "plain"
    map: bool = False
    body: bool = True
    roof: bool = False
    solid: bool = True
    triangles: bool = False
    attributes: bool = True


MODELLINGS: dict[str, Modelling] = {
    "cityjson": Modelling(roof=True),
    "cityjsonseq": Modelling(roof=True),
    "citygml": Modelling(),
    "citygml2": Modelling(roof=True),
    "obj": Modelling(roof=True, attributes=False),
    "glb": Modelling(roof=True, triangles=True, attributes=False),
    "ply": Modelling(name="file", triangles=True, attributes=False),
    "ifc": Modelling(name="ifc", solid=False),
    "osm": Modelling(map=True, body=False, solid=False),
}


def model_house(house: House, name: str, terrain: Terrain, modelling: Modelling) -> Row:
    """One house as a format tells it, on the lowest ground at its corners."""
    corners = shapely.get_coordinates(house.shape)
    ground_m = round(float(terrain.ground(corners).min()), 2)
    pitched = modelling.roof and house.shape.convex_hull.area - house.shape.area < 1e-6
    fields: dict[str, Value] = {
        "name": name,
        "use": _TAGS[house.use.code] if modelling.map else USES[house.use.code],
        "storeys": house.storeys,
        "height_m": house.height_m,
        "ground_m": ground_m,
        "eaves_m": round(_EAVES * house.height_m, 2) if pitched else None,
    }
    expected: dict[str, Value] = {"code": name, "height_m": house.height_m}
    if modelling.attributes:
        expected |= {"use": fields["use"], "storeys": house.storeys}
    if modelling.body:
        expected["ground_m"] = ground_m
        expected["solid_faces"] = _count_faces(len(corners) - 1, pitched, modelling) if modelling.solid else None
    return Row(house.shape, fields, "buildings", expected)


def name_house(number: int, stem: str, modelling: Modelling) -> str:
    """What a house is called in a file with this stem."""
    plain = f"NHA-{number:04d}"
    if modelling.name != "ifc":
        return stem if modelling.name == "file" else plain
    bits = f"{uuid.uuid5(uuid.NAMESPACE_URL, plain).int:0132b}"
    return "".join(_IFC_ALPHABET[int(bits[i : i + 6], 2)] for i in range(0, 132, 6))


def _count_faces(corners: int, pitched: bool, modelling: Modelling) -> int:
    """A foot, a wall and a piece of roof over each side, or one flat roof; a wall makes two triangles."""
    walls = 2 * corners if modelling.triangles else corners
    flat = corners - 2 if modelling.triangles else 1
    return flat + walls + (corners if pitched else flat)


def body(shape: shapely.Polygon, row: Row) -> list[tuple[str, np.ndarray]]:
    """Faces of a house as kind and ring (n, 3), not closed, seen from outside: foot, walls, roof; x, y of `shape`."""
    ring = shapely.get_coordinates(shapely.orient_polygons(shape))[:-1]
    told = row.fields
    low, high = float(told["ground_m"] or 0.0), float(told["ground_m"] or 0.0) + float(told["height_m"] or 0.0)
    eaves = high if told["eaves_m"] is None else low + float(told["eaves_m"])
    foot, top = (np.column_stack([ring, np.full(len(ring), round(z, 3))]) for z in (low, eaves))
    following = np.roll(np.arange(len(ring)), -1)
    walls = [("WallSurface", np.array([foot[i], foot[j], top[j], top[i]])) for i, j in enumerate(following.tolist())]
    if told["eaves_m"] is None:
        return [("GroundSurface", foot[::-1]), *walls, ("RoofSurface", top)]
    apex = np.array([*np.round(shapely.get_coordinates(shape.centroid)[0], 3), round(high, 3)])
    roof = [("RoofSurface", np.array([top[i], top[j], apex])) for i, j in enumerate(following.tolist())]
    return [("GroundSurface", foot[::-1]), *walls, *roof]
