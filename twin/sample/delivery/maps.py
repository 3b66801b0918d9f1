"""Roads, trees, houses and lines as a map of the world (OpenStreetMap) tells them: by tags."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import shapely

from twin.sample.city.trees import SPECIES
from twin.sample.delivery.lines import OWNERS, expect_section
from twin.sample.delivery.places import GREEN_OWNER, describe_roads
from twin.sample.delivery.records import Row, Value
from twin.sample.delivery.solids import MODELLINGS, model_house, name_house
from twin.sample.delivery.vertical import axis_offset, below_ground

if TYPE_CHECKING:
    from collections.abc import Iterator

    from twin.sample.city.blocks import House
    from twin.sample.city.networks import Line
    from twin.sample.city.streets import Street
    from twin.sample.city.terrain import Terrain
    from twin.sample.city.trees import Tree

_HIGHWAYS = {"Đường phố": "residential", "Kiệt": "service"}
_SURFACES = {"Bê tông nhựa": "asphalt", "Bê tông xi măng": "concrete"}
_CARRIED = {"water": ("man_made", "pipeline", "water"), "power": ("power", "cable", "cable")}
# Names of the layers that readers make of a map.
ROADS, TREES, BUILDINGS, LINES = "roads", "trees", "buildings", "underground utility lines"


def map_roads(street: Street) -> Iterator[Row]:
    for row in describe_roads(street):
        known = row.expected
        told: dict[str, Value] = {
            "code": known["code"],
            "name": known["name"],
            "road_class": _HIGHWAYS[str(known["road_class"])],
            "surface": _SURFACES[str(known["surface"])],
            "width_m": known["width_m"],
        }
        tags = dict(zip(("ref", "name", "highway", "surface", "width"), told.values(), strict=True))
        yield Row(row.shape, tags, "roads", told)


def map_tree(tree: Tree) -> Row:
    vietnamese, latin, _, _ = SPECIES[tree.species]
    girth_m = round(tree.stem_m * np.pi, 2)
    tags: dict[str, Value] = {
        "natural": "tree",
        "ref": tree.code,
        "species": latin,
        "species:vi": vietnamese,
        "height": tree.height_m,
        "circumference": girth_m,
        "diameter_crown": tree.crown_m,
        "start_date": str(tree.planted),
        "operator": GREEN_OWNER,
    }
    expected: dict[str, Value] = {
        "code": tree.code,
        "species": vietnamese,
        "species_latin": latin,
        "planted_year": tree.planted,
        "height_m": tree.height_m,
        "stem_diameter_m": round(girth_m / np.pi, 6),
        "crown_diameter_m": tree.crown_m,
        "managed_by": GREEN_OWNER,
    }
    return Row(shapely.Point(tree.at), tags, "trees", expected)


def map_house(house: House, number: int, terrain: Terrain) -> Row:
    modelling = MODELLINGS["osm"]
    row = model_house(house, name_house(number, "", modelling), terrain, modelling)
    told = row.fields
    tags: dict[str, Value] = {
        "building": told["use"],
        "ref": told["name"],
        "height": told["height_m"],
        "building:levels": told["storeys"],
    }
    return Row(house.shape, tags, "buildings", row.expected)


def map_line(line: Line, terrain: Terrain) -> Row:
    """A depth of which nobody says to what it goes is one to the crown."""
    identity, section = line.identity, line.section
    key, value, carried = _CARRIED[identity.discipline]
    offset_m = axis_offset(section, "crown")
    depth_m = round((line.depth_m or 0.0) + offset_m, 2)
    tags: dict[str, Value] = {
        key: value,
        "location": "underground",
        "ref": identity.ref,
        "owner": OWNERS[identity.discipline],
        "material": section.material,
        "diameter": f"{(section.nominal_m or 0.0) * 1000:g}",
        "depth": depth_m,
        "start_date": identity.installed.isoformat(),
    }
    if carried == "water":
        tags["substance"] = carried
    expected = {
        "owner_ref": identity.ref,
        "discipline": identity.discipline,
        "owner": tags["owner"],
        "material": section.material,
        "valid_from": tags["start_date"],
        **expect_section(section),
    }
    return Row(line.shape, tags, "utility_lines", expected, below_ground(terrain, depth_m, offset_m))
