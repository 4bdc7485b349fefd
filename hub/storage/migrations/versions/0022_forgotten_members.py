"""Who a member is may be destroyed when its period is over."""

import sqlalchemy as sa
from alembic import op

revision = "0022"
down_revision = "0021"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table("member") as batch:
        batch.alter_column("wrapped_key", existing_type=sa.LargeBinary(), nullable=True)
        batch.add_column(sa.Column("seen_at", sa.BigInteger(), nullable=True))
