"""`twin organisation …`: who owns utilities, who applies, who decides, and how each is told."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import numpy as np
import shapely
import typer
from shapely.errors import ShapelyError

from layers.crs import WGS84, Crs, parse_crs, transform_geometries
from layers.database import storage_srid
from layers.errors import Invalid, Sentence
from layers.organisations import (
    Registration,
    find_organisation,
    list_organisations,
    register_organisation,
    remove_organisation,
)
from layers.owner_areas import AreaKind, declare_area, list_areas, withdraw_area
from twin.city import open_city
from twin.desk.printing import Sheet
from twin.notices.mail import check_mailbox
from twin.notices.webhook import check_address, make_secret
from twin.settings import Settings

type Remark = Annotated[str | None, typer.Option(help="Where that comes from, such as a letter.")]

organisation = typer.Typer(no_args_is_help=True, help="Owners of utilities, applicants, and the city's desk.")


@organisation.command("add")
def add(
    name: str,
    alias: Annotated[list[str] | None, typer.Option(help="Another name in the records; may be repeated.")] = None,
    email: Annotated[str | None, typer.Option(help="Where it is told.")] = None,
    webhook: Annotated[str | None, typer.Option(help="https address that is told; prints its secret, once.")] = None,
    area: Annotated[Path | None, typer.Option(help="GeoJSON polygons where it wants to be asked in any case.")] = None,
    coordinates: Annotated[bool, typer.Option("--coordinates", help="Its keys decide: the city's desk.")] = False,
) -> None:
    """Register an organisation, or replace what was registered under its name."""
    settings = Settings()
    if email is not None:
        check_mailbox(email)
    secret = None
    if webhook is not None:
        check_address(webhook, private=settings.webhook_private)
        secret = make_secret()
    with open_city(settings) as connection:
        storage = parse_crs(f"EPSG:{storage_srid(connection)}")
        outline = None if area is None else _read_area(area, storage)
        about = Registration(name, tuple(alias or ()), email, webhook, secret, coordinates, outline)
        register_organisation(connection, about)
    typer.echo(secret or name)


@organisation.command("list")
def show_all() -> None:
    """Who is registered."""
    settings = Settings()
    with open_city(settings) as connection:
        Sheet(settings.lang, settings.timezone).organisations(list_organisations(connection))


@organisation.command("network")
def declare_network(
    name: str, area: Annotated[Path, typer.Argument(help="GeoJSON polygons.")], remark: Remark = None
) -> None:
    """Declare where an organisation is known to have a network: where it delivered nothing, nothing is clear."""
    _declare(name, AreaKind.NETWORK, area, remark)


@organisation.command("delivered")
def declare_delivered(
    name: str, area: Annotated[Path, typer.Argument(help="GeoJSON polygons.")], remark: Remark = None
) -> None:
    """Declare for which area all records of an organisation are here; what was declared before is replaced."""
    _declare(name, AreaKind.DELIVERED, area, remark)


@organisation.command("withdraw")
def withdraw(name: str, kind: AreaKind) -> None:
    """Take back a declared area: 'network' or 'delivered'."""
    with open_city(Settings()) as connection:
        withdraw_area(connection, find_organisation(connection, name).name, kind)


@organisation.command("areas")
def show_areas() -> None:
    """What was declared: owner, kind, square metres, when, remark."""
    with open_city(Settings()) as connection:
        for one in list_areas(connection):
            typer.echo(f"{one.owner}\t{one.kind}\t{one.area_m2:.0f}\t{one.declared_at:%Y-%m-%d}\t{one.remark or ''}")


def _declare(name: str, kind: AreaKind, path: Path, remark: str | None) -> None:
    with open_city(Settings()) as connection:
        area = _read_area(path, parse_crs(f"EPSG:{storage_srid(connection)}"))
        declare_area(connection, find_organisation(connection, name).name, kind, area, remark)
    typer.echo(f"{name}\t{kind}\t{area.area:.0f} m²")


@organisation.command("remove")
def drop(name: str) -> None:
    """Remove an organisation that has no key, no excavation and no request."""
    with open_city(Settings()) as connection:
        remove_organisation(connection, name)
    typer.echo(name)


def _read_area(path: Path, storage: Crs) -> shapely.MultiPolygon:
    """Raises: Invalid."""
    try:
        document = json.loads(path.read_text("utf-8"))
        features = document.get("features") or [document]
        shapes = [shapely.geometry.shape(f.get("geometry") or f) for f in features]
        moved = transform_geometries(np.array(shapes, dtype=object), parse_crs(WGS84), storage)
        union = shapely.force_2d(shapely.union_all(moved))
        polygons = [part for part in shapely.get_parts(union) if isinstance(part, shapely.Polygon)]
    except (ShapelyError, TypeError, ValueError, LookupError, AttributeError, RecursionError) as error:
        raise Invalid(
            Sentence(f"{path}: no GeoJSON polygons ({error})", f"{path}: không phải đa giác GeoJSON ({error})")
        ) from error
    if not polygons:
        raise Invalid(Sentence(f"{path}: there is no polygon in it", f"{path}: không có đa giác nào"))
    return shapely.MultiPolygon(polygons)
