"""Tables of lines that name the nodes at their ends: drawn between the nodes of other tables of the same delivery."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, replace
from itertools import takewhile
from typing import TYPE_CHECKING

import numpy as np
import shapely

from importers.fields import parse_text
from importers.vocabulary import attributes_of, match_fields

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from importers.source import SourceLayer

# What the columns are called that name the ends of a line.
ENDS: Mapping[str, list[str]] = {
    "from": [
        "tu", "tuho", "tuga", "tuhoga", "tunut", "tudiem", "hogadau", "hodau", "gadau", "nutdau", "diemdau",
        "from", "fromnode", "frommanhole", "startnode", "upstreamnode", "usnode", "beginput",
    ],
    "to": [
        "den", "denho", "denga", "denhoga", "dennut", "dendiem", "hogacuoi", "hocuoi", "gacuoi", "nutcuoi", "diemcuoi",
        "to", "tonode", "tomanhole", "endnode", "downstreamnode", "dsnode", "eindput",
    ],
}  # fmt: skip
_SAME_PLACE = 0.001
_CITY = "the city's manholes"
_DRAINAGE = frozenset({"wastewater", "storm", "combined"})
_SHOWN = 5


@dataclass(frozen=True, slots=True)
class System:
    """The reference system that a layer declares, and whether its x may be north."""

    crs: str | None
    origin: str
    surveyor_axes: bool


@dataclass(frozen=True, slots=True)
class Node:
    """Where a node stands, in the system of its layer."""

    x: float
    y: float
    system: System
    layer: str

    def is_at(self, other: Node) -> bool:
        near = abs(self.x - other.x) < _SAME_PLACE and abs(self.y - other.y) < _SAME_PLACE
        return near and self.system.crs == other.system.crs


@dataclass(frozen=True, slots=True)
class Nodes:
    """Nodes by their folded codes; codes that stand at several places are ambiguous and not among them."""

    by_code: dict[str, Node]
    ambiguous: frozenset[str] = frozenset()

    def and_those_of(self, other: Nodes) -> Nodes:
        """Both; those of the other, which stand nearer, win."""
        known = {code: node for code, node in self.by_code.items() if code not in other.ambiguous}
        return Nodes(known | other.by_code, (self.ambiguous - other.by_code.keys()) | other.ambiguous)


@dataclass(frozen=True, slots=True)
class Manholes:
    """Nodes that files of a delivery brought: (owner's code, x, y, location of the file, discipline), and their CRS."""

    places: tuple[tuple[str, float, float, str, str], ...]
    crs: str

    def near(self, location: str, discipline: str | None) -> Nodes:
        """The nodes that a table means by its codes: of one code those of the files that lie nearest to it.

        Each department numbers its manholes from 1; what belongs to another network than the table's is not meant.
        """
        system = System(self.crs, "reference system", surveyor_axes=False)
        meant: dict[str, tuple[int, list[Node]]] = {}
        for value, x, y, file, own in self.places:
            if _are_foreign(own, discipline):
                continue
            shared = _shared_folders(location, file)
            deepest, nodes = meant.get(code := _fold_code(value), (-1, []))
            if shared > deepest:
                meant[code] = shared, [Node(x, y, system, _CITY)]
            elif shared == deepest:
                nodes.append(Node(x, y, system, _CITY))
        torn = {code for code, (_, nodes) in meant.items() if not all(node.is_at(nodes[0]) for node in nodes)}
        return Nodes({code: nodes[0] for code, (_, nodes) in meant.items() if code not in torn}, frozenset(torn))


def _are_foreign(one: str, other: str | None) -> bool:
    """Whether two disciplines, as far as they are known, are of different networks; sewers drain into each other."""
    networks = {_DRAINAGE if name in _DRAINAGE else name for name in (one, other) if name not in (None, "other")}
    return len(networks) > 1


def _shared_folders(one: str, other: str) -> int:
    """How many folders two files have in common, from the root on."""
    pairs = zip(one.split("/")[:-1], other.split("/")[:-1], strict=False)
    return sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], pairs))


def find_ends(names: Iterable[str]) -> tuple[str, str] | None:
    """The columns (names in Unicode) that hold the codes of a line's first and last node, or None."""
    found = match_fields(names, ENDS)
    return (found["from"][0], found["to"][0]) if found.keys() == ENDS.keys() else None


