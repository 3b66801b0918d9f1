"""Which rule binds a pair: the table cell by cell, its notes, precedence, and what is not recorded."""

import itertools
from dataclasses import replace
from math import inf

import pytest
from hypothesis import given
from hypothesis import strategies as st

from twin.clash.rulebook import Action, Arrangement, Aspect
from twin.clash.rulefile import read_rules
from twin.clash.rules import (
    VERDICTS,
    Gap,
    Meeting,
    Subject,
    Verdict,
    judge_cover,
    judge_gap,
    judge_pair,
    judge_zones,
)

BOOK = read_rules()
COLUMNS = ("water", "wastewater", "storm", "power", "telecom", "channel")
# Written from docs, not from rules.toml: a slip of the finger there must show here.
PLAN = """
0.5 1.0 0.5 0.5 0.5 1.5
    0.4 0.4 0.5 0.5 1.0
        0.4 0.5 0.5 1.0
            0.1 0.5 2.0
                -   1.0
                    -
"""
VERTICAL = """
-   1.0 0.5 0.5 0.5 -
    -   0.4 0.5 0.5 -
        -   0.5 0.5 -
            0.1 0.5 -
                -   -
                    -
"""
FAR = Gap(inf, inf)


def a(column, **known):
    """A subject of one column; small enough, or of such use, that no note of the table touches it."""
    return Subject(discipline=column, columns=(column,), **({"diameter_m": 0.1, "drinking": False} | known))


def gap(nominal, off=0.0):
    return Gap(nominal, nominal - off)


def alongside(nominal, off=0.0):
    return Meeting(plan=gap(nominal, off), space=FAR, alongside=gap(nominal, off))


def beside(nominal):
    return Meeting(plan=gap(nominal), space=FAR, beside=gap(nominal))


def crossing(nominal):
    return Meeting(plan=gap(-0.1), space=FAR, crossing=gap(nominal))


def limit(first, second, meeting):
    """The limit that binds, None where the table asks for nothing."""
    (finding,) = judge_pair(BOOK, first, second, meeting)
    return finding.limit_m


def cells(table):
    rows = [line.split() for line in table.strip().splitlines()]
    for i, row in enumerate(rows):
        for j, cell in enumerate(row):
            yield COLUMNS[i], COLUMNS[i + j], None if cell == "-" else float(cell)


@pytest.mark.parametrize(("first", "second", "expected"), [*cells(PLAN)])
def test_horizontal_cells_of_the_table(first, second, expected):
    """Protects each horizontal figure of QCVN 01:2021 Table 2.30, beside and, but for notes, alongside."""
    assert limit(a(first), a(second), beside(0.7)) == expected
    if (first, second) != ("water", "water"):
        assert limit(a(second), a(first), alongside(0.7)) == expected


@pytest.mark.parametrize(("first", "second", "expected"), [*cells(VERTICAL)])
def test_vertical_cells_of_the_table(first, second, expected):
    """Protects each vertical figure, and that a crossing is never held to a horizontal one."""
    (finding,) = judge_pair(BOOK, a(first), a(second), crossing(0.3))
    assert (finding.aspect, finding.limit_m) == (Aspect.VERTICAL, expected)
    assert finding.cited.id.startswith("qcvn01-2.30-vertical/")


@pytest.mark.parametrize(
    ("first", "second", "meeting", "expected"),
    [
        (a("water", drinking=True), a("wastewater"), alongside(9), 1.5),
        (a("water", drinking=True, diameter_m=0.199), a("wastewater"), alongside(9), 1.5),
        (a("water", drinking=True, diameter_m=0.2), a("wastewater"), alongside(9), 3.0),
        (a("water", drinking=True, diameter_m=0.2), a("wastewater"), beside(9), 1.0),
        (a("water", drinking=False, diameter_m=0.2), a("wastewater"), alongside(9), 1.0),
        (a("water", diameter_m=0.3), a("telecom"), alongside(9), 0.5),
        (a("water", diameter_m=0.301), a("telecom"), alongside(9), 1.0),
        (a("water"), a("water", diameter_m=0.399), alongside(9), 0.7),
        (a("water"), a("water", diameter_m=0.4), alongside(9), 1.0),
        (a("water"), a("water", diameter_m=1.0), alongside(9), 1.0),
        (a("water"), a("water", diameter_m=1.2), alongside(9), 1.5),
    ],
)
def test_notes_of_the_table(first, second, meeting, expected):
    """Protects the notes and the side on which each boundary value falls."""
    assert limit(first, second, meeting) == limit(second, first, meeting) == expected


