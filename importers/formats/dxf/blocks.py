"""Block inserts of a drawing: a symbol is one thing, a drawing within the drawing is taken apart."""

from __future__ import annotations

import math
from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import shapely
from ezdxf.dynblkhelper import get_dynamic_block_definition

from importers.faults import Fault, Rejected
from importers.formats.dxf.curves import shape
from importers.formats.dxf.drawing import HOSTILE

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ezdxf.document import Drawing as Document

# A block whose content reaches no farther than this from its insertion point is a symbol: one node.
SYMBOL_M = 30.0
# A line in a symbol whose ends are this far apart is no stroke of it: a pipe or cable that was drawn with it.
STROKE_M = 5.0
# A symbol that lies farther beside its insertion point stands for what is where it is drawn.
_BESIDE_M = 2.0

DEEPEST_NESTING = 8
MOST_ENTITIES = 500_000

_EXTERNAL = 4 | 8  # group code 70 of BLOCK: external reference, overlaid or not
_COARSE_M = 1.0
_Bounds = tuple[float, float, float, float]


@dataclass(frozen=True, slots=True)
class Placed:
    """An entity in world coordinates with the layer that it appears in; rows of exploded ones follow all others.

    middle: of a symbol that is drawn away from its insertion point, in the coordinates of its block.
    """

    row: int
    layer: str
    entity: Any
    middle: tuple[float, float] | None = None


@dataclass(slots=True)
class Expansion:
    """The model space with its containers taken apart; `left_aside` counts what was not, by reason.

    unit_m: metres in a drawing unit.
    """

    document: Document
    unit_m: float
    left_aside: Counter[str] = field(default_factory=Counter)
    exploded: int = 0
    long_strokes: int = 0
    _bounds: dict[str, _Bounds | None] = field(default_factory=dict)
    _parts: dict[str, int] = field(default_factory=dict)
    _strokes: dict[str, float] = field(default_factory=dict)
    _made: int = 0

    def entities(self) -> Iterator[Placed]:
        """Raises: Rejected where the inserts multiply into more than `MOST_ENTITIES`."""
        space = self.document.modelspace()
        for row, entity in enumerate(space, start=1):
            is_whole = entity.dxftype() != "INSERT" or self._is_symbol(entity)
            if is_whole:
                yield Placed(row, entity.dxf.layer, entity, self._middle(entity))
            if entity.dxftype() != "INSERT" or (is_whole and not self._has_long_strokes(entity)):
                continue
            self._refuse_multiplied(entity)
            parts = self._long_strokes if is_whole else self._explode
            for layer, part in parts(entity, entity.dxf.layer, 1):
                self._made += 1
                yield Placed(len(space) + self._made, layer, part, self._middle(part))

    def _refuse_multiplied(self, insert: Any) -> None:
        if self._made + self._count_parts(insert) > MOST_ENTITIES:
            raise Rejected(
                Fault.UNREADABLE,
                f"the drawing's blocks multiply into more than {MOST_ENTITIES:,} entities",
                "explode and purge the drawing, then save it as DXF again",
            )

    def _count_parts(self, insert: Any) -> int:
        """How many entities an insert may become, with all that its block inserts."""
        key = insert.dxf.name.casefold()
        if key not in self._parts:
            self._parts[key] = 0  # what a block holds of itself adds nothing
            block = self.document.blocks.get(insert.dxf.name)
            self._parts[key] = sum(self._count_parts(e) if e.dxftype() == "INSERT" else 1 for e in block or ())
        return max(1, self._parts[key]) * int(max(1, insert.mcount))

    def _is_symbol(self, insert: Any) -> bool:
        if insert.mcount > 1 or _reason_against(insert, 1):
            return False
        scale = max(abs(insert.dxf.xscale), abs(insert.dxf.yscale))
        return bool(self._reach(insert) * scale * self.unit_m <= SYMBOL_M)

    def _middle(self, entity: Any) -> tuple[float, float] | None:
        bounds = self._content_bounds(entity.dxf.name) if entity.dxftype() == "INSERT" else None
        if bounds is None or entity.block() is None:
            return None
        x, y, _ = entity.block().base_point
        gap = math.hypot(max(bounds[0] - x, x - bounds[2], 0.0), max(bounds[1] - y, y - bounds[3], 0.0))
        if gap * max(abs(entity.dxf.xscale), abs(entity.dxf.yscale)) * self.unit_m <= _BESIDE_M:
            return None
        return (bounds[0] + bounds[2]) / 2, (bounds[1] + bounds[3]) / 2

    def _reach(self, insert: Any) -> float:
        """From the base point to the farthest corner of the content, block units."""
        bounds = self._content_bounds(insert.dxf.name)
        if bounds is None:
            return 0.0
        x, y, _ = insert.block().base_point
        return math.hypot(max(x - bounds[0], bounds[2] - x), max(y - bounds[1], bounds[3] - y))

    def _content_bounds(self, name: str) -> _Bounds | None:
        key = name.casefold()
        if key not in self._bounds:
            self._bounds[key] = None  # what a block holds of itself adds nothing
            block = self.document.blocks.get(name)
            found = [self._entity_bounds(entity) for entity in block or ()]
            self._bounds[key] = _union([bounds for bounds in found if bounds])
        return self._bounds[key]

    def _entity_bounds(self, entity: Any) -> _Bounds | None:
        try:
            if entity.dxftype() == "INSERT":
                inner = self._content_bounds(entity.dxf.name)
                corners = shapely.get_coordinates(shapely.box(*inner)).tolist() if inner else []
                placed = [(p.x, p.y) for p in entity.matrix44().transform_vertices([(x, y, 0) for x, y in corners])]
                return shapely.MultiPoint(placed).bounds if placed else None
            drawn = shape(entity, _COARSE_M / self.unit_m)
        except HOSTILE:
            return None
        return None if drawn is None or not all(map(math.isfinite, drawn.bounds)) else drawn.bounds

    def _explode(self, insert: Any, layer: str, depth: int) -> Iterator[tuple[str, Any]]:
        """Parts of an insert and of those nested in it; on layer 0 they appear in the layer of the insert."""
        reason = _reason_against(insert, depth)
        if reason:
            self.left_aside[reason] += 1
            return
        if insert.mcount > 1:
            for single in insert.multi_insert():
                yield from self._place(single, layer, depth)
            return
        self.exploded += 1
        for part in insert.virtual_entities():
            own = layer if part.dxf.layer == "0" else part.dxf.layer
            if part.dxftype() == "INSERT":
                yield from self._place(part, own, depth + 1)
            else:
                yield own, part

    def _place(self, insert: Any, layer: str, depth: int) -> Iterator[tuple[str, Any]]:
        if self._is_symbol(insert):
            yield layer, insert
            if self._has_long_strokes(insert):
                yield from self._long_strokes(insert, layer, depth)
        else:
            yield from self._explode(insert, layer, depth)

    def _has_long_strokes(self, insert: Any) -> bool:
        scale = max(abs(insert.dxf.xscale), abs(insert.dxf.yscale))
        return bool(self._longest_stroke(insert.dxf.name) * scale * self.unit_m >= STROKE_M)

    def _longest_stroke(self, name: str) -> float:
        """How far apart the ends of a line of a block lie at most, with all that it inserts; block units."""
        key = name.casefold()
        if key not in self._strokes:
            self._strokes[key] = 0.0  # what a block holds of itself adds nothing
            self._strokes[key] = max(map(self._stroke, self.document.blocks.get(name) or ()), default=0.0)
        return self._strokes[key]

    def _stroke(self, entity: Any) -> float:
        if entity.dxftype() == "INSERT":
            scale = max(abs(entity.dxf.xscale), abs(entity.dxf.yscale))
            return float(self._longest_stroke(entity.dxf.name) * scale)
        return _between_ends(entity, _COARSE_M / self.unit_m)

    def _long_strokes(self, insert: Any, layer: str, depth: int) -> Iterator[tuple[str, Any]]:
        """Lines of a symbol, and of those nested in it, that are no strokes of it."""
        if _reason_against(insert, depth):
            return
        for part in insert.virtual_entities():
            own = layer if part.dxf.layer == "0" else part.dxf.layer
            if part.dxftype() == "INSERT":
                yield from self._long_strokes(part, own, depth + 1)
            elif _between_ends(part, _COARSE_M / self.unit_m) * self.unit_m >= STROKE_M:
                self.long_strokes += 1
                yield own, part


