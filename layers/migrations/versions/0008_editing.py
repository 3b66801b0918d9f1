"""Those who may edit single features: a role, a right on a key, and what each edit replaced."""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

# What is edited feature by feature. Terrain is rasters, excavations have their own procedure.
EDITED = ("boundaries", "parcels", "buildings", "roads", "trees", "utility_lines", "utility_nodes")

ROLE = """
do $$ begin create role twin_editor login inherit; exception when duplicate_object or unique_violation then null; end $$
"""

IDENTIFY = """
create function twin.identify_key(hash text)
returns table (
    name text, reads_utilities boolean, organisation_id bigint, organisation text, coordinates boolean, edits boolean)
language sql stable security definer set search_path = twin, pg_temp
as $$
select k.name, k.reads_utilities, o.id, o.name, o.coordinates, k.edits
  from access_keys k left join organisations o on o.id = k.organisation_id where k.sha256 = hash
$$
"""


def upgrade() -> None:
    op.add_column("access_keys", sa.Column("edits", sa.Boolean(), server_default="false", nullable=False))
    op.create_table(
        "feature_edits",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("edited_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("editor", sa.Text(), nullable=False),
        sa.Column("layer", sa.Text(), nullable=False),
        sa.Column("feature_id", sa.BigInteger(), nullable=False),
        sa.Column("operation", sa.Text(), nullable=False),
        sa.Column("before", sa.Text(), nullable=True),
        sa.CheckConstraint("operation in ('create', 'replace', 'update', 'delete')", name="ck_feature_edits_operation"),
        sa.PrimaryKeyConstraint("id", name="pk_feature_edits"),
    )
    op.create_index("ix_feature_edits_layer", "feature_edits", ["layer", "feature_id"], unique=False)
    op.execute(ROLE)
    op.execute("grant twin_editor to current_user")
    op.execute("grant twin_operator to twin_editor")
    for layer in EDITED:
        op.execute(f"grant insert, update, delete on twin.{layer} to twin_editor")
    # Whoever edits can add to the record of edits, and neither read nor change it.
    op.execute("grant insert on twin.feature_edits to twin_editor")
    # The version and the count of a layer are kept whoever changes it, with no right on them.
    op.execute("alter function twin.change_layer_state() security definer set search_path = twin, pg_temp")
    op.execute("drop function twin.identify_key(text)")
    op.execute(IDENTIFY)
    op.execute("revoke execute on function twin.identify_key(text) from public")
    op.execute("grant execute on function twin.identify_key(text) to twin_public")
