"""Rules as a report quotes them: for machines as JSON, for people as one sentence in each language."""

from __future__ import annotations

from dataclasses import asdict
from math import inf
from typing import TYPE_CHECKING, Any

from twin.clash.accuracy import Wording
from twin.clash.rulebook import Evidence
from twin.clash.rules import VERDICTS, Verdict
from twin.clash.spelling import spell

if TYPE_CHECKING:
    from twin.clash.clearance import Distance, Laying
    from twin.clash.rulebook import Citation, Edition
    from twin.clash.rules import Duty, Finding, Gap

EVIDENCE = {
    Evidence.OFFICIAL: Wording(en="", vi=""),
    Evidence.SECONDARY: Wording(en="not compared with the published text", vi="chưa đối chiếu với văn bản đã ban hành"),
    Evidence.MEMORY: Wording(
        en="from memory: compare with the published text", vi="theo trí nhớ: phải đối chiếu với văn bản đã ban hành"
    ),
}
DISCIPLINES = {
    "water": Wording(en="water", vi="cấp nước"),
    "wastewater": Wording(en="wastewater", vi="thoát nước thải"),
    "storm": Wording(en="storm water", vi="thoát nước mưa"),
    "combined": Wording(en="combined sewer", vi="thoát nước chung"),
    "power": Wording(en="power", vi="điện lực"),
    "telecom": Wording(en="telecom", vi="viễn thông"),
    "gas": Wording(en="gas", vi="khí đốt"),
    "lighting": Wording(en="lighting", vi="chiếu sáng"),
    "heat": Wording(en="heat", vi="cấp nhiệt"),
    "other": Wording(en="other", vi="khác"),
}
ASPECTS = {
    "plan": Wording(en="in plan", vi="trên mặt bằng"),
    "vertical": Wording(en="vertically at the crossing", vi="theo chiều đứng tại chỗ giao cắt"),
    "space": Wording(en="in space", vi="trong không gian"),
    "cover": Wording(en="cover", vi="chiều sâu đến đỉnh"),
}
ARRANGEMENTS = {
    "alongside": Wording(en="parallel", vi="đi song song"),
    "crossing": Wording(en="crossing", vi="giao cắt"),
    "beside": Wording(en="beside", vi="ở cạnh"),
}
DOUBTS = {
    "diameter_m": Wording(en="its diameter", vi="đường kính"),
    "voltage_v": Wording(en="its voltage", vi="điện áp"),
    "pressure_bar": Wording(en="its pressure", vi="áp lực"),
    "drinking": Wording(en="whether it is for drinking", vi="có phải nước sinh hoạt không"),
    "traffic": Wording(en="whether vehicles drive over it", vi="có xe chạy phía trên không"),
}
DRAFT_RULES = Wording(
    en="The rules ({name}, version {version}, {date}) are a draft: nobody answers for their figures yet.",
    vi="Bộ quy định ({name}, phiên bản {version}, {date}) là bản thảo: chưa ai chịu trách nhiệm về các con số.",
)
NOTHING_LAID = Wording(
    en="What will be laid is not stated: its distances from other utilities were not checked.",
    vi="Chưa khai báo công trình sẽ lắp đặt: chưa kiểm tra khoảng cách tới các công trình ngầm khác.",
)


def cite(cited: Citation) -> Wording:
    """The source, its clause, and how well the figure is known, as one phrase without a full stop."""
    return Wording(en=_phrase(cited, "en"), vi=_phrase(cited, "vi"))


def _phrase(cited: Citation, lang: str) -> str:
    clause = f", {getattr(cited.clause, lang)}" if cited.clause else ""
    doubt = getattr(EVIDENCE[cited.evidence], lang)
    return f"{getattr(cited.source.title, lang)}{clause} [{cited.id}]" + (f" ({doubt})" if doubt else "")


