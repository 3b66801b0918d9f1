"""Utilities that planned digs may meet: for one dig or for many at once, no more columns than a check reads."""

from __future__ import annotations

from functools import lru_cache
from operator import itemgetter
from typing import TYPE_CHECKING, Any, NamedTuple

import shapely
from psycopg import sql
from psycopg.rows import args_row

from layers.boundaries import is_within as _is_within
from layers.database import storage_srid
from layers.owner_areas import SILENCES, Silence
from layers.reach import reaches

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import date

    from psycopg.sql import Composable

    from layers.database import Connection


class Recorded(NamedTuple):
    """A row of a utility layer, with the path of its source file; None is not recorded, or is not of that layer.

    `geom` is the plan as WKB (little endian) of x, y, `axis` the centre line of x, y, z, in storage CRS. `side_m` is
    the outer height of a line and the outer length of a node, `ground_m` the ground that the record rests on.
    """

    layer: str
    id: int
    discipline: str
    owner: str | None
    operator: str | None
    owner_ref: str | None
    subtype: str | None
    kind: str | None
    medium: str | None
    status: str
    material: str | None
    quality_level: str | None
    horizontal_accuracy_m: float | None
    vertical_accuracy_m: float | None
    schematic: bool
    disclosure: str
    surveyed_on: date | None
    vertical_reference: str
    vertical_reason: str | None
    section_shape: str
    outer_width_m: float | None
    side_m: float | None
    inner_width_m: float | None
    voltage_v: float | None
    pressure_bar: float | None
    ducts: int | None
    reach_m: float
    bottom_m: float | None
    cover_m: float | None
    ground_m: float | None
    parent_id: int | None
    geom: bytes
    axis: bytes | None
    source_layer: str | None
    source_row: int | None
    source_path: str | None


class Drawn(NamedTuple):
    """What of a `Recorded` tells whether a dig meets it: half of its columns, for thousands of digs."""

    layer: str
    id: int
    discipline: str
    owner: str | None
    quality_level: str | None
    horizontal_accuracy_m: float | None
    vertical_accuracy_m: float | None
    schematic: bool
    vertical_reference: str
    section_shape: str
    outer_width_m: float | None
    side_m: float | None
    bottom_m: float | None
    cover_m: float | None
    ground_m: float | None
    geom: bytes
    axis: bytes | None


# What is not a column of that name.
_WRITTEN = {
    "utility_lines": {
        "kind": "null::text",
        "side_m": "f.outer_height_m",
        "bottom_m": "null::float8",
        "cover_m": "null::float8",
        "geom": "st_asbinary(f.geom, 'NDR')",
        "axis": "st_asbinary(f.axis, 'NDR')",
        "source_path": "s.path",
    },
    "utility_nodes": {
        "medium": "null::text",
        "side_m": "f.outer_length_m",
        "inner_width_m": "null::float8",
        "voltage_v": "null::float8",
        "pressure_bar": "null::float8",
        "ducts": "null::integer",
        "parent_id": "null::bigint",
        "geom": "st_asbinary(f.geom, 'NDR')",
        "axis": "null::bytea",
        "source_path": "s.path",
    },
}


class Asked(NamedTuple):
    """A place that is asked about, in storage CRS: all that is dug in plan, which must lie within the city.

    Utilities count within `margin_m` of `area`, owners that are known to be there within `within_m`.
    """

    area: shapely.Geometry
    margin_m: float
    within_m: float


class Near[Row: (Recorded, Drawn)](NamedTuple):
    """What is known of a place: how far the records reach, owners without records, and what may reach there.

    `is_within` is None where no boundary is loaded; `found` is sorted by layer and number.
    """

    has_boundary: bool
    lines: int
    incomplete_files: int
    is_within: bool | None
    silences: tuple[Silence, ...]
    found: list[Row]


def find_near(connection: Connection, area: shapely.Geometry, margin_m: float) -> list[Recorded]:
    """What may reach within a margin of an area (storage CRS), by layer and number.

    Each row's own reach (half its section, its stated accuracy) is added by the index expression.
    """
    values = {"areas": [shapely.to_wkb(area, output_dimension=2)], "margins_m": [margin_m]}
    with connection.cursor(row_factory=args_row(_drop_place), binary=True) as cursor:
        found = cursor.execute(_write(_NEAR, storage_srid(connection), Recorded._fields), values).fetchall()
    found.sort(key=_BY_NUMBER)
    return found


