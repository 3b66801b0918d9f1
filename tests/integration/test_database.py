"""Schema, roles, reference systems and layer versions on real PostGIS."""

from __future__ import annotations

from importlib import import_module
from pkgutil import iter_modules
from typing import TYPE_CHECKING

import numpy as np
import psycopg
import pytest
import shapely
import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from psycopg import sql

from layers import catalog, models
from layers.candidates import find_near
from layers.catalog import LAYERS, read_states
from layers.crs import VN2000_TM3, WGS84, parse_crs, transform_points
from layers.database import Audience, Reader, connect, migrate, storage_srid
from layers.embedded import create_database
from layers.errors import Conflict, Invalid
from layers.models.base import Base
from layers.owners import count_owners_near
from layers.reach import reaches
from layers.schemas import SCHEMA

if TYPE_CHECKING:
    from layers.database import Connection

for module in iter_modules(models.__path__):  # what is imported is in the metadata
    import_module(f"layers.models.{module.name}")

GOLDEN = (107.5909, 16.4637)  # longitude, latitude
GOLDEN_IN = {  # E, N in metres
    9214: (562897.886, 1820978.931),
    3405: (776439.136, 1822112.062),
    5897: (776522.101, 1822658.915),
    5898: (456123.821, 1820931.882),
    32648: (776635.796, 1822001.900),
}
A_PIPE = (
    "insert into utility_lines (discipline, vertical_reference, ground_source, elevation_source, section_shape,"
    " outer_width_m, outer_height_m, geom, axis) values ('water', 'crown', 'none', 'depth', 'circular', 0.11, 0.11,"
    " st_geomfromtext('LINESTRING(562000 1820000, 562010 1820010)', 9214),"
    " st_geomfromtext('LINESTRING Z(562000 1820000 1.5, 562010 1820010 1.6)', 9214))"
)


def states(connection: Connection) -> dict[str, tuple[int, int]]:
    return {name: (s.version, s.features) for name, s in read_states(connection, LAYERS).items()}


@pytest.mark.parametrize("code", GOLDEN_IN)
def test_golden_point_in_python(code: int) -> None:
    """The surveyed-to-the-millimetre reference point is hit by pyproj with the official transformation."""
    found = transform_points(np.array([GOLDEN]), parse_crs(WGS84), parse_crs(f"EPSG:{code}"))[0]
    assert found == pytest.approx(GOLDEN_IN[code], abs=0.001)


def test_every_zone_agrees_in_sql_and_python(connection: Connection) -> None:
    """PostGIS 3.3 lacks EPSG:9205-9218; the rows we add make it agree with pyproj to a millimetre."""
    for code in (*GOLDEN_IN, *VN2000_TM3):
        row = connection.execute(
            "select st_x(p), st_y(p) from (select st_transform(st_setsrid(st_point(%s, %s), 4326), %s::int) p) q",
            (*GOLDEN, code),
        ).fetchone()
        python = transform_points(np.array([GOLDEN]), parse_crs(WGS84), parse_crs(f"EPSG:{code}"))[0]
        assert row == pytest.approx(python, abs=0.001), code


def test_added_rows_agree_without_proj_database(connection: Connection) -> None:
    """The proj4 text of the added rows has the official shift with the right signs: half a metre is the difference."""
    (text,) = connection.execute("select proj4text from spatial_ref_sys where srid = 9214").fetchone() or ("",)
    row = connection.execute(
        "select st_x(p), st_y(p) from (select st_transform(st_setsrid(st_point(%s, %s), 4326), %s) p) q",
        (*GOLDEN, text),
    ).fetchone()
    assert row == pytest.approx(GOLDEN_IN[9214], abs=0.01)


def test_models_and_migrations_are_the_same(city: str) -> None:
    """The typed models describe exactly the schema that the migrations build."""
    public = {"options": "-c search_path=public"}
    engine = sa.create_engine(city.replace("postgresql://", "postgresql+psycopg://"), connect_args=public)

    def own(name: str | None, kind: str, _: object) -> bool:
        return name == SCHEMA if kind == "schema" else name != "alembic_version"

    def same_geometry(_: object, __: object, ___: object, found: object, expected: object) -> bool | None:
        if hasattr(expected, "geometry_type"):
            wanted = expected.geometry_type or "GEOMETRY"
            return str(getattr(found, "geometry_type", "")).upper() != wanted
        return None

    with engine.connect() as opened:
        options = {"include_schemas": True, "include_name": own, "compare_type": same_geometry}
        differences = compare_metadata(MigrationContext.configure(opened, opts=options), Base.metadata)
    engine.dispose()
    assert differences == []


