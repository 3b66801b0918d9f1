"""Rows of spatial_ref_sys for the VN-2000 zones that PostGIS 3.3 lacks."""

from alembic import op

from layers.crs import spatial_ref_rows

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    connection = op.get_bind()
    for row in spatial_ref_rows():
        connection.exec_driver_sql(
            "insert into spatial_ref_sys (srid, auth_name, auth_srid, srtext, proj4text)"
            " values (%s, %s, %s, %s, %s) on conflict (srid) do nothing",
            row,
        )
