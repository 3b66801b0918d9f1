"""What citizens reported: public, for it holds no person's words and no names."""

import sqlalchemy as sa
from alembic import context, op
from geoalchemy2 import Geometry

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None

TOPICS = (
    "'water', 'gas', 'power', 'collapse', 'sewer', 'flooding', 'telecom', 'lighting', 'road', 'tree', 'waste', 'other'"
)


def upgrade() -> None:
    op.create_table(
        "citizen_reports",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("reference", sa.Text(), nullable=True),
        sa.Column("service", sa.Text(), nullable=True),
        sa.Column("topic", sa.Text(), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("reported_on", sa.Date(), nullable=True),
        sa.Column("updated_on", sa.Date(), nullable=True),
        sa.Column("closed_on", sa.Date(), nullable=True),
        sa.Column("unit", sa.Text(), nullable=True),
        sa.Column(
            "geom", Geometry("POINT", srid=context.config.attributes["srid"], spatial_index=False), nullable=False
        ),
        sa.Column(
            "source_file_id",
            sa.BigInteger(),
            server_default=sa.text("nullif(current_setting('twin.source_file', true), '')::bigint"),
            nullable=True,
        ),
        sa.Column("source_layer", sa.Text(), nullable=True),
        sa.Column("source_row", sa.Integer(), nullable=True),
        sa.Column("source_part", sa.SmallInteger(), server_default="0", nullable=False),
        sa.CheckConstraint(f"topic in ({TOPICS})", name="ck_citizen_reports_topic"),
        sa.CheckConstraint("status in ('open', 'in_progress', 'closed', 'rejected')", name="ck_citizen_reports_status"),
        sa.CheckConstraint("closed_on >= reported_on", name="ck_citizen_reports_closed"),
        sa.CheckConstraint("char_length(service) <= 80", name="ck_citizen_reports_service"),
        sa.ForeignKeyConstraint(["source_file_id"], ["twin.source_files.id"], name="fk_citizen_reports_source_file_id"),
        sa.PrimaryKeyConstraint("id", name="pk_citizen_reports"),
    )
    op.create_index("ix_citizen_reports_geom", "citizen_reports", ["geom"], postgresql_using="gist")
    op.execute(
        "create index ix_citizen_reports_source_file_id on twin.citizen_reports using brin (source_file_id)"
        " with (pages_per_range = 16, autosummarize)"
    )
    op.execute("insert into twin.layer_states (layer) values ('citizen_reports')")
    for event, rows in (("insert", "new"), ("delete", "old"), ("update", "new")):
        op.execute(
            f"create trigger state_after_{event} after {event} on twin.citizen_reports referencing {rows} table"
            " as changed for each statement execute function twin.change_layer_state()"
        )
    op.execute(
        "create trigger state_after_truncate after truncate on twin.citizen_reports"
        " for each statement execute function twin.change_layer_state()"
    )
    op.execute("grant select on twin.citizen_reports to twin_public, twin_operator")
