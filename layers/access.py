"""Keys by which callers are known: kept as hashes, shown once."""

from __future__ import annotations

import hashlib
import secrets
from datetime import datetime

from sqlalchemy import DateTime, Text, func
from sqlalchemy.orm import Mapped, mapped_column

from layers.base import Base
from layers.database import Audience, Connection
from layers.errors import Invalid, NotFound


class AccessKey(Base):
    """A key of 256 random bits; `sha256` is enough to check it and useless to guess it."""

    __tablename__ = "access_keys"

    name: Mapped[str] = mapped_column(Text, primary_key=True)
    sha256: Mapped[str] = mapped_column(Text, unique=True)
    created_at: Mapped[datetime] = mapped_column(DateTime(timezone=True), server_default=func.now())


def grant_key(connection: Connection, name: str) -> str:
    """A new operator key for a name; a key that the name had before ends."""
    if not name.strip():
        raise Invalid("a key needs the name of its holder")
    key = secrets.token_urlsafe(32)
    connection.execute(
        "insert into access_keys (name, sha256) values (%s, %s)"
        " on conflict (name) do update set sha256 = excluded.sha256, created_at = now()",
        (name, _hash(key)),
    )
    return key


def revoke_key(connection: Connection, name: str) -> None:
    """Raises: NotFound where the name has no key."""
    if connection.execute("delete from access_keys where name = %s", (name,)).rowcount == 0:
        raise NotFound(f"'{name}' has no key: see 'twin access list'")


def list_keys(connection: Connection) -> list[tuple[str, datetime]]:
    return connection.execute("select name, created_at from access_keys order by name").fetchall()


def audience_of(connection: Connection, key: str) -> Audience | None:
    """Who the bearer of a key is; None for a key that is not, or no longer, known.

    The web roles cannot read the table, only ask this question.
    """
    row = connection.execute("select twin.is_operator_key(%s)", (_hash(key),)).fetchone()
    return Audience.OPERATOR if row and row[0] else None


def _hash(key: str) -> str:
    return hashlib.sha256(key.encode()).hexdigest()