def test_geometry_columns_have_the_storage_srid(connection: Connection) -> None:
    """Every typed geometry column carries the CRS chosen at the first migration."""
    rows = connection.execute(
        "select f_table_name || '.' || f_geometry_column, srid from geometry_columns where f_table_schema = %s",
        (SCHEMA,),
    ).fetchall()
    found = dict(rows)
    assert found.pop("quarantined_rows.geom") == 0, "what is refused may be in any CRS"
    assert set(found.values()) == {9214}
    assert storage_srid(connection) == 9214


def test_second_migration_changes_nothing_and_another_crs_is_refused(city: str) -> None:
    """A city's storage CRS is decided once."""
    migrate(city, "EPSG:9214")
    with pytest.raises(Conflict, match="stores EPSG:9214"):
        migrate(city, "EPSG:3405")


@pytest.mark.parametrize("code", ["EPSG:4326", "EPSG:2263", "EPSG:5773", "nonsense", "EPSG:6956"])
def test_storage_crs_must_be_projected_in_metres(cluster: str, code: str) -> None:
    """Degrees, feet, heights, nonsense and the swapped definitions are refused before anything is created."""
    with pytest.raises(Invalid):
        migrate(cluster, code)


def test_another_city_in_its_own_crs(cluster: str) -> None:
    """Nothing in the schema is tied to Huế: Rotterdam stores in the Dutch national grid."""
    url = create_database(cluster, "rotterdam")
    migrate(url, "EPSG:28992")
    with connect(url) as opened:
        assert storage_srid(opened) == 28992


def test_public_role_reads_no_utility(city: str) -> None:
    """The coarse decision is PostgreSQL's: the public role has no grant on anything underground or personal."""
    reader = Reader(city.replace("//twin@", "//twin_public@"), Audience.PUBLIC)
    closed = {
        "utility_lines", "utility_nodes", "excavations", "restricted_zones", "source_files", "source_rows",
        "quarantined_rows",
    }  # fmt: skip
    with reader.connection() as opened:
        readable = {
            table.name
            for table in Base.metadata.tables.values()
            if opened.execute("select has_table_privilege(%s, 'select')", (f"{SCHEMA}.{table.name}",)).fetchone()
            == (True,)
        }
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            opened.execute("set role twin_operator")
        opened.rollback()
        visible = {name for (name,) in opened.execute("select layer from visible_layer_states").fetchall()}
    reader.close()
    assert visible == readable
    assert readable == {layer.name for layer in catalog.layers_for(Audience.PUBLIC)}
    assert not readable & closed


def test_operator_role_reads_no_personal_data(city: str) -> None:
    """Original records may hold names of people: no web role reads them, and none writes anything."""
    reader = Reader(city.replace("//twin@", "//twin_operator@"), Audience.OPERATOR)
    with reader.connection() as opened:
        for table in Base.metadata.tables.values():
            name = f"{SCHEMA}.{table.name}"
            writes = opened.execute("select has_table_privilege(%s, 'insert, update, delete')", (name,)).fetchone()
            assert writes == (False,), name
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            opened.execute("select * from source_rows")
        opened.rollback()
    reader.close()


def test_version_and_count_follow_every_change(connection: Connection) -> None:
    """Caches are keyed by the version and numberMatched is the count: no writer can change a layer past them."""
    before = states(connection)["utility_lines"]
    with connection.transaction(force_rollback=True):
        connection.execute(A_PIPE)
        connection.execute(A_PIPE)
        assert states(connection)["utility_lines"] == (before[0] + 2, 2)
        connection.execute("update utility_lines set owner = 'x'")
        assert states(connection)["utility_lines"] == (before[0] + 3, 2)
        connection.execute("delete from utility_lines where id = (select min(id) from utility_lines)")
        assert states(connection)["utility_lines"] == (before[0] + 4, 1)
        connection.execute("truncate utility_lines cascade")
        assert states(connection)["utility_lines"] == (before[0] + 5, 0)
    assert states(connection)["utility_lines"] == before, "a rolled back change changes no version"


def test_every_layer_has_a_state(connection: Connection) -> None:
    """A layer of the catalogue without triggers would serve stale tiles for ever."""
    assert set(states(connection)) == {layer.name for layer in LAYERS}
    triggers = connection.execute(
        "select event_object_table, count(*) from information_schema.triggers"
        " where trigger_schema = %s and trigger_name like 'state_after_%%' group by 1",
        (SCHEMA,),
    ).fetchall()
    kept = [layer.name for layer in LAYERS] + ["owner_areas"]  # checks rest on these, too
    assert dict(triggers) == dict.fromkeys(kept, 3), "insert, update, delete (truncate is not listed)"


