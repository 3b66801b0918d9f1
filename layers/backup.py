"""A city kept outside its database: one folder with all that cannot be made again, and the way back from it.

The folder holds `city.dump` (PostgreSQL's custom format: the twin's schemas as of one moment), the rasters of the
terrain of that moment, and `manifest.json`, which names every file with its SHA-256.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import shutil
import subprocess
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING
from uuid import uuid4

from psycopg import conninfo, sql

from layers.database import connect, list_revisions, migrate, storage_srid
from layers.errors import Conflict, Invalid, NotFound, Unavailable
from layers.schemas import SCHEMAS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from layers.database import Connection

    type Advance = Callable[[int, int, str], None]

DUMP, MANIFEST = "city.dump", "manifest.json"
_FORMAT = 1
# What migrations write and every city has.
_ALWAYS_THERE = {("twin", "alembic_version"), ("twin", "layer_states"), ("twin", "excavation_transitions")}
# How pg_dump and pg_restore say, line by line, what they are at.
_AT_TABLE = re.compile(r'(?:dumping contents of table|processing data for table) "?([\w.]+)"?')


@dataclass(frozen=True, slots=True)
class Manifest:
    """What a backup holds: `files` maps paths within it to their SHA-256, `revision` is that of the schema."""

    format: int
    made_at: str
    srid: int
    revision: str
    postgresql: int
    files: dict[str, str]


def write_backup(url: str, data: Path, folder: Path, *, on_progress: Advance = lambda *_: None) -> Manifest:
    """A new folder with the whole city as it is at one moment; it appears whole or not at all.

    Readers and edits go on meanwhile, a large import waits. The folder holds restricted layers, personal data and
    hashed keys: only its owner may enter it.
    Raises: Conflict where the folder exists, Unavailable where pg_dump or the disk fails.
    """
    if folder.exists():
        raise Conflict(f"{folder} exists: a backup is a new folder, name another")
    partial = folder.with_name(f".{folder.name}.{uuid4().hex[:8]}.partial")
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        partial.mkdir(mode=0o700)
        manifest = _write(url, data, partial, on_progress)
        (partial / MANIFEST).write_text(json.dumps(asdict(manifest), indent=2) + "\n", "utf-8")
        for path in partial.rglob("*"):
            _sync(path)
        partial.rename(folder)
        _sync(folder.parent)
    except OSError as error:
        raise Unavailable(f"{folder} cannot be written: {error}: free space there, or name another place") from error
    finally:
        shutil.rmtree(partial, ignore_errors=True)
    return manifest


def _write(url: str, data: Path, folder: Path, on_progress: Advance) -> Manifest:
    with connect(url) as connection, connection.transaction():
        connection.execute("set transaction isolation level repeatable read, read only")
        (snapshot,) = connection.execute("select pg_export_snapshot()").fetchone() or ("",)
        rasters = [path for (path,) in connection.execute("select path from terrain order by path")]
        tables = len(_list_tables(connection))
        schemas = [f"--schema={name}" for name in SCHEMAS]
        options = ["--format=custom", "--verbose", "--no-owner", f"--snapshot={snapshot}", *schemas]
        major = connection.info.server_version // 10000
        _run(url, [_find_program("pg_dump", major), *options, f"--file={folder / DUMP}"], tables, on_progress)
        srid, revision = storage_srid(connection), _read_revision(connection)
    for number, path in enumerate(rasters):
        on_progress(number, len(rasters), path)
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(data / path, folder / path)
    files = {path: _hash(folder / path) for path in (DUMP, *rasters)}
    return Manifest(_FORMAT, datetime.now(UTC).isoformat(timespec="seconds"), srid, revision, major, files)


def read_manifest(folder: Path) -> Manifest:
    """What a backup says that it holds. Raises: NotFound, Invalid."""
    try:
        manifest = Manifest(**json.loads((folder / MANIFEST).read_text("utf-8")))
    except FileNotFoundError as error:
        raise NotFound(f"{folder} is no backup: it has no {MANIFEST}") from error
    except (ValueError, TypeError) as error:
        raise Invalid(f"{folder / MANIFEST} is no manifest of a backup: {error}: take another backup") from error
    if manifest.format != _FORMAT:
        raise Invalid(
            f"{folder} is a backup of format {manifest.format}, this version reads {_FORMAT}: use its version"
        )
    return manifest


def restore_backup(url: str, data: Path, folder: Path, *, on_progress: Advance = lambda *_: None) -> Manifest:
    """The city of a backup, in a database and a data folder that hold none; its schema becomes that of this version.

    Raises: NotFound, Invalid for what is no whole backup; Conflict where a city is there already, or the backup comes
    from a newer version; Unavailable where pg_restore or the disk fails. Then the database holds no city still.
    """
    manifest = read_manifest(folder)
    if manifest.revision not in list_revisions():
        raise Conflict(f"{folder} was written by a newer version (schema {manifest.revision}): install that one first")
    for number, (path, sha256) in enumerate(manifest.files.items()):
        on_progress(number, len(manifest.files), path)
        _require_whole(folder, path, sha256)
    # Makes the roles and the reference systems, which belong to no schema.
    migrate(url, f"EPSG:{manifest.srid}")
    with connect(url) as connection:
        if filled := _find_rows(connection):
            raise Conflict(f"the database holds a city already ({filled} has rows): restore into an empty one")
        try:
            _copy_rasters(manifest, folder, data)
        except OSError as error:
            raise Unavailable(f"{data} cannot be written: {error}: free space there, then restore again") from error
        connection.execute(sql.SQL("drop schema {} cascade").format(sql.SQL(", ").join(map(sql.Identifier, SCHEMAS))))
        _fill(url, folder / DUMP, max(connection.info.server_version // 10000, manifest.postgresql), on_progress)
        connection.execute("analyze")
    migrate(url, f"EPSG:{manifest.srid}")
    return manifest


def _require_whole(folder: Path, path: str, sha256: str) -> None:
    inside = (folder / path).resolve()
    if not inside.is_relative_to(folder.resolve()) or not inside.is_file():
        raise Invalid(f"{folder} is no whole backup: {path} is missing; take another backup")
    if _hash(inside) != sha256:
        raise Invalid(f"{folder} is damaged: {path} is not what was written; take another backup")


def _fill(url: str, dump: Path, major: int, on_progress: Advance) -> None:
    program = _find_program("pg_restore", major)
    listed = subprocess.run([program, "--list", str(dump)], capture_output=True, text=True, check=False).stdout
    options = ["--verbose", "--no-owner", "--exit-on-error", "--single-transaction"]
    _run(url, [program, *options, str(dump)], listed.count(" TABLE DATA "), on_progress)


def _copy_rasters(manifest: Manifest, folder: Path, data: Path) -> None:
    for path in manifest.files:
        if path != DUMP:
            target = data / path
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(folder / path, target)


def _list_tables(connection: Connection) -> list[tuple[str, str]]:
    return connection.execute(
        "select schemaname::text, tablename::text from pg_tables where schemaname = any(%s) order by 1, 2",
        (list(SCHEMAS),),
    ).fetchall()


def _find_rows(connection: Connection) -> str | None:
    """Name of a table that holds what no migration wrote."""
    for schema, table in _list_tables(connection):
        if (schema, table) not in _ALWAYS_THERE:
            query = sql.SQL("select exists (select from {})").format(sql.Identifier(schema, table))
            if connection.execute(query).fetchone() == (True,):
                return f"{schema}.{table}"
    return None


def _read_revision(connection: Connection) -> str:
    (revision,) = connection.execute("select version_num from alembic_version").fetchone() or ("",)
    return str(revision)


def _find_program(name: str, major: int) -> str:
    """Debian's client of the oldest major version that understands such a server. Raises: Unavailable."""
    folders = {int(folder.name): folder for folder in Path("/usr/lib/postgresql").glob("*") if folder.name.isdigit()}
    for version, folder in sorted(folders.items()):
        if version >= major and (folder / "bin" / name).exists():
            return str(folder / "bin" / name)
    if found := shutil.which(name):
        return found
    raise Unavailable(f"{name} is not installed: install the Debian package postgresql-client-{major}")


