"""A request says whether all that its owner has there is secret: who applies is not told whose it is."""

from alembic import op

revision = "0021"
down_revision = "0020"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("alter table twin.excavation_requests add column is_secret boolean not null default false")
