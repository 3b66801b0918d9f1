"""Background work on PostgreSQL: done once it is committed, taken up again when a worker dies."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
import time
from typing import TYPE_CHECKING

import psycopg
import pytest

from layers.database import Audience, Role, connect
from layers.jobs import Task, create_job
from layers.queue import defer
from twin.excavations.practice import Practice
from twin.work.queue import open_queue, rescue, work
from twin.work.tasks import Workshop, create_worker

if TYPE_CHECKING:
    from pathlib import Path

    from procrastinate import App

    from layers.database import Connection

# A worker that takes its job and never ends.
STUCK = """
import asyncio, sys, time
from twin.excavations.practice import Practice
from twin.work.queue import open_queue, work
queue = open_queue(sys.argv[1])
@queue.task(name="sleep", queue="twin")
def sleep(seconds):
    print("begun", flush=True)
    time.sleep(60)
async def main():
    async with queue.open_async():
        await work(queue)
asyncio.run(main())
"""


def login(city: str, role: str) -> str:
    return city.replace("//twin@", f"//{role}@")


def workshop(city: str, folder: Path) -> Workshop:
    return Workshop({role: login(city, role) for role in (*Audience, *Role)}, Practice(folder))


def drain(queue: App) -> None:
    async def run() -> None:
        async with queue.open_async():
            await work(queue, until_empty=True)

    asyncio.run(run())


def waiting(connection: Connection) -> list[str]:
    rows = connection.execute("select task_name from twin_queue.procrastinate_jobs where status = 'todo' order by id")
    return [name for (name,) in rows.fetchall()]


def test_a_job_exists_only_if_its_transaction_commits(connection: Connection) -> None:
    """Work is put off together with the change that wants it, or not at all; and one name waits once."""
    with connection.transaction(force_rollback=True):
        defer(connection, "a")
    assert waiting(connection) == []
    with connection.transaction():
        defer(connection, "b", once="b")
        defer(connection, "b", once="b")
    assert waiting(connection) == ["b"]


def test_the_desk_can_defer_and_not_read_the_queue(city: str) -> None:
    """A web role that is taken over learns nothing of what others put off."""
    with connect(login(city, Role.DESK)) as desk:
        defer(desk, "a")
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            desk.execute("select * from twin_queue.procrastinate_jobs")
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            desk.execute("select webhook_secret from organisations")
    for audience in Audience:
        with connect(login(city, audience)) as reader, pytest.raises(psycopg.errors.InsufficientPrivilege):
            defer(reader, "a")


def test_a_worker_runs_processes(city: str, connection: Connection, tmp_path: Path) -> None:
    """The clash check runs in a worker with the worker's rights; in an empty city it fails for its own reason."""
    job = create_job(connection, "Ann", Task("clash-check", {"excavation": {"type": "Point"}}, None, False), 1)
    drain(create_worker(workshop(city, tmp_path)))
    status, fault = connection.execute("select status, fault from process_jobs where id = %s", (job.id,)).fetchone()
    assert (status, fault["code"]) == ("failed", "InvalidParameterValue")
    assert waiting(connection) == []


def test_what_a_killed_worker_held_is_done_by_another(city: str, connection: Connection) -> None:
    """kill -9 in the middle of a job: it is not lost, and while its worker lives nobody else takes it."""
    url = login(city, Role.WORKER)
    defer(connection, "sleep", seconds=60)
    stuck = subprocess.Popen([sys.executable, "-c", STUCK, url], stdout=subprocess.PIPE, env=os.environ)
    try:
        assert stuck.stdout is not None
        assert stuck.stdout.readline() == b"begun\n"
        queue = open_queue(url)
        done: list[int] = []
        queue.task(done.append, name="sleep", queue="twin")

        async def take_up() -> int:
            async with queue.open_async():
                return await rescue(queue)

        assert asyncio.run(take_up()) == 0, "its worker is alive"
    finally:
        stuck.send_signal(signal.SIGKILL)
        stuck.wait(20)
        stuck.stdout.close()
    connection.execute("update twin_queue.procrastinate_workers set last_heartbeat = now() - interval '1 minute'")
    time.sleep(0.1)
    again = open_queue(url)
    again.task(lambda seconds: done.append(seconds), name="sleep", queue="twin")  # noqa: PLW0108 - a keyword
    drain(again)
    assert done == [60]
