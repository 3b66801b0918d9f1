"""Where a report from the field amended what its owner has delivered anew since: both stand until somebody decides."""

from alembic import context, op

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None

# What a report replaced, where the file that it came from has a successor that nobody has settled yet: the pieces of
# the report, and what the successor has in the same place or under the same number.
ONE = """
select i.id as run_id, (i.options ->> 'excavation')::bigint as excavation_id, (i.options ->> 'report')::int as report,
       '{layer}' as layer, f.id as feature_id, f.owner, f.owner_ref, f.geom::geometry(geometry, {srid}) as geom, s.path as source_path,
       array(select p.id from twin.{layer} p join twin.source_files b on b.id = p.source_file_id
             where b.run_id = i.id order by p.id) as pieces,
       array(select n.id from twin.{layer} n join twin.source_files d on d.id = n.source_file_id
             where d.location = s.location and d.replaced_by is null
               and st_dwithin(n.geom, f.geom, 50)
               and (n.owner_ref = f.owner_ref or st_hausdorffdistance(n.geom, f.geom) < 1) order by n.id) as delivered
from twin.import_runs i
join twin.replaced_features r on r.run_id = i.id and r.layer = '{layer}'
cross join lateral (select (r.feature::twin.{layer}).*) f
join twin.source_files s on s.id = f.source_file_id
where i.options ? 'report' and i.undone_at is null and s.replaced_by is not null
  and not exists (
    select 1 from twin.import_runs k
    where k.options ->> 'redelivery' = i.id::text and k.undone_at is null
      and k.id > (select max(d.run_id) from twin.source_files d where d.location = s.location)
  )
"""
LAYERS = ("utility_lines", "utility_nodes")


def upgrade() -> None:
    parts = " union all ".join(ONE.format(layer=layer, srid=context.config.attributes["srid"]) for layer in LAYERS)
    op.execute(f"create view twin.redelivered_features as select * from ({parts}) a where cardinality(pieces) > 0")
    # With the owner's right: operators see where something stands twice, and nothing else of what was replaced.
    op.execute("grant select on twin.redelivered_features to twin_operator")
