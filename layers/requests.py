"""Questions to owners and their answers, and how well they are kept."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from psycopg.rows import class_row, dict_row

from layers.errors import NotFound, Sentence

if TYPE_CHECKING:
    from datetime import date, datetime

    from layers.database import Connection


@dataclass(frozen=True, slots=True)
class Question:
    """Who is asked, why, and how much of theirs the check found; `owner` as the records or the registry name it."""

    owner: str
    organisation_id: int | None
    reason: str
    objects: int
    conflicts: int
    is_secret: bool = False


@dataclass(frozen=True, slots=True)
class Request:
    """A question that was put, and its answer, if any."""

    id: int
    excavation_id: int
    submission: int
    owner: str
    organisation_id: int | None
    organisation: str | None
    reason: str
    objects: int
    conflicts: int
    is_secret: bool
    sent_at: datetime
    due_on: date
    answer: str | None
    remarks: str | None
    answered_at: datetime | None
    answered_by: str | None

    @property
    def contradicts(self) -> bool:
        """The owner says that nothing is there, and its own records say otherwise."""
        return self.answer == "nothing_here" and self.conflicts > 0


_COLUMNS = (
    "r.id, r.excavation_id, r.submission, r.owner, r.organisation_id, o.name as organisation, r.reason, r.objects,"
    " r.conflicts, r.is_secret, r.sent_at, r.due_on, r.answer, r.remarks, r.answered_at, r.answered_by"
)
_FROM = "from excavation_requests r left join organisations o on o.id = r.organisation_id"


# Whether an organisation was asked about an excavation "e" on the terms that it has now; other terms, which nobody has
# submitted yet, are nobody else's business.
ASKED_SO = (
    "exists (select 1 from excavation_requests r where r.excavation_id = e.id and r.organisation_id = %(viewer)s"
    " and e.request = (select c.request from excavation_checks c where c.excavation_id = e.id"
    " and c.checked_at <= r.sent_at order by c.number desc limit 1))"
)


def was_asked_so(connection: Connection, number: int, organisation_id: int | None) -> bool:
    """Whether an organisation was asked about an excavation on the terms that it has now."""
    row = connection.execute(
        f"select {ASKED_SO} from excavations e where e.id = %(id)s",  # noqa: S608 - our own condition
        {"viewer": organisation_id, "id": number},
    ).fetchone()
    return row == (True,)


def insert_request(connection: Connection, number: int, submission: int, question: Question, due_on: date) -> int:
    row = connection.execute(
        "insert into excavation_requests"
        " (excavation_id, submission, owner, organisation_id, reason, objects, conflicts, is_secret, due_on)"
        " values (%s, %s, %s, %s, %s, %s, %s, %s, %s) returning id",
        (
            number,
            submission,
            question.owner,
            question.organisation_id,
            question.reason,
            question.objects,
            question.conflicts,
            question.is_secret,
            due_on,
        ),
    ).fetchone()
    return int(row[0]) if row else 0


def list_requests(connection: Connection, number: int, submission: int | None = None) -> list[Request]:
    """Requests about an excavation, of one submission or of all."""
    with connection.cursor(row_factory=class_row(Request)) as cursor:
        return cursor.execute(
            f"select {_COLUMNS} {_FROM} where r.excavation_id = %(id)s"
            " and (%(submission)s::int is null or r.submission = %(submission)s) order by r.submission, r.id",
            {"id": number, "submission": submission},
        ).fetchall()


def find_request(connection: Connection, number: int, request_id: int) -> Request:
    """Raises: NotFound."""
    with connection.cursor(row_factory=class_row(Request)) as cursor:
        found = cursor.execute(
            f"select {_COLUMNS} {_FROM} where r.excavation_id = %s and r.id = %s",
            (number, request_id),
        ).fetchone()
    if found is None:
        raise NotFound(
            Sentence(
                f"excavation {number} has no request {request_id}",
                f"công trình đào {number} không có yêu cầu {request_id}",
            )
        )
    return found


def record_answer(connection: Connection, request_id: int, answer: str, remarks: str | None, answered_by: str) -> None:
    connection.execute(
        "update excavation_requests set answer = %s, remarks = %s, answered_by = %s, answered_at = now() where id = %s",
        (answer, remarks, answered_by, request_id),
    )


def find_overdue(connection: Connection, today: date) -> list[Request]:
    """Requests of open submissions that are past their day and not answered, the longest first."""
    with connection.cursor(row_factory=class_row(Request)) as cursor:
        return cursor.execute(
            f"select {_COLUMNS} {_FROM} join excavations e on e.id = r.excavation_id and e.submission = r.submission"
            " where e.status = 'submitted' and r.answer is null and r.due_on < %s order by r.due_on, r.id",
            (today,),
        ).fetchall()


def take_unreminded(connection: Connection, today: date) -> list[Request]:
    """Overdue requests of which nobody was told yet; they count as told from now on."""
    rows = connection.execute(
        "update excavation_requests r set reminded_at = now() from excavations e where e.id = r.excavation_id"
        " and e.submission = r.submission and e.status = 'submitted' and r.answer is null and r.due_on < %s"
        " and r.reminded_at is null returning r.excavation_id, r.id",
        (today,),
    ).fetchall()
    return [find_request(connection, number, request_id) for number, request_id in rows]


def read_statistics(connection: Connection, today: date, zone: str) -> dict[str, Any]:
    """How the procedure goes: excavations by status, and the answers of each owner; days are those of `zone`.

    On time is an answer up to its day. A question that waits for its answer counts once its day is past; one that a
    new submission replaced, or that was taken back, does not.
    """
    with connection.cursor(row_factory=dict_row) as cursor:
        owners = cursor.execute(_OWNERS, {"today": today, "zone": zone}).fetchall()
        statuses = cursor.execute("select status, count(*) as number from excavations group by 1").fetchall()
        acts = cursor.execute(
            "select kind, count(*) as number from excavation_events where kind in ('reopened', 'overridden') group by 1"
        ).fetchall()
    judged = sum(owner["on_time"] + owner["late"] for owner in owners)
    return {
        "on": today.isoformat(),
        "excavations": {row["status"]: row["number"] for row in statuses},
        "requests": {
            **{name: sum(owner[name] for owner in owners) for name in ("asked", "answered", "overdue")},
            "on_time_rate": round(sum(owner["on_time"] for owner in owners) / judged, 4) if judged else None,
        },
        "owners": owners,
        **dict.fromkeys(("reopened", "overridden"), 0),
        **{row["kind"]: row["number"] for row in acts},
    }


_OWNERS = """
with asked as (
  select coalesce(o.name, nullif(r.owner, ''), '?') as owner, r.sent_at, r.answered_at,
    (r.answered_at at time zone %(zone)s)::date <= r.due_on as in_time,
    r.answer is null and r.due_on < %(today)s and e.status = 'submitted' and e.submission = r.submission as overdue
  from excavation_requests r left join organisations o on o.id = r.organisation_id
    left join excavations e on e.id = r.excavation_id)
select owner, count(*) as asked, count(answered_at) as answered, count(*) filter (where in_time) as on_time,
  count(*) filter (where not in_time or overdue) as late, count(*) filter (where overdue) as overdue,
  round((extract(epoch from avg(answered_at - sent_at)) / 86400)::numeric, 2)::float8 as mean_days
from asked group by 1 order by overdue desc, 1
"""
