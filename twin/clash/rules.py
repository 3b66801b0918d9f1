"""Which rule holds between two buried objects, and whether it is kept: pure functions over rules and distances.

The rules come as a `RuleBook` (see `rulebook`), the distances as a `Meeting` (see `meeting`). What a record does not
say makes a rule doubtful, never void: where a rule may hold and is not kept the verdict is unknown.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from math import inf
from typing import NamedTuple

from twin.clash.accuracy import Wording
from twin.clash.rulebook import Arrangement, Aspect, Citation, Condition, RuleBook, Zone

# Distances are compared to the micrometre, as they are reported.
_SAME_M = 5e-7
# Touching counts as sharing one place.
_TOUCHING_M = 1e-6
_ALL = (True, True)
_MOST_CHOSEN = 100_000


class Verdict(StrEnum):
    """Ordered from the worst. Only `kept` and `joined` leave nothing to ask."""

    BROKEN = "broken"
    POSSIBLE = "possible"
    UNKNOWN = "unknown"
    NO_RULE = "no_rule"
    JOINED = "joined"
    KEPT = "kept"


VERDICTS = {
    Verdict.BROKEN: Wording(en="The distance on record is less than the rule asks.",
                            vi="Khoảng cách theo hồ sơ nhỏ hơn quy định."),
    Verdict.POSSIBLE: Wording(en="The distance may be less than the rule asks within the accuracy of the records.",
                              vi="Trong phạm vi sai số hồ sơ, khoảng cách có thể nhỏ hơn quy định."),
    Verdict.UNKNOWN: Wording(en="The records do not say enough to call the rule kept.",
                             vi="Hồ sơ không đủ để kết luận là đạt quy định."),
    Verdict.NO_RULE: Wording(en="No rule is known here: ask the owners, nobody has called this distance safe.",
                             vi="Chưa có quy định cho trường hợp này: phải hỏi chủ sở hữu, chưa ai nói là an toàn."),
    Verdict.JOINED: Wording(en="The two are joined here, so no distance is asked.",
                            vi="Hai đối tượng đấu nối tại đây nên không xét khoảng cách."),
    Verdict.KEPT: Wording(en="The rule is kept.", vi="Đạt quy định."),
}  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Subject:
    """What the rules ask of one buried object; None is not recorded. Without `columns` no clearance is known.

    `diameter_m` is the size its trade names it by; `traffic` whether vehicles drive over it.
    """

    discipline: str
    columns: tuple[str, ...]
    diameter_m: float | None = None
    voltage_v: float | None = None
    pressure_bar: float | None = None
    drinking: bool | None = None
    traffic: bool | None = None
    level: str | None = None


class Gap(NamedTuple):
    """A distance between two outsides in metres, and what is left of it when everything not known is at its worst.

    `nominal_m` is None where a section or an elevation is not recorded; `worst_m` is -inf where nothing is proven.
    """

    nominal_m: float | None
    worst_m: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Meeting:
    """How two objects lie to each other; a gap is None where they do not lie to each other that way.

    `alongside` and `beside` are plan gaps, `crossing` is the vertical gap where they overlap in plan, `space` the 3D
    gap. `parallel_m` is the length that runs alongside, `angle_deg` the angle of the crossing.
    """

    plan: Gap
    space: Gap
    alongside: Gap | None = None
    beside: Gap | None = None
    crossing: Gap | None = None
    parallel_m: float = 0.0
    angle_deg: float | None = None
    is_joined: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One rule held against one pair, object or dig; `doubts` are the properties that decide and are not recorded."""

    verdict: Verdict
    aspect: Aspect
    arrangement: Arrangement | None
    gap: Gap
    limit_m: float | None
    cited: Citation | None
    doubts: tuple[str, ...] = ()


class Duty(NamedTuple):
    """What a dig near an object asks of the digger, and how near it is."""

    zone: Zone
    verdict: Verdict
    gap: Gap


def judge_pair(book: RuleBook, a: Subject, b: Subject, meeting: Meeting) -> tuple[Finding, ...]:
    """Every distance of a pair against the rule that binds it, worst first.

    Swapping a and b changes nothing. A pair without a rule is found, too, as `no_rule`, as far as any rule reaches.
    A finding whose `limit_m` is None is of a source that asks for no distance.
    """
    if meeting.is_joined and (a.discipline == b.discipline or set(a.columns) & set(b.columns)):
        return (_finding(Verdict.JOINED, (Aspect.PLAN, None, meeting.plan)),)
    found = [finding for measured in _measured(meeting) for finding in _judge(book, a, b, measured)]
    found += _judge_contact(book, meeting.space, found)
    order = list(Verdict)
    return tuple(sorted(found, key=lambda finding: order.index(finding.verdict)))


