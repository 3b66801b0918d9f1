"""Where owners are known to have networks, and for which areas they delivered their records."""

import sqlalchemy as sa
from alembic import context, op
from geoalchemy2 import Geometry

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "owner_areas",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("owner", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("declared_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("remark", sa.Text(), nullable=True),
        sa.Column(
            "geom",
            Geometry("MULTIPOLYGON", srid=context.config.attributes["srid"], spatial_index=False),
            nullable=False,
        ),
        sa.CheckConstraint("kind in ('network', 'delivered')", name="ck_owner_areas_kind"),
        sa.ForeignKeyConstraint(
            ["owner"],
            ["twin.organisations.name"],
            name="fk_owner_areas_owner",
            onupdate="CASCADE",
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name="pk_owner_areas"),
        sa.UniqueConstraint("owner", "kind", name="uq_owner_areas_owner"),
    )
    op.create_index("ix_owner_areas_geom", "owner_areas", ["geom"], postgresql_using="gist")
    # A check rests on them as it does on a layer: what changes them makes it doubtful.
    op.execute("insert into twin.layer_states (layer) values ('owner_areas')")
    for event, rows in (("insert", "new"), ("delete", "old"), ("update", "new")):
        op.execute(
            f"create trigger state_after_{event} after {event} on twin.owner_areas referencing {rows} table"
            " as changed for each statement execute function twin.change_layer_state()"
        )
    op.execute("grant select on twin.owner_areas to twin_operator")
