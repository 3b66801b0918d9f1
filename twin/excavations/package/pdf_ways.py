"""Ways out of a conflict in the PDF."""

from __future__ import annotations

from typing import TYPE_CHECKING

from twin.excavations.package import pdf_parts as parts
from twin.excavations.package.pdf_parts import WIDE_ROOM_MM, lead, plain, rule_table, write
from twin.excavations.package.ways import list_reasons, list_ways

if TYPE_CHECKING:
    from collections.abc import Iterator

    from reportlab.platypus import Flowable

    from twin.excavations.package.drawings import Drawings

_COLUMNS = ("number", "change", "what_to_do", "result", "brings")
_SHARES = (0.04, 0.14, 0.42, 0.16, 0.24)


def tell_ways(drawings: Drawings) -> Iterator[Flowable]:
    """What to change, best first, and why other changes do not help."""
    words, report = drawings.words, drawings.survey.report
    if report.ways_out is None:
        return
    yield from lead("ways", words)
    rows = [
        [
            write(row.mark, parts.CELL),
            write(f"<b>{plain(row.change)}</b>", parts.CELL),
            write(f'{plain(row.text)}<br/><font size="6.5" color="#555555">{plain(row.caveats)}</font>', parts.CELL),
            write(f"<b>{plain(row.result)}</b>", parts.CELL),
            write(plain(row.brings), parts.CELL),
        ]
        for row in list_ways(report, words)
    ]
    if rows:
        yield write(plain(words.say("ways_text")), parts.BODY)
        head = [write(words.say(name), parts.HEAD) for name in _COLUMNS]
        yield rule_table([head, *rows], _SHARES, WIDE_ROOM_MM)
    else:
        yield write(plain(words.say("no_way")), parts.BODY)
    for reason in list_reasons(report, words):
        yield write(plain(f"{words.say('not_possible')}: {reason}"), parts.CELL)
