"""Work for later that cannot be lost: it is put into PostgreSQL by the transaction that wants it done.

The tables are procrastinate's, in a schema of their own; workers take jobs from them with the role `twin_worker`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from psycopg.types.json import Jsonb

if TYPE_CHECKING:
    from datetime import datetime

    from layers.database import Connection

QUEUE = "twin"


def defer(
    connection: Connection,
    task: str,
    *,
    at: datetime | None = None,
    once: str | None = None,
    turn: str | None = None,
    **arguments: str | int,
) -> None:
    """A job for a worker, when (and only if) the transaction commits.

    at: not before. once: no second job of this name waits beside one that waits already. turn: jobs of one turn are
    done one after another, when nothing waits that has no turn.
    """
    connection.execute("select twin.defer_job(%s, %s, %s, %s, %s)", (task, Jsonb(arguments), at, once, turn))