def judge_cover(book: RuleBook, subject: Subject, cover: Gap) -> tuple[Finding, ...]:
    """The cover of an object against the rules of its columns; `no_rule` where none is known for any of them."""
    rules = [rule for rule in book.covers if rule.column in subject.columns]
    if not rules:
        return (_finding(Verdict.NO_RULE, (Aspect.COVER, None, cover)),)
    standing = [(rule, _holds(rule.when, {None: (subject,)})) for rule in rules]
    candidates = [_Candidate(rule.cited, rule.limit_m, truth) for rule, truth in standing]
    binding, doubtful = _choose(book, candidates)
    return tuple(_conclude((Aspect.COVER, None, cover), binding, doubtful))


def judge_zones(zones: Iterable[Zone], plan: Gap, space: Gap) -> tuple[Duty, ...]:
    """The duties of a digger whose dig has these gaps to an object with these zones."""
    found = []
    for zone in zones:
        gap = space if zone.measure is Aspect.SPACE else plan
        verdict = judge_gap(zone.limit_m, gap)
        if verdict is not Verdict.KEPT:
            found.append(Duty(zone, verdict, gap))
    return tuple(found)


def judge_gap(limit_m: float | None, gap: Gap) -> Verdict:
    """A gap against a limit; comparisons are such that a NaN could never end in `kept`."""
    if limit_m is None:
        return Verdict.KEPT
    if gap.nominal_m is not None and gap.nominal_m < limit_m - _SAME_M:
        return Verdict.BROKEN
    if gap.worst_m >= limit_m - _SAME_M:
        return Verdict.KEPT
    return Verdict.UNKNOWN if gap.nominal_m is None or gap.worst_m == -inf else Verdict.POSSIBLE


def _judge_contact(book: RuleBook, space: Gap, found: Sequence[Finding]) -> Iterator[Finding]:
    """That two objects share one place; that they may, where no rule already says that something is open."""
    verdict = judge_gap(_TOUCHING_M, space)
    is_open = any(finding.verdict is not Verdict.KEPT for finding in found)
    if verdict is Verdict.BROKEN or (verdict is not Verdict.KEPT and not is_open):
        yield Finding(
            verdict=verdict, aspect=Aspect.SPACE, arrangement=None, gap=space, limit_m=0.0, cited=book.contact.cited
        )


type _Measured = tuple[Aspect, Arrangement | None, Gap]


@dataclass(frozen=True, slots=True)
class _Candidate:
    """A rule that holds (True) or may hold (None), with what is not known."""

    cited: Citation
    limit_m: float | None
    truth: "_Truth"

    @property
    def strictness(self) -> float:
        return -inf if self.limit_m is None else self.limit_m


type _Chosen = tuple[tuple[_Candidate | None, tuple[_Candidate, ...]], ...]


@dataclass(frozen=True, slots=True)
class _Truth:
    holds: bool | None
    doubts: tuple[str, ...] = ()


def _measured(meeting: Meeting) -> Iterator[_Measured]:
    if meeting.alongside is not None:
        yield Aspect.PLAN, Arrangement.ALONGSIDE, meeting.alongside
    if meeting.beside is not None:
        yield Aspect.PLAN, Arrangement.BESIDE, meeting.beside
    if meeting.crossing is not None:
        yield Aspect.VERTICAL, Arrangement.CROSSING, meeting.crossing
    yield Aspect.SPACE, None, meeting.space


def _judge(book: RuleBook, a: Subject, b: Subject, measured: _Measured) -> Iterator[Finding]:
    aspect, arrangement, gap = measured
    chosen = _choose_rules(book, a, b, aspect, arrangement)
    bindings = [binding for binding, _ in chosen if binding is not None]
    doubtful = [candidate for _, candidates in chosen for candidate in candidates]
    if not bindings and not doubtful:
        if aspect is not Aspect.SPACE and not gap.worst_m >= book.reach_m:
            yield _finding(Verdict.NO_RULE, measured)
        return
    binding = max(bindings, key=lambda candidate: candidate.strictness, default=None)
    yield from _conclude(measured, binding, doubtful)


def _choose_rules(book: RuleBook, a: Subject, b: Subject, aspect: Aspect, arrangement: Arrangement | None) -> _Chosen:
    """The rules of each cell; there are few kinds of subjects, and many pairs of each."""
    key = (a, b, aspect, arrangement)
    known: _Chosen | None = book.chosen.get(key)
    if known is None:
        if len(book.chosen) >= _MOST_CHOSEN:
            book.chosen.clear()
        known = book.chosen[key] = tuple(
            _choose(book, _candidates(book, (a, first), (b, second), aspect, arrangement))
            for first in a.columns
            for second in b.columns
        )
    return known


