"""What an import replaced, and the way back.

A replaced feature is kept as PostgreSQL's own text of its row, which loses nothing and reads back exactly.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from psycopg import sql
from sqlalchemy import BigInteger, ForeignKey, Identity, Text
from sqlalchemy.orm import Mapped, mapped_column

from layers.base import Base
from layers.catalog import LAYERS, Layer
from layers.change import Change
from layers.custom_tables import undo_layers
from layers.errors import Conflict, NotFound
from layers.schemas import SCHEMA

if TYPE_CHECKING:
    from layers.database import Connection

# What tells a feature of one version from that of the next where its content differs.
_IDENTITY = {
    "boundaries": "code",
    "parcels": "sheet || '/' || number",
    "buildings": "code",
    "roads": "code",
    "trees": "code",
    "utility_lines": "owner_ref",
    "utility_nodes": "owner_ref",
}
_PROVENANCE = ("id", "source_file_id", "source_layer", "source_row", "source_part")
_DERIVED = ("reach_m",)  # to the last bit it depends on who computed it


class ReplacedFeature(Base):
    __tablename__ = "replaced_features"

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    run_id: Mapped[int] = mapped_column(BigInteger, ForeignKey(f"{SCHEMA}.import_runs.id"), index=True)
    layer: Mapped[str] = mapped_column(Text)
    feature: Mapped[str] = mapped_column(Text)


def replace_files(connection: Connection, run_id: int, old: list[int], new: int) -> Change | None:
    """Take the features of earlier versions of a file out of the city, and say what the new version changed.

    None where no earlier version had features.
    """
    changes = [_compare(connection, layer, old, new) for layer in LAYERS]
    for layer in sorted(LAYERS, key=lambda x: x.name):
        _archive(connection, layer, run_id, old)
    connection.execute("update source_files set replaced_by = %s where id = any(%s)", (run_id, old))
    total = Change(*(sum(numbers) for numbers in zip(*((c.added, c.changed, c.removed) for c in changes), strict=True)))
    return total if old else None


def undo_run(connection: Connection, run_id: int) -> int:
    """Bring the city back to where it was before a run; the number of features that came back.

    Raises: NotFound for an unknown run, Conflict where a later run replaced what this one brought.
    """
    with connection.transaction():
        run = connection.execute("select undone_at from import_runs where id = %s for update", (run_id,)).fetchone()
        if run is None:
            raise NotFound(f"there is no import run {run_id}: see 'twin runs'")
        if run[0] is not None:
            raise Conflict(f"run {run_id} was undone already, at {run[0]:%Y-%m-%d %H:%M}")
        later = connection.execute(
            "select max(replaced_by) from source_files where run_id = %s and replaced_by is not null", (run_id,)
        ).fetchone()
        if later and later[0] is not None:
            raise Conflict(f"run {later[0]} replaced files of run {run_id}: undo run {later[0]} first")
        if (field := _find_entangled(connection, run_id)) is not None:
            raise Conflict(f"run {field} builds on what run {run_id} would take back: undo run {field} first")
        for layer in sorted(LAYERS, key=lambda x: x.name):
            _delete(connection, layer, run_id)
        back = undo_layers(connection, run_id)
        connection.execute("delete from source_files where run_id = %s", (run_id,))
        back += sum(_restore(connection, layer, run_id) for layer in LAYERS)
        connection.execute("update source_files set replaced_by = null where replaced_by = %s", (run_id,))
        connection.execute("delete from replaced_features where run_id = %s", (run_id,))
        connection.execute("update import_runs set undone_at = now() where id = %s", (run_id,))
    return back


def _find_entangled(connection: Connection, run_id: int) -> int | None:
    """The latest run that must be undone first: field reports replace single features, not whole files.

    A field report replaced what this run brought; or this run is one, and the file that it took from was replaced.
    """
    row = connection.execute(
        "with taken as (select r.run_id, case r.layer when 'utility_lines' then (r.feature::twin.utility_lines)"
        ".source_file_id when 'utility_nodes' then (r.feature::twin.utility_nodes).source_file_id end as file"
        " from replaced_features r join import_runs i on i.id = r.run_id"
        " where i.options ?| array['report', 'redelivery'])"
        " select max(case when t.run_id = %(run)s then s.replaced_by else t.run_id end) from taken t"
        " join source_files s on s.id = t.file"
        " where (t.run_id = %(run)s and s.replaced_by is not null) or (t.run_id <> %(run)s and s.run_id = %(run)s)",
        {"run": run_id},
    ).fetchone()
    return None if row is None else row[0]


def columns_of(connection: Connection, layer: Layer) -> list[str]:
    """Columns of a layer that are written, not computed."""
    rows = connection.execute(
        "select column_name from information_schema.columns"
        " where table_schema = %s and table_name = %s and is_generated = 'NEVER' order by ordinal_position",
        (SCHEMA, layer.name),
    ).fetchall()
    return [name for (name,) in rows]


def _compare(connection: Connection, layer: Layer, old: list[int], new: int) -> Change:
    content = [name for name in columns_of(connection, layer) if name not in (*_PROVENANCE, *_DERIVED)]
    features = sql.SQL(
        "select md5(row({})::text) as content,"
        " coalesce({}, source_layer || '#' || source_row || '#' || source_part) as key from {}"
    ).format(
        sql.SQL(", ").join(map(sql.Identifier, content)),
        sql.SQL(_IDENTITY.get(layer.name, "null")),
        sql.Identifier(layer.name),
    )
    statement = sql.SQL(
        "with old as (select *, row_number() over (partition by content) as nth from"
        " ({features} where source_file_id = any(%s)) o),"
        " new as (select *, row_number() over (partition by content) as nth from"
        " ({features} where source_file_id = %s) n),"
        " went as (select distinct on (key) key from old where not exists"
        " (select 1 from new where (new.content, new.nth) = (old.content, old.nth))),"
        " came as (select key from new where not exists"
        " (select 1 from old where (old.content, old.nth) = (new.content, new.nth)))"
        " select (select count(*) from came), (select count(*) from went),"
        " (select count(*) from went where key in (select key from came))"
    ).format(features=features)
    row = connection.execute(statement, (old, new)).fetchone()
    came, went, changed = row or (0, 0, 0)
    return Change(came - changed, changed, went - changed)


def _archive(connection: Connection, layer: Layer, run_id: int, files: list[int]) -> None:
    table = sql.Identifier(layer.name)
    moved = connection.execute(
        sql.SQL(
            "insert into replaced_features (run_id, layer, feature)"
            " select %s, %s, t::text from {} t where source_file_id = any(%s)"
        ).format(table),
        (run_id, layer.name, files),
    ).rowcount
    if moved:
        connection.execute(sql.SQL("delete from {} where source_file_id = any(%s)").format(table), (files,))


def _delete(connection: Connection, layer: Layer, run_id: int) -> None:
    """Nothing is touched where the run brought nothing, lest the layer's version change for nothing."""
    table = sql.Identifier(layer.name)
    files = [n for (n,) in connection.execute("select id from source_files where run_id = %s", (run_id,)).fetchall()]
    present = sql.SQL("select exists (select 1 from {} where source_file_id = any(%s))").format(table)
    row = connection.execute(present, (files,)).fetchone()
    if row and row[0]:
        connection.execute(sql.SQL("delete from {} where source_file_id = any(%s)").format(table), (files,))


def _restore(connection: Connection, layer: Layer, run_id: int) -> int:
    kept = connection.execute(
        "select exists (select 1 from replaced_features where run_id = %s and layer = %s)", (run_id, layer.name)
    ).fetchone()
    if not kept or not kept[0]:
        return 0
    names = columns_of(connection, layer)
    statement = sql.SQL(
        "insert into {table} ({columns}) overriding system value select {fields}"
        " from (select feature::{schema}.{table} as f from replaced_features where run_id = %s and layer = %s) r"
    ).format(
        table=sql.Identifier(layer.name),
        schema=sql.Identifier(SCHEMA),
        columns=sql.SQL(", ").join(map(sql.Identifier, names)),
        fields=sql.SQL(", ").join(sql.SQL("(r.f).{}").format(sql.Identifier(name)) for name in names),
    )
    return connection.execute(statement, (run_id, layer.name)).rowcount
