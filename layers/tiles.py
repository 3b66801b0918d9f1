"""Vector tiles out of PostGIS (MVT 2.1): what a layer shows in a square of a map, as PostgreSQL encodes it."""

from __future__ import annotations

import hashlib
from contextlib import contextmanager
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np
import psycopg
import shapely
from psycopg import sql

from layers.area import area
from layers.crs import transform_points
from layers.errors import NotFound, Unavailable
from layers.grid import MARGIN_UNITS, UNITS
from layers.query import Box
from layers.tiling import DETAIL_ZOOM, tiled_properties, tiling

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from datetime import datetime

    from layers.catalog import Layer, Property
    from layers.crs import Crs
    from layers.database import AsyncConnection
    from layers.grid import Tile

# Another one whenever the same features make other tiles: no tile of an older release is taken for one of today.
EDITION = "2"
MOST_FEATURES = 50_000
# How far, in units of a tile, a place may lie from where PROJ puts it: a sixty-fourth of a pixel on most screens.
_MOST_RESIDUAL = 0.25
_BUCKETS = 1 << 20
# What is simpler than this gains nothing from being simplified: a line of a dozen vertices.
_SMALL_BYTES = 256

type Affine = tuple[float, float, float, float, float, float]


@dataclass(frozen=True, slots=True)
class Mark:
    """What a layer was at a moment: no other state of it has the same, not even in a database that was restored."""

    layer: str
    recipe: str
    version: int
    changed_at: datetime

    @property
    def text(self) -> str:
        return f"{self.recipe}-{self.version}-{int(self.changed_at.timestamp() * 1e6):x}"


def _mark(layer: Layer, version: int, changed_at: datetime) -> Mark:
    return Mark(layer.name, _recipe(layer), version, changed_at)


@lru_cache(maxsize=256)
def _recipe(layer: Layer) -> str:
    """What tells how tiles of a layer are made now from how they were made."""
    names = [p.name for p in tiled_properties(layer, DETAIL_ZOOM)]
    return hashlib.sha256(repr((EDITION, MOST_FEATURES, tiling(layer), names)).encode()).hexdigest()[:8]


@dataclass(frozen=True, slots=True)
class TileContent:
    """A layer of a vector tile, empty where nothing is; at most `left_out` features that belong there are not in it."""

    mark: Mark
    content: bytes
    shown: int
    left_out: int


@dataclass(frozen=True, slots=True)
class Hold:
    """Where a tile lies in the storage CRS: itself, the box of what can be in it, and how storage becomes tile units.

    `affine` holds a, b, d, e, x, y of ST_Affine; None where no affine map is good enough and PROJ has to be asked.
    """

    tile: shapely.Geometry
    box: shapely.Polygon
    affine: Affine | None


@lru_cache(maxsize=4096)
def hold(tile: Tile, storage: Crs) -> Hold | None:
    """None where the storage CRS cannot reach."""
    place, reach = (_stored(bounds, tile.grid.crs, storage) for bounds in (tile.bounds, tile.reach))
    if reach.is_empty:
        return None
    return Hold(place, shapely.box(*reach.bounds), _fit(tile, storage))


def _stored(bounds: tuple[float, float, float, float], crs: Crs, storage: Crs) -> shapely.Geometry:
    return shapely.box(*bounds) if crs == storage else area(Box(*bounds, crs=crs), storage)


def _fit(tile: Tile, storage: Crs) -> Affine | None:
    """The affine map from storage to tile units (y up), unless it is off by more than a quarter of one anywhere."""
    west, south, _, _ = tile.bounds
    steps = np.linspace(-MARGIN_UNITS, UNITS + MARGIN_UNITS, 9)
    units = np.column_stack([axis.ravel() for axis in np.meshgrid(steps, steps)])
    stored = transform_points(units * tile.unit + (west, south), tile.grid.crs, storage, strict=False)
    if not np.isfinite(stored).all():
        return None
    middle = stored.mean(axis=0)
    base = np.column_stack([stored - middle, np.ones(len(stored))])
    found, *_ = np.linalg.lstsq(base, units, rcond=None)
    if np.abs(base @ found - units).max() > _MOST_RESIDUAL:
        return None
    (a, d), (b, e), shift = found.tolist()
    return a, b, d, e, shift[0] - a * middle[0] - b * middle[1], shift[1] - d * middle[0] - e * middle[1]


