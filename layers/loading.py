"""Files into PostGIS: what they hold and what was refused, one transaction a file.

A file comes in parts as it is read, and goes by COPY into its layers; nobody sees any of it before all is there.
"""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import psycopg
import shapely
from psycopg import sql
from psycopg.types.json import Jsonb

from layers.bulk import Rebuild
from layers.catalog import find_layer
from layers.copy_format import encode_number, encode_numbers, encode_row
from layers.errors import Conflict, Invalid, Sentence
from layers.history import replace_files
from layers.provenance import Outcome
from layers.rows import Records, Rows

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Sequence

    from layers.change import Change
    from layers.database import Connection

_IMPORT_LOCK = 0x7477696E  # "twin"
# The server ends a statement, and lets go of the lock, when the importing process was killed meanwhile.
_WATCHFUL = "select set_config(name, '1000', false) from pg_settings where name = 'client_connection_check_interval'"
# Long values, such as the records as delivered, are kept in less than half the time by LZ4, where the server has it.
_COMPACT = (
    "select set_config(name, 'lz4', false) from pg_settings"
    " where name = 'default_toast_compression' and 'lz4' = any (enumvals)"
)
_MESSAGE_BYTES = 1 << 18  # the server begins with a message when it has all of it
_BROKEN_RULE = (psycopg.errors.IntegrityError, psycopg.errors.DataError)


@dataclass(frozen=True, slots=True)
class FileRecord:
    """A file as the provenance keeps it: `location` is its absolute path, `path` relative to what was imported.

    key: hash of the content and of all that the reading of it depended on.
    moved: files in the city with the same content, which does not lie any more where they were.
    """

    path: str
    location: str
    sha256: str
    key: str
    bytes: int
    moved: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class Verdict:
    """What became of a file, and what was decided about it."""

    format: str | None
    owner: str | None
    outcome: Outcome
    decisions: list[dict[str, Any]]


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


@dataclass(frozen=True, slots=True)
class Quarantined:
    """Records that were refused."""

    records: tuple[Refused, ...]


type Part = Rows | Records | Quarantined


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

    id: int
    path: str
    location: str
    key: str


def find_loaded(connection: Connection, sha256: str) -> list[Loaded]:
    """The files with this content whose features are in the city."""
    rows = connection.execute(
        "select id, path, location, key from source_files"
        " where sha256 = %s and outcome in ('loaded', 'partly') and replaced_by is null and custom_layer is null"
        " order by id",
        (sha256,),
    ).fetchall()
    return [Loaded(*row) for row in rows]


@contextmanager
def importing(connection: Connection) -> Iterator[None]:
    """Holds the city's one place for an import: two at once would load the same file twice. Raises: Conflict."""
    row = connection.execute("select pg_try_advisory_lock(%s)", (_IMPORT_LOCK,)).fetchone()
    if not row or not row[0]:
        raise Conflict(
            Sentence(
                "another import into this city is running: wait until it is done",
                "một lượt nạp khác vào thành phố này đang chạy: hãy đợi đến khi xong",
            )
        )
    connection.execute(_WATCHFUL)
    connection.execute(_COMPACT)
    try:
        yield
    finally:
        if not connection.closed:
            connection.execute("select pg_advisory_unlock(%s)", (_IMPORT_LOCK,))


