"""Layer versions kept by triggers, and the roles that the web face takes."""

from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

LAYERS = (
    "boundaries",
    "parcels",
    "buildings",
    "roads",
    "trees",
    "terrain",
    "excavations",
    "utility_lines",
    "utility_nodes",
)
PUBLIC = ("boundaries", "parcels", "buildings", "roads", "trees", "terrain", "visible_layer_states")
OPERATOR = (*PUBLIC, "excavations", "utility_lines", "utility_nodes", "source_files")

# One row lock a layer: writers of one layer queue at their last statement, readers never wait.
STATE_FUNCTION = """
create function twin.change_layer_state() returns trigger language plpgsql as $$
declare
    delta bigint := 0;
begin
    if tg_op = 'INSERT' then
        select count(*) into delta from changed;
    elsif tg_op = 'DELETE' then
        select -count(*) into delta from changed;
    elsif tg_op = 'TRUNCATE' then
        select -features into delta from twin.layer_states where layer = tg_table_name;
    end if;
    update twin.layer_states
       set version = version + 1, features = features + delta, changed_at = now()
     where layer = tg_table_name;
    return null;
end $$
"""

# How many pipes there are is nobody's business who may not see them.
STATES_VIEW = """
create view twin.visible_layer_states as
select * from twin.layer_states where has_table_privilege(current_user, 'twin.' || layer, 'select')
"""

KEY_FUNCTION = """
create function twin.is_operator_key(hash text) returns boolean
language sql stable security definer set search_path = twin
as 'select exists (select 1 from access_keys where sha256 = hash)'
"""


def upgrade() -> None:
    op.execute(STATE_FUNCTION)
    for layer in LAYERS:
        op.execute(f"insert into twin.layer_states (layer) values ('{layer}')")
        for event, rows in (("insert", "new"), ("delete", "old"), ("update", "new")):
            op.execute(
                f"create trigger state_after_{event} after {event} on twin.{layer}"
                f" referencing {rows} table as changed"
                " for each statement execute function twin.change_layer_state()"
            )
        op.execute(
            f"create trigger state_after_truncate after truncate on twin.{layer}"
            " for each statement execute function twin.change_layer_state()"
        )
    # Each audience has a login of its own: a session of the public cannot take the operators' role. Where one login
    # serves both (a database of the city's own), the migrating role may take either.
    _create_role("twin_public", "login noinherit")
    _create_role("twin_operator", "login noinherit")
    op.execute("grant twin_public, twin_operator to current_user")
    op.execute("grant usage on schema twin to twin_public, twin_operator")
    op.execute(STATES_VIEW)
    op.execute(f"grant select on {_tables(PUBLIC)} to twin_public")
    op.execute(f"grant select on {_tables(OPERATOR)} to twin_operator")
    op.execute(KEY_FUNCTION)
    op.execute("revoke execute on function twin.is_operator_key(text) from public")
    op.execute("grant execute on function twin.is_operator_key(text) to twin_public")


def _tables(names: tuple[str, ...]) -> str:
    return ", ".join(f"twin.{name}" for name in names)


def _create_role(name: str, options: str) -> None:
    """Roles belong to the whole server: another city's database may have made them."""
    op.execute(
        f"do $$ begin create role {name} {options};"
        " exception when duplicate_object or unique_violation then null; end $$"
    )
