"""Lists that show several people are found by each of them."""

import sqlalchemy as sa
from alembic import op

revision = "0020"
down_revision = "0019"
branch_labels = None
depends_on = None
_VIEWED = sa.text("kind = 'access.viewed'")


def upgrade() -> None:
    op.create_table(
        "viewed_member",
        sa.Column("member_id", sa.Text(), nullable=False),
        sa.Column("look", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("member_id", "look"),
        sqlite_with_rowid=False,
    )
    op.create_index(
        "ledger_views_of_lists", "ledger_entry", ["reference"], sqlite_where=_VIEWED, postgresql_where=_VIEWED
    )


def downgrade() -> None:
    op.drop_index("ledger_views_of_lists", "ledger_entry")
    op.drop_table("viewed_member")
