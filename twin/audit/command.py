"""`twin audit`: every pair of existing utilities that lies nearer than the rules allow."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.markup import escape
from rich.table import Table

from layers.audit import VERDICTS
from twin.audit.geopackage import write_geopackage
from twin.audit.page import render
from twin.audit.report import read_report
from twin.audit.run import BATCH, Advanced, Effort, audit_network
from twin.city import open_city
from twin.clash.accuracy import Wording
from twin.console import Screen
from twin.settings import Settings

if TYPE_CHECKING:
    from layers.audit import Run
    from layers.audit_summary import Group
    from layers.database import Connection
    from twin.audit.report import AuditReport

# Something is not proven to keep its distance: as of `twin check`.
OPEN = 4


def audit(
    anew: Annotated[bool, typer.Option("--new", help="Begin anew, even where nothing changed since the last.")] = False,
    batch: Annotated[int, typer.Option(min=10, max=100_000, help="Objects that are looked at together.")] = BATCH,
    report: Annotated[Path | None, typer.Option(help="Folder of the report; else one in TWIN_DATA.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Find every pair of existing utilities nearer than the rules allow. Stopped, it goes on where it was.

    Exit code 4 says that a pair is not proven to keep its distance.
    """
    settings = Settings()
    screen = Screen(settings.lang)
    with open_city(settings) as connection:
        run = _audit(screen, connection, settings, anew=anew, batch=batch)
        found = read_report(connection, run)
        folder = report or settings.data / "reports" / f"audit-{run.id}"
        files = _write(connection, found, folder)
    if as_json:
        typer.echo(json.dumps(found.to_json(), ensure_ascii=False, indent=1))
    else:
        _show(screen, found, files)
    if found.open_pairs:
        raise typer.Exit(OPEN)


def _audit(screen: Screen, connection: Connection, settings: Settings, *, anew: bool, batch: int) -> Run:
    with screen.progress("auditing") as advance:

        def tell(now: Advanced) -> None:
            advance(now.done, now.total, f"{now.rate:,.0f}/s")

        book, url = settings.practice().book, settings.open_database()
        return audit_network(connection, book, anew=anew, effort=Effort(batch, url), tell=tell)


def _write(connection: Connection, report: AuditReport, folder: Path) -> list[Path]:
    """The report as page, JSON and GeoPackage."""
    folder.mkdir(parents=True, exist_ok=True)
    files = [folder / name for name in ("audit.html", "audit.json", "too-near.gpkg")]
    files[0].write_text(render(report), "utf-8")
    files[1].write_text(json.dumps(report.to_json(), ensure_ascii=False, indent=1), "utf-8")
    write_geopackage(connection, report.run, files[2])
    return files


def _show(screen: Screen, report: AuditReport, files: list[Path]) -> None:
    for name, text in _COUNTS.items():
        screen.console.print(f"{screen.wording(text)}: {report.counts.get(name, 0):,}", highlight=False)
    screen.console.print(f"{screen.wording(_NO_DEPTH)}: {report.lines_without_depth:,}", highlight=False)
    for title, groups in ((_BY_OWNER, report.owners), (_BY_STREET, report.streets)):
        screen.console.print(_table(screen, title, groups[:_SHOWN]))
    for remark in report.remarks:
        screen.console.print(screen.wording(remark), style="dim", markup=False)
    screen.show_files("audit", files)


def _table(screen: Screen, title: Wording, groups: list[Group]) -> Table:
    table = Table(title=screen.wording(title), title_justify="left")
    table.add_column("")
    for name in VERDICTS:
        table.add_column(screen.outcome(name), justify="right")
    for group in groups:
        label = " · ".join(key for key in group.keys if key) or "–"
        table.add_row(escape(label), *(f"{getattr(group, name):,}" for name in VERDICTS))
    return table


# Owners and streets that fit on a screen; the files have all.
_SHOWN = 15
_COUNTS = {
    "couples": Wording(en="neighbouring couples judged", vi="cặp gần nhau đã xét"),
    "definite": Wording(en="definitely too near", vi="chắc chắn quá gần"),
    "possible": Wording(en="possibly too near", vi="có thể quá gần"),
    "unknown": Wording(en="unknown", vi="chưa biết"),
    "kept": Wording(en="kept", vi="đạt quy định"),
    "joined": Wording(en="joined", vi="đấu nối với nhau"),
    "no_rule": Wording(en="no rule known", vi="chưa có quy định"),
}
_NO_DEPTH = Wording(en="lines without an elevation", vi="tuyến không có cao độ")
_BY_OWNER = Wording(en="By owner", vi="Theo chủ sở hữu")
_BY_STREET = Wording(en="By street", vi="Theo đường phố")
