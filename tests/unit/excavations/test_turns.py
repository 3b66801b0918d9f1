"""Turns at checks: nobody keeps everybody waiting."""

from __future__ import annotations

import asyncio
from collections import Counter

from twin.excavations.door.turns import Turns


def test_a_few_at_a_time_and_one_of_each() -> None:
    """Ten checks of one applicant hold one place, so that another's begins at once; two run at the same time."""
    running: Counter[str] = Counter()
    begun: list[str] = []
    most = []

    async def check(turns: Turns, caller: str) -> None:
        async with turns.of(caller):
            running[caller] += 1
            begun.append(caller)
            most.append((max(running.values()), running.total()))
            await asyncio.sleep(0.001)
            running[caller] -= 1

    async def all_at_once() -> None:
        turns = Turns(2)
        await asyncio.gather(*(check(turns, caller) for caller in [*"a" * 10, "b", "b", "c"]))

    asyncio.run(all_at_once())
    assert (max(own for own, _ in most), max(every for _, every in most)) == (1, 2)
    assert begun[:2] == ["a", "b"]
    assert begun.index("c") <= 3
