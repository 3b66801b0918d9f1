"""Files into PostGIS: what they hold and what was refused, one transaction a file.

Rows go by COPY into a staging table and from there into the layer, so the lock on the layer's version is held for one
statement only.
"""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import psycopg
import shapely
from psycopg import sql
from psycopg.types.json import Jsonb

from layers.errors import Conflict, Invalid
from layers.history import Change, replace_files

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from layers.database import Connection
    from layers.provenance import Outcome

_IMPORT_LOCK = 0x7477696E  # "twin"
_GEOMETRIES = frozenset({"geom", "axis", "solid"})


@dataclass(frozen=True, slots=True)
class FileRecord:
    """A file as the provenance keeps it: `location` is its absolute path, `path` relative to what was imported.

    key: hash of the content and of all that the reading of it depended on.
    """

    path: str
    location: str
    sha256: str
    key: str
    bytes: int
    format: str | None
    owner: str | None
    outcome: Outcome
    decisions: list[dict[str, Any]]


@dataclass(frozen=True, slots=True)
class Batch:
    """Rows for one table: column name -> n values; geometry columns hold shapely geometries in storage CRS."""

    table: str
    columns: dict[str, Sequence[Any]]

    def __len__(self) -> int:
        return len(next(iter(self.columns.values())))


@dataclass(frozen=True, slots=True)
class Refused:
    """A record, or a whole layer or file, for the quarantine; `geometry` as delivered, in `crs`."""

    layer: str | None
    row: int | None
    fault: str
    message: str
    remedy: str
    crs: str | None
    geometry: shapely.Geometry | None
    attributes: dict[str, Any]


@dataclass(slots=True)
class Load:
    """Everything that one file brings into the database."""

    record: FileRecord
    batches: list[Batch] = field(default_factory=list)
    originals: list[tuple[str, int, dict[str, Any]]] = field(default_factory=list)
    refused: list[Refused] = field(default_factory=list)


def open_run(connection: Connection, root: str, options: dict[str, Any]) -> int:
    row = connection.execute(
        "insert into import_runs (root, options) values (%s, %s) returning id", (root, Jsonb(options))
    ).fetchone()
    return int(row[0]) if row else 0


def close_run(connection: Connection, run_id: int) -> None:
    connection.execute("update import_runs set finished_at = now() where id = %s", (run_id,))


@dataclass(frozen=True, slots=True)
class Loaded:
    """A file whose features are in the city."""

    path: str
    location: str
    key: str


def find_loaded(connection: Connection, sha256: str) -> list[Loaded]:
    """The files with this content whose features are in the city."""
    rows = connection.execute(
        "select path, location, key from source_files"
        " where sha256 = %s and outcome in ('loaded', 'partly') and replaced_by is null order by id",
        (sha256,),
    ).fetchall()
    return [Loaded(*row) for row in rows]


@contextmanager
def importing(connection: Connection) -> Iterator[None]:
    """Holds the city's one place for an import: two at once would load the same file twice. Raises: Conflict."""
    row = connection.execute("select pg_try_advisory_lock(%s)", (_IMPORT_LOCK,)).fetchone()
    if not row or not row[0]:
        raise Conflict("another import into this city is running: wait until it is done")
    try:
        yield
    finally:
        if not connection.closed:
            connection.execute("select pg_advisory_unlock(%s)", (_IMPORT_LOCK,))


def load_file(connection: Connection, run_id: int, load: Load) -> Change | None:
    """Write a file's features, original records and refused records in one transaction.

    What earlier imports of the same location brought is replaced, and the change is returned, unless this one brings
    no features: a damaged delivery does not take the sound one out of the city.
    Raises: Invalid where a row breaks a rule of its table; then nothing of the file is written.
    """
    try:
        with connection.transaction():
            old = _earlier(connection, load.record.location, with_features=bool(load.batches))
            file_id = _insert_file(connection, run_id, load.record)
            for batch in sorted(load.batches, key=lambda b: b.table):
                _copy_batch(connection, batch, file_id)
            _copy(
                connection,
                sql.SQL("copy source_rows (source_file_id, layer, row, attributes) from stdin"),
                ((file_id, layer, row, Jsonb(attributes)) for layer, row, attributes in load.originals),
            )
            _copy_refused(connection, load.refused, file_id)
            return replace_files(connection, run_id, old, file_id) if old else None
    except (psycopg.errors.IntegrityError, psycopg.errors.DataError) as error:
        rule = error.diag.constraint_name or error.diag.message_primary
        raise Invalid(f"{load.record.path}: a record breaks the rule '{rule}' of its table") from error


