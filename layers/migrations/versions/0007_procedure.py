"""The procedure of excavations: states and who may follow whom, checks, requests, events, notices."""

from typing import Any

import sqlalchemy as sa
from alembic import context, op
from geoalchemy2 import Geometry
from sqlalchemy.dialects.postgresql import JSONB

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

TRANSITIONS = {
    "draft": ("checked",),
    "checked": ("draft", "submitted"),
    "submitted": ("answered", "permitted", "refused", "checked", "draft"),
    "answered": ("permitted", "refused", "checked", "draft"),
    "permitted": ("in_progress", "refused", "checked", "draft", "closed"),
    "in_progress": ("closed", "checked"),
    "refused": ("draft",),
    "closed": (),
}

# Whoever writes: the web, an importer, a person with psql.
GUARD = """
create function twin.guard_excavation() returns trigger language plpgsql as $$
begin
    if new.status <> old.status and not exists (
        select 1 from twin.excavation_transitions where from_status = old.status and to_status = new.status) then
        raise exception 'excavation %% is %%: it cannot become %%', old.id, old.status, new.status
            using errcode = 'check_violation', constraint = 'ck_excavations_transition';
    end if;
    if new.status <> 'draft' and (new.request, new.depth_m, new.starts_on, new.ends_on)
            is distinct from (old.request, old.depth_m, old.starts_on, old.ends_on)
        or new.status <> 'draft' and not st_equals(new.geom, old.geom) then
        raise exception 'excavation %% is %%: what was checked is not changed, make it a draft first', old.id, new.status
            using errcode = 'check_violation', constraint = 'ck_excavations_frozen';
    end if;
    new.version := old.version + 1;
    return new;
end $$
"""

# The actor is who the transaction says it is, or else the database's user.
RECORD = """
create function twin.record_excavation() returns trigger
language plpgsql security definer set search_path = twin, public, pg_temp as $$
declare
    actor text := coalesce(nullif(current_setting('twin.actor', true), ''), session_user);
    organisation text := nullif(current_setting('twin.organisation', true), '');
    detail jsonb := nullif(current_setting('twin.detail', true), '')::jsonb;
begin
    if tg_op = 'INSERT' then
        insert into excavation_events (excavation_id, actor, organisation, kind, to_status, detail)
        values (new.id, actor, organisation, case when new.request is null then 'imported' else 'filed' end,
            new.status, detail);
    elsif tg_op = 'DELETE' then
        insert into excavation_events (excavation_id, actor, organisation, kind, from_status, detail)
        values (old.id, actor, organisation, 'removed', old.status, detail);
    elsif new.status <> old.status then
        insert into excavation_events (excavation_id, actor, organisation, kind, from_status, to_status, detail)
        values (new.id, actor, organisation, 'status', old.status, new.status, detail);
    elsif new.request is distinct from old.request then
        insert into excavation_events (excavation_id, actor, organisation, kind, detail)
        values (new.id, actor, organisation, 'revised', detail);
    end if;
    return null;
end $$
"""

# A dig that comes, moves, changes its dates or ends makes the checks of its neighbours doubtful; one that nobody has
# submitted yet concerns nobody. How far neighbours are told of each other: `layers.procedure.NEIGHBOURS_M`.
DOUBT = """
create function twin.doubt_neighbours() returns trigger
language plpgsql security definer set search_path = twin, public, pg_temp as $$
declare
    was_told boolean := tg_op <> 'INSERT' and old.status not in ('refused', 'closed')
        and (old.request is null or (old.submission > 0 and old.status <> 'draft'));
    is_told boolean := tg_op <> 'DELETE' and new.status not in ('refused', 'closed')
        and (new.request is null or (new.submission > 0 and new.status <> 'draft'));
    area geometry;
    own bigint;
begin
    if not was_told and not is_told then
        return null;
    end if;
    if tg_op = 'UPDATE' and was_told = is_told then
        if (old.name, old.starts_on, old.ends_on, old.depth_m)
                is not distinct from (new.name, new.starts_on, new.ends_on, new.depth_m)
            and st_equals(old.geom, new.geom) then
            return null;
        end if;
    end if;
    own := case when tg_op = 'DELETE' then old.id else new.id end;
    area := case when tg_op = 'INSERT' then new.geom when tg_op = 'DELETE' then old.geom
        else st_collect(old.geom, new.geom) end;
    insert into excavation_doubts (excavation_id, neighbour_id)
    select e.id, own from excavations e
     where e.id <> own and e.status in ('checked', 'submitted', 'answered', 'permitted', 'in_progress')
       and st_dwithin(e.geom, area, 200)
    on conflict do nothing;
    return null;
end $$
"""

