"""Disclosures of a member are found through the member's submissions: one index less to write for each message."""

from alembic import op

revision = "0025"
down_revision = "0024"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.drop_index("disclosure_by_member", "disclosure")
