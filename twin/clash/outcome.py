"""What an excavation does to each object around it: definite, possible, clear or unknown."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from math import inf, isfinite
from typing import TYPE_CHECKING, NamedTuple

from twin.clash.accuracy import Accuracy, AccuracyTable, Wording, read_accuracies
from twin.clash.distance import Scene
from twin.clash.kernel.gauge import CONTACT_M, gauge_crossing, gauge_plan, gauge_raised, gauge_space, lay
from twin.clash.solids import Excavation, Quality, Section, Utility

if TYPE_CHECKING:
    from collections.abc import Sequence

    from twin.clash.kernel.elements import Segment


class Outcome(StrEnum):
    """Ordered from the worst; only `clear` lets a digger go on."""

    DEFINITE = "definite"
    POSSIBLE = "possible"
    UNKNOWN = "unknown"
    CLEAR = "clear"


class Reason(StrEnum):
    HIT = "hit"
    BOTTOM_UNCERTAIN = "bottom_uncertain"
    TURN_UNCERTAIN = "turn_uncertain"
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
    Reason.TURN_UNCERTAIN: Wording(
        en="It is not round and nobody records which way it is turned: it is hit in some positions.",
        vi="Công trình không tròn và hồ sơ không ghi hướng đặt: bị chạm ở một số hướng.",
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
    object clear. `at` is the point of its axis (x, y, z, or x, y where the elevation is unknown) that is nearest.
    """

    utility_id: int
    outcome: Outcome
    reason: Reason
    plan_gap_m: float
    vertical_gap_m: float | None
    gap_m: float | None
    worst_gap_m: float
    accuracy: Accuracy
    at: tuple[float, ...]


def assess(
    excavation: Excavation,
    utilities: Sequence[Utility],
    *,
    accuracies: AccuracyTable | None = None,
    nearby_m: float = inf,
) -> list[Assessment]:
    """One assessment for every object, in the order given.

    All geometry is in one projected CRS in metres. An object is clear only where that is proven: by its
    plan distance, or in space with elevation, section and vertical accuracy all known. What is clear by its plan
    distance and further away than `nearby_m` is not measured in space: its gaps there are None.

    >>> from shapely import box
    >>> from twin.clash.solids import Floor, Quality, Tube
    >>> trench = Excavation((Floor(box(0, 0, 10, 1), bottom_m=-1.0, ground_m=0.0),))
    >>> pipe = Tube(7, ((5, -5, -1.4), (5, 5, -1.4)), outer_radius_m=0.1, quality=Quality("A"))
    >>> [(found.outcome.value, found.gap_m) for found in assess(trench, [pipe])]
    [('clear', 0.3)]
    """
    judge = _Judge(Scene(excavation), excavation.ground_m, accuracies or read_accuracies(), nearby_m)
    return [judge.assess(utility) for utility in utilities]


class _Gaps(NamedTuple):
    """The gaps of one object; `beside` is the plan gap less the accuracy, `within` the 3D gap less it."""

    plan: float
    beside: float
    vertical: float
    sure: float
    deep: float
    within: float
    worst: float


