"""The blocks of a layer as a tree: what is near is shown by more, and large things before small ones.

Each class of sizes has a quadtree of its own; its error is the size of what is not yet shown.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from layers.blocks import LAST_LEVEL, PAGE_POINTS, Block, first_level
from layers.crs import WGS84, parse_crs, transform_points

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from layers.blocks import Census
    from layers.crs import Crs
    from ogc_api.meshes.mesh import Floats

# A block is at most so many times wider than its bodies.
_WIDEST = 5
# What rounding, and edges that are straight on a map and bent on earth, may add.
_MARGIN_M = 0.1
_MARGIN = _MARGIN_M / 6.3e6

# West, south, east, north in radians, the lowest and the highest height above the ellipsoid.
type Region = tuple[float, float, float, float, float, float]


@dataclass(frozen=True, slots=True, eq=False)
class Node:
    """A square of one class: a block with its pages, or what holds smaller ones."""

    block: Block
    region: Region
    pages: int = 0
    children: tuple[Node, ...] = ()

    @property
    def error_m(self) -> float:
        """How large what is not shown may be, where nothing below the node is."""
        return float(2**self.block.size)

    @property
    def leaves(self) -> int:
        return max(self.pages, 1) if not self.children else sum(child.leaves for child in self.children)

    def below(self) -> Iterator[Node]:
        """The node and all that it holds."""
        yield self
        for child in self.children:
            yield from child.below()


@dataclass(frozen=True, slots=True, eq=False)
class Forest:
    """The trees of a layer, and how many of its bodies are in none of them, for they have too many points."""

    trees: tuple[Node, ...] = ()
    left_out: int = 0


def measure_regions(census: Census, heights: NDArray[np.float64], storage: Crs) -> NDArray[np.float64]:
    """Regions (n, 6) of the blocks of a census; `heights` (n, 2) above the ellipsoid."""
    west, south, east, north = census.bounds.T
    x, y = (west + east) / 2, (south + north) / 2
    places = [(west, south), (x, south), (east, south), (east, y), (east, north), (x, north), (west, north), (west, y)]
    points = np.stack([np.column_stack(place) for place in places], axis=1).reshape(-1, 2)
    degrees = transform_points(points, storage, parse_crs(WGS84)).reshape(-1, 8, 2)
    low, high = np.radians(degrees.min(axis=1)) - _MARGIN, np.radians(degrees.max(axis=1)) + _MARGIN
    return np.column_stack([low, high, heights[:, :1] - _MARGIN_M, heights[:, 1:] + _MARGIN_M])


def grow(census: Census, regions: NDArray[np.float64]) -> Forest:
    """The tree of each class of sizes, the largest first."""
    sizes = sorted(set(census.size.tolist()), reverse=True)
    return Forest(tuple(_gather(_leaves(census, regions, size)) for size in sizes), census.left_out)


def _leaves(census: Census, regions: NDArray[np.float64], size: int) -> list[Node]:
    """Blocks of one class: squares are joined as long as all in them fit on a page."""
    chosen = np.flatnonzero(census.size == size)
    level = first_level(size)
    places, points, boxes = (
        np.column_stack([census.column, census.row])[chosen],
        census.points[chosen],
        regions[chosen],
    )
    barred: set[tuple[int, int]] = set()
    done: list[Node] = []
    while len(places):
        above, index = np.unique(places >> 1, axis=0, return_inverse=True)
        index = index.reshape(-1)
        sums = np.bincount(index, points, minlength=len(above))
        at_top = level >= min(size + _WIDEST, LAST_LEVEL)
        fits = np.array([not at_top and total <= PAGE_POINTS and tuple(place) not in barred
                         for place, total in zip(above.tolist(), sums.tolist(), strict=True)], dtype=bool)  # fmt: skip
        stays = ~fits[index]
        done += [
            Node(Block(size, level, *place), tuple(box), (count - 1) // PAGE_POINTS + 1)
            for place, box, count in zip(
                places[stays].tolist(), boxes[stays].tolist(), points[stays].tolist(), strict=True
            )
        ]
        # A square over one that stays for itself would show it again.
        finished = {tuple(place) for place in above[~fits].tolist()}
        barred = {(x >> 1, y >> 1) for x, y in barred | finished}
        boxes = _unite(boxes, index, len(above))[fits]
        places, points, level = above[fits], sums[fits].astype(np.int64), level + 1
    return done


def _unite(regions: NDArray[np.float64], index: NDArray[np.int64], count: int) -> NDArray[np.float64]:
    """The region around those of each index."""
    low, high = np.full((count, 3), np.inf), np.full((count, 3), -np.inf)
    np.minimum.at(low, index, regions[:, [0, 1, 4]])
    np.maximum.at(high, index, regions[:, [2, 3, 5]])
    return np.column_stack([low[:, :2], high[:, :2], low[:, 2], high[:, 2]])


def _gather(leaves: list[Node]) -> Node:
    """The root over blocks of different levels."""
    level, waiting = min(node.block.level for node in leaves), list(leaves)
    nodes: list[Node] = []
    while True:
        nodes += [node for node in waiting if node.block.level == level]
        waiting = [node for node in waiting if node.block.level > level]
        if len(nodes) == 1 and not waiting:
            return nodes[0]
        level += 1
        squares: dict[tuple[int, int], list[Node]] = {}
        for node in nodes:
            shift = level - node.block.level
            squares.setdefault((node.block.column >> shift, node.block.row >> shift), []).append(node)
        nodes = [_over(held, Block(held[0].block.size, level, *place)) for place, held in squares.items()]


def _over(held: list[Node], block: Block) -> Node:
    """What holds nodes: one alone needs no holder."""
    return held[0] if len(held) == 1 else Node(block, around([node.region for node in held]), children=tuple(held))


def around(regions: list[Region]) -> Region:
    """The region around others."""
    west, south, east, north, low, high = zip(*regions, strict=True)
    return min(west), min(south), max(east), max(north), min(low), max(high)


def span_heights(census: Census, relief: Floats, *, is_flat: bool, follows_ground: bool, lift_m: float) -> Floats:
    """The lowest and highest height (n, 2) that bodies of each block may have.

    `relief` (n, 3) is the range of the ground under it, 1 in the third column where it is known everywhere.
    """
    ground = np.column_stack([np.fmin(relief[:, 0], census.ground[:, 0]), np.fmax(relief[:, 1], census.ground[:, 1])])
    if is_flat:
        low, high = -census.reach[:, 0], census.reach[:, 1]
        if follows_ground:
            low = np.fmin(low, census.known[:, 0] - ground[:, 1])
            high = np.fmax(high, census.known[:, 1] - ground[:, 0])
        return np.column_stack([low, high])
    # Where no ground is known bodies stand on the zero of elevation.
    partly = np.isnan(relief[:, 2])
    ground[partly] = np.column_stack([np.fmin(ground[partly, 0], 0.0), np.fmax(ground[partly, 1], 0.0)])
    low = np.fmin(census.known[:, 0], ground[:, 0] - census.based[:, 0])
    high = np.fmax(census.known[:, 1], ground[:, 1] + census.based[:, 1])
    return np.column_stack([low, high]) + lift_m
