"""Turns at checks: nobody keeps everybody waiting."""

from __future__ import annotations

import asyncio
from collections import Counter

from layers.quota import Exceeded
from ogc_api.turns import MOST_WAITING, Turns


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


def test_who_waits_too_often_is_refused() -> None:
    """No caller can pile up requests without end; what is refused leaves room for others, and for itself later on."""

    async def all_at_once() -> list[str]:
        turns = Turns(1)
        answers = []

        async def ask(caller: str) -> None:
            try:
                async with turns.of(caller):
                    await asyncio.sleep(0)
                    answers.append(caller)
            except Exceeded as refusal:
                answers.append(f"refused for {refusal.headers['Retry-After']} s")

        await asyncio.gather(*(ask("a") for _ in range(MOST_WAITING + 3)), ask("b"))
        await ask("a")
        return answers

    answers = asyncio.run(all_at_once())
    assert Counter(answers) == {"a": MOST_WAITING + 1, "refused for 10 s": 3, "b": 1}
    assert answers[-1] == "a"