def _candidates(
    book: RuleBook,
    a: tuple[Subject, str],
    b: tuple[Subject, str],
    aspect: Aspect,
    arrangement: Arrangement | None,
) -> Iterator[_Candidate]:
    """The rules of one cell that hold or may hold."""
    subjects: dict[str | None, tuple[Subject, ...]] = {}
    for subject, column in (a, b):
        subjects[column] = (*subjects.get(column, ()), subject)
    subjects["larger"] = (a[0], b[0])
    for rule in book.find_pair(a[1], b[1]):
        if rule.aspect is aspect and (arrangement is None or arrangement in rule.arrangements):
            limit_m = None if rule.limit_m == "none" else rule.limit_m
            yield _Candidate(rule.cited, limit_m, _holds(rule.when, subjects))


def _choose(book: RuleBook, candidates: Iterable[_Candidate]) -> tuple[_Candidate | None, tuple[_Candidate, ...]]:
    """The strictest rule of the first authority that has one, and the rules that may bind more than it."""
    ranked = [(book.precedence.index(c.cited.source.authority), c) for c in candidates if c.truth.holds is not False]
    first = min((rank for rank, c in ranked if c.truth.holds), default=len(book.precedence))
    binding = max(
        (c for rank, c in ranked if c.truth.holds and rank == first), key=lambda c: c.strictness, default=None
    )
    least = -inf if binding is None else binding.strictness
    doubtful = (c for rank, c in ranked if c.truth.holds is None and rank <= first and c.strictness > least)
    return binding, tuple(doubtful)


def _conclude(measured: _Measured, binding: _Candidate | None, doubtful: Sequence[_Candidate]) -> Iterator[Finding]:
    gap = measured[2]
    verdict = Verdict.KEPT
    if binding is not None:
        verdict = judge_gap(binding.limit_m, gap)
        yield _finding(verdict, measured, binding)
    strictest = max(doubtful, key=lambda candidate: candidate.strictness, default=None)
    if strictest is not None and judge_gap(strictest.limit_m, gap) is not Verdict.KEPT:
        if verdict is not Verdict.BROKEN:
            yield _finding(Verdict.UNKNOWN, measured, strictest)
    elif binding is None and strictest is not None:
        yield _finding(Verdict.KEPT, measured, strictest)


def _finding(verdict: Verdict, measured: _Measured, candidate: _Candidate | None = None) -> Finding:
    aspect, arrangement, gap = measured
    return Finding(
        verdict=verdict,
        aspect=aspect,
        arrangement=arrangement,
        gap=gap,
        limit_m=None if candidate is None else candidate.limit_m,
        cited=None if candidate is None else candidate.cited,
        doubts=() if candidate is None else candidate.truth.doubts,
    )


def _holds(when: Sequence[Condition], subjects: Mapping[str | None, tuple[Subject, ...]]) -> _Truth:
    """Whether all conditions hold; None with their properties where records do not say."""
    doubts = []
    for condition in when:
        truth = _test(condition, subjects[condition.of])
        if truth is False:
            return _Truth(holds=False)
        if truth is None:
            doubts.append(condition.property)
    return _Truth(holds=None if doubts else True, doubts=tuple(dict.fromkeys(doubts)))


def _test(condition: Condition, subjects: tuple[Subject, ...]) -> bool | None:
    """Of two subjects of one column either may fulfil a condition, but for `larger`, which is of both."""
    values = [getattr(subject, condition.property) for subject in subjects]
    if condition.of == "larger":
        ranges = [_range(value) for value in values]
        return _within(condition, max(low for low, _ in ranges), max(high for _, high in ranges))
    truths = [_meets(condition, value) for value in values]
    return True if True in truths else None if None in truths else False


def _meets(condition: Condition, value: float | bool | None) -> bool | None:
    if condition.equals is not None:
        return None if value is None else value is condition.equals
    return _within(condition, *_range(value))


def _range(value: float | None) -> tuple[float, float]:
    return (0.0, inf) if value is None else (value, value)


def _within(condition: Condition, low: float, high: float) -> bool | None:
    """Whether all (True), none (False) or some (None) of the numbers from low to high fulfil a condition."""
    c = condition
    tests = (
        (low >= c.at_least, high >= c.at_least) if c.at_least is not None else _ALL,
        (low > c.above, high > c.above) if c.above is not None else _ALL,
        (low <= c.at_most, high <= c.at_most) if c.at_most is not None else _ALL,
        (low < c.below, high < c.below) if c.below is not None else _ALL,
    )
    if any(not first and not last for first, last in tests):
        return False
    return True if all(first and last for first, last in tests) else None
