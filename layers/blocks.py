"""Bodies by blocks: squares of the storage CRS in which they are counted, measured and read.

A body belongs to the square in which the middle of its plan lies, among those of its size: the class k holds sizes
below 2^k metres. Class and square are worked out of the row alone, so what is counted is what is read.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from psycopg import sql

from layers.bodies import body_of
from layers.errors import Invalid

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from layers.bodies import Body
    from layers.catalog import Layer
    from layers.crs import Crs
    from layers.database import AsyncConnection

# Sizes below 16 m, and those from 512 m on, are not told apart.
SMALLEST, LARGEST = 4, 10
# Squares are counted with sides of four sizes, and never larger than 4 km: positions in one are exact to 0.3 mm.
_FINENESS = 2
LAST_LEVEL = 12
# Pages are cut where the points of bodies, one after the other, pass a multiple of this. A body counts with 20 at
# least, so a page holds a thousand at most, and with a page at most.
PAGE_POINTS = 20_000
_LEAST_POINTS = 20
MOST_BODIES = PAGE_POINTS // _LEAST_POINTS
# What has more is of no class, and shown by no tile and no model: a million make 800 MB out of 6 GB of memory.
MOST_POINTS = 100_000


@dataclass(frozen=True, slots=True)
class Block:
    """The bodies of one class whose middle lies in a square of 2^level metres, which counts from the CRS's origin."""

    size: int
    level: int
    column: int
    row: int

    @property
    def side_m(self) -> float:
        return float(2**self.level)

    @property
    def bounds(self) -> tuple[float, float, float, float]:
        """(minx, miny, maxx, maxy) in storage CRS."""
        west, south = self.column * self.side_m, self.row * self.side_m
        return west, south, west + self.side_m, south + self.side_m


def first_level(size: int) -> int:
    """The level at which a class is counted."""
    return min(size + _FINENESS, LAST_LEVEL)


@dataclass(frozen=True, slots=True, eq=False)
class Census:
    """Blocks with what is in them, n of each; see `Body` for the heights, NaN where nothing has one.

    `size`, `column`, `row`, `count`, `points`; `bounds` (n, 4) in storage CRS; `known` (n, 2) the lowest and highest
    elevation; `based` (n, 2) how far bodies on ground of unknown elevation reach below and above it; `reach` (n, 2) how
    far all do; `ground` (n, 2) the lowest and highest ground that rows know. `left_out` bodies are in no block, for
    they have too many points.
    """

    size: NDArray[np.int64]
    column: NDArray[np.int64]
    row: NDArray[np.int64]
    count: NDArray[np.int64]
    points: NDArray[np.int64]
    bounds: NDArray[np.float64]
    known: NDArray[np.float64]
    based: NDArray[np.float64]
    reach: NDArray[np.float64]
    ground: NDArray[np.float64]
    left_out: int

    def __len__(self) -> int:
        return len(self.size)


@dataclass(frozen=True, slots=True)
class Row:
    """A body to be shown: its attributes as JSON text, its shape and its solid as WKB."""

    id: int
    attributes: bytes
    shape: bytes
    solid: bytes | None


_X = "((st_xmin(geom) + st_xmax(geom)) / 2)"
_Y = "((st_ymin(geom) + st_ymax(geom)) / 2)"


def _class(body: Body) -> sql.Composed:
    """NULL for a body of too many points."""
    bounds = sql.SQL(", ").join(sql.Literal(2**k) for k in range(SMALLEST, LARGEST))
    return sql.SQL(
        "(case when {points} <= {most} then {smallest} + width_bucket(({size})::float8, array[{bounds}]::float8[]) end)"
    ).format(
        points=sql.SQL(body.points),
        most=sql.Literal(MOST_POINTS),
        smallest=sql.Literal(SMALLEST),
        size=sql.SQL(body.size),
        bounds=bounds,
    )


def _points(points: str) -> sql.SQL:
    return sql.SQL(f"least(greatest({points}, {_LEAST_POINTS}), {PAGE_POINTS})")


