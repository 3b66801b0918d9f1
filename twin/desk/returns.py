"""`twin excavation deviation|verdict|as-built`: what comes back from the field, at the command line."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated, Any

import typer

from importers.folder import ImportOptions, import_path
from layers.deviations import DeviationState
from layers.errors import Conflict, Invalid, Sentence
from layers.redelivery import Keep
from twin.console import Screen
from twin.desk.excavation import Json, Number, excavation, sitting_at
from twin.excavations.door.documents import write_report
from twin.excavations.redelivery import decide, list_waiting
from twin.excavations.returns import (
    Verdict,
    deliver_as_built,
    find_dug,
    note_imported,
    report_deviation,
    settle,
    visible_reports,
)
from twin.settings import Settings

Which = Annotated[int, typer.Argument(help="Number of the report.")]


@excavation.command("deviations")
def show_all(number: Number, as_json: Json = False) -> None:
    """What was reported from the field, and what its owners said of it."""
    with sitting_at(Settings()) as sitting:
        documents = [write_report(sitting, each) for each in visible_reports(sitting, sitting.find(number))]
    if as_json:
        typer.echo(json.dumps(documents, ensure_ascii=False, indent=1))
        return
    for each in documents:
        _print(each)


@excavation.command("deviation")
def report(
    number: Number,
    path: Annotated[Path, typer.Argument(help="JSON, as at the web door: kind, feature or geometry, dx_m, method…")],
    organisation: Annotated[
        str | None, typer.Option(help="In whose name; the desk's own is confirmed at once.")
    ] = None,
) -> None:
    """Report what was seen in the dig: as_recorded, shifted, not_found, unknown_find."""
    document = _read(path)
    with sitting_at(Settings(), organisation) as sitting:
        _print(write_report(sitting, report_deviation(sitting, number, document)))


@excavation.command("verdict")
def say(
    number: Number,
    which: Which,
    state: DeviationState,
    remarks: Annotated[str | None, typer.Option(help="Why; contesting needs it.")] = None,
    owner: Annotated[str | None, typer.Option(help="Whose an unknown find is.")] = None,
) -> None:
    """Confirm or contest a report in its owner's name."""
    if state is DeviationState.REPORTED:
        raise Invalid(Sentence("give confirmed or contested", "ghi confirmed hoặc contested"))
    with sitting_at(Settings()) as sitting:
        _print(write_report(sitting, settle(sitting, number, which, Verdict(state, remarks, owner))))


@excavation.command("as-built")
def deliver(number: Number, path: Path) -> None:
    """Deliver what was laid: GeoJSON as at the web door, or any file that 'twin import' reads."""
    settings = Settings()
    document = _read(path) if path.suffix.lower() in (".geojson", ".json") else None
    with sitting_at(settings) as sitting:
        if document is not None:
            _print(write_report(sitting, deliver_as_built(sitting, number, document)))
            return
        find_dug(sitting, number)
    _import(settings, number, path)


@excavation.command("redelivered")
def show_redelivered(as_json: Json = False) -> None:
    """What reports from the field amended and its owner has delivered anew since: both count until it is decided."""
    with sitting_at(Settings()) as sitting:
        waiting = list_waiting(sitting)
    if as_json:
        typer.echo(json.dumps(waiting, ensure_ascii=False, indent=1))
        return
    for each in waiting:
        name = f"{each['owner'] or '-'} {each['owner_ref'] or '-'}"
        typer.echo(f"{each['run']} {each['excavation']}/{each['report']} {each['collection']} {name}:"
                   f" field {each['field']}, delivered {each['delivered']}")  # fmt: skip


@excavation.command("decide")
def decide_redelivered(
    run: Annotated[int, typer.Argument(help="Run of the report from the field.")], keep: Keep
) -> None:
    """Let what the field found stand, or what was delivered since; `twin undo` takes the decision back."""
    with sitting_at(Settings()) as sitting:
        typer.echo(f"twin undo {decide(sitting, run, keep)}")


def _import(settings: Settings, number: int, path: Path) -> None:
    """The file through the importers, in transactions of its own; then the excavation says that it came."""
    screen = Screen(settings.lang)
    with sitting_at(settings) as sitting:
        owner = sitting.find(number).applicant
    with sitting_at(settings, in_transaction=False) as sitting, screen.import_progress() as tell:
        options = ImportOptions(None, owner)
        found = import_path(sitting.connection, settings.data.resolve(), path, options, on_progress=tell)
    if found.run_id is None or not found.loaded:
        raise Conflict(Sentence(f"{path}: nothing of it was loaded", f"{path}: không nạp được đối tượng nào"))
    screen.show_import(found)
    with sitting_at(settings) as sitting:
        detail = {"file": path.name, "features": found.loaded, "refused": found.refused}
        _print(write_report(sitting, note_imported(sitting, number, found.run_id, detail)))


def _read(path: Path) -> dict[str, Any]:
    try:
        document = json.loads(path.read_text("utf-8"))
    except (ValueError, RecursionError) as error:
        raise Invalid(Sentence(f"{path}: no JSON ({error})", f"{path}: không phải JSON ({error})")) from error
    if not isinstance(document, dict):
        raise Invalid(Sentence(f"{path}: no JSON object", f"{path}: không phải đối tượng JSON"))
    return document


def _print(document: dict[str, Any]) -> None:
    of = document["feature"]
    thing = f" {of['collection']}/{of['id']}" if of else ""
    run = f", twin undo {document['run']}" if document["run"] else ""
    typer.echo(f"{document['number']} {document['kind']}{thing} ({document['owner'] or '-'}): {document['state']}{run}")
