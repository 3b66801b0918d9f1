"""How far a utility reaches is computed by a trigger, or by who loads a million rows, and proven by a rule.

PostgreSQL copies a whole row to compute a column of it: that took a quarter of the time of a bulk load.
"""

from alembic import op

revision = "0017"
down_revision = "0016"
branch_labels = None
depends_on = None

LAYERS = {"utility_lines": "outer_height_m", "utility_nodes": "outer_length_m"}
REACH = (
    "sqrt(coalesce({row}outer_width_m * {row}outer_width_m, 0) + coalesce({row}{across} * {row}{across}, 0)) / 2"
    " + coalesce({row}horizontal_accuracy_m, 0)"
)
FUNCTION = """
create function twin.state_reach_of_{layer}() returns trigger language plpgsql as $$
begin
    new.reach_m := {reach};
    return new;
end $$
"""


def upgrade() -> None:
    for layer, across in LAYERS.items():
        op.execute(f"alter table twin.{layer} alter reach_m drop expression")
        reach = REACH.format(row="", across=across)
        op.execute(f"alter table twin.{layer} add constraint ck_{layer}_reach check (abs(reach_m - ({reach})) < 1e-6)")
        op.execute(FUNCTION.format(layer=layer, reach=REACH.format(row="new.", across=across)))
        op.execute(
            f"create trigger reach_before_write before insert or update on twin.{layer}"
            f" for each row execute function twin.state_reach_of_{layer}()"
        )
