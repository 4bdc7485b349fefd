"""What comes in by mail, fax, HL7 v2 or file; proofs of delivery; members by name and birth date."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "inbound",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("channel", sa.Text(), nullable=False),
        sa.Column("key_hash", sa.LargeBinary(), nullable=False),
        sa.Column("digest", sa.LargeBinary(), nullable=False),
        sa.Column("organization_id", sa.Text(), nullable=True),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("code", sa.Text(), nullable=True),
        sa.Column("reference", sa.Text(), nullable=True),
        sa.Column("received_at", sa.BigInteger(), nullable=False),
        sa.Column("settled_at", sa.BigInteger(), nullable=True),
        sa.Column("key_id", sa.Text(), nullable=False),
        sa.Column("wrapped_key", sa.LargeBinary(), nullable=True),
        sa.Column("sealed", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("channel", "key_hash"),
    )
    taken = sa.text("state = 'taken'")
    op.create_index("inbound_taken", "inbound", ["received_at"], sqlite_where=taken, postgresql_where=taken)
    op.create_table(
        "proof",
        sa.Column("delivery", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("disclosure_id", sa.Text(), nullable=False),
        sa.Column("says", sa.Text(), nullable=False),
        sa.Column("reference", sa.Text(), nullable=False),
        sa.Column("detail", sa.Text(), nullable=False),
        sa.Column("digest", sa.LargeBinary(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("delivery", "kind"),
    )
    op.create_index("ix_proof_disclosure_id", "proof", ["disclosure_id"])
    op.create_table(
        "member_match",
        sa.Column("hash", sa.LargeBinary(), nullable=False),
        sa.Column("member_id", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("hash", "member_id"),
    )
    op.create_index("ix_member_match_member_id", "member_match", ["member_id"])
