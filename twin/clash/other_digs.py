"""Other excavations near a dig: open at the same time, better dug at once, or in the wrong order."""

from __future__ import annotations

from dataclasses import dataclass
from math import floor
from typing import TYPE_CHECKING, Any

import numpy as np
import shapely

from layers.excavations import STATUS_NAMES, ExcavationStatus
from twin.clash.accuracy import Wording
from twin.clash.spelling import comma
from twin.clash.surroundings import Kind, Matter, Weight

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from datetime import date

    from layers.surroundings import OtherDig
    from twin.clash.rulebook import Citation
    from twin.clash.situation import Situation

# What two digs may share by mere crossing, beside twice the distance and the width of the other.
_CROSSING_M = 1.0


@dataclass(frozen=True, slots=True)
class Period:
    """Days on which a dig is open, both ends included."""

    first: date
    last: date

    @property
    def days(self) -> int:
        return (self.last - self.first).days + 1

    def overlap_days(self, other: Period) -> int:
        return max((min(self.last, other.last) - max(self.first, other.first)).days + 1, 0)

    def gap_days(self, other: Period) -> int:
        """Days that lie between two periods; 0 where they touch or overlap."""
        return max((max(self.first, other.first) - min(self.last, other.last)).days - 1, 0)


def compare_digs(others: Sequence[OtherDig], situation: Situation, today: date | None = None) -> Iterator[Matter]:
    """What follows from each other dig near by, or may where a date is missing or one that was begun is not closed."""
    own = _period(situation.starts_on, situation.ends_on)
    for other in others:
        theirs = _period(other.starts_on, other.ends_on)
        if today and _is_open_beyond(other, theirs, today):
            yield from _judge_begun(other, situation)
        else:
            yield from _judge_open_together(other, situation, own, theirs)
        yield from _judge_order(other, situation, own, theirs)
        yield from _propose_one(other, situation, own, theirs)


def _is_open_beyond(other: OtherDig, theirs: Period | None, today: date) -> bool:
    """Whether a dig was begun, is not closed, and its dates do not speak of today; those of a draft never do."""
    if not other.is_begun or theirs is None:
        return False
    return other.status == ExcavationStatus.DRAFT or not theirs.first <= today <= theirs.last


def _judge_begun(other: OtherDig, situation: Situation) -> Iterator[Matter]:
    """A dig that was begun is open until it is closed, whatever its dates say."""
    rule = situation.book.neighbours
    if other.distance_m > rule.within_m:
        return
    state, (place_en, place_vi) = STATUS_NAMES[ExcavationStatus(other.status)], _place(other)
    is_going_on = other.status == ExcavationStatus.IN_PROGRESS
    why_en, why_vi = (
        (f"it was to end on {other.ends_on}", f"dự kiến xong ngày {other.ends_on}")
        if is_going_on
        else ("it was begun", "đã khởi công")
    )
    text = Wording(
        en=f"'{other.name}' ({state}), {place_en}: {why_en} and is not closed, both may be open at once",
        vi=f"'{other.name}' ({state.vi}), {place_vi}: {why_vi} nhưng chưa hoàn thành, có thể mở cùng lúc",
    )
    yield _matter(Kind.OPEN_TOGETHER, Weight.UNKNOWN, text, other, rule.cited)


def _place(other: OtherDig) -> tuple[str, str]:
    if other.distance_m:
        return f"{other.distance_m:.1f} m away", f"cách {comma(other.distance_m, '.1f')} m"
    return f"sharing {other.shared_m2:.1f} m²", f"trùng {comma(other.shared_m2, '.1f')} m²"


def _judge_open_together(
    other: OtherDig, situation: Situation, own: Period | None, theirs: Period | None
) -> Iterator[Matter]:
    rule = situation.book.neighbours
    if other.distance_m > rule.within_m:
        return
    place_en, place_vi = _place(other)
    state = STATUS_NAMES[ExcavationStatus(other.status)]
    if own is None or theirs is None:
        text = Wording(
            en=f"'{other.name}' ({state}), {place_en}: dates are missing, both may be open at once",
            vi=f"'{other.name}' ({state.vi}), {place_vi}: thiếu ngày, có thể mở cùng lúc",
        )
        yield _matter(Kind.OPEN_TOGETHER, Weight.UNKNOWN, text, other, rule.cited)
    elif days := own.overlap_days(theirs):
        text = Wording(
            en=f"'{other.name}' ({state}), {place_en}, is open at the same time for {days} days: agree on order,"
            " support and traffic",
            vi=f"'{other.name}' ({state.vi}), {place_vi}, mở cùng lúc {days} ngày: phải thống nhất thứ tự,"
            " chống vách và phân luồng",
        )
        yield _matter(Kind.OPEN_TOGETHER, Weight.DEMANDS, text, other, rule.cited, overlap_days=days)


