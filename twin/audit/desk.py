"""Batches of an audit judged: here one after the other, or by several processes."""

from __future__ import annotations

import os
import time
from collections import deque
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from itertools import islice
from multiprocessing import get_context
from typing import TYPE_CHECKING

from layers.audit import AuditBatch
from layers.database import connect
from layers.pairs import find_couples, find_end_nodes, read_objects, set_margins
from twin.audit.judging import Tally, judge_couples, read_party

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from layers.audit import Pair
    from layers.database import Connection
    from layers.pairs import Couple, Kind
    from twin.audit.network import Party
    from twin.clash.rulebook import RuleBook

    type Batch = tuple[int, tuple[str, list[int]]]
    type Judged = tuple[AuditBatch, list[Pair]]

# Couples that are measured together: what bounds the memory of a batch in the densest street.
_AT_ONCE = 20_000
# Batches that wait for each process.
_AHEAD = 2


@dataclass(frozen=True, slots=True)
class Desk:
    """What batches are held against; `margins` are how far objects of each kind may lie off their record."""

    connection: Connection
    book: RuleBook
    margins: list[tuple[Kind, float]]

    def judge_all(self, batches: Iterable[Batch]) -> Iterator[Judged]:
        set_margins(self.connection, self.margins)
        for number, (layer, subjects) in batches:
            yield self.judge(number, layer, subjects)

    def judge(self, number: int, layer: str, subjects: list[int]) -> Judged:
        """A batch of objects of a layer with what is found of their couples."""
        began, tally = time.monotonic(), Tally()
        pairs: list[Pair] = []
        couples = find_couples(self.connection, layer, subjects, self.book.reach_m)
        for start in range(0, len(couples), _AT_ONCE):
            pairs += self._judge(layer, couples[start : start + _AT_ONCE], tally)
        tally.counts["couples"] = len(couples)
        seconds = round(time.monotonic() - began, 3)
        return AuditBatch(number, layer, subjects[-1], len(subjects), tally.to_json(), seconds), pairs

    def _judge(self, layer: str, couples: list[Couple], tally: Tally) -> list[Pair]:
        parties = self._read_parties(layer, couples)
        met = [(parties[layer, subject], parties[name, other]) for subject, name, other in couples]

        def find_joints(lines: list[int]) -> dict[int, set[int]]:
            return find_end_nodes(self.connection, lines, self.book.parallels.joined_within_m)

        return judge_couples(met, self.book, find_joints, tally)

    def _read_parties(self, layer: str, couples: list[Couple]) -> dict[tuple[str, int], Party]:
        wanted: dict[str, set[int]] = {layer: {subject for subject, _, _ in couples}}
        for _, name, other in couples:
            wanted.setdefault(name, set()).add(other)
        return {
            (name, number): read_party(row, self.book)
            for name, numbers in wanted.items()
            for number, row in read_objects(self.connection, name, sorted(numbers)).items()
        }


def judge_apart(url: str, desk: Desk, batches: Iterable[Batch]) -> Iterator[Judged]:
    """The same in the same order, by a process a core, each with a connection of its own."""
    count = os.process_cpu_count() or 1
    # A server of processes that never opened a connection: none is inherited.
    context = get_context("forkserver")
    context.set_forkserver_preload([__name__])
    left = iter(batches)
    with ProcessPoolExecutor(count, context, _begin, (url, desk.book, desk.margins)) as pool:
        waiting = deque(pool.submit(_work, batch) for batch in islice(left, count * _AHEAD))
        try:
            while waiting:
                yield waiting.popleft().result()
                waiting.extend(pool.submit(_work, batch) for batch in islice(left, 1))
        finally:
            pool.shutdown(cancel_futures=True)


_desks: list[Desk] = []


def _begin(url: str, book: RuleBook, margins: list[tuple[Kind, float]]) -> None:
    connection = connect(url)
    set_margins(connection, margins)
    _desks.append(Desk(connection, book, margins))


def _work(batch: Batch) -> Judged:
    number, (layer, subjects) = batch
    return _desks[-1].judge(number, layer, subjects)
