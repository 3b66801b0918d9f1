"""Ways out of a conflict, in words."""

from __future__ import annotations

import json
from base64 import b64encode
from dataclasses import dataclass
from typing import TYPE_CHECKING

from twin.clash.ways.wording import CHANGES, leaving
from twin.excavations.package.lettering import compose
from twin.excavations.package.proposals import mark_of

if TYPE_CHECKING:
    from twin.clash.proposal import Way
    from twin.clash.report import ClashReport
    from twin.excavations.package.words import Words


@dataclass(frozen=True, slots=True)
class WayRow:
    """One change: what to do, what the full check then says, what else it touches, and what was assumed."""

    number: int
    change: str
    text: str
    result: str
    brings: str
    caveats: str
    is_clear: bool
    # Its mark in the plan, and the request to be sent back, as a data address.
    mark: str
    request: str


def list_ways(report: ClashReport, words: Words) -> list[WayRow]:
    """Best first; empty where there is none or nobody looked."""
    if report.ways_out is None:
        return []
    return [_row(number, way, words) for number, way in enumerate(report.ways_out.ways, start=1)]


def _row(number: int, way: Way, words: Words) -> WayRow:
    return WayRow(
        number,
        words.wording(CHANGES[way.change]),
        words.wording(way.text),
        words.wording(leaving(way.leaves)),
        compose("; ".join(words.wording(matter.text) for matter in way.brings)) or "–",
        "; ".join(words.wording(caveat) for caveat in way.caveats),
        way.is_clear,
        mark_of(number, words),
        f"data:application/geo+json;base64,{b64encode(json.dumps(dict(way.request)).encode()).decode()}",
    )


def list_reasons(report: ClashReport, words: Words) -> list[str]:
    """Why other changes are no way out."""
    if report.ways_out is None:
        return []
    return [f"{words.wording(CHANGES[change])}: {words.wording(why)}" for change, why in report.ways_out.without]
