"""Organisations of the procedure: owners of utilities, applicants, and the city's own desk."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import psycopg
import shapely
from psycopg.rows import class_row

from layers.database import storage_srid
from layers.errors import Conflict, NotFound, Sentence

if TYPE_CHECKING:
    from collections.abc import Sequence

    from layers.database import Connection


@dataclass(frozen=True, slots=True)
class Organisation:
    """An organisation without its secret; `has_area` where it wants to be asked about an area of its own."""

    id: int
    name: str
    aliases: tuple[str, ...]
    email: str | None
    webhook_url: str | None
    coordinates: bool
    has_area: bool

    def __post_init__(self) -> None:
        object.__setattr__(self, "aliases", tuple(self.aliases))


@dataclass(frozen=True, slots=True)
class Registration:
    """What an operator says of an organisation; `area` in storage CRS."""

    name: str
    aliases: tuple[str, ...] = ()
    email: str | None = None
    webhook_url: str | None = None
    webhook_secret: str | None = None
    coordinates: bool = False
    area: shapely.MultiPolygon | None = None


_COLUMNS = "id, name, aliases, email, webhook_url, coordinates, area is not null as has_area"


def register_organisation(connection: Connection, given: Registration) -> int:
    """The organisation's number; what was registered under its name before is replaced.

    Raises: Conflict where another organisation goes by one of the names.
    """
    names = [given.name, *given.aliases]
    taken = connection.execute(
        "select name from organisations where name <> %s and (name = any(%s) or aliases && %s)",
        (given.name, names, names),
    ).fetchone()
    if taken:
        raise Conflict(
            Sentence(
                f"'{taken[0]}' goes by one of the names {', '.join(names)} already: an owner is one organisation",
                f"'{taken[0]}' đã dùng một trong các tên {', '.join(names)}: mỗi chủ sở hữu là một đơn vị",
            )
        )
    area = None if given.area is None else shapely.to_wkb(given.area, output_dimension=2)
    row = connection.execute(
        "insert into organisations (name, aliases, email, webhook_url, webhook_secret, coordinates, area)"
        " values (%s, %s, %s, %s, %s, %s, st_setsrid(%s::geometry, %s))"
        " on conflict (name) do update set aliases = excluded.aliases, email = excluded.email,"
        " webhook_url = excluded.webhook_url, webhook_secret = excluded.webhook_secret,"
        " coordinates = excluded.coordinates, area = excluded.area returning id",
        (
            given.name,
            list(given.aliases),
            given.email,
            given.webhook_url,
            given.webhook_secret,
            given.coordinates,
            area,
            storage_srid(connection),
        ),
    ).fetchone()
    return int(row[0]) if row else 0


def remove_organisation(connection: Connection, name: str) -> None:
    """Raises: NotFound; Conflict where it has a key, an excavation or a request."""
    try:
        removed = connection.execute("delete from organisations where name = %s", (name,)).rowcount
    except psycopg.errors.ForeignKeyViolation as error:
        raise Conflict(
            Sentence(
                f"'{name}' has keys, excavations or requests: revoke its keys and keep it for the record",
                f"'{name}' đang có khóa, công trình đào hoặc yêu cầu: hãy thu hồi khóa và giữ lại để lưu hồ sơ",
            )
        ) from error
    if not removed:
        raise _unknown(name)


def list_organisations(connection: Connection) -> list[Organisation]:
    with connection.cursor(row_factory=class_row(Organisation)) as cursor:
        return cursor.execute(f"select {_COLUMNS} from organisations order by name").fetchall()  # noqa: S608 - our own columns


def find_organisation(connection: Connection, name: str) -> Organisation:
    """An organisation by its name or another name of it. Raises: NotFound."""
    with connection.cursor(row_factory=class_row(Organisation)) as cursor:
        found = cursor.execute(
            f"select {_COLUMNS} from organisations where name = %s or %s = any(aliases)",  # noqa: S608 - our own columns
            (name, name),
        ).fetchone()
    if found is None:
        raise _unknown(name)
    return found


def read_webhook(connection: Connection, organisation_id: int | None) -> tuple[str | None, str | None] | None:
    """Address and secret of an organisation's webhook; for workers only."""
    row = connection.execute(
        "select webhook_url, webhook_secret from organisations where id = %s", (organisation_id,)
    ).fetchone()
    return None if row is None else (row[0], row[1])


def match_owners(connection: Connection, owners: Sequence[str]) -> dict[str, Organisation]:
    """The registered organisation behind each name of an owner in the records, for those that have one."""
    with connection.cursor(row_factory=class_row(Organisation)) as cursor:
        found = cursor.execute(
            f"select {_COLUMNS} from organisations where name = any(%s) or aliases && %s",  # noqa: S608 - our own columns
            (list(owners), list(owners)),
        ).fetchall()
    return {name: one for one in found for name in (one.name, *one.aliases) if name in owners}


def find_interested(connection: Connection, polygon: shapely.Polygon) -> list[Organisation]:
    """Organisations whose area of interest touches a polygon in storage CRS."""
    with connection.cursor(row_factory=class_row(Organisation)) as cursor:
        return cursor.execute(
            f"select {_COLUMNS} from organisations"  # noqa: S608 - our own columns
            " where st_intersects(area, st_setsrid(%s::geometry, %s)) order by name",
            (shapely.to_wkb(polygon, output_dimension=2), storage_srid(connection)),
        ).fetchall()


def _unknown(name: str) -> NotFound:
    return NotFound(
        Sentence(
            f"there is no organisation '{name}': see 'twin organisation list'",
            f"không có đơn vị '{name}': xem 'twin organisation list'",
        )
    )
