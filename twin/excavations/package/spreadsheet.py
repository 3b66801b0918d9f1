"""The objects of a report as CSV (RFC 4180, UTF-8 with the mark that spreadsheets look for)."""

from __future__ import annotations

import csv
from io import StringIO
from typing import TYPE_CHECKING

import shapely

from twin.clash.surroundings import Kind
from twin.excavations.package.lettering import compose
from twin.excavations.package.rule_tables import letter_matters

if TYPE_CHECKING:
    from collections.abc import Iterator

    from twin.clash.report import Clash
    from twin.excavations.package.sections import Survey

COLUMNS = (
    "number", "outcome", "reason", "collection", "feature", "discipline", "kind", "owner", "operator", "owner_ref",
    "material", "outer_width_m", "outer_height_m", "status", "plan_gap_m", "vertical_gap_m", "gap_m", "worst_gap_m",
    "horizontal_accuracy_m", "vertical_accuracy_m", "crown_m", "invert_m", "cover_m", "x_m", "y_m", "crs",
    "quality_level", "surveyed_on", "source_file", "source_layer", "source_row",
    "probability", "probability_of", "survey_is_stale",
)  # fmt: skip
# A spreadsheet would run what begins with one of these.
_FORMULA = ("=", "+", "-", "@", "\t", "\r")


def write_csv(survey: Survey) -> bytes:
    """One row an object, in the report's order, then one an open report of a citizen; numbers with a point.

    Of a report `number` is its letter in the plan, `outcome` what follows from it, `plan_gap_m` its distance.
    """
    out = StringIO(newline="")
    writer = csv.writer(out)
    writer.writerow(COLUMNS)
    for number, clash in enumerate(survey.report.clashes, start=1):
        writer.writerow([guard(value) for value in _row(survey, number, clash)])
    writer.writerows([guard(value) for value in row] for row in _reports(survey))
    return ("\ufeff" + out.getvalue()).encode()


def _row(survey: Survey, number: int, clash: Clash) -> list[object]:
    facts, record = survey.facts[number - 1], clash.record
    levels = [None if level is None else round(level, 3) for level in (facts.crown_m, facts.invert_m, facts.cover_m)]
    return [
        number, clash.outcome.value, clash.reason.value, clash.layer, clash.feature_id, clash.discipline, clash.kind,
        clash.owner, record.operator, record.owner_ref, clash.material, *clash.size_m, clash.status, clash.plan_gap_m,
        clash.vertical_gap_m, clash.gap_m, clash.worst_gap_m, clash.accuracy.horizontal_m, clash.accuracy.vertical_m,
        *levels, round(facts.xy[0], 3), round(facts.xy[1], 3), survey.report.crs.code, record.quality_level,
        record.surveyed_on, clash.source_file, clash.source_layer, clash.source_row,
        *((None, None) if clash.chance is None else (clash.chance.value, clash.chance.scope.value)),
        None if clash.age is None else clash.age.is_stale,
    ]  # fmt: skip


def _reports(survey: Survey) -> Iterator[list[object]]:
    report = survey.report
    letters = letter_matters(report)
    for index, matter in enumerate(report.surroundings.matters if report.surroundings else ()):
        if matter.kind is Kind.REPORT and matter.shape is not None:
            facts, (x, y) = matter.facts, shapely.get_coordinates(matter.shape)[0].tolist()
            told = {
                "number": letters[index], "outcome": matter.weight.value, "reason": "citizen_report",
                "collection": matter.layer, "feature": matter.feature_id, "discipline": facts["topic"],
                "kind": facts["service"], "owner": facts["unit"], "owner_ref": facts["reference"],
                "status": facts["state"], "plan_gap_m": round(facts["distance_m"], 3), "x_m": round(x, 3),
                "y_m": round(y, 3), "crs": report.crs.code, "surveyed_on": facts["reported_on"],
                "source_file": matter.source_file,
            }  # fmt: skip
            yield [told.get(name) for name in COLUMNS]


def guard(value: object) -> object:
    """What a spreadsheet shows as it is, whatever a name begins with."""
    if not isinstance(value, str):
        return value
    text = compose(value)
    return f"'{text}" if text.startswith(_FORMULA) else text
