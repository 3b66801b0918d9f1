"""Rules and surroundings of a check for the command line: tables in Vietnamese or English."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.markup import escape
from rich.table import Table

from layers.catalog import find_layer
from twin.clash.accuracy import Wording
from twin.clash.citing import DISCIPLINES, cite, tell
from twin.clash.rules import Verdict
from twin.clash.surroundings import Kind, Weight

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rich.console import RenderableType

    from twin.clash.clearance import Laying
    from twin.clash.report import ClashReport
    from twin.clash.surroundings import Surroundings

_VERDICTS = {
    Verdict.BROKEN: Wording(en="[bold red]broken[/]", vi="[bold red]vi phạm[/]"),
    Verdict.POSSIBLE: Wording(en="[yellow]perhaps broken[/]", vi="[yellow]có thể vi phạm[/]"),
    Verdict.UNKNOWN: Wording(en="[magenta]not known[/]", vi="[magenta]chưa biết[/]"),
    Verdict.NO_RULE: Wording(en="[magenta]no rule[/]", vi="[magenta]chưa có quy định[/]"),
    Verdict.JOINED: Wording(en="joined", vi="đấu nối"),
    Verdict.KEPT: Wording(en="[green]kept[/]", vi="[green]đạt[/]"),
}
_WEIGHTS = {
    Weight.FORBIDS: Wording(en="[bold red]forbids[/]", vi="[bold red]cấm[/]"),
    Weight.DEMANDS: Wording(en="[yellow]demands[/]", vi="[yellow]yêu cầu[/]"),
    Weight.UNKNOWN: Wording(en="[magenta]not known[/]", vi="[magenta]chưa biết[/]"),
    Weight.WARNS: Wording(en="[yellow]warns[/]", vi="[yellow]cảnh báo[/]"),
    Weight.PROPOSES: Wording(en="[green]proposes[/]", vi="[green]đề xuất[/]"),
    Weight.INFORMS: Wording(en="for information", vi="thông tin"),
}
KINDS = {
    Kind.TREE: Wording(en="tree", vi="cây"),
    Kind.BUILDING: Wording(en="building", vi="công trình"),
    Kind.PARCEL: Wording(en="parcel", vi="thửa đất"),
    Kind.ROAD: Wording(en="road", vi="đường"),
    Kind.MORATORIUM: Wording(en="moratorium", vi="hạn chế đào"),
    Kind.HOURS: Wording(en="hours", vi="giờ thi công"),
    Kind.CLOSURE: Wording(en="closed season", vi="đợt dừng đào"),
    Kind.WARD: Wording(en="ward", vi="phường, xã"),
    Kind.ZONE: Wording(en="zone", vi="khu vực"),
    Kind.REPORT: Wording(en="citizen report", vi="phản ánh"),
    Kind.REDELIVERED: Wording(en="record stands twice", vi="hồ sơ có hai bản"),
    Kind.OPEN_TOGETHER: Wording(en="other dig", vi="đợt đào khác"),
    Kind.DIG_ONCE: Wording(en="dig once", vi="đào một lần"),
    Kind.SEQUENCE: Wording(en="order of digs", vi="thứ tự đào"),
}
_HEADS = {
    "duties": Wording(en="What the digger must do", vi="Yêu cầu đối với đơn vị đào"),
    "objects": Wording(en="Objects", vi="Số công trình"),
    "source": Wording(en="Source", vi="Nguồn"),
    "laid": Wording(en="To be laid: {}", vi="Sẽ lắp đặt: {}"),
    "verdict": Wording(en="Verdict", vi="Kết luận"),
    "object": Wording(en="From", vi="Tới"),
    "finding": Wording(en="Distance and rule", vi="Khoảng cách và quy định"),
    "around": Wording(en="What else the dig touches", vi="Các đối tượng khác bị ảnh hưởng"),
    "weight": Wording(en="Weight", vi="Mức"),
    "kind": Wording(en="What", vi="Loại"),
    "matter": Wording(en="Matter", vi="Nội dung"),
    "kept": Wording(en="{} more distances are kept", vi="{} khoảng cách khác đạt quy định"),
    "cover": Wording(en="the ground", vi="mặt đất"),
    "not_loaded": Wording(en="Nothing is loaded of: {}. Of these nothing is known.",
                          vi="Chưa nạp: {}. Chưa biết gì về các lớp này."),
}  # fmt: skip


def show_review(report: ClashReport, lang: str) -> Iterator[RenderableType]:
    """Tables of duties, of distances of what will be laid, and of the surroundings, each where there is one."""
    if any(clash.duties for clash in report.clashes):
        yield _duties(report, lang)
    for laying in report.layings:
        yield from _laying(laying, lang)
    if report.surroundings is not None:
        yield from _surroundings(report.surroundings, lang)


def _duties(report: ClashReport, lang: str) -> Table:
    table = _table("duties", lang, "objects", "source")
    found = [duty for clash in report.clashes for duty in clash.duties]
    zones = {duty.zone.cited.id: duty.zone for duty in found}
    for zone in zones.values():
        count = sum(duty.zone is zone for duty in found)
        table.add_row(escape(_say(zone.text, lang)), str(count), escape(_say(cite(zone.cited), lang)))
    return table


def _laying(laying: Laying, lang: str) -> Iterator[RenderableType]:
    utility = laying.utility
    sides = "×".join(f"{side * 1000:.0f}" for side in dict.fromkeys(utility.size_m))
    discipline = _say(DISCIPLINES[utility.discipline], lang)
    name = " ".join(filter(None, (discipline, utility.subtype, utility.material, f"{sides} mm")))
    table = Table(title=escape(_head("laid", lang).format(name)), title_justify="left")
    for word in ("verdict", "object", "finding"):
        table.add_column(_head(word, lang), overflow="fold")
    for cover in laying.covers:
        table.add_row(_say(_VERDICTS[cover.verdict], lang), _head("cover", lang), escape(_say(tell(cover), lang)))
    kept = [d for d in laying.distances if d.finding.verdict is Verdict.KEPT]
    for distance in laying.distances:
        if distance.finding.verdict is not Verdict.KEPT:
            thing = " ".join(
                filter(None, (distance.owner or "?", _say(DISCIPLINES[distance.discipline], lang), distance.kind))
            )
            finding = distance.finding
            table.add_row(_say(_VERDICTS[finding.verdict], lang), escape(thing), escape(_say(tell(finding), lang)))
    yield table
    if kept:
        yield _head("kept", lang).format(len(kept))


def _surroundings(surroundings: Surroundings, lang: str) -> Iterator[RenderableType]:
    if surroundings.matters:
        table = Table(title=_head("around", lang), title_justify="left")
        for word in ("weight", "kind", "matter", "source"):
            table.add_column(_head(word, lang), overflow="fold")
        for matter in surroundings.matters:
            source = "" if matter.cited is None else _say(cite(matter.cited), lang)
            kind = _say(KINDS[matter.kind], lang)
            table.add_row(_say(_WEIGHTS[matter.weight], lang), kind, escape(_say(matter.text, lang)), escape(source))
        yield table
    if surroundings.not_loaded:
        titles = (find_layer(name).title for name in surroundings.not_loaded)
        yield _head("not_loaded", lang).format(", ".join(getattr(title, lang) for title in titles))


def _table(title: str, lang: str, *columns: str) -> Table:
    table = Table(title_justify="left")
    table.add_column(_head(title, lang), overflow="fold")
    for word in columns:
        table.add_column(_head(word, lang), overflow="fold")
    return table


def _head(word: str, lang: str) -> str:
    return _say(_HEADS[word], lang)


def _say(text: Wording, lang: str) -> str:
    return text.vi if lang == "vi" else text.en