def look_around[Row: (Recorded, Drawn)](
    connection: Connection, asked: Sequence[Asked], kind: type[Row]
) -> list[Near[Row]]:
    """What is known of each place, in their order, in one query; of each object as much as its kind says."""
    values = {
        "areas": [shapely.to_wkb(place.area, output_dimension=2) for place in asked],
        "margins_m": [place.margin_m for place in asked],
        "withins_m": [place.within_m for place in asked],
    }
    with connection.cursor(binary=True) as cursor:
        rows = cursor.execute(_write(_AROUND, storage_srid(connection), kind._fields), values).fetchall()
    # After the place's number the columns of the kind, then what is known of the place itself, in a row of its own.
    end = 1 + len(kind._fields)
    found: list[list[Row]] = [[] for _ in asked]
    states: dict[int, tuple[Any, ...]] = {}
    for row in rows:
        if row[1] is None:
            states[row[0]] = row[end:]
        else:
            found[row[0]].append(kind._make(row[1:end]))
    return [
        _read_near(connection, place, states[n], records)
        for n, (place, records) in enumerate(zip(asked, found, strict=True))
    ]


def _read_near[Row: (Recorded, Drawn)](
    connection: Connection, place: Asked, state: tuple[Any, ...], found: list[Row]
) -> Near[Row]:
    has_boundary, lines, incomplete, is_within, silences = state
    found.sort(key=_BY_NUMBER)
    if not has_boundary:
        is_within = None
    elif not is_within:  # almost every place lies in one ward, others are held against all of them together
        is_within = _is_within(connection, place.area)
    return Near(has_boundary, lines, incomplete, is_within, tuple(Silence(*each) for each in silences or ()), found)


def list_columns(layer: str, fields: tuple[str, ...] = Recorded._fields) -> Composable:
    """Fields of a `Recorded` out of a layer as `f` and, where it names them, its source files as `s`."""
    written = _WRITTEN[layer] | {"layer": f"'{layer}'"}
    return sql.SQL(", ").join(
        sql.SQL("{} as {}").format(
            sql.SQL(written[name]) if name in written else sql.Identifier("f", name), sql.Identifier(name)
        )
        for name in fields
    )


@lru_cache(maxsize=8)
def _write(template: str, srid: int, fields: tuple[str, ...]) -> bytes:
    found = sql.SQL(" union all ").join(
        sql.SQL(_FOUND).format(
            columns=list_columns(layer, fields),
            state=sql.SQL(_NO_STATE if template == _AROUND else ""),
            table=sql.Identifier(layer),
            near=reaches("f", sql.SQL("a.area"), sql.SQL("a.margin_m")),
            files=sql.SQL(_FILES if "source_path" in fields else ""),
        )
        for layer in _WRITTEN
    )
    nothing = sql.SQL(", ").join([sql.NULL] * len(fields))
    return (
        sql.SQL(template)
        .format(srid=sql.Literal(srid), found=found, silences=sql.SQL(SILENCES), nothing=nothing)
        .as_bytes()
    )


def _drop_place(_: int, *values: Any) -> Recorded:
    return Recorded._make(values)


_BY_NUMBER = itemgetter(0, 1)
_NO_STATE = ", null::boolean, null::bigint, null::bigint, null::boolean, null::json"
# Arrays that are no literals leave the planner nothing to plan anew: that takes longer than finding what is near.
_NEAR = """
with asked as materialized (
  select (n - 1)::integer as n, st_setsrid(wkb::geometry, {srid}) as area, margin_m
  from rows from (unnest((select %(areas)s::bytea[])), unnest((select %(margins_m)s::float8[]))) with ordinality
    as asked(wkb, margin_m, n)
) {found}
"""
_AROUND = """
with asked as materialized (
  select (n - 1)::integer as n, st_setsrid(wkb::geometry, {srid}) as area, margin_m, within_m
  from rows from (unnest((select %(areas)s::bytea[])), unnest((select %(margins_m)s::float8[])),
    unnest((select %(withins_m)s::float8[]))) with ordinality
    as asked(wkb, margin_m, within_m, n)
), {silences}, state as materialized (
  select exists (select from boundaries) as has_boundary,
    coalesce((select features from visible_layer_states where layer = 'utility_lines'), 0) as lines,
    (select count(*) from source_files where outcome in ('quarantined', 'partly') and replaced_by is null
      and custom_layer is null) as incomplete
) {found}
union all select a.n, {nothing}, state.has_boundary, state.lines, state.incomplete,
  exists (select from boundaries b where st_covers(b.geom, a.area)),
  (select json_agg(json_build_array(owner, area_m2, share, delivers) order by owner) from silences s where s.n = a.n)
from asked a cross join state
"""
_FOUND = """
select a.n, {columns}{state} from asked a join {table} f on {near} {files}
"""
_FILES = "left join source_files s on s.id = f.source_file_id"
