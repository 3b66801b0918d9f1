"""The network audit: runs, batches that are done, pairs that lie too near."""

import sqlalchemy as sa
from alembic import context, op
from geoalchemy2 import Geometry
from sqlalchemy.dialects.postgresql import ARRAY, JSONB

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "audit_runs",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("began_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("rules", sa.Text(), nullable=False),
        sa.Column("law", JSONB(), nullable=False),
        sa.Column("versions", JSONB(), nullable=False),
        sa.Column("total", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_audit_runs"),
    )
    op.create_table(
        "audit_batches",
        sa.Column("run_id", sa.BigInteger(), nullable=False),
        sa.Column("number", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("layer", sa.Text(), nullable=False),
        sa.Column("last_id", sa.BigInteger(), nullable=False),
        sa.Column("objects", sa.Integer(), nullable=False),
        sa.Column("tally", JSONB(), nullable=False),
        sa.Column("seconds", sa.Double(), nullable=False),
        sa.ForeignKeyConstraint(["run_id"], ["twin.audit_runs.id"], name="fk_audit_batches_run_id", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("run_id", "number", name="pk_audit_batches"),
    )
    op.create_table(
        "audit_pairs",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("run_id", sa.BigInteger(), nullable=False),
        sa.Column("verdict", sa.Text(), nullable=False),
        sa.Column("aspect", sa.Text(), nullable=False),
        sa.Column("arrangement", sa.Text(), nullable=True),
        sa.Column("limit_m", sa.Double(), nullable=True),
        sa.Column("measured_m", sa.Double(), nullable=True),
        sa.Column("worst_m", sa.Double(), nullable=True),
        sa.Column("rule", sa.Text(), nullable=True),
        sa.Column("doubts", ARRAY(sa.Text()), nullable=False),
        sa.Column("remark", sa.Text(), nullable=True),
        sa.Column("more", JSONB(), nullable=False),
        sa.Column("first", JSONB(), nullable=False),
        sa.Column("second", JSONB(), nullable=False),
        sa.Column("street", sa.Text(), nullable=True),
        sa.Column("ward", sa.Text(), nullable=True),
        sa.Column(
            "geom", Geometry("POINT", srid=context.config.attributes["srid"], spatial_index=False), nullable=False
        ),
        sa.CheckConstraint("verdict in ('definite', 'possible', 'unknown')", name="ck_audit_pairs_verdict"),
        sa.CheckConstraint("limit_m >= 0", name="ck_audit_pairs_limit_m"),
        sa.ForeignKeyConstraint(["run_id"], ["twin.audit_runs.id"], name="fk_audit_pairs_run_id", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name="pk_audit_pairs"),
    )
    op.create_index("ix_audit_pairs_run_id", "audit_pairs", ["run_id"])
    op.create_index("ix_audit_pairs_geom", "audit_pairs", ["geom"], postgresql_using="gist")
    # As the utilities themselves: operators read, nobody from the web writes.
    op.execute("grant select on twin.audit_runs, twin.audit_batches, twin.audit_pairs to twin_operator")
