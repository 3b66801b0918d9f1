"""The package as one HTML page that loads nothing and runs nothing; its drawings are those of the PDF."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from twin.clash.outcome import Outcome
from twin.excavations.package.cross_sheet import WIDE_MM
from twin.excavations.package.lettering import compose
from twin.excavations.package.paper import Sheet
from twin.excavations.package.rule_tables import (
    list_duties,
    list_editions,
    list_laid,
    list_matters,
    list_not_loaded,
)
from twin.excavations.package.svg import to_svg
from twin.excavations.package.symbols import BADGE_MM, draw_badge
from twin.excavations.package.tables import OBJECT_COLUMNS, list_facts, list_objects, list_owners, verdict, verdict_kind
from twin.excavations.package.ways import list_reasons, list_ways

if TYPE_CHECKING:
    from collections.abc import Mapping

    from twin.excavations.package.drawings import Drawings
    from twin.excavations.package.paper import Drawing
    from twin.excavations.package.tables import Contact

_FIGURES = ("crown", "cover", "plan_gap", "vertical_gap", "space_gap")


def write_page(drawings: Drawings, contacts: Mapping[str, Contact], dossier: str) -> bytes:
    """Numbers in the drawings lead to the rows of the table."""
    words, surveyed = drawings.words, drawings.survey
    report = surveyed.report
    says, advice = verdict(report, words)

    def show(drawing: Drawing) -> Markup:
        return to_svg(drawing, f"{compose(report.name)}: {says}")

    long = drawings.long_section
    titles = [("plan", "plan"), *([("long", "long_section")] if long else [])]
    titles += [("cross", "cross_sections")] if drawings.cross_sections else []
    titles += [("ways", "ways")] if report.ways_out else []
    titles += [
        (name, name)
        for name in ("objects", "owners", "method")
        if report.clashes or report.census.silences or name != "owners"
    ]
    text = _environment().get_template("package.html").render(
        report=report, dossier=dossier, words=words, say=words.say, name=words.name, zip=zip,
        verdict=says, advice=advice, kind=verdict_kind(report), columns=OBJECT_COLUMNS, figures=_FIGURES,
        parts=[(key, words.say(title)) for key, title in titles],
        counts=[(outcome, report.counts[outcome], _badge("", outcome)) for outcome in Outcome],
        facts=list_facts(surveyed, words),
        plans=[show(plan) for plan in drawings.plans],
        long_section=show(long) if long else None,
        cross_sections=[(drawing.width_mm == WIDE_MM, show(drawing)) for drawing in drawings.cross_sections],
        objects=[(row, _badge(str(row.number), row.outcome)) for row in list_objects(surveyed, words)],
        owners=list_owners(report, contacts), duties=list_duties(report, words), laid=list_laid(report, words),
        matters=list_matters(report, words), missing=list_not_loaded(report, words),
        editions=list_editions(report, words), ways=list_ways(report, words), reasons=list_reasons(report, words),
    )  # fmt: skip
    return text.encode()


def _badge(text: str, outcome: Outcome) -> Markup:
    """Its words stand beside it, so readers that can't see pass it by."""
    sheet = Sheet(BADGE_MM + 2.0, BADGE_MM + 2.0)
    draw_badge(sheet, (sheet.width_mm / 2, sheet.height_mm / 2), text, outcome)
    # A Markup would escape the tag that is put into it.
    picture = str(to_svg(sheet.finish(text, (1.0, 1.0)), ""))
    return Markup(picture.replace("<svg ", '<svg class="badge" aria-hidden="true" ', 1))  # noqa: S704 - still escaped


@cache
def _environment() -> Environment:
    made = Environment(
        loader=PackageLoader("twin.excavations.package"), autoescape=True, undefined=StrictUndefined,
        trim_blocks=True, lstrip_blocks=True,
    )  # fmt: skip
    made.filters["compose"] = compose
    return made