def is_schematic(layer: SourceLayer) -> bool:
    """Whether a decoded layer has no geometry of its own, but names the nodes at the ends of its lines."""
    return len(layer) > 0 and bool(shapely.is_missing(layer.geometries).all()) and find_ends(layer.columns) is not None


def index_nodes(layers: Iterable[SourceLayer]) -> Nodes:
    """The points of decoded layers by their codes; what has other geometry or no column of codes adds none.

    A code may come twice if it is the same place, to the millimetre: a manhole stands in two tables.
    """
    by_code: dict[str, Node] = {}
    ambiguous: set[str] = set()
    for layer in layers:
        for code, node in _nodes_of(layer):
            if not by_code.setdefault(code, node).is_at(node):
                ambiguous.add(code)
    return Nodes({code: node for code, node in by_code.items() if code not in ambiguous}, frozenset(ambiguous))


def _nodes_of(layer: SourceLayer) -> Iterator[tuple[str, Node]]:
    found = match_fields(layer.columns, {"code": attributes_of("utility_nodes")["owner_ref"]})
    if not found or find_ends(layer.columns) is not None:
        return
    system = System(layer.crs, layer.crs_origin, layer.surveyor_axes)
    for value, shape in zip(layer.columns[found["code"][0]], layer.geometries, strict=True):
        code = _fold_code(value)
        is_placed = isinstance(shape, shapely.Point) and np.isfinite(shapely.get_coordinates(shape)).sum() == 2
        if code and is_placed:
            yield code, Node(shape.x, shape.y, system, layer.name)


def _fold_code(value: object) -> str:
    """Codes agree whatever their case and blanks: "hg 7" is "HG7"."""
    return "".join((parse_text(value) or "").split()).casefold()


def draw_lines(layer: SourceLayer, nodes: Nodes) -> SourceLayer:
    """A schematic layer with straight lines, without z, from node to node, in the reference system of the nodes.

    A line stays without geometry where an end is unknown or ambiguous, where both ends are one node, or where its nodes
    are in another system than most; the notes name such codes.
    """
    ends = find_ends(layer.columns)
    if ends is None:
        return layer
    pairs = [(_fold_code(a), _fold_code(b)) for a, b in zip(*(layer.columns[name] for name in ends), strict=True)]
    systems = Counter(nodes.by_code[code].system for pair in pairs for code in pair if code in nodes.by_code)
    system = systems.most_common(1)[0][0] if systems else System(None, "", surveyor_axes=False)
    shapes = np.empty(len(pairs), dtype=object)
    shapes[:] = [_line(pair, nodes, system) for pair in pairs]
    return replace(
        layer,
        shapes=shapes,
        crs=system.crs,
        crs_origin=f"{system.origin} of the nodes" if system.origin else "",
        surveyor_axes=system.surveyor_axes,
        notes=(*layer.notes, _drawn(pairs, shapes.tolist(), nodes), *_not_drawn(pairs, nodes)),
    )


def _line(pair: tuple[str, str], nodes: Nodes, system: System) -> shapely.LineString | None:
    found = [nodes.by_code.get(code) for code in pair]
    ends = [(node.x, node.y) for node in found if node is not None and node.system == system]
    return shapely.LineString(ends) if len(ends) == 2 and ends[0] != ends[1] else None


def _drawn(pairs: Sequence[tuple[str, str]], shapes: Sequence[object], nodes: Nodes) -> str:
    drawn = [pair for pair, shape in zip(pairs, shapes, strict=True) if shape is not None]
    sources = sorted({nodes.by_code[code].layer for pair in drawn for code in pair})
    return f"{len(drawn)} of {len(pairs)} lines drawn straight between the nodes of {', '.join(sources) or 'no table'}"


def _not_drawn(pairs: Sequence[tuple[str, str]], nodes: Nodes) -> Iterator[str]:
    codes = {code for pair in pairs for code in pair if code}
    for what, found in (
        ("nodes are in no table", codes - nodes.by_code.keys() - nodes.ambiguous),
        ("nodes stand at several places", codes & nodes.ambiguous),
    ):
        if found:
            shown = ", ".join(sorted(found)[:_SHOWN]).upper()
            yield f"{len(found)} {what}: {shown}{' …' if len(found) > _SHOWN else ''}"
