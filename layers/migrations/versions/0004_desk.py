"""Organisations, who a key stands for, the queue of background work, and runs of processes that are done later."""

from typing import Any

import sqlalchemy as sa
from alembic import context, op
from geoalchemy2 import Geometry
from procrastinate.schema import SchemaManager
from sqlalchemy.dialects.postgresql import ARRAY, JSONB

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

IDENTIFY = """
create function twin.identify_key(hash text)
returns table (name text, reads_utilities boolean, organisation_id bigint, organisation text, coordinates boolean)
language sql stable security definer set search_path = twin, pg_temp
as $$
select k.name, k.reads_utilities, o.id, o.name, o.coordinates
  from access_keys k left join organisations o on o.id = k.organisation_id where k.sha256 = hash
$$
"""

# Whoever defers needs no right on the queue itself.
DEFER = """
create function twin.defer_job(task text, args jsonb, run_at timestamptz default null, once text default null)
returns void language plpgsql security definer set search_path = twin_queue, pg_temp as $$
begin
    perform procrastinate_defer_jobs_v1(
        array[row('twin', task, 0, null, once, args, run_at)]::procrastinate_job_to_defer_v1[]);
exception when unique_violation then
    null;
end $$
"""

ROLES = """
do $$ begin create role {name} {options}; exception when duplicate_object or unique_violation then null; end $$
"""


def upgrade() -> None:
    op.create_table(
        "organisations",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("aliases", ARRAY(sa.Text()), server_default="{}", nullable=False),
        sa.Column("email", sa.Text(), nullable=True),
        sa.Column("webhook_url", sa.Text(), nullable=True),
        sa.Column("webhook_secret", sa.Text(), nullable=True),
        sa.Column("coordinates", sa.Boolean(), server_default="false", nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column(
            "area", Geometry("MULTIPOLYGON", srid=context.config.attributes["srid"], spatial_index=False), nullable=True
        ),
        sa.PrimaryKeyConstraint("id", name="pk_organisations"),
        sa.UniqueConstraint("name", name="uq_organisations_name"),
    )
    op.create_index("ix_organisations_area", "organisations", ["area"], postgresql_using="gist")
    op.add_column("access_keys", sa.Column("organisation_id", sa.BigInteger(), nullable=True))
    op.add_column("access_keys", sa.Column("reads_utilities", sa.Boolean(), server_default="true", nullable=False))
    op.create_foreign_key("fk_access_keys_organisation_id", "access_keys", "organisations", ["organisation_id"], ["id"])
    op.create_table(
        "process_jobs",
        sa.Column("id", sa.Uuid(), server_default=sa.text("gen_random_uuid()"), nullable=False),
        sa.Column("process", sa.Text(), nullable=False),
        sa.Column("holder", sa.Text(), nullable=False),
        sa.Column("status", sa.Text(), server_default="accepted", nullable=False),
        sa.Column("inputs", JSONB(), nullable=False),
        sa.Column("outputs", JSONB(), nullable=True),
        sa.Column("is_document", sa.Boolean(), nullable=False),
        sa.Column("media_type", sa.Text(), nullable=True),
        sa.Column("result", sa.LargeBinary(), nullable=True),
        sa.Column("fault", JSONB(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("finished_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("updated_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint(
            "status in ('accepted', 'running', 'successful', 'failed', 'dismissed')", name="ck_process_jobs_status"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_process_jobs"),
    )
    op.create_index("ix_process_jobs_holder", "process_jobs", ["holder", "created_at"], unique=False)
    _create_queue()
    _create_roles()
    op.execute(IDENTIFY)
    op.execute("revoke execute on function twin.identify_key(text) from public")
    op.execute("grant execute on function twin.identify_key(text) to twin_public")
    op.execute("drop function twin.is_operator_key(text)")
    op.execute(DEFER)
    op.execute("revoke execute on function twin.defer_job(text, jsonb, timestamptz, text) from public")
    op.execute("grant execute on function twin.defer_job(text, jsonb, timestamptz, text) to twin_desk, twin_worker")
    op.execute("grant select, insert, update, delete on twin.process_jobs to twin_desk, twin_worker")
    # Never the secret that webhooks are signed with.
    columns = "id, name, aliases, email, webhook_url, coordinates, area"
    op.execute(f"grant select ({columns}) on twin.organisations to twin_desk")
    op.execute("grant select on twin.organisations to twin_worker")


def _create_queue() -> None:
    """The schema of the pinned procrastinate; many statements with percent signs, so past SQLAlchemy's parameters."""
    op.execute("create schema twin_queue")
    driver: Any = op.get_bind().connection.driver_connection
    driver.execute("set local search_path = twin_queue")
    driver.execute(SchemaManager.get_schema())
    driver.execute("set local search_path = twin, public")


def _create_roles() -> None:
    """The desk reads what operators read, the worker what the desk reads; neither takes the other's role."""
    for name in ("twin_desk", "twin_worker"):
        op.execute(ROLES.format(name=name, options="login inherit"))
    op.execute("grant twin_desk, twin_worker to current_user")
    op.execute("grant twin_operator to twin_desk")
    op.execute("grant twin_desk to twin_worker")
    op.execute("grant usage on schema twin_queue to twin_worker")
    op.execute("grant select, insert, update, delete on all tables in schema twin_queue to twin_worker")
    op.execute("grant usage on all sequences in schema twin_queue to twin_worker")
