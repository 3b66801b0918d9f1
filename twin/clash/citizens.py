"""Open reports of citizens near a dig: told, and where the topic is a sign of something hidden, with what it means."""

from __future__ import annotations

from typing import TYPE_CHECKING

import shapely

from layers.citizen_reports import ReportStatus, Topic
from twin.clash.accuracy import Wording
from twin.clash.compass import compass
from twin.clash.spelling import comma
from twin.clash.surroundings import Kind, Matter, Weight

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from datetime import date

    from layers.surroundings import NearReport
    from twin.clash.situation import Situation

_TOPICS = {
    Topic.WATER: Wording(en="water supply", vi="cấp nước"),
    Topic.GAS: Wording(en="gas", vi="khí đốt"),
    Topic.POWER: Wording(en="electricity", vi="điện"),
    Topic.COLLAPSE: Wording(en="collapse", vi="sụt lún"),
    Topic.SEWER: Wording(en="sewer", vi="thoát nước"),
    Topic.FLOODING: Wording(en="flooding", vi="ngập úng"),
    Topic.TELECOM: Wording(en="telecommunication", vi="viễn thông"),
    Topic.LIGHTING: Wording(en="street lighting", vi="chiếu sáng"),
    Topic.ROAD: Wording(en="road", vi="đường, vỉa hè"),
    Topic.TREE: Wording(en="tree", vi="cây xanh"),
    Topic.WASTE: Wording(en="waste", vi="rác thải"),
    Topic.OTHER: Wording(en="other", vi="khác"),
}
_STATES = {
    ReportStatus.OPEN: Wording(en="open", vi="chưa xử lý"),
    ReportStatus.IN_PROGRESS: Wording(en="in progress", vi="đang xử lý"),
}
_WITHIN = Wording(en="within the dig", vi="trong phạm vi hố đào")


def judge_reports(reports: Sequence[NearReport], situation: Situation, today: date | None) -> Iterator[Matter]:
    """One matter a report that is near enough for its topic; none of them makes a dig clear, or not clear."""
    rule = situation.book.reports
    for report in reports:
        sign = rule.signs.get(Topic(report.topic).value)
        if report.distance_m <= (rule.within_m if sign is None else rule.signs_within_m):
            yield _tell(report, situation, sign, _age_days(report, today))


def _tell(report: NearReport, situation: Situation, sign: Wording | None, age_days: int | None) -> Matter:
    place, point = _place(report, situation)
    name = " ".join(filter(None, (report.reference, report.service and f"({report.service})")))
    texts = {}
    for lang in ("en", "vi"):
        words = (_TOPICS[Topic(report.topic)], _STATES[ReportStatus(report.status)], place)
        topic, state, where = (getattr(word, lang) for word in words)
        told = filter(None, (state, _age(age_days, lang), report.unit and _unit(report.unit, lang), where))
        lead = {"en": "Report of a citizen", "vi": "Phản ánh của người dân"}[lang]
        texts[lang] = f"{lead} {name or '?'}, {topic}: {', '.join(told)}"
        texts[lang] += "" if sign is None else f". {_warning(sign, lang)}"
    rule = situation.book.reports
    return Matter(
        kind=Kind.REPORT,
        weight=Weight.INFORMS if sign is None else Weight(rule.weight),
        text=Wording(**texts),
        cited=rule.cited,
        layer="citizen_reports",
        feature_id=report.id,
        facts={
            "reference": report.reference, "service": report.service, "topic": report.topic, "state": report.status,
            "reported_on": report.reported_on and report.reported_on.isoformat(),
            "updated_on": report.updated_on and report.updated_on.isoformat(),
            "age_days": age_days, "unit": report.unit, "distance_m": report.distance_m, "direction": point,
            "is_sign": sign is not None,
        },
        source_file=report.source_path,
        shape=report.shape,
    )  # fmt: skip


def _age_days(report: NearReport, today: date | None) -> int | None:
    """None where no day is recorded, and of a day to come, which is wrong."""
    if today is None or report.reported_on is None or report.reported_on > today:
        return None
    return (today - report.reported_on).days


def _age(days: int | None, lang: str) -> str:
    if days is None:
        return {"en": "age not recorded", "vi": "chưa rõ ngày phản ánh"}[lang]
    return {"en": f"{days} days old", "vi": f"đã {days} ngày"}[lang]


def _unit(unit: str, lang: str) -> str:
    return {"en": f"with {unit}", "vi": f"đơn vị xử lý: {unit}"}[lang]


def _warning(sign: Wording, lang: str) -> str:
    return {"en": f"A warning sign: {sign.en}", "vi": f"Dấu hiệu cảnh báo: {sign.vi}"}[lang]


def _place(report: NearReport, situation: Situation) -> tuple[Wording, str | None]:
    """Distance and direction from the dig, and the point of the compass in English; None within it."""
    if report.distance_m == 0:
        return _WITHIN, None
    (x, y), (to_x, to_y) = shapely.get_coordinates(shapely.shortest_line(situation.area, report.shape)).tolist()
    point = compass(to_x - x, to_y - y)
    place = Wording(
        en=f"{report.distance_m:.1f} m to the {point.en}",
        vi=f"cách {comma(report.distance_m, '.1f')} m về phía {point.vi}",
    )
    return place, point.en