def test_combined_sewers_are_held_to_both_columns():
    """Protects the stricter of wastewater and storm for a sewer that is both."""
    combined = Subject(discipline="combined", columns=BOOK.columns["combined"])
    assert limit(combined, a("water"), beside(9)) == 1.0
    assert limit(combined, a("water"), crossing(9)) == 1.0


@pytest.mark.parametrize("discipline", ["gas", "heat", "lighting", "other"])
def test_a_discipline_without_a_column_is_said_aloud(discipline):
    """Protects gas, heat and lighting from silence: no rule is a finding, and never `kept`."""
    lacking = Subject(discipline=discipline, columns=BOOK.columns.get(discipline, ()))
    for meeting in (alongside(0.2), beside(2.9), crossing(0.0)):
        (finding,) = judge_pair(BOOK, lacking, a("water"), meeting)
        assert (finding.verdict, finding.cited, finding.limit_m) == (Verdict.NO_RULE, None, None)
    assert judge_pair(BOOK, lacking, a("water"), beside(3.0)) == (), "further than any rule reaches"


def test_an_unrecorded_size_is_a_doubt_not_a_pardon():
    """Protects a water main of unknown size: what a note may ask is unknown, what the cell asks stays broken."""
    unknown = a("water", diameter_m=None)
    kept, doubt = sorted(judge_pair(BOOK, unknown, a("telecom"), beside(0.7)), key=lambda f: f.limit_m)
    assert (kept.verdict, kept.limit_m) == (Verdict.KEPT, 0.5)
    assert (doubt.verdict, doubt.limit_m, doubt.doubts) == (Verdict.UNKNOWN, 1.0, ("diameter_m",))
    (broken,) = judge_pair(BOOK, unknown, a("telecom"), beside(0.3))
    assert (broken.verdict, broken.limit_m) == (Verdict.BROKEN, 0.5)
    (far,) = judge_pair(BOOK, unknown, a("telecom"), beside(1.0))
    assert (far.verdict, far.limit_m) == (Verdict.KEPT, 0.5)


@pytest.mark.parametrize(
    ("measured", "verdict"),
    [
        (Gap(0.4, 0.4), Verdict.BROKEN),
        (Gap(0.5, 0.5), Verdict.KEPT),
        (Gap(0.4999999, 0.4999999), Verdict.KEPT),
        (Gap(0.499999, 0.499999), Verdict.BROKEN),
        (Gap(0.7, 0.4), Verdict.POSSIBLE),
        (Gap(0.7, -inf), Verdict.UNKNOWN),
        (Gap(0.4, -inf), Verdict.BROKEN),
        (Gap(None, 0.4), Verdict.UNKNOWN),
        (Gap(None, 0.6), Verdict.KEPT),
        (Gap(float("nan"), float("nan")), Verdict.POSSIBLE),
    ],
)
def test_gaps_against_a_limit(measured, verdict):
    """Protects the line between broken, possible, unknown and kept, and that a NaN is never kept."""
    assert judge_gap(0.5, measured) is verdict


def with_rules(*rules, **changes):
    return replace(BOOK, clearances=(*BOOK.clearances, *rules), **changes)


def of_authority(rule, authority, limit_m):
    source = replace(rule.cited.source, authority=authority)
    return replace(rule, cited=replace(rule.cited, id=f"{authority}-rule", source=source), limit_m=limit_m)


def test_sector_standards_take_precedence_and_the_city_over_them():
    """Protects the order that QCVN 01 itself sets: a looser sector rule binds, a city's rule binds over both."""
    cell = next(rule for rule in BOOK.clearances if rule.cited.id == "qcvn01-2.30-plan/power-telecom")
    sector, city = of_authority(cell, "sector", 0.25), of_authority(cell, "city", 0.6)
    pair = a("power"), a("telecom"), beside(0.3)
    assert [f.verdict for f in judge_pair(BOOK, *pair)] == [Verdict.BROKEN]
    assert [(f.verdict, f.cited.id) for f in judge_pair(with_rules(sector), *pair)] == [(Verdict.KEPT, "sector-rule")]
    assert [f.limit_m for f in judge_pair(with_rules(sector, city), *pair)] == [0.6]