@dataclass(frozen=True, slots=True)
class _Judge:
    """One excavation, and the table by which the objects around it are judged."""

    scene: Scene
    ground_m: float
    table: AccuracyTable
    nearby_m: float
    resolved: dict[Quality, Accuracy] = field(default_factory=dict)

    def assess(self, utility: Utility) -> Assessment:
        scene = self.scene
        axis = lay(utility.points, scene.x, scene.y)
        sections = utility.sections or (Section(self.table.unknown_radius_m),)
        radius_m = min([swept + wide for swept, wide, _ in sections])
        accuracy = self._resolve(utility, axis, radius_m)
        distance_m, x, y = gauge_plan(axis, scene.solid)
        spare_m = distance_m - accuracy.horizontal_m
        flat_m = max([max(spare_m - wide, 0.0) - swept for swept, wide, _ in sections])
        plan_m, beside_m = distance_m - radius_m, max([spare_m - wide - swept for swept, wide, _ in sections])
        gaps = _Gaps(plan_m, beside_m, inf, inf, inf, flat_m, flat_m)
        if not _fully_known(utility):
            return _conclude(utility, accuracy, _round(gaps), (x + scene.x, y + scene.y))
        if plan_m > self.nearby_m and beside_m > CONTACT_M:
            return _conclude(utility, accuracy, _round(gaps), (x + scene.x, y + scene.y), is_measured=False)
        return self._measure(utility, axis, accuracy, gaps)

    def _measure(self, utility: Utility, axis: list[Segment], accuracy: Accuracy, gaps: _Gaps) -> Assessment:
        """The assessment of an object whose elevation and section are known."""
        scene, sections = self.scene, utility.sections
        high_m = accuracy.vertical_m
        (deep, within), (x, y, z) = gauge_space(axis, scene.solid, sections, accuracy.horizontal_m, high_m or 0.0)
        sure, sure_sections = deep, utility.sure_sections
        if scene.has_band or sure_sections != sections:
            sure = gauge_raised(axis, scene.solid, sure_sections)
        near_m = min([swept + wide for swept, wide, _ in sections])
        rise = gauge_crossing(axis, scene.solid, near_m)
        vertical = rise - min([swept + high for swept, _, high in sections])
        worst = gaps.worst if high_m is None else within
        found = _Gaps(gaps.plan, gaps.beside, vertical, sure, deep, within, worst)
        return _conclude(utility, accuracy, _round(found), (x + scene.x, y + scene.y, z))

    def _resolve(self, utility: Utility, axis: list[Segment], radius_m: float) -> Accuracy:
        """The accuracy of an object at its greatest depth within reach of the excavation.

        The depth is taken below the highest ground. Where accuracy grows with depth, the depth of the
        whole axis bounds the reach first, lest a far and deep end of a long line spoil its near one.
        """
        quality = utility.quality
        if not utility.elevation_known:
            return self.table.resolve(quality, None)
        known = self.resolved.get(quality)
        if known is not None:
            return known
        lowest = min(point[2] for point in utility.points)
        accuracy = self.table.resolve(quality, self.ground_m - lowest)
        if not self.table.find_level(quality.level).follows_depth:
            self.resolved[quality] = accuracy
            return accuracy
        nearby = self.scene.lowest(axis, radius_m + accuracy.horizontal_m)
        return self.table.resolve(quality, self.ground_m - nearby) if isfinite(nearby) else accuracy


def _round(gaps: _Gaps) -> _Gaps:
    # Adding 0 turns the -0.0 of a rounded contact into 0.0.
    return _Gaps(*[round(gap, 6) + 0.0 for gap in gaps])


def _fully_known(utility: Utility) -> bool:
    return utility.elevation_known and utility.outer_radius_m is not None


def _conclude(
    utility: Utility, accuracy: Accuracy, gaps: _Gaps, at: tuple[float, ...], *, is_measured: bool = True
) -> Assessment:
    known = is_measured and _fully_known(utility)
    outcome, reason = _decide(utility, gaps)
    return Assessment(
        utility_id=utility.id,
        outcome=outcome,
        reason=reason,
        plan_gap_m=gaps.plan,
        vertical_gap_m=gaps.vertical if known and isfinite(gaps.vertical) else None,
        gap_m=gaps.deep if known else None,
        worst_gap_m=gaps.worst,
        accuracy=accuracy,
        at=at,
    )


def _decide(utility: Utility, gaps: _Gaps) -> tuple[Outcome, Reason]:
    """The first verdict that holds; comparisons are such that a NaN could never end in `clear`."""
    if _fully_known(utility):
        if gaps.sure <= 0:
            return Outcome.DEFINITE, Reason.HIT
        if gaps.deep <= 0:
            turned = utility.sure_sections != utility.sections
            return Outcome.POSSIBLE, Reason.TURN_UNCERTAIN if turned else Reason.BOTTOM_UNCERTAIN
        if gaps.within <= 0:
            return Outcome.POSSIBLE, Reason.WITHIN_ACCURACY
    if gaps.worst > 0:
        return Outcome.CLEAR, Reason.APART_IN_PLAN if gaps.beside > 0 else Reason.APART_IN_SPACE
    return Outcome.UNKNOWN, _name_missing(utility)


def _name_missing(utility: Utility) -> Reason:
    if not utility.elevation_known:
        return Reason.ELEVATION_MISSING
    return Reason.SECTION_MISSING if utility.outer_radius_m is None else Reason.DEPTH_UNTRUSTED
