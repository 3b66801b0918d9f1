"""Where labels go: the first place that no other label has taken."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np
import shapely

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from twin.clash.solids import Floats
    from twin.excavations.package.paper import Box, Point, Text

# Turned texts take a row of boxes this long.
_PIECE_MM = 1.6


@dataclass(slots=True)
class Placing:
    """`frame` is where labels may be; boxes are (left, bottom, right, top) in millimetres."""

    frame: Box
    _taken: Floats = field(default_factory=lambda: np.empty((256, 4)))
    _count: int = 0

    def claim(self, box: Box) -> None:
        if self._count == len(self._taken):
            self._taken = np.vstack([self._taken, np.empty_like(self._taken)])
        self._taken[self._count] = box
        self._count += 1

    def claim_text(self, text: Text) -> bool:
        """Take the place of a text where it is free; says whether it was."""
        boxes = list(_cover(text))
        free = all(self.is_free(box) for box in boxes)
        if free:
            for box in boxes:
                self.claim(box)
        return free

    def is_free(self, box: Box) -> bool:
        left, bottom, right, top = self.frame
        inside = left <= box[0] and bottom <= box[1] and box[2] <= right and box[3] <= top
        return inside and not self._overlaps(box)

    def place(self, candidates: Iterable[Point], width_mm: float, height_mm: float) -> Point | None:
        """The first candidate around which a box of that size is free; it is then taken."""
        for x, y in candidates:
            box = (x - width_mm / 2, y - height_mm / 2, x + width_mm / 2, y + height_mm / 2)
            if self.is_free(box):
                self.claim(box)
                return x, y
        return None

    def _overlaps(self, box: Box) -> bool:
        taken = self._taken[: self._count]
        hit = (taken[:, 0] < box[2]) & (box[0] < taken[:, 2]) & (taken[:, 1] < box[3]) & (box[1] < taken[:, 3])
        return bool(hit.any())


def _cover(text: Text) -> Iterator[Box]:
    """Upright boxes that together cover a turned text."""
    corners = shapely.get_coordinates(text.outline)[:4]
    if text.style.angle_deg % 90 == 0:
        yield (*corners.min(axis=0), *corners.max(axis=0))
        return
    # Corners run around; two opposite sides are as long as the text.
    sides = [(corners[0], corners[1]), (corners[3], corners[2])]
    if np.hypot(*(corners[1] - corners[0])) < np.hypot(*(corners[2] - corners[1])):
        sides = [(corners[1], corners[2]), (corners[0], corners[3])]
    pieces = max(int(np.ceil(np.hypot(*(sides[0][1] - sides[0][0])) / _PIECE_MM)), 1)
    shares = np.linspace(0, 1, pieces + 1)
    rails = [start + shares[:, None] * (end - start) for start, end in sides]
    for i in range(pieces):
        points = np.vstack([rail[i : i + 2] for rail in rails])
        yield (*points.min(axis=0), *points.max(axis=0))


def go_along(line: shapely.Geometry, dig: shapely.Geometry, apart_mm: float) -> Iterator[Point]:
    """Places on a line, beside the dig first, and there some way off before nearer or farther."""
    parts = [part for part in shapely.get_parts(line) if part.geom_type == "LineString"]
    places = [p for part in parts for p in shapely.line_interpolate_point(part, _steps(part.length, 2.0)).tolist()]
    gaps = [float(shapely.distance(place, dig)) for place in places]
    for i in sorted(range(len(places)), key=lambda i: (gaps[i] < 0.5 * apart_mm, abs(gaps[i] - apart_mm))):
        yield places[i].x, places[i].y


def go_around(anchor: Floats) -> Iterator[Point]:
    """Places about a point, ever farther."""
    for reach in (6.0, 9.0, 12.0, 16.0, 21.0, 27.0, 34.0, 42.0):
        for angle in np.radians(np.arange(20, 380, 20)):
            yield float(anchor[0] + reach * np.cos(angle)), float(anchor[1] + reach * np.sin(angle))


def read_along(line: shapely.Geometry, width_mm: float, dig: shapely.Geometry) -> Iterator[tuple[float, float, float]]:
    """x, y and angle where a text of that width can follow a line, near the dig but not on it, never upside down."""
    found = []
    for part in shapely.get_parts(line):
        if part.geom_type != "LineString" or part.length < width_mm + 4:
            continue
        for along in _steps(part.length - width_mm - 4, 3.0) + width_mm / 2 + 2:
            a, middle, b = (part.interpolate(along + d) for d in (-width_mm / 2, 0.0, width_mm / 2))
            if a.distance(b) > 0.98 * width_mm:
                angle = float(np.degrees(np.arctan2(b.y - a.y, b.x - a.x)))
                angle = angle if -90 < angle <= 90 else angle - float(np.copysign(180, angle))
                found.append((middle.x, middle.y, angle))
    gaps = [0.0 if dig.is_empty else float(shapely.distance(shapely.Point(x, y), dig)) for x, y, _ in found]
    for i in sorted(range(len(found)), key=lambda i: (gaps[i] < width_mm / 2 + 2, gaps[i], found[i])):
        yield found[i]


def _steps(length_mm: float, step_mm: float) -> Floats:
    return np.linspace(0, length_mm, max(int(length_mm / step_mm), 1) + 1)
