"""The command line: every door that needs no browser. What only one command needs is loaded by it."""

from __future__ import annotations

import json
import logging
import os
import sys
from contextlib import ExitStack
from dataclasses import asdict
from importlib.metadata import version as distribution_version
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from pydantic import ValidationError

from importers.folder import ImportOptions, import_path, open_importer
from importers.inspect import inspect_path
from importers.job import open_context
from importers.layer_rules import Profile
from importers.map_picture import draw_map
from importers.profile import read_profile, write_profile
from importers.quarantine import export_quarantine
from importers.recognition import TABLES, require_table
from importers.report_page import to_json, write_report
from importers.sandbox import Workers
from layers import embedded
from layers.access import grant_key, list_keys, revoke_key
from layers.crs import parse_crs
from layers.database import connect, migrate, storage_srid
from layers.errors import Conflict, Invalid, TwinError, say
from layers.organisations import find_organisation
from layers.quarantine import list_quarantine, read_quarantine
from layers.redelivery import list_redelivered
from layers.sanity import STEPS, check_network, depth_knowledge
from layers.terrain import read_ground
from twin.audit.command import audit
from twin.backup import back_up, restore
from twin.check_many import check_many_digs
from twin.city import open_city
from twin.clash.answer import Terms, answer
from twin.clash.distance import IS_COMPILED
from twin.console import Screen
from twin.desk import describing as _describing  # noqa: F401 - its command is one of 'layers'
from twin.desk import returns as _returns  # noqa: F401 - its commands are those of 'excavation'
from twin.desk.excavation import excavation
from twin.desk.layers import layers
from twin.desk.organisation import organisation
from twin.excavations.request import read_digs
from twin.excavations.requests import write_requests
from twin.excavations.validation import require_valid
from twin.mosaic import make_mosaic
from twin.retry import retry
from twin.runs import show_runs, take_back, undo
from twin.settings import Settings
from twin.work.command import run_worker

if TYPE_CHECKING:
    from importers.report import ImportReport
    from layers.database import Connection
    from twin.clash.report import ClashReport

# Exit codes beside 0 and typer's own 2 for words it does not understand.
FAILED, QUARANTINED, CLASHES = 1, 3, 4

app = typer.Typer(
    no_args_is_help=True, add_completion=False, help="The digital twin of a city, above and below ground."
)
db = typer.Typer(no_args_is_help=True, help="The private PostGIS cluster.")
access = typer.Typer(no_args_is_help=True, help="Keys of those who may read utilities.")
quarantine = typer.Typer(no_args_is_help=True, help="What was refused: list it, export it, try it again.")
app.add_typer(db, name="db")
app.add_typer(access, name="access")
app.add_typer(quarantine, name="quarantine")
app.add_typer(excavation, name="excavation")
app.add_typer(organisation, name="organisation")
app.add_typer(layers, name="layers")
app.command("worker")(run_worker)
app.command("audit")(audit)
app.command("check-many")(check_many_digs)
quarantine.command("retry")(retry)
app.command("mosaic")(make_mosaic)
app.command("runs")(show_runs)
app.command("undo")(undo)
app.command("backup")(back_up)
app.command("restore")(restore)


def _tell_version(asked: bool) -> None:
    if asked:
        kernel = "compiled" if IS_COMPILED else "interpreted"
        typer.echo(f"city-twin {distribution_version('city-twin')}, clash kernel {kernel}")
        raise typer.Exit


_VERSION = typer.Option("--version", callback=_tell_version, is_eager=True, help="Say the version and how it computes.")


@app.callback()
def begin(*, _version: Annotated[bool, _VERSION] = False) -> None:
    """The digital twin of a city, above and below ground."""


Json = Annotated[bool, typer.Option("--json", help="Print JSON.")]


def main() -> None:
    """Run the command line; failures that a person can mend are one line, not a traceback."""
    try:
        app()
    except TwinError as error:
        sys.stderr.write(f"twin: {say(error.message, os.environ.get('TWIN_LANG', 'en'))}\n")
        sys.exit(FAILED)
    except OSError as error:
        sys.stderr.write(f"twin: {error}\n")
        sys.exit(FAILED)
    except ValidationError as error:
        faults = "; ".join(f"TWIN_{str(f['loc'][0]).upper()}: {f['msg']}" for f in error.errors())
        sys.stderr.write(f"twin: {faults}\n")
        sys.exit(FAILED)


@db.command("start")
def start_database() -> None:
    """Start the cluster; it is created the first time."""
    settings = Settings()
    _require_embedded(settings)
    typer.echo(embedded.start(settings.data.resolve(), typer.echo))


