"""`twin mosaic`: the city's whole ground as one file."""

from __future__ import annotations

from pathlib import Path  # noqa: TC003 - typer reads it at run time
from typing import Annotated

import typer

from layers.mosaic import write_mosaic
from layers.terrain import read_ground
from twin.city import open_city
from twin.console import Screen
from twin.settings import Settings


def make_mosaic(
    file: Annotated[
        Path | None, typer.Argument(help="GeoTIFF to write; terrain/mosaic.tif in the data folder.")
    ] = None,
    resolution: Annotated[float | None, typer.Option(help="Metres a pixel; that of the finest terrain.")] = None,
) -> None:
    """Write all terrain as one Cloud Optimized GeoTIFF, for QGIS: the ground that every check here refers to."""
    settings = Settings()
    data = settings.data.resolve()
    target = data / "terrain" / "mosaic.tif" if file is None else file
    with open_city(settings) as connection:
        ground = read_ground(connection, data)
    screen = Screen(settings.lang)
    with screen.progress("mosaic") as advance:
        frame = write_mosaic(ground, target, resolution, on_progress=advance)
    typer.echo(
        f"{target}: {frame.width} x {frame.height} x {frame.pixel_m:g} m, {ground.storage.code},"
        f" {screen.say('rasters')}: {len(ground.rasters)}"
    )
