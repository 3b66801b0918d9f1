"""`twin check-many`: planned excavations by the thousand, a line for each."""

from __future__ import annotations

import json
from collections import Counter
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from layers.crs import parse_crs
from layers.errors import say
from layers.terrain import read_ground
from twin.city import open_city
from twin.clash.accuracy import Wording
from twin.clash.crew import City, answer_all
from twin.console import Screen
from twin.excavations.batchfile import read_batch, write_batch
from twin.excavations.many import Bench, answer_each, collect
from twin.settings import Settings

if TYPE_CHECKING:
    from layers.crs import Crs
    from twin.excavations.many import Line

# Something is not proven clear: as of `twin check`.
OPEN = 4


def check_many_digs(
    path: Path,
    out: Annotated[Path | None, typer.Option(help="File of the answers: .geojson, .json or .csv.")] = None,
    depth_m: Annotated[float | None, typer.Option(help="Depth below ground; overrides the file's own.")] = None,
    crs: Annotated[str | None, typer.Option(help="CRS of a file that states none, such as EPSG:9214.")] = None,
    workers: Annotated[int | None, typer.Option(min=1, max=64, help="Processes; by default one a core.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print GeoJSON.")] = False,
) -> None:
    """Check planned excavations by the thousand (GeoJSON, GeoPackage, Shapefile, CSV with WKT), a line for each.

    Outcomes are those of 'twin check', without surroundings and ways out. Exit code 4 says that something is not
    proven clear, or was refused.
    """
    settings = Settings()
    screen = Screen(settings.lang)
    document = read_batch(path, parse_crs(crs) if crs else None)
    lines, storage = _check(screen, settings, document, depth_m, workers)
    files = write_batch(lines, storage, out, settings.lang) if out else []
    if as_json:
        typer.echo(json.dumps(collect(lines, storage), ensure_ascii=False))
    else:
        _show(screen, lines)
        screen.show_files("checking", files)
    if not all(line.is_clear for line in lines):
        raise typer.Exit(OPEN)


def _check(
    screen: Screen, settings: Settings, document: object, depth_m: float | None, workers: int | None
) -> tuple[list[Line], Crs]:
    practice = settings.practice()
    lines: list[Line] = []
    count = len(document["features"]) if isinstance(document, dict) and "features" in document else 1
    with open_city(settings) as connection, screen.progress("checking") as advance:
        ground = read_ground(connection, practice.data)
        city = City(settings.open_database(), practice.data, practice.rules)
        bench = Bench(connection, ground, practice.today())
        for line in answer_each(bench, document, depth_m, partial(answer_all, city, workers=workers)):
            lines.append(line)
            advance(len(lines), count)
    return sorted(lines, key=lambda line: line.number), ground.storage


def _show(screen: Screen, lines: list[Line]) -> None:
    found = Counter("refused" if line.faults else "clear" if line.is_clear else "open" for line in lines)
    for name, text in _COUNTS.items():
        screen.console.print(f"{screen.wording(text)}: {found[name]:,}", highlight=False)
    for line in [line for line in lines if line.faults][:_SHOWN]:
        told = "; ".join(screen.wording(_both(fault)) for fault in line.faults)
        screen.console.print(f"{line.number}. {line.name}: {told}", style="yellow", markup=False, highlight=False)


def _both(fault: str) -> Wording:
    return Wording(en=str(fault), vi=say(fault, "vi"))


# Refusals that fit on a screen; the file has all.
_SHOWN = 20
_COUNTS = {
    "clear": Wording(en="clear", vi="an toàn"),
    "open": Wording(en="not proven clear", vi="chưa chứng minh được an toàn"),
    "refused": Wording(en="refused", vi="không hợp lệ"),
}
