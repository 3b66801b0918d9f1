"""What stands twice is found from the reports on, not through all that was ever replaced; and says who delivered it."""

from alembic import context, op

revision = "0018"
down_revision = "0017"
branch_labels = None
depends_on = None

# As before, but that `offset 0` keeps the planner from reading every replaced row of the city: there may be millions.
ONE = """
select i.id as run_id, (i.options ->> 'excavation')::bigint as excavation_id, (i.options ->> 'report')::int as report,
       '{layer}' as layer, f.id as feature_id, f.owner, f.owner_ref, f.geom::geometry(geometry, {srid}) as geom, s.path as source_path,
       array(with recursive amended (run_id) as (
               select i.id
               union
               select k.id from amended a
               join twin.source_files b on b.run_id = a.run_id
               join twin.import_runs k on k.options ? 'report' and k.undone_at is null
               join twin.replaced_features q on q.run_id = k.id and q.layer = '{layer}'
               where (q.feature::twin.{layer}).source_file_id = b.id
             )
             select p.id from twin.{layer} p join twin.source_files b on b.id = p.source_file_id
             where b.run_id in (select run_id from amended) order by p.id) as pieces,
       array(select n.id from twin.{layer} n join twin.source_files d on d.id = n.source_file_id
             where d.location = s.location and d.replaced_by is null
               and st_dwithin(n.geom, f.geom, 5) and n.owner_ref is not distinct from f.owner_ref
               and (st_hausdorffdistance(n.geom, f.geom) < 0.02
                    or st_hausdorffdistance(n.geom, f.geom) < {reach}
                       and not exists (
                         select 1 from twin.{layer} m
                         where m.owner_ref = f.owner_ref and m.source_file_id = n.source_file_id and m.id <> n.id
                           and st_dwithin(m.geom, f.geom, 5) and st_hausdorffdistance(m.geom, f.geom) < {reach}
                       )
                       and f.owner_ref is not null
                       and not exists (
                         select 1 from twin.replaced_features o
                         where o.run_id = s.replaced_by and o.layer = '{layer}'
                           and strpos(o.feature, replace(replace(f.owner_ref, '\\', '\\\\'), '"', '""')) > 0
                           and (o.feature::twin.{layer}).source_file_id = s.id
                           and (o.feature::twin.{layer}).owner_ref = f.owner_ref
                       )) order by n.id) as delivered,
       s.delivered_by
from (select * from twin.import_runs where options ? 'report' and undone_at is null offset 0) i
cross join lateral (
  select r.feature::twin.{layer} as feature from twin.replaced_features r
  where r.run_id = i.id and r.layer = '{layer}' offset 0
) r
cross join lateral (select (r.feature).*) f
cross join lateral (
  select b.*, (select max(d.run_id) from twin.source_files d where d.location = b.location) as delivered_by
  from twin.source_files b where b.id = f.source_file_id and b.replaced_by is not null offset 0
) s
where not exists (
    select 1 from twin.import_runs k
    where k.options ->> 'redelivery' = i.id::text and k.undone_at is null and k.id > s.delivered_by
  )
"""
REACHES_M = {"utility_lines": "least(5, st_length(f.geom) / 2)", "utility_nodes": "5"}


def upgrade() -> None:
    srid = context.config.attributes["srid"]
    parts = " union all ".join(ONE.format(layer=layer, srid=srid, reach=reach) for layer, reach in REACHES_M.items())
    op.execute(
        f"create or replace view twin.redelivered_features as select * from ({parts}) a where cardinality(pieces) > 0"
    )
