"""What an excavation does to each object around it: definite, possible, clear or unknown."""

from __future__ import annotations

from enum import StrEnum
from math import inf, isfinite
from typing import TYPE_CHECKING, NamedTuple

from twin.clash.accuracy import Accuracy, Wording, read_accuracies
from twin.clash.distance import Scene
from twin.clash.kernel.judgement import Judge

if TYPE_CHECKING:
    from collections.abc import Sequence

    from twin.clash.accuracy import AccuracyTable
    from twin.clash.kernel.judgement import Judgement
    from twin.clash.solids import Excavation, Utility


class Outcome(StrEnum):
    """Ordered from the worst; only `clear` lets a digger go on. The kernel counts them by their place."""

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


class Assessment(NamedTuple):
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
    >>> from twin.clash.solids import Excavation, Floor, Quality, Tube
    >>> trench = Excavation((Floor(box(0, 0, 10, 1), bottom_m=-1.0, ground_m=0.0),))
    >>> pipe = Tube(7, ((5, -5, -1.4), (5, 5, -1.4)), outer_radius_m=0.1, quality=Quality("A"))
    >>> [(found.outcome.value, found.gap_m) for found in assess(trench, [pipe])]
    [('clear', 0.3)]
    """
    table = accuracies or read_accuracies()
    judge = open_judge(excavation, table, nearby_m)
    return [_assess(judge, table, utility) for utility in utilities]


def open_judge(excavation: Excavation, table: AccuracyTable, nearby_m: float = inf) -> Judge:
    """Who judges objects around an excavation one by one."""
    scene = Scene(excavation)
    return Judge(scene.solid, (scene.x, scene.y), excavation.ground_m, table.unknown_radius_m, nearby_m)


def conclude(utility_id: int, found: Judgement, source: Wording) -> Assessment:
    """What was found of an object whose accuracy has that source."""
    x, y = found.x, found.y
    return Assessment(
        utility_id,
        *tell(found),
        Accuracy(found.wide, None if found.high < 0 else found.high, source),
        (x, y, found.z) if found.has_z else (x, y),
    )


def tell(found: Judgement) -> tuple[Outcome, Reason, float, float | None, float | None, float]:
    """Outcome and reason, then the gaps in plan, in height, in space and at the worst, as an `Assessment` has them."""
    is_measured = found.has_z
    return (
        OUTCOMES[found.outcome],
        _REASONS[found.reason],
        found.plan,
        found.vertical if is_measured and isfinite(found.vertical) else None,
        found.gap if is_measured else None,
        found.worst,
    )


OUTCOMES = tuple(Outcome)
_REASONS = tuple(Reason)


def _assess(judge: Judge, table: AccuracyTable, utility: Utility) -> Assessment:
    quality = utility.quality
    stated = (quality.level, quality.horizontal_accuracy_m, quality.vertical_accuracy_m)
    promise, source = table.find_promise(stated)
    return conclude(utility.id, judge.judge(utility.body, promise), source)
