"""What an excavation does to each object around it: definite, possible, clear or unknown."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import NamedTuple

import numpy as np

from twin.clash.accuracy import Accuracy, AccuracyTable, Wording, read_accuracies
from twin.clash.distance import (
    Prism,
    Scene,
    find_stretches,
    measure_plan,
    measure_solid,
    measure_vertical,
    set_scene,
)
from twin.clash.solids import Excavation, Floats, Utility


class Outcome(StrEnum):
    """Ordered from the worst; only `clear` lets a digger go on."""

    DEFINITE = "definite"
    POSSIBLE = "possible"
    UNKNOWN = "unknown"
    CLEAR = "clear"


class Reason(StrEnum):
    HIT = "hit"
    BOTTOM_UNCERTAIN = "bottom_uncertain"
    WITHIN_ACCURACY = "within_accuracy"
    ELEVATION_MISSING = "elevation_missing"
    SECTION_MISSING = "section_missing"
    DEPTH_UNTRUSTED = "depth_untrusted"
    APART_IN_PLAN = "apart_in_plan"
    APART_IN_SPACE = "apart_in_space"


REASONS = {
    Reason.HIT: Wording(
        en="The recorded position is hit even where the ground makes the bottom shallowest.",
        vi="Vị trí theo hồ sơ bị chạm ngay cả khi đáy hố đào ở mức nông nhất theo địa hình.",
    ),
    Reason.BOTTOM_UNCERTAIN: Wording(
        en="The recorded position is hit where the ground makes the bottom deepest.",
        vi="Vị trí theo hồ sơ bị chạm khi đáy hố đào ở mức sâu nhất theo địa hình.",
    ),
    Reason.WITHIN_ACCURACY: Wording(
        en="The recorded position is missed by less than its accuracy.",
        vi="Khoảng cách tới vị trí theo hồ sơ nhỏ hơn sai số vị trí.",
    ),
    Reason.ELEVATION_MISSING: Wording(
        en="It is within reach in plan and its elevation is not recorded.",
        vi="Nằm trong tầm ảnh hưởng trên mặt bằng nhưng hồ sơ không có cao độ.",
    ),
    Reason.SECTION_MISSING: Wording(
        en="It is within reach in plan and its size is not recorded.",
        vi="Nằm trong tầm ảnh hưởng trên mặt bằng nhưng hồ sơ không có kích thước.",
    ),
    Reason.DEPTH_UNTRUSTED: Wording(
        en="It is within reach in plan and its quality level gives no confidence in its recorded depth.",
        vi="Nằm trong tầm ảnh hưởng trên mặt bằng và cấp chất lượng không bảo đảm độ sâu theo hồ sơ.",
    ),
    Reason.APART_IN_PLAN: Wording(
        en="It lies beside the excavation, further away than its accuracy.",
        vi="Nằm ngoài hố đào trên mặt bằng, xa hơn sai số vị trí.",
    ),
    Reason.APART_IN_SPACE: Wording(
        en="It passes the excavation in space, further away than its accuracy.",
        vi="Cách hố đào trong không gian một khoảng lớn hơn sai số vị trí.",
    ),
}


@dataclass(frozen=True, slots=True)
class Assessment:
    """The outcome for one object, with its gaps to the excavation at the deepest reading of its bottom.

    Gaps run from the outside of the object, in metres rounded to the micrometre; 0 and less is contact.
    `plan_gap_m` counts an unknown section with the radius of the accuracy table. `vertical_gap_m` is None
    where the object never crosses in plan, and like the 3D gap `gap_m` where elevation or section is
    unknown. `worst_gap_m` is the 3D gap with everything not known at its worst; above 0 it proves the
    object clear.
    """

    utility_id: int
    outcome: Outcome
    reason: Reason
    plan_gap_m: float
    vertical_gap_m: float | None
    gap_m: float | None
    worst_gap_m: float
    accuracy: Accuracy


def assess(
    excavation: Excavation, utilities: Sequence[Utility], *, accuracies: AccuracyTable | None = None
) -> list[Assessment]:
    """One assessment for every object, in the order given.

    All geometry is in one projected CRS in metres. An object is clear only where that is proven: by its
    plan distance, or in space with elevation, section and vertical accuracy all known.

    >>> from shapely import box
    >>> from twin.clash.solids import Quality, Tube
    >>> trench = Excavation(box(0, 0, 10, 1), bottom_low_m=-1.0, bottom_high_m=-1.0, top_m=0.0)
    >>> pipe = Tube(7, np.array([[5, -5, -1.4], [5, 5, -1.4]]), outer_radius_m=0.1, quality=Quality("A"))
    >>> [(found.outcome.value, found.gap_m) for found in assess(trench, [pipe])]
    [('clear', 0.3)]
    """
    if not utilities:
        return []
    table = accuracies or read_accuracies()
    radius_m = np.array([utility.outer_radius_m or table.unknown_radius_m for utility in utilities])
    check = _Check(excavation, utilities, table, set_scene(excavation.polygon, utilities), radius_m)
    accuracy = check.resolve_accuracies()
    rows = zip(utilities, accuracy, check.measure(accuracy), strict=True)
    return [_conclude(utility, resolved, gaps) for utility, resolved, gaps in rows]


class _Gaps(NamedTuple):
    """The gaps of one object; `beside` is the plan gap less the accuracy, `within` the 3D gap less it."""

    plan: float
    beside: float
    vertical: float
    shallow: float
    deep: float
    within: float
    worst: float


@dataclass(frozen=True, slots=True)
class _Check:
    """One excavation against all objects (n) around it, each with its known or assumed radius."""

    excavation: Excavation
    utilities: Sequence[Utility]
    table: AccuracyTable
    scene: Scene
    radius_m: Floats

    def resolve_accuracies(self) -> list[Accuracy]:
        """The accuracy of each object at its greatest depth within reach of the excavation.

        The depth is taken below the highest ground. Where accuracy grows with depth, the depth of the
        whole axis bounds the reach first, lest a far and deep end of a long line spoil its near one.
        """
        axes = self.scene.axes
        ends = np.minimum(axes.start[:, 2], axes.start[:, 2] + axes.step[:, 2])
        lowest = np.minimum.reduceat(ends, axes.first)
        accuracy = self._resolve_at(lowest)
        if not any(self.table.find_level(utility.quality.level).follows_depth for utility in self.utilities):
            return accuracy
        near = find_stretches(self.scene, self.radius_m + _horizontal(accuracy))
        nearby = np.full(len(self.utilities), np.inf)
        np.minimum.at(nearby, near.owner, near.low_m)
        return self._resolve_at(np.where(np.isfinite(nearby), nearby, lowest))

    def measure(self, accuracy: Sequence[Accuracy]) -> list[_Gaps]:
        upright = self.scene.axes.upright
        swept, flat = np.where(upright, 0.0, self.radius_m), np.where(upright, self.radius_m, 0.0)
        horizontal = _horizontal(accuracy)
        vertical = np.array([resolved.vertical_m or 0.0 for resolved in accuracy])
        low = self.excavation.bottom_low_m

        plan = measure_plan(self.scene) - self.radius_m
        shallow, deep, within = measure_solid(self.scene, self._prism(flat, horizontal, vertical)).T - swept
        beside = plan - horizontal
        worst = np.where(self._depths_proven(accuracy), within, np.maximum(beside + swept, 0.0) - swept)
        crossing = measure_vertical(self.scene, self.radius_m, low, self.excavation.top_m) - swept
        columns = np.stack([plan, beside, crossing, shallow, deep, within, worst])
        # Adding 0 turns the -0.0 of a rounded contact into 0.0.
        return [_Gaps(*row) for row in (np.round(columns, 6) + 0.0).T.tolist()]

    def _prism(self, flat: Floats, horizontal: Floats, vertical: Floats) -> Prism:
        """Three cases: the shallowest bottom, the deepest, and that moved outwards by the accuracy."""
        low, high, top = self.excavation.bottom_low_m, self.excavation.bottom_high_m, self.excavation.top_m
        none = np.zeros_like(vertical)
        return Prism(
            low_m=np.stack([none + high, none + low, low - vertical], axis=1),
            high_m=np.stack([none + top, none + top, top + vertical], axis=1),
            offset_m=np.stack([flat, flat, flat + horizontal], axis=1),
        )

    def _resolve_at(self, lowest_m: Floats) -> list[Accuracy]:
        depths = (self.excavation.top_m - lowest_m).tolist()
        return [
            self.table.resolve(utility.quality, depth if utility.elevation_known else None)
            for utility, depth in zip(self.utilities, depths, strict=True)
        ]

    def _depths_proven(self, accuracy: Sequence[Accuracy]) -> list[bool]:
        return [
            _fully_known(utility) and resolved.vertical_m is not None
            for utility, resolved in zip(self.utilities, accuracy, strict=True)
        ]


def _horizontal(accuracy: Sequence[Accuracy]) -> Floats:
    return np.array([resolved.horizontal_m for resolved in accuracy])


def _fully_known(utility: Utility) -> bool:
    return utility.elevation_known and utility.outer_radius_m is not None


def _conclude(utility: Utility, accuracy: Accuracy, gaps: _Gaps) -> Assessment:
    known = _fully_known(utility)
    outcome, reason = _decide(utility, gaps)
    return Assessment(
        utility_id=utility.id,
        outcome=outcome,
        reason=reason,
        plan_gap_m=gaps.plan,
        vertical_gap_m=gaps.vertical if known and math.isfinite(gaps.vertical) else None,
        gap_m=gaps.deep if known else None,
        worst_gap_m=gaps.worst,
        accuracy=accuracy,
    )


def _decide(utility: Utility, gaps: _Gaps) -> tuple[Outcome, Reason]:
    """The first verdict that holds; comparisons are such that a NaN could never end in `clear`."""
    known = _fully_known(utility)
    verdicts = (
        (known and gaps.shallow <= 0, Outcome.DEFINITE, Reason.HIT),
        (known and gaps.deep <= 0, Outcome.POSSIBLE, Reason.BOTTOM_UNCERTAIN),
        (known and gaps.within <= 0, Outcome.POSSIBLE, Reason.WITHIN_ACCURACY),
        (gaps.worst > 0 and gaps.beside > 0, Outcome.CLEAR, Reason.APART_IN_PLAN),
        (gaps.worst > 0, Outcome.CLEAR, Reason.APART_IN_SPACE),
        (not utility.elevation_known, Outcome.UNKNOWN, Reason.ELEVATION_MISSING),
        (utility.outer_radius_m is None, Outcome.UNKNOWN, Reason.SECTION_MISSING),
        (True, Outcome.UNKNOWN, Reason.DEPTH_UNTRUSTED),
    )
    return next((outcome, reason) for holds, outcome, reason in verdicts if holds)
