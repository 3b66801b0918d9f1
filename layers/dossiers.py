"""Files of response packages as they were first given out: a dossier reads the same years later."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from sqlalchemy import BigInteger, DateTime, LargeBinary, Text, func
from sqlalchemy.orm import Mapped, mapped_column

from layers.base import Base

if TYPE_CHECKING:
    from layers.database import Connection


class DossierFile(Base):
    """A file of the package of a check, in a language, as one kind of reader sees it."""

    __tablename__ = "excavation_files"

    check_id: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    view: Mapped[str] = mapped_column(Text, primary_key=True)
    language: Mapped[str] = mapped_column(Text, primary_key=True)
    kind: Mapped[str] = mapped_column(Text, primary_key=True)
    name: Mapped[str] = mapped_column(Text)
    content: Mapped[bytes] = mapped_column(LargeBinary)
    made_at: Mapped[datetime] = mapped_column(DateTime(timezone=True), server_default=func.now())


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
