"""The import report that people read: one HTML file that needs no network, in Vietnamese and English."""

from __future__ import annotations

import re
import shlex
from dataclasses import asdict
from datetime import datetime
from functools import lru_cache
from itertools import groupby
from typing import TYPE_CHECKING, Any

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup, escape

from importers.report_sections import describe, sum_encodings, sum_faults, sum_folders, sum_systems

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from importers.map_picture import Picture
    from importers.report import ImportReport
    from layers.sanity import DepthKnowledge, Sanity

# Worst first; their words stand in the template.
OUTCOMES = ("quarantined", "partly", "duplicate", "loaded", "unchanged")
# More files than this are in the JSON alone: a page of them would not open on a phone.
_MOST_FILES = 2000
_OPTION = re.compile(r"(?<![\w-])--[a-z]+(?: (?:CODE|MÃ)\b)?")


def write_report(
    report: ImportReport,
    knowledge: Sequence[DepthKnowledge],
    sanity: Sanity | None,
    path: Path,
    *,
    picture: Picture | None = None,
) -> None:
    """Write the report as one HTML file that loads nothing; without network check or picture it says so."""
    path.write_text(render(report, knowledge, sanity, picture), "utf-8")


def to_json(report: ImportReport, knowledge: Sequence[DepthKnowledge], sanity: Sanity | None) -> dict[str, Any]:
    """`ImportReport.to_json()` with "depth_knowledge", a list, and "network", an object or null."""
    network = None if sanity is None else asdict(sanity)
    return report.to_json() | {"depth_knowledge": [asdict(row) for row in knowledge], "network": network}


def render(
    report: ImportReport, knowledge: Sequence[DepthKnowledge], sanity: Sanity | None, picture: Picture | None
) -> str:
    files = sorted(report.files, key=lambda file: (_rank(file.outcome), file.path))
    return _environment().get_template("import-report.html").render(
        report=report,
        outcomes=OUTCOMES,
        written=datetime.now().astimezone(),
        folders=sum_folders(report.files),
        faults=sum_faults(report.files),
        systems=sum_systems(report.files),
        encodings=sum_encodings(report.files),
        knowledge=knowledge,
        owners=[(owner, list(rows)) for owner, rows in groupby(knowledge, key=lambda row: row.owner)],
        sanity=sanity,
        picture=picture,
        files=[describe(file) for file in files[:_MOST_FILES]],
    )  # fmt: skip


def _rank(outcome: str) -> int:
    return OUTCOMES.index(outcome) if outcome in OUTCOMES else len(OUTCOMES)


@lru_cache(maxsize=1)
def _environment() -> Environment:
    loader = PackageLoader("importers")
    made = Environment(loader=loader, autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True)
    made.filters["commands"] = _commands
    made.filters["quoted"] = shlex.quote
    return made


def _commands(text: str) -> Markup:
    """Escaped text in which what is typed on the command line does not break."""
    return Markup(_OPTION.sub(r'<code class="typed" translate="no">\g<0></code>', str(escape(text))))  # noqa: S704 - escaped before
