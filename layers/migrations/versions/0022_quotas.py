"""What one caller has had is counted by index, and its jobs are done one after another, behind everybody's notices."""

from alembic import op

revision = "0022"
down_revision = "0021"
branch_labels = None
depends_on = None

# Jobs of one turn follow each other, and what has none goes before them.
DEFER = """
create function twin.defer_job(
    task text, args jsonb, run_at timestamptz default null, once text default null, turn text default null)
returns void language plpgsql security definer set search_path = twin_queue, pg_temp as $$
begin
    perform procrastinate_defer_jobs_v1(array[row('twin', task, case when turn is null then 0 else -1 end, turn, once,
        args, run_at)]::procrastinate_job_to_defer_v1[]);
exception when unique_violation then
    null;
end $$
"""
SIGNATURE = "twin.defer_job(text, jsonb, timestamptz, text, text)"


def upgrade() -> None:
    for column in ("actor", "organisation"):
        op.execute(f"create index ix_excavation_events_{column} on twin.excavation_events ({column}, at)")
    op.execute(
        "create index ix_process_jobs_open on twin.process_jobs (holder) where status in ('accepted', 'running')"
    )
    op.execute("update twin.process_jobs set inputs = '{}' where status not in ('accepted', 'running')")
    op.execute("drop function twin.defer_job(text, jsonb, timestamptz, text)")
    op.execute(DEFER)
    op.execute(f"revoke execute on function {SIGNATURE} from public")
    op.execute(f"grant execute on function {SIGNATURE} to twin_desk, twin_worker")
