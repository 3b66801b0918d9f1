"""Many digs answered by several processes, each with a connection of its own."""

from __future__ import annotations

import os
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import dataclass
from itertools import batched
from multiprocessing import get_context
from typing import TYPE_CHECKING

from layers.database import connect
from layers.terrain import read_ground
from twin.clash.check import digest_many
from twin.clash.rulefile import read_rules

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from layers.database import Connection
    from layers.errors import TwinError
    from layers.terrain import Ground
    from twin.clash.dig import PlannedDig
    from twin.clash.digest import Digest
    from twin.clash.rulebook import RuleBook

    type Answer = tuple[int, Digest | TwinError]

# Digs that a process takes at once: their places lie in a few tiles of the terrain.
_SHARE = 256
# Digs of one square of this side are neighbours.
_CELL_M = 1000.0
# For fewer other processes are not worth their start, of three seconds.
_WORTH_IT = 4000


@dataclass(frozen=True, slots=True)
class City:
    """What a process opens for itself: the database, the folder of the terrain, the city's own rules."""

    url: str
    data: Path
    rules: Path | None = None


def answer_all(city: City, digs: Sequence[PlannedDig], *, workers: int | None = None) -> Iterator[Answer]:
    """The place of each dig in the sequence with its answer, as they come; by default a worker a core."""
    order = sorted(range(len(digs)), key=lambda index: _cell(digs[index]))
    shares = list(batched(order, _SHARE, strict=False))
    count = min(workers or os.process_cpu_count() or 1, len(shares))
    if count <= 1 or (workers is None and len(digs) < _WORTH_IT):
        desk = _open(city)
        with desk.connection:
            for share in shares:
                yield from zip(share, desk.answer([digs[index] for index in share]), strict=True)
        return
    # A server of processes that never opened a connection: none is inherited.
    context = get_context("forkserver")
    context.set_forkserver_preload([__name__])
    with ProcessPoolExecutor(count, context, _begin, (city,)) as pool:
        futures = {pool.submit(_work, [digs[index] for index in share]): share for share in shares}
        for future in as_completed(futures):
            yield from zip(futures[future], future.result(), strict=True)


def _cell(dig: PlannedDig) -> tuple[float, float]:
    west, south, _, _ = dig.polygon.bounds
    return west // _CELL_M, south // _CELL_M


@dataclass(frozen=True, slots=True)
class _Desk:
    connection: Connection
    ground: Ground
    book: RuleBook

    def answer(self, digs: Sequence[PlannedDig]) -> list[Digest | TwinError]:
        return list(digest_many(self.connection, self.ground, digs, self.book))


def _open(city: City) -> _Desk:
    connection = connect(city.url)
    return _Desk(connection, read_ground(connection, city.data), read_rules(city.rules))


_desks: list[_Desk] = []


def _begin(city: City) -> None:
    _desks.append(_open(city))


def _work(digs: list[PlannedDig]) -> list[Digest | TwinError]:
    return _desks[-1].answer(digs)
