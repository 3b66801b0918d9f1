"""Many digs answered by several processes, each with a connection of its own."""

from __future__ import annotations

import os
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import dataclass
from itertools import batched
from multiprocessing import get_context
from typing import TYPE_CHECKING, NamedTuple

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
# For fewer other processes are not worth their start, of two seconds.
_WORTH_IT = 2000


@dataclass(frozen=True, slots=True)
class City:
    """What a process opens for itself: the database, the folder of the terrain, the city's own rules."""

    url: str
    data: Path
    rules: Path | None = None


def answer_all(city: City, digs: Sequence[PlannedDig], *, workers: int | None = None) -> Iterator[Answer]:
    """The place of each dig in the sequence with its answer, as they come; by default a worker a core."""
    order = sorted(range(len(digs)), key=lambda index: _cell(digs[index]))
    shares = [Share(indices, [digs[index] for index in indices]) for indices in batched(order, _SHARE, strict=False)]
    count = min(workers or os.process_cpu_count() or 1, len(shares))
    desk = _open(city)
    with desk.connection:
        if count <= 1 or (workers is None and len(digs) < _WORTH_IT):
            for share in shares:
                yield from desk.answer(share)
            return
        # A server of processes that never opened a connection: none is inherited.
        context = get_context("forkserver")
        context.set_forkserver_preload([__name__])
        with ProcessPoolExecutor(count - 1, context, _begin, (city,)) as pool:
            given = {pool.submit(_work, share): share for share in shares}
            # While the others start and work from the front, this process takes from the end what nobody began.
            for future, share in reversed(given.items()):
                if future.cancel():
                    yield from desk.answer(share)
            for future in as_completed(future for future in given if not future.cancelled()):
                yield from future.result()


def _cell(dig: PlannedDig) -> tuple[float, float]:
    west, south, _, _ = dig.polygon.bounds
    return west // _CELL_M, south // _CELL_M


class Share(NamedTuple):
    """Digs that a process takes at once, with the place of each in the sequence."""

    indices: tuple[int, ...]
    digs: list[PlannedDig]


@dataclass(frozen=True, slots=True)
class _Desk:
    connection: Connection
    ground: Ground
    book: RuleBook

    def answer(self, share: Share) -> list[Answer]:
        answers = digest_many(self.connection, self.ground, share.digs, self.book)
        return list(zip(share.indices, answers, strict=True))


def _open(city: City) -> _Desk:
    connection = connect(city.url)
    return _Desk(connection, read_ground(connection, city.data), read_rules(city.rules))


_desks: list[_Desk] = []


def _begin(city: City) -> None:
    _desks.append(_open(city))


def _work(share: Share) -> list[Answer]:
    return _desks[-1].answer(share)
