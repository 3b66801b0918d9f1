"""`twin layers …`: layers that a city adds from a file, without code."""

from __future__ import annotations

import json
from dataclasses import replace
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.markup import escape
from rich.table import Table

from importers.custom.adding import Added, Addition, add_layer, open_workers
from importers.custom.choosing import KINDS, Choice
from importers.custom.names import name_layer, spell
from importers.custom.reading import Wish
from importers.phrases import in_both
from layers.crs import parse_crs
from layers.custom import CustomLayer, Draft, Standing, list_custom, read_custom
from layers.custom_tables import find_custom, open_layer, remove_layer, restyle
from layers.database import Audience
from layers.errors import Invalid, Sentence
from layers.label import Label
from layers.loading import importing
from styles.defaults import choose_colour
from styles.validation import completed, find_faults, undrawn
from twin.city import open_city
from twin.console import Screen
from twin.settings import Settings

if TYPE_CHECKING:
    from layers.database import Connection

# Of a title or a description.
_LONGEST = 2000
# Some records are in quarantine, as of `twin import`.
QUARANTINED = 3

layers = typer.Typer(no_args_is_help=True, help="Layers of your own, from a file: add, list, style, open, remove.")


class Readers(StrEnum):
    """Who may read a layer."""

    PUBLIC = "public"
    OPERATORS = "operators"

    @property
    def audience(self) -> Audience:
        return Audience.PUBLIC if self is Readers.PUBLIC else Audience.OPERATOR


Geometry = StrEnum("Geometry", {kind.upper(): kind for kind in KINDS})  # type: ignore[misc]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON.")]


@layers.command("add")
def add(
    path: Path,
    title: Annotated[str | None, typer.Option(help="Its title; else the file's name.")] = None,
    title_vi: Annotated[str | None, typer.Option(help="Its title in Vietnamese, where that differs.")] = None,
    name: Annotated[str | None, typer.Option("--id", help="Its id in addresses; else made of the title.")] = None,
    audience: Annotated[
        Readers | None, typer.Option(help="Who may read it: everybody, or operators with a key (default).")
    ] = None,
    layer: Annotated[str | None, typer.Option(help="Which layer, where the file holds several.")] = None,
    geometry: Annotated[
        Geometry | None, typer.Option(help="Which of its features, where the layer mixes them.")
    ] = None,
    crs: Annotated[str | None, typer.Option(help="Its CRS, such as EPSG:9214, against what the file declares.")] = None,
    encoding: Annotated[str | None, typer.Option(help="Encoding of its text, such as TCVN3.")] = None,
    owner: Annotated[str | None, typer.Option(help="Who delivered it.")] = None,
    description: Annotated[str | None, typer.Option(help="What it is, in a sentence.")] = None,
    description_vi: Annotated[str | None, typer.Option(help="The same in Vietnamese.")] = None,
    as_json: AsJson = False,
) -> None:
    """Make a layer of a file: served, tiled and styled at once. The same id again replaces it, or says what changed.

    Exit code 3 says that some records went to the quarantine.
    """
    settings = Settings()
    screen = Screen(settings.lang)
    given = _Given(path, title, title_vi, name, description, description_vi)
    with open_city(settings) as connection:
        former, wanted = _wanted(connection, given, audience)
        choice = Choice(layer, None if geometry is None else str(geometry))
        wish = Wish(wanted.name, choice, settings.timezone, encoding)
        addition = Addition(path, wanted, wish, parse_crs(crs) if crs else None, owner, former)
        with open_workers() as workers, screen.progress("adding") as advance:
            added = add_layer(
                connection, settings.data.resolve(), addition, workers, on_rows=lambda n: advance(n, max(n, 1))
            )
    if as_json:
        typer.echo(json.dumps(_to_json(added, settings.served_at), ensure_ascii=False, indent=1))
    else:
        _show(screen, added, settings.served_at)
    if added.report.refused:
        raise typer.Exit(QUARANTINED)


class _Given:
    """What is said of a layer on the command line."""

    def __init__(
        self,
        path: Path,
        title: str | None,
        title_vi: str | None,
        name: str | None,
        description: str | None,
        description_vi: str | None,
    ) -> None:
        stem = spell(path.name.partition(".")[0].replace("_", " "))
        self.title, self.description, self.stem = (title_vi, title), (description_vi, description), stem
        self.name = name or name_layer(title or title_vi or stem)
        if not self.name:
            raise Invalid(Sentence("give the layer an id with --id", "đặt mã cho lớp bằng --id"))


def _label(told: tuple[str | None, str | None], former: Label) -> Label:
    """A text in Vietnamese and English: what is told in one language only holds for the other, unless that has one."""
    vi, en = (spell(text or "", _LONGEST) for text in told)
    has_both = former.vi != former.en
    return Label(vi or (former.vi if has_both else en or former.vi), en or (former.en if has_both else vi or former.en))


