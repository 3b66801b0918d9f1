"""A neighbour that is submitted while a draft is being checked makes that check doubtful, too: it was made without it."""

from alembic import op

revision = "0020"
down_revision = "0019"
branch_labels = None
depends_on = None

# As before, but that drafts are told: while a check runs its dig is a draft to everybody else.
DOUBT = """
create or replace function twin.doubt_neighbours() returns trigger
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
     where e.id <> own and e.status in ('draft', 'checked', 'submitted', 'answered', 'permitted', 'in_progress')
       and st_dwithin(e.geom, area, 200)
    on conflict do nothing;
    return null;
end $$
"""


def upgrade() -> None:
    op.execute(DOUBT)
