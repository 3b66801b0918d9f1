"""A load that is larger than its layer: indexes and foreign keys are built once after it, not row by row.

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
    """A layer without its indexes and row triggers, and what brings them back."""

    table: str
    before: int
    statements: tuple[sql.Composed, ...]

    @classmethod
    def begin(cls, connection: Connection, table: str, rows: int) -> Rebuild | None:
        """Take indexes and triggers off a layer; None where the load is too small for that."""
        state = connection.execute("select features from layer_states where layer = %s for update", (table,)).fetchone()
        before = int(state[0]) if state else 0
        if rows < max(_FEWEST_ROWS, before):
            return None
        indexes = _find_indexes(connection, table)
        keys = _find_foreign_keys(connection, table)
        name = sql.Identifier(SCHEMA, table)
        connection.execute(sql.SQL("alter table {} disable trigger user").format(name))
        for index, _ in indexes:
            connection.execute(sql.SQL("drop index {}").format(sql.Identifier(SCHEMA, index)))
        for key, _ in keys:
            connection.execute(sql.SQL("alter table {} drop constraint {}").format(name, sql.Identifier(key)))
        restore = [sql.SQL("{}").format(sql.SQL(definition)) for _, definition in indexes]
        restore += [
            sql.SQL("alter table {} add constraint {} {}").format(name, sql.Identifier(key), sql.SQL(definition))
            for key, definition in keys
        ]
        enable = sql.SQL("alter table {} enable trigger user").format(name)
        return cls(table, before, (*restore, enable))

    def finish(self, connection: Connection) -> None:
        """Bring indexes, keys and triggers back, and do what the triggers would have done."""
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


def _find_foreign_keys(connection: Connection, table: str) -> list[tuple[str, str]]:
    return connection.execute(
        "select conname::text, pg_get_constraintdef(oid) from pg_constraint"
        " where conrelid = %s::regclass and contype = 'f' order by 1",
        (f"{SCHEMA}.{table}",),
    ).fetchall()
