"""Notices owed to the senders of mail; mail of ours that waits for them."""

import sqlalchemy as sa
from alembic import op

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "acknowledgement",
        sa.Column("inbound_id", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("tries", sa.BigInteger(), nullable=False),
        sa.Column("queued_at", sa.BigInteger(), nullable=False),
        sa.Column("due_at", sa.BigInteger(), nullable=False),
        sa.Column("settled_at", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("inbound_id", "kind"),
    )
    queued = sa.text("state = 'queued'")
    op.create_index("acknowledgement_due", "acknowledgement", ["due_at"], sqlite_where=queued, postgresql_where=queued)
    mail = sa.text("channel = 'email'")
    op.create_index("attempt_mail", "attempt", ["finished_at"], sqlite_where=mail, postgresql_where=mail)
