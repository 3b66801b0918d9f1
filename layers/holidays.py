"""The city's own calendar: holidays, and days of weekends that are worked."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import date

    from layers.database import Connection


def read_own_days(connection: Connection) -> dict[date, bool]:
    """Whether a day is worked, for the days of which the city says so."""
    return dict(connection.execute("select day, is_working from calendar_days").fetchall())


def replace_days(connection: Connection, days: Sequence[tuple[date, bool, str]]) -> None:
    """These days, and no others, are the city's own: (day, whether it is worked, name)."""
    with connection.transaction():
        connection.execute("delete from calendar_days")
        with connection.cursor() as cursor:
            cursor.executemany("insert into calendar_days (day, is_working, name) values (%s, %s, %s)", days)