def test_a_rule_of_voltage_binds_only_where_the_voltage_is_known():
    """Protects sector rules by duty: a cable of unknown voltage is in doubt, one below the limit is not."""
    cell = next(rule for rule in BOOK.clearances if rule.cited.id == "qcvn01-2.30-plan/power-telecom")
    high = replace(
        of_authority(cell, "sector", 1.0),
        when=(type(BOOK.covers[0].when[0])(of="power", property="voltage_v", at_least=1000.0),),
    )
    book = with_rules(high)
    verdicts = {
        volts: judge_pair(book, a("power", voltage_v=volts), a("telecom"), beside(0.7))[0].verdict
        for volts in (400.0, 22_000.0, None)
    }
    assert verdicts == {400.0: Verdict.KEPT, 22_000.0: Verdict.BROKEN, None: Verdict.UNKNOWN}


def test_no_rule_allows_two_things_in_one_place():
    """Protects pairs of which the table asks no distance: sharing one place is broken, perhaps sharing it is open."""
    touching = replace(crossing(-0.1), space=gap(0.0))
    found = judge_pair(BOOK, a("telecom"), a("telecom"), touching)
    assert [(f.verdict, f.aspect) for f in found] == [(Verdict.BROKEN, Aspect.SPACE), (Verdict.KEPT, Aspect.VERTICAL)]
    assert found[0].cited is BOOK.contact.cited
    perhaps = replace(crossing(0.1), space=Gap(0.1, -0.1))
    assert judge_pair(BOOK, a("telecom"), a("telecom"), perhaps)[0].verdict is Verdict.POSSIBLE
    unknown = replace(crossing(0.1), space=Gap(None, -0.1))
    assert judge_pair(BOOK, a("telecom"), a("telecom"), unknown)[0].verdict is Verdict.UNKNOWN
    once = judge_pair(BOOK, a("water"), a("power"), replace(crossing(0.1), space=Gap(0.1, -0.1)))
    assert [f.aspect for f in once] == [Aspect.VERTICAL], "the rule that is broken says it already"


def test_what_is_joined_is_not_held_apart():
    """Protects a house connection from its own main, and says so; another network's pipe is not joined by touching."""
    meeting = replace(beside(-0.1), is_joined=True)
    assert [f.verdict for f in judge_pair(BOOK, a("water"), a("water"), meeting)] == [Verdict.JOINED]
    assert [f.verdict for f in judge_pair(BOOK, a("water"), a("power"), meeting)] == [Verdict.BROKEN]


@pytest.mark.parametrize(
    ("subject", "cover_m", "expected"),
    [
        (a("water", diameter_m=0.3), 0.7, (Verdict.KEPT, 0.7)),
        (a("water", diameter_m=0.3), 0.69, (Verdict.BROKEN, 0.7)),
        (a("water", diameter_m=0.31), 0.9, (Verdict.BROKEN, 1.0)),
        (a("water", diameter_m=None), 0.9, (Verdict.UNKNOWN, 1.0)),
        (a("wastewater", traffic=False), 0.4, (Verdict.KEPT, 0.3)),
        (a("wastewater", traffic=True), 0.4, (Verdict.BROKEN, 0.5)),
        (a("wastewater"), 0.4, (Verdict.UNKNOWN, 0.5)),
        (a("storm", traffic=True), 0.5, (Verdict.KEPT, 0.5)),
        (a("channel", traffic=True), 0.5, (Verdict.BROKEN, 0.7)),
        (a("channel", traffic=False), 0.3, (Verdict.KEPT, 0.3)),
    ],
)
def test_covers(subject, cover_m, expected):
    """Protects the covers of QCVN 07:2023, and that unknown traffic or size is never kept by the looser figure."""
    found = judge_cover(BOOK, subject, gap(cover_m))[-1]
    assert (found.verdict, found.limit_m) == expected


def test_covers_of_power_have_no_rule_here():
    """Protects the absence of a figure from being read as one."""
    (found,) = judge_cover(BOOK, a("power"), gap(0.1))
    assert (found.verdict, found.cited) == (Verdict.NO_RULE, None)


def actions(subject, plan, space):
    return [duty.zone.action for duty in judge_zones(BOOK.find_zones(subject.columns, subject.level), plan, space)]


