"""Single features written: made, replaced, changed, deleted, each with a record of who did it and what was there."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import psycopg
import shapely
from psycopg import sql

from layers.database import storage_srid
from layers.errors import Conflict, Invalid, NotFound

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from layers.catalog import Layer
    from layers.database import Connection

OPERATIONS = ("create", "replace", "update", "delete")
EDITED = frozenset({"boundaries", "parcels", "buildings", "roads", "trees", "utility_lines", "utility_nodes"})


class OutOfDate(Conflict):
    """The feature has been changed since the client read it."""


@dataclass(frozen=True, slots=True)
class Edit:
    """Who does what to a layer."""

    layer: Layer
    editor: str
    operation: str


def create_feature(connection: Connection, edit: Edit, geometry: shapely.Geometry, values: Mapping[str, Any]) -> int:
    """Identifier of a new feature; `geometry` in storage CRS, with z where heights are known.

    Raises: Invalid for what contradicts the layer's rules.
    """
    columns = {**values, **_geometry_columns(edit.layer, geometry, values)}
    srid = storage_srid(connection)
    statement = sql.SQL("insert into {} ({}) values ({}) returning id").format(
        sql.Identifier(edit.layer.name),
        sql.SQL(", ").join(map(sql.Identifier, columns)),
        sql.SQL(", ").join(_placeholder(value, srid) for value in columns.values()),
    )
    with _ruled(edit.layer):
        row = connection.execute(statement, [_bound(value) for value in columns.values()]).fetchone()
    feature_id = int(row[0]) if row else 0
    _record(connection, edit, feature_id, None)
    return feature_id


def change_feature(
    connection: Connection, edit: Edit, feature_id: int, geometry: shapely.Geometry | None, values: Mapping[str, Any]
) -> None:
    """Give a feature other values, and another geometry where there is one; what is not named stays.

    A value of DEFAULT is what the feature would have had if nobody had given it. A solid that no longer stands on its
    footprint is dropped. Raises: Invalid for what contradicts the layer's rules.
    """
    before = _read_text(connection, edit.layer, feature_id)
    columns = dict(values)
    if geometry is not None:
        columns |= _geometry_columns(edit.layer, geometry, values)
    srid = storage_srid(connection)
    changes = [sql.SQL("{} = {}").format(sql.Identifier(n), _placeholder(v, srid)) for n, v in columns.items()]
    parameters = [_bound(value) for value in columns.values() if value is not DEFAULT]
    if geometry is not None and edit.layer.has_solids:
        placed = _placeholder(geometry, srid)
        changes.append(sql.SQL("solid = case when st_equals(geom, {}) then solid end").format(placed))
        parameters.append(_bound(columns["geom"]))
    if changes:
        statement = sql.SQL("update {} set {} where id = %s").format(
            sql.Identifier(edit.layer.name), sql.SQL(", ").join(changes)
        )
        with _ruled(edit.layer):
            connection.execute(statement, [*parameters, feature_id])
    _record(connection, edit, feature_id, before)


def delete_feature(connection: Connection, edit: Edit, feature_id: int) -> None:
    """Raises: Conflict where other features are part of it."""
    before = _read_text(connection, edit.layer, feature_id)
    try:
        connection.execute(
            sql.SQL("delete from {} where id = %s").format(sql.Identifier(edit.layer.name)), [feature_id]
        )
    except psycopg.errors.ForeignKeyViolation as error:
        raise Conflict(f"feature {feature_id} of '{edit.layer.name}' has parts: delete those first") from error
    _record(connection, edit, feature_id, before)


def lock_feature(connection: Connection, layer: Layer, feature_id: int, revision: str | None) -> dict[str, Any]:
    """Present values of a feature, which nobody else changes until the transaction ends.

    Raises: NotFound, OutOfDate where it is not as it was at `revision`.
    """
    names = sql.SQL(", ").join(sql.Identifier(p.name) for p in layer.properties)
    statement = sql.SQL(
        "select xmin::text, (select row_to_json(p) from (select {}) p) from {} where id = %s for update"
    ).format(names, sql.Identifier(layer.name))
    row = connection.execute(statement, [feature_id]).fetchone()
    if row is None:
        raise NotFound(f"layer '{layer.name}' has no feature '{feature_id}'")
    if revision is not None and row[0] != revision:
        raise OutOfDate(f"feature {feature_id} of '{layer.name}' was changed meanwhile: read it again")
    values: dict[str, Any] = row[1]
    return values


def find_revision(connection: Connection, layer: Layer, feature_id: int) -> str:
    """What tells the present state of a feature from all others."""
    statement = sql.SQL("select xmin::text from {} where id = %s").format(sql.Identifier(layer.name))
    row = connection.execute(statement, [feature_id]).fetchone()
    return str(row[0]) if row else ""


def _geometry_columns(layer: Layer, geometry: shapely.Geometry, values: Mapping[str, Any]) -> dict[str, Any]:
    """Columns that a geometry fills: the plan, and where heights go. Raises: Invalid where the values contradict it."""
    columns: dict[str, Any] = {"geom": shapely.force_2d(geometry)}
    has_heights = bool(shapely.has_z(geometry))
    if layer.name == "utility_lines":
        if has_heights is (values.get("elevation_source") == "none"):
            raise Invalid("properties.elevation_source: it is 'none' where, and only where, positions have no z")
        columns["axis"] = geometry if has_heights else None
    elif layer.name == "utility_nodes" and has_heights:
        z, cover = float(shapely.get_coordinates(geometry, include_z=True)[0, 2]), values.get("cover_m")
        if isinstance(cover, int | float) and abs(cover - z) > _SAME_M:
            raise Invalid(f"properties.cover_m: {cover} contradicts the position's z, {z}: give either")
        columns["cover_m"] = z
    elif has_heights:
        raise Invalid(f"geometry: '{layer.name}' keeps no heights: give positions of two numbers")
    return columns


_SAME_M = 0.0005
DEFAULT = object()


def _placeholder(value: Any, srid: int) -> sql.Composable:
    if isinstance(value, shapely.Geometry):
        return sql.SQL("st_setsrid(%s::geometry, {})").format(sql.Literal(srid))
    return sql.SQL("default") if value is DEFAULT else sql.Placeholder()


def _bound(value: Any) -> Any:
    return shapely.to_wkb(value) if isinstance(value, shapely.Geometry) else value


def _read_text(connection: Connection, layer: Layer, feature_id: int) -> str | None:
    statement = sql.SQL("select t::text from {} t where id = %s").format(sql.Identifier(layer.name))
    row = connection.execute(statement, [feature_id]).fetchone()
    return None if row is None else str(row[0])


def _record(connection: Connection, edit: Edit, feature_id: int, before: str | None) -> None:
    connection.execute(
        "insert into feature_edits (editor, layer, feature_id, operation, before) values (%s, %s, %s, %s, %s)",
        (edit.editor, edit.layer.name, feature_id, edit.operation, before),
    )


@contextmanager
def _ruled(layer: Layer) -> Iterator[None]:
    """What the tables refuse, in our words. Raises: Invalid."""
    try:
        yield
    except psycopg.errors.CheckViolation as error:
        rule = (error.diag.constraint_name or "").removeprefix(f"ck_{layer.name}_")
        raise Invalid(f"properties: the feature contradicts the rule '{rule}' of layer '{layer.name}'") from error
    except psycopg.errors.NotNullViolation as error:
        raise Invalid(f"properties.{error.diag.column_name}: it is required") from error
    except psycopg.errors.DataError as error:
        raise Invalid("properties: a value does not fit its property: see the layer's schema") from error
