"""Waiting for a table without keeping those who read it waiting."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import psycopg
from psycopg import sql

from layers.errors import Unavailable

if TYPE_CHECKING:
    from layers.database import Connection

_TRIES, _PAUSE_S = 30, 1.0


def lock_alone(connection: Connection, table: sql.Identifier) -> None:
    """Hold a table alone until the transaction ends.

    Whoever waits for a lock keeps everybody who comes later waiting, so it is asked for in short tries.
    Raises: Unavailable where somebody reads the table for more than half a minute.
    """
    for _ in range(_TRIES):
        try:
            with connection.transaction():
                connection.execute("set local lock_timeout = '500ms'")
                connection.execute(sql.SQL("lock table {} in access exclusive mode").format(table))
                connection.execute("set local lock_timeout = 0")
        except psycopg.errors.LockNotAvailable:
            time.sleep(_PAUSE_S)
        else:
            return
    raise Unavailable(f"{table.as_string(connection)} is being read, by a long download perhaps: try again later")
