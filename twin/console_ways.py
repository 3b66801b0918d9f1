"""Ways out of a conflict for the command line: a table in Vietnamese or English."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.markup import escape
from rich.table import Table

from twin.clash.accuracy import Wording
from twin.clash.ways.wording import CHANGES, leaving

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rich.console import RenderableType

    from twin.clash.proposal import Way, WaysOut

_HEADS = {
    "title": Wording(en="Ways out, each checked in full", vi="Phương án xử lý, đã kiểm tra đầy đủ từng phương án"),
    "none": Wording(en="No way out was found.", vi="Chưa tìm được phương án xử lý."),
    "change": Wording(en="Change", vi="Thay đổi"),
    "what": Wording(en="What to do", vi="Cách làm"),
    "result": Wording(en="Then", vi="Kết quả"),
    "brings": Wording(en="It touches, too", vi="Ảnh hưởng thêm"),
    "without": Wording(en="Not possible", vi="Không khả thi"),
}


def show_ways(found: WaysOut, lang: str) -> Iterator[RenderableType]:
    """What to change, best first, and why the rest is no way out."""
    if found.ways:
        table = Table(title=_say("title", lang), title_justify="left")
        for word in ("change", "what", "result", "brings"):
            table.add_column(_say(word, lang), overflow="fold")
        for way in found.ways:
            table.add_row(*_cells(way, lang))
        yield table
    else:
        yield f"[bold]{_say('none', lang)}[/]"
    for change, reason in found.without:
        yield f"[dim]{_say('without', lang)}: {getattr(CHANGES[change], lang)}. {escape(getattr(reason, lang))}[/]"


def _cells(way: Way, lang: str) -> tuple[str, ...]:
    colour = "green" if way.is_clear else "yellow"
    caveats = "; ".join(getattr(caveat, lang) for caveat in way.caveats)
    brings = "; ".join(getattr(matter.text, lang) for matter in way.brings)
    return (
        getattr(CHANGES[way.change], lang),
        escape(getattr(way.text, lang)) + (f"\n[dim]{escape(caveats)}[/]" if caveats else ""),
        f"[{colour}]{escape(getattr(leaving(way.leaves), lang))}[/]",
        escape(brings or "–"),
    )


def _say(word: str, lang: str) -> str:
    text = _HEADS[word]
    return text.vi if lang == "vi" else text.en
