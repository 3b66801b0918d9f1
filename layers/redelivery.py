"""What reports from the field amended and its owner has delivered anew since: both stand until somebody decides."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

import shapely
from psycopg import sql
from psycopg.rows import class_row
from psycopg.types.json import Jsonb

from layers.database import storage_srid
from layers.errors import NotFound, Sentence

if TYPE_CHECKING:
    from layers.database import Connection


# The event of an excavation that says so.
REDELIVERED = "redelivered"


class Keep(StrEnum):
    """What is to stand: what the field found, or what the owner has delivered since."""

    FIELD = "field"
    DELIVERED = "delivered"


@dataclass(frozen=True, slots=True)
class Redelivered:
    """A report's `pieces`, and what the newer delivery has of the same object, nothing where none is surely the same.

    `shape` is the object as it was before the report, in storage CRS.
    """

    run_id: int
    excavation_id: int
    report: int
    layer: str
    feature_id: int
    owner: str | None
    owner_ref: str | None
    source_path: str
    pieces: list[int]
    delivered: list[int]
    shape: shapely.Geometry

    def __post_init__(self) -> None:
        if isinstance(self.shape, bytes):
            object.__setattr__(self, "shape", shapely.from_wkb(self.shape))


_COLUMNS = (
    "run_id, excavation_id, report, layer, feature_id, owner, owner_ref, source_path, pieces, delivered,"
    " st_asbinary(geom) as shape"
)


def list_redelivered(
    connection: Connection, area: shapely.Geometry | None = None, within_m: float = 0.0
) -> list[Redelivered]:
    """All that wait for a decision, or those within metres of an area in storage CRS."""
    near: sql.Composable = sql.SQL("")
    values: list[object] = []
    if area is not None:
        near = sql.SQL(" where st_dwithin(geom, st_setsrid(%s::geometry, {}), %s)").format(
            sql.Literal(storage_srid(connection))
        )
        values = [shapely.to_wkb(area, output_dimension=2), within_m]
    statement = sql.SQL("select {} from twin.redelivered_features{} order by run_id, layer, feature_id").format(
        sql.SQL(_COLUMNS),  # our own words
        near,
    )
    with connection.cursor(row_factory=class_row(Redelivered)) as cursor:
        return cursor.execute(statement, values).fetchall()


@dataclass(frozen=True, slots=True)
class Delivery:
    """What the run `delivered_by` brought anew, or left out, of what an excavation's reports amended, by their runs."""

    excavation_id: int
    delivered_by: int
    amended_by: list[int]


def list_untold(connection: Connection) -> list[Delivery]:
    """Deliveries that wait for a decision and that no event of the excavation tells of."""
    with connection.cursor(row_factory=class_row(Delivery)) as cursor:
        return cursor.execute(_UNTOLD, {"kind": REDELIVERED}).fetchall()


# What is delivered is not asked for here, only by whom: finding it takes longer than a look every minute.
_UNTOLD = """
select excavation_id, delivered_by, array_agg(distinct run_id order by run_id) as amended_by
from twin.redelivered_features w
where not exists (
  select from twin.excavation_events e
  where e.excavation_id = w.excavation_id and e.kind = %(kind)s
    and e.detail -> 'delivered_by' = to_jsonb(w.delivered_by) and e.detail -> 'amended_by' @> to_jsonb(w.run_id)
)
group by 1, 2 order by 2, 1
"""


def settle_redelivery(connection: Connection, run_id: int, keep: Keep, by: str) -> int:
    """Take the other side out of the city; the run that holds it, so that 'twin undo' brings it back.

    Raises: NotFound where nothing of the report's run waits for a decision.
    """
    with connection.transaction():
        waiting = [each for each in list_redelivered(connection) if each.run_id == run_id]
        if not waiting:
            raise NotFound(
                Sentence(
                    f"nothing that run {run_id} amended waits for a decision: see 'twin excavation redelivered'",
                    f"không có gì của lượt {run_id} chờ quyết định: xem 'twin excavation redelivered'",
                )
            )
        row = connection.execute(
            "insert into import_runs (root, options, finished_at) values (%s, %s, now()) returning id",
            (waiting[0].source_path, Jsonb({"redelivery": run_id, "keep": keep, "by": by})),
        ).fetchone()
        settled = int(row[0]) if row else 0
        for each in waiting:
            _take_out(connection, settled, each.layer, each.delivered if keep is Keep.FIELD else each.pieces)
    return settled


def _take_out(connection: Connection, run_id: int, layer: str, numbers: list[int]) -> None:
    table = sql.Identifier(layer)
    connection.execute(
        sql.SQL(
            "insert into replaced_features (run_id, layer, feature) select %s, %s, t::text from {} t where id = any(%s)"
        ).format(table),
        (run_id, layer, numbers),
    )
    connection.execute(sql.SQL("delete from {} where id = any(%s)").format(table), (numbers,))
