"""A load that is larger than its layer: indexes are built, and keys checked, once after it, not row by row.

Everything happens in the transaction of the load. Those who read the layer wait until it ends, which costs them
little: the layer held less than what comes.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from psycopg import sql

from layers.schemas import SCHEMA

if TYPE_CHECKING:
    from layers.database import Connection

_FEWEST_ROWS = 100_000
_BUILD_MEMORY = "512MB"
_NUMBERS = 1000


@dataclass(frozen=True, slots=True)
class Rebuild:
    """A layer without its indexes, keys and triggers, and what brings them back."""

    table: str
    before: int
    statements: tuple[sql.Composed, ...]

    @classmethod
    def begin(cls, connection: Connection, table: str, rows: int) -> Rebuild | None:
        """Take indexes, keys and triggers off a layer; None where the load is too small for that."""
        state = connection.execute("select features from layer_states where layer = %s for update", (table,)).fetchone()
        before = int(state[0]) if state else 0
        if rows < max(_FEWEST_ROWS, before):
            return None
        indexes, keys = _find_indexes(connection, table), _find_keys(connection, table)
        name = sql.Identifier(SCHEMA, table)
        for index, _ in indexes:
            connection.execute(sql.SQL("drop index {}").format(sql.Identifier(SCHEMA, index)))
        drops = [sql.SQL("drop constraint {}").format(sql.Identifier(key)) for key, _ in keys]
        additions = [
            sql.SQL("add constraint {} {}").format(sql.Identifier(key), sql.SQL(definition)) for key, definition in keys
        ]
        triggers = _find_triggers(connection, table)
        for trigger, _ in triggers:  # one that is only disabled still has all rows copied for its transition table
            connection.execute(sql.SQL("drop trigger {} on {}").format(sql.Identifier(trigger), name))
        told, untold = _settle_file(connection, table)
        connection.execute(_alter(name, told, _take_numbers(_NUMBERS), *drops))
        restore = [sql.SQL("{}").format(sql.SQL(definition)) for _, definition in (*indexes, *triggers)]
        return cls(table, before, (_alter(name, *additions, untold, _take_numbers(1)), *restore))

    def finish(self, connection: Connection, added: int) -> None:
        """Bring keys, indexes and triggers back, and do what the triggers would have done for the rows that were added.

        Raises: psycopg.IntegrityError where a row breaks a key.
        """
        connection.execute("select set_config('maintenance_work_mem', %s, true)", (_BUILD_MEMORY,))
        for statement in self.statements:
            connection.execute(statement)
        connection.execute(
            "update layer_states set version = version + 1, changed_at = now(), features = %s where layer = %s",
            (self.before + added, self.table),
        )
        connection.execute(sql.SQL("analyze {}").format(sql.Identifier(SCHEMA, self.table)))


def _find_indexes(connection: Connection, table: str) -> list[tuple[str, str]]:
    """Name and definition of the indexes that no constraint needs; those of a few rows stay, which costs less."""
    return connection.execute(
        "select c.relname::text, pg_get_indexdef(i.indexrelid) from pg_index i join pg_class c on c.oid = i.indexrelid"
        " where i.indrelid = %s::regclass and i.indpred is null"
        " and not exists (select 1 from pg_constraint k where k.conindid = i.indexrelid) order by 1",
        (f"{SCHEMA}.{table}",),
    ).fetchall()


def _find_keys(connection: Connection, table: str) -> list[tuple[str, str]]:
    """Name and definition of the foreign keys, then of the primary key."""
    return connection.execute(
        "select conname::text, pg_get_constraintdef(oid) from pg_constraint"
        " where conrelid = %s::regclass and contype in ('f', 'p') order by contype, conname",
        (f"{SCHEMA}.{table}",),
    ).fetchall()


def _find_triggers(connection: Connection, table: str) -> list[tuple[str, str]]:
    """Name and definition of the triggers that are no key's."""
    return connection.execute(
        "select tgname::text, pg_get_triggerdef(oid) from pg_trigger"
        " where tgrelid = %s::regclass and not tgisinternal order by 1",
        (f"{SCHEMA}.{table}",),
    ).fetchall()


def _settle_file(connection: Connection, table: str) -> tuple[sql.Composed, sql.Composed]:
    """What makes the file that is loaded a constant of the layer, not looked up for each row; and what ends that."""
    row = connection.execute(
        "select pg_get_expr(d.adbin, d.adrelid), current_setting('twin.source_file', true)"
        " from pg_attrdef d join pg_attribute a on a.attrelid = d.adrelid and a.attnum = d.adnum"
        " where d.adrelid = %s::regclass and a.attname = 'source_file_id'",
        (f"{SCHEMA}.{table}",),
    ).fetchone()
    default, file_id = row or ("null", None)
    change = sql.SQL("alter source_file_id set default {}")
    return change.format(sql.Literal(int(file_id) if file_id else None)), change.format(sql.SQL(default))


def _take_numbers(count: int) -> sql.Composed:
    """How many ids are taken from their sequence at once; those that are left over are nobody's."""
    return sql.SQL("alter id set cache {}").format(sql.Literal(count))


def _alter(table: sql.Identifier, *actions: sql.Composable) -> sql.Composed:
    return sql.SQL("alter table {} {}").format(table, sql.SQL(", ").join(actions))