def _wanted(connection: Connection, given: _Given, audience: Readers | None) -> tuple[CustomLayer | None, CustomLayer]:
    """The layer as it was, and as it is to be: what is not said stays as it was where the layer is known."""
    known = {layer.name: layer for layer in read_custom(connection)}
    former = known.get(given.name)
    empty = Draft("POINT", has_heights=False, fields=())
    if former is not None:
        return former, replace(
            former,
            title=_label(given.title, former.title),
            description=_label(given.description, former.description),
            audience=audience.audience if audience else former.audience,
            draft=empty,
        )
    return None, CustomLayer(
        given.name,
        _label(given.title, Label(given.stem, given.stem)),
        _label(given.description, Label("", "")),
        audience.audience if audience else Audience.OPERATOR,
        empty,
        choose_colour(given.name, {layer.colour for layer in known.values()}),
    )


def _to_json(added: Added, served_at: str) -> dict[str, Any]:
    report = added.report
    return {
        "id": added.layer.name,
        "run": added.run_id,
        "audience": _readers(added.layer),
        "collection": f"{served_at}/ogc/collections/{added.layer.name}",
        "geometry": added.layer.draft.geometry,
        "fields": {field.name: [str(field.kind), field.label] for field in added.layer.draft.fields},
        "outcome": "unchanged" if added.run_id is None else str(report.outcome),
        "read": report.read,
        "loaded": report.loaded,
        "refused": report.refused,
        "change": report.change,
        "decisions": report.decisions,
        "findings": report.findings,
    }


def _readers(layer: CustomLayer) -> str:
    return str(Readers.PUBLIC if layer.audience == Audience.PUBLIC else Readers.OPERATORS)


def _show(screen: Screen, added: Added, served_at: str) -> None:
    layer, report, vi = added.layer, added.report, screen.say("layer") == "Lớp"
    say = screen.console.print
    if added.run_id is None:
        say(_UNCHANGED[not vi].format(name=layer.name), markup=False, highlight=False)
        return
    table = Table(title=escape(f"{layer.title.vi if vi else layer.title.en} ({layer.name})"), title_justify="left")
    for head in _HEADS:
        table.add_column(head[not vi])
    for field in layer.draft.fields:
        table.add_row(field.name, _KINDS[field.kind][not vi], escape(field.label))
    say(table)
    for decision in report.decisions[:1]:
        crs, text = (_in(decision[name], vi=vi) for name in ("crs", "text"))
        say(f"{screen.say('crs')}: {crs}; {screen.say('text')}: {text}", markup=False)
    counts = _COUNTS[not vi].format(loaded=report.loaded, refused=report.refused, read=report.read)
    say(counts, markup=False, highlight=False)
    if added.change is not None:
        say(_CHANGE[not vi].format(change=added.change), markup=False, highlight=False)
    for finding in report.findings:
        rows = ", ".join(map(str, finding["rows"][:10]))
        told = f"  {finding['times']} × {_in(finding['message'], vi=vi)} ({rows})"
        say(told, markup=False, highlight=False, style="dim")
    say(f"{served_at}/ogc/collections/{layer.name}", markup=False, highlight=False, soft_wrap=True)
    if layer.audience != Audience.PUBLIC:
        say(_CLOSED[not vi].format(name=layer.name), markup=False, highlight=False, style="dim")
    say(f"{screen.say('run')} {added.run_id}: twin undo {added.run_id}", style="dim", markup=False, highlight=False)


def _in(said: str, *, vi: bool) -> str:
    """A decision or finding of an importer in a language; "EPSG:4326: declared by …" names its subject first."""
    subject, colon, rest = said.partition(": ")
    both = in_both(said)
    return both.en if not vi else both.vi if both.vi != said else f"{subject}{colon}{in_both(rest).vi}"


_HEADS = (("Thuộc tính", "Property"), ("Kiểu", "Type"), ("Tên trong tệp", "In the file"))
_KINDS = {
    "boolean": ("đúng/sai", "yes/no"),
    "integer": ("số nguyên", "whole number"),
    "real": ("số thực", "number"),
    "date": ("ngày", "date"),
    "moment": ("thời điểm", "date and time"),
    "array": ("danh sách", "list"),
    "object": ("đối tượng JSON", "object"),
    "text": ("chữ", "text"),
}
_UNCHANGED = ("{name}: không có gì thay đổi", "{name}: nothing has changed")
_COUNTS = (
    "{loaded} đối tượng đã nạp, {refused} dòng cách ly, trong {read} dòng đọc",
    "{loaded} features loaded, {refused} rows refused, of {read} read",
)
_CHANGE = (
    "{change.added} thêm, {change.changed} thay đổi, {change.removed} bỏ",
    "{change.added} added, {change.changed} changed, {change.removed} removed",
)
_CLOSED = (
    "Chỉ người có khóa đọc được; mở cho mọi người: twin layers open {name} public",
    "Only holders of a key read it; to open it to everybody: twin layers open {name} public",
)


