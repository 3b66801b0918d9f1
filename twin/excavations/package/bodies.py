"""What of a record is drawn: its axis, its section, its widest half."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import shapely

from twin.clash.accuracy import read_accuracies
from twin.excavations.package.cuts import Section

if TYPE_CHECKING:
    from collections.abc import Iterator

    from twin.clash.report import Clash


@dataclass(frozen=True, eq=False)
class Bodies:
    """The objects of a report, found by where they are in plan."""

    clashes: tuple[Clash, ...]

    @cached_property
    def footprints(self) -> list[shapely.Geometry]:
        """What each covers in plan."""
        return [
            axis_in_plan(clash).buffer(half_width_m(clash), cap_style="round" if is_node(clash) else "flat")
            for clash in self.clashes
        ]

    @cached_property
    def _tree(self) -> shapely.STRtree:
        return shapely.STRtree(self.footprints)

    def cross(self, trace: shapely.LineString) -> Iterator[tuple[int, Clash, shapely.Geometry]]:
        """Number, record and footprint of the objects that a line in plan crosses, in their order."""
        for index in sorted(self._tree.query(trace, predicate="intersects").tolist()):
            yield index + 1, self.clashes[index], self.footprints[index]


def half_width_m(clash: Clash) -> float:
    """Half the recorded width; of a node that is not round the circle around it; else what the check assumed."""
    width = clash.size_m[0]
    if width is None or is_node(clash):
        return clash.outer_radius_m or read_accuracies().unknown_radius_m
    return width / 2


def axis_in_plan(clash: Clash) -> shapely.Geometry:
    """The line of a pipe, the point of a node."""
    if is_node(clash):
        return shapely.Point(clash.axis[0, :2])
    return shapely.LineString(clash.axis[:, :2])


def section_of(clash: Clash) -> Section:
    """What is recorded of the section, or the circle that the check assumed."""
    width, height = clash.size_m
    if width is None or height is None:
        diameter = 2 * (clash.outer_radius_m or read_accuracies().unknown_radius_m)
        return Section("circular", diameter, diameter)
    return Section(clash.section_shape, width, height)


def is_node(clash: Clash) -> bool:
    return clash.layer == "utility_nodes"