@db.command("stop")
def stop_database() -> None:
    """Stop the cluster; what was committed is kept."""
    settings = Settings()
    _require_embedded(settings)
    embedded.stop(settings.data.resolve(), typer.echo)


@db.command("status")
def show_status() -> None:
    """Say whether the cluster runs, where it lies, and how to reach it."""
    settings = Settings()
    _require_embedded(settings)
    state = asdict(embedded.status(settings.data.resolve()))
    Screen(settings.lang).show_values({name: value for name, value in state.items() if value is not None})


@db.command("url")
def show_url() -> None:
    """Print the database's URL, for psql and QGIS; the cluster is started."""
    typer.echo(Settings().open_database())


@db.command("migrate")
def migrate_database() -> None:
    """Bring the schema to the newest version; the first time fixes the storage CRS (TWIN_CRS)."""
    settings = Settings()
    migrate(settings.open_database(), settings.crs)
    typer.echo(f"{settings.crs}: schema is up to date")


@access.command("grant")
def grant_access(
    name: str,
    organisation: Annotated[
        str | None, typer.Option("--organisation", help="Files excavations and answers requests in its name.")
    ] = None,
    utilities: Annotated[
        bool | None,
        typer.Option(help="Reads every utility; without an organisation, and for the desk's, that is the default."),
    ] = None,
    edits: Annotated[bool, typer.Option("--edits", help="The key may change single features, too.")] = False,
) -> None:
    """Print a new key for NAME; it is shown this once, and a former key of NAME ends."""
    with open_city(Settings()) as connection:
        own = find_organisation(connection, organisation) if organisation else None
        reads = (own is None or own.coordinates) if utilities is None else utilities
        number = own.id if own else None
        typer.echo(grant_key(connection, name, organisation_id=number, reads_utilities=reads, edits=edits))


@access.command("revoke")
def revoke_access(name: str) -> None:
    """End the key of NAME."""
    with open_city(Settings()) as connection:
        revoke_key(connection, name)


@access.command("list")
def list_access() -> None:
    """Names that have a key, and since when."""
    with open_city(Settings()) as connection:
        for name, since in list_keys(connection):
            typer.echo(f"{name}\t{since:%Y-%m-%d %H:%M}")


@app.command("sample")
def make_sample(folder: Path, seed: Annotated[int, typer.Option(help="Another seed is another ward.")] = 1) -> None:
    """Write a pilot ward as departments deliver it: 176 files, planted defects, and the truth beside them."""
    _write_sample(Screen(Settings().lang), folder, seed)


def _write_sample(screen: Screen, folder: Path, seed: int) -> None:
    from twin.sample import write_sample

    with screen.progress("writing") as advance:
        write_sample(folder, seed=seed, report=advance)


@app.command("import")
def import_files(
    path: Annotated[Path | None, typer.Argument(help="Folder, or one file.")] = None,
    *,
    crs: Annotated[str | None, typer.Option(help="CRS of files that declare none, such as EPSG:9214.")] = None,
    owner: Annotated[str | None, typer.Option(help="Owner of utilities whose files name none.")] = None,
    layer: Annotated[str | None, typer.Option(help=f"Layer of all that is read: {', '.join(TABLES)}.")] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Read and decide, write nothing.")] = False,
    again: Annotated[bool, typer.Option("--again", help="Read files again that are as they were.")] = False,
    profile: Annotated[Path | None, typer.Option(help="Mapping written by 'twin inspect --profile'.")] = None,
    run: Annotated[int | None, typer.Option("--undo", help="Import nothing, but 'twin undo' this run.")] = None,
    as_json: Json = False,
) -> None:
    """Import a folder, or one file. Exit code 3 says that something went to the quarantine."""
    if run is not None:
        if path is not None:
            raise Invalid(f"--undo {run} undoes a whole run: for one file 'twin undo {run} --file {path}'")
        take_back(run, None)
        return
    if path is None:
        raise Invalid("nothing is named: give a folder or a file to import")
    settings = Settings()
    mapping = Profile() if profile is None else read_profile(profile)
    options = ImportOptions(parse_crs(crs) if crs else None, owner, require_table(layer), dry_run, again, mapping)
    screen = Screen(settings.lang)
    with ExitStack() as city:
        with open_importer(options) as importer, screen.import_progress() as tell:
            connection = city.enter_context(open_city(settings))
            report = importer.import_path(connection, settings.data.resolve(), path, tell)
        document = _write_report(screen, connection, settings, report)
        twice = 0 if dry_run else len(list_redelivered(connection))
    if as_json:
        typer.echo(json.dumps(document, ensure_ascii=False, indent=1))
    else:
        screen.show_import(report)
        if twice:
            screen.console.print(screen.say("twice").format(count=twice), highlight=False)
    if not report.is_clean:
        raise typer.Exit(QUARANTINED)


