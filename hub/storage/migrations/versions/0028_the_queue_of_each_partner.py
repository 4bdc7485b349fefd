"""The queue of each partner has its own order, so that the rows of one that has no place cost a claim nothing."""

import sqlalchemy as sa
from alembic import op

revision = "0028"
down_revision = "0027"
branch_labels = None
depends_on = None


def upgrade() -> None:
    queued = sa.text("state = 'queued'")
    op.drop_index("outbox_due", "outbox")
    op.create_index("outbox_due", "outbox", ["due_at"], sqlite_where=queued, postgresql_where=queued)
    op.create_index("outbox_partner", "outbox", ["recipient", "due_at"], sqlite_where=queued, postgresql_where=queued)