def _between_ends(entity: Any, sagitta: float) -> float:
    """Plan distance between the ends of a line; 0 of anything else and of closed lines."""
    try:
        drawn = shape(entity, sagitta)
    except HOSTILE:
        return 0.0
    if not isinstance(drawn, shapely.LineString):
        return 0.0
    apart = math.dist(drawn.coords[0][:2], drawn.coords[-1][:2])
    return apart if math.isfinite(apart) else 0.0


def _reason_against(insert: Any, depth: int) -> str:
    block = insert.block()
    if block is None:
        return "inserts of a block that is not in the file"
    if block.block.dxf.flags & _EXTERNAL:
        return "external references (deliver those drawings too)"
    if insert.mcount > MOST_ENTITIES:
        return f"arrays of more than {MOST_ENTITIES:,} inserts"
    return f"inserts nested deeper than {DEEPEST_NESTING}" if depth > DEEPEST_NESTING else ""


def _union(bounds: list[_Bounds]) -> _Bounds | None:
    if not bounds:
        return None
    west, south, east, north = zip(*bounds, strict=True)
    return min(west), min(south), max(east), max(north)


def block_name(insert: Any) -> str:
    """Name of the block; of a dynamic one the name that people see, not that of the variant ("*U12")."""
    if insert.doc is None or not insert.dxf.name.startswith("*"):
        return str(insert.dxf.name)
    definition = get_dynamic_block_definition(insert)
    return str(definition.name if definition is not None else insert.dxf.name)
