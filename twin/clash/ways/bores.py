"""A bore under a stretch of a trench, with a pit at either end, and the trench as it was on both sides of them."""

from __future__ import annotations

from dataclasses import replace
from math import hypot
from typing import TYPE_CHECKING

from shapely.ops import substring

from twin.clash.dig import Bore, Depth, Trench
from twin.clash.ways.moves import extend, rebuild
from twin.clash.works import Reference

if TYPE_CHECKING:
    import shapely

    from twin.clash.dig import Part, PlannedDig
    from twin.clash.rulebook import Bedding
    from twin.clash.ways.figures import Boring
    from twin.clash.ways.stretches import Stretch
    from twin.clash.works import PlannedUtility

# A rest of trench shorter than this is dug with the pit.
_REST_M = 0.5


def hole_m(laid: tuple[PlannedUtility, ...], figures: Boring) -> float:
    """The diameter of the hole: for all that is drawn in at once, or as a rule where nobody says what that is."""
    if not laid:
        return figures.unstated_m
    bundle = hypot(*(2 * own.radius_m for own in laid))
    return round(max(figures.ratio * bundle, 0.05), 2)


def bore_under(
    dig: PlannedDig, trench: Trench, stretch: Stretch, hole: tuple[float, float], rules: tuple[Boring, Bedding]
) -> PlannedDig | None:
    """The trench with a stretch bored; `hole` is the depth of its axis and its diameter.

    None where a pit would reach too far beyond the trench, or the bottom is no depth below the ground.
    """
    figures, bedding = rules
    if not isinstance(trench.bottom, Depth):
        return None
    axis_m, diameter_m = hole
    before = max(figures.pit_m - stretch[0], 0.0)
    after = max(stretch[1] + figures.pit_m - float(trench.line.length), 0.0)
    if max(before, after) > figures.beyond_m:
        return None
    line = extend(trench.line, before, after)
    begin, end = stretch[0] + before, stretch[1] + before
    first, last = begin - figures.pit_m, end + figures.pit_m
    first, last = (0.0 if first < _REST_M else first), (line.length if line.length - last < _REST_M else last)
    pit = replace(trench, bottom=Depth(round(axis_m + diameter_m / 2 + figures.under_m, 3)))
    parts: list[Part] = [replace(trench, line=substring(line, 0, first))] if first else []
    parts += [
        replace(pit, line=substring(line, first, begin)),
        Bore(substring(line, begin, end), Depth(axis_m), diameter_m),
        replace(pit, line=substring(line, end, last)),
    ]
    parts += [replace(trench, line=substring(line, last, line.length))] if last < line.length else []
    lines = [substring(line, 0, first)] if first else []
    lines += [substring(line, last, line.length)] if last < line.length else []
    drawn = substring(line, first, last)
    laid = tuple(
        piece
        for own in dig.works.laid
        for piece in (replace(own, path=drawn, depth_m=axis_m, reference=Reference.AXIS),
                      *_lay(own, lines, trench.bottom.below_ground_m - bedding.height_m))
    )  # fmt: skip
    return rebuild(dig, tuple(parts), laid)


def _lay(own: PlannedUtility, lines: list[shapely.LineString], invert_m: float) -> list[PlannedUtility]:
    """What is laid along the rest of the trench, as deep as it was, or on the bed."""
    if own.depth_m is not None:
        return [replace(own, path=line) for line in lines]
    return [replace(own, path=line, depth_m=max(invert_m, own.size_m[1]), reference=Reference.INVERT) for line in lines]
