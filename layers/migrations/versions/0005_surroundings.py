"""When a road may be cut, and the layer of restricted zones."""

import sqlalchemy as sa
from alembic import context, op
from geoalchemy2 import Geometry

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

SPAN = "([01][0-9]|2[0-3]):[0-5][0-9]-([01][0-9]|2[0-3]):[0-5][0-9]"


def upgrade() -> None:
    op.add_column("roads", sa.Column("resurfaced_on", sa.Date(), nullable=True))
    op.add_column("roads", sa.Column("moratorium_until", sa.Date(), nullable=True))
    op.add_column("roads", sa.Column("barred_hours", sa.Text(), nullable=True))
    op.create_check_constraint("ck_roads_barred_hours", "roads", f"barred_hours ~ '^{SPAN}(,{SPAN})*$'")
    op.create_table(
        "restricted_zones",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("demand", sa.Text(), nullable=False),
        sa.Column("authority", sa.Text(), nullable=True),
        sa.Column("legal_basis", sa.Text(), nullable=True),
        sa.Column("from_depth_m", sa.Double(), nullable=True),
        sa.Column("valid_from", sa.Date(), nullable=True),
        sa.Column("valid_to", sa.Date(), nullable=True),
        sa.Column(
            "geom",
            Geometry("MULTIPOLYGON", srid=context.config.attributes["srid"], spatial_index=False),
            nullable=False,
        ),
        sa.Column("source_file_id", sa.BigInteger(), nullable=True),
        sa.Column("source_layer", sa.Text(), nullable=True),
        sa.Column("source_row", sa.Integer(), nullable=True),
        sa.Column("source_part", sa.SmallInteger(), server_default="0", nullable=False),
        sa.CheckConstraint(
            "kind in ('heritage', 'defence', 'dike', 'waterway', 'railway', 'tunnel', 'water_source', 'cemetery',"
            " 'utility_corridor', 'other')",
            name="ck_restricted_zones_kind",
        ),
        sa.CheckConstraint("demand in ('forbidden', 'consent', 'supervision')", name="ck_restricted_zones_demand"),
        sa.CheckConstraint("from_depth_m between 0 and 100", name="ck_restricted_zones_from_depth_m"),
        sa.CheckConstraint("valid_to >= valid_from", name="ck_restricted_zones_valid"),
        sa.ForeignKeyConstraint(
            ["source_file_id"], ["twin.source_files.id"], name="fk_restricted_zones_source_file_id"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_restricted_zones"),
    )
    op.create_index("ix_restricted_zones_geom", "restricted_zones", ["geom"], postgresql_using="gist")
    op.create_index("ix_restricted_zones_source_file_id", "restricted_zones", ["source_file_id"], unique=False)
    op.execute("insert into twin.layer_states (layer) values ('restricted_zones')")
    for event, rows in (("insert", "new"), ("delete", "old"), ("update", "new")):
        op.execute(
            f"create trigger state_after_{event} after {event} on twin.restricted_zones referencing {rows} table"
            " as changed for each statement execute function twin.change_layer_state()"
        )
    op.execute(
        "create trigger state_after_truncate after truncate on twin.restricted_zones"
        " for each statement execute function twin.change_layer_state()"
    )
    # Where the army has its cables is for operators alone.
    op.execute("grant select on twin.restricted_zones to twin_operator")
