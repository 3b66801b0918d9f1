"""`twin excavation …`: the procedure at the command line, with the rights of the city's desk."""

from __future__ import annotations

import getpass
import json
from contextlib import contextmanager, nullcontext
from dataclasses import asdict
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from layers.access import Caller
from layers.database import Audience, Role, Writer
from layers.errors import Invalid, Sentence, say
from layers.excavations import AnswerKind, ExcavationStatus
from layers.holidays import replace_days
from layers.notices import list_notices, retry_notices
from layers.organisations import find_organisation
from layers.procedure import ExcavationQuery, list_events, list_excavations
from layers.quota import list_asking
from layers.requests import list_requests, read_statistics
from twin.city import open_city
from twin.desk.printing import Sheet
from twin.excavations.asking import ASKED_WITHIN_M
from twin.excavations.calendar import read_days
from twin.excavations.disclosure import View
from twin.excavations.door.documents import write_check, write_excavation, write_request
from twin.excavations.filing import check_excavation, file_excavation, remove
from twin.excavations.procedure import answer, find_deadline_doubts, move, submit
from twin.excavations.recheck import recheck_stale
from twin.excavations.sitting import Sitting
from twin.settings import Settings

if TYPE_CHECKING:
    from collections.abc import Iterator

    from layers.procedure import Excavation

excavation = typer.Typer(no_args_is_help=True, help="Excavations: file, check, submit, answer, permit, close.")

Number = Annotated[int, typer.Argument(help="Number of the excavation.")]
Json = Annotated[bool, typer.Option("--json", help="Print JSON.")]
Reason = Annotated[str | None, typer.Option(help="Why; some acts need one.")]


@contextmanager
def sitting_at(
    settings: Settings, organisation: str | None = None, *, in_transaction: bool = True
) -> Iterator[Sitting]:
    """One act of whoever sits at this machine, in the name of an organisation where it is given."""
    name = f"{getpass.getuser()} (twin)"
    with open_city(settings) as connection, connection.transaction() if in_transaction else nullcontext():
        own = find_organisation(connection, organisation) if organisation else None
        caller = Caller(name, Audience.OPERATOR, own.id if own else None, own.name if own else None, coordinates=True)
        yield Sitting(connection, caller, settings.practice())


def _print(document: Any) -> None:
    typer.echo(json.dumps(document, ensure_ascii=False, indent=1))


def _show(settings: Settings, sitting: Sitting, shown: Excavation, *, as_json: bool) -> None:
    if as_json:
        _print(write_excavation(sitting, shown, settings.lang))
    else:
        Sheet(settings.lang, settings.timezone).excavations([shown])


@excavation.command("file")
def file_one(
    path: Path,
    applicant: Annotated[str | None, typer.Option(help="Organisation that wants to dig.")] = None,
    as_json: Json = False,
) -> None:
    """File the excavation of a GeoJSON file; prints its number."""
    settings = Settings()
    try:
        document = json.loads(path.read_text("utf-8"))
    except (ValueError, RecursionError) as error:
        raise Invalid(Sentence(f"{path}: no GeoJSON ({error})", f"{path}: không phải GeoJSON ({error})")) from error
    with sitting_at(settings, applicant) as sitting:
        _show(settings, sitting, file_excavation(sitting, document), as_json=as_json)


@excavation.command("list")
def list_all(
    status: Annotated[
        list[ExcavationStatus] | None, typer.Option(help="Only with this status; may be repeated.")
    ] = None,
    as_json: Json = False,
) -> None:
    """Excavations by number."""
    settings = Settings()
    with sitting_at(settings) as sitting:
        found = list_excavations(sitting.connection, ExcavationQuery(10_000, statuses=tuple(status or ())))
        if as_json:
            _print([write_excavation(sitting, each, settings.lang) for each in found])
        else:
            Sheet(settings.lang, settings.timezone).excavations(found)


@excavation.command("show")
def show_one(number: Number, as_json: Json = False) -> None:
    """An excavation, who was asked and what they said, and who did what when."""
    settings = Settings()
    with sitting_at(settings) as sitting:
        shown, today = sitting.find(number), sitting.practice.today().isoformat()
        requests, events = list_requests(sitting.connection, number), list_events(sitting.connection, number)
        if as_json:
            document = write_excavation(sitting, shown, settings.lang)
            _print(document | {"requests": [write_request(request, today) for request in requests]})
            return
        sheet = Sheet(settings.lang, settings.timezone)
        sheet.excavations([shown])
        sheet.requests(requests, today)
        sheet.events(events)


