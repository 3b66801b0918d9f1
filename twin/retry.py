"""`twin quarantine retry`: refused files read again, as the run that refused them did, with what is said beside."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from importers.folder import ImportOptions, import_path
from importers.profile import parse_profile, read_profile
from importers.recognition import TABLES, require_table
from importers.source import find_delivered
from layers.crs import parse_crs
from layers.quarantine import list_waiting
from twin.city import open_city
from twin.console import Screen
from twin.settings import Settings

if TYPE_CHECKING:
    from importers.layer_rules import Profile
    from layers.quarantine import Waiting

_QUARANTINED = 3


def retry(
    crs: Annotated[str | None, typer.Option(help="CRS of the files, such as EPSG:9214.")] = None,
    owner: Annotated[str | None, typer.Option(help="Owner of utilities whose files name none.")] = None,
    layer: Annotated[str | None, typer.Option(help=f"Layer of the files: {', '.join(TABLES)}.")] = None,
    profile: Annotated[Path | None, typer.Option(help="Mapping instead of the one they were imported with.")] = None,
    only: Annotated[str, typer.Option(help="Only files whose path has this text.")] = "",
) -> None:
    """Read the files with faults again, from where they lie: as they were imported, but for what the options say."""
    settings = Settings()
    screen = Screen(settings.lang)
    said = ImportOptions(
        parse_crs(crs) if crs else None, owner, require_table(layer), again=True,
        profile=read_profile(profile) if profile else ImportOptions().profile,
    )  # fmt: skip
    is_clean = True
    with open_city(settings) as connection:
        places: dict[Path, Waiting] = {}
        for waiting in list_waiting(connection, only):
            if (place := find_delivered(Path(waiting.location))) is not None:
                places.setdefault(place, waiting)
                continue
            typer.echo(f"{waiting.path}: {screen.say('gone')}")
            is_clean = False
        for place, waiting in sorted(places.items()):
            options = _as_imported(said, waiting)
            with screen.import_progress() as tell:
                report = import_path(connection, settings.data.resolve(), place, options, on_progress=tell)
            for file in report.files:
                typer.echo(f"{file.path}: {screen.outcome(file.outcome)}, {file.loaded} / {file.refused}")
            is_clean &= report.is_clean
    if not is_clean:
        raise typer.Exit(_QUARANTINED)


def _as_imported(said: ImportOptions, waiting: Waiting) -> ImportOptions:
    """What was said at the import that refused a file holds where nothing else is said now."""
    given = waiting.given
    crs = parse_crs(given["crs"]) if given.get("crs") and said.crs is None else said.crs
    profile: Profile = said.profile
    if not profile.text and given.get("profile"):
        profile = parse_profile(str(given["profile"]), f"the profile of {waiting.root}")
    root = Path(waiting.root)
    return ImportOptions(
        crs,
        said.owner or given.get("owner"),
        said.layer or given.get("layer"),
        again=True,
        profile=profile,
        root=root if Path(waiting.location).is_relative_to(root) else None,
        fills_gaps=said.crs is None and not given.get("forced"),
    )
