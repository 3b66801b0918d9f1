"""Runs of processes that were asked for and are done later: their state and results, seen by all workers."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from psycopg import sql
from psycopg.rows import class_row
from psycopg.types.json import Jsonb

from layers.errors import NotFound, Sentence
from layers.queue import defer
from layers.quota import Exceeded, hold

if TYPE_CHECKING:
    from datetime import datetime
    from uuid import UUID

    from layers.database import Connection

RUN_TASK = "run-process"
KEPT_DAYS = 30
# When to ask again: a job takes from a moment to half a minute.
_WAIT_S = 30


class JobStatus(StrEnum):
    """As in OGC 18-062r2, statusCode.yaml."""

    ACCEPTED = "accepted"
    RUNNING = "running"
    SUCCESSFUL = "successful"
    FAILED = "failed"
    DISMISSED = "dismissed"


@dataclass(frozen=True, slots=True)
class Job:
    """A job's state, without what it was given and what it gave."""

    id: UUID
    process: str
    status: str
    fault: dict[str, Any] | None
    created_at: datetime
    started_at: datetime | None
    finished_at: datetime | None
    updated_at: datetime


@dataclass(frozen=True, slots=True)
class Task:
    """What a worker needs to run a job."""

    process: str
    inputs: dict[str, Any]
    outputs: dict[str, Any] | None
    is_document: bool


@dataclass(frozen=True, slots=True)
class JobQuery:
    """Which jobs of a holder are wanted, newest first; durations in seconds."""

    holder: str
    limit: int
    offset: int = 0
    processes: tuple[str, ...] = ()
    statuses: tuple[str, ...] = ()
    created: tuple[datetime | None, datetime | None] = (None, None)
    duration_s: tuple[float | None, float | None] = (None, None)


_COLUMNS = "id, process, status, fault, created_at, started_at, finished_at, updated_at"


def create_job(connection: Connection, holder: str, task: Task, most: int) -> Job:
    """A job that a worker runs once the transaction has committed and the jobs of the same holder before it are done.

    Raises: Exceeded where `most` of the holder's jobs are not done yet.
    """
    hold(connection, f"jobs of {holder}")
    _require_room(connection, holder, most)
    with connection.cursor(row_factory=class_row(Job)) as cursor:
        job = cursor.execute(
            "insert into process_jobs (process, holder, inputs, outputs, is_document) values (%s, %s, %s, %s, %s)"  # noqa: S608 - our own columns
            f" returning {_COLUMNS}",
            (
                task.process,
                holder,
                Jsonb(task.inputs),
                None if task.outputs is None else Jsonb(task.outputs),
                task.is_document,
            ),
        ).fetchone()
    if job is None:
        raise NotFound("the job was not created")
    defer(connection, RUN_TASK, turn=f"jobs of {holder}", job_id=str(job.id))
    return job


def _require_room(connection: Connection, holder: str, most: int) -> None:
    row = connection.execute(
        "select count(*) from process_jobs where holder = %s and status in ('accepted', 'running')", (holder,)
    ).fetchone()
    if row and row[0] >= most:
        raise Exceeded(
            Sentence(
                f"{row[0]} of your jobs wait or run, a key may have {most}: wait until some are done, or dismiss them"
                " (DELETE /jobs/ID)",
                f"bạn có {row[0]} công việc đang chờ hoặc đang chạy, mỗi khóa được {most}: hãy chờ xong bớt,"
                " hoặc hủy bớt (DELETE /jobs/ID)",
            ),
            _WAIT_S,
        )


def list_jobs(connection: Connection, query: JobQuery) -> list[Job]:
    """At most one more than the limit, which tells that there are more."""
    statement = sql.SQL(
        "select {} from process_jobs where holder = %(holder)s"
        " and (%(processes)s::text[] = '{{}}' or process = any(%(processes)s))"
        " and (%(statuses)s::text[] = '{{}}' or status = any(%(statuses)s))"
        " and created_at >= coalesce(%(since)s, created_at) and created_at <= coalesce(%(until)s, created_at)"
        " and (%(least_s)s::float8 is null or {} >= %(least_s)s) and (%(most_s)s::float8 is null or {} <= %(most_s)s)"
        " order by created_at desc, id limit %(limit)s + 1 offset %(offset)s"
    ).format(sql.SQL(_COLUMNS), *[sql.SQL("extract(epoch from coalesce(finished_at, now()) - started_at)")] * 2)
    values = {
        "holder": query.holder,
        "processes": list(query.processes),
        "statuses": list(query.statuses),
        "since": query.created[0],
        "until": query.created[1],
        "least_s": query.duration_s[0],
        "most_s": query.duration_s[1],
        "limit": query.limit,
        "offset": query.offset,
    }
    with connection.cursor(row_factory=class_row(Job)) as cursor:
        return cursor.execute(statement, values).fetchall()


def find_job(connection: Connection, holder: str, job_id: str) -> Job | None:
    """A job of a holder; another's does not exist."""
    with connection.cursor(row_factory=class_row(Job)) as cursor:
        return cursor.execute(
            f"select {_COLUMNS} from process_jobs where id::text = %s and holder = %s",  # noqa: S608 - our own columns
            (job_id, holder),
        ).fetchone()


def read_result(connection: Connection, job_id: UUID) -> tuple[str, bytes]:
    """Media type and bytes of a job that succeeded. Raises: NotFound."""
    row = connection.execute(
        "select media_type, result from process_jobs where id = %s and result is not null", (job_id,)
    ).fetchone()
    if row is None:
        raise NotFound(f"job {job_id} has no result")
    return row[0], bytes(row[1])


def dismiss_job(connection: Connection, job_id: UUID) -> None:
    """The job will not be run, and what it gave is gone."""
    connection.execute(
        "update process_jobs set status = 'dismissed', result = null, inputs = '{}', updated_at = now(),"
        " finished_at = coalesce(finished_at, now()) where id = %s",
        (job_id,),
    )


def begin_job(connection: Connection, job_id: str) -> Task | None:
    """What to run; None where the job was dismissed or is done. One that a crash interrupted begins again."""
    with connection.cursor(row_factory=class_row(Task)) as cursor:
        return cursor.execute(
            "update process_jobs set status = 'running', started_at = now(), updated_at = now()"
            " where id::text = %s and status in ('accepted', 'running')"
            " returning process, inputs, outputs, is_document",
            (job_id,),
        ).fetchone()


def finish_job(connection: Connection, job_id: str, media_type: str, result: bytes) -> None:
    """A job that was dismissed meanwhile stays so."""
    connection.execute(
        "update process_jobs set status = 'successful', media_type = %s, result = %s, inputs = '{}',"
        " finished_at = now(), updated_at = now() where id::text = %s and status = 'running'",
        (media_type, result, job_id),
    )


def fail_job(connection: Connection, job_id: str, fault: dict[str, Any]) -> None:
    connection.execute(
        "update process_jobs set status = 'failed', fault = %s, inputs = '{}', finished_at = now(), updated_at = now()"
        " where id::text = %s and status = 'running'",
        (Jsonb(fault), job_id),
    )


def forget_old_jobs(connection: Connection) -> int:
    """Remove what was finished long ago; the number of jobs that went."""
    return connection.execute(
        "delete from process_jobs where finished_at < now() - make_interval(days => %s)", (KEPT_DAYS,)
    ).rowcount
