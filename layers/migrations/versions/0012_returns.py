"""What comes back from the field, and the files of response packages as they were given out."""

import sqlalchemy as sa
from alembic import context, op
from geoalchemy2 import Geometry
from sqlalchemy.dialects.postgresql import JSONB

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "excavation_deviations",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("excavation_id", sa.BigInteger(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("layer", sa.Text(), nullable=True),
        sa.Column("feature_id", sa.BigInteger(), nullable=True),
        sa.Column("owner", sa.Text(), nullable=True),
        sa.Column(
            "geom", Geometry("GEOMETRY", srid=context.config.attributes["srid"], spatial_index=False), nullable=True
        ),
        sa.Column("detail", JSONB(), nullable=False),
        sa.Column("reported_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("reported_by", sa.Text(), nullable=False),
        sa.Column("organisation", sa.Text(), nullable=True),
        sa.Column("run_id", sa.BigInteger(), nullable=True),
        sa.Column("state", sa.Text(), server_default="reported", nullable=False),
        sa.Column("settled_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("settled_by", sa.Text(), nullable=True),
        sa.Column("remarks", sa.Text(), nullable=True),
        sa.CheckConstraint(
            "kind in ('as_recorded', 'shifted', 'not_found', 'unknown_find', 'as_built')",
            name="ck_excavation_deviations_kind",
        ),
        sa.CheckConstraint("state in ('reported', 'confirmed', 'contested')", name="ck_excavation_deviations_state"),
        sa.CheckConstraint("(state = 'reported') = (settled_at is null)", name="ck_excavation_deviations_settled"),
        sa.ForeignKeyConstraint(["run_id"], ["twin.import_runs.id"], name="fk_excavation_deviations_run_id"),
        sa.PrimaryKeyConstraint("id", name="pk_excavation_deviations"),
        sa.UniqueConstraint("excavation_id", "number", name="uq_excavation_deviations_number"),
    )
    op.create_table(
        "excavation_files",
        sa.Column("check_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("view", sa.Text(), nullable=False),
        sa.Column("language", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("content", sa.LargeBinary(), nullable=False),
        sa.Column("made_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.PrimaryKeyConstraint("check_id", "view", "language", "kind", name="pk_excavation_files"),
    )
    op.execute("grant select, insert on twin.excavation_files to twin_desk")
    # What the desk takes in changes utilities, each change with what it replaced: as an import would, nothing else of it.
    op.execute("grant select, insert, update on twin.excavation_deviations to twin_desk")
    op.execute("grant insert, update, delete on twin.utility_lines, twin.utility_nodes to twin_desk")
    op.execute("grant select, insert on twin.import_runs, twin.source_files, twin.replaced_features to twin_desk")
