"""The queue's index holds the recipient, so that what waits for a partner without a place is passed over in it."""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    queued = sa.text("state = 'queued'")
    op.drop_index("outbox_due", "outbox")
    op.create_index("outbox_due", "outbox", ["due_at", "recipient"], sqlite_where=queued, postgresql_where=queued)
