"""`twin backup` and `twin restore`: the city as a folder, and back."""

from __future__ import annotations

from pathlib import Path  # noqa: TC003 - typer reads it at run time

import typer

from layers.backup import restore_backup, write_backup
from twin.console import Screen
from twin.settings import Settings


def back_up(folder: Path) -> None:
    """Write the whole city as it is now into a new folder. It may go on working meanwhile."""
    settings = Settings()
    screen = Screen(settings.lang)
    with screen.progress("backup") as advance:
        manifest = write_backup(settings.open_database(), settings.data.resolve(), folder, on_progress=advance)
    size = sum((folder / path).stat().st_size for path in manifest.files)
    typer.echo(f"{folder}: {screen.say('files')}: {len(manifest.files) + 1}, {size / 1e6:.1f} MB")


def restore(folder: Path) -> None:
    """Bring the city of a backup into an empty database and data folder."""
    settings = Settings()
    screen = Screen(settings.lang)
    with screen.progress("restore") as advance:
        manifest = restore_backup(settings.open_database(), settings.data.resolve(), folder, on_progress=advance)
    typer.echo(f"{screen.say('restored')}: EPSG:{manifest.srid}, {manifest.made_at}")