KEEP = """
create function twin.keep_evidence() returns trigger language plpgsql as $$
begin
    raise exception '%% holds evidence: rows are added, never changed or removed', tg_table_name
        using errcode = 'check_violation', constraint = 'append_only';
end $$
"""

# Passers-by may know where and until when a street is open; not who digs, why, or how deep.
PUBLIC_WORKS = """
create view twin.public_works as
select id, status, starts_on, ends_on, geom from twin.excavations where status in ('permitted', 'in_progress')
"""


def geometry(kind: str) -> Geometry:
    return Geometry(kind, srid=context.config.attributes["srid"], spatial_index=False)


def moment(name: str, *, now: bool = False) -> sa.Column[Any]:
    default = sa.text("now()") if now else None
    return sa.Column(name, sa.DateTime(timezone=True), server_default=default, nullable=not now)


def upgrade() -> None:
    _extend_excavations()
    _create_checks()
    _create_requests()
    _create_notices()
    _create_triggers()
    _grant()


def _extend_excavations() -> None:
    srid = context.config.attributes["srid"]
    op.execute(f"alter table excavations alter geom type geometry(geometry, {srid})")
    op.execute(
        "alter table excavations add constraint ck_excavations_area"
        " check (geometrytype(geom) in ('POLYGON', 'MULTIPOLYGON'))"
    )
    op.alter_column("excavations", "depth_m", nullable=True)
    op.add_column("excavations", sa.Column("request", JSONB(), nullable=True))
    op.add_column("excavations", sa.Column("applicant_id", sa.BigInteger(), nullable=True))
    op.add_column("excavations", sa.Column("filed_by", sa.Text(), nullable=True))
    op.add_column("excavations", moment("filed_at", now=True))
    op.add_column("excavations", sa.Column("version", sa.BigInteger(), server_default="1", nullable=False))
    op.add_column("excavations", sa.Column("submission", sa.Integer(), server_default="0", nullable=False))
    op.create_foreign_key("fk_excavations_applicant_id", "excavations", "organisations", ["applicant_id"], ["id"])
    op.create_index("ix_excavations_applicant_id", "excavations", ["applicant_id"])
    op.create_table(
        "excavation_transitions",
        sa.Column("from_status", sa.Text(), nullable=False),
        sa.Column("to_status", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("from_status", "to_status", name="pk_excavation_transitions"),
    )
    pairs = ", ".join(f"('{a}', '{b}')" for a, follow in TRANSITIONS.items() for b in follow)
    op.execute(f"insert into excavation_transitions values {pairs}")


def _create_checks() -> None:
    op.create_table(
        "excavation_checks",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("excavation_id", sa.BigInteger(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        moment("checked_at", now=True),
        sa.Column("checked_by", sa.Text(), nullable=False),
        sa.Column("geom", geometry("GEOMETRY"), nullable=False),
        sa.Column("request", JSONB(), nullable=False),
        sa.Column("versions", JSONB(), nullable=False),
        sa.Column("is_clear", sa.Boolean(), nullable=False),
        sa.Column("report", JSONB(), nullable=False),
        sa.Column("difference", JSONB(), nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_excavation_checks"),
        sa.UniqueConstraint("excavation_id", "number", name="uq_excavation_checks_number"),
    )
    op.create_table(
        "excavation_confirmations",
        sa.Column("excavation_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("check_id", sa.BigInteger(), nullable=False),
        sa.Column("versions", JSONB(), nullable=False),
        moment("confirmed_at", now=True),
        sa.PrimaryKeyConstraint("excavation_id", name="pk_excavation_confirmations"),
    )
    op.create_table(
        "excavation_doubts",
        sa.Column("excavation_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("neighbour_id", sa.BigInteger(), nullable=False),
        moment("since", now=True),
        sa.PrimaryKeyConstraint("excavation_id", name="pk_excavation_doubts"),
    )


def _create_requests() -> None:
    op.create_table(
        "excavation_requests",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("excavation_id", sa.BigInteger(), nullable=False),
        sa.Column("submission", sa.Integer(), nullable=False),
        sa.Column("owner", sa.Text(), nullable=False),
        sa.Column("organisation_id", sa.BigInteger(), nullable=True),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("objects", sa.Integer(), nullable=False),
        sa.Column("conflicts", sa.Integer(), nullable=False),
        moment("sent_at", now=True),
        sa.Column("due_on", sa.Date(), nullable=False),
        moment("reminded_at"),
        sa.Column("answer", sa.Text(), nullable=True),
        sa.Column("remarks", sa.Text(), nullable=True),
        moment("answered_at"),
        sa.Column("answered_by", sa.Text(), nullable=True),
        sa.CheckConstraint(
            "answer in ('nothing_here', 'as_recorded', 'conditions', 'refuses')", name="ck_excavation_requests_answer"
        ),
        sa.CheckConstraint("reason in ('records', 'area', 'owner_unknown')", name="ck_excavation_requests_reason"),
        sa.CheckConstraint("(answer is null) = (answered_at is null)", name="ck_excavation_requests_answered"),
        sa.ForeignKeyConstraint(
            ["organisation_id"], ["twin.organisations.id"], name="fk_excavation_requests_organisation_id"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_excavation_requests"),
        sa.UniqueConstraint("excavation_id", "submission", "owner", name="uq_excavation_requests_owner"),
    )
    op.create_index("ix_excavation_requests_organisation_id", "excavation_requests", ["organisation_id"])
    op.create_table(
        "excavation_events",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("excavation_id", sa.BigInteger(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), server_default=sa.text("clock_timestamp()"), nullable=False),
        sa.Column("actor", sa.Text(), nullable=False),
        sa.Column("organisation", sa.Text(), nullable=True),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("from_status", sa.Text(), nullable=True),
        sa.Column("to_status", sa.Text(), nullable=True),
        sa.Column("detail", JSONB(), nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_excavation_events"),
    )
    op.create_index("ix_excavation_events_excavation_id", "excavation_events", ["excavation_id"])
    op.create_table(
        "calendar_days",
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("is_working", sa.Boolean(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("day", name="pk_calendar_days"),
    )


def _create_notices() -> None:
    op.create_table(
        "notices",
        sa.Column("id", sa.Uuid(), server_default=sa.text("gen_random_uuid()"), nullable=False),
        sa.Column("excavation_id", sa.BigInteger(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("channel", sa.Text(), nullable=False),
        sa.Column("organisation_id", sa.BigInteger(), nullable=True),
        sa.Column("address", sa.Text(), nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.Column("payload", JSONB(), nullable=False),
        moment("created_at", now=True),
        sa.Column("attempts", sa.Integer(), server_default="0", nullable=False),
        sa.Column("errors", sa.Integer(), server_default="0", nullable=False),
        sa.Column("last_error", sa.Text(), nullable=True),
        moment("sent_at"),
        moment("given_up_at"),
        sa.CheckConstraint("channel in ('email', 'webhook')", name="ck_notices_channel"),
        sa.ForeignKeyConstraint(["organisation_id"], ["twin.organisations.id"], name="fk_notices_organisation_id"),
        sa.PrimaryKeyConstraint("id", name="pk_notices"),
    )
    op.create_index("ix_notices_excavation_id", "notices", ["excavation_id"])


def _create_triggers() -> None:
    for function in (GUARD, RECORD, DOUBT, KEEP):
        op.get_bind().exec_driver_sql(function)
    op.execute(
        "create trigger guard before update on excavations for each row execute function twin.guard_excavation()"
    )
    for name in ("record_excavation", "doubt_neighbours"):
        op.execute(
            f"create trigger {name} after insert or update or delete on excavations"
            f" for each row execute function twin.{name}()"
        )
    for table in ("excavation_checks", "excavation_events"):
        op.execute(
            f"create trigger append_only before update or delete on {table}"
            " for each row execute function twin.keep_evidence()"
        )
    op.execute(PUBLIC_WORKS)
    # Versions follow every writer, also one that may not write versions.
    op.execute("alter function twin.change_layer_state() security definer set search_path = twin, public, pg_temp")


def _grant() -> None:
    op.execute("grant select on twin.public_works to twin_public")
    op.execute("grant insert, update, delete on twin.excavations to twin_desk")
    op.execute("grant select on twin.excavation_transitions, twin.calendar_days to twin_desk")
    op.execute("grant select, insert on twin.excavation_checks, twin.excavation_events, twin.notices to twin_desk")
    op.execute("grant select, insert, update on twin.excavation_requests, twin.excavation_confirmations to twin_desk")
    op.execute("grant select, delete on twin.excavation_doubts to twin_desk")
    op.execute("grant update on twin.notices to twin_worker")