def _census_statement(layer: Layer) -> sql.Composed:
    body = body_of(layer)
    side = sql.SQL(f"(2 ^ least(k + {_FINENESS}, {LAST_LEVEL}))")
    west, south, east, north = body.box
    return sql.SQL(
        "select k, floor(x / {side})::bigint, floor(y / {side})::bigint, count(*), sum(points)::bigint,"
        " min(west - reach), min(south - reach), max(east + reach), max(north + reach), min(low), max(high),"
        " max(below) filter (where low is null), max(above) filter (where low is null), max(below), max(above),"
        " min(ground), max(ground)"
        " from (select {size} as k, {x} as x, {y} as y, {points} as points, {west} as west, {south} as south,"
        " {east} as east, {north} as north, {reach} as reach, {low} as low, {high} as high, {below} as below,"
        " {above} as above, {ground} as ground from {table} offset 0) b group by 1, 2, 3"
    ).format(
        side=side,
        size=_class(body),
        x=sql.SQL(_X),
        y=sql.SQL(_Y),
        points=_points(body.points),
        west=sql.SQL(west),
        south=sql.SQL(south),
        east=sql.SQL(east),
        north=sql.SQL(north),
        reach=sql.SQL(body.reach),
        low=sql.SQL(body.low),
        high=sql.SQL(body.high),
        below=sql.SQL(body.below),
        above=sql.SQL(body.above),
        ground=sql.SQL(body.ground),
        table=sql.Identifier(layer.name),
    )


async def fetch_census(connection: AsyncConnection, layer: Layer) -> Census:
    """All bodies of a layer, counted in the database. Raises: NotFound, Unavailable."""
    rows = await (await connection.execute(_census_statement(layer).as_bytes(), prepare=False)).fetchall()
    table = np.array(rows, dtype=np.float64).reshape(len(rows), 17)
    is_shown = ~np.isnan(table[:, 0])
    left_out, table = int(table[~is_shown, 3].sum()), table[is_shown]
    numbers = table[:, :5].astype(np.int64)
    size, column, row, count, points = numbers.T
    return Census(
        size, column, row, count, points, table[:, 5:9], table[:, 9:11], table[:, 11:13], table[:, 13:15],
        table[:, 15:17], left_out,
    )  # fmt: skip


def _rows_statement(layer: Layer, where: sql.Composable, *, before: str = "") -> sql.Composed:
    body = body_of(layer)
    names = sql.SQL(", ").join(sql.Identifier(p.name) for p in layer.properties if not p.is_derived)
    return sql.SQL(
        "select {before} id, (select row_to_json(p) from (select {names}) p)::text, st_asbinary({shape}),"
        " st_asbinary({solid}) from {table} where {where}"
    ).format(
        before=sql.SQL(before),
        names=names,
        shape=sql.SQL(body.shape),
        solid=sql.SQL(body.solid),
        table=sql.Identifier(layer.name),
        where=where,
    )


async def fetch_block(connection: AsyncConnection, layer: Layer, block: Block, page: int, storage: Crs) -> list[Row]:
    """Bodies of a page of a block, by identifier; none beyond the last page. Raises: Unavailable."""
    body = body_of(layer)
    west, south, east, north = map(sql.Literal, block.bounds)
    inside = sql.SQL(
        "geom && st_makeenvelope({west}, {south}, {east}, {north}, {srid}) and {x} >= {west} and {x} < {east}"
        " and {y} >= {south} and {y} < {north} and {size} = {k}"
    ).format(
        west=west,
        south=south,
        east=east,
        north=north,
        srid=sql.Literal(storage.srid),
        x=sql.SQL(_X),
        y=sql.SQL(_Y),
        size=_class(body),
        k=sql.Literal(block.size),
    )
    ids = sql.SQL(
        "select id from (select id, (sum({points}) over (order by id) - 1) / {most} as page from {table}"
        " where {inside}) p where page = {page}"
    ).format(
        points=_points(body.points),
        most=sql.Literal(PAGE_POINTS),
        table=sql.Identifier(layer.name),
        inside=inside,
        page=sql.Literal(page),
    )
    statement = _rows_statement(layer, sql.SQL("id in ({})").format(ids)) + sql.SQL(" order by id")
    rows = await (await connection.execute(statement.as_bytes(), prepare=False)).fetchall()
    return [Row(*row) for row in rows]


async def fetch_body(connection: AsyncConnection, layer: Layer, feature_id: str) -> tuple[Row, str] | None:
    """One body and the mark of its revision; None where there is none. Raises: Invalid for one of too many points."""
    before = f"xmin::text, {body_of(layer).points},"
    statement = _rows_statement(layer, sql.SQL("id = $1::bigint"), before=before)
    row = await (await connection.execute(statement.as_bytes(), (feature_id,), prepare=False)).fetchone()
    if row is None:
        return None
    revision, points, *values = row
    if points > MOST_POINTS:
        raise Invalid(
            f"feature '{feature_id}' of layer '{layer.name}' is too large for a model: it counts as {points} points,"
            f" and {MOST_POINTS} are the most: ask for another format"
        )
    return Row(*values), revision.decode()