def test_digging_near_an_object_has_duties():
    """Protects hand-dig zones by the 3D gap, trial trenches by the plan gap, and notice to the power operator."""
    verified, recorded = a("water", level="A"), a("water", level="D")
    assert actions(verified, gap(0.4), gap(0.4)) == [Action.HAND_DIG]
    assert actions(verified, gap(0.4), gap(0.5)) == []
    assert actions(recorded, gap(0.6, off=1.0), gap(0.6, off=1.0)) == [Action.HAND_DIG, Action.TRIAL_TRENCH]
    assert actions(a("power", level="A"), gap(1.4), gap(1.4)) == [Action.NOTIFY_OWNER]
    assert actions(a("power", level="A"), gap(1.5), gap(1.5)) == []
    gas = Subject(discipline="gas", columns=())
    assert actions(gas, gap(0.2), gap(0.2)) == [Action.HAND_DIG, Action.TRIAL_TRENCH], "no column, but a zone"


def test_figures_nobody_verified_say_so():
    """Protects readers from figures of memory: as long as the file is a draft, none calls itself official."""
    assert BOOK.editions[0].status == "draft"
    cited = [rule.cited for rule in (*BOOK.clearances, *BOOK.covers, *BOOK.zones)]
    assert {c.is_verified for c in cited} == {False}
    memory = {c.id for c in cited if c.evidence == "memory"}
    assert memory == {"hsg47-hand-dig", "power-corridor-notice"}


def test_every_verdict_is_worded():
    """Protects readers of either language from a bare key."""
    assert set(VERDICTS) == set(Verdict)


metres = st.floats(-1, 4).map(lambda value: round(value, 3))
gaps = st.builds(lambda nominal, off, known: Gap(nominal if known else None, nominal - off), metres,
                 st.floats(0, 2) | st.just(inf), st.booleans())  # fmt: skip
subjects = st.builds(
    lambda discipline, diameter, drinking: Subject(
        discipline=discipline, columns=BOOK.columns.get(discipline, ()), diameter_m=diameter, drinking=drinking
    ),
    st.sampled_from([*BOOK.columns, "gas"]),
    st.none() | st.sampled_from([0.1, 0.2, 0.3, 0.35, 0.5, 1.2]),
    st.none() | st.booleans(),
)
meetings = st.builds(
    lambda plan, along, near, cross: Meeting(plan=plan, space=FAR, alongside=along, beside=near, crossing=cross),
    gaps,
    st.none() | gaps,
    st.none() | gaps,
    st.none() | gaps,
)


@given(subjects, subjects, meetings)
def test_order_of_a_pair_does_not_matter(first, second, meeting):
    """Protects the audit: a pair is judged alike from either side."""
    forth, back = judge_pair(BOOK, first, second, meeting), judge_pair(BOOK, second, first, meeting)
    assert sorted(map(repr, forth)) == sorted(map(repr, back))


@given(subjects, subjects, gaps)
def test_knowing_more_never_makes_a_broken_rule_kept_in_silence(first, second, measured):
    """Protects doubt: if any completion of a record is broken or open, the incomplete record is not all kept."""
    meeting = Meeting(plan=measured, space=FAR, alongside=measured)
    found = {finding.verdict for finding in judge_pair(BOOK, first, second, meeting)}
    sizes = [first.diameter_m] if first.diameter_m else [0.1, 0.25, 0.35, 0.5, 1.2]
    uses = [first.drinking] if first.drinking is not None else [True, False]
    for size, use in itertools.product(sizes, uses):
        whole = replace(first, diameter_m=size, drinking=use)
        if {f.verdict for f in judge_pair(BOOK, whole, second, meeting)} - {Verdict.KEPT}:
            assert found - {Verdict.KEPT}


@given(subjects, subjects, metres, st.floats(0, 1))
def test_a_smaller_gap_is_never_better(first, second, nominal, less):
    """Protects the order of gaps: what is nearer is not kept where the farther is not."""
    order = list(Verdict)
    worst = [
        min((order.index(f.verdict) for f in judge_pair(BOOK, first, second, alongside(value))), default=99)
        for value in (nominal - less, nominal)
    ]
    assert worst[0] <= worst[1]


def test_arrangements_are_told_apart():
    """Protects notes for parallel mains from being held against an end beside them."""
    assert {Arrangement.ALONGSIDE} == {
        arrangement
        for rule in BOOK.clearances
        if rule.cited.id.startswith(("qcvn01-2.30-mains", "qcvn01-2.30-drinking"))
        for arrangement in rule.arrangements
    }
