"""Times in CQL2 expressions (OGC 21-065r2, 7.7): instants, intervals, and how they lie to each other."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import TYPE_CHECKING, Any

from psycopg import sql

from layers.errors import Invalid
from layers.term import Term

if TYPE_CHECKING:
    from collections.abc import Callable

    from layers.term import Scope

# a0, a1: start and end of the first; b0, b1 of the second. An instant starts and ends at once.
RELATIONS: dict[str, str] = {
    "t_after": "{a0} > {b1}",
    "t_before": "{a1} < {b0}",
    "t_contains": "{a0} < {b0} and {a1} > {b1}",
    "t_disjoint": "{a1} < {b0} or {a0} > {b1}",
    "t_during": "{a0} > {b0} and {a1} < {b1}",
    "t_equals": "{a0} = {b0} and {a1} = {b1}",
    "t_finishedby": "{a0} < {b0} and {a1} = {b1}",
    "t_finishes": "{a0} > {b0} and {a1} = {b1}",
    "t_intersects": "{a0} <= {b1} and {a1} >= {b0}",
    "t_meets": "{a1} = {b0}",
    "t_metby": "{a0} = {b1}",
    "t_overlappedby": "{a0} > {b0} and {a0} < {b1} and {a1} > {b1}",
    "t_overlaps": "{a0} < {b0} and {a1} > {b0} and {a1} < {b1}",
    "t_startedby": "{a0} = {b0} and {a1} > {b1}",
    "t_starts": "{a0} = {b0} and {a1} < {b1}",
}


def relate(operation: str, first: Term, second: Term) -> Term:
    """Raises: Invalid where one of the two is no time."""
    (a0, a1), (b0, b1) = _ends(first), _ends(second)
    text = RELATIONS[operation]
    return Term(sql.SQL("(" + text + ")").format(a0=a0, a1=a1, b0=b0, b1=b1), "boolean")


def read_date(text: Any, scope: Scope) -> Term:
    """Raises: Invalid for text that is no date."""
    moment = _parse("date", text, date.fromisoformat)
    return Term(scope.values.bind(moment.isoformat(), "date"), "date")


def read_timestamp(text: Any, scope: Scope) -> Term:
    """Raises: Invalid for text that is no RFC 3339 timestamp."""
    moment = _parse("timestamp", text, datetime.fromisoformat)
    moment = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    return Term(scope.values.bind(moment.isoformat(), "timestamptz"), "timestamp")


def read_interval(ends: Any, scope: Scope, compile_part: Callable[[Any], Term]) -> Term:
    """Raises: Invalid for anything but two instants, of which '..' is an open one."""
    if not isinstance(ends, list) or len(ends) != 2:
        raise Invalid("filter: an interval has a start and an end")
    start, end = (
        _end(part, scope, compile_part, unbounded=word)
        for part, word in zip(ends, ("-infinity", "infinity"), strict=True)
    )
    return Term(start, "interval", until=end)


def as_timestamp(term: Term) -> sql.Composable:
    """A time to compare with others; a date is its midnight in UTC."""
    if term.kind == "date":
        return sql.SQL("({}::timestamp at time zone 'UTC')").format(term.text)
    return term.text


def _end(part: Any, scope: Scope, compile_part: Callable[[Any], Term], *, unbounded: str) -> sql.Composable:
    if part == "..":
        return sql.SQL("{}::timestamptz").format(sql.Literal(unbounded))
    if isinstance(part, str):
        read = read_date if len(part) <= len("2000-01-01") else read_timestamp
        return as_timestamp(read(part, scope))
    term = compile_part(part)
    if term.kind not in ("date", "timestamp"):
        raise Invalid("filter: an interval reaches from one time to another")
    # A feature without a date on a side is open on it.
    return sql.SQL("coalesce({}, {}::timestamptz)").format(as_timestamp(term), sql.Literal(unbounded))


def _ends(term: Term) -> tuple[sql.Composable, sql.Composable]:
    if term.kind == "interval" and term.until is not None:
        return term.text, term.until
    if term.kind in ("date", "timestamp"):
        return as_timestamp(term), as_timestamp(term)
    raise Invalid(
        f"filter: a temporal comparison was given a {term.kind}: give DATE, TIMESTAMP, INTERVAL or a date property"
    )


def _parse[Moment](kind: str, text: Any, parse: Callable[[str], Moment]) -> Moment:
    try:
        return parse(text)
    except (TypeError, ValueError, OverflowError) as error:
        raise Invalid(f"filter: {str(text)[:40]!r} is no {kind}") from error
