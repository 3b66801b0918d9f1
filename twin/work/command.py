"""`twin worker`: background work in a process of its own."""

from __future__ import annotations

import asyncio
import logging
from typing import Annotated

import typer

from layers.database import connect, storage_srid
from twin.settings import Settings


def run_worker(
    until_empty: Annotated[bool, typer.Option("--until-empty", help="End when no job is left.")] = False,
) -> None:
    """Do what was put off (asynchronous processes, notices, re-checks) until Ctrl-C. 'twin serve' does it, too."""
    from twin.work.queue import work, work_for_ever
    from twin.work.tasks import Workshop, create_worker

    settings = Settings()
    with connect(settings.open_database()) as connection:
        storage_srid(connection)
    logging.basicConfig(level=logging.WARNING, format="%(asctime)s %(levelname)s %(name)s: %(message)s")
    worker = create_worker(Workshop(settings.web_databases(), settings.practice(), settings.post()))

    async def run() -> None:
        if not until_empty:
            await work_for_ever(worker)
        async with worker.open_async():
            await work(worker, until_empty=True)

    typer.echo("the worker waits for jobs (Ctrl-C ends)" if not until_empty else "the worker does what is queued")
    try:
        asyncio.run(run())
    except KeyboardInterrupt:
        typer.echo("the worker has ended")