@dataclass(slots=True)
class Loading:
    """A file on its way into the city, within the transaction of `loading`.

    delivered: locations of the files that are delivered with it.
    change: what a new version of a file changed, once it is finished.
    """

    connection: Connection
    run_id: int
    file_id: int
    record: FileRecord
    delivered: Collection[str] = ()
    change: Change | None = None
    _copied: dict[str, int] = field(default_factory=dict)
    _rebuilds: dict[str, tuple[Rebuild, int]] = field(default_factory=dict)

    def announce(self, table: str, rows: int, *, alone: bool = False) -> None:
        """Many rows of a table will come: where they are more than it holds, its indexes are built after them.

        alone: they are so encoded that they need the table for themselves, whatever it holds by now.
        """
        if table in self._rebuilds:
            return
        if rebuild := Rebuild.begin(self.connection, table, rows, alone=alone):
            self._rebuilds[table] = rebuild, self._copied.get(table, 0)

    def add(self, part: Part) -> None:
        """Write a part of the file."""
        match part:
            case Rows():
                self._copy_rows(part)
            case Records() | Quarantined():
                keep_delivered(self.connection, part, self.file_id)

    def finish(self, verdict: Verdict) -> None:
        """Bring the indexes up to date, say what became of the file, and replace its earlier versions.

        A file that brings no features replaces none: a damaged delivery does not take the sound one out of the city.
        One that was moved replaces what it brought from where it lay.
        """
        for table, (rebuild, earlier) in self._rebuilds.items():
            rebuild.finish(self.connection, self._copied.get(table, 0) - earlier)
        conclude(self.connection, self.file_id, verdict)
        has_features = any(self._copied.values())
        old = _earlier(self.connection, self.record.location, self.file_id, with_features=has_features)
        if has_features:
            old += _still_present(self.connection, self.record.moved)
        if old:
            self.change = replace_files(self.connection, self.run_id, old, self.file_id, delivered=self.delivered)

    def _copy_rows(self, rows: Rows) -> None:
        """A worker wrote the rows: neither the file that they come from nor their ids are for it to say."""
        if forged := {"id", "source_file_id"} & {*rows.names, *rows.common}:
            raise Invalid(f"{self.record.path}: its reader may not write {', '.join(sorted(forged))}")
        is_fresh = False
        if rows.table in self._rebuilds:
            rebuild, _ = self._rebuilds[rows.table]
            rebuild.settle(self.connection, rows.common)
            is_fresh = rebuild.is_fresh
        elif rows.common:
            raise Invalid(f"{self.record.path}: its reader did not say that it needs {rows.table} for itself")
        copied = copy_rows(self.connection, sql.Identifier(find_layer(rows.table).name), rows, is_fresh=is_fresh)
        self._copied[rows.table] = self._copied.get(rows.table, 0) + copied


def copy_rows(connection: Connection, table: sql.Identifier, rows: Rows, *, is_fresh: bool = False) -> int:
    """How many rows the database took; those of a table that is fresh to this transaction are frozen as they come."""
    return _copy(connection, table, rows.names, rows.content, is_fresh=is_fresh)


def _copy(
    connection: Connection,
    table: sql.Identifier,
    names: Iterable[str],
    content: Iterable[bytes],
    *,
    is_fresh: bool = False,
) -> int:
    columns = sql.SQL(", ").join(map(sql.Identifier, names))
    statement = sql.SQL("copy {} ({}) from stdin (format binary, freeze {})").format(
        table, columns, sql.Literal(is_fresh)
    )
    cursor = connection.cursor()
    with cursor.copy(statement) as copy:
        for piece in content:
            view = memoryview(piece)
            for start in range(0, len(view), _MESSAGE_BYTES):
                copy.write(view[start : start + _MESSAGE_BYTES])
    return cursor.rowcount


def keep_delivered(connection: Connection, part: Records | Quarantined, file_id: int) -> None:
    """Keep records as they were delivered: those that were loaded, and those that were refused."""
    if isinstance(part, Quarantined):
        _copy_refused(connection, part.records, file_id)
        return
    names = "source_file_id", "layer", "rows", "attributes"
    values = encode_number(file_id), part.layer.encode(), encode_numbers(part.rows), part.content
    _copy(connection, sql.Identifier("source_records"), names, encode_row(values))


def conclude(connection: Connection, file_id: int, verdict: Verdict) -> None:
    """Say what became of a file."""
    connection.execute(
        "update source_files set format = %s, owner = %s, outcome = %s, decisions = %s where id = %s",
        (verdict.format, verdict.owner, verdict.outcome, Jsonb(verdict.decisions), file_id),
    )


