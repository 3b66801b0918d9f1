"""A file into a table of its own: a custom layer made, or made anew, in one transaction."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from psycopg import sql

from layers.change import Change
from layers.custom import HEIGHTS, Kind, read_custom
from layers.custom_tables import publish, stage
from layers.errors import Invalid
from layers.loading import begin_file, conclude, copy_rows, keep_delivered, ruled
from layers.rows import Rows
from layers.schemas import CUSTOM

if TYPE_CHECKING:
    from collections.abc import Iterator

    from layers.custom import CustomLayer
    from layers.database import Connection
    from layers.loading import FileRecord, Part, Verdict

# Fields that may tell a feature of one version from that of the next, those whose names say so first.
_CALLED = ("code", "ma", "id_given", "fid_given", "ref", "uuid")
_MOST_TRIED = 6
_COLUMNS = frozenset({"geom", HEIGHTS, "source_layer", "source_row", "source_part"})


@dataclass(frozen=True, slots=True)
class Plan:
    """A layer as it is to be, and as it was when that was said: None where it is new, or all of it is meant."""

    layer: CustomLayer
    on: CustomLayer | None = None


@dataclass(slots=True)
class LayerLoading:
    """A layer on its way, within the transaction of `loading_layer`; once it is finished, `layer` as it is shown."""

    connection: Connection
    run_id: int
    file_id: int
    layer: CustomLayer
    former: CustomLayer | None
    planned_on: CustomLayer | None
    table: sql.Identifier
    features: int = 0

    def add(self, part: Part) -> None:
        """Write a part of the file. Raises: Invalid for columns that the layer does not have."""
        if not isinstance(part, Rows):
            keep_delivered(self.connection, part, self.file_id)
            return
        known = _COLUMNS.union(field.name for field in self.layer.draft.fields)
        if unknown := set(part.names) - known:
            raise Invalid(f"layer '{self.layer.name}': its reader may not write {', '.join(sorted(unknown))}")
        copy_rows(self.connection, self.table, part)
        self.features += part.count

    def finish(self, verdict: Verdict) -> Change | None:
        """Show the layer; what it changed, None where it is new. Features that are known keep their ids."""
        conclude(self.connection, self.file_id, verdict)
        change = None if self.former is None else self._compare(self.former)
        self.layer = publish(self.connection, self.layer, self.file_id, self.run_id, self.planned_on)
        return change

    def _compare(self, former: CustomLayer) -> Change:
        key = self._find_key(former)
        told = sql.SQL(
            "select id, {key} as key, md5((select jsonb_strip_nulls(to_jsonb(f)) from (select {fields}) f)::text"
            " || st_asewkb({shape})::text) as content from {table}"
        )
        old, new = (
            told.format(
                key=key,
                fields=sql.SQL(", ").join(sql.Identifier(field.name) for field in layer.draft.fields),
                shape=sql.SQL(layer.to_layer().geometry_sql),
                table=table,
            )
            for layer, table in ((former, sql.Identifier(CUSTOM, former.name)), (self.layer, self.table))
        )
        row = self.connection.execute(
            sql.SQL(
                "select count(*) filter (where o.id is null), count(*) filter (where o.content <> n.content),"
                " count(*) filter (where n.id is null) from ({}) o full join ({}) n on n.key = o.key"
            ).format(old, new)
        ).fetchone()
        self.connection.execute(
            sql.SQL("update {} t set id = o.id from ({}) o, ({}) n where n.id = t.id and n.key = o.key").format(
                self.table, old, new
            )
        )
        return Change(*(row or (0, 0, 0)))

    def _find_key(self, former: CustomLayer) -> sql.Composable:
        """What tells features apart in both versions: a field without repeats, or else their place in the file."""
        kinds = {field.name: field.kind for field in former.draft.fields}
        both = [f.name for f in self.layer.draft.fields if kinds.get(f.name) == f.kind and f.kind in _TELLING]
        called = [name for name in both if name in _CALLED or name.startswith("ma_") or name.endswith(("_id", "_ma"))]
        for name in dict.fromkeys((*called, *both)[:_MOST_TRIED]):
            column = sql.Identifier(name)
            if all(self._is_unique(column, t) for t in (sql.Identifier(CUSTOM, former.name), self.table)):
                return sql.SQL("{}::text").format(column)
        return sql.SQL("concat_ws('#', source_layer, source_row, source_part)")

    def _is_unique(self, column: sql.Identifier, table: sql.Identifier) -> bool:
        row = self.connection.execute(
            sql.SQL("select count(*) = count(distinct {}) from {}").format(column, table)
        ).fetchone()
        return bool(row and row[0])


_TELLING = (Kind.INTEGER, Kind.TEXT)


@contextmanager
def loading_layer(
    connection: Connection, run_id: int, record: FileRecord, file_id: int, plan: Plan
) -> Iterator[LayerLoading]:
    """What is written within is there whole, or not at all: then the layer is as it was.

    Raises: Invalid where a value breaks a rule of the database.
    """
    layer = plan.layer
    with ruled(record), connection.transaction():
        begin_file(connection, run_id, record, file_id, custom_layer=layer.name)
        former = next((one for one in read_custom(connection) if one.name == layer.name), None)
        table = stage(connection, layer, file_id)
        if former is not None:
            _go_on(connection, former.name, table)
        yield LayerLoading(connection, run_id, file_id, layer, former, plan.on, table)


def _go_on(connection: Connection, name: str, table: sql.Identifier) -> None:
    """Let ids go on where the former version's ended, so that none comes to mean another feature."""
    serial = "pg_get_serial_sequence(%s, 'id')"
    connection.execute(
        f"select setval({serial}, nextval({serial}), false)",
        (table.as_string(connection), sql.Identifier(CUSTOM, name).as_string(connection)),
    )
