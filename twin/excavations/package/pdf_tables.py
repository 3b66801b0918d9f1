"""The written parts of the PDF: the answer on its first page, the tables on its last."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from reportlab.lib.colors import HexColor
from reportlab.lib.units import mm
from reportlab.platypus import CondPageBreak, Flowable, Spacer

from twin.clash.outcome import Outcome
from twin.excavations.package import pdf_parts as parts
from twin.excavations.package.pdf_parts import ROOM_MM, WIDE_ROOM_MM, Part, lay_table, plain, rule_table, write
from twin.excavations.package.pdf_ways import tell_ways
from twin.excavations.package.rule_tables import (
    list_duties,
    list_editions,
    list_laid,
    list_matters,
    list_not_loaded,
)
from twin.excavations.package.tables import OBJECT_COLUMNS, list_facts, list_objects, list_owners, verdict, verdict_kind

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from reportlab.platypus import Table

    from twin.excavations.package.drawings import Drawings
    from twin.excavations.package.tables import Contact, ObjectRow
    from twin.excavations.package.words import Words

_BANNERS = {"definite": "#8b0000", "open": "#8a5a00", "clear": "#1b5e20"}
# Shares of the table's width, in the order of the columns.
_SHARES = (0.045, 0.22, 0.14, 0.06, 0.06, 0.065, 0.065, 0.06, 0.085, 0.20)


def summarise(drawings: Drawings, contents: Sequence[tuple[str, str]], pages: Mapping[str, int]) -> Iterator[Flowable]:
    """The answer, the dig, what to know, and where what is: `contents` as keys and titles, `pages` by key."""
    words, report = drawings.words, drawings.survey.report
    yield Part("summary", words.say("summary"))
    yield write(words.say("title"), parts.TITLE)
    yield write(plain(report.name), parts.PART)
    yield _answer(drawings)
    yield Spacer(0, 4 * mm)
    yield _count(drawings)
    yield write(words.say("facts"), parts.PART)
    facts = [[write(plain(cell), parts.BODY) for cell in fact] for fact in list_facts(drawings.survey, words)]
    yield rule_table(facts, (0.28, 0.72), ROOM_MM, head=False)
    yield write(words.say("remarks"), parts.PART)
    yield from _remark(drawings)
    yield CondPageBreak(60 * mm)
    yield write(words.say("contents"), parts.PART)
    rows = [
        [write(f'<a href="#{key}">{plain(title)}</a>', parts.BODY), write(str(pages.get(key, "")), parts.BODY)]
        for key, title in contents
    ]
    yield rule_table(rows, (0.9, 0.1), ROOM_MM, head=False)


def tabulate(drawings: Drawings, contacts: Mapping[str, Contact]) -> Iterator[Flowable]:
    """Objects, owners, and how it was checked."""
    words, report = drawings.words, drawings.survey.report
    yield from parts.lead("objects", words)
    if not report.clashes:
        yield write(words.say("no_objects"), parts.BODY)
    else:
        head = [write(words.say(name), parts.HEAD) for name in OBJECT_COLUMNS]
        rows = [_object_cells(row, words) for row in list_objects(drawings.survey, words)]
        yield rule_table([head, *rows], _SHARES, WIDE_ROOM_MM)
    if report.clashes or report.census.silences:
        yield from parts.lead("owners", words)
        yield _owners(drawings, contacts)
    yield from tell_ways(drawings)
    yield from _duties(drawings)
    yield from _laid(drawings)
    yield from _around(drawings)
    yield from parts.lead("method", words)
    yield write(plain(words.say("method_text")), parts.BODY)
    yield from _remark(drawings)
    if editions := list_editions(report, words):
        yield write(f"{words.say('rules')}: {plain('; '.join(editions))}", parts.BODY)


def _duties(drawings: Drawings) -> Iterator[Flowable]:
    words = drawings.words
    duties = list_duties(drawings.survey.report, words)
    if duties:
        yield from parts.lead("duties", words)
        head = [write(words.say(name), parts.HEAD) for name in ("duty", "object", "rule")]
        rows = [
            [
                write(f"{plain(duty.text)} <b>{plain(duty.notice)}</b>", parts.CELL),
                write(_link(duty.numbers), parts.CELL),
                write(plain(duty.rule), parts.CELL),
            ]
            for duty in duties
        ]
        yield rule_table([head, *rows], (0.42, 0.20, 0.38), WIDE_ROOM_MM)


def _laid(drawings: Drawings) -> Iterator[Flowable]:
    words = drawings.words
    tables = list_laid(drawings.survey.report, words)
    if tables:
        yield from parts.lead("laid", words)
    for table in tables:
        yield write(f"<b>{plain(table.name)}</b>", parts.BODY)
        head = [write(words.say(name), parts.HEAD) for name in ("verdict", "object", "distance")]
        rows = [
            [
                write(f"<b>{plain(words.name('verdict', row.verdict))}</b>", parts.CELL),
                write(f"{_link(() if row.number is None else (row.number,))} {plain(row.thing)}", parts.CELL),
                write(plain(row.sentence), parts.CELL),
            ]
            for row in table.rows
        ]
        yield rule_table([head, *rows], (0.12, 0.26, 0.62), WIDE_ROOM_MM)
        if table.kept:
            yield write(words.say("kept", count=table.kept), parts.BODY)


def _around(drawings: Drawings) -> Iterator[Flowable]:
    words, report = drawings.words, drawings.survey.report
    matters, missing = list_matters(report, words), list_not_loaded(report, words)
    if matters or missing:
        yield from parts.lead("around", words)
    if matters:
        head = [write(words.say(name), parts.HEAD) for name in ("mark", "weight", "matter", "rule")]
        rows = [
            [
                write(f"<b>{plain(row.letter)}</b>", parts.CELL),
                write(f"<b>{plain(row.weight)}</b><br/>{plain(row.kind)}", parts.CELL),
                write(plain(row.text), parts.CELL),
                write(plain(row.rule), parts.CELL),
            ]
            for row in matters
        ]
        yield rule_table([head, *rows], (0.06, 0.12, 0.47, 0.35), WIDE_ROOM_MM)
    if missing:
        yield write(plain(missing), parts.BODY)


def _link(numbers: Sequence[int]) -> str:
    return ", ".join(f'<a href="#object-{number}">{number}</a>' for number in numbers)


def _remark(drawings: Drawings) -> Iterator[Flowable]:
    for remark in drawings.survey.report.warnings:
        yield write(f"<b>!</b>&nbsp; {plain(drawings.words.wording(remark))}", parts.BODY)


def _answer(drawings: Drawings) -> Table:
    report = drawings.survey.report
    says, advice = verdict(report, drawings.words)
    rows = [[write(plain(says), parts.BANNER)], [write(plain(advice), parts.ADVICE)]]
    colour = HexColor(_BANNERS[verdict_kind(report)])
    ground = ("BACKGROUND", (0, 0), (-1, -1), colour)
    return lay_table(rows, [ROOM_MM], ground, *parts.pad_cells(10, 10, 5, 7))


def _count(drawings: Drawings) -> Table:
    """How many of each outcome, with its symbol."""
    words, cells = drawings.words, []
    for outcome in Outcome:
        count = drawings.survey.report.counts[outcome]
        text = f'<font size="15"><b>{count}</b></font><br/>{plain(words.name("outcome", outcome))}'
        row = [parts.picture_badge("", outcome), write(text, parts.COUNT)]
        cells.append(lay_table([row], [9, 36], ("VALIGN", (0, 0), (-1, -1), "MIDDLE"), *parts.pad_cells(1, 1, 2, 2)))
    return lay_table([cells], [ROOM_MM / 4] * 4)


def _object_cells(row: ObjectRow, words: Words) -> list[Any]:
    badge = [parts.Target(row.number), parts.picture_badge(str(row.number), row.outcome)]
    where = f" ({words.say('shown_in').lower()} {', '.join(row.sections)})" if row.sections else ""
    why = f"<b>{plain(words.name('outcome', row.outcome))}</b>{where}. {plain(row.cells[-1])}"
    name = f'<b>{plain(row.cells[1])}</b><br/><font size="6.5" color="#555555">{plain(row.source)}</font>'
    middle = [write(plain(cell), parts.CELL) for cell in row.cells[2:-1]]
    return [badge, write(name, parts.CELL), *middle, write(why, parts.CELL)]


def _owners(drawings: Drawings, contacts: Mapping[str, Contact]) -> Table:
    words = drawings.words
    head = [write(words.say(name), parts.HEAD) for name in ("owner", "object", "outcome_head", "contact")]
    rows = []
    for row in list_owners(drawings.survey.report, contacts):
        disciplines = ", ".join(words.name("discipline", discipline) for discipline in row.disciplines)
        numbers = _link(row.numbers)
        cells = (
            f"<b>{plain(row.owner or words.say('owner_unknown'))}</b>",
            f"{plain(disciplines)}: {numbers}" if numbers else plain(words.say("no_records")),
            plain(words.name("outcome", row.worst)),
            plain(row.contact.text if row.contact else words.say("contact_unknown")),
        )
        rows.append([write(cell, parts.CELL) for cell in cells])
    return rule_table([head, *rows], (0.27, 0.33, 0.15, 0.25), WIDE_ROOM_MM)
