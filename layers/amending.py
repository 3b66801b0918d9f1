"""Utilities changed by what was found in the field: a run of its own, with what it replaced, that can be undone."""

from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING, Any

import psycopg
import shapely
from psycopg import sql
from psycopg.rows import dict_row
from psycopg.types.json import Jsonb

from layers.database import storage_srid
from layers.errors import Conflict, NotFound, Sentence
from layers.history import columns_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from layers.catalog import Layer
    from layers.database import Connection

# Columns that are geometries, with how many dimensions each has.
_SHAPES = {"geom": 2, "axis": 3}


def open_amendment(
    connection: Connection, excavation_id: int, number: int, detail: Mapping[str, Any]
) -> tuple[int, int]:
    """A run and the source that its features name: (run, source file)."""
    path = f"excavations/{excavation_id}/reports/{number}"
    content = json.dumps([path, detail], sort_keys=True, ensure_ascii=False).encode()
    row = connection.execute(
        "insert into import_runs (root, options, finished_at) values (%s, %s, now()) returning id",
        (path, Jsonb({"excavation": excavation_id, "report": number})),
    ).fetchone()
    run_id = int(row[0]) if row else 0
    digest = hashlib.sha256(content).hexdigest()
    row = connection.execute(
        "insert into source_files (run_id, path, location, sha256, key, bytes, format, outcome, decisions)"
        " values (%s, %s, %s, %s, %s, %s, 'field report', 'loaded', '[]') returning id",
        (run_id, path, path, digest, digest, len(content)),
    ).fetchone()
    return run_id, int(row[0]) if row else 0


def find_source(connection: Connection, run_id: int) -> int:
    """The source file of an amendment."""
    row = connection.execute("select min(id) from source_files where run_id = %s", (run_id,)).fetchone()
    if row is None or row[0] is None:
        raise Conflict(
            Sentence(
                f"run {run_id} was undone: report anew what was found",
                f"lượt {run_id} đã bị hoàn tác: hãy báo cáo lại",
            )
        )
    return int(row[0])


def read_record(connection: Connection, layer: Layer, feature_id: int) -> dict[str, Any]:
    """A row of a utility layer that nobody else changes until the transaction ends; `shape` with z where known.

    Raises: NotFound.
    """
    shape = sql.SQL("coalesce(axis, geom)" if layer.name == "utility_lines" else "geom")
    statement = sql.SQL("select t.*, st_asbinary({shape}) as shape from {table} t where id = %s for update").format(
        shape=shape, table=sql.Identifier(layer.name)
    )
    with connection.cursor(row_factory=dict_row) as cursor:
        row = cursor.execute(statement, (feature_id,)).fetchone()
    if row is None:
        raise NotFound(
            Sentence(
                f"layer '{layer.name}' has no feature {feature_id}: it may have been replaced since, look it up again",
                f"lớp '{layer.name}' không có đối tượng {feature_id}: có thể đã được thay thế, hãy tra lại",
            )
        )
    return row | {"shape": shapely.from_wkb(row["shape"])}


def replace_record(
    connection: Connection, layer: Layer, feature_id: int, amendment: tuple[int, int], pieces: list[dict[str, Any]]
) -> list[int]:
    """Pieces in the place of a feature: each is the feature with other values; their numbers, in order.

    What was there before is kept with the run, unless it came by the same run. Raises: Conflict for a feature that
    others are parts of.
    """
    run_id, source = amendment
    table = sql.Identifier(layer.name)
    numbers = [_copy(connection, layer, feature_id, {**piece, "source_file_id": source}) for piece in pieces]
    connection.execute(
        sql.SQL(
            "insert into replaced_features (run_id, layer, feature) select %s, %s, t::text from {} t"
            " where id = %s and source_file_id is distinct from %s"
        ).format(table),
        (run_id, layer.name, feature_id, source),
    )
    try:
        connection.execute(sql.SQL("delete from {} where id = %s").format(table), (feature_id,))
    except psycopg.errors.ForeignKeyViolation as error:
        raise Conflict(
            Sentence(
                f"line {feature_id} is a bank that ducts are parts of: report the ducts, or ask its owner for a file",
                f"tuyến {feature_id} là cụm ống chứa các ống con: hãy báo cáo từng ống, hoặc xin tệp của chủ sở hữu",
            )
        ) from error
    return numbers


def insert_feature(connection: Connection, layer: Layer, values: Mapping[str, Any]) -> int:
    """The number of a new feature."""
    srid = storage_srid(connection)
    statement = sql.SQL("insert into {} ({}) values ({}) returning id").format(
        sql.Identifier(layer.name),
        sql.SQL(", ").join(map(sql.Identifier, values)),
        sql.SQL(", ").join(_mark(name, srid) for name in values),
    )
    row = connection.execute(statement, [_bound(name, value) for name, value in values.items()]).fetchone()
    return int(row[0]) if row else 0


def update_feature(connection: Connection, layer: Layer, feature_id: int, values: Mapping[str, Any]) -> bool:
    """Other values for a feature of an amendment; False where it is not there any more."""
    srid = storage_srid(connection)
    changes = sql.SQL(", ").join(sql.SQL("{} = {}").format(sql.Identifier(name), _mark(name, srid)) for name in values)
    statement = sql.SQL("update {} set {} where id = %s").format(sql.Identifier(layer.name), changes)
    bound = [_bound(name, value) for name, value in values.items()]
    return connection.execute(statement, [*bound, feature_id]).rowcount == 1


def _copy(connection: Connection, layer: Layer, feature_id: int, values: Mapping[str, Any]) -> int:
    """The number of a feature that is another one with other values."""
    srid = storage_srid(connection)
    names = [name for name in columns_of(connection, layer) if name != "id"]
    fields = [_mark(name, srid) if name in values else sql.Identifier(name) for name in names]
    statement = sql.SQL("insert into {table} ({names}) select {fields} from {table} where id = %s returning id").format(
        table=sql.Identifier(layer.name),
        names=sql.SQL(", ").join(map(sql.Identifier, names)),
        fields=sql.SQL(", ").join(fields),
    )
    bound = [_bound(name, values[name]) for name in names if name in values]
    row = connection.execute(statement, [*bound, feature_id]).fetchone()
    return int(row[0]) if row else 0


def _mark(name: str, srid: int) -> sql.Composable:
    return sql.SQL("st_setsrid(%s::geometry, {})").format(sql.Literal(srid)) if name in _SHAPES else sql.SQL("%s")


def _bound(name: str, value: Any) -> Any:
    if name not in _SHAPES or value is None:
        return value
    return shapely.to_wkb(value, output_dimension=_SHAPES[name])
