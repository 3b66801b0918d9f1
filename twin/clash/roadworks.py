"""Roads that a dig cuts: their class and surface, the moratorium on a new surface, barred hours, closed seasons."""

from __future__ import annotations

from datetime import date, time
from typing import TYPE_CHECKING, Any

from twin.clash.accuracy import Wording
from twin.clash.spelling import comma
from twin.clash.surroundings import Kind, Matter, Weight

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from layers.surroundings import CutRoad
    from twin.clash.rulebook import Closure, Moratorium
    from twin.clash.situation import Situation


def judge_roads(roads: Sequence[CutRoad], situation: Situation) -> Iterator[Matter]:
    """Each road that is cut, or may be where its width is not recorded, and what forbids or limits cutting it."""
    for road in roads:
        yield _cut(road, situation)
        yield from _judge_moratorium(road, situation)
        yield from _judge_hours(road, situation)


def judge_closures(roads: Sequence[CutRoad], situation: Situation) -> Iterator[Matter]:
    """The closed seasons that the dig's dates fall into, everywhere or in roads of some classes."""
    classes = {road.road_class for road in roads}
    for closure in situation.book.closures:
        if closure.road_classes is None or classes & set(closure.road_classes):
            yield from _judge_closure(closure, situation)


def _cut(road: CutRoad, situation: Situation) -> Matter:
    name_en, name_vi = _names(road)
    kind = ", ".join(filter(None, (road.road_class, road.surface)))
    kind = f" ({kind})" if kind else ""
    if road.cut_m2 is None:
        text = Wording(
            en=f"May cut {name_en}{kind}: its width is not recorded",
            vi=f"Có thể cắt {name_vi}{kind}: chưa ghi chiều rộng đường",
        )
    else:
        text = Wording(
            en=f"Cuts {name_en}{kind}: {road.cut_m2:.1f} m² of carriageway",
            vi=f"Cắt {name_vi}{kind}: {comma(road.cut_m2, '.1f')} m² mặt đường",
        )
    weight = Weight.UNKNOWN if road.cut_m2 is None else Weight.DEMANDS
    return _matter(Kind.ROAD, weight, text, road, cited=situation.book.roads.cited)


def _judge_moratorium(road: CutRoad, situation: Situation) -> Iterator[Matter]:
    rule = situation.book.moratorium
    until = road.moratorium_until or (road.resurfaced_on and add_months(road.resurfaced_on, rule.months))
    name_en, name_vi = _names(road)
    if until is None:
        text = Wording(
            en=f"Nobody recorded when {name_en} was last resurfaced: whether it may be cut is not known",
            vi=f"Chưa ghi ngày làm mới mặt đường của {name_vi}: chưa biết có được đào hay không",
        )
        yield _matter(Kind.MORATORIUM, Weight.UNKNOWN, text, road, cited=rule.cited)
    elif situation.starts_on is None or situation.starts_on <= until:
        weight, text = _within_moratorium(rule, road, until, situation)
        yield _matter(Kind.MORATORIUM, weight, text, road, cited=rule.cited, until=until.isoformat())


def _within_moratorium(rule: Moratorium, road: CutRoad, until: date, situation: Situation) -> tuple[Weight, Wording]:
    name_en, name_vi = _names(road)
    en, vi = f"{name_en} may not be cut until {until}", f"{name_vi} không được đào đến {until}"
    if situation.starts_on is None:
        doubt_en, doubt_vi = ": the dig has no date of start", ": đợt đào chưa có ngày bắt đầu"
        return Weight.UNKNOWN, Wording(en=en + doubt_en, vi=vi + doubt_vi)
    exception = rule.exceptions.get(situation.purpose or "")
    if exception is not None:
        reason_en, reason_vi = f", except for {exception.en}: prove it", f", trừ {exception.vi}: phải chứng minh"
        return Weight.DEMANDS, Wording(en=en + reason_en, vi=vi + reason_vi)
    excepted_en, excepted_vi = ("; ".join(getattr(e, lang) for e in rule.exceptions.values()) for lang in ("en", "vi"))
    weight = Weight.UNKNOWN if road.cut_m2 is None else Weight.FORBIDS
    return weight, Wording(en=f"{en}, except for: {excepted_en}", vi=f"{vi}, trừ: {excepted_vi}")


