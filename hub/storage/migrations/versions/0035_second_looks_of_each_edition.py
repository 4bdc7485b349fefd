"""What waits for a consent is looked at again by each edition of the rules that is at work.

What was noted until now only tells how far the last look came: the next one begins anew.
"""

import sqlalchemy as sa
from alembic import op

revision = "0035"
down_revision = "0034"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.drop_table("second_look")
    op.create_table(
        "second_look",
        sa.Column("edition", sa.Text, primary_key=True),
        sa.Column("turn", sa.BigInteger, nullable=False),
        sa.Column("under", sa.Text, nullable=False),
        sa.Column("reached", sa.Text, nullable=True),
        sa.Column("begun_at", sa.BigInteger, nullable=False),
        sa.Column("seen_at", sa.BigInteger, nullable=False),
    )
