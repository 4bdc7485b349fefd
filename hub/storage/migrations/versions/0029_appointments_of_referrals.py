"""A referral's Task says when the person is expected, and whether they came."""

import sqlalchemy as sa
from alembic import op

revision = "0029"
down_revision = "0028"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("referral_task", sa.Column("step", sa.Text, nullable=False, server_default=""))
    op.add_column("referral_task", sa.Column("slot_at", sa.BigInteger, nullable=True))