def _judge_order(other: OtherDig, situation: Situation, own: Period | None, theirs: Period | None) -> Iterator[Matter]:
    """Of two digs in one place the deeper goes first: the later one would undermine what the first has laid."""
    depths = situation.depth_m, other.depth_m
    if own is None or theirs is None or not other.shared_m2 or own.overlap_days(theirs):
        return
    if depths[0] is None or depths[1] is None:
        text = Wording(
            en=f"'{other.name}' shares {other.shared_m2:.1f} m² at another time, and how deep one of both goes"
            " below the ground is not known: which must be dug first is not known",
            vi=f"'{other.name}' trùng {comma(other.shared_m2, '.1f')} m² vào thời gian khác, chưa biết chiều sâu so với"
            " mặt đất của một trong hai: chưa biết hố nào phải đào trước",
        )
        yield _matter(Kind.SEQUENCE, Weight.UNKNOWN, text, other, situation.book.neighbours.cited)
        return
    own_later = own.first > theirs.last
    if (depths[0] > depths[1]) == own_later and depths[0] != depths[1]:
        text = Wording(
            en=f"'{other.name}' is {depths[1]:g} m deep, this dig {depths[0]:.2f} m: the deeper one comes later and"
            f" undermines what the first has laid over {other.shared_m2:.1f} m². Dig the deeper one first",
            vi=f"'{other.name}' sâu {comma(depths[1])} m, đợt này sâu {comma(depths[0], '.2f')} m: hố sâu hơn đào sau"
            f" sẽ làm hở phần đã lắp trên {comma(other.shared_m2, '.1f')} m². Nên đào hố sâu trước",
        )
        yield _matter(Kind.SEQUENCE, Weight.DEMANDS, text, other, situation.book.neighbours.cited)


def _propose_one(other: OtherDig, situation: Situation, own: Period | None, theirs: Period | None) -> Iterator[Matter]:
    rule = situation.book.dig_once
    if other.distance_m > rule.within_m:
        return
    if own is not None and theirs is not None and own.gap_days(theirs) > rule.within_days:
        return
    shared_m, lengths = shared_length(situation.area, other.shape, rule.within_m)
    if shared_m < rule.least_shared_m:
        return
    saved = None if own is None or theirs is None else days_saved(shared_m, lengths, (own.days, theirs.days))
    days_en = "the days saved need the dates of both" if saved is None else f"about {saved} days of open street saved"
    days_vi = "cần ngày của cả hai để tính số ngày" if saved is None else f"bớt khoảng {saved} ngày mở đường"
    state = STATUS_NAMES[ExcavationStatus(other.status)]
    text = Wording(
        en=f"Dig once with '{other.name}' ({state}): {shared_m:.1f} m shared, {days_en}",
        vi=f"Đào một lần cùng '{other.name}' ({state.vi}): chung {comma(shared_m, '.1f')} m, {days_vi}",
    )
    yield _matter(Kind.DIG_ONCE, Weight.PROPOSES, text, other, rule.cited, shared_m=shared_m, days_saved=saved)


def shared_length(
    area: shapely.Geometry, other: shapely.Geometry, within_m: float
) -> tuple[float, tuple[float, float]]:
    """The length of street that two digs have in common, and the lengths of both, in metres.

    Digs that merely cross share what overlaps; those that run on within `within_m` of each other share that stretch.
    """
    own_line, other_line = _long_axis(area), _long_axis(other)
    lengths = own_line.length, other_line.length
    beside = min(
        shapely.intersection(own_line, other.buffer(within_m)).length,
        shapely.intersection(other_line, area.buffer(within_m)).length,
    )
    widest = max(area.area / max(lengths[0], 1e-9), other.area / max(lengths[1], 1e-9))
    if beside > 2 * within_m + widest + _CROSSING_M:
        return beside, lengths
    return shapely.intersection(own_line, other).length, lengths


def days_saved(shared_m: float, lengths_m: tuple[float, float], days: tuple[int, int]) -> int:
    """The days that the shared stretch would be open a second time: of both digs the fewer, rounded down."""
    spent = (d * min(shared_m / max(length, 1e-9), 1.0) for length, d in zip(lengths_m, days, strict=True))
    return floor(min(spent) + 1e-9)


def _long_axis(area: shapely.Geometry) -> shapely.LineString:
    """The middle line of the smallest rectangle around an area."""
    corners = shapely.get_coordinates(area.minimum_rotated_rectangle)
    if len(corners) < 5:
        return shapely.LineString(corners[[0, -1]])
    a, b, c, d = corners[:4]
    ends = ((a + d) / 2, (b + c) / 2) if np.hypot(*(b - a)) >= np.hypot(*(c - b)) else ((a + b) / 2, (c + d) / 2)
    return shapely.LineString(ends)


def _period(first: date | None, last: date | None) -> Period | None:
    return None if first is None or last is None else Period(first, last)


def _matter(kind: Kind, weight: Weight, text: Wording, other: OtherDig, cited: Citation, **more: Any) -> Matter:
    facts = {
        "name": other.name, "status": other.status, "depth_m": other.depth_m, "distance_m": other.distance_m,
        "shared_m2": other.shared_m2,
        "starts_on": other.starts_on.isoformat() if other.starts_on else None,
        "ends_on": other.ends_on.isoformat() if other.ends_on else None,
    }  # fmt: skip
    return Matter(
        kind=kind,
        weight=weight,
        text=text,
        cited=cited,
        layer="excavations",
        feature_id=other.id,
        facts=facts | more,
        source_file=other.source_path,
        shape=other.shape,
    )