def forget_file(connection: Connection, run_id: int, location: str) -> None:
    """Take what earlier imports of a location brought out of the city: its content is that of another file now."""
    with connection.transaction():
        old = _earlier(connection, location, with_features=True)
        if old:
            replace_files(connection, run_id, old, -1)


def _earlier(connection: Connection, location: str, *, with_features: bool) -> list[int]:
    """Numbers of the present versions of a file; without features only of those that were refused whole."""
    outcomes = ["quarantined", "duplicate"] + (["loaded", "partly"] if with_features else [])
    rows = connection.execute(
        "select id from source_files where location = %s and outcome = any(%s) and replaced_by is null",
        (location, outcomes),
    ).fetchall()
    return [row[0] for row in rows]


def _insert_file(connection: Connection, run_id: int, record: FileRecord) -> int:
    row = connection.execute(
        "insert into source_files (run_id, path, location, sha256, key, bytes, format, owner, outcome, decisions)"
        " values (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s) returning id",
        (
            run_id,
            record.path,
            record.location,
            record.sha256,
            record.key,
            record.bytes,
            record.format,
            record.owner,
            record.outcome,
            Jsonb(record.decisions),
        ),
    ).fetchone()
    return int(row[0]) if row else 0


def _copy_batch(connection: Connection, batch: Batch, file_id: int) -> None:
    names = [*batch.columns, "source_file_id"]
    columns = sql.SQL(", ").join(map(sql.Identifier, names))
    table = sql.Identifier(batch.table)
    connection.execute(
        sql.SQL("create temporary table staging on commit drop as select {} from {} limit 0").format(columns, table)
    )
    values = [_wire(name, column) for name, column in batch.columns.items()]
    _copy(
        connection,
        sql.SQL("copy staging ({}) from stdin").format(columns),
        zip(*values, [file_id] * len(batch), strict=True),
    )
    connection.execute(sql.SQL("insert into {} ({}) select {} from staging").format(table, columns, columns))
    connection.execute("drop table staging")


def _wire(name: str, column: Sequence[Any]) -> Sequence[Any]:
    """A column as COPY takes it: geometries as hexadecimal EWKB."""
    if name not in _GEOMETRIES:
        return column
    texts = list(shapely.to_wkb(column, hex=True, include_srid=True, byte_order=1))
    return [_as_polyhedral_surface(text) for text in texts] if name == "solid" else texts


def _as_polyhedral_surface(ewkb: str | None) -> str | None:
    """A MultiPolygon's EWKB under the type that PostGIS has for the shell of a solid; the faces are written alike."""
    return None if ewkb is None else f"{ewkb[:2]}0F{ewkb[4:]}"


def _copy_refused(connection: Connection, refused: Sequence[Refused], file_id: int) -> None:
    _copy(
        connection,
        sql.SQL(
            "copy quarantined_rows (source_file_id, layer, row, fault, message, remedy, source_crs, geom, attributes)"
            " from stdin"
        ),
        (
            (
                file_id,
                r.layer,
                r.row,
                r.fault,
                r.message,
                r.remedy,
                r.crs,
                None if r.geometry is None else shapely.to_wkb(r.geometry, hex=True),
                Jsonb(r.attributes),
            )
            for r in refused
        ),
    )


def _copy(connection: Connection, statement: sql.Composed | sql.SQL, rows: Iterable[Sequence[Any]]) -> None:
    with connection.cursor().copy(statement) as copy:
        for row in rows:
            copy.write_row(row)
