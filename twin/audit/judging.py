"""Couples of recorded objects held to the rules: what is kept of each, and what is only counted."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field, replace
from math import inf, isfinite
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import shapely

from layers.audit import Pair
from twin.audit.network import Party, Remark, beyond_joints, have_same_ends, in_one_bank, in_one_network, remark_on
from twin.clash.accuracy import read_accuracies
from twin.clash.meeting import Placed, meet
from twin.clash.records import read_utility
from twin.clash.rules import Finding, Verdict, judge_pair
from twin.clash.subjects import subject_of

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from numpy.typing import NDArray

    from layers.candidates import Recorded
    from twin.clash.rulebook import RuleBook
    from twin.clash.rules import Meeting

_WORDS = {Verdict.BROKEN: "definite", Verdict.POSSIBLE: "possible", Verdict.UNKNOWN: "unknown"}
_ORDER = tuple(_WORDS)
# What is kept of an object beside a pair; its row may be replaced before anybody reads the report.
_KEPT = ("id", "discipline", "subtype", "owner", "owner_ref", "status", "material", "outer_width_m", "quality_level",
         "schematic", "source_row")  # fmt: skip

type Joints = dict[int, set[int]]


@dataclass(slots=True)
class Tally:
    """What became of couples: kept, too far, joined, without a rule, and those that are open."""

    counts: Counter[str] = field(default_factory=Counter)
    no_rule: Counter[str] = field(default_factory=Counter)

    def to_json(self) -> dict[str, Any]:
        return {**self.counts, "no_rule_between": dict(self.no_rule)}


def read_party(row: Recorded, book: RuleBook) -> Party:
    """An object as the audit sees it; its accuracy is that of its depth below the ground of its own record."""
    table = read_accuracies()
    utility = read_utility(row.id, row, heights=True)
    ground_m = row.ground_m
    depth_m = ground_m - min(p[2] for p in utility.points) if ground_m is not None and utility.elevation_known else None
    placed = Placed(utility, table.resolve(utility.quality, depth_m), table.unknown_radius_m)
    return Party(row, subject_of(row, book, table), placed)


def judge_couples(
    couples: Sequence[tuple[Party, Party]], book: RuleBook, find_joints: Callable[[list[int]], Joints], tally: Tally
) -> list[Pair]:
    """A pair for every couple that is not proven to keep its distance; all others are counted."""
    meetings = meet([(a.placed, b.placed) for a, b in couples], book.parallels)
    near = [(a, b, m) for (a, b), m in zip(couples, meetings, strict=True) if m.plan.worst_m < book.reach_m]
    tally.counts["apart"] += len(couples) - len(near)
    joined = _find_joined(near, book, find_joints)
    beyond = iter(_judge_beyond([(a, b) for (a, b, _), is_joined in zip(near, joined, strict=True) if is_joined], book))
    open_: list[_Open] = []
    for (a, b, meeting), is_joined in zip(near, joined, strict=True):
        findings = next(beyond) if is_joined else judge_pair(book, a.subject, b.subject, _parted(meeting))
        found = sorted((finding for finding in findings if finding.verdict in _WORDS), key=_badness)
        if found:
            tally.counts[_WORDS[found[0].verdict]] += 1
            open_.append(_Open(a, b, found, None if is_joined else _remark(a, b, book)))
        else:
            _count_closed(a, b, findings, tally, is_joined=is_joined)
    return [_pair(each, place) for each, place in zip(open_, _find_places(open_), strict=True)]


class _Open(NamedTuple):
    a: Party
    b: Party
    found: Sequence[Finding]
    remark: Remark | None


def _remark(a: Party, b: Party, book: RuleBook) -> Remark | None:
    return remark_on(a, b, book.parallels.joined_within_m) if in_one_network(a, b) else None


def _count_closed(a: Party, b: Party, findings: Sequence[Finding], tally: Tally, *, is_joined: bool) -> None:
    has_no_rule = any(finding.verdict is Verdict.NO_RULE for finding in findings)
    tally.counts["joined" if is_joined else "no_rule" if has_no_rule else "kept"] += 1
    if has_no_rule and not is_joined:
        tally.no_rule[" / ".join(sorted((a.subject.discipline, b.subject.discipline)))] += 1


def _parted(meeting: Meeting) -> Meeting:
    return replace(meeting, is_joined=False) if meeting.is_joined else meeting


def _find_joined(
    near: Sequence[tuple[Party, Party, Meeting]], book: RuleBook, find_joints: Callable[[list[int]], Joints]
) -> list[bool]:
    """Whether each couple is joined: in one bank, end to body, or in one node."""
    within_m = book.parallels.joined_within_m
    joined, asked = [], []
    for index, (a, b, meeting) in enumerate(near):
        own = in_one_network(a, b) and not have_same_ends(a, b, within_m)
        joined.append(in_one_bank(a, b) or (own and meeting.is_joined))
        if own and not joined[-1] and a.is_line and b.is_line:
            asked.append(index)
    numbers = sorted({party.row.id for index in asked for party in near[index][:2]})
    nodes = find_joints(numbers) if numbers else {}
    for index in asked:
        a, b, _ = near[index]
        joined[index] = not nodes.get(a.row.id, set()).isdisjoint(nodes.get(b.row.id, ()))
    return joined


def _judge_beyond(joined: Sequence[tuple[Party, Party]], book: RuleBook) -> list[tuple[Finding, ...]]:
    """Of each joined couple only how the two run alongside each other beyond where they are joined."""
    limits = book.parallels
    rests = [
        None if in_one_bank(a, b) else beyond_joints(a, b, limits.within_m, limits.joined_within_m) for a, b in joined
    ]
    meetings = iter(meet([rest for rest in rests if rest is not None], limits))
    return [
        () if rest is None else _judge_alongside(a, b, next(meetings), book)
        for (a, b), rest in zip(joined, rests, strict=True)
    ]


def _judge_alongside(a: Party, b: Party, meeting: Meeting, book: RuleBook) -> tuple[Finding, ...]:
    if meeting.alongside is None:
        return ()
    found = judge_pair(book, a.subject, b.subject, replace(meeting, is_joined=False, beside=None, crossing=None))
    return tuple(finding for finding in found if finding.arrangement is not None or finding.verdict is Verdict.BROKEN)


def _badness(finding: Finding) -> tuple[int, float]:
    gap_m = finding.gap.nominal_m if finding.gap.nominal_m is not None else finding.gap.worst_m
    return _ORDER.index(finding.verdict), gap_m - (finding.limit_m or 0.0)


def _pair(each: _Open, place: tuple[float, float]) -> Pair:
    worst, *more = (_finding(finding) for finding in each.found)
    return Pair(
        **worst, remark=each.remark, more=more, first=_about(each.a), second=_about(each.b), x=place[0], y=place[1]
    )


def _find_places(pairs: Sequence[_Open]) -> list[tuple[float, float]]:
    """The middle of the shortest line in plan between the two of each."""
    if not pairs:
        return []
    lines = shapely.shortest_line(_draw([each.a for each in pairs]), _draw([each.b for each in pairs]))
    middles = shapely.get_coordinates(lines).reshape(-1, 2, 2).mean(axis=1)
    return [(x, y) for x, y in middles.tolist()]


def _draw(parties: Sequence[Party]) -> NDArray[np.object_]:
    axes = [party.placed.utility.points for party in parties]
    owners = np.repeat(np.arange(len(axes)), [len(axis) for axis in axes])
    return np.asarray(shapely.linestrings([point[:2] for axis in axes for point in axis], indices=owners))


def _finding(finding: Finding) -> dict[str, Any]:
    worst_m = finding.gap.worst_m
    return {
        "verdict": _WORDS[finding.verdict],
        "aspect": str(finding.aspect),
        "arrangement": None if finding.arrangement is None else str(finding.arrangement),
        "limit_m": finding.limit_m,
        "measured_m": finding.gap.nominal_m,
        "worst_m": worst_m if isfinite(worst_m) and worst_m < inf else None,
        "rule": None if finding.cited is None else finding.cited.id,
        "doubts": list(finding.doubts),
    }


def _about(party: Party) -> dict[str, Any]:
    row = party.row
    has_elevation = party.placed.utility.elevation_known
    kept = {name: getattr(row, name) for name in _KEPT}
    return {"layer": row.layer, **kept, "source_file": row.source_path, "has_elevation": has_elevation}