@contextmanager
def loading(
    connection: Connection, run_id: int, record: FileRecord, file_id: int, *, delivered: Collection[str] = ()
) -> Iterator[Loading]:
    """One transaction for one file: what is written within is there whole, or not at all.

    delivered: locations of all files that are delivered with it, which are not copies that anything is left to.
    Raises: Invalid where a row breaks a rule of its table; then nothing of the file is written.
    """
    with ruled(record), connection.transaction():
        begin_file(connection, run_id, record, file_id)
        yield Loading(connection, run_id, file_id, record, delivered)


def begin_file(
    connection: Connection, run_id: int, record: FileRecord, file_id: int, *, custom_layer: str | None = None
) -> None:
    """Note a file that is about to be loaded by this transaction."""
    connection.execute(
        "insert into source_files (id, run_id, path, location, sha256, key, bytes, outcome, decisions, custom_layer)"
        " values (%s, %s, %s, %s, %s, %s, %s, 'quarantined', '[]', %s)",
        (file_id, run_id, record.path, record.location, record.sha256, record.key, record.bytes, custom_layer),
    )
    connection.execute("select set_config('twin.source_file', %s, true)", (str(file_id),))


@contextmanager
def ruled(record: FileRecord) -> Iterator[None]:
    """What tables refuse, in our words. Raises: Invalid."""
    try:
        yield
    except _BROKEN_RULE as error:
        rule = error.diag.constraint_name or error.diag.message_primary
        raise Invalid(f"{record.path}: a record breaks the rule '{rule}' of its table") from error


def take_file_ids(connection: Connection, count: int) -> list[int]:
    """Numbers for files that are about to be read."""
    rows = connection.execute(
        "select nextval(pg_get_serial_sequence('source_files', 'id')) from generate_series(1, %s)", (count,)
    ).fetchall()
    return [int(row[0]) for row in rows]


def note_copy(
    connection: Connection, run_id: int, record: FileRecord, file_id: int, *, delivered: Collection[str] = ()
) -> None:
    """A file is the copy of one that is in the city: what earlier imports of its location brought leaves the city.

    Nothing is written where it was known as such a copy. `delivered` as in `loading`.
    """
    known = connection.execute(
        "select from source_files where location = %s and sha256 = %s and outcome = 'duplicate'"
        " and replaced_by is null and custom_layer is null",
        (record.location, record.sha256),
    ).fetchone()
    if known is not None:
        return
    with connection.transaction():
        begin_file(connection, run_id, record, file_id)
        conclude(connection, file_id, Verdict(None, None, Outcome.DUPLICATE, []))
        if old := _earlier(connection, record.location, file_id, with_features=True):
            replace_files(connection, run_id, old, file_id, delivered=delivered)


def _earlier(connection: Connection, location: str, file_id: int, *, with_features: bool) -> list[int]:
    """Numbers of the former versions of a file; without features only of those that were refused whole."""
    outcomes = ["quarantined", "duplicate"] + (["loaded", "partly"] if with_features else [])
    rows = connection.execute(
        "select id from source_files where location = %s and id <> %s and outcome = any(%s) and replaced_by is null"
        " and custom_layer is null",
        (location, file_id, outcomes),
    ).fetchall()
    return [row[0] for row in rows]


def _still_present(connection: Connection, files: Sequence[int]) -> list[int]:
    rows = connection.execute(
        "select id from source_files where id = any(%s) and replaced_by is null", (list(files),)
    ).fetchall()
    return [row[0] for row in rows]


def _copy_refused(connection: Connection, refused: Sequence[Refused], file_id: int) -> None:
    statement = (
        "copy quarantined_rows (source_file_id, layer, row, fault, message, remedy, source_crs, geom, attributes)"
        " from stdin"
    )
    with connection.cursor().copy(statement) as copy:
        for row in _quarantine_rows(refused, file_id):
            copy.write_row(row)


def _quarantine_rows(refused: Sequence[Refused], file_id: int) -> Iterable[Sequence[Any]]:
    for r in refused:
        geometry = None if r.geometry is None else shapely.to_wkb(r.geometry, hex=True)
        yield file_id, r.layer, r.row, r.fault, r.message, r.remedy, r.crs, geometry, Jsonb(r.attributes)
