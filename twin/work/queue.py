"""The queue as a worker sees it: procrastinate on the tables that `layers.queue` puts jobs into."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from typing import TYPE_CHECKING

from procrastinate import App, PsycopgConnector
from procrastinate.exceptions import ConnectorException

from layers.database import Role
from layers.queue import QUEUE
from layers.schemas import WORK

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

LOGGER = logging.getLogger(__name__)

_RETURN_S = 5.0
# A worker says every 3 s that it lives; what one held that has been silent for 15 s is taken up by another.
_HEARTBEAT_S, _SILENT_S = 3.0, 15.0
_GRACE_S = 20.0


def open_queue(url: str) -> App:
    """The queue with a worker's rights; nothing is connected yet."""
    options = f"-c role={Role.WORKER} -c search_path={WORK}"
    connector = PsycopgConnector(
        conninfo=url, min_size=1, max_size=4, kwargs={"options": options, "application_name": "twin-worker"}
    )
    return App(connector=connector)


async def rescue(queue: App) -> int:
    """Put back what workers held that died; the number of jobs."""
    manager = queue.job_manager
    await manager.prune_stalled_workers(_SILENT_S)
    stalled = list(await manager.get_stalled_jobs(seconds_since_heartbeat=_SILENT_S))
    for job in stalled:
        LOGGER.warning("job %s (%s) was left by a worker that died: it begins again", job.id, job.task_name)
        await manager.retry_job(job)
    return len(stalled)


async def work(queue: App, *, until_empty: bool = False) -> None:
    """Do jobs until cancelled, or until none is left."""
    await rescue(queue)
    await queue.run_worker_async(
        queues=[QUEUE],
        concurrency=2,
        wait=not until_empty,
        delete_jobs="successful",
        install_signal_handlers=False,
        update_heartbeat_interval=_HEARTBEAT_S,
        stalled_worker_timeout=_SILENT_S,
        shutdown_graceful_timeout=_GRACE_S,
    )


async def work_for_ever(queue: App) -> None:
    """Work until cancelled; after a loss of the database again as soon as it is back."""
    while True:
        try:
            async with queue.open_async():
                await work(queue)
        except ConnectorException as error:
            LOGGER.warning("the worker lost the database (%s): again in %g s", error, _RETURN_S)
        except Exception:
            LOGGER.exception("the worker stopped: again in %g s", _RETURN_S)
        await asyncio.sleep(_RETURN_S)


@contextlib.asynccontextmanager
async def working(queue: App | None) -> AsyncIterator[None]:
    """A worker beside whatever the block does; running jobs are finished at its end."""
    if queue is None:
        yield
        return
    task = asyncio.create_task(work_for_ever(queue), name="twin worker")
    try:
        yield
    finally:
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task
