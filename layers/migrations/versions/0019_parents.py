"""Who is whose parent is found by index: a line that was deleted had all others read for one that names it."""

from alembic import op

revision = "0019"
down_revision = "0018"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("create index ix_utility_lines_parent_id on twin.utility_lines (parent_id) where parent_id is not null")
