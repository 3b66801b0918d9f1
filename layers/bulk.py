"""A load that is larger than its layer: indexes are built, and rules checked, once after it, not row by row.

Everything happens in the transaction of the load. Those who read the layer wait until it ends, which costs them
little: the layer held less than what comes.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from psycopg import sql

from layers.base import SCHEMA

if TYPE_CHECKING:
    from layers.database import Connection

_FEWEST_ROWS = 100_000
_BUILD_MEMORY = "512MB"


@dataclass(frozen=True, slots=True)
class Rebuild:
    """A layer without its indexes, rules and row triggers, and what brings them back."""

    table: str
    before: int
    statements: tuple[sql.Composed, ...]

    @classmethod
    def begin(cls, connection: Connection, table: str, rows: int) -> Rebuild | None:
        """Take indexes, rules and triggers off a layer; None where the load is too small for that."""
        state = connection.execute("select features from layer_states where layer = %s for update", (table,)).fetchone()
        before = int(state[0]) if state else 0
        if rows < max(_FEWEST_ROWS, before):
            return None
        indexes, rules = _find_indexes(connection, table), _find_rules(connection, table)
        name = sql.Identifier(SCHEMA, table)
        for index, _ in indexes:
            connection.execute(sql.SQL("drop index {}").format(sql.Identifier(SCHEMA, index)))
        drops = [sql.SQL("drop constraint {}").format(sql.Identifier(rule)) for rule, _ in rules]
        additions = [
            sql.SQL("add constraint {} {}").format(sql.Identifier(rule), sql.SQL(definition))
            for rule, definition in rules
        ]
        connection.execute(_alter(name, sql.SQL("disable trigger user"), *drops))
        restore = [sql.SQL("{}").format(sql.SQL(definition)) for _, definition in indexes]
        # One statement: the rows are looked at once for all rules.
        return cls(table, before, (_alter(name, *additions, sql.SQL("enable trigger user")), *restore))

    def finish(self, connection: Connection) -> None:
        """Bring rules, triggers and indexes back, and do what the triggers would have done.

        Raises: psycopg.IntegrityError where a row breaks a rule.
        """
        connection.execute("select set_config('maintenance_work_mem', %s, true)", (_BUILD_MEMORY,))
        for statement in self.statements:
            connection.execute(statement)
        connection.execute(
            sql.SQL(
                "update layer_states set version = version + 1, changed_at = now(),"
                " features = (select count(*) from {}) where layer = %s"
            ).format(sql.Identifier(SCHEMA, self.table)),
            (self.table,),
        )
        connection.execute(sql.SQL("analyze {}").format(sql.Identifier(SCHEMA, self.table)))


def _find_indexes(connection: Connection, table: str) -> list[tuple[str, str]]:
    """Name and definition of the indexes that no constraint needs."""
    return connection.execute(
        "select c.relname::text, pg_get_indexdef(i.indexrelid) from pg_index i join pg_class c on c.oid = i.indexrelid"
        " where i.indrelid = %s::regclass"
        " and not exists (select 1 from pg_constraint k where k.conindid = i.indexrelid) order by 1",
        (f"{SCHEMA}.{table}",),
    ).fetchall()


def _find_rules(connection: Connection, table: str) -> list[tuple[str, str]]:
    """Name and definition of the foreign keys and checks."""
    return connection.execute(
        "select conname::text, pg_get_constraintdef(oid) from pg_constraint"
        " where conrelid = %s::regclass and contype in ('c', 'f') order by 1",
        (f"{SCHEMA}.{table}",),
    ).fetchall()


def _alter(table: sql.Identifier, *actions: sql.Composable) -> sql.Composed:
    return sql.SQL("alter table {} {}").format(table, sql.SQL(", ").join(actions))