@excavation.command("check")
def check_one(number: Number, as_json: Json = False) -> None:
    """Check it against the city as it is now; the result is kept with what was checked."""
    settings = Settings()
    with sitting_at(settings) as sitting:
        check = check_excavation(sitting, number, None)
    if as_json:
        _print(write_check(check, View("desk", None, secrets=True)))
    else:
        typer.echo(f"{number}/{check.number}: {json.dumps(check.report['counts'])}, is_clear: {check.is_clear}")


@excavation.command("submit")
def submit_one(number: Number, as_json: Json = False) -> None:
    """Ask every owner in the area."""
    settings = Settings()
    with sitting_at(settings) as sitting:
        submitted = submit(sitting, number, None)
        if as_json:
            _show(settings, sitting, submitted, as_json=True)
            return
        requests = list_requests(sitting.connection, number, submitted.submission)
        Sheet(settings.lang, settings.timezone).requests(requests, sitting.practice.today().isoformat())
        for said in find_deadline_doubts(sitting, submitted):
            typer.echo(say(said, settings.lang), err=True)


@excavation.command("answer")
def answer_one(
    number: Number,
    request: Annotated[int, typer.Argument(help="Number of the request.")],
    kind: AnswerKind,
    remarks: Annotated[str | None, typer.Option(help="Conditions, or why not.")] = None,
) -> None:
    """Answer a request in its owner's name; that is kept as such."""
    settings = Settings()
    with sitting_at(settings) as sitting:
        given = answer(sitting, number, request, kind, remarks)
        Sheet(settings.lang, settings.timezone).requests([given], sitting.practice.today().isoformat())


@excavation.command("act")
def act(number: Number, name: str, reason: Reason = None, as_json: Json = False) -> None:
    """permit, override, refuse, start, close, withdraw or reopen."""
    settings = Settings()
    with sitting_at(settings) as sitting:
        _show(settings, sitting, move(sitting, number, None, name, reason), as_json=as_json)


@excavation.command("remove")
def remove_one(number: Number) -> None:
    """Remove a draft that was never submitted."""
    with sitting_at(Settings()) as sitting:
        remove(sitting, number, None)
    typer.echo(f"{number} is removed")


@excavation.command("recheck")
def recheck_all() -> None:
    """Check again what an import or another dig may have changed; a worker does it by itself every minute."""
    settings = Settings()
    with open_city(settings):
        writer = Writer(settings.web_databases()[Role.WORKER], Role.WORKER)
    try:
        done = recheck_stale(writer, settings.practice())
    finally:
        writer.close()
    typer.echo(
        f"{len(done)} checked again, {sum(done.values())} changed: {[n for n, changed in done.items() if changed]}"
    )


@excavation.command("statistics")
def show_statistics(as_json: Json = False) -> None:
    """Answers in time, late and overdue, by owner."""
    settings = Settings()
    with sitting_at(settings) as sitting:
        statistics = read_statistics(sitting.connection, sitting.practice.today(), settings.timezone)
    if as_json:
        _print(statistics)
    else:
        Sheet(settings.lang, settings.timezone).statistics(statistics)


@excavation.command("asked")
def show_asked(
    days: Annotated[int, typer.Option(min=1, max=3650, help="Today and the days before it.")] = 30,
    as_json: Json = False,
) -> None:
    """Who has had how much of the city checked: hectares within 10 m of the digs, in all and on the day with most."""
    settings = Settings()
    with sitting_at(settings) as sitting:
        since = sitting.practice.day_began() - timedelta(days - 1)
        found = list_asking(sitting.connection, since, ASKED_WITHIN_M, settings.timezone)
    if as_json:
        _print([asdict(each) | {"most_on": str(each.most_on)} for each in found])
    else:
        Sheet(settings.lang, settings.timezone).asking(found, settings.checked_ha_a_day)


@excavation.command("calendar")
def set_calendar(path: Path) -> None:
    """Put a city's own days (CSV: day, off or worked, name) over the packaged calendar, in place of those before."""
    days = read_days(path)
    with open_city(Settings()) as connection:
        replace_days(connection, days)
    typer.echo(f"{len(days)} days")


@excavation.command("notices")
def show_notices(
    number: Annotated[int | None, typer.Argument(help="Of one excavation.")] = None,
    unsent: Annotated[bool, typer.Option("--unsent", help="Only what has not been sent.")] = False,
    retry: Annotated[bool, typer.Option("--retry", help="Try again what was given up.")] = False,
) -> None:
    """The outbox: what was told to whom, and what could not be."""
    settings = Settings()
    with open_city(settings) as connection, connection.transaction():
        if retry:
            typer.echo(f"{retry_notices(connection)} notices are tried again")
        Sheet(settings.lang, settings.timezone).notices(list_notices(connection, number, unsent=unsent))
