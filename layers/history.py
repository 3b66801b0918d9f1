"""What an import replaced.

A replaced feature is kept as PostgreSQL's own text of its row, which loses nothing and reads back exactly.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from psycopg import sql

from layers.catalog import LAYERS, Layer
from layers.change import Change
from layers.heirs import find_heirs, stand_in
from layers.schemas import SCHEMA

if TYPE_CHECKING:
    from collections.abc import Collection

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


# Sorted, never joined: what was written a moment ago is in no statistics, and a plan that believes it to be little
# compares each with each. What is in both versions goes away; of the rest the nth of a key is the nth of it before.
_COMPARISON = """
with versions as (
  select is_new, content, key, row_number() over (partition by is_new, content) as nth from (
    select false as is_new, o.* from ({features} where source_file_id = any(%s)) o
    union all select true, n.* from ({features} where source_file_id = %s) n) f),
other as (
  select is_new, key from (select *, count(*) over (partition by content, nth) as times from versions) v
  where times = 1),
paired as (
  select bool_or(is_new) as came, bool_or(not is_new) as went
  from (select *, row_number() over (partition by is_new, key) as nth from other) o group by key, nth)
select count(*) filter (where not went), count(*) filter (where came and went), count(*) filter (where not came)
from paired
"""


def replace_files(
    connection: Connection, run_id: int, old: list[int], new: int, *, delivered: Collection[str] = ()
) -> Change | None:
    """Take the features of earlier versions of a file out of the city, and say what the new version changed.

    What other files are copies of stays under their names, but for those that are `delivered` anew.
    None where no earlier version had features.
    """
    changes = [_compare(connection, layer, old, new) for layer in LAYERS]
    for layer in sorted(LAYERS, key=lambda x: x.name):
        _archive(connection, layer, run_id, old)
    for file, copy in find_heirs(connection, old, delivered).items():
        stand_in(connection, run_id, file, copy)
    for layer in sorted(LAYERS, key=lambda x: x.name):
        delete_features(connection, layer, old)
    connection.execute("update source_files set replaced_by = %s where id = any(%s)", (run_id, old))
    total = Change(*(sum(numbers) for numbers in zip(*((c.added, c.changed, c.removed) for c in changes), strict=True)))
    return total if old else None


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
    row = connection.execute(sql.SQL(_COMPARISON).format(features=features), (old, new)).fetchone()
    return Change(*(row or (0, 0, 0)))


def _archive(connection: Connection, layer: Layer, run_id: int, files: list[int]) -> None:
    table = sql.Identifier(layer.name)
    connection.execute(
        sql.SQL(
            "insert into replaced_features (run_id, layer, feature)"
            " select %s, %s, t::text from {} t where source_file_id = any(%s)"
        ).format(table),
        (run_id, layer.name, files),
    )


def delete_features(connection: Connection, layer: Layer, files: list[int]) -> None:
    """Nothing is touched where the files brought nothing, lest the layer's version change for nothing."""
    table = sql.Identifier(layer.name)
    present = sql.SQL("select exists (select 1 from {} where source_file_id = any(%s))").format(table)
    row = connection.execute(present, (files,)).fetchone()
    if row and row[0]:
        connection.execute(sql.SQL("delete from {} where source_file_id = any(%s)").format(table), (files,))