def _drawn(tile: Tile, place: Hold) -> sql.Composable:
    """Expression that gives a row's geometry in tile units, NULL where it is beyond the tile or too small to see."""
    geometry: sql.Composable = sql.SQL("r.geom")
    if tile.grid.web_zoom(tile.zoom) < DETAIL_ZOOM:
        geometry = sql.SQL(
            "case when st_memsize(r.geom) > {} then st_simplify(r.geom, {}, true) else r.geom end"
        ).format(sql.Literal(_SMALL_BYTES), sql.Literal(_stored_unit_m(place)))
    if place.affine is not None:
        bounds: Sequence[float] = (0, 0, UNITS, UNITS)
        numbers = sql.SQL(", ").join(map(sql.Literal, place.affine))
        geometry = sql.SQL("st_affine({}, {})").format(geometry, numbers)
    else:
        bounds = tile.bounds
        geometry = sql.SQL("st_transform({}, {})").format(geometry, sql.Literal(tile.grid.crs.srid))
    corners = sql.SQL(", ").join(map(sql.Literal, bounds))
    return sql.SQL("st_asmvtgeom({}, st_makeenvelope({})::box2d, {}, {})").format(
        geometry, corners, sql.Literal(UNITS), sql.Literal(MARGIN_UNITS)
    )


def _stored_unit_m(place: Hold) -> float:
    west, _, east, _ = place.box.bounds
    return float(east - west) / (UNITS + 2 * MARGIN_UNITS)


def tile_statement(layer: Layer, tile: Tile, place: Hold, storage: Crs, share: float = 1) -> bytes:
    """The statement whose row is version, time of change, the encoded layer, features shown, lost and found.

    `share` of the features, spread evenly, are read at all.
    """
    # A property of a city's own layer cannot be called so: no such name has a blank.
    told = [_told(p) for p in tiled_properties(layer, tile.grid.web_zoom(tile.zoom))]
    # Laterals, for a fence below the aggregate would carry whole rows through it.
    return (
        sql.SQL(
            "select s.version, s.changed_at, t.* from visible_layer_states s, (select"
            " coalesce(st_asmvt(f, {name}, {units}, 'the place', 'id') filter (where f.\"the place\" is not null), ''),"
            ' count(f."the place"), count(*) filter (where f."the place" is null and st_intersects(r.geom, {square})),'
            " count(*) from {table} r, lateral (select {drawn} as place offset 0) d,"
            ' lateral (select {columns}, d.place as "the place") f where r.geom && {box}{thinned}) t'
            " where s.layer = {name}"
        )
        .format(
            name=sql.Literal(layer.name),
            units=sql.Literal(UNITS),
            columns=sql.SQL(", ").join([sql.Identifier("r", "id"), *told]),
            box=_envelope(place, storage),
            square=sql.SQL("st_geomfromwkb({}, {})").format(
                sql.Literal(shapely.to_wkb(place.tile)), sql.Literal(storage.srid)
            ),
            drawn=_drawn(tile, place),
            table=sql.Identifier(layer.name),
            thinned=_thinned(share),
        )
        .as_bytes()
    )


def _told(described: Property) -> sql.Composable:
    """The column of a property; of a list or an object its text, which would else be many properties."""
    column = sql.Identifier("r", described.name)
    return sql.SQL("{}::text as {}").format(column, sql.Identifier(described.name)) if described.is_nested else column


def _envelope(place: Hold, storage: Crs) -> sql.Composable:
    numbers = sql.SQL(", ").join(map(sql.Literal, place.box.bounds))
    return sql.SQL("st_makeenvelope({}, {})").format(numbers, sql.Literal(storage.srid))


def _thinned(share: float) -> sql.Composable:
    """A condition that a share of the features meet: the same ones in every tile."""
    if share >= 1:
        return sql.SQL("")
    wanted = sql.Literal(int(share * _BUCKETS))
    return sql.SQL(" and hashint8(r.id) & {} < {}").format(sql.Literal(_BUCKETS - 1), wanted)


async def fetch_marks(connection: AsyncConnection, layers: Sequence[Layer]) -> list[Mark]:
    """What layers are at this moment, in their order. Raises: NotFound where the audience may not know of one."""
    rows = await (await connection.execute(_MARKS, ([layer.name for layer in layers],))).fetchall()
    found = {name.decode(): state for name, *state in rows}
    for layer in layers:
        if layer.name not in found:
            raise NotFound(f"there is no layer '{layer.name}' for this audience")
    return [_mark(layer, *found[layer.name]) for layer in layers]


