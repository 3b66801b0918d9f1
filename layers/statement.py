"""A statement that is ready to run: its text with $1, $2 … and the values that are bound to them."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from psycopg import sql

if TYPE_CHECKING:
    from collections.abc import Sequence


@dataclass(frozen=True, slots=True)
class Statement:
    """`is_prepared` where one plan serves all values; otherwise each run is planned for its own."""

    text: bytes
    values: tuple[Any, ...] = ()
    is_prepared: bool = True


@dataclass(slots=True)
class Values:
    """The values of a statement in the making."""

    bound: list[Any] = field(default_factory=list)

    def bind(self, value: Any, kind: str) -> sql.Composable:
        """The parameter that stands for a value, of a PostgreSQL type ("bigint")."""
        self.bound.append(value)
        return sql.SQL(f"${len(self.bound)}::{kind}")

    def finish(self, text: sql.Composable, *, is_prepared: bool = True) -> Statement:
        return Statement(text.as_bytes(), tuple(self.bound), is_prepared)


def all_of(conditions: Sequence[sql.Composable]) -> sql.Composable:
    """A WHERE clause of conditions that must all hold; nothing for none."""
    if not conditions:
        return sql.SQL("")
    return sql.SQL("where ") + sql.SQL(" and ").join(conditions)