@layers.command("list")
def show_layers(as_json: AsJson = False) -> None:
    """The layers that were added: id, title, features, who may read them, file."""
    settings = Settings()
    with open_city(settings) as connection:
        standings = list_custom(connection)
    if as_json:
        typer.echo(json.dumps([_standing_to_json(one) for one in standings], ensure_ascii=False, indent=1))
        return
    screen = Screen(settings.lang)
    english = settings.lang == "en"
    table = Table()
    for head in _LIST_HEADS:
        table.add_column(head[english])
    for one in standings:
        title = one.layer.title.en if english else one.layer.title.vi
        readers = _READERS[_readers(one.layer)][english]
        cells = (one.layer.name, title, f"{one.features:,}", f"{one.refused:,}", readers, one.file)
        table.add_row(*map(escape, cells), f"{one.added_at:%Y-%m-%d %H:%M}")
    screen.console.print(table if standings else _NONE[english], markup=False)


def _standing_to_json(one: Standing) -> dict[str, Any]:
    return {
        "id": one.layer.name,
        "title": one.layer.definition["title"],
        "geometry": one.layer.draft.geometry,
        "features": one.features,
        "refused": one.refused,
        "audience": _readers(one.layer),
        "file": one.file,
        "added": one.added_at.isoformat(),
    }


_LIST_HEADS = (
    ("Mã", "Id"), ("Tên", "Title"), ("Đối tượng", "Features"), ("Cách ly", "Refused"), ("Ai đọc", "Readers"),
    ("Tệp", "File"), ("Thêm lúc", "Added"),
)  # fmt: skip
_READERS = {"public": ("mọi người", "everybody"), "operators": ("người có khóa", "holders of a key")}
_NONE = ("chưa thêm lớp nào", "no layer was added yet")


@layers.command("remove")
def remove(
    name: str,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
) -> None:
    """Remove a layer with all its versions; addresses of it answer 404 from then on."""
    settings = Settings()
    english = settings.lang == "en"
    with open_city(settings) as connection:
        layer = find_custom(connection, name)
        title = layer.title.en if english else layer.title.vi
        if not yes and not typer.confirm(_SURE[english].format(title=title, name=name)):
            raise typer.Exit(1)
        with importing(connection):
            features = remove_layer(connection, name)
    typer.echo(_REMOVED[english].format(name=name, features=features))


_SURE = ("Xóa lớp “{title}” ({name}) cùng mọi phiên bản?", "Remove '{title}' ({name}) with all its versions?")
_REMOVED = ("đã xóa {name}, {features} đối tượng", "{name} is removed, {features} features")


@layers.command("open")
def open_to(name: str, audience: Readers) -> None:
    """Say who may read a layer: 'public' is everybody, 'operators' are holders of a key."""
    settings = Settings()
    with open_city(settings) as connection:
        find_custom(connection, name)
        open_layer(connection, name, audience.audience)
    typer.echo(f"{name}: {_READERS[str(audience)][settings.lang == 'en']}")


@layers.command("style")
def style(
    name: str,
    path: Annotated[
        Path | None, typer.Argument(help="A MapLibre style, or its layers; none: the one it was given.")
    ] = None,
) -> None:
    """Give a layer another style: maps, SLD and QML follow at once."""
    settings = Settings()
    with open_city(settings) as connection:
        layer = find_custom(connection, name)
        drawn = None if path is None else _read_style(path, layer)
        restyle(connection, name, None if drawn is None else json.dumps(drawn, ensure_ascii=False))
    alone = undrawn(drawn) if drawn else []
    if alone:
        text = ("chỉ MapLibre hiển thị: {}", "only MapLibre draws: {}")[settings.lang == "en"]
        typer.echo(text.format(", ".join(alone)))
    typer.echo(f"{settings.served_at}/ogc/styles/{name}")


def _read_style(path: Path, layer: CustomLayer) -> list[dict[str, Any]]:
    """Layers of a style. Raises: Invalid, naming every fault."""
    try:
        document = json.loads(path.read_text("utf-8-sig"), parse_constant=_refuse_constant)
    except (ValueError, RecursionError) as error:
        raise Invalid(Sentence(f"{path} is no JSON: {error}", f"{path} không phải JSON: {error}")) from error
    drawn: Any = document.get("layers") if isinstance(document, dict) else document
    if isinstance(drawn, list):
        # Of a style of many sources those that draw this one.
        named = [one for one in drawn if isinstance(one, dict) and one.get("source-layer", layer.name) == layer.name]
        drawn = named or drawn
    faults = find_faults(drawn, {p.name for p in layer.to_layer().properties})
    if faults:
        raise Invalid(*(Sentence(fault.en, fault.vi).about(path.name) for fault in faults))
    return completed(layer.name, drawn)


def _refuse_constant(name: str) -> None:
    """JSON has no NaN and no Infinity."""
    raise ValueError(name)