def _write_report(screen: Screen, connection: Connection, settings: Settings, report: ImportReport) -> dict[str, Any]:
    """The report as JSON; of a run that wrote anything it is in the data folder, too, beside a page for people."""
    run_id = report.run_id
    if run_id is None:
        return to_json(report, (), None)
    ground = read_ground(connection, settings.data.resolve())
    report.page = settings.data / "reports" / f"import-{run_id}.html"
    report.page.parent.mkdir(parents=True, exist_ok=True)
    done = count()
    with screen.progress("reviewing") as advance:

        def step() -> None:
            advance(next(done), STEPS + 2)

        step()
        knowledge = depth_knowledge(connection, run_id)
        step()
        sanity = check_network(connection, ground, run_id, on_step=step)
        picture = draw_map(connection, run_id)
        step()
        write_report(report, knowledge, sanity, report.page, picture=picture)
    document = to_json(report, knowledge, sanity)
    report.page.with_suffix(".json").write_text(json.dumps(document, ensure_ascii=False, indent=1), "utf-8")
    return document


def _import(
    screen: Screen, connection: Connection, settings: Settings, path: Path, options: ImportOptions
) -> ImportReport:
    with screen.import_progress() as tell:
        return import_path(connection, settings.data.resolve(), path, options, on_progress=tell)


@app.command("inspect")
def inspect_files(
    path: Path,
    profile: Annotated[
        Path | None, typer.Option(help="Write the mapping here, to be edited and imported with.")
    ] = None,
    crs: Annotated[str | None, typer.Option(help="CRS of files that declare none, such as EPSG:9214.")] = None,
    as_json: Json = False,
) -> None:
    """Say what each layer of each file seems to be; nothing is imported."""
    settings = Settings()
    options = ImportOptions(parse_crs(crs) if crs else None)
    with open_city(settings) as connection:
        context = open_context(connection, settings.data.resolve(), path, options)
    with Workers(limits=options.limits) as workers:
        views = list(inspect_path(path, context, workers))
    if profile is not None:
        write_profile([view.to_rule() for view in views if view.format != "?" and view.table != "terrain"], profile)
    if as_json:
        typer.echo(json.dumps([asdict(view) for view in views], ensure_ascii=False, indent=1))
    else:
        Screen(settings.lang).show_inspection(views)


@quarantine.command("list")
def show_quarantine(as_json: Json = False) -> None:
    """Files with faults, how many records each, and what would help."""
    settings = Settings()
    with open_city(settings) as connection:
        files = list_quarantine(connection)
    if as_json:
        typer.echo(json.dumps([asdict(file) for file in files], ensure_ascii=False, indent=1))
    else:
        Screen(settings.lang).show_quarantine(files)


@quarantine.command("export")
def save_quarantine(path: Path) -> None:
    """Write every refused record with geometry, attributes, reason and remedy into a GeoPackage."""
    with open_city(Settings()) as connection:
        records = read_quarantine(connection)
    export_quarantine(records, path)
    typer.echo(f"{len(records)} records are in {path}" if records else "the quarantine is empty")


@app.command("check")
def check_digs(
    path: Path,
    depth_m: Annotated[float | None, typer.Option(help="Depth below ground; overrides the file's own.")] = None,
    package: Annotated[
        Path | None, typer.Option(help="Folder for each answer as PDF, DXF, GLB, HTML, CSV, GeoJSON and JSON.")
    ] = None,
    ways_out: Annotated[bool, typer.Option(help="Look for the smallest changes that clear a dig in conflict.")] = True,
    requests: Annotated[
        Path | None, typer.Option("--requests", help="Folder for each way out as a request: GeoJSON to check or file.")
    ] = None,
    as_json: Json = False,
) -> None:
    """Check planned excavations (GeoJSON). Exit code 4 says that something is not proven clear."""
    settings = Settings()
    with open_city(settings) as connection:
        reports = _check(connection, settings, path, depth_m=depth_m, ways_out=ways_out)
    screen = Screen(settings.lang)
    if as_json:
        typer.echo(json.dumps({"reports": [report.to_json() for report in reports]}, ensure_ascii=False, indent=1))
    else:
        for report in reports:
            screen.show_check(report)
    if package is not None:
        files = _package(screen, settings, reports, package)
        if not as_json:
            screen.show_files("package", files)
    if requests is not None:
        written = [path for report in reports for path in write_requests(report, requests)]
        if not as_json:
            screen.show_files("request", written)
    if not all(report.is_clear for report in reports):
        raise typer.Exit(CLASHES)


