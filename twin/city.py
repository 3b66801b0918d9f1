"""The city's database as the command line reaches it."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

from layers.database import connect, migrate

if TYPE_CHECKING:
    from collections.abc import Iterator

    from layers.database import Connection
    from twin.settings import Settings


@contextmanager
def open_city(settings: Settings) -> Iterator[Connection]:
    """A connection with the owner's rights, started, created and migrated where need be."""
    url = settings.open_database()
    migrate(url, settings.crs)
    with connect(url) as connection:
        yield connection
