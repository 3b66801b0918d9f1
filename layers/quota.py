"""How much one caller may have: what it has had is counted from the records that are kept of it anyway."""

from __future__ import annotations

from typing import TYPE_CHECKING

from layers.errors import Conflict

if TYPE_CHECKING:
    from datetime import datetime

    from layers.database import Connection


class Exceeded(Conflict):
    """A caller wants more than one may have; in `wait_s` seconds it may have it."""

    def __init__(self, message: str, wait_s: int) -> None:
        super().__init__(message)
        self.wait_s = wait_s

    @property
    def headers(self) -> dict[str, str]:
        """As an answer carries it (RFC 9110, 10.2.3)."""
        return {"Retry-After": str(self.wait_s)}


def hold(connection: Connection, what: str) -> None:
    """Until the transaction ends nobody else counts or adds to the same."""
    connection.execute("select pg_advisory_xact_lock(hashtextextended(%s, 0))", (what,))


def count_filings(connection: Connection, actor: str, since: datetime) -> int:
    """Excavations that a caller has filed; those that it has removed since count, too."""
    return _count(connection, "kind = 'filed'", actor, since)


def count_checks(connection: Connection, actor: str, since: datetime) -> int:
    """Checks that a caller has asked for."""
    return _count(connection, "(to_status = 'checked' or kind = 'checked again') and detail ? 'check'", actor, since)


def _count(connection: Connection, condition: str, actor: str, since: datetime) -> int:
    row = connection.execute(
        f"select count(*) from excavation_events where actor = %s and at >= %s and {condition}",  # noqa: S608 - our own conditions
        (actor, since),
    ).fetchone()
    return int(row[0]) if row else 0