def _run(url: str, command: Sequence[str], tables: int, on_progress: Advance) -> None:
    """Run a PostgreSQL client on the database, whose password stays out of the list of processes."""
    given = {name: str(value) for name, value in conninfo.conninfo_to_dict(url).items() if value is not None}
    environment = os.environ | {"LC_ALL": "C.UTF-8"}
    if password := given.pop("password", None):
        environment["PGPASSWORD"] = password
    program, *options = command
    arguments = [program, f"--dbname={conninfo.make_conninfo('', **given)}", *options]
    with subprocess.Popen(arguments, env=environment, stderr=subprocess.PIPE, text=True, errors="replace") as process:
        tail = list(_follow(process.stderr or (), tables, on_progress))[-5:]
    if process.returncode:
        raise Unavailable(f"{Path(command[0]).name} failed: {' '.join(tail)}: mend that, then begin again")


def _follow(lines: Iterable[str], tables: int, on_progress: Advance) -> Iterator[str]:
    """What is said that is not progress."""
    done = 0
    for line in lines:
        if found := _AT_TABLE.search(line):
            on_progress(done, tables, found[1])
            done += 1
        elif "error" in line or "detail" in line.lower() or "hint" in line.lower():
            yield line.strip()


def _hash(path: Path) -> str:
    with path.open("rb") as content:
        return hashlib.file_digest(content, "sha256").hexdigest()


def _sync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
