"""What workers do: runs of processes, notices, re-checks, and the housekeeping of the queue."""

from __future__ import annotations

import atexit
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from procrastinate import BaseRetryStrategy, RetryDecision

from layers.database import Audience, Reader, Role, Writer
from layers.errors import Unavailable
from layers.jobs import RUN_TASK, forget_old_jobs
from layers.notices import SEND_TASK
from layers.procedure import find_stale
from layers.queue import QUEUE, defer
from layers.redelivery import list_untold
from ogc_api.execution import run_job
from twin.excavations.process import city_processes
from twin.excavations.recheck import RECHECK_TASK, recheck_stale, remind_overdue
from twin.excavations.redelivery import REDELIVERY_TASK, tell_redelivered
from twin.notices.sending import Post, send_notice, wait_s
from twin.work.queue import open_queue, rescue

if TYPE_CHECKING:
    from collections.abc import Mapping

    from procrastinate import App
    from procrastinate.jobs import Job

    from ogc_api.service import ProcessPlugin
    from twin.excavations.practice import Practice


class Patience(BaseRetryStrategy):
    """A notice is tried again later and later, as often as its sending says."""

    def get_retry_decision(self, *, exception: BaseException, job: Job) -> RetryDecision | None:
        if not isinstance(exception, Unavailable):
            return None
        return RetryDecision(retry_in={"seconds": wait_s(job.attempts)})


@dataclass(frozen=True, slots=True)
class Workshop:
    """What workers stand on: the database as each role reaches it, the city's practice, and how notices leave.

    `processes` are run beside the city's own.
    """

    databases: Mapping[str, str]
    practice: Practice
    post: Post = field(default_factory=Post)
    processes: tuple[ProcessPlugin, ...] = ()


def put_off_changes(writer: Writer, practice: Practice) -> None:
    """What an import, a new day or anything else has changed becomes work, once until it is done."""
    with writer.connection() as connection:
        if find_stale(connection, 1, rules=practice.rules_edition, today=practice.today()):
            defer(connection, RECHECK_TASK, once=RECHECK_TASK)
        if list_untold(connection):
            defer(connection, REDELIVERY_TASK, once=REDELIVERY_TASK)


def create_worker(shop: Workshop) -> App:
    """The queue with everything that a worker can do."""
    queue = open_queue(shop.databases[Role.WORKER])
    writer = Writer(shop.databases[Role.WORKER], Role.WORKER)
    reader = Reader(shop.databases[Audience.OPERATOR], Audience.OPERATOR)
    for pool in (writer, reader):
        atexit.register(pool.close)  # the queue lives as long as its process
    processes = (*city_processes(reader, shop.practice), *shop.processes)

    @queue.task(name=RUN_TASK, queue=QUEUE)
    def run_process(job_id: str) -> None:
        run_job(writer, processes, job_id)

    @queue.task(name=SEND_TASK, queue=QUEUE, retry=Patience())
    def send(notice_id: str) -> None:
        send_notice(writer, shop.post, notice_id)

    @queue.task(name=RECHECK_TASK, queue=QUEUE, lock=RECHECK_TASK)
    def recheck() -> None:
        recheck_stale(writer, shop.practice)

    @queue.task(name=REDELIVERY_TASK, queue=QUEUE, lock=REDELIVERY_TASK)
    def tell() -> None:
        tell_redelivered(writer, shop.practice)

    @queue.periodic(cron="* * * * *")
    @queue.task(name="look-for-changes", queue=QUEUE)
    def look(timestamp: int) -> None:  # noqa: ARG001 - procrastinate gives it
        put_off_changes(writer, shop.practice)

    @queue.periodic(cron="*/10 * * * *")
    @queue.task(name="remind", queue=QUEUE)
    def remind(timestamp: int) -> None:  # noqa: ARG001 - procrastinate gives it
        remind_overdue(writer, shop.practice)

    @queue.periodic(cron="* * * * *")
    @queue.task(name="rescue", queue=QUEUE)
    async def rescue_jobs(timestamp: int) -> None:  # noqa: ARG001 - procrastinate gives it
        await rescue(queue)

    @queue.periodic(cron="17 3 * * *")
    @queue.task(name="clean", queue=QUEUE)
    def clean(timestamp: int) -> None:  # noqa: ARG001 - procrastinate gives it
        with writer.connection() as connection:
            forget_old_jobs(connection)

    return queue
