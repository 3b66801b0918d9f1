"""Keys by which callers are known: kept as hashes, shown once."""

from __future__ import annotations

import hashlib
import secrets
from dataclasses import dataclass
from typing import TYPE_CHECKING

from layers.database import AsyncConnection, Audience, Connection
from layers.errors import Invalid, NotFound

if TYPE_CHECKING:
    from datetime import datetime


@dataclass(frozen=True, slots=True)
class Caller:
    """Who asks, and what for: an audience reads layers, an organisation files and answers, the desk decides.

    name: of the key, None for the public.
    """

    name: str | None
    audience: Audience
    organisation_id: int | None = None
    organisation: str | None = None
    coordinates: bool = False
    edits: bool = False


ANYBODY = Caller(None, Audience.PUBLIC)


def grant_key(
    connection: Connection,
    name: str,
    *,
    organisation_id: int | None = None,
    reads_utilities: bool = True,
    edits: bool = False,
) -> str:
    """A new key for a name; a key that the name had before ends.

    With an organisation the key files excavations and answers requests in its name; with `reads_utilities` it reads
    every utility of the city; with `edits` it changes single features.
    """
    if not name.strip():
        raise Invalid("a key needs the name of its holder")
    key = secrets.token_urlsafe(32)
    connection.execute(
        "insert into access_keys (name, sha256, organisation_id, reads_utilities, edits) values (%s, %s, %s, %s, %s)"
        " on conflict (name) do update set sha256 = excluded.sha256, created_at = now(),"
        " organisation_id = excluded.organisation_id, reads_utilities = excluded.reads_utilities,"
        " edits = excluded.edits",
        (name, _hash(key), organisation_id, reads_utilities, edits),
    )
    return key


def revoke_key(connection: Connection, name: str) -> None:
    """Raises: NotFound where the name has no key."""
    if connection.execute("delete from access_keys where name = %s", (name,)).rowcount == 0:
        raise NotFound(f"'{name}' has no key: see 'twin access list'")


def list_keys(connection: Connection) -> list[tuple[str, datetime]]:
    return connection.execute("select name, created_at from access_keys order by name").fetchall()


async def identify(connection: AsyncConnection, key: str) -> Caller | None:
    """The bearer of a key; None for a key that is not, or no longer, known.

    The web roles cannot read the table, only ask this question.
    """
    row = await (await connection.execute(_IDENTIFY, (_hash(key),))).fetchone()
    if row is None:
        return None
    name, reads_utilities, organisation_id, organisation, coordinates, edits = row
    audience = Audience.OPERATOR if reads_utilities else Audience.PUBLIC
    who = None if organisation is None else organisation.decode()
    return Caller(name.decode(), audience, organisation_id, who, bool(coordinates), bool(edits))


_IDENTIFY = (
    b"select name, reads_utilities, organisation_id, organisation, coordinates, edits from twin.identify_key($1::text)"
)


def _hash(key: str) -> str:
    return hashlib.sha256(key.encode()).hexdigest()
