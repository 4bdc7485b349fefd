"""Matters of a register are given to a person."""

import sqlalchemy as sa
from alembic import op

revision = "0024"
down_revision = "0023"
branch_labels = None
depends_on = None
_OPEN = sa.text("state = 'open'")


def upgrade() -> None:
    op.add_column("matter", sa.Column("assigned_to", sa.Text(), nullable=True))
    op.create_index("matter_assigned", "matter", ["assigned_to", "id"], sqlite_where=_OPEN, postgresql_where=_OPEN)
