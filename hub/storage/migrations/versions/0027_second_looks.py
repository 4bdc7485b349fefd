"""What waits for a consent is looked at again: how far that has come, and an index of what waits."""

import sqlalchemy as sa
from alembic import op

revision = "0027"
down_revision = "0026"
branch_labels = None
depends_on = None


def upgrade() -> None:
    held = sa.text("state = 'held'")
    op.create_table(
        "second_look",
        sa.Column("id", sa.BigInteger, primary_key=True, autoincrement=False),
        sa.Column("turn", sa.BigInteger, nullable=False),
        sa.Column("under", sa.Text, nullable=False),
        sa.Column("reached", sa.Text, nullable=True),
        sa.Column("begun_at", sa.BigInteger, nullable=False),
    )
    op.create_index("outbox_held", "outbox", ["id"], sqlite_where=held, postgresql_where=held)
