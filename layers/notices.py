"""The outbox: what people must be told, written by the transaction that makes it true, sent by a worker.

A notice is sent at least once. Its `id` goes with it, so that whoever receives it twice can tell.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Any
from uuid import UUID

from psycopg.rows import class_row
from psycopg.types.json import Jsonb

from layers.errors import NotFound
from layers.queue import defer

if TYPE_CHECKING:
    from datetime import datetime

    from layers.database import Connection

SEND_TASK = "send-notice"


class Channel(StrEnum):
    EMAIL = "email"
    WEBHOOK = "webhook"


@dataclass(frozen=True, slots=True)
class Draft:
    """A notice to be sent: about which excavation, to whom, by which channel, in words and as JSON."""

    excavation_id: int
    kind: str
    channel: Channel
    organisation_id: int | None
    address: str
    subject: str
    body: str
    payload: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Notice:
    """A notice on its way; `attempts` includes the one that has just begun."""

    id: UUID
    excavation_id: int
    kind: str
    channel: str
    organisation_id: int | None
    address: str
    subject: str
    body: str
    payload: dict[str, Any]
    created_at: datetime
    attempts: int
    last_error: str | None
    sent_at: datetime | None
    given_up_at: datetime | None


_COLUMNS = (
    "id, excavation_id, kind, channel, organisation_id, address, subject, body, payload, created_at, attempts,"
    " last_error, sent_at, given_up_at"
)


def post_notice(connection: Connection, draft: Draft) -> UUID:
    """A notice that is sent if, and only if, the transaction commits."""
    row = connection.execute(
        "insert into notices (excavation_id, kind, channel, organisation_id, address, subject, body, payload)"
        " values (%s, %s, %s, %s, %s, %s, %s, %s) returning id",
        (
            draft.excavation_id,
            draft.kind,
            draft.channel,
            draft.organisation_id,
            draft.address,
            draft.subject,
            draft.body,
            Jsonb(draft.payload),
        ),
    ).fetchone()
    if row is None:
        raise NotFound("the notice was not written")
    defer(connection, SEND_TASK, notice_id=str(row[0]))
    return UUID(str(row[0]))


def begin_sending(connection: Connection, notice_id: str) -> Notice | None:
    """The notice, whose attempt counts from now on; None where it was sent."""
    with connection.cursor(row_factory=class_row(Notice)) as cursor:
        return cursor.execute(
            "update notices set attempts = attempts + 1, given_up_at = null where id::text = %s and sent_at is null"  # noqa: S608 - our own columns
            f" returning {_COLUMNS}",
            (notice_id,),
        ).fetchone()


def note_sent(connection: Connection, notice_id: UUID) -> None:
    connection.execute("update notices set sent_at = now(), last_error = null where id = %s", (notice_id,))


def note_failure(connection: Connection, notice_id: UUID, error: str, *, is_last: bool) -> None:
    connection.execute(
        "update notices set errors = errors + 1, last_error = %s,"
        " given_up_at = case when %s then now() end where id = %s",
        (error[:500], is_last, notice_id),
    )


def list_notices(connection: Connection, excavation_id: int | None = None, *, unsent: bool = False) -> list[Notice]:
    """Notices of an excavation or of all, newest first."""
    with connection.cursor(row_factory=class_row(Notice)) as cursor:
        return cursor.execute(
            f"select {_COLUMNS} from notices where (%(id)s::bigint is null or excavation_id = %(id)s)"  # noqa: S608 - our own columns
            " and (not %(unsent)s or sent_at is null) order by created_at desc, id limit 1000",
            {"id": excavation_id, "unsent": unsent},
        ).fetchall()


def retry_notices(connection: Connection) -> int:
    """Put every notice that was given up back into the queue; how many."""
    rows = connection.execute(
        "update notices set given_up_at = null where sent_at is null and given_up_at is not null returning id"
    ).fetchall()
    for (notice_id,) in rows:
        defer(connection, SEND_TASK, notice_id=str(notice_id))
    return len(rows)