def citation_json(cited: Citation | None) -> dict[str, Any] | None:
    if cited is None:
        return None
    remark = cited.remark or cited.source.remark
    return {
        "id": cited.id,
        "source": asdict(cited.source.title),
        "clause": asdict(cited.clause) if cited.clause else None,
        "authority": cited.source.authority,
        "in_force_from": cited.source.in_force_from.isoformat() if cited.source.in_force_from else None,
        "evidence": cited.evidence,
        "verified": cited.is_verified,
        "remark": asdict(remark) if remark else None,
    }


def edition_json(edition: Edition) -> dict[str, Any]:
    return asdict(edition) | {"date": edition.date.isoformat()}


def finding_json(finding: Finding) -> dict[str, Any]:
    return {
        "verdict": finding.verdict,
        "meaning": asdict(VERDICTS[finding.verdict]),
        "aspect": finding.aspect,
        "arrangement": finding.arrangement,
        "limit_m": finding.limit_m,
        **_gap(finding.gap),
        "not_recorded": list(finding.doubts),
        "rule": citation_json(finding.cited),
    }


def duty_json(duty: Duty) -> dict[str, Any]:
    return {
        "action": duty.zone.action,
        "text": asdict(duty.zone.text),
        "verdict": duty.verdict,
        "measure": duty.zone.measure,
        "limit_m": duty.zone.limit_m,
        **_gap(duty.gap),
        "notice_days": duty.zone.notice_days,
        "rule": citation_json(duty.zone.cited),
    }


def laying_json(laying: Laying) -> dict[str, Any]:
    utility = laying.utility
    return {
        "discipline": utility.discipline,
        "subtype": utility.subtype,
        "material": utility.material,
        "outer_size_m": list(utility.size_m),
        "depth_m": utility.depth_m,
        "reference": utility.reference,
        "is_proven": laying.is_proven,
        "distances": [distance_json(distance) for distance in laying.distances],
        "covers": [finding_json(cover) for cover in laying.covers],
    }


def distance_json(distance: Distance) -> dict[str, Any]:
    return {
        "feature": {"collection": distance.layer, "id": distance.feature_id},
        "discipline": distance.discipline,
        "kind": distance.kind,
        "owner": distance.owner,
        **finding_json(distance.finding),
    }


def tell(finding: Finding) -> Wording:
    """A finding as one sentence: what was measured, what is asked, by whom, what is not recorded."""
    return Wording(en=_sentence(finding, "en"), vi=_sentence(finding, "vi"))


def _sentence(finding: Finding, lang: str) -> str:
    aspect, gap = getattr(ASPECTS[finding.aspect], lang), finding.gap.nominal_m
    kind = "" if finding.arrangement is None else f"{getattr(ARRANGEMENTS[finding.arrangement], lang)}, "
    measured = {"en": "not known", "vi": "chưa biết"}[lang] if gap is None else f"{spell(gap, lang, '.2f')} m"
    parts = [f"{kind}{aspect}: {measured}"]
    if finding.verdict is Verdict.POSSIBLE:
        parts[0] += {"en": ", at worst {} m", "vi": ", bất lợi nhất {} m"}[lang].format(
            spell(finding.gap.worst_m, lang, ".2f")
        )
    if finding.cited is not None:
        limit = "–" if finding.limit_m is None else f"{spell(finding.limit_m, lang)} m"
        parts.append(
            {"en": "least {}: {}", "vi": "tối thiểu {}: {}"}[lang].format(limit, getattr(cite(finding.cited), lang))
        )
    if finding.doubts:
        names = ", ".join(getattr(DOUBTS[doubt], lang) for doubt in finding.doubts)
        parts.append({"en": "not recorded: {}", "vi": "hồ sơ không ghi: {}"}[lang].format(names))
    return "; ".join(parts)


def _gap(gap: Gap) -> dict[str, float | None]:
    return {"measured_m": gap.nominal_m, "worst_m": None if gap.worst_m in (inf, -inf) else gap.worst_m}
