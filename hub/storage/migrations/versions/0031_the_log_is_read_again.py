"""The log knows more outcomes: what waits for a consent, ended for lack of one, or was taken back. It is read anew."""

from alembic import op

revision = "0031"
down_revision = "0030"
branch_labels = None
depends_on = None


def upgrade() -> None:
    # Its rows stand as they are until they are read: each is written again from the ledger, and counted as that.
    op.execute("UPDATE log_state SET position = 0")