@pytest.mark.parametrize(
    ("change", "rule"),
    [
        ("outer_width_m = 25", "outer_width_m"),
        ("axis = null", "elevation_known"),
        ("discipline = 'lava'", "discipline"),
        ("horizontal_accuracy_m = -1", "horizontal_accuracy_m"),
        ("inner_width_m = 0.2", "hollow"),
        ("ground_m = 3", "ground_known"),
        ("valid_from = '2020-01-01', valid_to = '2019-01-01'", "valid"),
        ("axis = st_force3dz(geom, 12000)", "elevation"),
        ("geom = st_setsrid('LINESTRING(1 1, 1 1)'::geometry, 9214)", "length"),
    ],
)
def test_impossible_pipes_are_refused(connection: Connection, change: str, rule: str) -> None:
    """What cannot be in the ground cannot be in the table, whoever writes it."""
    connection.execute(A_PIPE)
    with pytest.raises(psycopg.errors.CheckViolation) as caught:
        connection.execute(f"update utility_lines set {change}")  # noqa: S608
    assert caught.value.diag.constraint_name == f"ck_utility_lines_{rule}"


def test_reach_is_what_the_row_says(connection: Connection) -> None:
    """Whatever a writer says of the reach, it is computed; where the trigger is off, as in bulk, it is proven."""
    connection.execute(A_PIPE)
    for change, across_m, accuracy_m in (
        ("outer_width_m = 0.4, outer_height_m = 0.3, reach_m = 99", 0.5, 0.0),
        ("horizontal_accuracy_m = 2", 0.5, 2.0),
        ("outer_width_m = null", 0.3, 2.0),
        ("outer_height_m = null, horizontal_accuracy_m = null", 0.0, 0.0),
    ):
        (stated,) = connection.execute(f"update utility_lines set {change} returning reach_m").fetchone() or (None,)  # noqa: S608
        assert stated == pytest.approx(across_m / 2 + accuracy_m)
    connection.execute("alter table utility_lines disable trigger reach_before_write")
    with pytest.raises(psycopg.errors.CheckViolation) as caught:
        connection.execute("update utility_lines set horizontal_accuracy_m = 1")
    assert caught.value.diag.constraint_name == "ck_utility_lines_reach"
    connection.execute("update utility_lines set horizontal_accuracy_m = 1, reach_m = 1")


def test_a_line_is_deleted_without_reading_all_others(connection: Connection) -> None:
    """A key asks at each deletion whether a line names this one as its parent: half a second a line among a million."""
    connection.execute("set enable_seqscan = off")
    plan = connection.execute("explain select from only utility_lines x where 5 = x.parent_id for key share").fetchall()
    assert "ix_utility_lines_parent_id" in str(plan)


def test_what_may_reach_a_place_is_found_by_index(connection: Connection) -> None:
    """A pipe that lies 90 m off and is known to 100 m is a candidate: by either index, the same as without any."""
    connection.execute("select setseed(0.5)")
    connection.execute(
        "insert into utility_lines (discipline, owner, vertical_reference, ground_source, elevation_source,"
        " section_shape, horizontal_accuracy_m, geom) select 'water', 'n' || i, 'none', 'none', 'none', 'unknown',"
        " case i % 3 when 0 then null when 1 then 4 * random() else 100 * random() end, st_makeline(p,"
        " st_translate(p, 5, 5)) from generate_series(1, 3000) i, lateral (select st_setsrid(st_makepoint("
        "562000 + 400 * random() + 0 * i, 1820000 + 400 * random()), 9214) as p) place"
    )
    connection.execute("analyze utility_lines")
    area = shapely.box(562_195, 1_820_195, 562_205, 1_820_205)
    connection.execute("set enable_seqscan = off")
    for margin_m in (0.0, 3.0, 30.0):
        rows = connection.execute(
            "select id from utility_lines where st_distance(geom, st_setsrid(%s::geometry, 9214)) <= %s + reach_m"
            " order by id",
            (shapely.to_wkb(area), margin_m),
        ).fetchall()
        found = find_near(connection, area, margin_m)
        assert [record.id for record in found] == [number for (number,) in rows]
        assert 0 < len(found) < 3000
        assert sum(count_owners_near(connection, area, margin_m).values()) == len(found)
    plan = connection.execute(
        sql.SQL("explain select from utility_lines u where {}").format(
            reaches("u", sql.SQL("'SRID=9214;POINT(562200 1820200)'::geometry"), sql.Literal(3.0))
        )
    ).fetchall()
    assert all(f"ix_utility_lines_{index}" in str(plan) for index in ("geom", "reach"))
