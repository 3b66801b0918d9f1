"""A load that is larger than its layer: indexes are built, and keys checked, once after it, not row by row.

Everything happens in the transaction of the load. Those who read the layer wait until it ends, which costs them
little: the layer held less than what comes.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date
from typing import TYPE_CHECKING, Any

import psycopg
from psycopg import sql

from layers.errors import Invalid
from layers.schemas import SCHEMA

if TYPE_CHECKING:
    from collections.abc import Mapping

    from layers.database import Connection

_FEWEST_ROWS = 100_000
_BUILD_MEMORY = "512MB"
_SAMPLE = "20"  # a fifth of the usual, until autovacuum, which sees so many new rows, looks closely
_NUMBERS = 1000
_PLAIN = (str, bool, int, float, date, type(None))


def is_bulk(rows: int, present: int) -> bool:
    """Whether so many rows are worth building a layer's indexes anew that has so many features."""
    return rows >= max(_FEWEST_ROWS, present)


@dataclass(slots=True)
class Rebuild:
    """A layer without its indexes, keys and triggers, and what brings them back.

    own: its columns' defaults as SQL. common: values that stand in their place while rows come.
    is_fresh: no transaction but this one knows the files of the table, so that its rows are final as they come.
    """

    table: str
    before: int
    statements: tuple[sql.Composed, ...]
    own: dict[str, str]
    file_id: int | None
    is_fresh: bool
    common: dict[str, Any] = field(default_factory=dict)

    @classmethod
    def begin(cls, connection: Connection, table: str, rows: int, *, alone: bool = False) -> Rebuild | None:
        """Take indexes, keys and triggers off a layer; None where the load is too small for that, unless `alone`."""
        state = connection.execute("select features from layer_states where layer = %s for update", (table,)).fetchone()
        before = int(state[0]) if state else 0
        if not alone and not is_bulk(rows, before):
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
        connection.execute(_alter(name, _take_numbers(_NUMBERS), *drops))
        restore = [sql.SQL("{}").format(sql.SQL(definition)) for _, definition in (*indexes, *triggers)]
        statements = (_alter(name, *additions, _take_numbers(1)), *restore)
        is_fresh = _start_afresh(connection, table)
        return cls(table, before, statements, _find_defaults(connection, table), _file_id(connection), is_fresh)

    def settle(self, connection: Connection, common: Mapping[str, Any]) -> None:
        """Have the rows that come next share these values, and the file that is loaded.

        They are no look-up in each row then. Raises: Invalid where a value is none that a column can have.
        """
        self._set_defaults(connection, {"source_file_id": self.file_id, **common})

    def _set_defaults(self, connection: Connection, wanted: Mapping[str, Any]) -> None:
        if strange := [name for name, value in wanted.items() if type(value) not in _PLAIN]:
            raise Invalid(f"{self.table}: what rows have in common in {', '.join(strange)} is no plain value")
        actions = [
            _set_default(name, sql.Literal(value))
            for name, value in wanted.items()
            if name not in self.common or not _is_same(self.common[name], value)
        ]
        actions += [
            _set_default(name, sql.SQL(self.own[name]) if name in self.own else None)
            for name in self.common.keys() - wanted.keys()
        ]
        if actions:
            try:
                connection.execute(_alter(sql.Identifier(SCHEMA, self.table), *actions))
            except (psycopg.ProgrammingError, UnicodeEncodeError) as error:
                raise Invalid(f"{self.table}: a value in common does not fit its column: {error}") from error
        self.common = dict(wanted)

    def finish(self, connection: Connection, added: int) -> None:
        """Bring keys, indexes and triggers back, and do what the triggers would have done for the rows that were added.

        Raises: psycopg.IntegrityError where a row breaks a key.
        """
        self._set_defaults(connection, {})
        connection.execute(
            "select set_config('maintenance_work_mem', %s, true), set_config('default_statistics_target', %s, true)",
            (_BUILD_MEMORY, _SAMPLE),
        )
        connection.execute(sql.SQL("analyze {}").format(sql.Identifier(SCHEMA, self.table)))
        for statement in self.statements:  # a key of a column that is known to be empty is checked by its index
            connection.execute(statement)
        connection.execute(
            "update layer_states set version = version + 1, changed_at = now(), features = %s where layer = %s",
            (self.before + added, self.table),
        )


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


def _start_afresh(connection: Connection, table: str) -> bool:
    """Give a table new files where it has no row; other tables' keys to it forbid that."""
    name = sql.Identifier(SCHEMA, table)
    row = connection.execute(
        sql.SQL(
            "select not exists (select from {})"
            " and not exists (select from pg_constraint where confrelid = {}::regclass)"
        ).format(name, sql.Literal(name.as_string()))
    ).fetchone()
    if not row or not row[0]:
        return False
    connection.execute(sql.SQL("truncate {}").format(name))
    return True


def _find_defaults(connection: Connection, table: str) -> dict[str, str]:
    """Default of each column that has one."""
    rows = connection.execute(
        "select a.attname::text, pg_get_expr(d.adbin, d.adrelid)"
        " from pg_attrdef d join pg_attribute a on a.attrelid = d.adrelid and a.attnum = d.adnum"
        " where d.adrelid = %s::regclass",
        (f"{SCHEMA}.{table}",),
    ).fetchall()
    return dict(rows)


def _file_id(connection: Connection) -> int | None:
    """Number of the file that is loaded by this transaction."""
    row = connection.execute("select nullif(current_setting('twin.source_file', true), '')::bigint").fetchone()
    return row[0] if row else None


def _set_default(column: str, value: sql.Composable | None) -> sql.Composed:
    if value is None:
        return sql.SQL("alter {} drop default").format(sql.Identifier(column))
    return sql.SQL("alter {} set default {}").format(sql.Identifier(column), value)


def _is_same(a: object, b: object) -> bool:
    return type(a) is type(b) and a == b


def _take_numbers(count: int) -> sql.Composed:
    """How many ids are taken from their sequence at once; those that are left over are nobody's."""
    return sql.SQL("alter id set cache {}").format(sql.Literal(count))


def _alter(table: sql.Identifier, *actions: sql.Composable) -> sql.Composed:
    return sql.SQL("alter table {} {}").format(table, sql.SQL(", ").join(actions))
