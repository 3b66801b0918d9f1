"""Trees as tileset.json (3D Tiles 1.1, OGC 22-025r4): explicit, a file a tile, large ones in several documents."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ogc_api.scene.site import Heights
from ogc_api.scene.tree import around

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ogc_api.scene.site import Surroundings
    from ogc_api.scene.tree import Forest, Node, Region

type Json = dict[str, Any]

# Tiles of one document; what holds no more than half of it is a document of its own where there are more.
_MOST_TILES = 500


@dataclass(frozen=True, slots=True, eq=False)
class Writer:
    """Writes the tiles of one layer; addresses are relative to a document `depth` folders below the first."""

    around: Surroundings
    depth: int = 0

    def content(self, node: Node, name: str) -> Json:
        block = node.block
        folder = f"{'../' * self.depth}{block.size}/{block.level}/{block.column}/{block.row}"
        return {"uri": f"{folder}/{name}{query(self.around.heights)}"}

    def tiles(self, node: Node, *, is_split: bool) -> list[Json]:
        """A node: a tile a page, or one that holds the nodes below."""
        if not node.children:
            place = self.place(node)
            return [
                {
                    **_volume(node.region),
                    "geometricError": 0,
                    "transform": place,
                    "content": self.content(node, f"{n}.glb"),
                }
                for n in range(node.pages)
            ]
        head = {**_volume(node.region), "geometricError": node.error_m, "refine": "ADD"}
        if is_split and node.leaves <= _MOST_TILES // 2:
            return [head | {"content": self.content(node, "tileset.json")}]
        below = [tile for child in node.children for tile in self.tiles(child, is_split=is_split)]
        return [head | {"children": below}]

    def place(self, node: Node) -> list[float]:
        """What takes the content of a block to earth: its frame stands in the middle of its square."""
        west, south, east, north = node.block.bounds
        return self.around.at((west + east) / 2, (south + north) / 2).frame.matrix


def write_layer(forest: Forest, surroundings: Surroundings, name: str) -> Json:
    """The first document of a layer."""
    writer, trees = Writer(surroundings), forest.trees
    is_split = sum(tree.leaves for tree in trees) > _MOST_TILES
    children = [
        {
            **_volume(tree.region),
            "geometricError": tree.error_m,
            "refine": "ADD",
            "children": writer.tiles(tree, is_split=is_split),
        }
        for tree in trees
    ]
    return _document(surroundings, name, [tree.region for tree in trees], children, left_out=forest.left_out)


def write_part(node: Node, surroundings: Surroundings, name: str) -> Json:
    """The document of a node that the first one leaves out."""
    children = Writer(surroundings, depth=4).tiles(node, is_split=False)
    return _document(surroundings, name, [node.region], children)


def write_city(layers: Sequence[tuple[str, Json]], surroundings: Surroundings) -> Json:
    """The document that holds those of all layers, (address, document) each."""
    shown = [(url, document) for url, document in layers if "children" in document["root"]]
    children = [
        {
            "boundingVolume": document["root"]["boundingVolume"],
            "geometricError": document["geometricError"],
            "refine": "ADD",
            "content": {"uri": url},
        }
        for url, document in shown
    ]
    regions = [tuple(document["root"]["boundingVolume"]["region"]) for _, document in shown]
    left_out = sum(document["asset"]["extras"]["left_out"] for _, document in layers)
    return _document(surroundings, "city", regions, children, left_out=left_out)


def query(heights: Heights) -> str:
    """What an address needs to say of heights."""
    return "" if heights is Heights.ABSOLUTE else f"?heights={heights.value}"


def _document(
    surroundings: Surroundings, name: str, regions: list[Region], children: list[Json], *, left_out: int | None = None
) -> Json:
    error = max((child["geometricError"] for child in children), default=0)
    region = around(regions) if regions else (0.0, 0.0, 0.0, 0.0, 0.0, 0.0)
    root = {**_volume(region), "geometricError": error, "refine": "ADD"} | ({"children": children} if children else {})
    told = {} if left_out is None else {"left_out": left_out}
    return {
        "asset": {"version": "1.1", "extras": {"layer": name, **told, **describe_heights(surroundings)}},
        "geometricError": error,
        "root": root,
    }


def describe_heights(surroundings: Surroundings) -> Json:
    """What z counts from, in words for people and numbers for programs."""
    if surroundings.is_flat:
        return {"heights": "ground", "heightsAre": "metres above the ground, which lies on the ellipsoid"}
    return {
        "heights": "absolute",
        "heightsAre": "metres above the ellipsoid of WGS 84: elevations of the city's vertical datum plus geoid_m",
        "geoid_m": surroundings.geoid_m,
    }


def _volume(region: Region) -> Json:
    rounded = [*(round(value, 11) for value in region[:4]), *(round(value, 3) for value in region[4:])]
    return {"boundingVolume": {"region": rounded}}
