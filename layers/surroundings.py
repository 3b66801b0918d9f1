"""What lies around a dig besides utilities: trees, buildings, parcels, roads, wards, zones, citizens' reports, digs.

Every function takes an area in storage CRS and answers with rows, nearest first; distances are metres in plan from the
area, 0 within it. Geometries come as shapely geometries in storage CRS.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import shapely
from psycopg import sql
from psycopg.rows import dict_row

from layers.boundaries import Level
from layers.citizen_reports import STILL_OPEN
from layers.database import storage_srid

if TYPE_CHECKING:
    from datetime import date

    from layers.database import Connection

# Half the greatest width that a road may have.
_WIDEST_M = 100.0
_OVER = ("closed", "refused")


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """A feature near the area; `source_path` is the file it came from."""

    id: int
    distance_m: float
    shape: shapely.Geometry
    source_path: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class NearTree(Found):
    code: str | None
    species: str | None
    stem_diameter_m: float | None
    managed_by: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class NearBuilding(Found):
    code: str | None
    name: str | None
    address: str | None
    storeys: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class EnteredParcel(Found):
    """`entered_m2` is the area that both share. Who holds it is not kept."""

    sheet: str | None
    number: str | None
    land_use: str | None
    ward_code: str | None
    entered_m2: float


@dataclass(frozen=True, slots=True, kw_only=True)
class CutRoad(Found):
    """`cut_m2` is the area of carriageway that is opened, None where the width is not recorded."""

    code: str | None
    name: str | None
    road_class: str | None
    surface: str | None
    width_m: float | None
    resurfaced_on: date | None
    moratorium_until: date | None
    barred_hours: str | None
    cut_m2: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Ward(Found):
    code: str | None
    name: str
    share: float


@dataclass(frozen=True, slots=True, kw_only=True)
class NearZone(Found):
    name: str
    kind: str
    demand: str
    authority: str | None
    legal_basis: str | None
    from_depth_m: float | None
    valid_from: date | None
    valid_to: date | None


@dataclass(frozen=True, slots=True, kw_only=True)
class OtherDig(Found):
    name: str
    status: str
    depth_m: float | None
    starts_on: date | None
    ends_on: date | None
    shared_m2: float
    is_begun: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class NearReport(Found):
    reference: str | None
    service: str | None
    topic: str
    status: str
    reported_on: date | None
    updated_on: date | None
    unit: str | None


def find_trees(connection: Connection, area: shapely.Geometry, within_m: float) -> list[NearTree]:
    columns = "code, species, stem_diameter_m, managed_by"
    return [NearTree(**row) for row in _find(connection, "trees", columns, area, within_m)]


def find_buildings(connection: Connection, area: shapely.Geometry, within_m: float) -> list[NearBuilding]:
    return [
        NearBuilding(**row) for row in _find(connection, "buildings", "code, name, address, storeys", area, within_m)
    ]


def find_parcels(connection: Connection, area: shapely.Geometry) -> list[EnteredParcel]:
    columns = "sheet, number, land_use, ward_code, st_area(st_intersection(f.geom, area)) as entered_m2"
    return [EnteredParcel(**row) for row in _find(connection, "parcels", columns, area, 0.0)]


def find_roads(connection: Connection, area: shapely.Geometry, unknown_width_m: float) -> list[CutRoad]:
    """Roads whose carriageway the area touches; of unknown width those within half of `unknown_width_m`."""
    columns = (
        "code, name, road_class, surface, width_m, resurfaced_on, moratorium_until, barred_hours,"
        " st_area(st_intersection(st_buffer(f.geom, width_m / 2, 'endcap=flat'), area)) as cut_m2"
    )
    rows = _find(connection, "roads", columns, area, _WIDEST_M)
    return [CutRoad(**row) for row in rows if row["distance_m"] <= (row["width_m"] or unknown_width_m) / 2]


def find_wards(connection: Connection, area: shapely.Geometry) -> list[Ward]:
    columns = "level, code, name, st_area(st_intersection(f.geom, area)) / st_area(area) as share"
    rows = _find(connection, "boundaries", columns, area, 0.0)
    return [Ward(**row) for row in rows if row.pop("level") == Level.WARD]


def find_zones(connection: Connection, area: shapely.Geometry) -> list[NearZone]:
    columns = "name, kind, demand, authority, legal_basis, from_depth_m, valid_from, valid_to"
    return [NearZone(**row) for row in _find(connection, "restricted_zones", columns, area, 0.0)]


def find_reports(connection: Connection, area: shapely.Geometry, within_m: float) -> list[NearReport]:
    """Reports of citizens that nobody has closed or rejected."""
    columns = "reference, service, topic, status, reported_on, updated_on, unit"
    rows = _find(connection, "citizen_reports", columns, area, within_m)
    return [NearReport(**row) for row in rows if row["status"] in STILL_OPEN]


def find_digs(
    connection: Connection, area: shapely.Geometry, within_m: float, *, other_than: int | None
) -> list[OtherDig]:
    """Excavations that are neither closed nor refused; `other_than` is the row that the area itself comes from.

    What somebody files and has not submitted yet is nobody else's business: the trigger `twin.doubt_neighbours` knows
    the same condition. A dig that was begun is everybody's until it is closed, whatever has become of its papers.
    """
    columns = (
        "name, status, depth_m, starts_on, ends_on, st_area(st_intersection(f.geom, area)) as shared_m2,"
        " f.request is null or (f.submission > 0 and f.status <> 'draft') as is_told,"
        " f.status = 'in_progress' or exists (select from excavation_events v where v.excavation_id = f.id"
        " and v.to_status = 'in_progress') as is_begun"
    )
    rows = _find(connection, "excavations", columns, area, within_m)
    told = [row for row in rows if (row.pop("is_told") or row["is_begun"]) and row["status"] not in _OVER]
    return [OtherDig(**row) for row in told if row["id"] != other_than]


def _find(
    connection: Connection, table: str, columns: str, area: shapely.Geometry, within_m: float
) -> list[dict[str, Any]]:
    statement = sql.SQL(
        "with asked as (select st_setsrid(%s::geometry, {srid}) as area)"
        " select f.id, st_distance(f.geom, area) as distance_m, st_asbinary(f.geom) as shape, s.path as source_path,"
        " {columns} from asked join {table} f on st_dwithin(f.geom, area, %s)"
        " left join source_files s on s.id = f.source_file_id order by 2, 1"
    ).format(
        srid=sql.Literal(storage_srid(connection)),
        columns=sql.SQL(columns),
        table=sql.Identifier(table),
    )
    with connection.cursor(row_factory=dict_row) as cursor:
        rows = cursor.execute(statement, [shapely.to_wkb(area, output_dimension=2), within_m]).fetchall()
    return [row | {"shape": shapely.from_wkb(row["shape"])} for row in rows]
