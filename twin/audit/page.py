"""The audit as one HTML page that loads nothing and runs nothing, in Vietnamese and English."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

from jinja2 import ChoiceLoader, Environment, PackageLoader, StrictUndefined

from twin.audit.report import REMARKS
from twin.clash.citing import ARRANGEMENTS, ASPECTS, DISCIPLINES, DOUBTS

if TYPE_CHECKING:
    from twin.audit.report import AuditReport

_LONGEST_BAR = 0.25
_MOST_GROUPS = 500


def render(report: AuditReport) -> str:
    """Text of the page; what is listed is bounded, the JSON and the GeoPackage have the rest."""
    words = {"disciplines": DISCIPLINES, "aspects": ASPECTS, "arrangements": ARRANGEMENTS, "doubts": DOUBTS}
    return _environment().get_template("audit.html").render(
        report=report, words=words, remark_words=REMARKS, bar_m=_bar_m(report), most=_MOST_GROUPS
    )  # fmt: skip


def _bar_m(report: AuditReport) -> int:
    """The longest of 1, 2, 5, 10, … metres that takes a quarter of the picture at the most."""
    if report.overview is None:
        return 0
    longest_m = max(_LONGEST_BAR * report.overview.width * report.overview.unit_m, 1.0)
    return max(step * int(10**power) for power in range(8) for step in (1, 2, 5) if step * 10**power <= longest_m)


@lru_cache(maxsize=1)
def _environment() -> Environment:
    loader = ChoiceLoader([PackageLoader("twin.audit"), PackageLoader("importers")])
    return Environment(loader=loader, autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True)
