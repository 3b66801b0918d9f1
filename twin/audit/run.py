"""An audit of the whole network: batch by batch, each kept when it is done, so that it goes on where it was."""

from __future__ import annotations

import time
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from layers.audit import (
    Run,
    begin_run,
    end_run,
    find_place,
    find_run,
    hold_audit,
    keep_batch,
    read_versions,
)
from layers.errors import Conflict, NotFound, Unavailable
from layers.pairs import LAYERS, Kind, next_objects, read_kinds
from twin.audit.desk import Desk, judge_apart
from twin.clash.accuracy import digest_accuracies, read_accuracies
from twin.clash.citing import citation_json, cite, edition_json
from twin.clash.kernel.body import SAGITTA_M
from twin.clash.rulefile import digest_rules
from twin.clash.solids import Quality

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from layers.database import Connection
    from twin.clash.rulebook import RuleBook

BATCH = 1000


@dataclass(frozen=True, slots=True)
class Effort:
    """How many objects are looked at together, and where: with the database's URL by a process a core."""

    batch: int = BATCH
    url: str | None = None


EFFORT = Effort()


@dataclass(frozen=True, slots=True)
class Advanced:
    """How far an audit has come, and what this process did of it."""

    done: int
    total: int
    objects: int
    seconds: float

    @property
    def rate(self) -> float:
        """Objects a second."""
        return self.objects / self.seconds if self.seconds else 0.0


def audit_network(
    connection: Connection,
    book: RuleBook,
    *,
    anew: bool = False,
    effort: Effort = EFFORT,
    tell: Callable[[Advanced], None] = lambda _: None,
) -> Run:
    """The run that is whole: the last one where nothing changed since, the one that was interrupted, or a new one.

    Needs an owner's connection. Raises: Unavailable without
    utilities; Conflict where another audit runs, or where the network changed under this one.
    """
    hold_audit(connection)
    run = _take_up(connection, book, anew=anew)
    if run.ended_at is not None:
        return run
    margins = [(kind, _margin_m(kind)) for kind in read_kinds(connection)]
    place = find_place(connection, run)
    done, began = place.objects, time.monotonic()
    tell(Advanced(done, run.total, 0, 0.0))
    batches = enumerate(_batches(connection, place.layer, place.after, effort.batch), place.batches + 1)
    desk = Desk(connection, book, margins)
    for judged, pairs in desk.judge_all(batches) if effort.url is None else judge_apart(effort.url, desk, batches):
        keep_batch(connection, run, judged, pairs)
        done += judged.objects
        tell(Advanced(done, run.total, done - place.objects, time.monotonic() - began))
        if read_versions(connection) != run.versions:
            raise Conflict(f"the network changed while audit {run.id} ran: start it again, it begins anew")
    end_run(connection, run)
    return find_run(connection, run.id)


def _take_up(connection: Connection, book: RuleBook, *, anew: bool) -> Run:
    rules, versions = f"{digest_rules(book)} {digest_accuracies()}", read_versions(connection)
    try:
        last = find_run(connection)
    except NotFound:
        last = None
    if last is not None and not anew and (last.rules, last.versions) == (rules, versions):
        return last
    run = begin_run(connection, rules, _law(book))
    if run.total == 0:
        raise Unavailable("no utilities are loaded: import them first, an empty city has no pair to audit")
    return run


def _law(book: RuleBook) -> dict[str, Any]:
    """The rules as findings cite them, by id, and the files that they come from."""
    cited = [rule.cited for rule in book.clearances] + [book.contact.cited]
    return {
        "editions": [edition_json(edition) for edition in book.editions],
        "rules": {c.id: {**(citation_json(c) or {}), "text": asdict(cite(c))} for c in cited},
        "reach_m": book.reach_m,
    }


def _margin_m(kind: Kind) -> float:
    """How far an object of a kind may be beyond its half section and its stated accuracy."""
    table = read_accuracies()
    quality = Quality("schematic") if kind.schematic else Quality(kind.quality_level or None)
    level = table.find_level(quality.level)
    level_m = max(
        level.at_depth(kind.deepest_m).horizontal_m, table.unstated.horizontal_m if level.follows_depth else 0
    )
    section_m = 0.0 if kind.is_sized else table.unknown_radius_m
    stated = kind.is_stated and not kind.schematic
    return (0.0 if stated else level_m) + section_m + SAGITTA_M


def _batches(connection: Connection, layer: str, after: int, size: int) -> Iterator[tuple[str, list[int]]]:
    for name in LAYERS[LAYERS.index(layer) :]:
        last = after if name == layer else 0
        while subjects := next_objects(connection, name, last, size):
            yield name, subjects
            last = subjects[-1]
