"""From metres to paper at a scale."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import shapely

if TYPE_CHECKING:
    from twin.clash.solids import Floats

SCALES = (10, 20, 25, 50, 100, 200, 250, 500, 1000, 2000, 2500, 5000)


@dataclass(frozen=True, slots=True, eq=False)
class View:
    """Metres about `origin`, turned `turn_deg` to the left, on paper at 1 : `scales` with the origin at `at_mm`."""

    origin: Floats
    at_mm: tuple[float, float]
    scales: tuple[float, float]
    turn_deg: float = 0.0

    def map(self, points: Floats) -> Floats:
        """Points (n, 2) on paper, in millimetres."""
        angle = np.radians(self.turn_deg)
        turned = np.array([[np.cos(angle), np.sin(angle)], [-np.sin(angle), np.cos(angle)]])
        return np.asarray((points - self.origin) @ turned * 1000.0 / self.scales + self.at_mm)

    def unmap(self, points: Floats) -> Floats:
        """Points (n, 2) on paper back in metres."""
        angle = np.radians(self.turn_deg)
        back = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
        return np.asarray((points - self.at_mm) * self.scales / 1000.0 @ back + self.origin)

    def draw(self, shape: shapely.Geometry) -> shapely.Geometry:
        return shapely.transform(shape, self.map)


def choose_scale(length_m: float, room_mm: float, *, at_least: int = 0) -> int:
    """The largest usual scale, as its denominator, at which a length fits on paper."""
    fitting = [scale for scale in SCALES if scale >= at_least and length_m * 1000 / scale <= room_mm]
    return fitting[0] if fitting else int(np.ceil(length_m * 1000 / room_mm / 1000)) * 1000


def choose_upright(rise_m: float, across: int, room_mm: float, *, wanted_mm: float, most: int) -> int:
    """The scale upwards beside that across: the same where the picture gets high enough, else up to `most` times it."""
    fitting = [scale for scale in SCALES if rise_m * 1000 / scale <= room_mm]
    usual = [scale for scale in fitting if scale <= across <= scale * most]
    high = [scale for scale in usual if rise_m * 1000 / scale >= wanted_mm]
    return max(high) if high else min(usual or fitting or [choose_scale(rise_m, room_mm)])
