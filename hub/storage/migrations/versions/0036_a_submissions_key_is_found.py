"""A repeated idempotency key is found by an index of its own, and the indexes of submissions are a third as large.

The hash of a key says whose it is, so the sender need not stand before it; there, a repetition went through the whole
index. On SQLite the table is written anew, half a minute for a million submissions.
"""

import sqlalchemy as sa
from alembic import op

revision = "0036"
down_revision = "0035"
branch_labels = None
depends_on = None


def upgrade() -> None:
    if op.get_bind().dialect.name == "sqlite":
        _written_anew()
    else:
        op.drop_constraint("submission_sender_idempotency_key", "submission")
        op.execute("UPDATE submission SET idempotency = substr(idempotency, 1, 16)")
        op.create_unique_constraint("submission_idempotency_key", "submission", ["idempotency"])


def _written_anew() -> None:
    op.rename_table("submission", "submission_before")
    op.drop_index("ix_submission_member_id", "submission_before")
    op.drop_index("submission_by_sender", "submission_before")
    op.create_table(
        "submission",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("sender", sa.Text(), nullable=False),
        sa.Column("idempotency", sa.LargeBinary(), nullable=False),
        sa.Column("body_digest", sa.LargeBinary(), nullable=False),
        sa.Column("member_id", sa.Text(), nullable=True),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("purpose", sa.Text(), nullable=False),
        sa.Column("priority", sa.Text(), nullable=False),
        sa.Column("facts", sa.Text(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("idempotency"),
    )
    op.execute(
        "INSERT INTO submission SELECT id, sender, substr(idempotency, 1, 16), body_digest, member_id, kind, purpose, "
        "priority, facts, created_at FROM submission_before ORDER BY id"
    )
    op.drop_table("submission_before")
    op.create_index("ix_submission_member_id", "submission", ["member_id"])
    op.create_index("submission_by_sender", "submission", ["sender", "id"])
