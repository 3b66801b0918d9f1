"""Layers that a city adds without code: their tables, what is known of them, and what is told of every layer."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None

# A table of a custom layer lies last on the search path, so none can be taken for one of the twin's or PostGIS' own.
# A layer may be gone between the moment that is read and the one that asks for its rights: it is then not visible.
STATES_VIEW = """
create or replace view twin.visible_layer_states as
select * from twin.layer_states
 where has_table_privilege(
    coalesce(to_regclass('twin.' || quote_ident(layer)), to_regclass('twin_custom.' || quote_ident(layer))), 'select')
"""

LAYERS_VIEW = """
create view twin.visible_custom_layers as
select name, audience, definition, style from twin.custom_layers
 where has_table_privilege(to_regclass('twin_custom.' || quote_ident(name)), 'select')
"""

RECORDS_VIEW = """
create view twin.visible_layer_records as
select r.layer, r.record from twin.layer_records r join twin.visible_layer_states s on s.layer = r.layer
"""

# Whoever may read a layer may know how many files it is of, who delivered them and when; nothing of other files. The
# caller is the role that it took, for within this function the owner asks.
FILES_FUNCTION = """
create function twin.tell_layer_files(layer text)
returns table (files bigint, formats text[], owners text[], first_at timestamptz, last_at timestamptz, last_run bigint)
language plpgsql stable security definer set search_path = twin, pg_temp
as $$
declare
    caller text := case current_setting('role') when 'none' then session_user::text else current_setting('role') end;
    place regclass := coalesce(
        to_regclass('twin.' || quote_ident(layer)), to_regclass('twin_custom.' || quote_ident(layer)));
begin
    if place is null or not exists (select from twin.layer_states s where s.layer = tell_layer_files.layer)
            or not has_table_privilege(caller, place, 'select') then
        return;
    end if;
    return query execute format(
        'select count(*), array_agg(distinct f.format) filter (where f.format is not null),'
        ' array_agg(distinct f.owner) filter (where f.owner is not null),'
        ' min(coalesce(r.finished_at, r.started_at)), max(coalesce(r.finished_at, r.started_at)), max(r.id)'
        ' from twin.source_files f join twin.import_runs r on r.id = f.run_id'
        ' where f.id in (select distinct source_file_id from %s)', place);
end $$
"""


def upgrade() -> None:
    op.execute("create schema twin_custom")
    op.execute("create schema twin_past")
    op.create_table(
        "custom_layers",
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("source_file_id", sa.BigInteger(), nullable=False),
        sa.Column("added_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("audience", sa.Text(), nullable=False),
        sa.Column("definition", JSONB(), nullable=False),
        sa.Column("style", JSONB(), nullable=True),
        sa.CheckConstraint("audience in ('twin_public', 'twin_operator')", name="ck_custom_layers_audience"),
        sa.ForeignKeyConstraint(["source_file_id"], ["twin.source_files.id"], name="fk_custom_layers_source_file_id"),
        sa.PrimaryKeyConstraint("name", name="pk_custom_layers"),
    )
    op.create_table(
        "past_layers",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("run_id", sa.BigInteger(), nullable=False),
        sa.Column("table_name", sa.Text(), nullable=False),
        sa.Column("layer", JSONB(), nullable=False),
        sa.ForeignKeyConstraint(["run_id"], ["twin.import_runs.id"], name="fk_past_layers_run_id"),
        sa.PrimaryKeyConstraint("id", name="pk_past_layers"),
        sa.UniqueConstraint("run_id", name="uq_past_layers_run_id"),
    )
    op.create_table(
        "layer_records",
        sa.Column("layer", sa.Text(), nullable=False),
        sa.Column("changed_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("record", JSONB(), nullable=False),
        sa.PrimaryKeyConstraint("layer", name="pk_layer_records"),
    )
    op.add_column("source_files", sa.Column("custom_layer", sa.Text(), nullable=True))
    op.execute(STATES_VIEW)
    op.execute(LAYERS_VIEW)
    op.execute(RECORDS_VIEW)
    op.execute(FILES_FUNCTION)
    op.execute("revoke execute on function twin.tell_layer_files(text) from public")
    for role in ("twin_public", "twin_operator"):
        op.execute(f"grant usage on schema twin_custom to {role}")
        op.execute(f"grant select on twin.visible_custom_layers, twin.visible_layer_records to {role}")
        op.execute(f"grant execute on function twin.tell_layer_files(text) to {role}")
