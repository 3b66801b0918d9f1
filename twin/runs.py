"""`twin runs` and `twin undo`: what was imported when, and the way back."""

from __future__ import annotations

import json
from dataclasses import asdict
from itertools import count
from typing import TYPE_CHECKING, Annotated

import typer
from rich.markup import escape
from rich.table import Table

from layers.loading import importing
from layers.undoing import STEPS, list_runs, undo_file, undo_run
from twin.city import open_city
from twin.console import Screen
from twin.settings import Settings

if TYPE_CHECKING:
    from collections.abc import Sequence

    from layers.undoing import Run


def show_runs(
    newest: Annotated[int, typer.Option(min=1, help="How many.")] = 20,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """List import runs, the last one first: when, what, and how many of its features are in the city."""
    settings = Settings()
    with open_city(settings) as connection:
        runs = list_runs(connection, newest)
    if as_json:
        typer.echo(json.dumps([asdict(run) for run in runs], ensure_ascii=False, indent=1, default=str))
        return
    screen = Screen(settings.lang)
    screen.console.print(_table(screen, runs))


def _table(screen: Screen, runs: Sequence[Run]) -> Table:
    table = Table()
    for word in ("run", "when", "folder", "files", "features", "undone"):
        table.add_column(screen.say(word), justify="right" if word in ("run", "files", "features") else "left")
    for run in runs:
        undone = "" if run.undone_at is None else f"{run.undone_at:%Y-%m-%d %H:%M}"
        numbers = f"{run.files:,}", f"{run.features:,}"
        table.add_row(str(run.id), f"{run.started_at:%Y-%m-%d %H:%M}", escape(run.root), *numbers, undone)
    return table


def undo(
    run: Annotated[int, typer.Argument(help="Number of the run, as 'twin import' printed it; see 'twin runs'.")],
    file: Annotated[str | None, typer.Option(help="Only this file of the run, as its report names it.")] = None,
) -> None:
    """Bring the city back to where it was before an import run, or a file back to where it was."""
    take_back(run, file)


def take_back(run: int, file: str | None) -> None:
    """Undo and say so."""
    settings = Settings()
    screen = Screen(settings.lang)
    done = count()
    with open_city(settings) as connection, importing(connection), screen.progress("undoing") as advance:

        def step() -> None:
            advance(next(done), STEPS)

        if file is None:
            back = undo_run(connection, run, on_step=step)
        else:
            back = undo_file(connection, run, file, on_step=step)
    said = screen.say("is_undone").format(run=run, file="" if file is None else f", {file}", back=back)
    typer.echo(said)