def _judge_hours(road: CutRoad, situation: Situation) -> Iterator[Matter]:
    if road.barred_hours is None:
        return
    name_en, name_vi = _names(road)
    en, vi = f"No digging in {name_en} at {road.barred_hours}", f"Không đào trên {name_vi} lúc {road.barred_hours}"
    if situation.hours is None:
        text = Wording(en=f"{en}: state the hours of work", vi=f"{vi}: cần khai báo giờ thi công")
        yield _matter(Kind.HOURS, Weight.DEMANDS, text, road)
    elif any(overlap(situation.hours, barred) for barred in parse_hours(road.barred_hours)):
        first, last = (each.strftime("%H:%M") for each in situation.hours)
        text = Wording(en=f"{en}, and work is planned {first}-{last}", vi=f"{vi}, kế hoạch thi công {first}-{last}")
        weight = Weight.UNKNOWN if road.cut_m2 is None else Weight.FORBIDS
        yield _matter(Kind.HOURS, weight, text, road)


def _judge_closure(closure: Closure, situation: Situation) -> Iterator[Matter]:
    span = f"{closure.first} – {closure.last}"
    starts, ends = situation.starts_on, situation.ends_on
    is_after = starts is not None and starts > closure.last
    is_before = ends is not None and ends < closure.first
    if is_after or is_before:
        return
    certain = starts is not None and (ends is not None or closure.first <= starts)
    weight = Weight.FORBIDS if certain else Weight.UNKNOWN
    doubt_en, doubt_vi = ("", "") if certain else (" (the dig's dates are not all known)", " (chưa đủ ngày đào)")
    yield Matter(
        kind=Kind.CLOSURE,
        weight=weight,
        text=Wording(en=f"{span}: {closure.text.en}{doubt_en}", vi=f"{span}: {closure.text.vi}{doubt_vi}"),
        cited=closure.cited,
        facts={"first": closure.first.isoformat(), "last": closure.last.isoformat()},
    )


def add_months(day: date, months: int) -> date:
    """The day that many months later; the last of a shorter month stands for days that it lacks."""
    years, month = divmod(day.month - 1 + months, 12)
    for last in (day.day, 30, 29, 28):
        try:
            return date(day.year + years, month + 1, min(day.day, last))
        except ValueError:
            continue
    raise ValueError(f"{day} and {months} months: there is no such day")


def parse_hours(text: str) -> list[tuple[time, time]]:
    """Spans of the day out of '06:00-08:30,16:30-19:00'."""
    spans = (span.split("-") for span in text.split(","))
    return [(time.fromisoformat(first), time.fromisoformat(last)) for first, last in spans]


def overlap(a: tuple[time, time], b: tuple[time, time]) -> bool:
    """Whether two spans of the day share more than a moment; one that ends before it begins goes over midnight."""
    return any(first[0] < second[1] and second[0] < first[1] for first in _minutes(a) for second in _minutes(b))


def _minutes(span: tuple[time, time]) -> list[tuple[int, int]]:
    first, last = (each.hour * 60 + each.minute for each in span)
    return [(first, last)] if first < last else [(first, 24 * 60), (0, last)]


def _names(road: CutRoad) -> tuple[str, str]:
    return road.name or road.code or "an unnamed road", road.name or road.code or "đường chưa có tên"


def _matter(kind: Kind, weight: Weight, text: Wording, road: CutRoad, **more: Any) -> Matter:
    cited = more.pop("cited", None)
    facts = {
        "code": road.code, "name": road.name, "road_class": road.road_class, "surface": road.surface,
        "width_m": road.width_m, "cut_m2": road.cut_m2, "barred_hours": road.barred_hours,
        "resurfaced_on": road.resurfaced_on.isoformat() if road.resurfaced_on else None,
    }  # fmt: skip
    return Matter(
        kind=kind,
        weight=weight,
        text=text,
        cited=cited,
        layer="roads",
        feature_id=road.id,
        facts=facts | more,
        source_file=road.source_path,
        shape=road.shape,
    )