def _check(
    connection: Connection, settings: Settings, path: Path, *, depth_m: float | None = None, ways_out: bool = True
) -> list[ClashReport]:
    ground = read_ground(connection, settings.data.resolve())
    digs = read_digs(path, depth_m, ground.storage)
    practice = settings.practice()
    require_valid(connection, ground, digs, practice.today())
    terms = Terms(practice.book, practice.today(), ways_out)
    reports: list[ClashReport] = []
    with Screen(settings.lang).progress("checking") as advance:
        for dig in digs:
            advance(len(reports), len(digs), dig.name)
            reports.append(answer(connection, ground, dig, terms))
    return reports


def _package(screen: Screen, settings: Settings, reports: list[ClashReport], folder: Path) -> list[Path]:
    """The files of every report's package."""
    from twin.excavations.package.package import MEDIA_TYPES, Package, write_package

    files: list[Path] = []
    with screen.progress("packaging") as advance:
        for report in reports:
            for path in write_package(Package(report, settings.lang), folder):
                files.append(path)
                advance(len(files), len(reports) * len(MEDIA_TYPES), path.name)
    return files


@app.command("serve")
def serve(
    open_desk: Annotated[
        bool, typer.Option("--open-desk", help="Let every caller on this machine read utilities without a key.")
    ] = False,
    no_worker: Annotated[
        bool, typer.Option("--no-worker", help="Leave background work to 'twin worker' processes.")
    ] = False,
) -> None:
    """Serve the web doors until Ctrl-C. Callers without a key see the public layers."""
    settings = Settings()
    if settings.database_url is None:
        migrate(settings.open_database(), settings.crs)
    _serve(settings, open_desk=open_desk, with_worker=not no_worker)


def _serve(settings: Settings, *, open_desk: bool, with_worker: bool = True) -> None:
    import uvicorn

    from ogc_api.transcript import Transcripts
    from twin.app import Doors, create_app
    from twin.work.tasks import Workshop, create_worker

    if open_desk and settings.host not in ("127.0.0.1", "::1", "localhost"):
        raise Conflict(f"--open-desk would open utilities to the network of TWIN_HOST={settings.host}: use 127.0.0.1")
    with connect(settings.open_database()) as connection:
        storage_srid(connection)
    databases, practice = settings.web_databases(), settings.practice()
    transcripts = Transcripts(settings.data.resolve() / "transcripts", int(settings.transcript_gb * 1e9))
    worker = create_worker(Workshop(databases, practice, settings.post())) if with_worker else None
    doors = Doors(
        databases,
        practice,
        settings.served_at,
        open_desk=open_desk,
        worker=worker,
        geoid_m=settings.geoid_m,
        tile_folder=settings.data.resolve() / "tiles",
        transcripts=transcripts if transcripts.room_bytes else None,
        jobs_a_key=settings.jobs_a_key,
    )
    logging.basicConfig(level=logging.WARNING, format="%(asctime)s %(levelname)s %(name)s: %(message)s")
    if not open_desk:
        logging.getLogger("twin.access").setLevel(logging.INFO)
    typer.echo(f"{settings.served_at} (Ctrl-C ends)")
    uvicorn.run(create_app(doors), host=settings.host, port=settings.port, log_config=None, server_header=False)


@app.command("demo")
def demo(
    no_serve: Annotated[bool, typer.Option("--no-serve", help="End after the tables.")] = False,
) -> None:
    """The whole way on the private cluster: sample ward, import, one check, server."""
    settings = Settings()
    screen = Screen(settings.lang)
    running = settings.database_url is None and embedded.status(settings.data.resolve()).state == "running"
    sample = settings.data.resolve() / "sample"
    try:
        _write_sample(screen, sample, seed=1)
        with open_city(settings) as connection:
            report = _import(screen, connection, settings, sample / "ward", ImportOptions())
            _import(screen, connection, settings, sample / "reports", ImportOptions())
            _write_report(screen, connection, settings, report)
            screen.show_import(report)
            trench = min((sample / "trenches").glob("*.geojson"))
            checked = _check(connection, settings, trench)
        for answer in checked:
            screen.show_check(answer)
        screen.show_files("package", _package(screen, settings, checked, settings.data / "packages"))
        if not no_serve:
            _serve(settings, open_desk=True)
    finally:
        if settings.database_url is None and not running:
            embedded.stop(settings.data.resolve())


def _require_embedded(settings: Settings) -> None:
    if settings.database_url is not None:
        raise Conflict("TWIN_DATABASE_URL is set: that database is not the twin's own to start or stop")
