"""Files of response packages as they were first given out: a dossier reads the same years later."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from layers.database import Connection


@dataclass(frozen=True, slots=True)
class FileKey:
    """Which file of which check, for whom."""

    check_id: int
    view: str
    language: str
    kind: str


@dataclass(frozen=True, slots=True)
class KeptFile:
    name: str
    content: bytes


def find_file(connection: Connection, key: FileKey) -> KeptFile | None:
    row = connection.execute(
        "select name, content from excavation_files where (check_id, view, language, kind) = (%s, %s, %s, %s)",
        (key.check_id, key.view, key.language, key.kind),
    ).fetchone()
    return None if row is None else KeptFile(row[0], bytes(row[1]))


def list_files(connection: Connection, key: FileKey) -> dict[str, int]:
    """Kind and size of each file that is kept; the key's own kind does not matter."""
    rows = connection.execute(
        "select kind, length(content) from excavation_files where (check_id, view, language) = (%s, %s, %s)",
        (key.check_id, key.view, key.language),
    ).fetchall()
    return dict(rows)


def keep_file(connection: Connection, key: FileKey, file: KeptFile) -> None:
    """The first one that is given out is the one that stays."""
    connection.execute(
        "insert into excavation_files (check_id, view, language, kind, name, content) values (%s, %s, %s, %s, %s, %s)"
        " on conflict do nothing",
        (key.check_id, key.view, key.language, key.kind, file.name, file.content),
    )
