"""The way back: a run, or one file of it, out of the city, and what it replaced into it again."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from psycopg import sql

from layers.catalog import LAYERS, Layer
from layers.custom_tables import undo_layers
from layers.errors import Conflict, NotFound, Sentence
from layers.heirs import find_heirs, inherit
from layers.history import columns_of, delete_features
from layers.schemas import SCHEMA

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from layers.database import Connection

STEPS = 2 * len(LAYERS) + 2


@dataclass(frozen=True, slots=True)
class Run:
    """A run as it stands today: `files` that it brought, `features` of theirs that are in the city."""

    id: int
    started_at: datetime
    undone_at: datetime | None
    root: str
    files: int
    features: int


def list_runs(connection: Connection, newest: int) -> list[Run]:
    """The newest runs, the last one first."""
    counts = sql.SQL(" union all ").join(
        sql.SQL("select source_file_id from {}").format(sql.Identifier(layer.name)) for layer in LAYERS
    )
    rows = connection.execute(
        sql.SQL(
            "with runs as (select * from import_runs order by id desc limit %s),"
            " files as (select f.id, f.run_id from source_files f join runs r on r.id = f.run_id),"
            " standing as (select f.run_id, count(*) as features from ({}) s"
            " join files f on f.id = s.source_file_id group by 1)"
            " select r.id, r.started_at, r.undone_at, r.root, (select count(*) from files f where f.run_id = r.id),"
            " coalesce(s.features, 0) from runs r left join standing s on s.run_id = r.id order by r.id desc"
        ).format(counts),
        (newest,),
    ).fetchall()
    return [Run(*row) for row in rows]


def undo_run(connection: Connection, run_id: int, *, on_step: Callable[[], None] = lambda: None) -> int:
    """Bring the city back to where it was before a run; the number of features that came back.

    What other files, which stay, are copies of stays under their names. `on_step` is called `STEPS` times.
    Raises: NotFound for an unknown run, Conflict where a later run builds on what this one did.
    """
    with connection.transaction():
        _open(connection, run_id)
        files = _numbers(connection, "select id from source_files where run_id = %s", run_id)
        _require_last(connection, run_id, files)
        old = _numbers(connection, "select id from source_files where replaced_by = %s", run_id)
        back = undo_layers(connection, run_id)
        back += _take_back(connection, _Way(run_id, files, old, is_whole=True), on_step)
        _close(connection, run_id)
    return back


def undo_file(connection: Connection, run_id: int, path: str, *, on_step: Callable[[], None] = lambda: None) -> int:
    """Bring one file of a run back to where it was before: out of the city where it was new; as `undo_run`.

    path: as the run's report has it. Raises: NotFound, Conflict.
    """
    with connection.transaction():
        _open(connection, run_id)
        rows = connection.execute(
            "select id, custom_layer from source_files where run_id = %s and path = %s", (run_id, path)
        ).fetchall()
        if not rows:
            raise NotFound(
                Sentence(
                    f"run {run_id} brought no file '{path}': write it as the run's report does",
                    f"lượt {run_id} không nạp tệp '{path}': hãy ghi đúng như trong báo cáo của lượt",
                )
            )
        if layer := rows[0][1]:
            raise Conflict(
                Sentence(
                    f"'{path}' is the layer '{layer}': 'twin undo {run_id}' brings its former version back",
                    f"'{path}' là lớp '{layer}': 'twin undo {run_id}' đưa bản trước trở lại",
                )
            )
        files = [row[0] for row in rows]
        _require_last(connection, run_id, files)
        # A file replaces what lay in its place, and where it was moved what had its content.
        old = _numbers(
            connection,
            "select o.id from source_files o where o.replaced_by = %s and exists (select from source_files f"
            " where f.id = any(%s) and (f.location = o.location or f.sha256 = o.sha256))",
            run_id,
            files,
        )
        back = _take_back(connection, _Way(run_id, files, old), on_step)
        rest = (
            "select 1 from source_files where run_id = %s union all select 1 from replaced_features where run_id = %s"
        )
        if not _numbers(connection, rest, run_id, run_id):
            _close(connection, run_id)
    return back


def _open(connection: Connection, run_id: int) -> None:
    run = connection.execute("select undone_at from import_runs where id = %s for update", (run_id,)).fetchone()
    if run is None:
        raise NotFound(
            Sentence(
                f"there is no import run {run_id}: see 'twin runs'", f"không có lượt nạp {run_id}: xem 'twin runs'"
            )
        )
    if run[0] is not None:
        raise Conflict(
            Sentence(
                f"run {run_id} was undone already, at {run[0]:%Y-%m-%d %H:%M}",
                f"lượt {run_id} đã được hoàn tác lúc {run[0]:%Y-%m-%d %H:%M}",
            )
        )


def _close(connection: Connection, run_id: int) -> None:
    connection.execute("delete from replaced_features where run_id = %s", (run_id,))
    connection.execute("update import_runs set undone_at = now() where id = %s", (run_id,))


def _require_last(connection: Connection, run_id: int, files: list[int]) -> None:
    """Raises: Conflict where a later run must be undone first."""
    later = _numbers(connection, "select max(replaced_by) from source_files where id = any(%s)", files)
    if later and later[0] is not None:
        raise Conflict(
            Sentence(
                f"run {later[0]} replaced files of run {run_id}: undo run {later[0]} first",
                f"lượt {later[0]} đã thay tệp của lượt {run_id}: hãy hoàn tác lượt {later[0]} trước",
            )
        )
    if (field := _find_entangled(connection, run_id, files)) is not None:
        raise Conflict(
            Sentence(
                f"run {field} builds on what run {run_id} would take back: undo run {field} first",
                f"lượt {field} dựa trên dữ liệu mà lượt {run_id} sẽ lấy lại: hãy hoàn tác lượt {field} trước",
            )
        )


def _find_entangled(connection: Connection, run_id: int, files: list[int]) -> int | None:
    """The latest run that must be undone first: field reports replace single features, not whole files.

    A field report replaced what the files brought; or the run is one, and the file that it took from was replaced.
    """
    row = connection.execute(
        "with taken as (select r.run_id, case r.layer when 'utility_lines' then (r.feature::twin.utility_lines)"
        ".source_file_id when 'utility_nodes' then (r.feature::twin.utility_nodes).source_file_id end as file"
        " from replaced_features r join import_runs i on i.id = r.run_id"
        " where i.options ?| array['report', 'redelivery'])"
        " select max(case when t.run_id = %(run)s then s.replaced_by else t.run_id end) from taken t"
        " join source_files s on s.id = t.file where (t.run_id = %(run)s and s.replaced_by is not null)"
        " or (t.run_id <> %(run)s and s.id = any(%(files)s))",
        {"run": run_id, "files": files},
    ).fetchone()
    return None if row is None else row[0]


@dataclass(frozen=True, slots=True)
class _Way:
    """Files of a run that leave the city, and the versions before that come back, of a whole run all that it took."""

    run_id: int
    files: list[int]
    old: list[int]
    is_whole: bool = False


def _take_back(connection: Connection, way: _Way, on_step: Callable[[], None]) -> int:
    """How many features came back."""
    _require_single(connection, way.files, way.old)
    connection.execute("update source_files set replaced_by = null where id = any(%s)", (way.old,))
    for file, copy in find_heirs(connection, way.files).items():
        inherit(connection, file, copy)
    on_step()
    for layer in sorted(LAYERS, key=lambda x: x.name):
        delete_features(connection, layer, way.files)
        on_step()
    connection.execute("delete from source_files where id = any(%s)", (way.files,))
    on_step()
    back = 0
    for layer in LAYERS:
        back += _restore(connection, layer, way)
        on_step()
    return back


def _require_single(connection: Connection, files: list[int], old: list[int]) -> None:
    """Raises: Conflict where what would come back was loaded from another file meanwhile: it would stand twice."""
    row = connection.execute(
        "select k.run_id, k.path from source_files o join source_files k on k.sha256 = o.sha256"
        " where o.id = any(%(old)s) and k.id <> all(%(old)s) and k.id <> all(%(files)s) and k.replaced_by is null"
        " and o.outcome in ('loaded', 'partly') and k.outcome in ('loaded', 'partly')"
        " and o.custom_layer is null and k.custom_layer is null order by k.run_id desc limit 1",
        {"old": old, "files": files},
    ).fetchone()
    if row is not None:
        raise Conflict(
            Sentence(
                f"run {row[0]} has loaded the same from {row[1]}, it would stand twice: undo run {row[0]} first",
                f"lượt {row[0]} đã nạp cùng nội dung từ {row[1]}, dữ liệu sẽ bị lặp: hãy hoàn tác lượt {row[0]} trước",
            )
        )


def _restore(connection: Connection, layer: Layer, way: _Way) -> int:
    kept = "select 1 from replaced_features where run_id = %s and layer = %s limit 1"
    if not _numbers(connection, kept, way.run_id, layer.name):
        return 0
    table, names = sql.Identifier(layer.name), columns_of(connection, layer)
    of_these = sql.SQL("and (feature::{}.{}).source_file_id = any(%(old)s)").format(sql.Identifier(SCHEMA), table)
    statement = sql.SQL(
        "with back as (delete from replaced_features where run_id = %(run)s and layer = %(layer)s {these}"
        " returning feature::{schema}.{table} as f)"
        " insert into {table} ({columns}) overriding system value select {fields} from back r"
    ).format(
        these=sql.SQL("") if way.is_whole else of_these,
        table=table,
        schema=sql.Identifier(SCHEMA),
        columns=sql.SQL(", ").join(map(sql.Identifier, names)),
        fields=sql.SQL(", ").join(sql.SQL("(r.f).{}").format(sql.Identifier(name)) for name in names),
    )
    return connection.execute(statement, {"run": way.run_id, "layer": layer.name, "old": way.old}).rowcount


def _numbers(connection: Connection, statement: str, *values: object) -> list[int]:
    return [row[0] for row in connection.execute(statement, values).fetchall()]
