"""An answer is of a day; a doubt that comes during a check is told from the one that the check began with, and waits
for no check to end.
"""

from alembic import op

revision = "0023"
down_revision = "0022"
branch_labels = None
depends_on = None

# As before, but that a doubt is renewed where there is one: a check takes away the one that it knew, and no later one.
# In order, so that two neighbours that submit at once never wait for each other.
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
    insert into excavation_doubts (excavation_id, neighbour_id, since)
    select e.id, own, clock_timestamp() from excavations e
     where e.id <> own and e.status in ('draft', 'checked', 'submitted', 'answered', 'permitted', 'in_progress')
       and st_dwithin(e.geom, area, 200)
     order by e.id
    on conflict (excavation_id) do update set neighbour_id = excluded.neighbour_id, since = excluded.since;
    return null;
end $$
"""


def upgrade() -> None:
    op.execute("alter table twin.excavation_confirmations add column day date")
    op.execute(DOUBT)
    # Which digs were begun, for whoever reads digs.
    op.execute("grant select (excavation_id, to_status) on twin.excavation_events to twin_operator")
