"""Files of the same content: one is in the city, the others are known as its copies.

Where the one goes and a copy stays, the features stay under the name of that copy.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from psycopg import sql

from layers.catalog import LAYERS

if TYPE_CHECKING:
    from collections.abc import Collection

    from layers.database import Connection

_KEPT = ("quarantined_rows", "source_records")


def find_heirs(connection: Connection, files: list[int], gone: Collection[str] = ()) -> dict[int, int]:
    """For each of the files that are about to go whose content then is nowhere else, its first copy.

    gone: locations whose copies do not count, for they are being delivered anew.
    """
    rows = connection.execute(
        "select f.sha256, f.id, c.id, c.location from source_files f"
        " join source_files c on c.sha256 = f.sha256 and c.location <> f.location and c.id <> all(%(files)s)"
        " and c.outcome = 'duplicate' and c.replaced_by is null and c.custom_layer is null"
        " where f.id = any(%(files)s) and f.outcome in ('loaded', 'partly') and f.custom_layer is null"
        " and not exists (select from source_files k where k.sha256 = f.sha256"
        " and k.id <> all(%(files)s) and k.outcome in ('loaded', 'partly') and k.replaced_by is null"
        " and k.custom_layer is null) order by f.sha256, c.id",
        {"files": files},
    ).fetchall()
    first: dict[str, tuple[int, int]] = {}
    for sha256, file, copy, location in rows:
        if location not in gone:
            first.setdefault(sha256, (file, copy))
    return dict(first.values())


def stand_in(connection: Connection, run_id: int, file: int, copy: int) -> None:
    """The copy of a file that a run replaces takes over its features, as a file of that run: so it can be undone."""
    row = connection.execute(
        "insert into source_files (run_id, path, location, sha256, key, bytes, format, owner, outcome, decisions)"
        " select %s, c.path, c.location, f.sha256, f.key, c.bytes, f.format, f.owner, f.outcome, f.decisions"
        " from source_files f, source_files c where f.id = %s and c.id = %s returning id",
        (run_id, file, copy),
    ).fetchone()
    heir = int(row[0]) if row else copy
    for table in _KEPT:
        names = sql.SQL(", ").join(map(sql.Identifier, _columns(connection, table)))
        statement = "insert into {0} (source_file_id, {1}) select %s, {1} from {0} where source_file_id = %s"
        connection.execute(sql.SQL(statement).format(sql.Identifier(table), names), (heir, file))
    _hand_over(connection, [layer.name for layer in LAYERS], file, heir)
    connection.execute("update source_files set replaced_by = %s where id = %s", (run_id, copy))


def inherit(connection: Connection, file: int, copy: int) -> None:
    """The copy of a file that is undone takes over all that it brought, as if it had been the one that was loaded."""
    _hand_over(connection, [*(layer.name for layer in LAYERS), *_KEPT], file, copy)
    connection.execute(
        "update source_files c set key = f.key, format = f.format, owner = f.owner, outcome = f.outcome,"
        " decisions = f.decisions from source_files f where f.id = %s and c.id = %s",
        (file, copy),
    )


def _hand_over(connection: Connection, tables: list[str], file: int, heir: int) -> None:
    for name in tables:
        table = sql.Identifier(name)
        present = sql.SQL("select exists (select from {} where source_file_id = %s)").format(table)
        row = connection.execute(present, (file,)).fetchone()
        if row and row[0]:
            statement = sql.SQL("update {} set source_file_id = %s where source_file_id = %s").format(table)
            connection.execute(statement, (heir, file))


def _columns(connection: Connection, table: str) -> list[str]:
    rows = connection.execute(
        "select attname from pg_attribute where attrelid = %s::regclass and attnum > 0 and not attisdropped"
        " and attname not in ('id', 'source_file_id') order by attnum",
        (table,),
    ).fetchall()
    return [name for (name,) in rows]