_MARKS = b"select layer, version, changed_at from visible_layer_states where layer = any($1::text[])"


async def fetch_tile(connection: AsyncConnection, layer: Layer, tile: Tile, storage: Crs) -> TileContent:
    """A layer of a tile. A tile that leaves features out says so in a layer of its own, NAME_left_out.

    Raises: NotFound, Unavailable where making it takes too long.
    """
    place = hold(tile, storage)
    if place is None:
        (mark,) = await fetch_marks(connection, [layer])
        return TileContent(mark, b"", 0, 0)
    with _explained(layer, tile):
        near = await _count_near(connection, layer, place, storage)
        share = 1.0 if near <= MOST_FEATURES else MOST_FEATURES / near
        statement = tile_statement(layer, tile, place, storage, share)
        row = await (await connection.execute(statement, prepare=False)).fetchone()
        if row is None:
            raise NotFound(f"there is no layer '{layer.name}' for this audience")
        version, changed_at, content, shown, lost, found = row
        left_out = lost + (max(near - found, 0) if share < 1 else 0)
        if left_out:
            content += await _note_of(connection, layer, shown, left_out)
    return TileContent(_mark(layer, version, changed_at), content, shown, left_out)


async def _count_near(connection: AsyncConnection, layer: Layer, place: Hold, storage: Crs) -> int:
    """How many features there may be in a tile: counted where the layer has too many for any tile."""
    statement = sql.SQL(
        "select case when s.features <= {most} then s.features else"
        " (select count(*) from {table} where geom && {box}) end from visible_layer_states s where s.layer = {name}"
    ).format(
        most=sql.Literal(MOST_FEATURES),
        table=sql.Identifier(layer.name),
        box=_envelope(place, storage),
        name=sql.Literal(layer.name),
    )
    row = await (await connection.execute(statement.as_bytes(), prepare=False)).fetchone()
    return 0 if row is None else int(row[0])


async def fetch_middles(
    connection: AsyncConnection, layer: Layer, block: Tile, numbers: Sequence[int]
) -> dict[int, tuple[float, float]]:
    """A place within each of these areas, in the grid's CRS: of what lies in the block, where the area is larger."""
    statement = sql.SQL(
        "select id, st_x(middle), st_y(middle) from (select id, st_transform(geom, {srid}) as geom from {table}"
        " where id = any({numbers})) r, lateral (select st_pointonsurface(case when greatest(st_xmax(geom) -"
        " st_xmin(geom), st_ymax(geom) - st_ymin(geom)) <= {side} then geom else st_clipbybox2d(geom,"
        " st_makeenvelope({bounds}, {srid})::box2d) end) as middle) m where not st_isempty(middle)"
    ).format(
        srid=sql.Literal(block.grid.crs.srid),
        table=sql.Identifier(layer.name),
        numbers=sql.Literal(list(numbers)),
        side=sql.Literal(block.side),
        bounds=sql.SQL(", ").join(map(sql.Literal, block.bounds)),
    )
    with _explained(layer, block):
        rows = await (await connection.execute(statement.as_bytes(), prepare=False)).fetchall()
    return {int(number): (float(x), float(y)) for number, x, y in rows}


_NOTE = b"""
select st_asmvt(f, $1::text, 4096, 'place') from (select $2::bigint as shown, $3::bigint as left_out,
  st_makeenvelope(0, 0, 4096, 4096) as place) f
"""


async def _note_of(connection: AsyncConnection, layer: Layer, shown: int, left_out: int) -> bytes:
    values = (f"{layer.name}_left_out", str(shown), str(left_out))
    row = await (await connection.execute(_NOTE, values)).fetchone()
    return b"" if row is None else bytes(row[0])


@contextmanager
def _explained(layer: Layer, tile: Tile) -> Iterator[None]:
    """Raises: Unavailable, in our words."""
    try:
        yield
    except psycopg.errors.UndefinedTable as error:
        raise NotFound(f"there is no layer '{layer.name}' any more") from error
    except psycopg.errors.UndefinedColumn as error:
        raise Unavailable(f"layer '{layer.name}' has just been changed: try again in a moment") from error
    except psycopg.errors.InternalError_ as error:
        raise Unavailable(f"layer '{layer.name}' holds a position that {tile.grid.crs.code} cannot show") from error
