"""What workers do: runs of processes, and the housekeeping of the queue."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from layers.database import Audience, Reader, Role, Writer
from layers.jobs import RUN_TASK, forget_old_jobs
from layers.queue import QUEUE
from ogc_api.execution import run_job
from twin.excavations.process import city_processes
from twin.work.queue import open_queue, rescue

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from procrastinate import App


@dataclass(frozen=True, slots=True)
class Workshop:
    """What workers stand on: the database as each role reaches it, the data folder, the city's rules file."""

    databases: Mapping[str, str]
    data: Path
    rules: Path | None = None


def create_worker(shop: Workshop) -> App:
    """The queue with everything that a worker can do."""
    queue = open_queue(shop.databases[Role.WORKER])
    writer = Writer(shop.databases[Role.WORKER], Role.WORKER)
    reader = Reader(shop.databases[Audience.OPERATOR], Audience.OPERATOR)
    processes = city_processes(reader, shop.data, shop.rules)

    @queue.task(name=RUN_TASK, queue=QUEUE)
    def run_process(job_id: str) -> None:
        run_job(writer, processes, job_id)

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
